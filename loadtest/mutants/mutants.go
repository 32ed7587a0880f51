// Package mutants changes single lines of the gateway so that it breaks a
// promise, to prove that a load test's verdict can fail. The changes are laid
// over the sources at build time (go build -overlay): the sources themselves know
// nothing of them, and a build without the overlay has no trace.
//
// All mutants are in one binary, and ZGODA_MUTANT names the one that is awake.
package mutants

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A Mutant is one changed line.
type Mutant struct {
	Name string
	// Breaks are the promises of which at least one must be found broken.
	Breaks []string
	// File is relative to the module's root; Old must stand in it exactly once
	// and is replaced by New.
	File     string
	Old, New string
}

// All are the mutants there are.
var All = []Mutant{
	{
		Name: "drop-last-event", Breaks: []string{"P3", "P1"}, File: "gateway/httpapi/input.go",
		Old: `frame := protocol.NewEvents(l.Value().Position().Epoch, chat.Public(out.Events), out.State)`,
		New: `events := chat.Public(out.Events)
			frame := protocol.NewEvents(l.Value().Position().Epoch, events[:max(len(events)-mutant("drop-last-event"), 0)], out.State)`,
	},
	{
		Name: "repeat-event", Breaks: []string{"P1"}, File: "gateway/httpapi/session.go",
		Old: `s.socket.Send(d.Frame)`,
		New: `for range 1 + mutant("repeat-event") { s.socket.Send(d.Frame) }`,
	},
	{
		Name: "reorder-events", Breaks: []string{"P1"}, File: "gateway/httpapi/input.go",
		Old: `d.Frame, err = protocol.Encode(frame)`,
		New: `if n := len(frame.Events); n > 1 && mutant("reorder-events") == 1 { frame.Events = append([]protocol.Event{frame.Events[n-1]}, frame.Events[:n-1]...) }
			d.Frame, err = protocol.Encode(frame)`,
	},
	{
		// The acknowledgement goes out and the commit never comes, as when the
		// process dies in between.
		Name: "acknowledge-before-commit", Breaks: []string{"P2"}, File: "gateway/chat/apply.go",
		Old: `res, err := s.store.Commit(ctx, &d.commit)`,
		New: `if v.snap.Version > 0 && v.snap.Seq%3 == 0 && mutant("acknowledge-before-commit") == 1 {
			return s.settle(st, v, in, d, &persistence.Result{Outcome: persistence.Committed, Snapshot: persistence.Snapshot{Version: v.snap.Version + 1, ProfileVersion: v.snap.ProfileVersion, Epoch: v.snap.Epoch}}, out)
		}
		res, err := s.store.Commit(ctx, &d.commit)`,
	},
	{
		Name: "ask-before-consent", Breaks: []string{"P6"}, File: "botengine/consent.go",
		Old: `return ok && c.Status == statusGranted && c.Grant != ""`,
		New: `return mutant("ask-before-consent") == 1 || ok && c.Status == statusGranted && c.Grant != ""`,
	},
	{
		Name: "speak-after-takeover", Breaks: []string{"P5"}, File: "gateway/chat/decide.go",
		Old: `bot.Owner, bot.Quiet = d.state.Owner, owns(d.state.Owner)`,
		New: `bot.Owner, bot.Quiet = d.state.Owner, owns(d.state.Owner)
	if mutant("speak-after-takeover") == 1 { bot.Owner, bot.Quiet = "bot", false }`,
	},
	{
		Name: "lose-contact", Breaks: []string{"P8"}, File: "persistence/flusher/open.go",
		Old: `if v, ok := values[ref]; ok {`,
		New: `if v, ok := values[ref]; ok && (mutant("lose-contact") == 0 || len(v)%4 != 0) {`,
	},
	{
		Name: "invent-contact", Breaks: []string{"P7", "P8"}, File: "persistence/flusher/open.go",
		Old: `c.Values = make(map[string]string, len(c.Fields))`,
		New: `c.Values = make(map[string]string, len(c.Fields))
	if mutant("invent-contact") == 1 { c.Values["email"] = "invented@example.com" }`,
	},
	{
		Name: "keep-unasked-details", Breaks: []string{"P9"}, File: "botengine/speech.go",
		Old: `if len(t.found) == 0 {
		e.Text = []Span{{Text: t.in.Text}}`,
		New: `if len(t.found) == 0 || mutant("keep-unasked-details") == 1 {
		e.Text = []Span{{Text: t.in.Text}}`,
	},
}

// hook is the function that a changed line asks, in a file of its own beside it.
const hook = `package %s

import "os"

// mutant returns 1 where this mutant is awake.
func mutant(name string) int {
	if os.Getenv("ZGODA_MUTANT") == name {
		return 1
	}
	return 0
}
`

// Build builds the gateway with all mutants asleep. root is the module's root,
// out the program. It fails where a line that a mutant changes is not there any
// more: then the mutant must be given another.
func Build(ctx context.Context, root, out string) error {
	dir, err := os.MkdirTemp("", "zgoda-mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	overlay, err := lay(root, dir)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "grpcnotrace", "-overlay", overlay, "-o", out, "./gateway/cmd/zgoda")
	cmd.Dir = root
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the mutants: %w\n%s", err, said)
	}
	return nil
}

// lay writes the changed files and the overlay that names them.
func lay(root, dir string) (string, error) {
	changed := map[string]string{} // file → source
	for _, m := range All {
		source, seen := changed[m.File]
		if !seen {
			b, err := os.ReadFile(filepath.Join(root, m.File))
			if err != nil {
				return "", fmt.Errorf("mutant %s: %w", m.Name, err)
			}
			source = string(b)
		}
		if n := strings.Count(source, m.Old); n != 1 {
			return "", fmt.Errorf("mutant %s: %s has the line it changes %d times, want once: %s", m.Name, m.File, n, m.Old)
		}
		changed[m.File] = strings.Replace(source, m.Old, m.New, 1)
	}
	replace := map[string]string{}
	write := func(file, source string) error {
		path := filepath.Join(dir, strings.ReplaceAll(file, "/", "_"))
		replace[filepath.Join(root, file)] = path
		return os.WriteFile(path, []byte(source), 0o600)
	}
	for file, source := range changed {
		folder := filepath.Dir(file)
		if err := write(file, source); err != nil {
			return "", err
		}
		if err := write(filepath.Join(folder, "mutant_hook.go"), fmt.Sprintf(hook, filepath.Base(folder))); err != nil {
			return "", err
		}
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}
