// Package report shows a load run: live on a terminal, as a table, as JSON, and
// as one HTML page that needs nothing else to open.
package report

import (
	"time"

	"zgoda/loadtest/measure"
	"zgoda/loadtest/verdict"
)

// A Report is everything that a run has shown. Its JSON is for other programs.
type Report struct {
	Scenario string `json:"scenario"`
	About    string `json:"about,omitempty"`
	Seed     uint64 `json:"seed"`
	Site     string `json:"site"`
	// Targets are the gateways' addresses, Cluster says that they were the tool's
	// own.
	Targets   []string  `json:"targets"`
	Cluster   bool      `json:"cluster,omitempty"`
	Processes int       `json:"processes"`
	Started   time.Time `json:"started"`
	// Seconds is how long visitors were there, audit not counted.
	Seconds float64 `json:"seconds"`

	Verdict  Verdict             `json:"verdict"`
	Measures []Measure           `json:"measures"`
	Goals    []Goal              `json:"goals,omitempty"`
	Counts   map[string]int64    `json:"counts"`
	Points   []measure.Point     `json:"points"`
	Marks    []Mark              `json:"marks,omitempty"`
	Notes    []string            `json:"notes,omitempty"`
	Shapes   map[string][]Column `json:"shapes,omitempty"`
}

// A Verdict says whether promises were kept.
type Verdict struct {
	Kept bool `json:"kept"`
	// Checks counts comparisons by promise, Total is their sum.
	Checks     verdict.Checks      `json:"checks"`
	Total      int64               `json:"total"`
	Violations []verdict.Violation `json:"violations,omitempty"`
	// Broken is how many violations there were; of very many only the first are
	// kept.
	Broken int64 `json:"broken"`
	// Logs were read again, Unread could not be, for the reason Why.
	Logs   int64  `json:"logs"`
	Unread int64  `json:"unread,omitempty"`
	Why    string `json:"why,omitempty"`
	// Rows of the contact store were compared; Store is empty where none was
	// given.
	Store string `json:"store,omitempty"`
	Rows  int    `json:"rows,omitempty"`
	// Stopped says that the run was interrupted: what is said is about the part
	// that ran.
	Stopped bool `json:"stopped,omitempty"`
}

// A Measure is one latency over the whole run, in milliseconds.
type Measure struct {
	Of    string  `json:"of"`
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_ms"`
	P50   float64 `json:"p50_ms"`
	P90   float64 `json:"p90_ms"`
	P99   float64 `json:"p99_ms"`
	P999  float64 `json:"p99_9_ms"`
	P9999 float64 `json:"p99_99_ms"`
	Max   float64 `json:"max_ms"`
}

// A Goal is a target and what was measured.
type Goal struct {
	Target string  `json:"target"`
	Got    float64 `json:"got_ms"`
	Kept   bool    `json:"kept"`
}

// A Mark is something that was done to the cluster, or by the scenario.
type Mark struct {
	At   float64 `json:"at"` // seconds from the beginning
	For  float64 `json:"for,omitempty"`
	What string  `json:"what"`
	Err  string  `json:"error,omitempty"`
}

// A Column is one column of a histogram; From and To are in milliseconds.
type Column struct {
	From  float64 `json:"from"`
	To    float64 `json:"to"`
	Count int64   `json:"count"`
}

// MeasureOf works one latency out.
func MeasureOf(of string, h *measure.Histogram) Measure {
	ms := func(percent float64) float64 { return measure.Milliseconds(h.At(percent)) }
	return Measure{
		Of: of, Count: h.Count(), Mean: measure.Milliseconds(h.Mean()),
		P50: ms(50), P90: ms(90), P99: ms(99), P999: ms(99.9), P9999: ms(99.99), Max: ms(100),
	}
}

// GoalsMissed says whether some target was missed.
func (r *Report) GoalsMissed() bool {
	for _, g := range r.Goals {
		if !g.Kept {
			return true
		}
	}
	return false
}
