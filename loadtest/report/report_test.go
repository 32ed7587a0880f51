package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zgoda/loadtest/measure"
	"zgoda/loadtest/verdict"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// example is a small run with everything a report can show.
func example() *Report {
	h := measure.NewHistogram()
	for i := range 1000 {
		h.Record(time.Duration(i) * time.Millisecond)
	}
	r := &Report{
		Scenario: "<script>alert(1)</script>", About: "a & b", Targets: []string{"ws://127.0.0.1:1"}, Processes: 2, Seconds: 3,
		Measures: []Measure{MeasureOf(measure.Turn, h)}, Shapes: map[string][]Column{measure.Turn: Columns(h)},
		Counts: map[string]int64{measure.Arrived: 7}, Marks: []Mark{{At: 1, For: 1, What: "kill gateway 1"}},
		Goals:   []Goal{{Target: "turn.p99<50ms", Got: 990}},
		Verdict: Verdict{Checks: verdict.Checks{"P1": 5}, Total: 5, Kept: true},
	}
	for at := range 3 {
		r.Points = append(r.Points, measure.Point{At: at, Active: 5, CPU: 0.5, Counts: map[string]int64{}, Times: map[string]measure.Spot{measure.Turn: {Count: 1, P50: 1, P99: 10, Max: 100}}})
	}
	return r
}

// The exit status says what the verdict is: broken before missed, and not judged
// is not kept.
func TestExit(t *testing.T) {
	t.Parallel()
	for want, change := range map[int]func(r *Report){
		ExitMissed: func(*Report) {},
		ExitKept:   func(r *Report) { r.Goals[0].Kept = true },
		ExitBroken: func(r *Report) { r.Verdict.Broken, r.Verdict.Kept = 1, false },
		ExitCannot: func(r *Report) { r.Verdict.Unread, r.Verdict.Kept = 1, false },
	} {
		r := example()
		change(r)
		if got := r.Exit(); got != want {
			t.Errorf("exit %d, want %d", got, want)
		}
	}
}

// The page holds everything it needs, and nothing of it is taken for markup.
func TestPage(t *testing.T) {
	t.Parallel()
	r := example()
	r.Verdict.Broken = 1
	r.Verdict.Violations = []verdict.Violation{{Promise: "P1", What: "<b>hole</b>", Events: []string{"<i>seq 4</i>"}}}
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, never := range []string{"<script", "<b>hole", "<i>seq", "http://", "https://"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %q", never)
		}
	}
	for _, want := range []string{"&lt;b&gt;hole", "kill gateway 1", "<polyline", `class="bar"`, "missed"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := example().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back.Measures[0].Count != 1000 || back.Verdict.Total != 5 {
		t.Errorf("it came back as %+v, %v", back, err)
	}
}

// On a terminal the view is drawn over itself; elsewhere it is plain lines
// without escapes, and not too many.
func TestLive(t *testing.T) {
	t.Parallel()
	s := Status{Scenario: "lead", Phase: "visitors", Length: time.Minute, Counts: map[string]int64{}}
	var plain, terminal bytes.Buffer
	views := []*Live{NewLive(&plain, false), NewLive(&terminal, true)}
	for i := range 12 {
		s.Passed = time.Duration(i) * time.Second
		for _, v := range views {
			v.Show(s)
		}
	}
	if n := strings.Count(plain.String(), "\n"); n != 3 || strings.Contains(plain.String(), "\x1b") {
		t.Errorf("12 seconds gave %d plain lines:\n%s", n, plain.String())
	}
	if n := strings.Count(terminal.String(), "\x1b[J"); n != 11 {
		t.Errorf("12 seconds were drawn over %d times", n)
	}
}
