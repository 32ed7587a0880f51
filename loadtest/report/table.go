package report

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"zgoda/loadtest/measure"
	"zgoda/loadtest/verdict"
)

// maxPrinted bounds the violations that are printed.
const maxPrinted = 20

// Print writes the report as a table.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "\n%s: %s\n", r.Scenario, r.About)
	fmt.Fprintf(w, "  %d visitors in %.0f s against %s, seed %d\n\n", r.Counts[measure.Arrived], r.Seconds, strings.Join(r.Targets, " "), r.Seed)
	fmt.Fprintf(w, "  %-9s %8s %9s %9s %9s %9s %9s %9s\n", "latency", "count", "p50", "p90", "p99", "p99.9", "p99.99", "max")
	for _, m := range r.Measures {
		name := m.Of
		if name == measure.Lag {
			name = "(tool)"
		}
		fmt.Fprintf(w, "  %-9s %8d %9s %9s %9s %9s %9s %9s\n", name, m.Count, ms(m.P50), ms(m.P90), ms(m.P99), ms(m.P999), ms(m.P9999), ms(m.Max))
	}
	fmt.Fprintln(w, "  Latencies count from when a visitor should have acted; (tool) is how late the tool itself was.")
	r.printCounts(w)
	for _, m := range r.Marks {
		fmt.Fprintf(w, "  fault     %5.1f s  %s, %.1f s long %s\n", m.At, m.What, m.For, m.Err)
	}
	fmt.Fprintln(w)
	for _, g := range r.Goals {
		word := "kept  "
		if !g.Kept {
			word = "MISSED"
		}
		fmt.Fprintf(w, "  target %s %s: %s\n", word, g.Target, ms(g.Got))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(w, "  note  %s\n", note)
	}
	r.printVerdict(w)
}

func (r *Report) printCounts(w io.Writer) {
	busiest, sum := 0.0, 0.0
	for _, p := range r.Points {
		busiest, sum = max(busiest, p.CPU), sum+p.CPU
	}
	fmt.Fprintf(w, "  tool      %.0f %% of a core on average, %.0f %% at the most, in %d process(es)\n", 100*sum/max(float64(len(r.Points)), 1), 100*busiest, r.Processes)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(r.Counts)) {
		if name != measure.Checks && name != measure.Broken {
			parts = append(parts, fmt.Sprintf("%s %d", strings.ReplaceAll(name, "_", " "), r.Counts[name]))
		}
	}
	line := "  counts   "
	for _, p := range parts {
		if len(line)+len(p) > 110 {
			fmt.Fprintln(w, line)
			line = "           "
		}
		line += " " + p + ","
	}
	fmt.Fprintln(w, strings.TrimSuffix(line, ","))
}

func (r *Report) printVerdict(w io.Writer) {
	v := &r.Verdict
	fmt.Fprintf(w, "\n  %-8s %10s  %s\n", "promise", "checks", "")
	broken := map[string]int{}
	for _, f := range v.Violations {
		broken[f.Promise]++
	}
	for _, p := range slices.Sorted(maps.Keys(verdict.Promises)) {
		if v.Checks[p] == 0 && broken[p] == 0 {
			continue
		}
		word := "kept"
		if broken[p] > 0 {
			word = "BROKEN"
		}
		fmt.Fprintf(w, "  %-8s %10d  %-6s %s\n", p, v.Checks[p], word, verdict.Promises[p])
	}
	for i, f := range v.Violations {
		if i == maxPrinted {
			fmt.Fprintf(w, "\n  … and %d more\n", v.Broken-maxPrinted)
			break
		}
		fmt.Fprintf(w, "\n  %s\n", f)
	}
	store := ""
	if v.Store != "" {
		store = fmt.Sprintf(" and %d visitors' rows in %s", v.Rows, v.Store)
	}
	fmt.Fprintf(w, "\n  %s: %d checks in %d logs%s\n", r.Word(), v.Total, v.Logs, store)
}

// Word is the verdict in a word.
func (r *Report) Word() string {
	switch {
	case r.Verdict.Broken > 0:
		return fmt.Sprintf("BROKEN (%d violations)", r.Verdict.Broken)
	case !r.Verdict.Kept:
		return "NOT JUDGED"
	case r.GoalsMissed():
		return "KEPT, TARGET MISSED"
	}
	return "KEPT"
}

// Exit statuses of the program.
const (
	ExitKept   = 0
	ExitBroken = 1
	ExitMissed = 2
	ExitCannot = 3
)

// Exit returns the exit status that the report calls for.
func (r *Report) Exit() int {
	switch {
	case r.Verdict.Broken > 0:
		return ExitBroken
	case !r.Verdict.Kept:
		return ExitCannot
	case r.GoalsMissed():
		return ExitMissed
	}
	return ExitKept
}

// WriteJSON writes the report for other programs.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}
