package main

import (
	"bytes"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"zgoda/loadtest/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// What cannot be run says why and what to do, with exit status 3.
func TestCannotRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ args, want string }{
		{"", "accepts 1 arg"},
		{"nothing-like-it --url ws://127.0.0.1:1", "configs/load/nothing-like-it.yaml: no such file"},
		{"../../../configs/load/lead.yaml", "name the gateways with --url, or start some with --cluster 3"},
		{"../../../configs/load/lead.yaml --url ws://127.0.0.1:1", "is the gateway running"},
		{"../../../configs/load/lead.yaml --url ws://chat.example.com", "--i-own-this-target"},
		{"../../../configs/load/soak.yaml --url ws://127.0.0.1:1", "--no-faults"},
		{"../../../configs/load/lead.yaml --single --gateway /nowhere/zgoda", "`make build` makes it"},
		{"../../../configs/load/lead.yaml --url ws://127.0.0.1:1 --seed x", "--seed is"},
		{"../../../configs/load/lead.yaml --url ws://127.0.0.1:1 --expect turn<5", "write one like turn.p99<50ms"},
		{"../../../configs/load/lead.yaml --speed 3", "unknown flag"},
	} {
		var out, errOut bytes.Buffer
		if got := run(strings.Fields(c.args), &out, &errOut); got != report.ExitCannot {
			t.Errorf("%q: exit status %d", c.args, got)
		}
		if !strings.Contains(errOut.String(), c.want) {
			t.Errorf("%q says %q, want %q in it", c.args, errOut.String(), c.want)
		}
	}
}
