package flowdoc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"zgoda/botengine"
)

// object is a JSON object that keeps the order of its members: a schema is read
// by people too.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encode(m.name)
		if err != nil {
			return nil, err
		}
		value, err := encode(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode is json.Marshal without the escapes for HTML: the texts have < in them.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// scalars are the types that a text may have: YAML reads 2024 and true as such
// when they stand without quotes.
var scalars = []string{"string", "number", "boolean"}

// Schema returns the JSON Schema of the language, indented, with a line break at
// the end. The first shape is the document.
func Schema(language []botengine.Shape) ([]byte, error) {
	defs := object{}
	for _, d := range sharedDefs {
		if uses(language, d.kinds...) {
			defs = append(defs, member{d.name, d.schema})
		}
	}
	for _, s := range language[1:] {
		defs = append(defs, member{s.Name, shapeSchema(s)})
	}
	root := append(object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "Zgoda flow"},
	}, shapeSchema(language[0])...)
	raw, err := encode(append(root, member{"$defs", defs}))
	if err != nil {
		return nil, fmt.Errorf("encode schema: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("indent schema: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func uses(language []botengine.Shape, kinds ...botengine.ValueKind) bool {
	return slices.ContainsFunc(language, func(s botengine.Shape) bool {
		return slices.ContainsFunc(s.Keys, func(k botengine.Key) bool {
			return slices.Contains(kinds, k.Value.Kind) || slices.Contains(kinds, k.Value.Item)
		})
	})
}

// shapeSchema describes one mapping.
func shapeSchema(s botengine.Shape) object {
	properties := object{}
	required := []string{}
	for _, k := range s.Keys {
		properties = append(properties, member{k.Name, append(valueSchema(k.Value), member{"description", k.Doc})})
		if k.Required {
			required = append(required, k.Name)
		}
	}
	o := object{
		{"description", s.Doc},
		{"type", "object"},
		{"properties", properties},
		{"required", required},
		{"additionalProperties", false},
	}
	if len(s.One) > 0 {
		o = append(o, member{"oneOf", oneOf(s.One)})
	}
	return append(o, conditions(s)...)
}

// oneOf wants exactly one of the keys. The last of them, goto, may also end a
// step that does something else and would go on by itself.
func oneOf(keys []string) []object {
	does, leads := keys[:len(keys)-1], keys[len(keys)-1]
	var all []object
	for _, k := range does {
		all = append(all, object{{"required", []string{k}}})
	}
	return append(all, object{
		{"required", []string{leads}},
		{"not", object{{"anyOf", slices.Clone(all)}}},
	})
}

// conditions are what the keys of a shape say together.
func conditions(s botengine.Shape) object {
	var all []object
	for _, k := range s.Keys {
		if w := k.When; w != nil {
			rule := object{{"if", object{
				{"properties", object{{w.Key, object{{"const", w.Word}}}}},
				{"required", []string{w.Key}},
			}}}
			if w.Must {
				rule = append(rule, member{"then", object{{"required", []string{k.Name}}}})
			}
			all = append(all, append(rule, member{"else", object{{"properties", object{{k.Name, false}}}}}))
		}
		for _, other := range k.NotWith {
			all = append(all, object{{"not", object{{"required", []string{k.Name, other}}}}})
		}
	}
	if all == nil {
		return nil
	}
	return object{{"allOf", all}}
}
