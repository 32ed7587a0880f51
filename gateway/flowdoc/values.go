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
	linkPattern    = `^(https://[^ \t\n"<>]*|/([^/\\ \t\n"<>][^ \t\n"<>]*)?|#[^ \t\n"<>]*)$`
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
		[]botengine.ValueKind{botengine.ValueName, botengine.ValueStep, botengine.ValueEntry, botengine.ValuePurpose, botengine.ValueVariables},
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
			{"description", "A text: one entry per locale, {pl: …, en: …}, or a plain string where the flow has one locale. {{name}} is filled in with a field or variable; {{name|friend}} says what stands there while it is not known."},
			{"anyOf", []object{
				ref("words"),
				{
					{"type", "object"},
					{"propertyNames", ref("locale")},
					{"additionalProperties", ref("words")},
					{"minProperties", 1},
				},
			}},
		},
	},
	{
		"words",
		[]botengine.ValueKind{botengine.ValueText, botengine.ValueLine, botengine.ValueEnd, botengine.ValueWords, botengine.ValueVariables},
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
		return ref(v.Of)
	case botengine.ValueMappings:
		return list(ref(v.Of))
	case botengine.ValueList:
		return list(valueSchema(botengine.ValueType{Kind: v.Item}))
	}
	panic("flowdoc: no schema for values of kind " + string(v.Kind))
}
