package botengine

import "slices"

// withdraw ends grants. Ending the base purpose ends the marketing that stands
// on it, each with an entry of its own, the base last.
func (t *turn) withdraw() {
	ending, ok := t.ending()
	if !ok {
		return
	}
	if len(ending) == 0 {
		t.answerAct(t.v.own.nothingToWithdraw)
		return
	}
	method, from := methodWidget, FromVisitor
	if !t.byVisitor() {
		method, from = methodCommand, FromSystem
	}
	for _, p := range ending {
		t.endGrant(p, statusWithdrawn, t.actor(), method)
	}
	t.emit(Event{From: from, Kind: EventWithdrawal, Purposes: ending, Method: method})
	if !slices.Contains(ending, t.b.base) {
		t.dropCardFor(ending)
		t.say(t.v.own.withdrawnMarketing)
		return
	}
	t.deferCard()
	t.say(t.v.own.withdrawn)
	t.stopCollecting(true)
}

// ending lists what is withdrawn. What a site keeps without asking is not under
// a grant, but the visitor's word ends it just the same.
func (t *turn) ending() ([]string, bool) {
	asked := t.in.Purposes
	for _, p := range asked {
		if !slices.Contains(t.b.settings.Purposes, p) && t.p.Consents[p].Status == "" {
			t.refuse(CodeBadInput, "the site has no such purpose")
			return nil, false
		}
	}
	all := len(asked) == 0 || slices.Contains(asked, t.b.base)
	var ending []string
	for _, p := range t.purposes() {
		if p != t.b.base && t.inForce(p) && (all || slices.Contains(asked, p)) {
			ending = append(ending, p)
		}
	}
	if all && (t.inForce(t.b.base) || len(t.p.Held) > 0) {
		ending = append(ending, t.b.base)
	}
	return ending, true
}

// purposes lists the site's purposes and then those that only the profile still
// knows, in an order that does not change.
func (t *turn) purposes() []string {
	ps := slices.Clone(t.b.settings.Purposes)
	var old []string
	for p := range t.p.Consents {
		if !slices.Contains(ps, p) {
			old = append(old, p)
		}
	}
	slices.Sort(old)
	return append(ps, old...)
}

// endGrant writes the entry that ends a purpose. The end of the base purpose
// takes the contact values along.
func (t *turn) endGrant(purpose, kind, actor, method string) {
	c := t.p.Consents[purpose]
	e := Entry{
		Kind: kind, Purpose: purpose, Request: c.Request, Grant: c.Grant, GrantVSeq: c.GrantVSeq,
		Notice: c.Notice, Locale: c.Locale, Actor: actor, Method: method,
	}
	if c.Grant == "" {
		e.Policy = t.b.settings.Policy
	}
	e = t.entry(e)
	c = t.noted(&e)
	c.Grant, c.GrantVSeq, c.ValidUntil, c.Fields, c.Scope = "", 0, 0, nil, ""
	if kind == statusWithdrawn || kind == statusDeclined {
		c.DeclinedAt = t.now
	}
	t.note(purpose, c)
	if purpose == t.b.base {
		t.drop = true
		t.p.Held, t.p.Refs, t.p.HeldAt, t.p.RestrictedAt = nil, nil, 0, 0
	}
}

// dropCardFor closes a card that asks for something that was just withdrawn.
func (t *turn) dropCardFor(purposes []string) {
	if t.s.Card != nil && slices.ContainsFunc(t.s.Card.Purposes, func(p string) bool { return slices.Contains(purposes, p) }) {
		t.deferCard()
	}
}

// stopCollecting takes the conversation out of a contact question, a marketing
// card or a webhook that sends contact fields, to the nearest answers. show puts what that step says.
func (t *turn) stopCollecting(show bool) {
	st, i := t.here()
	if st == nil {
		return
	}
	collecting := (st.kind == kindAsk && t.b.contact[st.ask.field]) || (st.kind == kindConsent && t.s.Card == nil) ||
		(st.kind == kindWebhook && t.sendsContact(st.webhook))
	if !collecting {
		return
	}
	t.leaveAsk(i)
	if here, i := t.here(); show && here != nil && !t.in.Quiet {
		t.enter(i)
	}
}

// expire notices grants whose time has passed. For the data that is the same as
// a withdrawal; for the pause before asking again it is not a refusal.
func (t *turn) expire() {
	over := func(p string) bool {
		c := t.p.Consents[p]
		return c.Status == statusGranted && c.ValidUntil != 0 && t.now >= c.ValidUntil
	}
	due := false
	for p := range t.p.Consents {
		due = due || over(p)
	}
	if !due {
		return
	}
	baseOver := over(t.b.base)
	for _, p := range t.purposes() {
		// Marketing stands on the base purpose and ends with it.
		if p != t.b.base && (over(p) || (baseOver && t.inForce(p))) {
			t.endGrant(p, statusExpired, actorSystem, methodTimer)
		}
	}
	if baseOver {
		t.endGrant(t.b.base, statusExpired, actorSystem, methodTimer)
		t.say(t.v.own.expired)
		t.stopCollecting(false)
	}
}
