package storetest

import (
	"errors"
	"fmt"
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

// whose returns whose contacts are due, sorted.
func whose(p persistence.RetentionPlan) []string {
	var names []string
	for _, c := range p.Contacts {
		names = append(names, c.Visitor)
	}
	slices.Sort(names)
	return names
}

func dueContacts(t *testing.T, s ContactStore) {
	var last time.Time
	given := map[string]time.Time{}
	for _, name := range []string{"a", "b", "c"} {
		v := newVisit(t, s, "shop", name)
		v.done(v.contact(v.granted(), email))
		last, given[name] = v.at, v.at
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
	if plan := planned(t, s, clocks, later, 10); !slices.Equal(whose(plan), []string{"a", "b", "c", "policy"}) || plan.More {
		t.Errorf("contacts that are too old must be due, on whatever they rest, got %+v", plan)
	}
	plan := planned(t, s, clocks, later, 2)
	if !slices.Equal(whose(plan), []string{"a", "policy"}) || plan.Contacts[0].Visitor != "policy" || !plan.More {
		t.Errorf("the oldest come first, and a plan must say that there is more, got %+v", plan)
	}
	if c := plan.Contacts[1]; !c.CollectedAt.Equal(given["a"]) || !c.DueAt.Equal(given["a"].Add(90*day)) {
		t.Errorf("a due contact must say when it was given and due, got %+v, given %v", c, given)
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
	if plan := planned(t, s, clocks, later, 10); !slices.Equal(whose(plan), []string{"b", "c", "policy"}) {
		t.Errorf("who gave a value lately is not due, got %+v", plan)
	}
	w.holds(email, "looking what is due changes nothing")
	// A correction by somebody else does not.
	b := newVisit(t, s, "shop", "b")
	b.vseq, b.at = 4, later
	corrected := b.record()
	corrected.Contact = &persistence.ContactRecord{Grant: "shop-b-e3", GrantedVSeq: 3, Conversation: "c", Values: email, GivenAt: given["b"]}
	b.done(corrected)
	if plan := planned(t, s, clocks, later, 10); !slices.Equal(whose(plan), []string{"b", "c", "policy"}) {
		t.Errorf("a correction must not start the clock again, got %+v", plan)
	}
}

// promising is a notice that promises to keep contacts so many days. Its words hold
// what looks like another promise.
func promising(days int) *persistence.Notice {
	return textOf("pl", fmt.Sprintf(`{"version":1,"body":"\"retention\":{\"contact_days\":1} \\u0000 zł","valid_days":{},"retention":{"contact_days":%d,"proof_days":9}}`, days))
}

// askedWith is a request that showed n.
func (v *visit) askedWith(n *persistence.Notice) persistence.Record {
	r := v.request(persistence.PurposeLead)
	r.Entry.Notice, r.Entry.NoticeText = n.Hash, n
	return r
}

func noticesPromiseIsKept(t *testing.T, s ContactStore) {
	given := map[string]time.Time{}
	for name, n := range map[string]*persistence.Notice{"d30": promising(30), "d300": promising(300), "d0": promising(0), "dmuch": promising(1 << 40), "plain": leadNotice} {
		v := newVisit(t, s, "shop", name)
		asked := v.askedWith(n)
		grant := v.answer(asked, persistence.KindGranted)
		v.done(asked, grant, v.contact(grant, email))
		given[name] = v.at
	}
	// Where consent is not required the notice was shown all the same, and the record says
	// what it promised.
	v := newVisit(t, s, "shop", "policy")
	r := v.record()
	r.Contact = &persistence.ContactRecord{Policy: "p", Conversation: "c", Values: email, KeepDays: 30}
	v.done(r)
	given["policy"] = v.at

	year := persistence.Clocks{Contact: 365 * day}
	for _, c := range []struct {
		clocks persistence.Clocks
		after  time.Duration
		want   []string
	}{
		{year, 29 * day, nil},
		{year, 31 * day, []string{"d30", "policy"}},
		{persistence.Clocks{}, 31 * day, []string{"d30", "policy"}},
		{persistence.Clocks{Contact: 10 * day}, 11 * day, []string{"d0", "d30", "d300", "dmuch", "plain", "policy"}},
		{year, 301 * day, []string{"d30", "d300", "policy"}},
		{year, 366 * day, []string{"d0", "d30", "d300", "dmuch", "plain", "policy"}},
		{persistence.Clocks{}, 1000 * day, []string{"d30", "d300", "policy"}},
	} {
		plan := planned(t, s, c.clocks, now().Add(c.after), 10)
		if !slices.Equal(whose(plan), c.want) || plan.More {
			t.Errorf("with a clock of %v, after %v these must be due: %v, got %+v", c.clocks.Contact, c.after, c.want, plan)
		}
	}
	plan := planned(t, s, year, now().Add(301*day), 10)
	for _, c := range plan.Contacts {
		days := map[string]time.Duration{"d30": 30, "policy": 30, "d300": 300}[c.Visitor]
		if !c.CollectedAt.Equal(given[c.Visitor]) || !c.DueAt.Equal(given[c.Visitor].Add(days*day)) {
			t.Errorf("a due contact must say when it was given and due by its promise, got %+v, given %v", c, given[c.Visitor])
		}
	}
	if plan := planned(t, s, year, now().Add(301*day), 2); len(plan.Contacts) != 2 || !plan.More {
		t.Errorf("a plan must keep its limit and say that there is more, got %+v", plan)
	}
}

func promiseOfTheLastNotice(t *testing.T, s ContactStore) {
	clocks := persistence.Clocks{Contact: 365 * day}
	v := newVisit(t, s, "shop", "anna")
	first := v.askedWith(promising(30))
	grant := v.answer(first, persistence.KindGranted)
	v.done(first, grant)
	given := v.contact(grant, email)
	v.done(given)
	// A text that was shown and not agreed to promises nothing, and agreeing to
	// another one later lengthens nothing that was given before.
	second := v.askedWith(promising(200))
	v.done(second)
	if got := whose(planned(t, s, clocks, now().Add(31*day), 10)); !slices.Equal(got, []string{"anna"}) {
		t.Errorf("a request lengthens nothing, due is %v", got)
	}
	renewal := v.answer(second, persistence.KindGranted)
	renewal.Entry.Grant = grant.Entry.ID
	v.done(renewal)
	if got := whose(planned(t, s, clocks, now().Add(31*day), 10)); !slices.Equal(got, []string{"anna"}) {
		t.Errorf("what was given under the first promise stays under it, due is %v", got)
	}
	// A value that is given after it is under the new one.
	v.done(v.contact(grant, map[string]string{"email": "b@example.test"}))
	if got := whose(planned(t, s, clocks, now().Add(31*day), 10)); len(got) != 0 {
		t.Errorf("a value that was given under the new promise is kept as it says, due is %v", got)
	}
	if got := whose(planned(t, s, clocks, now().Add(201*day), 10)); !slices.Equal(got, []string{"anna"}) {
		t.Errorf("and no longer, due is %v", got)
	}
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

// ledgersPromiseIsKept: an owner who keeps proofs longer from now on keeps those no
// longer that were promised less, whatever else was shown since.
func ledgersPromiseIsKept(t *testing.T, s ContactStore) {
	declined := func(name string, notices ...*persistence.Notice) {
		v := newVisit(t, s, "shop", name)
		for _, n := range notices {
			asked := v.askedWith(n)
			v.done(asked, v.answer(asked, persistence.KindDeclined))
		}
	}
	declined("plain", leadNotice)
	declined("nine", promising(30)) // it promises nine days
	declined("both", leadNotice, promising(30), leadNotice)
	year := persistence.Clocks{Proof: 365 * day}
	for _, c := range []struct {
		clocks persistence.Clocks
		after  time.Duration
		want   []string
	}{
		{year, 8 * day, nil},
		{year, 10 * day, []string{"both", "nine"}},
		{persistence.Clocks{Proof: 5 * day}, 6 * day, []string{"both", "nine", "plain"}},
		{year, 366 * day, []string{"both", "nine", "plain"}},
	} {
		if plan := planned(t, s, c.clocks, now().Add(c.after), 10); !slices.Equal(plan.Proofs, c.want) {
			t.Errorf("with a clock of %v, after %v these must be due: %v, got %v", c.clocks.Proof, c.after, c.want, plan.Proofs)
		}
	}
	if n := purge(t, s, year, now().Add(10*day), 10); n != 2 {
		t.Errorf("%d ledgers were purged, want the two whose promise is over", n)
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
