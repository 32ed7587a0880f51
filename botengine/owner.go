package botengine

import "strings"

// handOff hands the conversation over to people, or goes on where nobody is
// there.
func (t *turn) handOff(st *step) (next int, waits bool) {
	h := st.handoff
	if t.in.Operators <= 0 || !t.b.settings.Hours.Open(t.now) {
		return h.away.step, false
	}
	e := Event{From: FromBot, Kind: EventMessage, DelayMS: h.delay}
	e.Text, e.Locale = t.words(h.text)
	t.emit(e)
	t.leave()
	t.owner = OwnerQueue
	t.s.Queue, t.s.Due = h.queue, t.now+h.after
	return none, true
}

// unanswered takes the conversation back from a queue in which nobody answered.
func (t *turn) unanswered() {
	t.in.Quiet = false
	t.owner = OwnerBot
	st, i := t.here()
	switch {
	case st == nil:
		t.rest()
	case st.kind == kindHandoff:
		t.enter(st.handoff.unanswered.step)
	default: // the flow is another one since
		t.enter(i)
	}
}

// ownerChanged follows a change of owner that somebody else decided on. While a
// person has the conversation the flow has no timers and waits for no webhook.
func (t *turn) ownerChanged() {
	owner, _, _ := strings.Cut(t.in.Owner, ":")
	t.in.Quiet = owner != OwnerBot
	switch owner {
	case OwnerBot:
		t.suspend()
		t.moved = true
		t.resume()
	case OwnerQueue:
		t.suspend()
		t.s.Queue, t.s.Due = defaultQueue, t.now+defaultHandoffMS
		if st, _ := t.here(); st != nil && st.kind == kindHandoff {
			t.s.Queue, t.s.Due = st.handoff.queue, t.now+st.handoff.after
		}
	case OwnerOperator:
		t.suspend()
	case OwnerClosed:
		t.deferCard()
		t.rest()
	default:
		t.refuse(CodeBadInput, "there is no such owner")
	}
}

// defaultQueue is where a conversation waits that no handoff has put there: a
// person gave it back, or is gone.
const defaultQueue = "people"

func (t *turn) suspend() { t.s.Due, t.s.Queue, t.s.Effect = 0, "", nil }

// resume goes on with the flow when the bot has the conversation again: a
// handoff is over, a webhook is called anew, a question is put again.
func (t *turn) resume() {
	st, i := t.here()
	switch {
	case st != nil && st.kind == kindHandoff:
		t.enter(st.next.step)
	case t.s.Card != nil:
		t.say(t.v.own.cardOpen)
	case st == nil:
	case st.kind == kindChoices, st.kind == kindAsk:
		t.repeat()
	default:
		t.enter(i)
	}
}
