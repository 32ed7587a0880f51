package gateway_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite e2e/REQUIREMENTS.md from the tests")

const requirementsFile = "e2e/REQUIREMENTS.md"

// TestRequirements holds the table of requirements to the tests: an id is held by
// the tests that have it in their name or in the comment above them, and by the
// scenarios that have it in their first lines. `make requirements` rewrites it.
func TestRequirements(t *testing.T) {
	t.Parallel()
	want := requirementsTable(t, heldBy(t))
	if *update {
		if err := os.WriteFile(requirementsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(requirementsFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what the tests say; run `make requirements` and look at the difference", requirementsFile)
	}
}

var (
	idInText   = regexp.MustCompile(`\b([CE][1-9][0-9]?)\b`)
	idsInName  = regexp.MustCompile(`^(?:Test|Fuzz)((?:[PCE][0-9]+)+)_`)
	oneIDName  = regexp.MustCompile(`[PCE][0-9]+`)
	idsInFile  = regexp.MustCompile(`^(?:[CE][0-9]+_)`)
	zeroFilled = regexp.MustCompile(`^([CE])0`)
)

// heldBy maps every id to the tests that hold it, as package TestName.
func heldBy(t *testing.T) map[string][]string {
	t.Helper()
	held := map[string][]string{}
	note := func(id, by string) {
		id = zeroFilled.ReplaceAllString(id, "$1")
		if !slices.Contains(held[id], by) {
			held[id] = append(held[id], by)
		}
	}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && d.Name() != "..") {
			return errorOrSkip(err)
		}
		switch {
		case strings.HasSuffix(path, "_test.go"), strings.Contains(filepath.ToSlash(path), "storetest/") && strings.HasSuffix(path, ".go"):
			return notedTests(path, note)
		case strings.HasSuffix(path, ".txt") && strings.Contains(filepath.ToSlash(path), "botengine/testdata/"):
			return notedScenario(path, note)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for id := range held {
		slices.Sort(held[id])
	}
	return held
}

func errorOrSkip(err error) error {
	if err != nil {
		return err
	}
	return filepath.SkipDir
}

// notedTests notes the ids of the tests of a file. The suites of storetest are
// functions that no test's name begins with; their comments count.
func notedTests(path string, note func(id, by string)) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return err
	}
	place := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
	suite := strings.HasSuffix(place, "storetest")
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !suite && !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
			continue
		}
		by := place + " " + f.Name.Name
		if m := idsInName.FindStringSubmatch(f.Name.Name); m != nil {
			for _, id := range oneIDName.FindAllString(m[1], -1) {
				note(id, by)
			}
		}
		for _, m := range idInText.FindAllStringSubmatch(f.Doc.Text(), -1) {
			note(m[1], by)
		}
	}
	return nil
}

// notedScenario notes the ids in the first lines of a scenario.
func notedScenario(path string, note func(id, by string)) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(filepath.Base(path), ".txt")
	by := "botengine TestScenarios/" + name
	if id := strings.TrimSuffix(idsInFile.FindString(name), "_"); id != "" {
		note(id, by)
	}
	for line := range strings.Lines(string(src)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		for _, m := range idInText.FindAllStringSubmatch(line, -1) {
			note(m[1], by)
		}
	}
	return nil
}

func requirementsTable(t *testing.T, held map[string][]string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Consent: requirement → test\n\n" +
		"Made by `make requirements` from the tests: an id is held by the tests that have it in their name or in the comment\n" +
		"above them. A test that fails when the table is not up to date keeps it so.\n\n" +
		"*Superseded*: another decision stands in its place (in brackets). *Later*: not part of this version. *In part*: what is\n" +
		"named is later or superseded, the rest is held by the tests named. **Not yet held**: no test says so.\n\n")
	counts := map[string]int{}
	known := map[string]bool{}
	for _, part := range []struct {
		title string
		list  []requirement
	}{{"Requirements", requirements}, {"Edge cases", edgeCases}} {
		fmt.Fprintf(&b, "## %s\n\n| id | what | held by |\n|---|---|---|\n", part.title)
		for _, r := range part.list {
			known[r.id] = true
			status, cell := r.cell(held[r.id])
			counts[status]++
			fmt.Fprintf(&b, "| %s | %s | %s |\n", r.id, r.what, cell)
		}
		b.WriteByte('\n')
	}
	for id := range held {
		if (id[0] == 'C' || id[0] == 'E') && !known[id] {
			t.Errorf("%v name %s, which is no requirement", held[id], id)
		}
	}
	fmt.Fprintf(&b, "Held: %d, in part: %d, not yet: %d, later: %d, superseded: %d.\n",
		counts["held"], counts["part"], counts["open"], counts["later"], counts["superseded"])
	return b.String()
}

// cell words what holds a requirement.
func (r requirement) cell(tests []string) (status, cell string) {
	var list string
	for i, by := range tests {
		if i > 0 {
			list += "<br>"
		}
		list += "`" + by + "`"
	}
	switch {
	case r.superseded != "":
		return "superseded", join("*superseded* ("+r.superseded+")", list)
	case r.later:
		return "later", join("*later*", list)
	case list == "":
		return "open", join("**not yet held**", partly(r.part))
	case r.part != "":
		return "part", join(partly(r.part), list)
	}
	return "held", list
}

func partly(part string) string {
	if part == "" {
		return ""
	}
	return "*in part*: " + part
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "<br>" + b
}
