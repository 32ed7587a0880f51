package botengine_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"

	"zgoda/botengine"
	"zgoda/gateway/flowdoc"
)

func flowSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	raw, err := flowdoc.Schema(botengine.Language())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("flow.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("flow.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTheParserReadsWhatTheSchemaDescribes makes flows from the language's table,
// whole ones and ones with one mistake in their form, and wants the parser and
// the schema to say the same about each.
func TestTheParserReadsWhatTheSchemaDescribes(t *testing.T) {
	t.Parallel()
	schema := flowSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		g := &generator{t: t, shapes: map[string]botengine.Shape{}}
		for _, s := range botengine.Language() {
			g.shapes[s.Name] = s
		}
		doc := g.mapping("flow", 0)
		mistake := ""
		if len(g.mistakes) > 0 && rapid.Bool().Draw(t, "mistaken") {
			m := g.mistakes[rapid.IntRange(0, len(g.mistakes)-1).Draw(t, "mistake")]
			mistake = m.name
			m.make()
		}
		src, err := yaml.Dump(doc)
		if err != nil {
			t.Fatal(err)
		}
		var instance any
		if err := yaml.Load(src, &instance); err != nil {
			t.Fatal(err)
		}
		parser, schema := botengine.ReadProblems(src), schema.Validate(instance)
		if (len(parser) == 0) != (mistake == "") || (schema == nil) != (mistake == "") {
			t.Fatalf("mistake %q\n%s\nthe parser says: %v\nthe schema says: %v", mistake, src, parser, schema)
		}
	})
}

// A generator makes flows from the table, and collects what can be done wrong
// with them.
type generator struct {
	t        *rapid.T
	shapes   map[string]botengine.Shape
	names    int
	mistakes []mistake
}

type mistake struct {
	name string
	make func()
}

func (g *generator) can(name string, spoil func()) {
	g.mistakes = append(g.mistakes, mistake{name, spoil})
}

// name is a new one each time: names must not repeat.
func (g *generator) name() string {
	g.names++
	return fmt.Sprintf("n%d", g.names)
}

func (g *generator) mapping(shape string, depth int) map[string]any {
	s := g.shapes[shape]
	m := map[string]any{}
	one := ""
	if len(s.One) > 0 {
		one = rapid.SampledFrom(s.One).Draw(g.t, "one")
	}
	for _, k := range s.Keys {
		if !g.wanted(s, k, one, m) {
			if slices.Contains(k.NotWith, one) || (k.When != nil && m[k.When.Key] != k.When.Word) {
				known := len(g.mistakes)
				value := g.value(k.Value, depth)
				g.mistakes = g.mistakes[:known] // those of a value that is not there
				g.can(shape+"."+k.Name+" does not belong there", func() { m[k.Name] = value })
			}
			continue
		}
		m[k.Name] = g.value(k.Value, depth)
		if k.Name == "locales" {
			m[k.Name] = []any{"pl"}
		}
		if k.Name == "fallback" {
			m[k.Name] = "pl"
		}
		g.spoil(shape+"."+k.Name, m, k, one)
	}
	g.can(shape+": unknown key", func() { m["zzz"] = "x" })
	if len(s.One) > 0 {
		g.can(shape+": two of "+one, func() {
			for _, other := range s.One {
				if other != one && other != "goto" {
					m[other] = true
				}
			}
			if one == "goto" {
				m["end"], m["say"] = true, "x"
			}
		})
	}
	return m
}

// wanted tells whether the key goes into this mapping.
func (g *generator) wanted(s botengine.Shape, k botengine.Key, one string, m map[string]any) bool {
	switch {
	case k.Required || k.Name == one:
		return true
	case one == "goto" && len(k.NotWith) > 0, one == "consent" && k.Name == "remind":
		return false // the parser alone knows that such a step has no reminder
	case slices.Contains(s.One, k.Name) && k.Name != "goto", slices.Contains(k.NotWith, one):
		return false
	case k.When != nil:
		return m[k.When.Key] == k.When.Word
	}
	return rapid.Bool().Draw(g.t, "optional")
}

// spoil lists what can be wrong with a key.
func (g *generator) spoil(place string, m map[string]any, k botengine.Key, one string) {
	if k.Required || k.Name == one || (k.When != nil && k.When.Must) {
		g.can(place+" is missing", func() {
			delete(m, k.Name)
			if k.Name == one {
				delete(m, "goto") // by itself it would be a step
			}
		})
	}
	if k.Value.Kind != botengine.ValueVariables {
		g.can(place+" is null", func() { m[k.Name] = nil })
	}
	switch k.Value.Kind {
	case botengine.ValueMapping, botengine.ValueWords, botengine.ValueVariables, botengine.ValueSaved:
		g.can(place+" is no mapping", func() { m[k.Name] = "x" })
	case botengine.ValueMappings, botengine.ValueList:
		g.can(place+" is no list", func() { m[k.Name] = "x" })
		g.can(place+" is empty", func() { m[k.Name] = []any{} })
		g.can(place+" has a null", func() { m[k.Name] = []any{nil} })
	case botengine.ValueInteger:
		g.can(place+" is too small", func() { m[k.Name] = k.Value.Min - 1 })
		g.can(place+" is too large", func() { m[k.Name] = k.Value.Max + 1 })
		g.can(place+" is no number", func() { m[k.Name] = "many" })
	case botengine.ValueNumber:
		g.can(place+" is no number", func() { m[k.Name] = "many" })
	case botengine.ValueText, botengine.ValueLine:
		g.can(place+" is blank", func() { m[k.Name] = "  " })
		g.can(place+" is a list", func() { m[k.Name] = []any{"x"} })
		g.can(place+" has no locale", func() { m[k.Name] = map[string]any{} })
		g.can(place+" has a blank locale", func() { m[k.Name] = map[string]any{"pl": " "} })
	case botengine.ValueName:
		g.can(place+" is no name", func() { m[k.Name] = "No name!" })
	case botengine.ValueWord:
		g.can(place+" is unknown", func() { m[k.Name] = "zzz" })
	case botengine.ValueEndpoint:
		for _, bad := range []string{"/hook", "ftp://a.example", "https://a:b@c.example/", "https://a.example/#x", "http://10.0.0.1/", "http://127.0.0.1.example/", ""} {
			g.can(place+" is "+bad, func() { m[k.Name] = bad })
		}
	case botengine.ValueLink, botengine.ValuePicture:
		for _, bad := range []string{"javascript:alert(1)", "http://a.example", "//a.example", `/\a.example`, "https://a b", ""} {
			g.can(place+" is "+bad, func() { m[k.Name] = bad })
		}
	case botengine.ValueCondition:
		g.can(place+" is too long", func() { m[k.Name] = "page == '" + string(bytes.Repeat([]byte("x"), k.Value.Max)) + "'" })
	}
}

func (g *generator) value(v botengine.ValueType, depth int) any {
	words := rapid.SampledFrom([]any{"Hej", "ąę", "2024", 2024, true, "a: b"})
	perLocale := func(value any) any {
		if rapid.Bool().Draw(g.t, "per locale") {
			return map[string]any{"pl": value}
		}
		return value
	}
	switch v.Kind {
	case botengine.ValueName, botengine.ValueStep, botengine.ValueEntry, botengine.ValuePurpose:
		return g.name()
	case botengine.ValueLocale:
		return "pl"
	case botengine.ValueText:
		return perLocale(g.text(words))
	case botengine.ValueLine, botengine.ValueEnd:
		if v.Kind == botengine.ValueEnd && rapid.Bool().Draw(g.t, "true") {
			return true
		}
		if rapid.Bool().Draw(g.t, "line") {
			return g.mapping("line", depth+1)
		}
		return perLocale(g.text(words))
	case botengine.ValueWords:
		return map[string]any{"pl": rapid.SliceOfN(words, 1, 3).Draw(g.t, "words")}
	case botengine.ValueVariables:
		return map[string]any{g.name(): words.Draw(g.t, "value")}
	case botengine.ValueCondition:
		return "page == '/'"
	case botengine.ValueString:
		return words.Draw(g.t, "text")
	case botengine.ValueEndpoint:
		return rapid.SampledFrom([]string{"https://a.example/b?c=d", "https://a.example", "http://localhost:8080/x", "http://127.0.0.1/", "http://[::1]:80/"}).Draw(g.t, "url")
	case botengine.ValueSaved:
		return map[string]any{g.name(): words.Draw(g.t, "key")}
	case botengine.ValueLink, botengine.ValuePicture:
		return rapid.SampledFrom([]string{"https://a.example/b?c=d#e", "/", "/a/b", "https://ąę.example"}).Draw(g.t, "url")
	case botengine.ValueWord:
		return rapid.SampledFrom(v.Words).Draw(g.t, "word")
	case botengine.ValueInteger:
		return rapid.IntRange(v.Min, v.Max).Draw(g.t, "integer")
	case botengine.ValueNumber:
		return rapid.SampledFrom([]any{1, -2, 0.5}).Draw(g.t, "number")
	case botengine.ValueMapping:
		if v.Words != nil && rapid.Bool().Draw(g.t, "word") {
			return rapid.SampledFrom(v.Words).Draw(g.t, "instead")
		}
		return g.mapping(v.Of, depth+1)
	case botengine.ValueMappings:
		list := make([]any, rapid.IntRange(1, 3).Draw(g.t, "length"))
		for i := range list {
			list[i] = g.mapping(v.Of, depth+1)
		}
		return list
	case botengine.ValueList:
		return []any{g.value(botengine.ValueType{Kind: v.Item}, depth)}
	}
	g.t.Fatalf("the test makes no values of kind %s", v.Kind)
	return nil
}

// text is a plain one, or one in all the forms of Polish.
func (g *generator) text(words *rapid.Generator[any]) any {
	if rapid.IntRange(0, 3).Draw(g.t, "counted") > 0 {
		return words.Draw(g.t, "text")
	}
	forms := map[string]any{"by": "n"}
	for _, f := range []string{"one", "few", "many", "other"} {
		forms[f] = words.Draw(g.t, f)
	}
	g.can("counted: unknown key", func() { forms["zzz"] = "x" })
	return forms
}

// TestTheTableIsWhole: every shape is used, every shape that is used is there,
// and the step's keys are the kinds the engine runs.
func TestTheTableIsWhole(t *testing.T) {
	t.Parallel()
	used := map[string]bool{"flow": true}
	var all, kinds []string
	for _, s := range botengine.Language() {
		all = append(all, s.Name)
		for _, k := range s.Keys {
			if k.Doc == "" {
				t.Errorf("%s.%s is not described", s.Name, k.Name)
			}
			if k.Value.Of != "" {
				used[k.Value.Of] = true
			}
			if k.Value.Kind == botengine.ValueLine {
				used["line"], used["counted"] = true, true
			}
		}
		if s.Name == "step" {
			kinds = s.One
		}
	}
	if got := slices.Sorted(maps.Keys(used)); !slices.Equal(got, slices.Sorted(slices.Values(all))) {
		t.Errorf("shapes in use %v, shapes in the table %v", got, all)
	}
	if want := append(botengine.StepKinds(), "goto"); !slices.Equal(kinds, want) {
		t.Errorf("a step is one of %v, the engine runs %v", kinds, want)
	}
}
