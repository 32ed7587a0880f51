package e2e

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"zgoda/gateway/protocol"
)

// schemas are those of the AsyncAPI document's messages, by message.
var schemas = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	var document map[string]any
	if err := yaml.Unmarshal(protocol.AsyncAPI, &document); err != nil {
		return nil, err
	}
	// Through JSON, so that numbers and maps are what the validator expects.
	data, err := json.Marshal(document)
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
	compiled := map[string]*jsonschema.Schema{}
	for name := range document["components"].(map[string]any)["messages"].(map[string]any) {
		if compiled[name], err = c.Compile(at + "#/components/messages/" + name + "/payload"); err != nil {
			return nil, err
		}
	}
	return compiled, nil
})

// fitsTheDocument checks every frame that a client sends or gets against the
// AsyncAPI document, so that the document cannot drift from the gateway.
func fitsTheDocument(t *testing.T) func(dir string, data []byte) {
	t.Helper()
	byMessage, err := schemas()
	if err != nil {
		t.Fatalf("compile the document's schemas: %v", err)
	}
	return func(dir string, data []byte) {
		var frame struct{ T string }
		if err := json.Unmarshal(data, &frame); err != nil {
			t.Errorf("%s: %s is no frame: %v", dir, data, err)
			return
		}
		if dir == "in" && bytes.Contains(data, []byte(`"operator":`)) {
			t.Errorf("a visitor is told which operator it is: %s", data)
		}
		name := frame.T
		if dir == "out" && (name == protocol.TypeBeat || name == protocol.TypeTyping || name == protocol.TypeSeen) {
			name = "client" + strings.ToUpper(name[:1]) + name[1:]
		}
		schema := byMessage[name]
		if schema == nil {
			t.Errorf("%s: the document has no message %q", dir, name)
			return
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err == nil {
			err = schema.Validate(v)
		}
		if err != nil {
			t.Errorf("%s: %s does not fit the document: %v", dir, data, err)
		}
	}
}

// operatorFits is fitsTheDocument for an operator's socket.
func operatorFits(t *testing.T) func(dir string, data []byte) {
	t.Helper()
	byMessage, err := schemas()
	if err != nil {
		t.Fatalf("compile the document's schemas: %v", err)
	}
	return func(dir string, data []byte) {
		var frame struct{ T string }
		if err := json.Unmarshal(data, &frame); err != nil {
			t.Errorf("%s: %s is no frame: %v", dir, data, err)
			return
		}
		name := frame.T
		if dir == "out" {
			name = "operator" + strings.ToUpper(name[:1]) + name[1:]
		}
		schema := byMessage[name]
		if schema == nil {
			if dir == "in" {
				t.Errorf("%s: the document has no message %q", dir, name)
			}
			return
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err == nil {
			err = schema.Validate(v)
		}
		if err != nil && dir == "in" {
			t.Errorf("%s: %s does not fit the document: %v", dir, data, err)
		}
	}
}
