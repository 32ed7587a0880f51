package flowdoc

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A schema is what the reference reads of a JSON Schema. Members keep the order
// of the file through the names listed beside them.
type schema struct {
	Title       string
	Description string
	Type        any
	Ref         string `json:"$ref"`
	Pattern     string
	Enum        []string
	Const       any
	Default     any
	Minimum     *int
	Maximum     *int
	Items       *schema
	AnyOf       []schema
	OneOf       []schema
	Required    []string
	Properties  members
	Defs        members `json:"$defs"`
	// AdditionalProperties is a schema in values and false in mappings.
	AdditionalProperties json.RawMessage
}

// members are the members of a JSON object in their order.
type members []named

type named struct {
	name   string
	schema schema
}

// UnmarshalJSON implements json.Unmarshaler.
func (ms *members) UnmarshalJSON(raw []byte) error {
	dec := json.NewDecoder(strings.NewReader(string(raw)))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		m := named{name: name.(string)}
		if err := dec.Decode(&m.schema); err != nil {
			return err
		}
		*ms = append(*ms, m)
	}
	return nil
}

// Reference returns the reference of a schema that Schema has written, in
// Markdown.
func Reference(raw []byte) ([]byte, error) {
	var root schema
	if err := json.Unmarshal(raw, &root); err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	if len(root.Properties) == 0 {
		return nil, errors.New("read schema: it describes no mapping")
	}
	w := &writer{defs: root.Defs}
	w.line("# %s: reference", root.Title)
	w.line("")
	w.line("Made from the JSON Schema of the language; [README.md](README.md) teaches it. Keys with a star must be there.")
	w.mapping(firstWord(root.Title), root)
	for _, d := range root.Defs {
		if len(d.schema.Properties) > 0 {
			w.mapping(d.name, d.schema)
		}
	}
	w.line("")
	w.line("## Values")
	w.line("")
	for _, d := range root.Defs {
		if len(d.schema.Properties) == 0 {
			w.line("- <a id=%q></a>**%s**: %s", d.name, d.name, d.schema.Description)
		}
	}
	return []byte(w.b.String()), nil
}

// firstWord gives the document's own section a name: "Zgoda flow" is a flow.
func firstWord(title string) string {
	words := strings.Fields(title)
	return words[len(words)-1]
}

type writer struct {
	b    strings.Builder
	defs members
}

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.b, format+"\n", args...)
}

// mapping writes the table of one mapping.
func (w *writer) mapping(name string, s schema) {
	w.line("")
	w.line("## %s", name)
	w.line("")
	w.line("%s", s.Description)
	w.line("")
	w.line("| key | value | |")
	w.line("|---|---|---|")
	for _, p := range s.Properties {
		star := ""
		if slices.Contains(s.Required, p.name) {
			star = " *"
		}
		w.line("| `%s`%s | %s | %s |", p.name, star, cell(w.value(p.schema)), cell(p.schema.Description))
	}
	var one []string
	for _, o := range s.OneOf {
		one = append(one, "`"+o.Required[0]+"`")
	}
	if last := len(one) - 1; last > 0 {
		w.line("")
		w.line("Exactly one of %s, or %s by itself.", strings.Join(one[:last], ", "), one[last])
	}
}

// cell keeps a text inside its cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// value says what a value is, with a link to where it is described.
func (w *writer) value(s schema) string {
	switch {
	case s.Ref != "":
		name := s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]
		return fmt.Sprintf("[%s](#%s)", name, name)
	case len(s.AnyOf) > 0:
		var any []string
		for _, o := range s.AnyOf {
			any = append(any, w.value(o))
		}
		return strings.Join(any, " or ")
	case len(s.Enum) > 0:
		return "`" + strings.Join(s.Enum, "`, `") + "`"
	case s.Const != nil:
		return fmt.Sprintf("`%v`", s.Const)
	case s.Items != nil:
		return "list of " + w.value(*s.Items)
	case s.Type == "integer":
		return fmt.Sprintf("whole number, %d to %d (%v)", *s.Minimum, *s.Maximum, s.Default)
	case s.Type == "object":
		return "mapping of " + w.entries(s)
	case s.Type == "number":
		return "number"
	}
	return "string"
}

// entries says what the values of a mapping with free keys are.
func (w *writer) entries(s schema) string {
	var of schema
	if json.Unmarshal(s.AdditionalProperties, &of) != nil {
		return "values"
	}
	return w.value(of)
}
