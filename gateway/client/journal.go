package client

import (
	"fmt"
	"maps"
	"slices"

	"zgoda/gateway/protocol"
)

// journal is the log as one client has it.
type journal struct {
	epoch string
	// base is the seq before the first event kept.
	base   uint64
	events []protocol.Event
	state  protocol.State
	resets int
	// inputs maps what came of numbered inputs, anybody's, to the event's seq.
	inputs map[inputEvent]uint64
}

type inputEvent struct {
	client string
	n      uint64
	kind   string
}

// top is the seq of the newest event.
func (j *journal) top() uint64 { return j.base + uint64(len(j.events)) }

// at returns the event with this seq, nil where it is not kept.
func (j *journal) at(seq uint64) *protocol.Event {
	if seq <= j.base || seq > j.top() {
		return nil
	}
	return &j.events[seq-j.base-1]
}

// after returns the events that follow seq.
func (j *journal) after(seq uint64) []protocol.Event {
	if seq <= j.base {
		return j.events
	}
	return j.events[min(seq-j.base, uint64(len(j.events))):]
}

// have names the newest event.
func (j *journal) have() *protocol.Have {
	e := j.at(j.top())
	if e == nil {
		return nil
	}
	return &protocol.Have{Epoch: j.epoch, Seq: e.Seq, ID: e.ID}
}

// reset forgets the log and expects the events that reset announces.
func (j *journal) reset(f *protocol.Reset) {
	j.resets++
	j.restart()
	j.epoch = f.Epoch
	j.base = f.Seq
	if f.First > 0 {
		j.base = f.First - 1
	}
	if f.State != nil {
		j.state = *f.State
	}
}

func (j *journal) restart() {
	j.epoch, j.base, j.events, j.inputs = "", 0, nil, nil
}

// add takes an event over a socket whose newest event so far is *seen. It says
// whether the event is new to the log and what promise it breaks.
func (j *journal) add(e protocol.Event, seen *uint64) (isNew bool, violation string) {
	switch {
	case e.Seq <= *seen:
		violation = fmt.Sprintf("event %d was sent twice over one socket", e.Seq)
	case e.Seq > *seen+1:
		return false, fmt.Sprintf("hole: event %d follows %d", e.Seq, *seen)
	default:
		*seen = e.Seq
	}
	if known := j.at(e.Seq); known != nil {
		if known.ID != e.ID {
			violation = fmt.Sprintf("event %d was %s and is now %s", e.Seq, known.ID, e.ID)
		}
		return false, violation
	}
	if e.Seq != j.top()+1 {
		// Older than what is kept: nothing to compare it with.
		return false, violation
	}
	j.events = append(j.events, e)
	if e.N > 0 {
		key := inputEvent{e.Client, e.N, e.Kind}
		if first, twice := j.inputs[key]; twice {
			violation = fmt.Sprintf("input %d of %s is in the log twice: events %d and %d", e.N, e.Client, first, e.Seq)
		}
		if j.inputs == nil {
			j.inputs = map[inputEvent]uint64{}
		}
		j.inputs[key] = e.Seq
	}
	return true, violation
}

// remove replaces the contact values shown before.
func (j *journal) remove() {
	for i := range j.events {
		parts := slices.Clone(j.events[i].Text)
		for k := range parts {
			if parts[k].Contact {
				parts[k] = protocol.Part{Removed: true}
			}
		}
		j.events[i].Text = parts
	}
}

func cloneState(s protocol.State) protocol.State {
	s.Consents = maps.Clone(s.Consents)
	s.Held = slices.Clone(s.Held)
	return s
}

// violate keeps a broken promise. mu is held.
func (c *Client) violate(format string, args ...any) {
	const kept = 100
	v := fmt.Sprintf(format, args...)
	if len(c.violations) < kept {
		c.violations = append(c.violations, v)
	}
	if c.opts.OnViolation != nil {
		c.opts.OnViolation(v)
	}
}

// Violations returns what the server did against its promises: holes, repeats
// and changed events in the log, two events of one input, different answers to
// one input, acknowledged events that are not in the log. Call it when nothing
// is on its way any more: an acknowledged event that is still to come counts.
func (c *Client) Violations() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := slices.Clone(c.violations)
	for name, r := range c.inputs.answered {
		if r.Seq == 0 || r.Seq <= c.journal.base {
			continue
		}
		e := c.journal.at(r.Seq)
		switch {
		case e == nil:
			found = append(found, fmt.Sprintf("input %d was acknowledged as event %d, which is not in the log", name.n, r.Seq))
		case r.ID != "" && e.ID != r.ID:
			found = append(found, fmt.Sprintf("input %d was acknowledged as event %d %s, which is %s", name.n, r.Seq, r.ID, e.ID))
		case e.Client != name.client || e.N != name.n:
			found = append(found, fmt.Sprintf("input %d was acknowledged as event %d, which belongs to another input", name.n, r.Seq))
		}
	}
	slices.Sort(found)
	return found
}
