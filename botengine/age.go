package botengine

import (
	"fmt"
	"slices"
)

// Where children are likely, a site has everybody asked once whether they are old
// enough to consent by themselves (GDPR Art. 8), before a card is shown. All that
// is kept is the answer and the limit it was about.

// An AgeBand is what a visitor said about their age.
type AgeBand struct {
	// Limit is the age that was asked about, in years.
	Limit int `json:"limit"`
	// Reached: the visitor is at least that old.
	Reached bool `json:"reached"`
}

// ageStep stands for the question in State.Offers; no step of a flow can be
// called so.
const ageStep = "$age"

// Options of the question.
const (
	ageReached = "reached"
	ageUnder   = "under"
)

// oldEnough tells whether the visitor may consent, as far as the site asks.
func (t *turn) oldEnough() bool {
	limit, age := t.b.settings.AgeLimit, t.p.Age
	return limit == 0 || age != nil && age.Reached && age.Limit >= limit
}

// tooYoung tells whether the visitor has said that they are not.
func (t *turn) tooYoung() bool {
	limit, age := t.b.settings.AgeLimit, t.p.Age
	return limit > 0 && age != nil && !age.Reached && age.Limit <= limit
}

// askAge puts the question.
func (t *turn) askAge() {
	t.closeOffers(ageStep)
	e := Event{
		From: FromBot, Kind: EventChoices, Locale: t.v.own.locale, Text: []Span{{Text: t.v.own.age}},
		Options: []Option{{ageReached, t.ageLabel(ageReached)}, {ageUnder, t.ageLabel(ageUnder)}},
	}
	if t.in.Quiet {
		// A person wants the card to be shown: the question is not the bot's.
		e.From = FromSystem
	}
	t.prompt(e, ageStep)
}

func (t *turn) ageLabel(option string) string {
	words := t.v.own.ageReached
	if option == ageUnder {
		words = t.v.own.ageUnder
	}
	return fmt.Sprintf(words, t.b.settings.AgeLimit)
}

// ageOpen tells whether the question waits for its answer.
func (s *State) ageOpen() bool {
	return slices.ContainsFunc(s.Offers, func(o Offer) bool { return o.Step == ageStep })
}

// typedAge takes a typed label for a press on it.
func (t *turn) typedAge() bool {
	if !t.s.ageOpen() {
		return false
	}
	for _, option := range []string{ageReached, ageUnder} {
		if fold(t.ageLabel(option)) == string(t.q.folded) {
			t.visitorLine(Event{Of: t.s.Prompt, Choice: option})
			t.ageAnswered(option)
			return true
		}
	}
	return false
}

// pressedAge handles a press on an option of the question.
func (t *turn) pressedAge() {
	if t.in.Choice != ageReached && t.in.Choice != ageUnder {
		t.refuse(CodeBadInput, "there is no such option")
		return
	}
	t.emit(Event{
		From: FromVisitor, Kind: EventMessage, Of: t.in.Of, Choice: t.in.Choice,
		Text: []Span{{Text: t.ageLabel(t.in.Choice)}},
	})
	t.ageAnswered(t.in.Choice)
}

// ageAnswered keeps the answer and goes on: at the consent step that waited for
// it, or with the card that the visitor wanted.
func (t *turn) ageAnswered(option string) {
	t.closeOffers(ageStep)
	t.p.Age = &AgeBand{Limit: t.b.settings.AgeLimit, Reached: option == ageReached}
	if t.tooYoung() {
		t.say(t.v.own.tooYoung)
	}
	st, i := t.here()
	switch {
	case st != nil && st.kind == kindConsent && t.s.Card == nil:
		if !t.in.Quiet {
			t.enter(i)
		}
	case t.tooYoung():
		t.repeat()
	case t.inForce(t.b.base):
		t.answerAct(t.v.own.alreadyGranted)
	default:
		t.showWantedCard(t.b.base)
	}
}

// mayPass tells whether a consent step may go on to its card or its granted way
// without asking for the age first; where it may not, it has asked.
func (t *turn) mayPass() bool {
	if t.oldEnough() {
		return true
	}
	t.askAge()
	return false
}
