package botengine

import (
	"maps"
	"slices"
	"strings"
)

// collects tells whether the site collects contacts at all.
func (t *turn) collects() bool { return len(t.b.settings.Purposes) > 0 }

// holds tells whether a contact field has a valid value.
func (t *turn) holds(field string) bool { return slices.Contains(t.p.Held, field) }

// mayCollect is the gate in front of every contact field, whatever the flow
// says: the notice names the field, and consent to the base purpose is in force
// or the site does not require it and the visitor has not refused.
func (t *turn) mayCollect(field string) bool {
	if !t.collects() || !t.oldEnough() || !slices.Contains(t.b.settings.Fields, field) {
		return false
	}
	if t.inForce(t.b.base) {
		return t.usable(t.b.base) && slices.Contains(t.namedFields(t.b.base), field)
	}
	return !t.b.settings.RequireConsent && !t.refusedEver(t.b.base)
}

// namedFields are the fields that the accepted notice of a purpose named. A profile
// rebuilt from the ledger knows the notice by its hash only.
func (t *turn) namedFields(purpose string) []string {
	c := t.p.Consents[purpose]
	if c.Fields != nil {
		return c.Fields
	}
	if n := t.publishedNow(c.Notice); n != nil {
		return codes(n.Card.Fields)
	}
	return nil
}

func codes(texts []CardText) []string {
	out := make([]string, len(texts))
	for i, x := range texts {
		out[i] = x.Code
	}
	return out
}

// askFor asks, or passes: what is held is not asked again, and what may not be
// collected is not asked at all.
func (t *turn) askFor(st *step) (next int, waits bool) {
	if t.b.contact[st.ask.field] {
		if !t.mayCollect(st.ask.field) {
			return st.ask.failed.step, false
		}
		if t.holds(st.ask.field) {
			return st.next.step, false
		}
	} else if t.answeredBefore(st.ask) {
		return st.next.step, false
	}
	t.putAsk(st, st.ask.text)
	return none, true
}

func (t *turn) putAsk(st *step, x text) {
	e := Event{From: FromBot, Kind: EventAsk, Field: st.ask.field, Type: st.ask.kind, DelayMS: st.ask.delay}
	e.Text, e.Locale = t.words(x)
	if len(st.ask.options) > 0 {
		e.Options = t.options(st.ask.options)
		t.prompt(e, st.id)
		return
	}
	if id := t.emit(e); id != "" {
		t.s.Prompt = id
	}
}

// typedAnswer handles a line typed while a value is asked for.
func (t *turn) typedAnswer(st *step, i int) {
	contact := t.b.contact[st.ask.field]
	if contact && !t.mayCollect(st.ask.field) {
		// The grant went while the question stood (another tab, a timer). The
		// line is then no answer: it is masked like any other.
		t.leaveAsk(i)
		t.typedFreely()
		return
	}
	switch answer := t.phrase(); {
	case contact && answer == AnswerDecline:
		// "No" to the question itself: nobody is asked three times for that.
		t.visitorLine(Event{})
		t.closeOffers(st.id)
		t.enter(st.ask.failed.step)
		return
	case contact && answer == AnswerGrant:
		// It answers a card that was answered already, and is nobody's name.
		t.visitorLine(Event{})
		t.repeat()
		return
	}
	value, why := t.check(st)
	if t.asksBack(st, why) {
		t.visitorLine(Event{})
		if !t.sayEntry(t.match) {
			t.repeat()
		}
		return
	}
	if why != "" {
		t.wrongAnswer(st, contact, why)
		return
	}
	if contact {
		t.keepContact(st, value)
		return
	}
	t.visitorLine(Event{})
	t.keepVar(st, value)
}

// asksBack tells whether the line is a question of the visitor's rather than an
// answer. A line that would do as an answer is one, unless it is plainly a
// question: "When do you open?" would also do as a name.
func (t *turn) asksBack(st *step, why string) bool {
	if t.score == 0 || len(t.found) > 0 {
		return false
	}
	if why != "" || strings.HasSuffix(t.in.Text, "?") {
		return true
	}
	return st.ask.kind == "name" && (t.score >= 2*scorePhraseWord || t.q.words() > 3)
}

// leaveAsk takes the conversation from a contact question to the nearest answers.
func (t *turn) leaveAsk(i int) {
	if a := t.b.nearestAnswers(i); a != none {
		t.park(a)
		return
	}
	t.rest()
}

// keepContact accepts the answer to a contact question: the value goes to the
// visitor's sealed record, the log and the contact's record get its name.
func (t *turn) keepContact(st *step, value string) {
	field := st.ask.field
	id := t.name()
	e := Event{ID: id, From: FromVisitor, Kind: EventMessage, Of: t.s.Prompt}
	ref := id
	if d, ok := t.onlyDetail(st.ask.kind); ok && (d.start > 0 || d.end < len(t.in.Text)) {
		// "my address is anna@example.pl": the words around it are a line like
		// any other, the detail is the answer.
		ref = id + ".1"
		e.Text = nonEmpty(Span{Text: t.in.Text[:d.start]}, Span{Ref: ref}, Span{Text: t.in.Text[d.end:]})
	} else {
		e.Text = []Span{{Ref: ref}}
	}
	t.emit(e)
	t.values = append(t.values, Value{Ref: ref, Text: value, Field: field})
	t.hold(field, ref)
	t.contactEntry()
	if !t.in.Quiet {
		t.enter(st.next.step)
	}
}

func nonEmpty(spans ...Span) []Span {
	return slices.DeleteFunc(spans, func(s Span) bool { return s == Span{} })
}

func (t *turn) hold(field, ref string) {
	if !t.ownRefs {
		held := make([]string, len(t.p.Held), len(t.p.Held)+1)
		copy(held, t.p.Held)
		t.p.Held, t.p.Refs = held, maps.Clone(t.p.Refs)
		t.ownRefs = true
	}
	if t.p.Refs == nil {
		t.p.Refs = map[string]string{}
	}
	if !t.holds(field) {
		t.p.Held = append(t.p.Held, field)
	}
	t.p.Refs[field] = ref
	// The visitor was told for how long it is kept at most. Somebody else who corrects a
	// value does not make that longer.
	if t.byVisitor() || t.p.HeldAt == 0 {
		t.p.HeldAt = t.now
	}
}

// contactEntry records everything that is held, under the grant that allows it
// or the policy that does without. Each answer makes one, so that a visitor who
// leaves half way has left what was agreed to.
func (t *turn) contactEntry() {
	e := Entry{Kind: EntryContact, Purpose: t.b.base, Fields: t.p.Refs, GivenAt: t.p.HeldAt}
	t.ownRefs = false // the entry has it now; what is held later is another map
	if t.inForce(t.b.base) {
		c := t.p.Consents[t.b.base]
		e.Grant, e.GrantVSeq, e.Notice, e.Locale = c.Grant, c.GrantVSeq, c.Notice, c.Locale
	} else {
		e.Policy = t.b.settings.Policy
	}
	t.entry(e)
}

// wrongAnswer says what is wrong and asks again, up to the step's tries. What
// was typed at a contact question may be a contact detail with a slip in it, so
// the whole line goes to the sealed record.
func (t *turn) wrongAnswer(st *step, contact bool, why string) {
	if contact {
		id := t.name()
		t.emit(Event{ID: id, From: FromVisitor, Kind: EventMessage, Of: t.s.Prompt, Text: []Span{{Ref: id}}})
		t.values = append(t.values, Value{Ref: id, Text: t.in.Text})
	} else {
		t.visitorLine(Event{})
	}
	t.s.Tries++
	if t.s.Tries >= st.ask.tries {
		t.closeOffers(st.id)
		t.enter(st.ask.failed.step)
		return
	}
	if !contact {
		t.noteMasked(false)
	}
	e := Event{From: FromBot, Kind: EventAsk, Field: st.ask.field, Type: st.ask.kind}
	e.Text, e.Locale = t.words(st.ask.invalid)
	if hint := t.v.own.hints[why]; hint != "" {
		e.Text = append(slices.Clone(e.Text), Span{Text: " " + hint})
	}
	if len(st.ask.options) > 0 {
		e.Options = t.options(st.ask.options)
		t.prompt(e, st.id)
		return
	}
	t.s.Prompt = t.emit(e)
}

// keepVar accepts an answer that is no contact detail.
func (t *turn) keepVar(st *step, value string) {
	t.setVar(st.ask.field, value)
	if t.in.Quiet {
		return
	}
	t.closeOffers(st.id)
	t.noteMasked(false)
	t.enter(st.next.step)
}
