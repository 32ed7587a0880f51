package storetest

import (
	"testing"

	"zgoda/persistence"
)

// impossibleContacts are contacts that no store may ever hold. Each is the next
// record of a visitor for whom everything else is right.
func impossibleContacts(t *testing.T, s ContactStore) {
	other := newVisit(t, s, "shop", "other")
	otherGrant := other.granted()
	tests := map[string]func(v *visit, grant persistence.Record) persistence.Record{
		"a grant that does not exist": func(v *visit, g persistence.Record) persistence.Record {
			r := v.contact(g, email)
			r.Contact.Grant = "nobody gave this"
			return r
		},
		"another visitor's grant": func(v *visit, _ persistence.Record) persistence.Record { return v.contact(otherGrant, email) },
		"a grant with another number": func(v *visit, g persistence.Record) persistence.Record {
			r := v.contact(g, email)
			r.Contact.GrantedVSeq--
			return r
		},
		"a grant of another purpose": func(v *visit, _ persistence.Record) persistence.Record {
			return v.contact(v.agree(persistence.PurposeMarketingEmail), email)
		},
		"the request and not the grant": func(v *visit, g persistence.Record) persistence.Record {
			r := v.contact(g, email)
			r.Contact.Grant, r.Contact.GrantedVSeq = g.Entry.Request, g.VSeq-1
			return r
		},
		"neither grant nor policy": func(v *visit, g persistence.Record) persistence.Record {
			r := v.contact(g, email)
			r.Contact.Grant, r.Contact.GrantedVSeq = "", 0
			return r
		},
		"grant and policy": func(v *visit, g persistence.Record) persistence.Record {
			r := v.contact(g, email)
			r.Contact.Policy = "policy-1"
			return r
		},
		"values gone without a reason": func(v *visit, g persistence.Record) persistence.Record { return v.contact(g, nil) },
	}
	for name, spoil := range tests {
		v := newVisit(t, s, "shop", name)
		grant := v.granted()
		v.apply(verdicts{poisoned}, spoil(v, grant))
		v.holds(nil, "a contact with "+name+" must not be kept")
	}
	v := newVisit(t, s, "shop", "contact first")
	v.done(v.seen())
	asked := v.request(persistence.PurposeLead)
	v.done(asked)
	early := v.contact(asked, email)
	grant := v.answer(asked, persistence.KindGranted)
	early.Contact.Grant, early.Contact.GrantedVSeq = grant.Entry.ID, grant.VSeq
	v.apply(verdicts{poisoned, poisoned}, early, grant)
	v.holds(nil, "a contact must not precede its grant")
	v.status(persistence.PurposeLead, persistence.StatusRequested)
}

// impossibleDecisions are ledger entries that would make a consent nobody gave.
func impossibleDecisions(t *testing.T, s ContactStore) {
	other := newVisit(t, s, "shop", "other")
	otherAsked := other.request(persistence.PurposeLead)
	other.done(otherAsked)
	english := notice("en", "May we keep your contact?")
	tests := map[string]func(v *visit, asked persistence.Record) persistence.Record{
		"no request": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Request = ""
			return r
		},
		"an unknown request": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Request = "nobody asked this"
			return r
		},
		"another visitor's request": func(v *visit, _ persistence.Record) persistence.Record {
			return v.answer(otherAsked, persistence.KindGranted)
		},
		"a request for another purpose": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Purpose = persistence.PurposeMarketingEmail
			return r
		},
		"words that were not shown": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Notice, r.Entry.NoticeText, r.Entry.Locale = english.Hash, english, "en"
			return r
		},
		"another locale": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Locale = "en"
			return r
		},
		"no notice": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Notice, r.Entry.Locale = "", ""
			return r
		},
		"an operator who grants": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Actor = "operator:7"
			return r
		},
		"a timer that grants": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Method = "timer"
			return r
		},
		"a renewal of nothing": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Grant = "nobody gave this"
			return r
		},
		"a grant without a name": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Grant = ""
			return r
		},
		"an unknown purpose": func(v *visit, asked persistence.Record) persistence.Record {
			r := v.answer(asked, persistence.KindGranted)
			r.Entry.Purpose = "resale"
			return r
		},
		"an unknown kind": func(v *visit, asked persistence.Record) persistence.Record { return v.answer(asked, "inferred") },
	}
	for name, spoil := range tests {
		v := newVisit(t, s, "shop", name)
		asked := v.request(persistence.PurposeLead)
		v.done(asked)
		v.apply(verdicts{poisoned}, spoil(v, asked))
		v.status(persistence.PurposeLead, persistence.StatusRequested)
	}
	v := newVisit(t, s, "shop", "two answers")
	asked := v.request(persistence.PurposeLead)
	v.done(asked, v.answer(asked, persistence.KindDeclined))
	v.apply(verdicts{poisoned}, v.answer(asked, persistence.KindGranted))
	v.status(persistence.PurposeLead, persistence.StatusDeclined)

	v = newVisit(t, s, "shop", "same id")
	grant := v.granted()
	v.done(v.end(grant, persistence.KindWithdrawn))
	again := v.request(persistence.PurposeLead)
	again.Entry.ID = grant.Entry.Request
	v.apply(verdicts{poisoned}, again)
}

func poisonIsSetAsideInOrder(t *testing.T, s ContactStore) {
	v, w := newVisit(t, s, "shop", "anna"), newVisit(t, s, "shop", "jan")
	v.granted()
	bad := v.record()
	bad.Contact = &persistence.ContactRecord{Grant: "no", GrantedVSeq: 1, Values: email}
	behind := v.seen()
	v.apply(verdicts{poisoned, applied, poisoned}, bad, w.seen(), behind)
	if r := v.get(); r.AppliedVSeq != bad.VSeq-1 {
		t.Errorf("a poisoned record must not move the visitor on, got %d", r.AppliedVSeq)
	}
	v.apply(verdicts{poisoned, poisoned}, bad, behind)
	gap := v.seen()
	next := v.seen()
	v.apply(verdicts{notYet}, next)
	v.apply(verdicts{poisoned, poisoned}, gap, next)
	w.done(w.seen())
}

// withdrawalBehindPoisonProtects: the ledger stands still for a visitor with a
// poisoned record, but a withdrawal behind it must still protect the person.
func withdrawalBehindPoisonProtects(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	grant := v.granted()
	v.done(v.contact(grant, email))
	v.agree(persistence.PurposeMarketingEmail)
	bad := v.record()
	bad.Contact = &persistence.ContactRecord{Grant: "no", GrantedVSeq: 1, Values: email}
	v.apply(verdicts{poisoned}, bad)
	if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); len(got) != 0 {
		t.Errorf("nobody with a record set aside may be written to, it may be a withdrawal, got %v", got)
	}
	v.apply(verdicts{poisoned}, v.end(grant, persistence.KindWithdrawn))
	v.holds(nil, "a withdrawal that is set aside must erase the contact all the same")
}

func notices(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	asked := v.request(persistence.PurposeLead)
	v.done(asked)
	again := v.request(persistence.PurposeMarketingSMS)
	again.Entry.NoticeText = nil
	v.done(again, v.request(persistence.PurposeMarketingPhone))

	w := newVisit(t, s, "shop", "unknown notice")
	unknown := w.request(persistence.PurposeLead)
	unknown.Entry.Notice, unknown.Entry.NoticeText = notice("pl", "never shown").Hash, nil
	w.apply(verdicts{poisoned}, unknown)

	w = newVisit(t, s, "shop", "false hash")
	changed := w.request(persistence.PurposeLead)
	text := *leadNotice
	text.Canonical = `{"body":"something else"}`
	changed.Entry.NoticeText = &text
	w.apply(verdicts{poisoned}, changed)

	w = newVisit(t, s, "other", "unknown on this site")
	foreign := w.request(persistence.PurposeLead)
	foreign.Entry.NoticeText = nil
	w.apply(verdicts{poisoned}, foreign)
}

func erasureLeavesProof(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	grant := v.granted()
	v.done(v.contact(grant, email))
	v.agree(persistence.PurposeMarketingEmail)
	v.done(v.erase())
	if r := v.get(); !r.Erased || len(r.Fields) != 0 || r.AppliedVSeq != v.vseq {
		t.Errorf("an erased visitor is a pseudonym and a mark, got %+v", r)
	}
	v.holds(nil, "an erasure must leave no contact")
	for _, p := range persistence.Purposes {
		v.status(p, persistence.StatusErased)
	}
	if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); len(got) != 0 {
		t.Errorf("an erased visitor must be on no list, got %v", got)
	}
	v.done(v.erase())
	v.apply(verdicts{shredded}, v.contact(grant, email))
	v.holds(nil, "nothing may be kept of an erased visitor")
	v.apply(verdicts{poisoned}, v.request(persistence.PurposeLead))

	w := newVisit(t, s, "shop", "stranger")
	w.done(w.erase())
	if r := w.get(); !r.Erased {
		t.Errorf("a visitor of whom only the erasure is known is erased, got %+v", r)
	}
}
