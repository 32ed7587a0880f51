package storetest

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"zgoda/persistence"
)

const day = 24 * time.Hour

func now() time.Time { return time.Now().UTC() }

func planned(t *testing.T, s ContactStore, clocks persistence.Clocks, at time.Time, limit int) persistence.RetentionPlan {
	t.Helper()
	plan, err := s.Due(t.Context(), "shop", clocks, at, limit)
	if err != nil {
		t.Fatalf("due: %v", err)
	}
	if !plan.AsOf.Equal(at) {
		t.Errorf("a plan must say as of when it is, got %v, want %v", plan.AsOf, at)
	}
	return plan
}

func dueContacts(t *testing.T, s ContactStore) {
	var last time.Time
	for _, name := range []string{"a", "b", "c"} {
		v := newVisit(t, s, "shop", name)
		v.done(v.contact(v.granted(), email))
		last = v.at
	}
	v := newVisit(t, s, "shop", "policy")
	v.done(v.seen())
	r := v.record()
	r.Contact = &persistence.ContactRecord{Policy: "p", Conversation: "c", Values: email}
	v.done(r)
	clocks := persistence.Clocks{Contact: 90 * day}
	if plan := planned(t, s, clocks, now().Add(80*day), 10); len(plan.Contacts) != 0 || plan.More {
		t.Errorf("nothing is due before its time, got %+v", plan)
	}
	later := last.Add(91 * day)
	sorted := func(names []string) []string { return slices.Sorted(slices.Values(names)) }
	if plan := planned(t, s, clocks, later, 10); !slices.Equal(sorted(plan.Contacts), []string{"a", "b", "c", "policy"}) || plan.More {
		t.Errorf("contacts that are too old must be due, on whatever they rest, got %+v", plan)
	}
	if plan := planned(t, s, clocks, later, 2); !slices.Equal(plan.Contacts, []string{"policy", "a"}) || !plan.More {
		t.Errorf("the oldest come first, and a plan must say that there is more, got %+v", plan)
	}
	if plan := planned(t, s, persistence.Clocks{}, later.AddDate(100, 0, 0), 10); len(plan.Contacts)+len(plan.Proofs) != 0 {
		t.Errorf("a clock that is not set keeps, got %+v", plan)
	}
	// Giving a value again starts the clock again.
	w := newVisit(t, s, "shop", "a")
	w.vseq, w.at = 4, later
	again := w.record()
	again.Contact = &persistence.ContactRecord{Grant: "shop-a-e3", GrantedVSeq: 3, Conversation: "c", Values: email}
	w.done(again)
	if plan := planned(t, s, clocks, later, 10); !slices.Equal(sorted(plan.Contacts), []string{"b", "c", "policy"}) {
		t.Errorf("who gave a value lately is not due, got %+v", plan)
	}
	w.holds(email, "looking what is due changes nothing")
}

func dueGrants(t *testing.T, s ContactStore) {
	until := now().Add(365 * day).Truncate(time.Second)
	v := newVisit(t, s, "shop", "anna")
	asked := v.request(persistence.PurposeLead)
	grant := v.answer(asked, persistence.KindGranted)
	grant.Entry.ValidUntil = until
	v.done(asked, grant)
	v.agree(persistence.PurposeMarketingEmail)
	if plan := planned(t, s, persistence.Clocks{}, until.Add(-day), 10); len(plan.Grants) != 0 {
		t.Errorf("a grant is not due before it ends, got %+v", plan)
	}
	plan := planned(t, s, persistence.Clocks{}, until.Add(day), 10)
	want := persistence.ExpiredGrant{Visitor: "anna", Purpose: persistence.PurposeLead, Grant: grant.Entry.ID, ValidUntil: until}
	if len(plan.Grants) != 1 || !plan.Grants[0].ValidUntil.Equal(until) {
		t.Fatalf("a grant that has run out must be due, and no other, got %+v", plan)
	}
	plan.Grants[0].ValidUntil = until
	if plan.Grants[0] != want {
		t.Errorf("a due grant must be named, got %+v, want %+v", plan.Grants[0], want)
	}
	v.done(v.end(grant, persistence.KindExpired))
	if plan := planned(t, s, persistence.Clocks{}, until.Add(day), 10); len(plan.Grants) != 0 {
		t.Errorf("what has been ended is not due any more, got %+v", plan)
	}
}

// purge purges, and skips where a store cannot.
func purge(t *testing.T, s ContactStore, clocks persistence.Clocks, at time.Time, limit int) int {
	t.Helper()
	n, err := s.Purge(t.Context(), "shop", clocks, at, limit)
	if errors.Is(err, persistence.ErrNeedsPostgres) {
		t.Skip("LOUD: this store keeps ledgers for ever")
	}
	if err != nil {
		t.Fatalf("purge: %v", err)
	}
	return n
}

func purgeTakesWholeLedgers(t *testing.T, s ContactStore) {
	names := []string{"declined", "erased", "withdrawn"}
	for _, name := range names {
		v := newVisit(t, s, "shop", name)
		records := v.agreeing()
		v.done(append(records, v.contact(records[1], email))...)
		switch name {
		case "declined":
			asked := v.request(persistence.PurposeLead)
			v.done(asked, v.answer(asked, persistence.KindDeclined))
		case "erased":
			v.done(v.erase())
		default:
			v.done(v.end(records[1], persistence.KindWithdrawn))
		}
	}
	// Of somebody of whom a record was set aside the ledger may be incomplete.
	v := newVisit(t, s, "shop", "poisoned")
	asked := v.request(persistence.PurposeLead)
	bad := v.answer(asked, persistence.KindGranted)
	bad.Entry.Request = "nobody asked"
	v.apply(verdicts{applied, poisoned}, asked, bad)

	clocks := persistence.Clocks{Proof: 6 * 365 * day}
	if n := purge(t, s, clocks, now().Add(5*365*day), 10); n != 0 {
		t.Errorf("nothing is purged before its time, %d were", n)
	}
	later := now().Add(7 * 365 * day)
	if plan := planned(t, s, clocks, later, 10); !slices.Equal(plan.Proofs, names) {
		t.Errorf("ledgers whose time is over must be due, got %+v", plan)
	}
	if n := purge(t, s, clocks, later, 2); n != 2 {
		t.Errorf("a limit must be kept, %d were purged", n)
	}
	if n := purge(t, s, clocks, later, 10); n != 1 {
		t.Errorf("the rest must follow, %d were purged", n)
	}
	for _, name := range names {
		_, err := s.Proof(t.Context(), "shop", name, asTest)
		_, err2 := s.Visitor(t.Context(), "shop", name)
		if !errors.Is(err, persistence.ErrNotFound) || !errors.Is(err2, persistence.ErrNotFound) {
			t.Errorf("of %s nothing must be left, got %v %v", name, err, err2)
		}
	}
	if stones, err := s.Tombstones(t.Context(), "shop", time.Time{}); err != nil || len(stones) != 0 {
		t.Errorf("a tombstone goes with its ledger, got %v %v", stones, err)
	}
	o, err := s.Overview(t.Context(), "shop", asTest, persistence.OverviewQuery{Limit: 10})
	if want := map[string]int{persistence.StatusRequested: 1}; err != nil || !maps.Equal(o.Counts[persistence.PurposeLead], want) {
		t.Errorf("who is gone is not counted, got %v %v", o.Counts, err)
	}
	if !slices.ContainsFunc(audited(t, s, "shop"), func(e persistence.AuditEntry) bool {
		return e.Action == persistence.ActionPurged && e.Count == 2
	}) {
		t.Error("what was purged must be in the audit")
	}
}

func purgeEndsNoGrant(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.contact(v.granted(), email))
	p := newVisit(t, s, "shop", "policy")
	asked := p.request(persistence.PurposeLead)
	p.done(asked, p.answer(asked, persistence.KindDeclined))
	r := p.record()
	r.Contact = &persistence.ContactRecord{Policy: "p", Conversation: "c", Values: email}
	p.done(r)
	if n := purge(t, s, persistence.Clocks{Contact: 1, Proof: 1}, now().AddDate(100, 0, 0), 10); n != 0 {
		t.Errorf("a ledger on which something hangs must stay, %d were purged", n)
	}
	v.holds(email, "purging ends no grant")
	p.holds(email, "purging deletes no contact")
	if n := purge(t, s, persistence.Clocks{Contact: 1}, now().AddDate(100, 0, 0), 10); n != 0 {
		t.Errorf("a clock that is not set keeps, %d were purged", n)
	}
}
