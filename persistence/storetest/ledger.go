package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"zgoda/persistence"
)

// A ContactStore is a contact store with both its sides.
type ContactStore interface {
	persistence.Contacts
	persistence.Privacy
}

// asTest is who asks in these suites.
var asTest = persistence.Access{Actor: "operator:test", Reason: "contract suite"}

// A ContactsBackend makes the contact stores of one technology.
type ContactsBackend struct {
	// New returns an empty store for one subtest and registers its cleanup.
	New func(t *testing.T) ContactStore
}

// A ChainVerifier is a contact store that can recompute its hash chains. The
// suite verifies the chain of every visitor it wrote where a store is one.
type ChainVerifier interface {
	VerifyChain(ctx context.Context, site, visitor string) error
}

func notice(locale, body string) *persistence.Notice {
	return textOf(locale, fmt.Sprintf(`{"body":%q,"locale":%q}`, body, locale))
}

func textOf(locale, canonical string) *persistence.Notice {
	sum := sha256.Sum256([]byte(canonical))
	return &persistence.Notice{Hash: hex.EncodeToString(sum[:]), Locale: locale, Canonical: canonical}
}

var leadNotice = notice("pl", "May we keep your contact?")

// A visit writes one visitor's records as the gateway does.
type visit struct {
	t       *testing.T
	store   ContactStore
	site    string
	visitor string
	vseq    uint64
	at      time.Time
}

func newVisit(t *testing.T, s ContactStore, site, visitor string) *visit {
	t.Helper()
	t.Cleanup(func() { verifyChain(t, s, site, visitor) })
	return &visit{t: t, store: s, site: site, visitor: visitor, at: time.Now().UTC().Add(-time.Hour).Truncate(time.Millisecond)}
}

func verifyChain(t *testing.T, s ContactStore, site, visitor string) {
	t.Helper()
	v, ok := s.(ChainVerifier)
	if !ok {
		return
	}
	err := v.VerifyChain(context.WithoutCancel(t.Context()), site, visitor)
	if err != nil && !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("the ledger of %s/%s must be an unbroken chain: %v", site, visitor, err)
	}
}

// record returns the visitor's next record, still without content. Each is a
// second after the one before.
func (v *visit) record() persistence.Record {
	v.vseq++
	v.at = v.at.Add(time.Second)
	return persistence.Record{Site: v.site, Visitor: v.visitor, VSeq: v.vseq, At: v.at}
}

func (v *visit) seen() persistence.Record {
	r := v.record()
	r.Seen = true
	return r
}

func (v *visit) entry(l persistence.LedgerEntry) persistence.Record {
	r := v.record()
	if l.ID == "" {
		l.ID = fmt.Sprintf("%s-%s-e%d", v.site, v.visitor, r.VSeq)
	}
	if l.Actor == "" {
		l.Actor, l.Method = "visitor", "button"
	}
	l.OccurredAt = r.At
	r.Entry = &l
	return r
}

func (v *visit) request(purpose string) persistence.Record {
	return v.entry(persistence.LedgerEntry{
		Purpose: purpose, Kind: persistence.KindRequested, Notice: leadNotice.Hash, NoticeText: leadNotice, Locale: "pl",
		Actor: "system", Method: "widget",
	})
}

// answer is a decision on the request r. A grant opens itself.
func (v *visit) answer(r persistence.Record, kind string) persistence.Record {
	out := v.entry(persistence.LedgerEntry{
		Purpose: r.Entry.Purpose, Kind: kind, Request: r.Entry.ID, Notice: r.Entry.Notice, Locale: r.Entry.Locale,
	})
	if kind == persistence.KindGranted {
		out.Entry.Grant = out.Entry.ID
	}
	return out
}

func (v *visit) end(grant persistence.Record, kind string) persistence.Record {
	return v.entry(persistence.LedgerEntry{Purpose: grant.Entry.Purpose, Kind: kind, Grant: grant.Entry.ID, Method: "widget", Actor: "visitor"})
}

// contact gives values under a grant. Nil values are values that are gone.
func (v *visit) contact(grant persistence.Record, values map[string]string) persistence.Record {
	r := v.record()
	r.Contact = &persistence.ContactRecord{
		Grant: grant.Entry.ID, GrantedVSeq: grant.VSeq, Conversation: "c-" + v.visitor, Values: values,
		Fields: map[string]string{"email": "ref-email"},
	}
	return r
}

func (v *visit) erase() persistence.Record {
	r := v.record()
	r.Erase = &persistence.Erasure{ID: fmt.Sprintf("%s-%s-x%d", v.site, v.visitor, r.VSeq), Actor: "visitor", Method: "widget"}
	return r
}

// apply applies records of the visitor's site in one batch and expects the
// verdicts.
func (v *visit) apply(want []persistence.Verdict, records ...persistence.Record) {
	v.t.Helper()
	got, err := v.store.Apply(v.t.Context(), v.site, records)
	if err != nil {
		v.t.Fatalf("apply: %v", err)
	}
	if !slices.Equal(got, want) {
		v.t.Fatalf("verdicts %v, want %v (1 applied, 2 already, 3 not yet, 4 shredded, 5 poisoned)", got, want)
	}
}

// done applies records that must all be taken.
func (v *visit) done(records ...persistence.Record) {
	v.t.Helper()
	v.apply(slices.Repeat([]persistence.Verdict{persistence.Applied}, len(records)), records...)
}

// granted brings the visitor to a grant of the base purpose.
func (v *visit) granted() persistence.Record {
	v.t.Helper()
	seen, asked := v.seen(), v.request(persistence.PurposeLead)
	grant := v.answer(asked, persistence.KindGranted)
	v.done(seen, asked, grant)
	return grant
}

// agree brings the visitor to a grant of another purpose.
func (v *visit) agree(purpose string) persistence.Record {
	v.t.Helper()
	asked := v.request(purpose)
	grant := v.answer(asked, persistence.KindGranted)
	v.done(asked, grant)
	return grant
}

func (v *visit) get() persistence.VisitorRecord {
	v.t.Helper()
	r, err := v.store.Visitor(v.t.Context(), v.site, v.visitor)
	if err != nil {
		v.t.Fatalf("visitor: %v", err)
	}
	return r
}

// holds expects the contact store to hold exactly these values of the visitor,
// wherever it shows them.
func (v *visit) holds(want map[string]string, sentence string) {
	v.t.Helper()
	if got := v.get().Fields; !maps.Equal(got, want) {
		v.t.Errorf("%s: the visitor's record holds %v, want %v", sentence, got, want)
	}
	o, err := v.store.Overview(v.t.Context(), v.site, asTest, persistence.OverviewQuery{Limit: 1000})
	if err != nil {
		v.t.Fatalf("overview: %v", err)
	}
	for _, r := range o.Rows {
		if r.Visitor == v.visitor && !maps.Equal(r.Fields, want) {
			v.t.Errorf("%s: the overview shows %v, want %v", sentence, r.Fields, want)
		}
	}
}

func (v *visit) status(purpose, want string) persistence.ConsentStatus {
	v.t.Helper()
	st := v.get().Consents[purpose]
	if st.Status != want {
		v.t.Errorf("%s of %s must be %s, is %q", purpose, v.visitor, want, st.Status)
	}
	return st
}

// list returns the visitors who may be written to.
func list(t *testing.T, s ContactStore, site, purpose string) []persistence.MarketingContact {
	t.Helper()
	l, err := s.Marketing(t.Context(), site, asTest, purpose)
	if err != nil {
		t.Fatalf("marketing: %v", err)
	}
	if l.Purpose != purpose || time.Since(l.AsOf).Abs() > time.Minute {
		t.Errorf("a list must say what it is and of when, got %s %v", l.Purpose, l.AsOf)
	}
	return l.Rows
}

func listed(t *testing.T, s ContactStore, site, purpose string) []string {
	t.Helper()
	out := []string{}
	for _, r := range list(t, s, site, purpose) {
		out = append(out, r.Visitor)
	}
	slices.Sort(out)
	return out
}

var email = map[string]string{"email": "jan@example.test"}

// Shorter names for the tables of verdicts.
const (
	applied  = persistence.Applied
	already  = persistence.AlreadyApplied
	notYet   = persistence.NotYet
	shredded = persistence.Shredded
	poisoned = persistence.Poisoned
)

type verdicts = []persistence.Verdict
