package loadtest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"zgoda/loadtest/contacts"
	"zgoda/loadtest/measure"
	"zgoda/loadtest/report"
	"zgoda/loadtest/verdict"
)

const (
	watchEvery   = time.Second
	compareEvery = 500 * time.Millisecond
)

// hear takes what part i says.
func (r *run) hear(i int, m message) {
	if m.Second != nil {
		if err := r.series.Add(m.Second); err != nil {
			r.note(err.Error())
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case m.Violation != nil:
		r.keep(*m.Violation)
	case m.Read != nil:
		r.read[i] = *m.Read
	case m.Part != nil:
		r.verdict.Checks.Add(m.Part.Checks)
		r.verdict.Logs += m.Part.Logs
		r.verdict.Unread += m.Part.Unread
		if m.Part.Why != "" {
			r.verdict.Why = m.Part.Why
		}
		r.expected = append(r.expected, m.Part.Expected...)
	}
}

// keep keeps a violation. mu is held.
func (r *run) keep(v verdict.Violation) {
	r.verdict.Broken++
	if len(r.verdict.Violations) < maxKept {
		r.verdict.Violations = append(r.verdict.Violations, v)
	}
}

func (r *run) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, text)
	}
}

func (r *run) mark(m report.Mark) {
	r.mu.Lock()
	r.marks = append(r.marks, m)
	r.mu.Unlock()
}

func (r *run) setPhase(phase string) {
	r.mu.Lock()
	r.phase = phase
	r.mu.Unlock()
}

// compare holds the contact store to what visitors did. Rows may still be on
// their way: what differs is looked at again until Settle has passed.
func (r *run) compare(ctx context.Context) error {
	if (r.opts.Store == contacts.Store{}) {
		return nil
	}
	r.setPhase("comparing the contact store")
	until := time.Now().Add(r.opts.Settle)
	how := verdict.Comparison{Alone: r.opts.Alone, Since: r.start}
	for {
		rows, err := r.opts.Store.Read(ctx, r.s.Site)
		if err != nil {
			return cannot("the contact store cannot be read: %w", err)
		}
		found, checks := verdict.Compare(r.expected, rows, how)
		if len(found) == 0 || time.Now().After(until) {
			r.mu.Lock()
			defer r.mu.Unlock()
			for _, v := range found {
				r.keep(v)
			}
			r.verdict.Checks.Add(checks)
			r.verdict.Rows = len(rows)
			if r.verdict.Store = "sqlite"; r.opts.Store.Postgres != "" {
				r.verdict.Store = "postgres"
			}
			return nil
		}
		select {
		case <-time.After(compareEvery):
		case <-ctx.Done():
			return cannot("stopped")
		}
	}
}

// watch tells the caller how it goes.
func (r *run) watch(ctx context.Context) {
	if r.opts.Watch == nil {
		return
	}
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		r.opts.Watch(r.status())
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// status is what a live view shows.
func (r *run) status() report.Status {
	points := r.series.Points()
	s := report.Status{
		Scenario: r.s.Name, Length: r.s.Length(), Passed: max(time.Since(r.start), 0),
		Counts: r.series.Counts(),
	}
	if len(points) > 0 {
		s.Now = points[len(points)-1]
	}
	for _, of := range []string{measure.Connect, measure.First, measure.Turn, measure.Resume, measure.Takeover, measure.Operator} {
		s.Measures = append(s.Measures, report.MeasureOf(of, r.series.Times(of)))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s.Phase, s.Broken, s.Checks, s.Marks = r.phase, r.verdict.Broken, r.verdict.Checks.Total(), slices.Clone(r.marks)
	for _, p := range r.read {
		s.Read += p.Done
		s.ToRead += p.Of
	}
	if n := len(r.verdict.Violations); n > 0 {
		s.Last = r.verdict.Violations[n-1].What
	}
	return s
}

// report puts everything together. stopped says that the visits were ended early.
func (r *run) report(urls []string, stopped bool) *report.Report {
	r.series.Finish()
	points := r.series.Points()
	out := &report.Report{
		Scenario: r.s.Name, About: r.s.About, Seed: r.s.Seed, Site: r.s.Site, Targets: urls, Cluster: r.cluster != nil,
		Processes: r.opts.Processes, Started: r.start, Seconds: float64(len(points)), Counts: r.series.Counts(), Points: points,
		Shapes: map[string][]report.Column{},
	}
	for _, of := range []string{measure.Connect, measure.First, measure.Turn, measure.Resume, measure.Takeover, measure.Operator, measure.Lag} {
		h := r.series.Times(of)
		out.Measures = append(out.Measures, report.MeasureOf(of, h))
		out.Shapes[of] = report.Columns(h)
	}
	for _, t := range r.s.Expect {
		h := r.series.Times(t.Measure)
		got := h.At(t.Of)
		out.Goals = append(out.Goals, report.Goal{Target: t.String(), Got: measure.Milliseconds(got), Kept: h.Count() > 0 && got < t.Below})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortFunc(r.marks, func(a, b report.Mark) int { return cmp.Compare(a.At, b.At) })
	out.Marks = r.marks
	out.Verdict = r.verdict
	out.Verdict.Stopped = stopped
	out.Verdict.Total = r.verdict.Checks.Total()
	// A run in which nothing could be checked keeps no promise.
	out.Verdict.Kept = r.verdict.Broken == 0 && r.verdict.Unread == 0 && out.Verdict.Total > 0
	out.Notes = append(slices.Clone(r.notes), r.remarks(out)...)
	return out
}

// remarks say what a reader of the figures should know.
func (r *run) remarks(out *report.Report) []string {
	var notes []string
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	for _, m := range out.Measures {
		const late = 20 // ms
		if m.Of == measure.Lag && m.P99 > late {
			add("the tool itself was late by %.0f ms at the 99th percentile: this machine is too busy, and latencies hold that too", m.P99)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(out.Counts)) {
		if strings.Contains(name, "rate_limited") || name == "handshake status 503" {
			add("%d × %s: the target limits one address; more addresses come with --sources, and its limits are in configs/zgoda.yaml", out.Counts[name], name)
			break
		}
	}
	if n := out.Counts[measure.GaveUp]; n > 0 {
		add("%d visitors could not go through with their visit in time", n)
	}
	if out.Verdict.Unread > 0 {
		add("%d logs could not be read again: %s", out.Verdict.Unread, out.Verdict.Why)
	}
	if out.Verdict.Store == "" {
		add("no contact store was compared: name it with --postgres or --sqlite")
	}
	if out.Verdict.Stopped {
		add("the run was interrupted: the verdict is about the part that ran")
	}
	return notes
}
