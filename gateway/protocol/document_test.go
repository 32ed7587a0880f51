package protocol

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"
)

// document is asyncapi.yaml, and the schemas of its messages by name.
type document struct {
	root    map[string]any
	schemas map[string]*jsonschema.Schema
}

// messageOf names the document's message for a direction and a type of frame.
func messageOf(direction, t string) string {
	if direction == "operator" || direction == "client" && bothWays(t) {
		return direction + strings.ToUpper(t[:1]) + t[1:]
	}
	return t
}

// bothWays says whether visitor and server have a frame of this type each.
func bothWays(t string) bool { return t == TypeBeat || t == TypeTyping || t == TypeSeen }

// isClient says whether a client sends the message.
func isClient(message string) bool {
	if strings.HasPrefix(message, "client") || isOperator(message) {
		return true
	}
	_, known := shapeOf(shapes[:], []byte(message))
	return known && !bothWays(message)
}

// isOperator says whether an operator's client sends the message.
func isOperator(message string) bool { return strings.HasPrefix(message, "operator") }

var loadDocument = sync.OnceValues(func() (*document, error) {
	var fromYAML any
	if err := yaml.Unmarshal(AsyncAPI, &fromYAML); err != nil {
		return nil, err
	}
	// Through JSON, so that numbers and maps are what the validator expects.
	data, err := json.Marshal(fromYAML)
	if err != nil {
		return nil, err
	}
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	const at = "https://zgoda.invalid/asyncapi.json"
	if err := c.AddResource(at, root); err != nil {
		return nil, err
	}
	d := &document{root: root.(map[string]any), schemas: map[string]*jsonschema.Schema{}}
	for name := range d.messages() {
		s, err := c.Compile(at + "#/components/messages/" + name + "/payload")
		if err != nil {
			return nil, fmt.Errorf("message %s: %w", name, err)
		}
		d.schemas[name] = s
	}
	return d, nil
})

func theDocument(t testing.TB) *document {
	t.Helper()
	d, err := loadDocument()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows names into the document.
func (d *document) at(path ...string) any {
	v := any(d.root)
	for _, name := range path {
		v = v.(map[string]any)[name]
	}
	return v
}

func (d *document) messages() map[string]any {
	return d.at("components", "messages").(map[string]any)
}

// validate checks the JSON of a frame.
func (d *document) validate(message string, frame []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(frame))
	if err != nil {
		return err
	}
	return d.schemas[message].Validate(v)
}

func TestDocumentFitsTheOfficialSchema(t *testing.T) {
	t.Parallel()
	d := theDocument(t)
	file, err := os.Open("testdata/asyncapi-3.0.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	official, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("asyncapi-3.0.0.json", official); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("asyncapi-3.0.0.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(d.root); err != nil {
		t.Errorf("%#v", err)
	}
	broken := maps.Clone(d.root)
	broken["operatoins"] = broken["operations"]
	if schema.Validate(broken) == nil {
		t.Error("the official schema accepts a misspelt member: the test proves nothing")
	}
}

// Every example is what its schema says, decodes, and encodes to the same.
func TestExamples(t *testing.T) {
	t.Parallel()
	d := theDocument(t)
	for name, message := range d.messages() {
		examples, _ := message.(map[string]any)["examples"].([]any)
		if len(examples) == 0 {
			t.Errorf("message %s has no example", name)
		}
		for _, example := range examples {
			e := example.(map[string]any)
			t.Run(fmt.Sprint(name, "/", e["name"]), func(t *testing.T) {
				frame, err := stdjson.Marshal(e["payload"]) // it knows the validator's json.Number
				if err != nil {
					t.Fatal(err)
				}
				if err := d.validate(name, frame); err != nil {
					t.Error(err)
				}
				var decoded any
				if isOperator(name) {
					decoded, err = DecodeOperator(frame)
				} else if isClient(name) {
					decoded, err = Decode(frame)
				} else {
					decoded, err = DecodeServer(frame)
				}
				if err != nil {
					t.Fatal(err)
				}
				again, err := Encode(decoded)
				if err != nil {
					t.Fatal(err)
				}
				if got, want := canonical(t, again), canonical(t, frame); got != want {
					t.Errorf("encoded again\n got %s\nwant %s", got, want)
				}
			})
		}
	}
}

// canonical sorts the members of a JSON text.
func canonical(t *testing.T, data []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// goType names the Go type of each schema that describes one.
var goType = map[string]reflect.Type{
	"Hello": reflect.TypeFor[Hello](), "Limits": reflect.TypeFor[Limits](), "Reset": reflect.TypeFor[Reset](),
	"Events": reflect.TypeFor[Events](), "State": reflect.TypeFor[State](), "Consent": reflect.TypeFor[Consent](),
	"Expect": reflect.TypeFor[Expect](), "Event": reflect.TypeFor[Event](), "Part": reflect.TypeFor[Part](),
	"Link": reflect.TypeFor[Link](), "Image": reflect.TypeFor[Image](), "Option": reflect.TypeFor[Option](),
	"Card": reflect.TypeFor[Card](), "CodeText": reflect.TypeFor[CodeText](), "Policy": reflect.TypeFor[Policy](),
	"Ack": reflect.TypeFor[Ack](), "Refused": reflect.TypeFor[Refused](), "Error": reflect.TypeFor[Error](),
	"Beat": reflect.TypeFor[Beat](), "Past": reflect.TypeFor[Past](), "GoAway": reflect.TypeFor[GoAway](),
	"Typing": reflect.TypeFor[Typing](), "Have": reflect.TypeFor[Have](), "Seen": reflect.TypeFor[Seen](),

	"Welcome": reflect.TypeFor[Welcome](), "StaffSite": reflect.TypeFor[StaffSite](), "Inbox": reflect.TypeFor[Inbox](),
	"Row": reflect.TypeFor[Row](), "Watching": reflect.TypeFor[Watching](), "StaffState": reflect.TypeFor[StaffState](),
	"Log": reflect.TypeFor[Log](), "Older": reflect.TypeFor[Older](), "Notes": reflect.TypeFor[Notes](),
	"Note": reflect.TypeFor[Note](), "Presence": reflect.TypeFor[Presence](), "Colleague": reflect.TypeFor[Colleague](),
	"Gone": reflect.TypeFor[Gone](), "InboxTop": reflect.TypeFor[InboxTop](), "LogTop": reflect.TypeFor[LogTop](),
	"Receipt": reflect.TypeFor[Receipt](), "Export": reflect.TypeFor[Export](),
	"Identity": reflect.TypeFor[Identity](),
}

// A member that is only in Go, only in the document, or required in one and not
// in the other, fails.
func TestSchemasAndTypesHaveTheSameMembers(t *testing.T) {
	t.Parallel()
	d := theDocument(t)
	schemas := d.at("components", "schemas").(map[string]any)
	objects := 0
	for name, s := range schemas {
		schema := s.(map[string]any)
		if _, isObject := schema["properties"]; !isObject {
			continue
		}
		objects++
		want, required := membersOfSchema(schema)
		var got, always []string
		if typ, ok := goType[name]; ok {
			got, always = membersOfType(typ)
		} else {
			got, always = membersOfShape(t, name, schema)
		}
		if name == "Have" || name == "Identity" || goType[name] == nil {
			if schema["additionalProperties"] != false {
				t.Errorf("%s: a client's schema must refuse unknown members", name)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: Go has %v, the document has %v", name, got, want)
		}
		if !slices.Equal(always, required) {
			t.Errorf("%s: Go always writes %v, the document requires %v", name, always, required)
		}
	}
	if objects != len(goType)+len(shapes)+len(operatorShapes) {
		t.Errorf("%d object schemas for %d types and %d client frames", objects, len(goType), len(shapes)+len(operatorShapes))
	}
}

func membersOfSchema(schema map[string]any) (all, required []string) {
	all = slices.Sorted(maps.Keys(schema["properties"].(map[string]any)))
	list, _ := schema["required"].([]any)
	for _, r := range list {
		required = append(required, r.(string))
	}
	slices.Sort(required)
	return all, required
}

func membersOfType(t reflect.Type) (all, always []string) {
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		all = append(all, name)
		if options == "" {
			always = append(always, name)
		}
	}
	slices.Sort(all)
	slices.Sort(always)
	return all, always
}

func membersOfShape(t *testing.T, name string, schema map[string]any) (all, always []string) {
	t.Helper()
	typ := schema["properties"].(map[string]any)["t"].(map[string]any)["const"].(string)
	among := shapes[:]
	if strings.HasPrefix(name, "Operator") {
		among = operatorShapes[:]
	}
	s, ok := shapeOf(among, []byte(typ))
	if !ok {
		t.Fatalf("the document describes %s, which no client sends", typ)
	}
	for m := range memberCount {
		if (s.required | s.optional).has(m) {
			all = append(all, m.String())
		}
		if s.required.has(m) {
			always = append(always, m.String())
		}
	}
	slices.Sort(all)
	slices.Sort(always)
	return all, always
}

// TestFilledServerFrames builds every frame of the server with all its members
// and holds what the encoder writes to the document.
func TestFilledServerFrames(t *testing.T) {
	t.Parallel()
	d := theDocument(t)
	for name, frame := range serverFrames() {
		fill(reflect.ValueOf(frame).Elem())
		data, err := Encode(frame)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatal(err)
		}
		// What reflection filled has the members; the document's enumerations
		// and forms say what may be in them.
		schema := d.resolve(d.messages()[name].(map[string]any)["payload"].(map[string]any))
		data, err = json.Marshal(d.conform(v, schema))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.validate(name, data); err != nil {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
}

// resolve follows a $ref.
func (d *document) resolve(schema map[string]any) map[string]any {
	ref, ok := schema["$ref"].(string)
	if !ok {
		return schema
	}
	return d.resolve(d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...).(map[string]any))
}

// conform replaces strings that an enumeration or a pattern does not allow, and
// keeps one of the forms of a part. It adds and removes no member otherwise.
func (d *document) conform(v any, schema map[string]any) any {
	schema = d.resolve(schema)
	switch v := v.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		rest, _ := schema["additionalProperties"].(map[string]any)
		if _, isPart := properties["masked"]; isPart {
			delete(v, "masked")
			delete(v, "removed")
		}
		for name, member := range v {
			if property, known := properties[name].(map[string]any); known {
				v[name] = d.conform(member, property)
			} else if rest != nil {
				v[name] = d.conform(member, rest)
			}
		}
	case []any:
		for i := range v {
			v[i] = d.conform(v[i], schema["items"].(map[string]any))
		}
	case string:
		if enum, ok := schema["enum"].([]any); ok {
			return enum[0]
		}
		if forms, ok := schema["oneOf"].([]any); ok {
			return forms[0].(map[string]any)["const"]
		}
		if _, ok := schema["pattern"]; ok {
			return "name"
		}
	}
	return v
}

// constants returns the constants of codes.go whose names begin with prefix.
func constants(t *testing.T, prefix string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, prefix) {
			return true
		}
		found[strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)] = spec.Names[0].Name
		return true
	})
	return found
}

func TestEveryCodeIsInTheDocument(t *testing.T) {
	t.Parallel()
	d := theDocument(t)
	documented := map[string]bool{}
	for _, form := range d.at("components", "schemas", "Code", "oneOf").([]any) {
		f := form.(map[string]any)
		documented[f["const"].(string)] = true
		if f["description"] == "" {
			t.Errorf("code %s has no description", f["const"])
		}
	}
	codes := constants(t, "Code")
	for code, name := range codes {
		if !documented[code] {
			t.Errorf("%s (%s) is not in the document", name, code)
		}
	}
	if len(codes) != len(documented) {
		t.Errorf("%d codes in Go, %d in the document", len(codes), len(documented))
	}
}

func TestEveryCloseCodeIsInTheDocument(t *testing.T) {
	t.Parallel()
	d := theDocument(t)
	documented := map[string]bool{}
	for _, c := range d.at("channels", "visitor", "x-close-codes").([]any) {
		entry := c.(map[string]any)
		code := fmt.Sprint(entry["code"])
		documented[code] = true
		n, err := strconv.Atoi(code)
		if err != nil {
			t.Fatal(err)
		}
		if entry["return"] != MayReturn(n) {
			t.Errorf("close code %d: the document says return %v, MayReturn %t", n, entry["return"], MayReturn(n))
		}
	}
	codes := constants(t, "Close")
	for code, name := range codes {
		if !documented[code] {
			t.Errorf("%s (%s) is not in the document", name, code)
		}
	}
	if len(codes) != len(documented) {
		t.Errorf("%d close codes in Go, %d in the document", len(codes), len(documented))
	}
}

// Every message has a place in the channel and in an operation.
func TestEveryMessageIsReachable(t *testing.T) {
	t.Parallel()
	d := theDocument(t)
	inChannel := map[string]any{}
	for _, channel := range []string{"visitor", "operator"} {
		maps.Copy(inChannel, d.at("channels", channel, "messages").(map[string]any))
	}
	used := map[string]bool{}
	note := func(list any, action string) {
		entries, _ := list.([]any)
		for _, e := range entries {
			ref := e.(map[string]any)["$ref"].(string)
			name := ref[strings.LastIndexByte(ref, '/')+1:]
			channel := strings.Split(ref, "/")[2]
			if d.at("channels", channel, "messages").(map[string]any)[name] == nil {
				t.Errorf("%s is in an operation of channel %s and not in the channel", name, channel)
			}
			used[name] = true
			if isClient(name) != (action == "send") {
				t.Errorf("%s is in an operation of the other direction", name)
			}
		}
	}
	for _, o := range d.at("operations").(map[string]any) {
		operation := o.(map[string]any)
		note(operation["messages"], operation["action"].(string))
		if reply, ok := operation["reply"].(map[string]any); ok {
			note(reply["messages"], "receive")
		}
	}
	for name := range d.messages() {
		if inChannel[name] == nil || !used[name] {
			t.Errorf("message %s: in channel %t, in an operation %t", name, inChannel[name] != nil, used[name])
		}
	}
	if len(inChannel) != len(d.messages()) || len(used) != len(d.messages()) {
		t.Errorf("%d messages, %d in the channel, %d in operations", len(d.messages()), len(inChannel), len(used))
	}
}

// The numbers in prose and schemas are the constants.
func TestDocumentStatesTheLimits(t *testing.T) {
	t.Parallel()
	d := theDocument(t)
	property := func(schema, name, rule string) string {
		return fmt.Sprint(d.at("components", "schemas", schema, "properties", name, rule))
	}
	for what, c := range map[string]struct {
		got  string
		want int
	}{
		"text":   {property("Say", "text", "maxLength"), MaxTextRunes},
		"page":   {property("Open", "page", "maxLength"), MaxPageBytes},
		"locale": {property("Open", "locale", "maxLength"), MaxLocaleLen},
		"limit":  {property("History", "limit", "maximum"), MaxHistory},
		"seq":    {property("History", "before_seq", "maximum"), MaxNumber},
	} {
		if c.got != strconv.Itoa(c.want) {
			t.Errorf("%s: the document says %s, Go %d", what, c.got, c.want)
		}
	}
	text := string(AsyncAPI)
	for _, says := range []string{
		fmt.Sprintf("`limits.in_flight` inputs (%d)", MaxInFlight),
		fmt.Sprintf("the newest %d,", ResetEvents),
		fmt.Sprintf("`limits.beat_ms` (%d s)", BeatMS/1000),
		fmt.Sprintf("`limits.silence_ms` (%d s)", SilenceMS/1000),
		fmt.Sprintf("`welcome.lease_ms` (%d s)", LeaseMS/1000),
		fmt.Sprintf("%d conversations are watched", MaxWatched),
		fmt.Sprintf("(the newest %d)", MaxNotes),
		fmt.Sprintf("brings the newest %d", BotRows),
		fmt.Sprintf("at most %d frames a second", 1000/CoalesceMS),
		fmt.Sprintf("at most %d bytes of text", ExportBytes),
		"subprotocol `" + Subprotocol + "`",
	} {
		if !strings.Contains(text, says) {
			t.Errorf("the document does not say %q", says)
		}
	}
}
