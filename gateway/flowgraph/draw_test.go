package flowgraph

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zgoda/botengine"
)

var update = flag.Bool("update", false, "rewrite the expected drawings")

// small is a flow with one of everything, a step that nothing leads to and texts
// that try to get out of where they stand.
func small(t testing.TB) *botengine.Graph {
	t.Helper()
	src, err := os.ReadFile("testdata/small.yaml")
	if err != nil {
		t.Fatal(err)
	}
	g, err := botengine.ReadGraph("testdata/small.yaml", src, "en", nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestMermaidGolden(t *testing.T) {
	t.Parallel()
	golden(t, "testdata/small.mmd", Mermaid(small(t)))
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and look at the difference\n%s", file, got)
	}
}

// elements reads a picture and returns its elements by name, with the texts in
// them. A picture that is not well-formed fails the test.
func elements(t interface {
	Helper()
	Fatalf(string, ...any)
}, svg []byte,
) (names map[string]int, texts []string) {
	t.Helper()
	names = map[string]int{}
	dec := xml.NewDecoder(bytes.NewReader(svg))
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return names, texts
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			names[token.Name.Local]++
			for _, a := range token.Attr {
				if strings.HasPrefix(strings.ToLower(a.Name.Local), "on") || strings.Contains(a.Value, "javascript:") || a.Name.Local == "href" {
					t.Fatalf("an attribute that does something: %s=%q", a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			texts = append(texts, string(token))
		}
	}
}

var ours = []string{"svg", "title", "desc", "style", "rect", "g", "path", "polygon", "circle", "text"}

func TestSVGShowsEverything(t *testing.T) {
	t.Parallel()
	g := small(t)
	svg := SVG(g)
	_, texts := elements(t, svg)
	all := strings.Join(texts, "\n")
	for _, want := range []string{
		g.Name, "sha256:" + strings.TrimPrefix(g.Hash, "sha256:")[:shortHash], "consent gate", "granted", "declined", "failed",
		"✕ cannot be reached", "waits for the visitor", "ends the flow", "· lead_contact", "An offer",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the picture does not say %q", want)
		}
	}
	for _, n := range g.Nodes {
		if !strings.Contains(all, n.ID) {
			t.Errorf("the picture has no step %q", n.ID)
		}
	}
	for class, want := range map[string]int{
		`class="step consent"`: 2, `class="step contact"`: 2, `class="step say wrong"`: 1, `class="way granted"`: 2,
		"prefers-color-scheme:dark": 1,
	} {
		if got := strings.Count(string(svg), class); got != want {
			t.Errorf("%s is there %d times, want %d", class, got, want)
		}
	}
}

// TestHostileTexts: whatever a flow says, the picture has our elements only, and
// the chart our lines only.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	line := regexp.MustCompile(`^(---|title: ".*"|flowchart TD|  start\(\( \)\) --> n0` +
		`|  n\d+(\[/|\[|\{\{|\{|\(\[)"[^"]*"(/\]|\]|\}\}|\}|\]\))` +
		`|  n\d+ (-->|-\.->)(\|"[^"]*"\|)? n\d+|  classDef \w+ [#\w:,\- ]+|  class [n\d,]+ \w+)$`)
	rapid.Check(t, func(t *rapid.T) {
		hostile := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			`</text><script>alert(1)</script>`, `"]; click n0 "javascript:alert(1)"`, "]]>", "&lt;&#x3c;", "a\nend\n", "\x00\x1b[2J\u202e\ufffe\xff",
			`" onload="x`, "%%{init: {}}%%", "#quot;", "`**bold**`",
		}))
		g := small(&testing.T{})
		for i := range g.Nodes {
			g.Nodes[i].Text = hostile.Draw(t, "text")
			g.Nodes[i].Items = append(g.Nodes[i].Items, hostile.Draw(t, "item"))
			g.Nodes[i].Problems = []string{hostile.Draw(t, "problem")}
		}
		for i := range g.Edges {
			g.Edges[i].Label = hostile.Draw(t, "label")
		}
		g.File = hostile.Draw(t, "file")
		names, _ := elements(t, SVG(g))
		for name := range names {
			if !strings.Contains(strings.Join(ours, " "), name) {
				t.Fatalf("the picture has an element %s", name)
			}
		}
		for l := range strings.Lines(string(Mermaid(g))) {
			if !line.MatchString(strings.TrimSuffix(l, "\n")) {
				t.Fatalf("the chart has a line %q", l)
			}
		}
	})
}

// TestMeasures: what is wrapped or shortened fits, and nothing is lost that fits.
func TestMeasures(t *testing.T) {
	t.Parallel()
	if got := shorten("Poproszę o ofertę", textSize, 500); got != "Poproszę o ofertę" {
		t.Errorf("shortened to %q", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		s, room := rapid.String().Draw(t, "text"), rapid.Float64Range(60, 300).Draw(t, "room")
		lines := wrap(s, textSize, room, 3)
		if len(lines) > 3 {
			t.Fatalf("%d lines", len(lines))
		}
		for _, l := range append(lines, shorten(s, textSize, room)) {
			if width(l, textSize) > room {
				t.Fatalf("%q is %.0f wide, the room is %.0f", l, width(l, textSize), room)
			}
		}
	})
}
