package visitor

import (
	"context"
	"iter"
	"sync"
	"time"

	"zgoda/loadtest/measure"
	"zgoda/loadtest/scenario"
	"zgoda/loadtest/verdict"
)

// A Crowd is the visitors that one process of a run plays.
type Crowd struct {
	Scenario *scenario.Scenario
	Balancer *Balancer
	Recorder *measure.Recorder
	// Flow is the hash of the flow whose greeting visitors see, Origin the page
	// they are on.
	Flow   string
	Origin string
	// Part of Of processes plays every Of-th arrival.
	Part, Of int
	// OnViolation is told of each broken promise as it is found.
	OnViolation func(verdict.Violation)

	mu     sync.Mutex // guards visits
	visits []*verdict.Visit
}

// Run lets visitors arrive from start on and returns when all have left, or
// finish after the last arrival, or when ctx ends.
func (c *Crowd) Run(ctx context.Context, start time.Time) {
	visiting, cancel := context.WithCancel(ctx)
	defer cancel()
	var inside sync.WaitGroup
	for a := range c.mine() {
		due := start.Add(a.At)
		if !sleep(ctx, time.Until(due)) {
			break
		}
		c.Recorder.Time(measure.Lag, time.Since(due))
		c.Recorder.Count(measure.Planned, 1)
		inside.Go(func() { c.visit(visiting, a, due) })
	}
	// The last phase may end quietly.
	sleep(ctx, time.Until(start.Add(c.Scenario.Length())))
	late := time.AfterFunc(c.Scenario.Finish, cancel)
	defer late.Stop()
	inside.Wait()
}

// mine are the arrivals of this process.
func (c *Crowd) mine() iter.Seq[scenario.Arrival] {
	return func(yield func(scenario.Arrival) bool) {
		for a := range c.Scenario.Plan() {
			if a.Index%uint64(max(c.Of, 1)) == uint64(c.Part) && !yield(a) {
				return
			}
		}
	}
}

// Visits returns the records of everybody who came.
func (c *Crowd) Visits() []*verdict.Visit {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.visits
}

func (c *Crowd) keep(v *verdict.Visit) {
	c.mu.Lock()
	c.visits = append(c.visits, v)
	c.mu.Unlock()
}
