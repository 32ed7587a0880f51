package chat

import (
	"context"
	"time"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
)

// An Observer is told what became of inputs, in words that name nobody: the site's key,
// kinds, codes, hashes of notices. It is called with the conversation locked and must
// neither block nor keep what it is given. All methods may be called concurrently.
type Observer interface {
	// Begin: an input came; end is called once with what became of it: ok, refused,
	// erased, or the code of an error. What the input leads to happens in the context
	// that is returned. origin is the trace context of the page it came from (W3C
	// traceparent), empty or hostile.
	Begin(ctx context.Context, site, input, origin string) (_ context.Context, end func(outcome string))
	// Decide: a decision begins; what is returned ends it.
	Decide(ctx context.Context) (end func())
	// Trace names the trace of ctx for those who go on with it, as W3C traceparent;
	// empty where nobody records it.
	Trace(ctx context.Context) string
	// Decision is a consent event that was committed.
	Decision(site, purpose, decision, notice string)
	// Blocked: contact details were not kept. path is gate, where an input was refused
	// for want of a consent, or masked, where they were typed without one.
	Blocked(site, path string)
	// Taken: an operator got a conversation that before (bot, queue or operator) had for
	// so long. GaveUp: one that waited for a person went back to the bot.
	Taken(site, before string, after time.Duration)
	GaveUp(after time.Duration)
}

// unobserved observes where nothing is switched on.
type unobserved struct{}

func (unobserved) Begin(ctx context.Context, _, _, _ string) (context.Context, func(string)) {
	return ctx, func(string) {}
}
func (unobserved) Decide(context.Context) func()           { return func() {} }
func (unobserved) Trace(context.Context) string            { return "" }
func (unobserved) Decision(string, string, string, string) {}
func (unobserved) Blocked(string, string)                  {}
func (unobserved) Taken(string, string, time.Duration)     {}
func (unobserved) GaveUp(time.Duration)                    {}

// Begin begins the turn of an input; Apply belongs into the context it returns, and
// end is called when everybody on this node was told the outcome.
func (s *Service) Begin(ctx context.Context, st *site.Site, in *Input) (_ context.Context, end func(*Outcome)) {
	ctx, seen := s.observer.Begin(ctx, st.Key, inputKind(in), in.Origin)
	return ctx, func(out *Outcome) {
		seen(outcomeOf(out))
		if out.Ack != nil && out.Ack.Refused != nil && out.Ack.Refused.Code == protocol.CodeConsentRequired {
			s.observer.Blocked(st.Key, "gate")
		}
	}
}

// inputKind names what was done, without a word of what was said.
func inputKind(in *Input) string {
	switch {
	case in.Act != nil:
		return "operator_" + in.Act.Kind
	case in.Owner != "":
		return "owner"
	case in.Bot.Kind != "":
		return string(in.Bot.Kind)
	}
	return "record"
}

func outcomeOf(o *Outcome) string {
	switch {
	case o.Err != nil:
		return string(o.Err.Code)
	case o.Erased:
		return "erased"
	case o.Ack != nil && o.Ack.Refused != nil:
		return "refused"
	}
	return "ok"
}

// tell tells the observer what a commit has changed. before is the state before it.
func (s *Service) tell(siteKey string, before *state, d *decision) {
	for i := range d.entries {
		if e := &d.entries[i]; e.Purpose != "" && e.Kind != botengine.EntryContact {
			s.observer.Decision(siteKey, e.Purpose, e.Kind, e.Notice)
		}
	}
	for i := range d.events {
		if e := &d.events[i]; e.From == botengine.FromVisitor && hides(e) {
			s.observer.Blocked(siteKey, "masked")
		}
	}
	now, was := d.state.Owner, before.Owner
	if now == was {
		return
	}
	after := time.Duration(max(d.commit.Now.UnixMilli()-before.Since, 0)) * time.Millisecond
	switch {
	case operatorOf(now) != "":
		if was == "" {
			was = protocol.OwnerBot
		}
		s.observer.Taken(siteKey, publicOwner(was), after)
	case was == protocol.OwnerQueue:
		s.observer.GaveUp(after)
	}
}

func hides(e *protocol.Event) bool {
	for i := range e.Text {
		if e.Text[i].Masked {
			return true
		}
	}
	return false
}
