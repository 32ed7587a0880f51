package measure

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// What latencies are measured of. All but Lag are a server's; that is the
// tool's own: how late it was itself.
const (
	Connect = "connect"
	First   = "first"
	Turn    = "turn"
	Resume  = "resume"
	Lag     = "lag"
	// Operator is from when an operator's line was due until the visitor saw it,
	// Takeover until the takeover was answered.
	Operator = "operator"
	Takeover = "takeover"
)

// What is counted. Others are counted under their own names: close codes,
// error codes, reasons of refused handshakes.
const (
	Planned  = "planned"  // visitors who should have come
	Arrived  = "arrived"  // visitors who came
	Left     = "left"     // visitors who went through with their visit
	GaveUp   = "gave_up"  // visitors who could not
	Acts     = "acts"     // inputs that were answered
	Events   = "events"   // events that were shown
	Opened   = "opened"   // sockets
	Lost     = "lost"     // sockets that ended without being closed by the visitor
	Resets   = "resets"   // logs that were begun anew
	Cut      = "cut"      // idle sockets cut by the scenario
	Checks   = "checks"   // comparisons of the verdict
	Broken   = "broken"   // violations
	Repeated = "repeated" // inputs sent again
	Taken    = "taken_over"
	Spoken   = "operators_lines"
	Served   = "answered_by_a_person"     // visitors who asked for one and were answered
	Unserved = "not_answered_by_a_person" // visitors who asked for one in vain
)

// A Second is what happened in one second of a run, in one process or merged.
type Second struct {
	// At counts seconds from the beginning of the run.
	At     int                   `json:"at"`
	Times  map[string]*Histogram `json:"times,omitempty"`
	Counts map[string]int64      `json:"counts,omitempty"`
	// Sockets is how many are open at its end, with a visitor and idle; Waiting
	// how many visitors wait for an answer.
	Active  int64 `json:"active"`
	Idle    int64 `json:"idle"`
	Waiting int64 `json:"waiting"`
	// CPU is the share of one core that the tool itself used.
	CPU float64 `json:"cpu"`
}

// merge adds another process's second.
func (s *Second) merge(o *Second) error {
	for name, h := range o.Times {
		if s.Times == nil {
			s.Times = map[string]*Histogram{}
		}
		if s.Times[name] == nil {
			s.Times[name] = NewHistogram()
		}
		if err := s.Times[name].Merge(h); err != nil {
			return err
		}
	}
	if s.Counts == nil {
		s.Counts = map[string]int64{}
	}
	for name, n := range o.Counts {
		s.Counts[name] += n
	}
	s.Active += o.Active
	s.Idle += o.Idle
	s.Waiting += o.Waiting
	s.CPU += o.CPU
	return nil
}

// A Recorder takes what visitors of this process measure. Its methods may be
// called concurrently.
type Recorder struct {
	// Gauges that callers move up and down.
	Active, Idle, Waiting atomic.Int64

	mu     sync.Mutex // guards the fields below
	times  map[string]*Histogram
	counts map[string]int64
	cpu    time.Duration
	cutAt  time.Time
}

// NewRecorder returns an empty recorder.
func NewRecorder() *Recorder {
	return &Recorder{times: map[string]*Histogram{}, counts: map[string]int64{}, cpu: processCPU(), cutAt: time.Now()}
}

// Time records one latency.
func (r *Recorder) Time(of string, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.times[of]
	if h == nil {
		h = NewHistogram()
		r.times[of] = h
	}
	h.Record(d)
}

// Count adds to a count.
func (r *Recorder) Count(of string, n int64) {
	r.mu.Lock()
	r.counts[of] += n
	r.mu.Unlock()
}

// Cut returns what came since the last call and begins the next second.
func (r *Recorder) Cut(at int) *Second {
	s := &Second{At: at, Active: r.Active.Load(), Idle: r.Idle.Load(), Waiting: r.Waiting.Load()}
	r.mu.Lock()
	defer r.mu.Unlock()
	cpu, now := processCPU(), time.Now()
	if passed := now.Sub(r.cutAt); passed > 0 {
		s.CPU = float64(cpu-r.cpu) / float64(passed)
	}
	r.cpu, r.cutAt = cpu, now
	s.Counts = maps.Clone(r.counts)
	clear(r.counts)
	s.Times = make(map[string]*Histogram, len(r.times))
	for name, h := range r.times {
		if h.Count() > 0 {
			s.Times[name] = h
		}
	}
	r.times = map[string]*Histogram{}
	return s
}
