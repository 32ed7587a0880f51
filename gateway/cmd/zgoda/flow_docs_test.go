package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestSchemaAndReferenceAreOfThisCode: what is checked in is what the code makes.
func TestSchemaAndReferenceAreOfThisCode(t *testing.T) {
	t.Parallel()
	for file, args := range map[string][]string{
		"flow.schema.json": {"schema"},
		"REFERENCE.md":     {"schema", "--format", "markdown"},
	} {
		want, err := os.ReadFile(filepath.Join(flowDir, file))
		if err != nil {
			t.Fatal(err)
		}
		got := flowTool(t, "", args...)
		if got.status != 0 || got.out != string(want) {
			t.Errorf("%s is not of this code; run `make flow-docs`", file)
		}
	}
	if got := flowTool(t, "", "schema", "--format", "html"); got.status != 1 || !strings.Contains(got.err, "json or markdown") {
		t.Errorf("an unknown format: %+v", got)
	}
}

// TestFlowsNameTheirSchema: an editor finds it from the first line.
func TestFlowsNameTheirSchema(t *testing.T) {
	t.Parallel()
	for _, file := range flowFiles(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(src), "\n")
		name, ok := strings.CutPrefix(first, "# yaml-language-server: $schema=")
		if !ok {
			t.Errorf("%s begins with %q", file, first)
			continue
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(file), name)); err != nil {
			t.Errorf("%s names a schema that is not there: %v", file, err)
		}
	}
}

// fence finds the code blocks of a Markdown page, with what stands after the
// opening marks.
var fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

// TestTheLessonIsOfTheRealFlow: every snippet stands in an example flow word for
// word, most of them in lead.yaml, and every command prints what the page shows.
func TestTheLessonIsOfTheRealFlow(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(flowDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	lead, all := []byte("\n"), []byte("\n")
	for _, file := range flowFiles(t) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if all = append(all, src...); filepath.Base(file) == "lead.yaml" {
			lead = append(lead, src...)
		}
	}
	t.Chdir(t.TempDir())
	snippets, commands := 0, 0
	for _, m := range fence.FindAllSubmatch(page, -1) {
		kind, text := string(m[1]), m[2]
		switch name, isFile := strings.CutPrefix(kind, "yaml "); {
		case kind == "yaml":
			line := append([]byte("\n"), text...)
			if bytes.Contains(lead, line) {
				snippets++
			} else if !bytes.Contains(all, line) {
				t.Errorf("no example flow has\n%s", text)
			}
		case isFile:
			if err := os.WriteFile(name, text, 0o600); err != nil {
				t.Fatal(err)
			}
		case kind == "console":
			commands++
			line, want, _ := strings.Cut(string(text), "\n")
			words, ok := strings.CutPrefix(line, "$ zgoda flow ")
			if got := flowTool(t, "", strings.Fields(words)...); !ok || got.out+got.err != want {
				t.Errorf("%s\nprints %s%s\nthe page says %s", line, got.out, got.err, want)
			}
		default:
			t.Errorf("a block of kind %q", kind)
		}
	}
	if snippets < 8 || commands == 0 {
		t.Errorf("%d snippets of lead.yaml, %d commands", snippets, commands)
	}
}
