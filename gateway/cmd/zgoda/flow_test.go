package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"zgoda/botengine"
	"zgoda/gateway/flowdoc"
)

var flowDir = filepath.Join("..", "..", "..", "configs", "flows")

// flowFiles are the flows that come with the product.
func flowFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(flowDir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no example flows: %v", err)
	}
	return files
}

// ran is what a command printed and the status the program would end with.
type ran struct {
	out, err string
	status   int
}

// flowTool runs `zgoda flow …` as a person would type it.
func flowTool(t *testing.T, in string, args ...string) ran {
	t.Helper()
	var out, errs bytes.Buffer
	root := newRoot()
	root.SetIn(strings.NewReader(in))
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(append([]string{"flow"}, args...))
	status := report(root.ExecuteContext(t.Context()), &errs)
	return ran{out.String(), errs.String(), status}
}

const (
	flowHead = "flow: f\nlocales: [en]\nsteps:\n"
	flowEnd  = "  - {id: bye, end: true}\n"
	menu     = "  - {id: menu, choices: {text: M, options: [{id: a, label: A, goto: card}, {id: b, label: B, goto: bye}]}}\n"
	card     = "  - {id: card, consent: {purposes: [lead_contact], granted: mail, declined: bye}}\n"
	mail     = "  - {id: mail, ask: {field: email, type: email, text: T, invalid: I}}\n"
)

// badInput is the list of mistakes of the flow language, each with the exact
// output of the check. seen: the JSON Schema sees it, too.
var badInput = []struct {
	name, src, want string
	seen            bool
}{
	{"unknown key", flowHead + "  - {id: a, say: Hi, gotto: bye}\n" + flowEnd, `FILE:4:22: a step has no key "gotto"; did you mean "goto"?`, true},
	{"unknown key at the top", "flow: f\nlocale: [en]\nlocales: [en]\nsteps:\n" + flowEnd, `FILE:2:1: the flow has no key "locale"; did you mean "locales"?`, true},
	{"missing text", "flow: f\nlocales: [en, pl]\nsteps:\n  - {id: a, say: {en: Hi}}\n" + flowEnd, `FILE:4:18: say has no text in "pl"`, false},
	{"missing key", flowHead + "  - {id: a, ask: {field: x, type: text, text: T}}\n" + flowEnd, `FILE:4:18: ask needs "invalid"`, true},
	{"unreachable step", flowHead + "  - {id: a, say: Hi, goto: bye}\n  - {id: b, say: Ho}\n" + flowEnd, `FILE:5:5: step "b" cannot be reached from the start`, false},
	{
		"ask before consent", flowHead + strings.Replace(menu, "goto: bye", "goto: mail", 1) + card + mail + flowEnd,
		`FILE:6:5: step "mail" asks for "email" without a granted consent to lead_contact on this path: menu (b) → mail`, false,
	},
	{
		"ask after decline", flowHead + menu + strings.Replace(card, "declined: bye", "declined: mail", 1) + mail + flowEnd,
		`FILE:6:5: step "mail" asks for "email" without a granted consent to lead_contact on this path: menu (a) → card (declined) → mail`, false,
	},
	{"two steps of one name", flowHead + "  - {id: a, say: Hi}\n  - {id: a, say: Ho}\n" + flowEnd, `FILE:5:10: two steps are called "a"; the first is in line 4`, false},
	{
		"cycle without input", flowHead + "  - {id: a, say: Hi}\n  - {id: b, set: {x: y}, goto: a}\n" + flowEnd,
		"FILE:4:5: the flow can go round without waiting for the visitor: a → b → a\nFILE:6:5: step \"bye\" cannot be reached from the start", false,
	},
	{
		"wrong expression", flowHead + "  - {id: a, branch: {when: [{if: 'page === \"/a\"', goto: bye}], else: bye}}\n" + flowEnd,
		"FILE:4:42: wrong condition: unexpected token Operator(\"=\")\n    | page === \"/a\"\n    | .......^", false,
	},
	{
		"unknown name in an expression", flowHead + "  - {id: a, branch: {when: [{if: opened, goto: bye}], else: bye}}\n" + flowEnd,
		"FILE:4:34: wrong condition: unknown name opened\n    | opened\n    | ^", false,
	},
	{
		"a purpose no site has", flowHead + menu + strings.Replace(card, "lead_contact", "lead_contct", 1) + mail + flowEnd,
		`FILE:5:37: the site has no purpose "lead_contct" (it has lead_contact, marketing_email, marketing_phone, marketing_sms); did you mean "lead_contact"?`, false,
	},
	{
		"a field no site has", flowHead + menu + card + strings.Replace(mail, "field: email", "field: mail", 1) + flowEnd,
		`FILE:6:21: step "mail" asks for "mail", which the site's notice does not name (it names name, email, phone); did you mean "email"?`, false,
	},
	{"duplicate locale", "flow: f\nlocales: [en, en]\nsteps:\n" + flowEnd, `FILE:2:15: the locale "en" is listed twice`, false},
	{"tabs", "flow: f\nlocales: [en]\nsteps:\n\t- {id: a, end: true}\n", "FILE:4:1: indented with a tab; YAML wants spaces", false},
	{"a 1 MB file", flowHead + flowEnd + strings.Repeat("# padding\n", 110_000), "FILE:1:1: the file is larger than 1 MB", false},
	{"deep nesting", "flow: " + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "\n", "FILE:1:22: nested more than 16 levels deep", true},
	{
		"aliases that explode", "a: &a [x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b]\n",
		"FILE:1:4: anchors (&a) are not part of the flow language\nFILE:2:4: anchors (&b) are not part of the flow language\n" +
			"FILE:3:5: aliases (*b) are not part of the flow language: write the text out", true,
	},
	{"empty file", "", "FILE:1:1: the file is empty", true},
	{"not YAML", "flow: [\n", "FILE:2:1: not YAML: while parsing a flow node: did not find expected node content", false},
	{"not UTF-8", "flow: \xff\n", "FILE:1:1: the file is not UTF-8", false},
	{
		"a terminal's commands", flowHead + "  - {id: a, say: Hi, goto: \"\\e[2Jx\"}\n" + flowEnd,
		`FILE:4:28: there is no step "\x1b[2Jx"`, true,
	},
}

// TestFlowCheckBadInput runs every mistake through the command.
func TestFlowCheckBadInput(t *testing.T) {
	t.Parallel()
	for _, c := range badInput {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "f.yaml")
			if err := os.WriteFile(file, []byte(c.src), 0o600); err != nil {
				t.Fatal(err)
			}
			got := flowTool(t, "", "check", file)
			want := ran{strings.ReplaceAll(c.want, "FILE", file) + "\n", "", statusProblems}
			if got != want {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

// TestSchemaSeesWhatItCan: mistakes of form are found by an editor that knows the
// schema, and it never complains about what only the check can know.
func TestSchemaSeesWhatItCan(t *testing.T) {
	t.Parallel()
	schema := compiled(t)
	for _, file := range flowFiles(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance(t, src)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, c := range badInput {
		var v any
		if yaml.Load([]byte(c.src), &v) != nil {
			continue // no YAML, so nothing for a schema
		}
		if err := schema.Validate(v); (err != nil) != c.seen {
			t.Errorf("%s: the schema says %v, seen is to be %v", c.name, err, c.seen)
		}
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
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

func instance(t *testing.T, src []byte) any {
	t.Helper()
	var v any
	if err := yaml.Load(src, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestFlowCheckManyFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put := func(name, src string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := put("good.yaml", flowHead+menu+card+mail+flowEnd)
	bad := put("bad.yaml", flowHead+"  - {id: a, say: Hi, goto: by}\n"+flowEnd)
	wrong := bad + `:4:28: there is no step "by"; did you mean "bye"?` + "\n"
	missing := filepath.Join(dir, "missing.yaml")
	siteFile := func(change ...string) string {
		src := strings.NewReplacer(change...).Replace(`key: s
name: S
flow: somewhere-else.yaml
origins: [https://shop.example]
locales: [en]
region: PL
consent: {purposes: [{code: lead_contact}], fields: [email]}
`)
		return put("site-"+strings.Join(change, "-")[:min(8, len(strings.Join(change, "-")))]+".yaml", src)
	}
	twoLocales := siteFile("[en]", "[en, pl]")
	for _, c := range []struct {
		name string
		args []string
		want ran
	}{
		{"no mistakes", []string{"check", good}, ran{"", "", 0}},
		{"the product's own", append([]string{"check"}, flowFiles(t)...), ran{"", "", 0}},
		{"all files at once", []string{"check", bad, good, bad}, ran{wrong + wrong, "", 1}},
		{"a file that is not there", []string{"check", bad, missing}, ran{wrong, "zgoda: open " + missing + ": no such file or directory\n", 2}},
		{"a folder", []string{"check", dir}, ran{"", "zgoda: read " + dir + ": is a directory\n", 2}},
		{"no file", []string{"check"}, ran{"", "zgoda: name the flow files to check: zgoda flow check configs/flows/lead.yaml\n", 2}},
		{"an unknown flag", []string{"check", "--jsno", good}, ran{"", "zgoda: unknown flag: --jsno\n", 2}},
		{"a site that is not there", []string{"check", "--site", missing, good}, ran{"", "zgoda: open " + missing + ": no such file or directory\n", 2}},
		{"a site it fits, without its facts and its flow", []string{"check", "--site", siteFile(), good}, ran{"", "", 0}},
		{
			"a site with another field",
			[]string{"check", "--site", siteFile("[email]", "[name]"), good},
			ran{good + `:6:21: step "mail" asks for "email", which the site's notice does not name (it names name)` + "\n", "", 1},
		},
		{
			"a site with another language",
			[]string{"check", "--site", twoLocales, good},
			ran{good + `:2:10: the site speaks "pl", but the flow has no texts in it and declares no fallback` + "\n", "", 1},
		},
		{
			"a site with a mistake",
			[]string{"check", "--site", siteFile("region: PL", "region: poland"), bad},
			ran{filepath.Join(dir, "site-region: .yaml") + `:6:9: region "poland" is not a country code of two capital letters, as PL` + "\n" + wrong, "", 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := flowTool(t, "", c.args...); got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
	t.Run("json", func(t *testing.T) {
		t.Parallel()
		got := flowTool(t, "", "check", "--json", good, bad)
		var read struct {
			OK       bool          `json:"ok"`
			Problems []jsonProblem `json:"problems"`
		}
		if err := json.Unmarshal([]byte(got.out), &read); err != nil {
			t.Fatal(err)
		}
		want := jsonProblem{bad, 4, 28, `there is no step "by"; did you mean "bye"?`}
		if got.status != 1 || read.OK || len(read.Problems) != 1 || read.Problems[0] != want {
			t.Errorf("got status %d, %+v", got.status, read)
		}
		if got = flowTool(t, "", "check", "--json", good); got.status != 0 || got.out != "{\n  \"ok\": true,\n  \"problems\": []\n}\n" {
			t.Errorf("without mistakes it printed %d %s", got.status, got.out)
		}
	})
}

func TestFlowGraphCommand(t *testing.T) {
	t.Parallel()
	lost := filepath.Join(t.TempDir(), "lost.yaml")
	if err := os.WriteFile(lost, []byte(flowHead+"  - {id: a, say: Hi, goto: bye}\n  - {id: b, say: Ho}\n"+flowEnd), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range flowFiles(t) {
		for _, format := range []string{"svg", "mermaid"} {
			out := filepath.Join(t.TempDir(), "graph")
			if got := flowTool(t, "", "graph", file, "--format", format, "--out", out, "--locale", "en"); got != (ran{}) {
				t.Fatalf("%s %s: %+v", file, format, got)
			}
			if raw, err := os.ReadFile(out); err != nil || len(raw) < 500 {
				t.Errorf("%s %s: %d bytes, %v", file, format, len(raw), err)
			}
		}
	}
	got := flowTool(t, "", "graph", lost)
	if got.status != 0 || !strings.Contains(got.out, "✕ cannot be reached") || got.err != "note  "+lost+":5:5: step \"b\" cannot be reached from the start\n" {
		t.Errorf("a flow with a lost step: status %d, %s", got.status, got.err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"graph", lost, "--format", "png"}, `--format is "png"; it can be svg or mermaid`},
		{[]string{"graph", lost, "--locale", "de"}, `the flow has no texts in "de" (it has en)`},
		{[]string{"graph", filepath.Join(t.TempDir(), "none.yaml")}, "no such file"},
		{[]string{"graph"}, "accepts 1 arg"},
	} {
		if got := flowTool(t, "", c.args...); got.status != 1 || !strings.Contains(got.err, c.want) {
			t.Errorf("%v: %+v, want %q", c.args, got, c.want)
		}
	}
}

func TestFlowChatCommand(t *testing.T) {
	t.Parallel()
	for _, file := range flowFiles(t) {
		for _, extra := range [][]string{nil, {"--site", filepath.Join(sites, "demo.yaml")}} {
			args := append([]string{"chat", file, "--now", "2026-03-02T10:00:00Z", "--locale", "en"}, extra...)
			got := flowTool(t, "1\n:state\n:now +2h\n:undo\n", args...)
			if strings.HasSuffix(file, "lead.yaml") || extra == nil {
				if got.status != 0 || !strings.Contains(got.out, "> 1\nyou ") {
					t.Errorf("%v: %+v", args, got)
				}
			}
			if again := flowTool(t, "1\n:state\n:now +2h\n:undo\n", args...); again != got {
				t.Errorf("%v: the same lines gave another output", args)
			}
		}
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("flow: f\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"chat", bad}, "the flow cannot run:\n" + bad + `:1:1: the flow needs "locales"`},
		{[]string{"chat", bad, "--now", "today"}, `--now is "today"; write it as 2026-03-02T10:00:00Z`},
	} {
		if got := flowTool(t, "", c.args...); got.status != 1 || !strings.Contains(got.err, c.want) {
			t.Errorf("%v: %+v, want %q", c.args, got, c.want)
		}
	}
}
