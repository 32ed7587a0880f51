package storetest

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"

	"zgoda/persistence"
)

// Contacts is the suite of persistence.Contacts.
func Contacts(t *testing.T, b ContactsBackend) {
	t.Helper()
	cases := []struct {
		name string
		run  func(*testing.T, ContactStore)
	}{
		{"P8_LedgerInOrder", ledgerInOrder},
		{"P8_RepeatsAreHarmless", repeatsAreHarmless},
		{"P8_GapsWait", gapsWait},
		{"P8_TwoFlushersAtOnce", twoFlushersAtOnce},
		{"P8_BatchIsWhole", batchIsWhole},
		{"P7_ContactUnderItsGrant", contactUnderItsGrant},
		{"P7_EndOfGrantErasesContact", endOfGrantErasesContact},
		{"P7_LateContactIsShredded", lateContactIsShredded},
		{"P7_WithdrawalBeatsContactOnItsWay", withdrawalBeatsContactOnItsWay},
		{"P7_ImpossibleContacts", impossibleContacts},
		{"P7_ImpossibleDecisions", impossibleDecisions},
		{"P7_RenewalKeepsContact", renewalKeepsContact},
		{"P7_NewGrantNewContact", newGrantNewContact},
		{"P7_CorrectedValueReplaces", correctedValueReplaces},
		{"P8_PoisonIsSetAsideInOrder", poisonIsSetAsideInOrder},
		{"P8_WithdrawalBehindPoisonProtects", withdrawalBehindPoisonProtects},
		{"Notices", notices},
		{"Overview", overview},
		{"OverviewPages", overviewPages},
		{"Marketing", marketing},
		{"MarketingEndsWithTheBase", marketingEndsWithTheBase},
		{"MarketingExpires", marketingExpires},
		{"PolicyContactIsNeverMarketed", policyContactIsNeverMarketed},
		{"PolicyContactOutlived", policyContactOutlived},
		{"P9_ErasureLeavesProof", erasureLeavesProof},
		{"P10_SitesDoNotMeet", contactSitesDoNotMeet},
		{"P11_EndedContext", contactsEndedContext},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, b.New(t))
		})
	}
}

func ledgerInOrder(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	if _, err := s.Visitor(t.Context(), "shop", "anna"); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("a visitor the ledger knows nothing of is not found, got %v", err)
	}
	v.done(v.seen())
	if r := v.get(); r.AppliedVSeq != 1 || r.Erased || len(r.Fields) != 0 {
		t.Errorf("a visitor who acted is known by a pseudonym and nothing else, got %+v", r)
	}
	v.status(persistence.PurposeLead, persistence.StatusNotAsked)
	asked := v.request(persistence.PurposeLead)
	v.done(asked)
	if st := v.status(persistence.PurposeLead, persistence.StatusRequested); st.Request != asked.Entry.ID {
		t.Errorf("an open request must be named, so that a rebuilt profile can answer it, got %+v", st)
	}
	grant := v.answer(asked, persistence.KindGranted)
	v.done(grant)
	st := v.status(persistence.PurposeLead, persistence.StatusGranted)
	want := persistence.ConsentStatus{
		Status: persistence.StatusGranted, Since: grant.At, Event: grant.Entry.ID, Notice: leadNotice.Hash, Locale: "pl",
		Method: "button", Grant: grant.Entry.ID, GrantVSeq: grant.VSeq, Request: asked.Entry.ID,
	}
	if !st.Since.Equal(want.Since) {
		t.Errorf("a status must say since when, got %v, want %v", st.Since, want.Since)
	}
	if st.Since = want.Since; st != want {
		t.Errorf("a status must name its entry, notice and grant, got %+v, want %+v", st, want)
	}
	v.done(v.end(grant, persistence.KindWithdrawn))
	if st := v.status(persistence.PurposeLead, persistence.StatusWithdrawn); st.Grant != "" {
		t.Errorf("a withdrawn consent has no grant, got %+v", st)
	}
	if r := v.get(); r.AppliedVSeq != 4 {
		t.Errorf("the visitor's record must say how far it is, got %d", r.AppliedVSeq)
	}
}

func repeatsAreHarmless(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	seen, asked := v.seen(), v.request(persistence.PurposeLead)
	grant := v.answer(asked, persistence.KindGranted)
	contact := v.contact(grant, email)
	batch := []persistence.Record{seen, asked, grant, contact}
	v.done(batch...)
	v.apply(verdicts{already, already, already, already}, batch...)
	v.apply(verdicts{already}, grant)
	v.apply(verdicts{already, applied}, contact, v.end(grant, persistence.KindWithdrawn))
	v.apply(verdicts{already}, contact)
	v.holds(nil, "a contact that is repeated after the withdrawal must not come back")
}

func gapsWait(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	seen, asked := v.seen(), v.request(persistence.PurposeLead)
	grant := v.answer(asked, persistence.KindGranted)
	v.apply(verdicts{notYet}, asked)
	if _, err := s.Visitor(t.Context(), "shop", "anna"); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("a record that waits must leave nothing, got %v", err)
	}
	v.apply(verdicts{applied, notYet}, seen, grant)
	v.apply(verdicts{notYet, applied, applied}, grant, asked, grant)
	v.status(persistence.PurposeLead, persistence.StatusGranted)
}

// twoFlushersAtOnce hands the same records over from several goroutines, as two
// nodes do that read the same outbox.
func twoFlushersAtOnce(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	batch := []persistence.Record{v.seen()}
	for range 5 {
		asked := v.request(persistence.PurposeLead)
		grant := v.answer(asked, persistence.KindGranted)
		batch = append(batch, asked, grant, v.contact(grant, email), v.end(grant, persistence.KindWithdrawn))
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for from := 0; from < len(batch); from += 3 {
				if _, err := s.Apply(t.Context(), "shop", batch[from:min(from+3, len(batch))]); err != nil {
					t.Errorf("apply: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if r := v.get(); r.AppliedVSeq != uint64(len(batch)) {
		t.Errorf("each record must be applied once, in order, whoever brings it, got %d of %d", r.AppliedVSeq, len(batch))
	}
	v.status(persistence.PurposeLead, persistence.StatusWithdrawn)
}

func batchIsWhole(t *testing.T, s ContactStore) {
	v, w := newVisit(t, s, "shop", "anna"), newVisit(t, s, "other", "jan")
	if got, err := s.Apply(t.Context(), "shop", []persistence.Record{v.seen(), w.seen()}); err == nil {
		t.Errorf("a batch with a record of another site must be an error, got %v", got)
	}
	for _, x := range []*visit{v, w} {
		if _, err := s.Visitor(t.Context(), x.site, x.visitor); !errors.Is(err, persistence.ErrNotFound) {
			t.Errorf("an error means that nothing was applied, %s is known: %v", x.visitor, err)
		}
	}
	if got, err := s.Apply(t.Context(), "shop", nil); err != nil || len(got) != 0 {
		t.Errorf("a batch of nothing is no error, got %v %v", got, err)
	}
}

func contactUnderItsGrant(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	grant := v.granted()
	v.holds(nil, "a grant alone is not a contact")
	v.done(v.contact(grant, email))
	v.holds(email, "a contact must be kept under its grant")
	v.done(v.contact(grant, map[string]string{"name": "Anna", "shoe size": "38"}))
	v.holds(map[string]string{"email": "jan@example.test", "name": "Anna", "shoe size": "38"}, "later fields must be added to the contact")
	v.done(v.contact(grant, map[string]string{}))
	v.holds(map[string]string{"email": "jan@example.test", "name": "Anna", "shoe size": "38"}, "values that were replaced meanwhile change nothing")
}

func correctedValueReplaces(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	grant := v.granted()
	v.done(v.contact(grant, map[string]string{"email": "old@example.test", "name": "Anna"}))
	v.done(v.contact(grant, map[string]string{"email": "new@example.test"}))
	v.holds(map[string]string{"email": "new@example.test", "name": "Anna"}, "a corrected value must replace the old one")
}

func endOfGrantErasesContact(t *testing.T, s ContactStore) {
	for _, kind := range []string{persistence.KindWithdrawn, persistence.KindExpired} {
		v := newVisit(t, s, "shop", "v-"+kind)
		grant := v.granted()
		v.done(v.contact(grant, email))
		v.done(v.end(grant, kind))
		v.holds(nil, "ending the grant must erase the contact in the same transaction")
		v.status(persistence.PurposeLead, kind)
	}
	v := newVisit(t, s, "shop", "v-declined")
	grant := v.granted()
	v.done(v.contact(grant, email))
	again := v.request(persistence.PurposeLead)
	v.done(again, v.answer(again, persistence.KindDeclined))
	v.holds(nil, "declining when asked again ends the grant")
}

func lateContactIsShredded(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	grant := v.granted()
	v.done(v.end(grant, persistence.KindWithdrawn))
	v.apply(verdicts{shredded}, v.contact(grant, email))
	v.apply(verdicts{shredded}, v.contact(grant, nil))
	v.holds(nil, "a contact whose grant was opened and has ended must not be kept")
	v.done(v.seen())
}

// withdrawalBeatsContactOnItsWay is the order in which a withdrawal reaches a
// contact that is not flushed yet: its values are gone already, and the record
// that took them away comes right behind.
func withdrawalBeatsContactOnItsWay(t *testing.T, s ContactStore) {
	ends := map[string]func(*visit, persistence.Record) persistence.Record{
		"withdrawn": func(v *visit, g persistence.Record) persistence.Record { return v.end(g, persistence.KindWithdrawn) },
		"expired":   func(v *visit, g persistence.Record) persistence.Record { return v.end(g, persistence.KindExpired) },
		"erased":    func(v *visit, _ persistence.Record) persistence.Record { return v.erase() },
	}
	for name, end := range ends {
		v := newVisit(t, s, "shop", name)
		grant := v.granted()
		first, second := v.contact(grant, nil), v.contact(grant, nil)
		v.apply(verdicts{shredded, shredded, applied}, first, second, end(v, grant))
		v.holds(nil, "a withdrawal must reach a contact that is still on its way")
		if r := v.get(); r.AppliedVSeq != v.vseq {
			t.Errorf("a shredded contact must move the visitor on, got %d of %d", r.AppliedVSeq, v.vseq)
		}
	}
}

func renewalKeepsContact(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	grant := v.granted()
	v.done(v.contact(grant, email))
	asked := v.request(persistence.PurposeLead)
	v.done(asked)
	v.status(persistence.PurposeLead, persistence.StatusGranted)
	renewal := v.answer(asked, persistence.KindGranted)
	renewal.Entry.Grant = grant.Entry.ID
	v.done(renewal)
	v.holds(email, "a renewal must keep what was given under the grant")
	if st := v.status(persistence.PurposeLead, persistence.StatusGranted); st.Grant != grant.Entry.ID || st.GrantVSeq != grant.VSeq {
		t.Errorf("a renewal must keep the grant's id and number, got %+v", st)
	}
	v.done(v.contact(grant, map[string]string{"name": "Anna"}))
	v.done(v.end(grant, persistence.KindWithdrawn))
	v.holds(nil, "ending a renewed grant must erase the contact")
}

func newGrantNewContact(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	first := v.granted()
	v.done(v.contact(first, map[string]string{"email": "old@example.test", "name": "Anna"}))
	v.done(v.end(first, persistence.KindWithdrawn))
	second := v.agree(persistence.PurposeLead)
	v.holds(nil, "a new grant must not bring back what was withdrawn")
	v.apply(verdicts{shredded}, v.contact(first, map[string]string{"email": "late@example.test"}))
	v.done(v.contact(second, email))
	v.holds(email, "a contact belongs to the grant it names")
}

func contactSitesDoNotMeet(t *testing.T, s ContactStore) {
	a, b := newVisit(t, s, "shop", "same"), newVisit(t, s, "other", "same")
	grant := a.granted()
	a.done(a.contact(grant, email))
	a.agree(persistence.PurposeMarketingEmail)

	if _, err := s.Visitor(t.Context(), "other", "same"); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("a visitor must not be found on another site, got %v", err)
	}
	if got := listed(t, s, "other", persistence.PurposeMarketingEmail); len(got) != 0 {
		t.Errorf("a list must not hold another site's contacts, got %v", got)
	}
	o, err := s.Overview(t.Context(), "other", asTest, persistence.OverviewQuery{Limit: 10})
	if err != nil || len(o.Rows) != 0 || o.Counts[persistence.PurposeLead][persistence.StatusGranted] != 0 {
		t.Errorf("an overview must not count another site's visitors, got %+v %v", o, err)
	}
	b.done(b.seen())
	foreign := b.contact(grant, email)
	b.apply(verdicts{poisoned}, foreign)
	b.holds(nil, "a contact must not hang on another site's grant")

	c := newVisit(t, s, "third", "same")
	c.done(c.seen())
	c.done(c.erase())
	a.holds(email, "erasing on one site must not touch another")
	if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); !slices.Equal(got, []string{"same"}) {
		t.Errorf("other sites must not take anybody off a list, got %v", got)
	}
}

func contactsEndedContext(t *testing.T, s ContactStore) {
	ctx := cancelled()
	v := newVisit(t, s, "shop", "anna")
	calls := map[string]func() error{
		"apply": func() error { _, err := s.Apply(ctx, "shop", []persistence.Record{v.seen()}); return err },
		"overview": func() error {
			_, err := s.Overview(ctx, "shop", asTest, persistence.OverviewQuery{Limit: 1})
			return err
		},
		"marketing": func() error { _, err := s.Marketing(ctx, "shop", asTest, persistence.PurposeMarketingSMS); return err },
		"visitor":   func() error { _, err := s.Visitor(ctx, "shop", "anna"); return err },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("%s with a context that has ended must be unavailable, got %v", name, err)
		}
	}
	if _, err := s.Visitor(t.Context(), "shop", "anna"); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("a batch with a context that has ended must change nothing, got %v", err)
	}
}

// without returns the map without a key.
func without(m map[string]string, key string) map[string]string {
	out := maps.Clone(m)
	delete(out, key)
	return out
}
