package gateway_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows is DESIGN.md's table: what each package may import of ours, directly.
// A package that is not listed fails the test, so nobody adds "util".
var arrows = map[string][]string{
	"botengine":               {},
	"persistence":             {},
	"persistence/seal":        {"persistence"},
	"persistence/sqlitestore": {"persistence"},
	"persistence/flusher":     {"persistence"},
	"persistence/storetest":   {"persistence"},
	"persistence/redisstore":  {"persistence"},
	"persistence/pgstore":     {"persistence"},
	"persistence/servers":     {},
	"gateway/protocol":        {},
	"gateway/socket":          {"gateway/protocol"},
	"gateway/live":            {"gateway/protocol", "persistence"},
	"gateway/site":            {"botengine"},
	"gateway/auth":            {},
	"gateway/staff":           {"persistence"},
	"gateway/desk":            {"gateway/protocol", "persistence"},
	"gateway/receipt":         {"gateway/site", "persistence"},
	"gateway/access":          {"gateway/site", "gateway/protocol", "persistence"},
	"gateway/chat":            {"gateway/protocol", "gateway/site", "botengine", "persistence"},
	"gateway/effects":         {},
	"gateway/widget":          {},
	"gateway/console":         {},
	"gateway/client":          {"gateway/protocol"},
	"gateway/consoleapi":      {"gateway/protocol", "gateway/site", "gateway/staff", "gateway/desk", "persistence"},
	"gateway/httpapi": {
		"gateway/protocol", "gateway/socket", "gateway/live", "gateway/chat", "gateway/auth", "gateway/site",
		"gateway/receipt", "gateway/access", "gateway/widget", "gateway/console", "gateway/staff", "gateway/desk", "botengine",
	},
	"gateway": {
		"gateway/protocol", "gateway/socket", "gateway/live", "gateway/chat", "gateway/auth", "gateway/site",
		"gateway/staff", "gateway/desk", "gateway/consoleapi", "gateway/httpapi", "gateway/effects", "gateway/receipt", "gateway/access", "gateway/telemetry", "botengine", "persistence", "persistence/seal", "persistence/flusher", "persistence/sqlitestore", "persistence/redisstore",
		"persistence/pgstore",
	},
	"gateway/e2e":       {},
	"gateway/terminal":  {},
	"gateway/flowdoc":   {"botengine"},
	"gateway/flowgraph": {"botengine"},
	"gateway/flowchat":  {"botengine", "gateway/site", "gateway/terminal"},
	"loadtest": {
		"gateway/client", "gateway/protocol", "loadtest/cluster", "loadtest/contacts", "loadtest/measure", "loadtest/report",
		"loadtest/scenario", "loadtest/staff", "loadtest/verdict", "loadtest/visitor",
	},
	"loadtest/staff":          {"gateway/client", "gateway/protocol", "loadtest/measure", "loadtest/scenario", "loadtest/verdict", "loadtest/visitor"},
	"gateway/telemetry":       {},
	"loadtest/scenario":       {},
	"loadtest/measure":        {},
	"loadtest/mutants":        {},
	"loadtest/verdict":        {"gateway/protocol", "persistence"},
	"loadtest/contacts":       {"loadtest/verdict"},
	"loadtest/report":         {"loadtest/measure", "loadtest/verdict"},
	"loadtest/visitor":        {"gateway/client", "gateway/protocol", "loadtest/measure", "loadtest/scenario", "loadtest/verdict"},
	"loadtest/cluster":        {"gateway/client", "loadtest/staff", "loadtest/contacts", "loadtest/report", "loadtest/scenario", "persistence/servers"},
	"loadtest/cmd/zgoda-load": {"loadtest", "loadtest/report"},
	"gateway/cmd/zgoda": {
		"gateway", "gateway/httpapi", "gateway/site", "persistence", "botengine",
		"gateway/flowdoc", "gateway/flowgraph", "gateway/flowchat", "gateway/terminal", "gateway/receipt", "gateway/access",
	},
}

// banned is what a package must not import from outside.
var banned = map[string][]string{
	"botengine":               {"context", "net", "net/http", "os", "log", "log/slog", "sync", "math/rand", "math/rand/v2", "crypto/rand"},
	"persistence":             {"net", "net/http", "database/sql", "github.com/redis/go-redis/v9", "github.com/jackc/pgx/v5"},
	"gateway/protocol":        {"net", "net/http"},
	"gateway/live":            {"github.com/coder/websocket"},
	"gateway/chat":            {"github.com/coder/websocket", "github.com/redis/go-redis/v9", "github.com/jackc/pgx/v5", "database/sql"},
	"gateway/httpapi":         {"github.com/coder/websocket", "database/sql"},
	"persistence/sqlitestore": {"github.com/coder/websocket", "net/http"},
	"persistence/flusher":     {"database/sql", "net/http"},
}

type goPackage struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

func TestArrows(t *testing.T) {
	t.Parallel()
	for _, p := range goList(t) {
		name := strings.TrimPrefix(p.ImportPath, "zgoda/")
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		allowed, listed := arrows[name]
		if !listed {
			t.Errorf("%s is not in the table of arrows: give it a place in ARCHITECTURE.md and here, or put its code where it belongs", name)
			continue
		}
		for _, i := range p.Imports {
			ours, isOurs := strings.CutPrefix(i, "zgoda/")
			if isOurs && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, which its arrow does not allow", name, ours)
			}
			if slices.Contains(banned[name], i) {
				t.Errorf("%s imports %s, which it must not", name, i)
			}
		}
	}
}

func TestTopLevelIsTheLayout(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "git", "-C", "..", "ls-files").Output()
	if err != nil {
		t.Skipf("LOUD: the top level is checked in a git checkout only: %v", err)
	}
	allowed := []string{"gateway", "botengine", "persistence", "loadtest", "configs", "go.mod", "go.sum", "Makefile", "README.md", "ARCHITECTURE.md", "SECURITY.md", "LICENSE"}
	for file := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(strings.TrimSpace(file), "/")
		if !strings.HasPrefix(top, ".") && !slices.Contains(allowed, top) {
			t.Errorf("%s does not belong at the top level", top)
		}
	}
}

func goList(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,GoFiles", "zgoda/...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		switch err := dec.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages
		case err != nil:
			t.Fatalf("decode go list: %v", err)
		}
		packages = append(packages, p)
	}
}
