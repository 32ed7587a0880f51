package loadtest

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"zgoda/loadtest/mutants"
	"zgoda/loadtest/report"
)

// every kind of visitor, fast.
const everybody = `
name: everybody
arrivals: {phases: [{shape: steady, seconds: 2.5, per_second: 16}]}
finish_seconds: 8
visitors:
  mix: {agrees: 4, declines: 1, questions: 1, wrong_answers: 2, abandons: 4, reloads: 1, second_tab: 1, withdraws: 1, asks_person: 1, reads_slowly: 1, sends_garbage: 1}
  enter: offer
  questions: ["When do you open on Saturdays?", "How much is delivery?", "Do you sell submarines?"]
  think_ms: {shape: uniform, from: 20, to: 300}
  typing_ms: {shape: fixed, value: 1}
  reconnect_ms: {first: 200, max: 1000}
operators: {count: 3, take_after_ms: {shape: uniform, from: 20, to: 100}, think_ms: {shape: uniform, from: 200, to: 600}, typing_ms: {shape: fixed, value: 1}, then: {hand_back: 6, transfer: 2, close: 2}}
idle: {sockets: 20, per_second: 50}
`

// The verdict can fail: every mutant of the gateway is found, under the promise
// that it breaks, and the unchanged gateway passes the same run.
func TestMutantsAreFound(t *testing.T) {
	t.Parallel()
	sites, err := filepath.Abs(filepath.Join(moduleRoot, "configs", "sites"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs(moduleRoot)
	if err != nil {
		t.Fatal(err)
	}
	changed := program(t, "zgoda-mutants", func(out string) error { return mutants.Build(t.Context(), root, out) })
	o := Options{File: writeScenario(t, everybody), Single: true, Sites: sites, Settle: time.Second}
	t.Run("Unchanged", func(t *testing.T) {
		t.Parallel()
		o := o
		o.Binary = gatewayProgram(t)
		kept(t, o)
	})
	t.Run("Asleep", func(t *testing.T) {
		t.Parallel()
		o := o
		o.Binary = changed
		kept(t, o)
	})
	for _, m := range mutants.All {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			o := o
			o.Binary, o.Mutant = changed, m.Name
			r, err := Run(t.Context(), t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Exit() != report.ExitBroken {
				t.Fatalf("the mutant was not found: %s", r.Word())
			}
			broken := map[string]int{}
			for _, v := range r.Verdict.Violations {
				broken[v.Promise]++
			}
			if !slices.ContainsFunc(m.Breaks, func(p string) bool { return broken[p] > 0 }) {
				t.Errorf("found broken: %v, want one of %v", broken, m.Breaks)
			}
			t.Logf("found in %d checks: %v; for example %s", r.Verdict.Total, slices.Sorted(maps.Keys(broken)), r.Verdict.Violations[0])
		})
	}
}

// kept runs and wants every promise kept.
func kept(t *testing.T, o Options) *report.Report {
	t.Helper()
	r, err := Run(t.Context(), t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Verdict.Violations {
		t.Errorf("%s", v)
	}
	if r.Exit() == report.ExitBroken || r.Exit() == report.ExitCannot {
		t.Errorf("the verdict is %s: %v", r.Word(), r.Notes)
	}
	t.Logf("%s: %d checks in %d logs and %d rows", r.Word(), r.Verdict.Total, r.Verdict.Logs, r.Verdict.Rows)
	return r
}
