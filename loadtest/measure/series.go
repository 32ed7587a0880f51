package measure

import (
	"slices"
	"sync"
	"time"
)

// A Point is a second of a series with its percentiles worked out: histograms of
// thousands of seconds would be large.
type Point struct {
	At      int              `json:"at"`
	Counts  map[string]int64 `json:"counts,omitempty"`
	Times   map[string]Spot  `json:"times,omitempty"`
	Active  int64            `json:"active"`
	Idle    int64            `json:"idle"`
	Waiting int64            `json:"waiting"`
	CPU     float64          `json:"cpu"`
}

// A Spot is a distribution in a few numbers, in milliseconds.
type Spot struct {
	Count int64   `json:"count"`
	P50   float64 `json:"p50_ms"`
	P99   float64 `json:"p99_ms"`
	Max   float64 `json:"max_ms"`
}

// A Series is a whole run: each second and the sum. Seconds of several processes
// come in any order. Its methods may be called concurrently.
type Series struct {
	mu sync.Mutex // guards the fields below
	// open seconds may still be added to by other processes.
	open   map[int]*Second
	parts  map[int]int
	points []Point
	total  Second
	of     int
}

// NewSeries returns the series of a run of so many processes.
func NewSeries(processes int) *Series {
	return &Series{open: map[int]*Second{}, parts: map[int]int{}, of: processes, total: Second{Times: map[string]*Histogram{}, Counts: map[string]int64{}}}
}

// Add takes one process's second.
func (s *Series) Add(part *Second) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	whole := s.open[part.At]
	if whole == nil {
		whole = &Second{At: part.At}
		s.open[part.At] = whole
	}
	if err := whole.merge(part); err != nil {
		return err
	}
	if err := s.total.merge(part); err != nil {
		return err
	}
	if s.parts[part.At]++; s.parts[part.At] >= s.of {
		s.close(part.At)
	}
	return nil
}

// close turns a second into a point. mu is held.
func (s *Series) close(at int) {
	whole := s.open[at]
	delete(s.open, at)
	delete(s.parts, at)
	p := Point{At: at, Counts: whole.Counts, Times: map[string]Spot{}, Active: whole.Active, Idle: whole.Idle, Waiting: whole.Waiting, CPU: whole.CPU}
	for name, h := range whole.Times {
		p.Times[name] = Spot{Count: h.Count(), P50: Milliseconds(h.At(50)), P99: Milliseconds(h.At(99)), Max: Milliseconds(h.At(100))}
	}
	s.points = append(s.points, p)
}

// Milliseconds returns a time as a number of milliseconds.
func Milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Points returns the seconds that every process has reported, in order.
func (s *Series) Points() []Point {
	s.mu.Lock()
	defer s.mu.Unlock()
	points := slices.Clone(s.points)
	slices.SortFunc(points, func(a, b Point) int { return a.At - b.At })
	return points
}

// Finish takes the seconds that not every process has reported as they are.
func (s *Series) Finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := range s.open {
		s.close(at)
	}
}

// Count returns the sum of a count.
func (s *Series) Count(of string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total.Counts[of]
}

// Counts returns all sums.
func (s *Series) Counts() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make(map[string]int64, len(s.total.Counts))
	for name, n := range s.total.Counts {
		out[name] = n
	}
	return out
}

// Times returns a copy of everything measured of a kind; empty where nothing was.
func (s *Series) Times(of string) *Histogram {
	out := NewHistogram()
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.total.Times[of]; h != nil {
		// Both have the same bounds, so nothing can be dropped.
		_ = out.Merge(h)
	}
	return out
}
