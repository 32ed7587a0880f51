package chat

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// An Input is one numbered input of a client, or of the server itself.
type Input struct {
	// Client, N and Digest are the input's name and content for deduplication.
	Client string
	N      uint64
	Digest []byte
	// Refuse consumes the number with this refusal and does nothing else.
	Refuse *protocol.Refused
	// Owner makes somebody else speak for the site: protocol.OwnerBot, OwnerQueue,
	// OwnerClosed, or OwnerOperator + ":" + the operator's id. Nothing else happens
	// then.
	Owner string
	// From is who must speak for the site for Owner to be made; empty: anybody.
	From string
	// Act is what an operator does. Bot and Owner are set from it.
	Act *Act
	// Returning: the visitor was here before, whatever the store knows of it.
	Returning bool
	// Timer names the timer that has fired; it is cancelled or moved.
	Timer string
	// Bot is what the engine decides on; ID and At are set here.
	Bot botengine.Input
	// Flow, Locale and Page are used when this input begins the conversation:
	// Flow is the hash of the flow whose greeting the visitor has seen.
	Flow   string
	Locale string
	Page   string
	// Identity is the keyed hash of the owner's own name of the visitor; empty:
	// unchanged. It is kept with the first input that is committed, and moves no
	// consent.
	Identity string
	// Origin is the trace context of the page that the input came from.
	Origin string
	trace  string // of the turn
}

// An Outcome is what an input led to. Exactly one of Ack and Err is set.
type Outcome struct {
	// Ack is the final answer for the sender.
	Ack *protocol.Ack
	// Err says that the input was not applied and may come again.
	Err *protocol.Error
	// Events are to be delivered to everybody attached on this node, in order:
	// those of this input, and before them those of others that the view had
	// missed. State belongs after the last one.
	Events []protocol.Event
	State  *protocol.State
	// Changed: the state is another one, also where there are no events.
	Changed bool
	// Removed: contact values shown before were deleted.
	Removed bool
	// Notes are new entries of the staff log, for operators alone.
	Notes []protocol.Note
	// Erased: the visitor is gone, now or before.
	Erased bool
	// Restarted: the log is not the one the view had. Everybody attached must
	// resume anew.
	Restarted bool
	// Defect is set beside Err where the cause is not an absent store. It holds
	// no personal data and is for the log.
	Defect error
}

// Tries bound one input's work: every lost race costs one commit.
const maxTries = 16

const retryUnavailableMS = 2000

// Apply applies one input to the conversation of key: load, decide, commit. v is
// moved on to what was committed. It never fails halfway: what Err answers was
// not applied as far as this node knows, and sending it again is safe.
func (s *Service) Apply(ctx context.Context, st *site.Site, v *View, key persistence.Key, in Input) Outcome {
	var out Outcome
	in.trace = s.observer.Trace(ctx)
	for range maxTries {
		if !v.loaded {
			if err := s.reload(ctx, v, key, &out); err != nil {
				return out.failed(in.N, err)
			}
		}
		if doubtful(v, &in) {
			if err := s.settleDoubt(ctx, v, key); err != nil && !errors.Is(err, persistence.ErrUnavailable) {
				return out.failed(in.N, err)
			}
		}
		decided := s.observer.Decide(ctx)
		d, err := s.decide(st, v, key, in)
		decided()
		if err != nil {
			return out.failed(in.N, err)
		}
		res, err := s.store.Commit(ctx, &d.commit)
		if errors.Is(err, persistence.ErrUnknown) {
			// It may have been applied. The log says what became of it, and the
			// repeated commit is answered as a duplicate.
			v.Forget()
			continue
		}
		if err != nil {
			return out.failed(in.N, fmt.Errorf("commit: %w", err))
		}
		if res.Outcome == persistence.Stale {
			if err := s.catchUp(v, &res, &out); err != nil {
				return out.failed(in.N, err)
			}
			continue
		}
		return s.settle(st, v, in, d, &res, out)
	}
	v.Forget()
	return out.failed(in.N, fmt.Errorf("%w: lost %d races", persistence.ErrUnavailable, maxTries))
}

// reload reads the conversation and collects what the view had missed.
func (s *Service) reload(ctx context.Context, v *View, key persistence.Key, out *Outcome) error {
	before, values := v.snap, v.values
	events, err := s.Load(ctx, v, key, persistence.Range{From: before.Seq + 1, Limit: protocol.ResetEvents * 10})
	if err != nil {
		return err
	}
	if before.Key == (persistence.Key{}) {
		return nil // the view was never loaded: nobody has seen anything through it
	}
	out.missed(before, v.snap, events)
	out.Removed = out.Removed || lost(values, v.values)
	return nil
}

// lost reports whether values that were shown are gone.
func lost(before, now persistence.ContactValues) bool {
	for ref := range before.Values {
		if _, ok := now.Values[ref]; !ok {
			return true
		}
	}
	return false
}

// catchUp moves a stale view to the fresh snapshot of the store's answer.
func (s *Service) catchUp(v *View, res *persistence.Result, out *Outcome) error {
	before, values := v.snap, v.values
	events, err := s.take(v, res.Snapshot, res.Missed)
	if err != nil {
		return err
	}
	out.missed(before, v.snap, events)
	out.Removed = out.Removed || lost(values, v.values)
	return nil
}

// missed adds events that others committed, unless they do not continue what the
// view had.
func (o *Outcome) missed(before, now persistence.Snapshot, events []protocol.Event) {
	continues := before.Version == 0 || before.Epoch == now.Epoch
	if continues && now.Seq > before.Seq {
		continues = len(events) > 0 && events[0].Seq == before.Seq+1 && events[len(events)-1].Seq == now.Seq
	}
	if !continues || now.Seq < before.Seq {
		o.Restarted, o.Events = true, nil
		return
	}
	o.Events = append(o.Events, events...)
}

// failed answers an input that could not be applied.
func (o Outcome) failed(n uint64, err error) Outcome {
	o.Err = &protocol.Error{
		N: n, Code: protocol.CodeUnavailable, RetryAfterMS: retryUnavailableMS,
		Message: "the message could not be stored now; send it again",
	}
	if !errors.Is(err, persistence.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
		o.Defect = err
	}
	return o
}

// settle answers a commit that the store has decided on.
func (s *Service) settle(st *site.Site, v *View, in Input, d *decision, res *persistence.Result, out Outcome) Outcome {
	switch res.Outcome {
	case persistence.Committed:
		before := v.state
		d.moveOn(v, &res.Snapshot)
		s.tell(st.Key, &before, d)
		if len(d.commit.Outbox) > 0 {
			s.wake()
		}
		if e := d.effect(st); e != nil {
			s.run(e)
		}
		if len(out.Events) == 0 {
			out.Events = d.events
		} else {
			out.Events = append(out.Events, d.events...)
		}
		out.Ack, out.Erased, out.Changed = &d.ack, d.commit.Erase, d.changed && !d.aside
		out.Removed = out.Removed || d.commit.DropContact
		out.Notes = append(out.Notes, d.notes...)
	case persistence.Erased:
		v.snap.Erased = true
		out.Erased = true
		out.Err = &protocol.Error{N: in.N, Code: protocol.CodeErased, Message: "this visitor was erased; drop the secret and begin anew"}
	case persistence.Duplicate:
		ack := protocol.Ack{N: in.N}
		if err := json.Unmarshal(res.Answer, &ack); err != nil {
			return out.failed(in.N, fmt.Errorf("decode stored answer: %w", err))
		}
		out.Ack = &ack
		// The first answer may have been lost together with its events: what the
		// view does not have yet is found by the next load.
		if ack.Seq > v.snap.Seq {
			v.Forget()
		}
	default:
		out.Err = refusalOf(res, in.N)
	}
	if len(out.Events) > 0 || out.Removed || out.Changed {
		out.State = s.PublicState(st, v)
	}
	return out
}

func refusalOf(res *persistence.Result, n uint64) *protocol.Error {
	e := &protocol.Error{N: n}
	switch res.Outcome {
	case persistence.NumberConflict:
		e.Code, e.Message = protocol.CodeNConflict, "another input was applied under this number; give this one a new number"
	case persistence.NumberTooOld:
		e.Code, e.Message = protocol.CodeNTooOld, "this number was applied long ago; its answer is no longer kept"
	case persistence.NumberGap:
		e.Code, e.Message = protocol.CodeNGap, "an earlier input is missing; send again from expected"
		e.Expected = res.Expected
	case persistence.TooManyClients:
		e.Code, e.Message = protocol.CodeTooManyClients, "this visitor has too many open pages; close some"
	case persistence.RateLimited:
		e.Code, e.Message = protocol.CodeRateLimited, "too many messages; send again later"
		e.RetryAfterMS = max(res.RetryAfter.Milliseconds(), 1)
	default:
		e.Code, e.Message = protocol.CodeInternal, "unexpected answer of the store"
	}
	return e
}
