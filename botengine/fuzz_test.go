package botengine

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse: no source makes Parse or NewBot panic, and what loads can be run.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range append(files, leadFlow) {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte(head + "  - {id: a, branch: {when: [{if: 'len(vars.x) > 1', goto: bye}], else: bye}}\n" + ends))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		flow, err := Parse("f.yaml", src)
		if err != nil {
			for _, p := range err.(Problems) {
				if p.Line < 1 || p.Column < 1 || p.Message == "" {
					t.Errorf("problem without a place: %+v", p)
				}
			}
			return
		}
		s := demoSettings()
		s.Locales = flow.Locales
		publish(s)
		b, err := NewBot(flow, s)
		if err != nil {
			return
		}
		r := b.Greet("pl", Input{ID: "g", At: 1})
		for i, in := range []Input{{Kind: InputText, Text: "hej?"}, {Kind: InputAskCard}, {Kind: InputText, Text: "Anna"}} {
			in.ID, in.At = string(rune('a'+i)), int64(i)
			r = b.Turn(r.State, r.Profile, in)
		}
	})
}

// mark puts masked spans back into one text.
func mark(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Masked {
			b.WriteString(maskMark)
		}
		b.WriteString(s.Text)
	}
	return b.String()
}

// FuzzTurn: no text makes a turn panic, grants consent or leaks a detail.
func FuzzTurn(f *testing.F) {
	b := mustBot(f, leadFlow, demoSettings())
	for _, line := range lines {
		f.Add(line, line)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		r := b.Greet("pl", Input{ID: "g", At: 1})
		start := r
		r = b.Turn(r.State, r.Profile, Input{ID: "a", At: 2, Kind: InputText, Text: first})
		checkTyped(t, r, first)
		card := b.Turn(start.State, start.Profile, Input{ID: "b", At: 3, Kind: InputChoice, Of: start.State.Prompt, Choice: "offer"})
		r = b.Turn(card.State, card.Profile, Input{ID: "c", At: 4, Kind: InputText, Text: second})
		checkTyped(t, r, second)
		if again := b.Turn(card.State, card.Profile, Input{ID: "c", At: 4, Kind: InputText, Text: second}); !reflect.DeepEqual(r, again) {
			t.Error("a replay differs")
		}
		granted := r.Profile.Consents["lead_contact"].Status == statusGranted
		said := strings.TrimRight(strings.ToLower(strings.Join(strings.Fields(clean(second)), " ")), ".!… ")
		exact := false
		for _, g := range append(polish.grant, english.grant...) {
			exact = exact || said == g
		}
		if granted && !exact {
			t.Errorf("%q granted", second)
		}
	})
}

func checkTyped(t *testing.T, r Result, text string) {
	t.Helper()
	for _, e := range r.Events {
		for _, s := range e.Text {
			if e.From == FromVisitor && len(detect(s.Text, "PL")) > 0 {
				t.Errorf("a detail of %q left the turn: %q", text, s.Text)
			}
			if !utf8.ValidString(s.Text) {
				t.Errorf("%q is not UTF-8", s.Text)
			}
		}
	}
}
