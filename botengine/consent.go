package botengine

import (
	"maps"
	"slices"
)

// Kinds of ledger entries, and states of a purpose in the profile.
const (
	statusRequested = "requested"
	statusGranted   = "granted"
	statusDeclined  = "declined"
	statusDeferred  = "deferred"
	statusWithdrawn = "withdrawn"
	statusExpired   = "expired"
)

// Methods and actors of entries.
const (
	methodButton  = "button"
	methodPhrase  = "phrase"
	methodWidget  = "widget"
	methodCommand = "command"
	methodTimer   = "timer"
	actorSystem   = "system"
)

// inForce tells whether a grant of the purpose holds now.
func (t *turn) inForce(purpose string) bool {
	c, ok := t.p.Consents[purpose]
	return ok && c.Status == statusGranted && c.Grant != "" && (c.ValidUntil == 0 || t.now < c.ValidUntil)
}

// refusedAt is when the visitor last declined or withdrew, 0 where they granted
// since or never did.
func (t *turn) refusedAt(purpose string) int64 {
	c := t.p.Consents[purpose]
	if c.DeclinedAt == 0 && (c.Status == statusDeclined || c.Status == statusWithdrawn) {
		return max(c.At, 1)
	}
	return c.DeclinedAt
}

func (t *turn) refusedEver(purpose string) bool { return t.refusedAt(purpose) != 0 }

// mayAsk tells whether the bot may show a card for the purpose by itself: not
// within the pause after a refusal, and once a session.
func (t *turn) mayAsk(purpose string) bool {
	return !t.pausing(purpose) && !slices.Contains(t.s.Asked, purpose)
}

// pausing tells whether the visitor refused the purpose so lately that the bot
// does not bring it up.
func (t *turn) pausing(purpose string) bool {
	pause := t.b.settings.ReaskAfterMS
	if pause == 0 {
		pause = defaultReaskAfterMS
	}
	at := t.refusedAt(purpose)
	return at != 0 && t.now-at < pause
}

// cardSet is what a card for the purpose asks for when the visitor wants it.
func (t *turn) cardSet(purpose string) []string {
	if t.b.settings.Bundled && purpose == t.b.base {
		return t.b.bundle
	}
	return t.b.single[purpose]
}

// ownCardSet is what a card for the purpose asks for when the bot shows it by
// itself: a bundle must not bring up again what was refused lately.
func (t *turn) ownCardSet(purpose string) []string {
	set := t.cardSet(purpose)
	if slices.ContainsFunc(set, t.pausing) {
		return t.b.single[purpose]
	}
	return set
}

// notice finds the published text for a set of purposes in the conversation's
// language, or in the site's declared fallback. Without one nothing is asked.
func (t *turn) notice(set []string) (*published, bool) {
	for _, locale := range [...]string{t.s.Locale, t.b.settings.Fallback} {
		if locale == "" {
			continue
		}
		if len(set) == 1 {
			if n, ok := t.b.cards[cardName{set[0], locale}]; ok {
				return n, true
			}
			continue
		}
		if n, ok := t.b.settings.Notices[NoticeKey(set, locale)]; ok {
			return publishedAs(n, locale), true
		}
	}
	return nil, false
}

func orString(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// askConsent runs a consent step: it opens a card and waits, or goes on along
// the way that the visitor's decisions allow. A step with several purposes asks
// for them one card after another, unless the site bundles.
func (t *turn) askConsent(st *step) (next int, waits bool) {
	c := st.consent
	if !t.collects() {
		return c.declined.step, false
	}
	if t.tooYoung() {
		return c.declined.step, false
	}
	if t.inForce(t.b.base) && !t.mayPass() {
		return none, true
	}
	if !t.b.settings.RequireConsent {
		if slices.Contains(c.purposes, t.b.base) && !t.refusedEver(t.b.base) && !t.mayPass() {
			return none, true
		}
		return t.passNotice(c), false
	}
	for _, p := range c.purposes {
		anew := t.outgrown(p)
		if (t.inForce(p) && !anew) || (p != t.b.base && !t.usable(t.b.base)) {
			continue
		}
		if t.s.Card != nil && slices.Contains(t.s.Card.Purposes, p) {
			// The card is open already: the visitor asked for it, or the flow
			// came round. It is shown again and asks nothing new.
			t.setCard(func(c *OpenCard) { c.Step = st.id })
			t.renderCard()
			return none, true
		}
		if !t.mayAsk(p) {
			continue
		}
		set := t.ownCardSet(p)
		if n, ok := t.notice(set); ok {
			if !t.mayPass() {
				return none, true
			}
			if anew {
				t.say(t.v.own.askedAnew)
			}
			t.openCard(n, set, st.id, actorSystem)
			t.s.Prompted = true
			t.s.Asked = joined(t.s.Asked, t.s.Card.Purposes)
			return none, true
		}
	}
	return t.outcome(c), false
}

// joined is two lists in one that shares memory with neither, unless one is empty.
func joined(a, b []string) []string {
	if len(a) == 0 {
		return b
	}
	return slices.Concat(a, b)
}

// outcome is the way on from a consent step once nothing is left to ask. The
// base purpose decides where the step asks for it.
func (t *turn) outcome(c *consentStep) int {
	granted := slices.ContainsFunc(c.purposes, t.usable)
	if slices.Contains(c.purposes, t.b.base) {
		granted = t.usable(t.b.base)
	}
	if granted {
		return c.granted.step
	}
	return c.declined.step
}

// passNotice runs a consent step where the site does not require consent: the
// notice is shown without buttons, once a session, and the flow goes on. What a
// visitor refused earlier still holds. Marketing always needs a grant, which
// nobody asks for here, so its steps go on as declined.
func (t *turn) passNotice(c *consentStep) int {
	if !slices.Contains(c.purposes, t.b.base) || t.inForce(t.b.base) {
		return t.outcome(c)
	}
	n, ok := t.notice(t.cardSet(t.b.base))
	if !ok || t.refusedEver(t.b.base) {
		return c.declined.step
	}
	if !t.s.Prompted {
		card := n.Card
		card.Notice, card.NoAnswer = n.Hash, true
		t.emit(Event{From: FromBot, Kind: EventCard, Locale: card.Locale, Card: &card})
		t.s.Prompted = true
	}
	return c.granted.step
}

// openCard shows a card and records one request per purpose. An older card that
// is still open is put off: one question at a time.
func (t *turn) openCard(n *published, purposes []string, step, actor string) {
	t.deferCard()
	t.deferLost(purposes)
	id := t.name()
	open := &OpenCard{
		Request: id, Purposes: purposes,
		Notice: n.Hash, Locale: n.Card.Locale, Step: step, Fields: n.fields,
		Scope: t.b.settings.Scope,
	}
	if len(purposes) > 1 {
		open.Requests = make(map[string]string, len(purposes))
	}
	for _, p := range purposes {
		e := t.entry(Entry{
			Kind: statusRequested, Purpose: p, Notice: n.Hash, Locale: open.Locale, Actor: actor, Method: methodWidget,
		})
		if open.Entry = e.ID; open.Requests != nil {
			open.Requests[p] = e.ID
		}
		if !t.inForce(p) {
			c := t.noted(&e)
			c.Request, c.Method = e.ID, ""
			t.note(p, c)
		}
	}
	t.s.Card = open
	t.putCard(n, id)
}

// renderCard shows the open card once more, with the same request.
func (t *turn) renderCard() {
	for _, locale := range []string{t.s.Card.Locale, t.s.Locale, t.b.settings.Fallback} {
		n, ok := t.b.settings.Notices[NoticeKey(t.s.Card.Purposes, locale)]
		if ok && n.Hash == t.s.Card.Notice {
			t.putCard(publishedAs(n, locale), "")
			return
		}
	}
	// The text was replaced since. What was shown still counts for what it
	// said, but it cannot be shown again.
	t.say(t.v.own.cardOpen)
}

func (t *turn) putCard(n *published, event string) {
	card := n.Card
	card.Request, card.Notice = t.s.Card.Request, n.Hash
	e := Event{ID: event, From: FromBot, Kind: EventCard, Locale: card.Locale, Card: &card}
	if t.in.Quiet {
		// A person asked for the card to be shown: it is theirs, not the bot's.
		e.From = FromSystem
	}
	t.s.Prompt = t.emit(e)
	if t.s.Card.Aside {
		t.setCard(func(c *OpenCard) { c.Aside = false })
	}
}

// deferCard closes the open card as unanswered.
func (t *turn) deferCard() {
	if t.s.Card == nil {
		return
	}
	card := t.s.Card
	t.s.Card = nil
	for _, p := range card.Purposes {
		t.deferRequest(p, card.entryOf(p), card.Notice, card.Locale)
	}
}

// deferLost closes requests whose card went with a conversation's old log: the
// profile outlives it.
func (t *turn) deferLost(purposes []string) {
	for _, p := range purposes {
		if c := t.p.Consents[p]; c.Status == statusRequested && c.Request != "" {
			t.deferRequest(p, c.Request, c.Notice, c.Locale)
		}
	}
}

func (t *turn) deferRequest(purpose, request, notice, locale string) {
	e := t.entry(Entry{
		Kind: statusDeferred, Purpose: purpose, Request: request, Notice: notice, Locale: locale,
		Actor: actorSystem, Method: methodTimer,
	})
	if !t.inForce(purpose) {
		t.note(purpose, t.noted(&e))
	}
}

// noted is a purpose's consent with what an entry says.
func (t *turn) noted(e *Entry) Consent {
	c := t.p.Consents[e.Purpose]
	// A refusal known only by its status must survive the status.
	c.DeclinedAt = t.refusedAt(e.Purpose)
	c.Status, c.At, c.Entry, c.Notice, c.Locale, c.Method = e.Kind, t.now, e.ID, e.Notice, e.Locale, e.Method
	return c
}

// note writes a purpose's consent into the profile.
func (t *turn) note(purpose string, c Consent) {
	if !t.ownConsents {
		t.p.Consents = maps.Clone(t.p.Consents)
		if t.p.Consents == nil {
			t.p.Consents = map[string]Consent{}
		}
		t.ownConsents = true
	}
	t.p.Consents[purpose] = c
}
