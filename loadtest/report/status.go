package report

import (
	"time"

	"zgoda/loadtest/measure"
)

// A Status is how a run goes, for a live view.
type Status struct {
	Scenario string
	Phase    string
	Passed   time.Duration
	Length   time.Duration
	Now      measure.Point // the newest second
	Counts   map[string]int64
	Measures []Measure
	Broken   int64
	Checks   int64
	// Last is the newest violation.
	Last string
	// Read of ToRead logs were read again.
	Read, ToRead int
	Marks        []Mark
}

// Columns returns the distribution of a histogram in columns a fixed factor
// wide, for a plot with a logarithmic axis.
func Columns(h *measure.Histogram) []Column {
	const perDecade = 10
	edges := []float64{0.01}
	for len(edges) < 1+perDecade*8 {
		edges = append(edges, edges[len(edges)-1]*1.2589254117941673) // 10^(1/10)
	}
	columns := make([]Column, len(edges)-1)
	for i := range columns {
		columns[i] = Column{From: edges[i], To: edges[i+1]}
	}
	at := 0
	for _, b := range h.Bars() {
		middle := measure.Milliseconds((b.From + b.To) / 2)
		for at < len(columns)-1 && middle >= columns[at].To {
			at++
		}
		columns[at].Count += b.Count
	}
	first, last := -1, -1
	for i, c := range columns {
		if c.Count > 0 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	if first < 0 {
		return nil
	}
	return columns[first : last+1]
}
