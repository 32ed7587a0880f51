package chat

import (
	"context"
	"time"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// An Observer is told what became of inputs, in words that name nobody: the site's key,
// kinds, codes, hashes of notices. It is called with the conversation locked and must
// neither block nor keep what it is given. All methods may be called concurrently.
type Observer interface {
	// Turn was answered with outcome: ok, refused, erased, or the code of an error.
	Turn(site, input, outcome string, took time.Duration)
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

// Apply applies one input to the conversation of key: load, decide, commit. v is
// moved on to what was committed. It never fails halfway: what Err answers was
// not applied as far as this node knows, and sending it again is safe.
func (s *Service) Apply(ctx context.Context, st *site.Site, v *View, key persistence.Key, in Input) Outcome {
	if s.observer == nil {
		return s.apply(ctx, st, v, key, in)
	}
	began := time.Now()
	out := s.apply(ctx, st, v, key, in)
	s.observer.Turn(st.Key, inputKind(&in), outcomeOf(&out), time.Since(began))
	if out.Ack != nil && out.Ack.Refused != nil && out.Ack.Refused.Code == protocol.CodeConsentRequired {
		s.observer.Blocked(st.Key, "gate")
	}
	return out
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
	if s.observer == nil {
		return
	}
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
