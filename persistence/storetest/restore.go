package storetest

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"zgoda/persistence"
)

func lostIsPassed(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.seen())
	lost := []persistence.Record{v.seen(), v.seen(), v.seen()}
	asked := v.request(persistence.PurposeLead)
	v.apply(verdicts{notYet}, asked)
	n, err := s.Pass(t.Context(), "shop", "anna", 4)
	if err != nil || n != 3 {
		t.Fatalf("three records are missing, got %d %v", n, err)
	}
	v.done(asked, v.answer(asked, persistence.KindGranted))
	v.apply(verdicts{already, already, already}, lost...)
	if n, err = s.Pass(t.Context(), "shop", "anna", 4); err != nil || n != 0 {
		t.Errorf("what was passed is not passed again, got %d %v", n, err)
	}
	e := audited(t, s, "shop")
	if len(e) != 1 || e[0].Action != persistence.ActionLost || e[0].Visitor != "anna" || e[0].Actor != "system" || e[0].Reason != "records 2 to 4 never came" {
		t.Errorf("what was lost must be in the audit once, got %+v", e)
	}
	// Somebody of whom the store knows nothing at all.
	w := newVisit(t, s, "shop", "jan")
	w.vseq = 9
	r := w.seen()
	w.apply(verdicts{notYet}, r)
	if n, err := s.Pass(t.Context(), "shop", "jan", 9); err != nil || n != 9 {
		t.Errorf("nine records are missing, got %d %v", n, err)
	}
	w.done(r)
	if got := w.get(); got.AppliedVSeq != 10 {
		t.Errorf("what follows must be applied, got %+v", got)
	}
	o, err := s.Overview(t.Context(), "shop", asTest, persistence.OverviewQuery{Limit: 10})
	if err != nil || len(o.Rows) != 2 || o.Counts[persistence.PurposeMarketingSMS][persistence.StatusNotAsked] != 2 {
		t.Errorf("who was passed to is counted, got %v %v", o.Counts, err)
	}
}

func lostMayBeAWithdrawal(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	base := v.granted()
	v.done(v.contact(base, email))
	channel := v.agree(persistence.PurposeMarketingEmail)
	renew := func(grant persistence.Record) {
		asked := v.request(grant.Entry.Purpose)
		renewal := v.answer(asked, persistence.KindGranted)
		renewal.Entry.Grant = grant.Entry.ID
		v.done(asked, renewal)
	}
	list := func() []string { return listed(t, s, "shop", persistence.PurposeMarketingEmail) }
	v.seen()
	after := v.seen()
	if n, err := s.Pass(t.Context(), "shop", "anna", after.VSeq-1); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	v.done(after)
	if got := list(); len(got) != 0 {
		t.Errorf("what was lost may be a withdrawal, so nobody is written to, got %v", got)
	}
	renew(channel)
	if got := list(); len(got) != 0 {
		t.Errorf("the base consent may have been withdrawn as well, got %v", got)
	}
	renew(base)
	if got := list(); !slices.Equal(got, []string{"anna"}) {
		t.Errorf("who agreed to everything anew is on the list, got %v", got)
	}
}

func passChangesNothingKnown(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.contact(v.granted(), email))
	for _, upTo := range []uint64{1, 4} {
		if n, err := s.Pass(t.Context(), "shop", "anna", upTo); err != nil || n != 0 {
			t.Errorf("what the store has is not lost, got %d %v", n, err)
		}
	}
	v.holds(email, "passing changes no contact")
	for _, bad := range []func() error{
		func() error { _, err := s.Pass(t.Context(), "shop", "", 1); return err },
		func() error { _, err := s.Pass(t.Context(), "", "anna", 1); return err },
		func() error { _, err := s.Pass(t.Context(), "shop", "anna", 0); return err },
	} {
		if bad() == nil {
			t.Error("passing nobody or nothing must be refused")
		}
	}
	// Behind a record that was set aside the following are set aside too, also
	// over a gap.
	w := newVisit(t, s, "shop", "jan")
	asked := w.request(persistence.PurposeLead)
	bad := w.answer(asked, persistence.KindGranted)
	bad.Entry.Request = "nobody asked"
	w.apply(verdicts{applied, poisoned}, asked, bad)
	w.seen()
	r := w.seen()
	w.apply(verdicts{notYet}, r)
	if n, err := s.Pass(t.Context(), "shop", "jan", 3); err != nil || n != 1 {
		t.Errorf("one record is missing behind the one set aside, got %d %v", n, err)
	}
	w.apply(verdicts{poisoned}, r)
}

func stone(site, visitor string) persistence.Tombstone {
	return persistence.Tombstone{
		Site: site, Visitor: visitor, Entry: visitor + "-x", VSeq: 7, Actor: "visitor", Method: "widget",
		ErasedAt: now().Truncate(time.Millisecond),
	}
}

// erasuresAreReplayed restores a store from before erasures: restored is a store
// that got the same records, but not the last.
func erasuresAreReplayed(t *testing.T, s, restored ContactStore) {
	apply := func(s ContactStore, records ...persistence.Record) {
		t.Helper()
		if _, err := s.Apply(t.Context(), "shop", records); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string][]persistence.Record{}
	for name, cut := range map[string]int{"anna": 6, "jan": 4, "new": 0, "stays": 6} {
		v := newVisit(t, s, "shop", name)
		records := append(v.agreeing(), v.seen())
		records = append(records, v.contact(records[1], email), v.seen(), v.seen())
		if name != "stays" {
			records = append(records, v.erase())
		}
		all[name] = records
		apply(s, records...)
		apply(restored, records[:cut]...)
	}
	stones, err := s.Tombstones(t.Context(), "shop", time.Time{})
	if err != nil || len(stones) != 3 || stones[0].VSeq != 7 {
		t.Fatalf("every erasure must leave a tombstone, got %+v %v", stones, err)
	}
	if got, err := s.Tombstones(t.Context(), "shop", now().Add(time.Hour)); err != nil || len(got) != 0 {
		t.Errorf("nobody was erased since later, got %v %v", got, err)
	}
	if n, err := restored.Bury(t.Context(), "shop", stones); err != nil || n != 3 {
		t.Fatalf("three erasures were lost with the restore, %d were replayed, %v", n, err)
	}
	for range 2 {
		for _, name := range []string{"anna", "jan", "new"} {
			v := newVisit(t, restored, "shop", name)
			v.holds(nil, "an erasure that was replayed leaves no contact")
			if r := v.get(); !r.Erased || r.AppliedVSeq != 7 {
				t.Errorf("%s must be erased under the erasure's number, got %+v", name, r)
			}
			v.apply(slices.Repeat(verdicts{already}, 7), all[name]...)
		}
		if n, err := restored.Bury(t.Context(), "shop", stones); err != nil || n != 0 {
			t.Errorf("burying again changes nothing, got %d %v", n, err)
		}
	}
	if got, _ := restored.Find(t.Context(), "shop", asTest, email["email"]); !slices.Equal(got, []string{"stays"}) {
		t.Errorf("nobody else must be touched, got %v", got)
	}
	again, err := restored.Tombstones(t.Context(), "shop", time.Time{})
	if err != nil || !maps.Equal(byVisitor(again), byVisitor(stones)) {
		t.Errorf("a tombstone must come back as it was, got %+v %v, want %+v", again, err, stones)
	}
	p, err := restored.Proof(t.Context(), "shop", "anna", asTest)
	if err != nil || p.Verify() != nil || p.Entries[len(p.Entries)-1].Kind != persistence.KindErased {
		t.Errorf("the ledger must end with the erasure, got %+v %v", p.Entries, err)
	}
}

func byVisitor(list []persistence.Tombstone) map[string]persistence.Tombstone {
	out := map[string]persistence.Tombstone{}
	for _, st := range list {
		st.ErasedAt = st.ErasedAt.Truncate(time.Microsecond)
		out[st.Visitor] = st
	}
	return out
}

func buryIsAllOrNothing(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.contact(v.granted(), email))
	taken := stone("shop", "jan")
	taken.Entry = "shop-anna-e3" // an entry of somebody else
	for name, bad := range map[string]persistence.Tombstone{
		"another site":        stone("other", "jan"),
		"no visitor":          stone("shop", ""),
		"no number":           {Site: "shop", Visitor: "jan", Entry: "x", Actor: "a", Method: "m", ErasedAt: now()},
		"no entry":            {Site: "shop", Visitor: "jan", VSeq: 3, Actor: "a", Method: "m", ErasedAt: now()},
		"somebody else's":     taken,
		"no time":             {Site: "shop", Visitor: "jan", VSeq: 3, Entry: "x", Actor: "a", Method: "m"},
		"text nobody can use": {Site: "shop", Visitor: "jan\x00", VSeq: 3, Entry: "x", Actor: "a", Method: "m", ErasedAt: now()},
	} {
		n, err := s.Bury(t.Context(), "shop", []persistence.Tombstone{stone("shop", "anna"), bad})
		if err == nil || n != 0 || errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("a tombstone with %s must be refused, got %d %v", name, n, err)
		}
	}
	v.holds(email, "where one tombstone is wrong nobody is buried")
	if n, err := s.Bury(t.Context(), "shop", nil); err != nil || n != 0 {
		t.Errorf("burying nobody is no error, got %d %v", n, err)
	}
	twice := []persistence.Tombstone{stone("shop", "anna"), stone("shop", "anna")}
	if n, err := s.Bury(t.Context(), "shop", twice); err != nil || n != 1 {
		t.Errorf("the same visitor twice is buried once, got %d %v", n, err)
	}
	v.holds(nil, "who was buried has no contact")
	if !slices.ContainsFunc(audited(t, s, "shop"), func(e persistence.AuditEntry) bool {
		return e.Action == persistence.ActionBuried && e.Count == 1
	}) {
		t.Error("what was buried must be in the audit")
	}
}
