package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"zgoda/persistence"
)

// Privacy is the suite of persistence.Privacy.
func Privacy(t *testing.T, b ContactsBackend) {
	t.Helper()
	cases := []struct {
		name string
		run  func(*testing.T, ContactStore)
	}{
		{"C52_ReadsAreAudited", readsAreAudited},
		{"C52_NobodyReadsWithoutAName", nobodyReadsWithoutAName},
		{"C52_AuditPages", auditPages},
		{"C43_Person", personHoldsAll},
		{"C43_FindByAddress", findByAddress},
		{"C47_ObjectionIsAbsolute", objectionIsAbsolute},
		{"C18_ProofIsVerifiedWithoutTheStore", proofIsVerified},
		{"E33_ProofAfterErasure", proofAfterErasure},
		{"C45_RestrictedIsNotUsed", restrictedIsNotUsed},
		{"C45_RestrictionsInOrder", restrictionsInOrder},
		{"C45_RestrictionIsThePersons", restrictionIsThePersons},
		{"C55_DueContacts", dueContacts},
		{"C55_NoticesPromiseIsKept", noticesPromiseIsKept},
		{"C55_PromiseOfTheLastNotice", promiseOfTheLastNotice},
		{"C56_DueGrants", dueGrants},
		{"C55_PurgeTakesWholeLedgers", purgeTakesWholeLedgers},
		{"C55_LedgersPromiseIsKept", ledgersPromiseIsKept},
		{"C55_PurgeEndsNoGrant", purgeEndsNoGrant},
		{"P8_LostIsPassed", lostIsPassed},
		{"P7_LostMayBeAWithdrawal", lostMayBeAWithdrawal},
		{"P8_PassChangesNothingKnown", passChangesNothingKnown},
		{"C35_CountsAreWhatPagesShow", countsAreWhatPagesShow},
		{"P10_PrivacyDoesNotMeet", privacySitesDoNotMeet},
		{"P11_PrivacyEndedContext", privacyEndedContext},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, b.New(t))
		})
	}
	t.Run("C32_ErasuresAreReplayed", func(t *testing.T) {
		t.Parallel()
		erasuresAreReplayed(t, b.New(t), b.New(t))
	})
	t.Run("C32_BuryIsAllOrNothing", func(t *testing.T) {
		t.Parallel()
		buryIsAllOrNothing(t, b.New(t))
	})
}

// audited returns the newest entries of a site's audit.
func audited(t *testing.T, s ContactStore, site string) []persistence.AuditEntry {
	t.Helper()
	page, err := s.Audit(t.Context(), site, persistence.AuditQuery{Limit: 100})
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	return page.Entries
}

func readsAreAudited(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.contact(v.granted(), map[string]string{"email": "canary@example.test", "name": "Canary"}))
	v.agree(persistence.PurposeMarketingEmail)
	w := newVisit(t, s, "shop", "jan")
	w.done(w.seen())
	officer := persistence.Access{Actor: "operator:7", Reason: "ticket 12"}
	reads := []struct {
		action, visitor string
		count           int
		read            func(context.Context) error
	}{
		{persistence.ActionListed, "", 1, func(ctx context.Context) error {
			_, err := s.Overview(ctx, "shop", officer, persistence.OverviewQuery{Limit: 10})
			return err
		}},
		{persistence.ActionMarketing, "", 1, func(ctx context.Context) error {
			_, err := s.Marketing(ctx, "shop", officer, persistence.PurposeMarketingEmail)
			return err
		}},
		{persistence.ActionRead, "anna", 1, func(ctx context.Context) error {
			_, err := s.Person(ctx, "shop", "anna", officer)
			return err
		}},
		{persistence.ActionSought, "", 1, func(ctx context.Context) error {
			_, err := s.Find(ctx, "shop", officer, "canary@example.test")
			return err
		}},
		{persistence.ActionSought, "", 0, func(ctx context.Context) error {
			_, err := s.Find(ctx, "shop", officer, "nobody@example.test")
			return err
		}},
		{persistence.ActionProved, "anna", 0, func(ctx context.Context) error {
			_, err := s.Proof(ctx, "shop", "anna", officer)
			return err
		}},
	}
	for i, r := range reads {
		if err := r.read(t.Context()); err != nil {
			t.Fatalf("%s: %v", r.action, err)
		}
		got := audited(t, s, "shop")
		if len(got) != i+1 {
			t.Fatalf("%s must leave one entry, there are %d after %d reads", r.action, len(got), i+1)
		}
		e := got[0]
		want := persistence.AuditEntry{ID: e.ID, At: e.At, Actor: "operator:7", Reason: "ticket 12", Action: r.action, Visitor: r.visitor, Count: r.count}
		if e != want || e.At.IsZero() || e.ID == "" {
			t.Errorf("an entry must say who did what to whom and why, got %+v, want %+v", e, want)
		}
		if strings.Contains(fmt.Sprint(e), "anary") {
			t.Errorf("an entry must not hold the data, got %+v", e)
		}
	}
	// Who is shown nobody's contact leaves nothing.
	_, err := s.Overview(t.Context(), "shop", officer, persistence.OverviewQuery{Status: persistence.StatusNotAsked, Purpose: persistence.PurposeLead, Limit: 10})
	if got := audited(t, s, "shop"); err != nil || len(got) != len(reads) {
		t.Errorf("a page of pseudonyms is no personal data that was read, got %d entries %v", len(got), err)
	}
}

func nobodyReadsWithoutAName(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.contact(v.granted(), email))
	ctx, nobody := t.Context(), persistence.Access{Reason: "because"}
	for name, read := range map[string]func() error{
		"overview": func() error {
			_, err := s.Overview(ctx, "shop", nobody, persistence.OverviewQuery{})
			return err
		},
		"marketing": func() error {
			_, err := s.Marketing(ctx, "shop", nobody, persistence.PurposeMarketingEmail)
			return err
		},
		"person":    func() error { _, err := s.Person(ctx, "shop", "anna", nobody); return err },
		"find":      func() error { _, err := s.Find(ctx, "shop", nobody, "jan@example.test"); return err },
		"proof":     func() error { _, err := s.Proof(ctx, "shop", "anna", nobody); return err },
		"note":      func() error { return s.Note(ctx, "shop", persistence.AuditEntry{Action: "mail.sent"}) },
		"no action": func() error { return s.Note(ctx, "shop", persistence.AuditEntry{Actor: "system"}) },
		"reason": func() error {
			_, err := s.Person(ctx, "shop", "anna", persistence.Access{Actor: "a", Reason: strings.Repeat("x", 9999)})
			return err
		},
	} {
		if err := read(); err == nil || errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("%s must be refused to somebody who does not say who they are, got %v", name, err)
		}
	}
	if got := audited(t, s, "shop"); len(got) != 0 {
		t.Errorf("what was refused is not in the audit, got %v", got)
	}
}

func auditPages(t *testing.T, s ContactStore) {
	for i := range 7 {
		e := persistence.AuditEntry{Actor: fmt.Sprintf("operator:%d", i%2), Action: "mail.sent", Visitor: []string{"anna", "jan", ""}[i%3], Reason: fmt.Sprint(i), Count: i}
		if err := s.Note(t.Context(), "shop", e); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		query persistence.AuditQuery
		want  string
	}{
		"all":                    {persistence.AuditQuery{}, "6543210"},
		"of a visitor":           {persistence.AuditQuery{Visitor: "anna"}, "630"},
		"of an actor":            {persistence.AuditQuery{Actor: "operator:1"}, "531"},
		"of an actor on visitor": {persistence.AuditQuery{Actor: "operator:1", Visitor: "anna"}, "3"},
		"of nobody":              {persistence.AuditQuery{Actor: "operator:9"}, ""},
	} {
		got := ""
		q := tt.query
		for q.Limit = 2; ; {
			page, err := s.Audit(t.Context(), "shop", q)
			if err != nil || len(page.Entries) > 2 {
				t.Fatalf("%s: a page must have at most two entries, got %d %v", name, len(page.Entries), err)
			}
			for _, e := range page.Entries {
				got += e.Reason
			}
			if q.Before = page.Next; q.Before == "" {
				break
			}
		}
		if got != tt.want {
			t.Errorf("%s must be listed newest first, got %s, want %s", name, got, tt.want)
		}
	}
	if _, err := s.Audit(t.Context(), "shop", persistence.AuditQuery{Before: "yesterday"}); err == nil {
		t.Error("a place that no page named must be refused")
	}
}

func personHoldsAll(t *testing.T, s ContactStore) {
	if _, err := s.Person(t.Context(), "shop", "anna", asTest); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("of somebody unknown there is nothing, got %v", err)
	}
	v := newVisit(t, s, "shop", "anna")
	grant := v.granted()
	first, second := v.contact(grant, map[string]string{"email": "a@example.test"}), v.contact(grant, map[string]string{"name": "Anna", "shoe": "38"})
	v.done(first, second)
	p, err := s.Person(t.Context(), "shop", "anna", asTest)
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"email": "a@example.test", "name": "Anna", "shoe": "38"}; !maps.Equal(p.Fields, want) {
		t.Errorf("a person's values must all be there, got %v", p.Fields)
	}
	if p.Visitor != "anna" || p.Grant != grant.Entry.ID || p.Policy != "" || !p.CollectedAt.Equal(second.At) || p.FirstSeen.IsZero() ||
		!p.ErasedAt.IsZero() || !p.RestrictedAt.IsZero() || p.Consents[persistence.PurposeLead].Status != persistence.StatusGranted {
		t.Errorf("a person must say what the contact rests on and since when, got %+v", p)
	}
	if len(p.Proof.Entries) != 2 || p.Proof.Verify() != nil {
		t.Errorf("a person's ledger must come along, got %d entries, %v", len(p.Proof.Entries), p.Proof.Verify())
	}
	erased := v.erase()
	v.done(erased)
	p, err = s.Person(t.Context(), "shop", "anna", asTest)
	if err != nil || p.Fields != nil || !p.ErasedAt.Equal(erased.At) || p.Grant != "" {
		t.Errorf("of somebody erased the pseudonym and the proof are left, got %+v %v", p, err)
	}
	// What has run out is held until somebody ends it, so it is shown to the person.
	w := newVisit(t, s, "shop", "jan")
	asked := w.request(persistence.PurposeLead)
	grant = w.answer(asked, persistence.KindGranted)
	grant.Entry.ValidUntil = w.at.Add(1)
	w.done(asked, grant, w.contact(grant, email))
	if p, err = s.Person(t.Context(), "shop", "jan", asTest); err != nil || !maps.Equal(p.Fields, email) {
		t.Errorf("what is still held must be shown, got %v %v", p.Fields, err)
	}
}

func findByAddress(t *testing.T, s ContactStore) {
	grants := map[string]persistence.Record{}
	for name, values := range map[string]map[string]string{
		"anna": {"email": "Anna@Example.test", "phone": "+48 600-000-000"}, "jan": {"email": "jan@example.test"},
		"ewa": {"email": "anna@example.test"}, "ola": {"name": "anna@example.test"},
	} {
		v := newVisit(t, s, "shop", name)
		grants[name] = v.granted()
		v.done(v.contact(grants[name], values))
	}
	other := newVisit(t, s, "other", "theirs")
	other.done(other.contact(other.granted(), map[string]string{"email": "anna@example.test"}))
	for address, want := range map[string][]string{
		" ANNA@example.test ": {"anna", "ewa"}, "jan@example.test": {"jan"}, "+48600000000": {"anna"},
		"an@example.test": nil, "%": nil, "": nil, "600000000": nil,
	} {
		got, err := s.Find(t.Context(), "shop", asTest, address)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q must find %v, got %v %v", address, want, got, err)
		}
	}
	v := newVisit(t, s, "shop", "jan")
	v.vseq = 4
	v.done(v.end(grants["jan"], persistence.KindWithdrawn))
	if got, err := s.Find(t.Context(), "shop", asTest, "jan@example.test"); err != nil || len(got) != 0 {
		t.Errorf("an address that was withdrawn must not be found, got %v %v", got, err)
	}
}

// objectionIsAbsolute: whoever objects is on no list from that moment, whichever
// visitor gave the address and whatever is agreed to later (C47, E12).
func objectionIsAbsolute(t *testing.T, s ContactStore) {
	channels := []string{persistence.PurposeMarketingEmail, persistence.PurposeMarketingPhone, persistence.PurposeMarketingSMS}
	agree := func(name string, values map[string]string) {
		t.Helper()
		v := newVisit(t, s, "shop", name)
		v.done(v.contact(v.granted(), values))
		for _, channel := range channels {
			v.agree(channel)
		}
	}
	lists := func(sentence string, want ...[]string) {
		t.Helper()
		for i, channel := range channels {
			if got := listed(t, s, "shop", channel); !slices.Equal(got, want[i]) {
				t.Errorf("%s: the list for %s holds %v, must hold %v", sentence, channel, got, want[i])
			}
		}
	}
	anna := map[string]string{"email": "anna@example.test", "phone": "+48600000000"}
	agree("anna", anna)
	agree("jan", map[string]string{"email": "jan@example.test", "phone": "+48700000000"})
	if got, err := s.Object(t.Context(), "shop", asTest, " ANNA@Example.test"); err != nil || !slices.Equal(got, []string{"anna"}) {
		t.Fatalf("objecting must say whose address it is, got %v %v", got, err)
	}
	lists("an address was objected for", []string{"jan"}, []string{"anna", "jan"}, []string{"anna", "jan"})
	if _, err := s.Object(t.Context(), "shop", asTest, "+48 600-000-000"); err != nil {
		t.Fatal(err)
	}
	lists("a number was objected for", []string{"jan"}, []string{"jan"}, []string{"jan"})
	agree("later", anna)
	lists("agreed to again, by whoever has it", []string{"jan"}, []string{"jan"}, []string{"jan"})
	if got, err := s.Object(t.Context(), "shop", asTest, "anna@example.test"); err != nil || !slices.Equal(got, []string{"anna", "later"}) {
		t.Errorf("objecting again is no error, got %v %v", got, err)
	}
	if _, err := s.Object(t.Context(), "shop", asTest, " "); err == nil {
		t.Error("an objection without an address is none")
	}
	if _, err := s.Object(t.Context(), "shop", persistence.Access{}, "jan@example.test"); err == nil {
		t.Error("an objection needs somebody who enters it")
	}
	if e := audited(t, s, "shop")[0]; e.Action != persistence.ActionObjected || e.Count != 2 || strings.Contains(e.Reason, "anna") {
		t.Errorf("an objection must be in the audit without the address, got %+v", e)
	}
}

// shown passes a proof through JSON, as a third party gets it.
func shown(t *testing.T, p persistence.Proof) persistence.Proof {
	t.Helper()
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "anary") {
		t.Errorf("a proof must hold no contact data, got %s", b)
	}
	var out persistence.Proof
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func proofIsVerified(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.seen())
	if _, err := s.Proof(t.Context(), "shop", "anna", asTest); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("who was asked nothing has no ledger, got %v", err)
	}
	asked := v.request(persistence.PurposeLead)
	grant := v.answer(asked, persistence.KindGranted)
	grant.Entry.ValidUntil = v.at.AddDate(1, 0, 0)
	v.done(asked, grant, v.contact(grant, map[string]string{"name": "Canary"}), v.end(grant, persistence.KindWithdrawn))
	p, err := s.Proof(t.Context(), "shop", "anna", asTest)
	if err != nil {
		t.Fatal(err)
	}
	if err := new(persistence.Proof).Verify(); err == nil {
		t.Error("a proof of no format must not pass")
	}
	p = shown(t, p)
	if err := p.Verify(); err != nil || len(p.Entries) != 3 || len(p.Notices) != 1 || p.Notices[0].Canonical != leadNotice.Canonical {
		t.Fatalf("the ledger with its texts must be verified by what it says alone, got %v of %+v", err, p)
	}
	if e := p.Entries[1]; e.ID != grant.Entry.ID || e.VSeq != grant.VSeq || e.Seq != 2 || !e.OccurredAt.Equal(grant.At) || e.RecordedAt.IsZero() ||
		e.Request != asked.Entry.ID || e.Notice != leadNotice.Hash || e.Actor != "visitor" || e.ClockAhead || e.ClockBack {
		t.Errorf("an entry must say who agreed to what, when and how, got %+v", e)
	}
	for name, forge := range map[string]func(*persistence.Proof){
		"kind":         func(p *persistence.Proof) { p.Entries[1].Kind = persistence.KindDeclined },
		"time":         func(p *persistence.Proof) { p.Entries[1].OccurredAt = p.Entries[1].OccurredAt.AddDate(0, 0, -1) },
		"recorded":     func(p *persistence.Proof) { p.Entries[0].RecordedAt = p.Entries[0].RecordedAt.AddDate(0, 0, -1) },
		"validity":     func(p *persistence.Proof) { p.Entries[1].ValidUntil = p.AsOf },
		"visitor":      func(p *persistence.Proof) { p.Visitor = "jan" },
		"site":         func(p *persistence.Proof) { p.Site = "other" },
		"text":         func(p *persistence.Proof) { p.Notices[0].Canonical += " " },
		"no text":      func(p *persistence.Proof) { p.Notices = nil },
		"entry gone":   func(p *persistence.Proof) { p.Entries = slices.Delete(p.Entries, 1, 2) },
		"end gone":     func(p *persistence.Proof) { p.Entries = p.Entries[:2] },
		"order":        func(p *persistence.Proof) { p.Entries[0], p.Entries[1] = p.Entries[1], p.Entries[0] },
		"another head": func(p *persistence.Proof) { p.Head = p.Entries[0].Hash },
		"format":       func(p *persistence.Proof) { p.Format = "ours" },
	} {
		forged := shown(t, p)
		forge(&forged)
		if forged.Verify() == nil {
			t.Errorf("a proof with a forged %s must not pass", name)
		}
	}
}

func proofAfterErasure(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.contact(v.granted(), map[string]string{"name": "Canary"}), v.erase())
	p, err := s.Proof(t.Context(), "shop", "anna", asTest)
	if err != nil {
		t.Fatal(err)
	}
	p = shown(t, p)
	if err := p.Verify(); err != nil || p.Entries[len(p.Entries)-1].Kind != persistence.KindErased {
		t.Errorf("what was agreed to can be proven after an erasure, got %v %+v", err, p.Entries)
	}
	if _, err := s.Proof(t.Context(), "shop", "nobody", asTest); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("of nobody there is no proof, got %v", err)
	}
}

func privacySitesDoNotMeet(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.contact(v.granted(), email))
	for name, read := range map[string]func() error{
		"person": func() error { _, err := s.Person(t.Context(), "other", "anna", asTest); return err },
		"proof":  func() error { _, err := s.Proof(t.Context(), "other", "anna", asTest); return err },
	} {
		if err := read(); !errors.Is(err, persistence.ErrNotFound) {
			t.Errorf("the %s of another site's visitor must not be found, got %v", name, err)
		}
	}
	plan, err := s.Due(t.Context(), "other", persistence.Clocks{Contact: 1, Proof: 1}, v.at.AddDate(1, 0, 0), 10)
	if err != nil || len(plan.Contacts)+len(plan.Grants)+len(plan.Proofs) != 0 {
		t.Errorf("another site's visitors are not due here, got %+v %v", plan, err)
	}
	if err := s.Note(t.Context(), "shop", persistence.AuditEntry{Actor: "system", Action: "mail.sent"}); err != nil {
		t.Fatal(err)
	}
	if got := audited(t, s, "other"); len(got) != 0 {
		t.Errorf("another site's audit must not be shown, got %v", got)
	}
	w := newVisit(t, s, "shop", "ewa")
	w.done(w.agreeing()...)
	w.done(w.erase())
	if got, err := s.Tombstones(t.Context(), "other", w.at.AddDate(-1, 0, 0)); err != nil || len(got) != 0 {
		t.Errorf("another site's erasures must not be shown, got %v %v", got, err)
	}
}

func privacyEndedContext(t *testing.T, s ContactStore) {
	ctx := cancelled()
	for name, call := range map[string]func() error{
		"person":     func() error { _, err := s.Person(ctx, "shop", "anna", asTest); return err },
		"find":       func() error { _, err := s.Find(ctx, "shop", asTest, "a@example.test"); return err },
		"proof":      func() error { _, err := s.Proof(ctx, "shop", "anna", asTest); return err },
		"audit":      func() error { _, err := s.Audit(ctx, "shop", persistence.AuditQuery{}); return err },
		"note":       func() error { return s.Note(ctx, "shop", persistence.AuditEntry{Actor: "system", Action: "x"}) },
		"due":        func() error { _, err := s.Due(ctx, "shop", persistence.Clocks{}, now(), 1); return err },
		"tombstones": func() error { _, err := s.Tombstones(ctx, "shop", now()); return err },
		"pass":       func() error { _, err := s.Pass(ctx, "shop", "anna", 1); return err },
		"bury": func() error {
			_, err := s.Bury(ctx, "shop", []persistence.Tombstone{stone("shop", "anna")})
			return err
		},
	} {
		if err := call(); !errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("%s with a context that has ended must be unavailable, got %v", name, err)
		}
	}
}
