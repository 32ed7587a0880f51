package botengine

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// answered handles a press on a card's button.
func (t *turn) answered() {
	switch {
	case t.s.Card == nil || t.in.Request != t.s.Card.Request:
		t.refuse(CodeConsentStale, "this card has been answered or replaced")
	case t.in.Answer != AnswerGrant && t.in.Answer != AnswerDecline:
		t.refuse(CodeBadInput, "a card is answered with grant or decline")
	default:
		t.decide(t.in.Answer, methodButton)
	}
}

// typedAtCard handles a line typed while a card is open, and tells whether that
// is all. Only an exact phrase decides. The first line that is neither a phrase
// nor a question nor a detail shows the card once more; later ones are treated
// as if the card were not there.
func (t *turn) typedAtCard() bool {
	if answer := t.phrase(); answer == AnswerDecline || (answer == AnswerGrant && !t.s.Card.Aside) {
		t.visitorLine(Event{})
		t.decide(answer, methodPhrase)
		return true
	}
	if t.s.Card.Rerendered || t.score > 0 || len(t.found) > 0 {
		return false
	}
	if st, _ := t.here(); st != nil && st.id != t.s.Card.Step {
		if _, ok := t.labelled(st); ok {
			return false
		}
	}
	t.visitorLine(Event{})
	t.setCard(func(c *OpenCard) { c.Rerendered = true })
	t.say(t.v.own.cardUnclear)
	t.renderCard()
	return true
}

// setCard changes the open card without touching the caller's.
func (t *turn) setCard(change func(*OpenCard)) {
	card := *t.s.Card
	change(&card)
	t.s.Card = &card
}

// closeWithCard ends what the bot says with the open card, or with a word about it. So
// a typed phrase is always the direct answer to what was said last.
func (t *turn) closeWithCard() {
	if t.s.Card == nil || len(t.events) == 0 {
		return
	}
	last := t.events[len(t.events)-1]
	if last.From != FromBot || last.Kind == EventCard {
		return
	}
	t.say(t.v.own.cardOpen)
	if t.s.Card.Aside {
		t.setCard(func(c *OpenCard) { c.Aside = false })
	}
}

// phrase tells which answer to a card the line would be, word for word, in the
// card's language or the conversation's.
func (t *turn) phrase() string {
	if len(t.in.Text) > 64 {
		return ""
	}
	card := t.v.own
	if t.s.Card != nil {
		card = sentencesFor(t.s.Card.Locale, t.b.settings.Fallback)
	}
	var buffer [96]byte // more than a line of 64 bytes takes in lower case
	said := appendSaid(buffer[:0], t.in.Text)
	for _, own := range [...]*sentences{t.v.own, card} {
		if own.has(own.grant, said) {
			return AnswerGrant
		}
		if own.has(own.decline, said) {
			return AnswerDecline
		}
	}
	return ""
}

// appendSaid appends a line as phrases are compared: in lower case, one space
// between words, without what ends a sentence.
func appendSaid(dst []byte, s string) []byte {
	s = strings.TrimRight(s, ".!… ")
	gap := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			gap = true
			continue
		}
		if gap && len(dst) > 0 {
			dst = append(dst, ' ')
		}
		gap = false
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
	}
	return dst
}

// decide records the visitor's answer to the open card and goes on with the
// flow. The card is closed first, so that a repeated answer finds it gone.
func (t *turn) decide(answer, method string) {
	card := t.s.Card
	if answer == AnswerGrant && card.Scope != t.b.settings.Scope {
		t.replaceCard()
		return
	}
	t.s.Card = nil
	t.emit(Event{
		From: FromVisitor, Kind: EventDecision, Request: card.Request, Answer: answer,
		Purposes: card.Purposes, Method: method, Locale: card.Locale,
	})
	for _, p := range card.Purposes {
		e := Entry{
			Purpose: p, Request: card.entryOf(p), Notice: card.Notice, Locale: card.Locale, Method: method,
		}
		if answer == AnswerGrant {
			t.grant(e, card)
		} else if t.outgrown(p) {
			t.declineAnew(card, p, method)
		} else if !t.inForce(p) {
			e.Kind = statusDeclined
			e = t.entry(e)
			c := t.noted(&e)
			c.DeclinedAt = t.now
			t.note(p, c)
		}
	}
	if !t.in.Quiet {
		t.afterDecision(card, answer)
	}
}

// grant opens a grant, or renews the one in force under its old name.
func (t *turn) grant(e Entry, card *OpenCard) {
	e.Kind = statusGranted
	e.ID = t.name()
	before := t.p.Consents[e.Purpose]
	renewed := t.inForce(e.Purpose)
	e.Grant = e.ID
	if renewed {
		e.Grant = before.Grant
	}
	if valid := t.b.settings.ValidMS[e.Purpose]; valid > 0 {
		e.ValidUntil = t.now + valid
	}
	e = t.entry(e)
	c := t.noted(&e)
	c.Request, c.Grant, c.ValidUntil, c.DeclinedAt = e.Request, e.Grant, e.ValidUntil, 0
	c.Fields, c.Scope = card.Fields, card.Scope
	if !renewed {
		c.GrantVSeq = e.VSeq
	}
	t.note(e.Purpose, c)
}

// afterDecision goes on where the flow waits for a decision. A card that the
// visitor asked for elsewhere leads into the flow where there is something left
// to collect.
func (t *turn) afterDecision(card *OpenCard, answer string) {
	st, i := t.here()
	if st != nil && st.kind == kindConsent {
		t.enter(i)
		return
	}
	if answer == AnswerDecline {
		t.say(t.v.own.declinedNoted)
		if slices.Contains(card.Purposes, t.b.base) {
			t.stopCollecting(true)
		}
		return
	}
	if slices.Contains(card.Purposes, t.b.base) && len(t.b.opening) > 0 && t.missingFields() {
		t.enter(t.b.flow.steps[t.b.opening[0]].consent.granted.step)
		return
	}
	t.say(t.v.own.grantedNoted)
}

// missingFields tells whether the flow asks for a contact field that is not held.
func (t *turn) missingFields() bool {
	return slices.ContainsFunc(t.b.flow.steps, func(st step) bool {
		return st.kind == kindAsk && t.b.contact[st.ask.field] && !t.holds(st.ask.field)
	})
}

// askedForCard opens the card because the visitor wants it, or because a person
// sends it. It is the visitor's own act, so no pause stands in its way.
func (t *turn) askedForCard() {
	operator := strings.HasPrefix(t.in.Actor, FromOperator+":")
	switch {
	case !t.byVisitor() && !operator:
		t.refuse(CodeBadInput, "only the visitor or an operator can ask for the card")
		return
	case operator && t.s.OperatorCard:
		t.refuse(CodeBadInput, "the card has already been sent in this conversation")
		return
	case !t.collects():
		t.answerAct(t.v.own.noCollection)
		return
	}
	purpose, ok := t.wanted()
	if !ok {
		return
	}
	if purpose == "" {
		if t.oldEnough() || t.tooYoung() {
			t.answerAct(t.v.own.alreadyGranted)
		} else {
			t.askAge() // the site began to ask after the visitor had agreed
		}
		return
	}
	if t.s.Card != nil && slices.Contains(t.s.Card.Purposes, purpose) {
		t.renderCard()
		return
	}
	if t.showWantedCard(purpose) && operator {
		t.s.OperatorCard = true
	}
}

// showWantedCard opens a card that the visitor or a person wants, after the
// question about the age where there is one. It tells whether it did.
func (t *turn) showWantedCard(purpose string) bool {
	n, ok := t.notice(t.cardSet(purpose))
	switch {
	case !ok:
		t.answerAct(t.v.own.noNotice)
	case t.tooYoung():
		t.answerAct(t.v.own.tooYoung)
	case !t.oldEnough():
		t.askAge()
	default:
		t.openCard(n, t.cardSet(purpose), "", t.actor())
		return true
	}
	return false
}

// wanted is the first purpose to ask for: the base one, or of those the visitor
// named the first that is not in force. Nothing is asked before the base.
func (t *turn) wanted() (string, bool) {
	for _, p := range t.in.Purposes {
		if !slices.Contains(t.b.settings.Purposes, p) {
			t.refuse(CodeBadInput, "the site has no such purpose")
			return "", false
		}
	}
	if !t.inForce(t.b.base) || t.outgrown(t.b.base) {
		return t.b.base, true
	}
	for _, p := range t.in.Purposes {
		if !t.inForce(p) || t.outgrown(p) {
			return p, true
		}
	}
	return "", true
}

// answerAct replies to an act of the visitor's that changes nothing. An operator
// or a command gets no line in the visitor's chat for it.
func (t *turn) answerAct(sentence string) {
	if t.byVisitor() {
		t.say(sentence)
	}
}
