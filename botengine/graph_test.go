package botengine

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// graphOf reads a small flow for a drawing.
func graphOf(t *testing.T, src string) *Graph {
	t.Helper()
	g, err := ReadGraph("f.yaml", []byte(src), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGraphOfAFlowThatCannotRun(t *testing.T) {
	g := graphOf(t, head+"  - {id: a, say: Hej, goto: bye}\n  - {id: b, say: Ho, goto: c}\n  - {id: c, set: {x: y}, goto: b}\n"+ends)
	var lost []string
	for _, n := range g.Nodes {
		if n.Unreached {
			lost = append(lost, n.ID)
		}
	}
	if !slices.Equal(lost, []string{"b", "c"}) || len(g.Problems) != 3 {
		t.Errorf("unreached are %v, problems\n%v", lost, g.Problems)
	}
	if n := g.Nodes[1]; len(n.Problems) != 2 {
		t.Errorf("step b has the problems %q", n.Problems)
	}
}

func TestGraphMarksWhatAsksTooEarly(t *testing.T) {
	src := head + "  - {id: m, choices: {text: M, options: [{id: x, label: Napisz}]}}\n  - {id: e, ask: {field: email, type: email, text: T, invalid: I}}\n" + ends
	g, err := ReadGraph("f.yaml", []byte(src), "pl", func(f *Flow) *Settings {
		s := demoSettings()
		s.Locales = f.Locales
		return s
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := g.Nodes[1]; !n.Contact || !n.Waits || len(n.Problems) != 1 {
		t.Errorf("the question is %+v", n)
	}
	want := []GraphEdge{{0, 1, "Napisz", RoleChoice}, {1, 2, "", RoleNext}, {1, 2, "failed", RoleFailed}}
	if !slices.Equal(g.Edges, want) {
		t.Errorf("edges are %+v", g.Edges)
	}
}

// TestGraphOfPeopleAndServers: every way out of a handoff and of a webhook is
// there, and silence is said.
func TestGraphOfPeopleAndServers(t *testing.T) {
	g := graphOf(t, `flow: f
locales: [pl]
remind: {after_ms: 90000, times: 2, text: T}
close: {after_ms: 7200000}
steps:
  - {id: m, choices: {text: M, options: [{id: x, label: X}]}, remind: none}
  - {id: h, handoff: {queue: q, text: T, away: w, unanswered: bye, after_ms: 60000}}
  - {id: w, webhook: {url: 'https://x.example/', fields: [n], save: {n: k}, failed: bye}}
  - {id: s, say: {by: n, one: '{{n}} a', few: b, many: c, other: '{{n|0}} d'}}
`+ends)
	want := []GraphEdge{
		{0, 1, "X", RoleChoice},
		{1, 2, "handed back", RoleNext},
		{1, 2, "away", RoleFailed},
		{1, 4, "unanswered", RoleFailed},
		{2, 3, "", RoleNext},
		{2, 4, "failed", RoleFailed},
		{3, 4, "", RoleNext},
	}
	if !slices.Equal(g.Edges, want) {
		t.Errorf("edges are %+v", g.Edges)
	}
	for _, c := range []struct {
		what      string
		got, want []string
	}{
		{"flow", g.Notes, []string{"reminder after 90 s, 2 times", "closed after 2 h"}},
		{"menu", g.Nodes[0].Items, []string{"no reminder"}},
		{"handoff", g.Nodes[1].Items, []string{"queue q, for 1 min"}},
		{"webhook", g.Nodes[2].Items, []string{"POST https://x.example/", "sends n", "n = k of the answer"}},
		{"counted", []string{g.Nodes[3].Text}, []string{"{{n|0}} d"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s says %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestGraphErrors(t *testing.T) {
	for src, want := range map[string]string{
		head + "  - {id: a, say: Hej, goto: by}\n" + ends: `f.yaml:4:29: there is no step "by"; did you mean "bye"?`,
		head + ends: `f.yaml:2:10: the flow has no texts in "en" (it has pl)`,
	} {
		if _, err := ReadGraph("f.yaml", []byte(src), "en", nil); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// FuzzReadGraph: a flow that Parse takes is drawn without problems, one that it
// refuses never is, and every edge has its ends.
func FuzzReadGraph(f *testing.F) {
	files, err := filepath.Glob("../configs/flows/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Add([]byte(head + "  - {id: a, say: Hej, goto: bye}\n  - {id: b, say: Ho}\n" + ends))
	f.Fuzz(func(t *testing.T, src []byte) {
		_, refused := Parse("f.yaml", src)
		g, err := ReadGraph("f.yaml", src, "", nil)
		if (err == nil && len(g.Problems) == 0) != (refused == nil) {
			t.Fatalf("Parse says %v, the drawing %v", refused, err)
		}
		if err != nil {
			return
		}
		for _, e := range g.Edges {
			if e.From < 0 || e.From >= len(g.Nodes) || e.To < 0 || e.To >= len(g.Nodes) {
				t.Fatalf("an edge leads nowhere: %+v", e)
			}
		}
	})
}
