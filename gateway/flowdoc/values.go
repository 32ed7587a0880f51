package flowdoc

import (
	"zgoda/botengine"
)

// Patterns of values, as ECMA-262 reads them. Those of addresses say what the
// parser checks: https, or a place on the visitor's own page.
const (
	localePattern  = `^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`
	visible        = `\S`
	picturePattern = `^(https://[^ \t\n"<>]*|/([^/\\ \t\n"<>][^ \t\n"<>]*)?)$`
	// Whether a plain http address is this machine's own, the check alone knows in
	// full.
	endpointPattern = `^(https://[^/?#@ \t\n"<>]+|http://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?)([/?][^# \t\n"<>]*)?$`
	linkPattern     = `^(https://[^ \t\n"<>]*|/([^/\\ \t\n"<>][^ \t\n"<>]*)?|#[^ \t\n"<>]*)$`
)

// A sharedDef is a definition that several values use.
type sharedDef struct {
	name   string
	kinds  []botengine.ValueKind
	schema object
}

var sharedDefs = []sharedDef{
	{
		"name",
		[]botengine.ValueKind{botengine.ValueName, botengine.ValueStep, botengine.ValueEntry, botengine.ValueVariables, botengine.ValueSaved},
		object{
			{"description", "A name: 1 to 40 of a-z, 0-9, _ and -, a letter first."},
			{"type", "string"},
			{"pattern", botengine.NamePattern()},
		},
	},
	{
		"locale",
		[]botengine.ValueKind{botengine.ValueLocale, botengine.ValueText, botengine.ValueLine, botengine.ValueWords, botengine.ValueEnd},
		object{
			{"description", "A language tag, as pl or en-GB."},
			{"type", "string"},
			{"pattern", localePattern},
		},
	},
	{
		"text",
		[]botengine.ValueKind{botengine.ValueText, botengine.ValueLine, botengine.ValueEnd},
		object{
			{"description", "A text: one entry per locale, {pl: …, en: …}, or a plain string where the flow has one locale. {{name}} is filled in with a field or variable; {{name|friend}} says what stands there while it is not known; {{total:money EUR}}, {{n:number}} and {{day:date}} write a value as the locale does. Where a number decides on the words, it has forms: see counted."},
			{"anyOf", []object{
				ref("words"),
				ref("counted"),
				{
					{"type", "object"},
					{"propertyNames", ref("locale")},
					{"additionalProperties", object{{"anyOf", []object{ref("words"), ref("counted")}}}},
					{"minProperties", 1},
				},
			}},
		},
	},
	{
		"words",
		[]botengine.ValueKind{botengine.ValueText, botengine.ValueLine, botengine.ValueEnd, botengine.ValueWords, botengine.ValueVariables, botengine.ValueString},
		object{
			{"description", "A string that is not empty."},
			{"type", scalars},
			{"pattern", visible},
		},
	},
}

func ref(name string) object { return object{{"$ref", "#/$defs/" + name}} }

func list(items object) object {
	return object{{"type", "array"}, {"items", items}, {"minItems", 1}}
}

// valueSchema describes a value.
func valueSchema(v botengine.ValueType) object {
	switch v.Kind {
	case botengine.ValueName, botengine.ValueStep, botengine.ValueEntry:
		return ref("name")
	case botengine.ValuePurpose:
		return object{{"type", "string"}, {"minLength", 1}}
	case botengine.ValueLocale:
		return ref("locale")
	case botengine.ValueText:
		return ref("text")
	case botengine.ValueLine:
		return object{{"anyOf", []object{ref("text"), ref("line")}}}
	case botengine.ValueEnd:
		return object{{"anyOf", []object{{{"const", true}}, ref("text"), ref("line")}}}
	case botengine.ValueWords:
		return object{{"type", "object"}, {"propertyNames", ref("locale")}, {"additionalProperties", list(ref("words"))}}
	case botengine.ValueVariables:
		return object{{"type", "object"}, {"propertyNames", ref("name")}, {"additionalProperties", object{{"type", append([]string{"null"}, scalars...)}}}}
	case botengine.ValueCondition:
		return object{{"type", scalars}, {"minLength", 1}, {"maxLength", v.Max}}
	case botengine.ValueString:
		return ref("words")
	case botengine.ValueEndpoint:
		return object{{"type", "string"}, {"pattern", endpointPattern}}
	case botengine.ValueSaved:
		key := object{{"type", scalars}, {"minLength", 1}, {"maxLength", 64}}
		return object{{"type", "object"}, {"propertyNames", ref("name")}, {"additionalProperties", key}, {"maxProperties", v.Max}}
	case botengine.ValueLink:
		return object{{"type", "string"}, {"pattern", linkPattern}}
	case botengine.ValuePicture:
		return object{{"type", "string"}, {"pattern", picturePattern}}
	case botengine.ValueWord:
		return object{{"enum", v.Words}}
	case botengine.ValueInteger:
		return object{{"type", "integer"}, {"minimum", v.Min}, {"maximum", v.Max}, {"default", v.Unset}}
	case botengine.ValueNumber:
		return object{{"type", "number"}}
	case botengine.ValueMapping:
		if v.Words != nil {
			return object{{"anyOf", []object{ref(v.Of), {{"enum", v.Words}}}}}
		}
		return ref(v.Of)
	case botengine.ValueMappings:
		return list(ref(v.Of))
	case botengine.ValueList:
		l := list(valueSchema(botengine.ValueType{Kind: v.Item}))
		if v.Max > 0 {
			l = append(l, member{"maxItems", v.Max})
		}
		return l
	}
	panic("flowdoc: no schema for values of kind " + string(v.Kind))
}
