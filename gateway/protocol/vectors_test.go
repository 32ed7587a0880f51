package protocol

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// vector is an entry of testdata/vectors; testdata/README.md explains it.
type vector struct {
	Name      string         `json:"name"`
	Direction string         `json:"direction"`
	Frame     string         `json:"frame,omitzero"`
	Base64    []byte         `json:"base64,omitzero"`
	Want      string         `json:"want"`
	T         string         `json:"t,omitzero"`
	N         uint64         `json:"n,omitzero"`
	Decoded   jsontext.Value `json:"decoded,omitzero"`
	Schema    string         `json:"schema,omitzero"`
}

func (v vector) data() []byte {
	if v.Base64 != nil {
		return v.Base64
	}
	return []byte(v.Frame)
}

// decode runs the decoder of the vector's direction.
func (v vector) decode() (any, error) {
	switch v.Direction {
	case "client":
		return Decode(v.data())
	case "operator":
		return DecodeOperator(v.data())
	}
	return DecodeServer(v.data())
}

// loadVectors returns the vectors of every file.
func loadVectors(t testing.TB) map[string][]vector {
	t.Helper()
	files, err := filepath.Glob("testdata/vectors/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	all := map[string][]vector{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []vector
		if err := json.Unmarshal(data, &list, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = list
	}
	return all
}

func TestVectors(t *testing.T) {
	t.Parallel()
	d := theDocument(t)
	good, bad := 0, 0
	for file, list := range loadVectors(t) {
		for _, v := range list {
			if v.Want == "ok" {
				good++
			} else {
				bad++
			}
			t.Run(file+"/"+v.Name, func(t *testing.T) {
				t.Parallel()
				if v.Want == "ok" {
					checkGood(t, d, v)
				} else {
					checkBad(t, d, v)
				}
			})
		}
	}
	if good < 40 || bad < 60 {
		t.Errorf("%d good and %d bad vectors: some were lost", good, bad)
	}
}

// checkGood expects a vector to decode to what it says, and the document to
// agree.
func checkGood(t *testing.T, d *document, v vector) {
	frame, err := v.decode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Encode(frame)
	if err != nil {
		t.Fatal(err)
	}
	want := v.data()
	if v.Decoded != nil {
		want = v.Decoded
	}
	if got, want := canonical(t, again), canonical(t, want); got != want {
		t.Errorf("decoded as\n %s\nwant\n %s", got, want)
	}
	message := messageOf(v.Direction, typeInside(frame))
	if err := d.validate(message, again); err != nil && v.Schema == "" {
		t.Errorf("encoded again: %v", err)
	}
	if err := d.validate(message, v.data()); (err == nil) == (v.Schema == "fails") {
		t.Errorf("schema: %v, want it to pass: %t", err, v.Schema != "fails")
	}
}

func typeInside(frame any) string {
	data, err := Encode(frame)
	if err != nil {
		return ""
	}
	t, _ := typeOf(data)
	return t
}

// checkBad expects the error that a vector names, and the document to refuse it
// too where it is JSON at all.
func checkBad(t *testing.T, d *document, v vector) {
	frame, err := v.decode()
	var fe *FrameError
	if !errors.As(err, &fe) {
		t.Fatalf("decoded as %+v, error %v; want %s", frame, err, v.Want)
	}
	if string(fe.Code) != v.Want || fe.T != v.T || fe.N != v.N {
		t.Errorf("%v (type %q, number %d); want %s, type %q, number %d", fe, fe.T, fe.N, v.Want, v.T, v.N)
	}
	if fe.Message == "" || strings.Contains(fe.Message, "@") {
		t.Errorf("message %q: it must say what to do and repeat nothing", fe.Message)
	}
	if !jsontext.Value(v.data()).IsValid() || fe.T == "" {
		return // nothing that a schema could be asked about
	}
	passes := d.validate(messageOf(v.Direction, fe.T), v.data()) == nil
	if passes != (v.Schema == "passes") {
		t.Errorf("the document accepts it: %t, want %t", passes, v.Schema == "passes")
	}
}
