package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestRunbookNamesCommands: each command and each flag that the runbook of the alerts
// tells somebody to use at night is one of this program.
func TestRunbookNamesCommands(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../configs/prometheus/RUNBOOK.md")
	if err != nil {
		t.Fatal(err)
	}
	root, found := newRoot(), 0
	for _, m := range regexp.MustCompile("`zgoda ([^`]+)`").FindAllStringSubmatch(string(raw), -1) {
		found++
		var path, flags []string
		for _, arg := range strings.Fields(m[1]) {
			switch {
			case strings.HasPrefix(arg, "--"):
				flags = append(flags, strings.TrimPrefix(arg, "--"))
			case len(flags) == 0:
				path = append(path, arg)
			}
		}
		cmd, _, err := root.Find(path)
		if err != nil || cmd == root || len(path) > 1 && cmd.HasSubCommands() {
			t.Errorf("there is no command zgoda %s: %v", m[1], err)
			continue
		}
		for _, f := range flags {
			if cmd.Flags().Lookup(f) == nil && cmd.InheritedFlags().Lookup(f) == nil {
				t.Errorf("zgoda %s: there is no --%s", m[1], f)
			}
		}
	}
	if found < 10 {
		t.Errorf("%d commands were found", found)
	}
}
