package botengine

import "unicode/utf8"

// fired does what the wait's timer is for. A timer that comes before it is due
// is stale: the visitor answered meanwhile, or somebody took over.
func (t *turn) fired() {
	if t.s.Due == 0 || t.now < t.s.Due {
		return
	}
	t.s.Due = 0
	st, _ := t.here()
	switch {
	case t.s.Queue != "":
		if t.in.Owner != OwnerQueue {
			t.suspend()
			return
		}
		t.unanswered()
	case st == nil, t.in.Quiet:
		t.suspend()
	case st.kind == kindWebhook:
		t.tryAgain(st)
	default:
		t.silence(st)
	}
}

// silence reminds a visitor who says nothing, or closes the conversation.
func (t *turn) silence(st *step) {
	if c := t.closing(st); c != nil && t.now >= t.s.WaitAt+c.after {
		if c.text != nil {
			t.sayText(c.text)
		}
		t.emit(Event{From: FromBot, Kind: EventEnd})
		t.deferCard()
		t.s.Prompt = ""
		t.rest()
		t.owner = OwnerClosed
		return
	}
	if r := t.reminder(st); r != nil && t.s.Reminded < r.times {
		t.s.Reminded++
		t.sayText(r.text)
	}
	t.s.Due = t.nextDue(st)
}

func (t *turn) sayText(x text) {
	e := Event{From: FromBot, Kind: EventMessage}
	e.Text, e.Locale = t.words(x)
	t.emit(e)
}

// schedule sets the wait's timer anew where the wait is another one, or where
// the visitor has done something at it.
func (t *turn) schedule() {
	if t.refused != nil {
		return
	}
	acted := t.byVisitor() && t.in.Kind != InputTimer
	if !t.moved && !acted {
		return
	}
	st, _ := t.here()
	if t.s.Queue != "" || t.s.Effect != nil {
		return // they have their own times, which a visitor's line does not move
	}
	if st == nil || t.in.Quiet {
		t.s.Due, t.s.WaitAt, t.s.Reminded = 0, 0, 0
		return
	}
	t.s.WaitAt, t.s.Reminded = t.now, 0
	t.s.Due = t.nextDue(st)
	if t.s.Due == 0 {
		t.s.WaitAt = 0
	}
}

// nextDue is when a wait's timer fires next, 0 where it has none. A timer that
// fired late must not make several at once.
func (t *turn) nextDue(st *step) int64 {
	var due int64
	if r := t.reminder(st); r != nil && t.s.Reminded < r.times {
		due = t.now + r.after
	}
	if c := t.closing(st); c != nil {
		if at := max(t.s.WaitAt+c.after, t.now+1); due == 0 || at < due {
			due = at
		}
	}
	return due
}

// reminder is what holds for a wait, nil where nobody is reminded. An open
// consent card is never repeated by itself.
func (t *turn) reminder(st *step) *reminder {
	r := st.remind
	if r == nil {
		r = t.b.flow.remind
	}
	if r == nil || r.times == 0 || st.kind == kindConsent || t.s.Card != nil {
		return nil
	}
	return r
}

func (t *turn) closing(st *step) *closing {
	c := st.close
	if c == nil {
		c = t.b.flow.close
	}
	if c == nil || c.after == 0 {
		return nil
	}
	return c
}

// shorten cuts a text to at most n bytes, between characters.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
