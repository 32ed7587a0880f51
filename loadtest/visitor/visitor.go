package visitor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"zgoda/gateway/client"
	"zgoda/loadtest/measure"
	"zgoda/loadtest/scenario"
	"zgoda/loadtest/verdict"
)

// patience is how long a visitor waits for one answer.
const patience = 60 * time.Second

// A visitor is one arrival of the plan.
type visitor struct {
	crowd *Crowd
	rand  *rand.Rand
	first *tab

	mu    sync.Mutex // guards the fields below
	visit *verdict.Visit
	found map[string]bool // violations told
	// heard are the operators' lines that some page has shown.
	heard map[uint64]bool
}

// visit plays one arrival from beginning to end.
func (c *Crowd) visit(ctx context.Context, a scenario.Arrival, due time.Time) {
	r := a.Rand()
	v := &visitor{crowd: c, rand: r, found: map[string]bool{}, heard: map[uint64]bool{}, visit: &verdict.Visit{
		Index: int64(a.Index), Kind: string(a.Kind), Secret: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64()),
	}}
	c.keep(v.visit)
	entering, cancel := context.WithTimeout(ctx, patience)
	t, err := v.newTab(entering, r, due)
	cancel()
	if err != nil {
		c.Recorder.Count(measure.GaveUp, 1)
		return
	}
	v.first = t
	c.Recorder.Time(measure.Connect, time.Since(due))
	c.Recorder.Count(measure.Arrived, 1)
	defer func() {
		v.first.close()
		v.mu.Lock()
		v.visit.Left = time.Now()
		v.mu.Unlock()
	}()
	if err := v.behave(ctx, a.Kind); err != nil {
		c.Recorder.Count(measure.GaveUp, 1)
		return
	}
	c.Recorder.Count(measure.Left, 1)
}

// named keeps the names that the server gave.
func (v *visitor) named(c *client.Client) {
	hello := c.Hello()
	_, instance, _ := c.Identity()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.visit.Visitor, v.visit.Conversation = hello.Visitor, hello.Conversation
	v.visit.ClientIndex(instance)
}

// violate keeps what the protocol's client has found.
func (v *visitor) violate(what string) {
	v.mu.Lock()
	v.found[what] = true
	found := verdict.Violation{
		Promise: verdict.PromiseOf(what), What: what, Conversation: v.visit.Conversation, Visitor: v.visit.Visitor,
		Index: v.visit.Index, Kind: v.visit.Kind, At: time.Now(),
	}
	v.mu.Unlock()
	v.crowd.Recorder.Count(measure.Broken, 1)
	v.crowd.OnViolation(found)
}

// violateOnce is violate for what may have been told already.
func (v *visitor) violateOnce(what string) {
	v.mu.Lock()
	told := v.found[what]
	v.mu.Unlock()
	if !told {
		v.violate(what)
	}
}
