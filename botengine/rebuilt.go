package botengine

// cardAnsweredBefore tells whether the open card was answered although the state does
// not know it: the profile was rebuilt from the ledger, and the state is of
// before the answer.
func (t *turn) cardAnsweredBefore() bool {
	card := t.s.Card
	if !t.in.Rebuilt || card == nil {
		return false
	}
	for _, p := range card.Purposes {
		if c := t.p.Consents[p]; c.Status == statusRequested || c.Entry == card.entryOf(p) {
			return false
		}
	}
	return true
}

// goOnFromCard closes a card that was answered before, and goes on where its
// answer led. A line that the visitor types at it is no answer to what the bot
// asks after it, and a press on it is the answer that was given already. It tells
// whether that was all of the input.
func (t *turn) goOnFromCard() bool {
	card, all := t.s.Card, false
	switch {
	case t.in.Kind == InputText && t.byVisitor():
		if t.in.Text = clean(t.in.Text); t.in.Text == "" {
			t.refuse(CodeBadInput, "the message is empty")
			return true
		}
		t.found = detect(t.in.Text, t.b.settings.Region)
		t.visitorLine(Event{})
		all = true
	case t.in.Kind == InputDecision && t.in.Request == card.Request:
		all = true
	}
	t.s.Card = nil
	answer := AnswerGrant
	for _, p := range card.Purposes {
		if !t.inForce(p) {
			answer = AnswerDecline
		}
	}
	if !t.in.Quiet {
		t.afterDecision(card, answer)
	}
	return all
}
