package botengine

import (
	"slices"
	"strconv"
	"strings"
)

// typed handles a line of the visitor's.
func (t *turn) typed() {
	t.in.Text = clean(t.in.Text)
	if t.in.Text == "" {
		t.refuse(CodeBadInput, "the message is empty")
		return
	}
	t.found = detect(t.in.Text, t.b.settings.Region)
	if t.in.Quiet {
		// The line is said to the person, so it can be no answer to the card.
		t.visitorLine(Event{})
		if t.s.Card != nil && !t.s.Card.Aside {
			t.setCard(func(c *OpenCard) { c.Aside = true })
		}
		return
	}
	t.q.set(t.in.Text)
	t.matchQuestion()
	st, i := t.here()
	switch {
	case t.s.Card != nil && t.typedAtCard():
	case t.typedAge():
	case st != nil && st.kind == kindChoices && t.typedOption(st):
	case st != nil && st.kind == kindAsk:
		t.typedAnswer(st, i)
	default:
		t.typedFreely()
	}
}

// matchQuestion looks the line up among the answers, in the conversation's
// language first.
func (t *turn) matchQuestion() {
	enough := 1
	if len(t.found) > 0 && !strings.Contains(t.in.Text, "?") {
		// "My address is …" gives an address and does not ask for the shop's.
		enough = 2 * scorePhraseWord
	}
	for _, m := range t.v.matchers {
		if t.match, t.score = m.find(t.q.folded); t.score >= enough {
			return
		}
	}
	t.score = 0
}

// keepsDetails tells whether contact details in free text may be kept: under a
// grant in force, or where the site does not ask for one and the visitor has
// not refused.
func (t *turn) keepsDetails() bool {
	if !t.oldEnough() {
		return false
	}
	if t.inForce(t.b.base) {
		return t.usable(t.b.base)
	}
	return t.collects() && !t.b.settings.RequireConsent && !t.refusedEver(t.b.base)
}

// visitorLine records what the visitor typed. Contact details in it are masked
// before the line leaves the turn, or become references to the visitor's sealed
// record where they may be kept: withdrawing then removes them with it. They
// never become a contact field: a field is asked for.
func (t *turn) visitorLine(e Event) string {
	e.ID, e.From, e.Kind = t.name(), FromVisitor, EventMessage
	keep := t.keepsDetails()
	if len(t.found) == 0 {
		e.Text = []Span{{Text: t.in.Text}}
		return t.emit(e)
	}
	e.Text = make([]Span, 0, 2*len(t.found)+1)
	last := 0
	for n, d := range t.found {
		if d.start > last {
			e.Text = append(e.Text, Span{Text: t.in.Text[last:d.start]})
		}
		if keep {
			ref := e.ID + "." + strconv.Itoa(n+1)
			e.Text = append(e.Text, Span{Ref: ref})
			t.values = append(t.values, Value{Ref: ref, Text: t.in.Text[d.start:d.end]})
		} else {
			e.Text = append(e.Text, Span{Masked: true})
		}
		last = d.end
	}
	if last < len(t.in.Text) {
		e.Text = append(e.Text, Span{Text: t.in.Text[last:]})
	}
	return t.emit(e)
}

// withoutDetails is a line as a variable may keep it.
func withoutDetails(s string, found []detail) string {
	if len(found) == 0 {
		return s
	}
	var b strings.Builder
	last := 0
	for _, d := range found {
		b.WriteString(s[last:d.start])
		b.WriteString(maskMark)
		last = d.end
	}
	b.WriteString(s[last:])
	return b.String()
}

// typedOption takes a typed label or synonym for a press on that option.
func (t *turn) typedOption(st *step) bool {
	i, ok := t.labelled(st)
	if !ok {
		return false
	}
	t.visitorLine(Event{Of: t.s.Prompt, Choice: st.choices.options[i].id})
	t.chosen(st, i)
	return true
}

// labelled finds the option of the waiting step that the line names.
func (t *turn) labelled(st *step) (int, bool) {
	for _, l := range t.v.labels[t.b.flow.index[st.id]] {
		if l.folded == string(t.q.folded) && l.folded != "" {
			return l.option, true
		}
	}
	return 0, false
}

// chosen goes on with an option.
func (t *turn) chosen(st *step, i int) {
	o := &st.choices.options[i]
	if st.choices.save != "" {
		t.setVar(st.choices.save, o.id)
	}
	if t.in.Quiet {
		return
	}
	t.closeOffers(st.id)
	t.enter(o.target.step)
}

// typedFreely handles a line that answers nothing the bot has asked: a question,
// or anything else. The bot answers and puts its own question again.
func (t *turn) typedFreely() {
	t.visitorLine(Event{})
	moved := t.score > 0 && t.sayEntry(t.match)
	said, carded := t.noteMasked(!moved)
	switch {
	case moved || carded:
	case t.score > 0:
		t.repeat()
	case !said:
		t.noMatch()
	}
}

// noteMasked tells the visitor, once in a session, that contact details were
// hidden, and shows the card where the bot may ask by itself: by going to the
// flow's consent step.
func (t *turn) noteMasked(mayAsk bool) (said, carded bool) {
	if len(t.found) == 0 || t.keepsDetails() || t.s.MaskSaid {
		return false, false
	}
	t.s.MaskSaid = true
	own := t.v.own
	switch {
	case !t.collects():
		t.say(own.maskedOff)
		return true, false
	case t.tooYoung():
		t.say(own.maskedOff)
		return true, false
	case t.refusedEver(t.b.base):
		t.say(own.maskedDeclined)
		return true, false
	}
	t.say(own.maskedOffer)
	if !mayAsk || t.s.Card != nil || len(t.b.opening) == 0 || !t.mayAsk(t.b.base) {
		return true, false
	}
	st, _ := t.here()
	if st != nil && st.kind == kindAsk {
		return true, false
	}
	if _, ok := t.notice(t.ownCardSet(t.b.base)); !ok {
		return true, false
	}
	t.enter(t.b.opening[0])
	return true, true
}

// pressed handles a press on an option.
func (t *turn) pressed() {
	i := slices.IndexFunc(t.s.Offers, func(o Offer) bool { return o.Event == t.in.Of })
	if i < 0 {
		t.refuse(CodeChoiceStale, "this question is no longer open")
		return
	}
	if t.s.Offers[i].Step == ageStep {
		t.pressedAge()
		return
	}
	n, ok := t.b.flow.index[t.s.Offers[i].Step]
	if !ok {
		t.refuse(CodeChoiceStale, "this question is no longer open")
		return
	}
	st := &t.b.flow.steps[n]
	if st.kind == kindAnswers {
		t.pressedTopic(st, n)
		return
	}
	if t.s.Step != st.id {
		t.refuse(CodeChoiceStale, "this question is no longer open")
		return
	}
	var os []option
	switch st.kind {
	case kindChoices:
		os = st.choices.options
	case kindAsk:
		os = st.ask.options
	}
	j := slices.IndexFunc(os, func(o option) bool { return o.id == t.in.Choice })
	if j < 0 {
		t.refuse(CodeBadInput, "there is no such option")
		return
	}
	t.emit(Event{
		From: FromVisitor, Kind: EventMessage, Of: t.in.Of, Choice: os[j].id,
		Text: t.labelSpans(os[j].label),
	})
	if st.kind == kindAsk {
		t.keepVar(st, os[j].id)
		return
	}
	t.chosen(st, j)
}

// pressedTopic answers a topic. Topics stay pressable as long as they are among
// the newest offers: what they lead to is an answer and decides nothing.
func (t *turn) pressedTopic(st *step, n int) {
	j := slices.IndexFunc(st.answers.entries, func(e entry) bool { return e.id == t.in.Choice })
	if j < 0 {
		t.refuse(CodeBadInput, "there is no such topic")
		return
	}
	e := &st.answers.entries[j]
	t.emit(Event{
		From: FromVisitor, Kind: EventMessage, Of: t.in.Of, Choice: e.id,
		Text: t.labelSpans(e.title),
	})
	if t.in.Quiet {
		return
	}
	if !t.sayEntry(entryRef{n, j}) {
		t.repeat()
	}
}
