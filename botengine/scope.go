package botengine

import "slices"

// What a grant was given for is its scope: who gets the data, and which data. A new
// text with the same scope is a new version and asks nobody anew; where the scope
// grew, the grant goes on for what it said and the visitor is asked (EDPB
// Guidelines 05/2020, 110; WP260 rev.01, 29-31).

// sameParties tells whether the consent in force was given to those who would get
// the data today. A profile rebuilt from the ledger knows the notice by its hash
// only, so a text that is no longer published counts as another scope.
func (t *turn) sameParties(purpose string) bool {
	c := t.p.Consents[purpose]
	if c.Scope == t.b.settings.Scope {
		return true
	}
	return c.Scope == "" && t.publishedNow(c.Notice) != nil
}

// publishedNow finds a notice among those the site shows today.
func (t *turn) publishedNow(hash string) *Notice {
	for _, n := range t.b.settings.Notices {
		if n.Hash == hash {
			return &n
		}
	}
	return nil
}

// usable tells whether something may be collected under the grant of a purpose: it
// is in force, and where the site asks for consent, it names today's parties.
func (t *turn) usable(purpose string) bool {
	return t.inForce(purpose) && (!t.b.settings.RequireConsent || t.sameParties(purpose))
}

// outgrown tells whether the consent in force was given for less than the site's
// notice for the purpose says now.
func (t *turn) outgrown(purpose string) bool {
	if !t.inForce(purpose) || !t.b.settings.RequireConsent {
		return false
	}
	n, ok := t.notice(t.b.single[purpose])
	if !ok || t.p.Consents[purpose].Notice == n.Hash {
		return false
	}
	if !t.sameParties(purpose) {
		return true
	}
	had := t.namedFields(purpose)
	return slices.ContainsFunc(n.fields, func(f string) bool { return !slices.Contains(had, f) })
}

// askAnew shows a visitor who came back a card for what has grown since: the base
// purpose first, one card a visit, after the answer to what they said.
func (t *turn) askAnew() {
	if t.refused != nil || t.in.Quiet || t.s.Card != nil || !t.oldEnough() || (t.in.Kind != InputText && t.in.Kind != InputChoice) {
		return
	}
	for _, p := range t.b.settings.Purposes {
		if !t.outgrown(p) || !t.mayAsk(p) {
			continue
		}
		if n, ok := t.notice(t.ownCardSet(p)); ok {
			t.say(t.v.own.askedAnew)
			t.openCard(n, t.ownCardSet(p), "", actorSystem)
			t.s.Prompted, t.s.Asked = true, joined(t.s.Asked, t.s.Card.Purposes)
		}
		return
	}
}

// declineAnew records a no to the wider scope. It ends the old grant as well: who
// says no expects that nothing is kept, and what is held under the narrower text
// cannot be told apart from what the no was about.
func (t *turn) declineAnew(card *OpenCard, purpose, method string) {
	c := t.p.Consents[purpose]
	c.Request, c.Notice, c.Locale = card.entryOf(purpose), card.Notice, card.Locale
	t.note(purpose, c)
	if purpose == t.b.base {
		for _, p := range t.purposes() {
			if p != t.b.base && t.inForce(p) {
				t.endGrant(p, statusWithdrawn, FromVisitor, method)
			}
		}
	}
	t.endGrant(purpose, statusDeclined, FromVisitor, method)
	if purpose == t.b.base {
		t.say(t.v.own.withdrawn)
	}
}

// replaceCard puts a card of today's scope in the place of one whose yes would be
// for another. Where there is no text for it, the flow goes on as declined.
func (t *turn) replaceCard() {
	old := t.s.Card
	n, ok := t.notice(old.Purposes)
	if !ok {
		t.deferCard()
		t.say(t.v.own.noNotice)
		if st, i := t.here(); st != nil && st.kind == kindConsent && !t.in.Quiet {
			t.enter(i)
		}
		return
	}
	t.say(t.v.own.askedAnew)
	t.openCard(n, old.Purposes, old.Step, actorSystem)
}
