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

// population brings visitors to every status of the base purpose.
func population(t *testing.T, s ContactStore, site string) map[string]string {
	t.Helper()
	statuses := map[string]string{}
	add := func(name, status string) *visit {
		statuses[name] = status
		return newVisit(t, s, site, name)
	}
	v := add("a-not-asked", persistence.StatusNotAsked)
	v.done(v.seen())
	v = add("b-requested", persistence.StatusRequested)
	v.done(v.seen(), v.request(persistence.PurposeLead))
	for name, kind := range map[string]string{"c-declined": persistence.KindDeclined, "d-deferred": persistence.KindDeferred} {
		v = add(name, kind)
		asked := v.request(persistence.PurposeLead)
		v.done(asked, v.answer(asked, kind))
	}
	for _, name := range []string{"e-granted", "f-granted"} {
		v = add(name, persistence.StatusGranted)
		v.done(v.contact(v.granted(), email))
	}
	for name, kind := range map[string]string{"g-withdrawn": persistence.KindWithdrawn, "h-expired": persistence.KindExpired} {
		v = add(name, kind)
		grant := v.granted()
		v.done(v.contact(grant, email), v.end(grant, kind))
	}
	v = add("i-run-out", persistence.StatusExpired)
	asked := v.request(persistence.PurposeLead)
	grant := v.answer(asked, persistence.KindGranted)
	grant.Entry.ValidUntil = time.Now().Add(-time.Minute)
	v.done(asked, grant, v.contact(grant, email))
	v = add("j-erased", persistence.StatusErased)
	v.done(v.contact(v.granted(), email), v.erase())
	return statuses
}

func overview(t *testing.T, s ContactStore) {
	statuses := population(t, s, "shop")
	population(t, s, "other")
	o, err := s.Overview(t.Context(), "shop", asTest, persistence.OverviewQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for _, st := range statuses {
		want[st]++
	}
	if got := o.Counts[persistence.PurposeLead]; !maps.Equal(got, want) {
		t.Errorf("the overview must count who agreed and who did not, got %v, want %v", got, want)
	}
	want = map[string]int{persistence.StatusNotAsked: len(statuses) - 1, persistence.StatusErased: 1}
	if got := o.Counts[persistence.PurposeMarketingSMS]; !maps.Equal(got, want) {
		t.Errorf("each purpose must be counted for itself, got %v, want %v", got, want)
	}
	if len(o.Rows) != len(statuses) || o.Next != "" || time.Since(o.AsOf).Abs() > time.Minute {
		t.Errorf("the overview must list everybody, as of now, got %d rows, next %q, as of %v", len(o.Rows), o.Next, o.AsOf)
	}
	for _, r := range o.Rows {
		st := statuses[r.Visitor]
		if got := r.Consents[persistence.PurposeLead].Status; got != st {
			t.Errorf("%s must be %s, got %q", r.Visitor, st, got)
		}
		if hasFields := len(r.Fields) > 0; hasFields != (st == persistence.StatusGranted) {
			t.Errorf("only people with a grant have contact fields, %s (%s) has %v", r.Visitor, st, r.Fields)
		}
		if r.FirstSeen.IsZero() {
			t.Errorf("%s must have been seen first some time", r.Visitor)
		}
	}
}

func overviewPages(t *testing.T, s ContactStore) {
	statuses := population(t, s, "shop")
	names := slices.Sorted(maps.Keys(statuses))
	if got := pages(t, s, persistence.OverviewQuery{Limit: 3}); !slices.Equal(got, names) {
		t.Errorf("the pages must list everybody once, by visitor, got %v", got)
	}
	for _, st := range []string{
		persistence.StatusGranted, persistence.StatusExpired, persistence.StatusNotAsked, persistence.StatusErased, persistence.StatusDeclined,
	} {
		var want []string
		for _, n := range names {
			if statuses[n] == st {
				want = append(want, n)
			}
		}
		got := pages(t, s, persistence.OverviewQuery{Purpose: persistence.PurposeLead, Status: st, Limit: 1})
		if !slices.Equal(got, want) {
			t.Errorf("a filter by %s must list %v, got %v", st, want, got)
		}
	}
	if got := pages(t, s, persistence.OverviewQuery{Status: persistence.StatusDeclined, Limit: 10}); !slices.Equal(got, []string{"c-declined"}) {
		t.Errorf("a filter by status alone must look at every purpose, got %v", got)
	}
}

func pages(t *testing.T, s ContactStore, q persistence.OverviewQuery) []string {
	t.Helper()
	var out []string
	for range 100 {
		o, err := s.Overview(t.Context(), "shop", asTest, q)
		if err != nil {
			t.Fatal(err)
		}
		if len(o.Rows) > q.Limit {
			t.Errorf("a page must have at most %d rows, got %d", q.Limit, len(o.Rows))
		}
		for _, r := range o.Rows {
			out = append(out, r.Visitor)
		}
		if q.After = o.Next; q.After == "" {
			return out
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

func marketing(t *testing.T, s ContactStore) {
	both := map[string]string{"email": "a@example.test", "phone": "+48 600 000 000", "name": "Anna"}
	channels := []string{persistence.PurposeMarketingEmail, persistence.PurposeMarketingPhone, persistence.PurposeMarketingSMS}
	grants := map[string]persistence.Record{}
	for i, purpose := range channels {
		for j, values := range []map[string]string{both, without(both, "email"), without(both, "phone")} {
			v := newVisit(t, s, "shop", fmt.Sprintf("%d-%d", i, j))
			v.done(v.contact(v.granted(), values))
			grants[v.visitor] = v.agree(purpose)
		}
	}
	for kind, name := range map[string]string{persistence.KindDeclined: "declined", persistence.KindDeferred: "deferred"} {
		v := newVisit(t, s, "shop", name)
		v.done(v.contact(v.granted(), both))
		asked := v.request(persistence.PurposeMarketingEmail)
		v.done(asked, v.answer(asked, kind))
	}
	v := newVisit(t, s, "shop", "lead only")
	v.done(v.contact(v.granted(), both))

	want := map[string][]string{channels[0]: {"0-0", "0-2"}, channels[1]: {"1-0", "1-1"}, channels[2]: {"2-0", "2-1"}}
	for _, purpose := range channels {
		if got := listed(t, s, "shop", purpose); !slices.Equal(got, want[purpose]) {
			t.Errorf("the list of %s must hold who agreed to it and has an address for it, want %v, got %v", purpose, want[purpose], got)
		}
		for _, r := range list(t, s, "shop", purpose) {
			g := grants[r.Visitor]
			if r.Consent != g.Entry.ID || !r.ConsentedAt.Equal(g.At) || r.Fields["name"] != "Anna" {
				t.Errorf("a row must name the consent that allows it, got %+v, want event %s at %v", r, g.Entry.ID, g.At)
			}
		}
	}
	for _, purpose := range []string{persistence.PurposeLead, "", "resale"} {
		if l, err := s.Marketing(t.Context(), "shop", asTest, purpose); err == nil || errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("%q is no marketing purpose and must be refused, got %v %v", purpose, l, err)
		}
	}
}

func marketingEndsWithTheBase(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	base := v.granted()
	v.done(v.contact(base, email))
	first := v.agree(persistence.PurposeMarketingEmail)
	v.done(v.end(first, persistence.KindWithdrawn))
	if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); len(got) != 0 {
		t.Errorf("who withdrew must be off the list, got %v", got)
	}
	v.holds(email, "withdrawing marketing must leave the enquiry's contact")
	v.agree(persistence.PurposeMarketingEmail)
	if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); !slices.Equal(got, []string{"anna"}) {
		t.Errorf("who agreed again must be on the list, got %v", got)
	}
	v.done(v.end(base, persistence.KindWithdrawn))
	v.status(persistence.PurposeMarketingEmail, persistence.StatusWithdrawn)
	base = v.agree(persistence.PurposeLead)
	v.done(v.contact(base, email))
	if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); len(got) != 0 {
		t.Errorf("a marketing consent ends with the base consent and does not come back with it, got %v", got)
	}
}

func marketingExpires(t *testing.T, s ContactStore) {
	for name, until := range map[string]time.Time{
		"open": {}, "future": time.Now().Add(time.Hour), "past": time.Now().Add(-time.Minute),
	} {
		v := newVisit(t, s, "shop", name)
		v.done(v.contact(v.granted(), email))
		asked := v.request(persistence.PurposeMarketingEmail)
		grant := v.answer(asked, persistence.KindGranted)
		grant.Entry.ValidUntil = until
		v.done(asked, grant)
		w := newVisit(t, s, "shop", "base "+name)
		asked = w.request(persistence.PurposeLead)
		grant = w.answer(asked, persistence.KindGranted)
		grant.Entry.ValidUntil = until
		w.done(asked, grant, w.contact(grant, email))
		w.agree(persistence.PurposeMarketingEmail)
	}
	want := []string{"base future", "base open", "future", "open"}
	if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); !slices.Equal(got, want) {
		t.Errorf("a grant that has run out must not count, whether it is the channel's or the base, got %v, want %v", got, want)
	}
}

func policyContactIsNeverMarketed(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.seen())
	r := v.record()
	r.Contact = &persistence.ContactRecord{Policy: "policy-1", Conversation: "c", Values: email}
	v.done(r)
	v.holds(email, "a site that does not require consent keeps contacts under its policy")
	v.status(persistence.PurposeLead, persistence.StatusNotAsked)
	v.agree(persistence.PurposeMarketingEmail)
	if got := listed(t, s, "shop", persistence.PurposeMarketingEmail); len(got) != 0 {
		t.Errorf("a contact without the base consent must be on no list, got %v", got)
	}
	v.done(v.erase())
	v.holds(nil, "an erasure must reach a contact kept under a policy")
}

// C55: a contact that was kept without asking goes, too, when it was kept for long
// enough. The entry that says so ends no grant, so it names none.
func policyContactOutlived(t *testing.T, s ContactStore) {
	v := newVisit(t, s, "shop", "anna")
	v.done(v.seen())
	r := v.record()
	r.Contact = &persistence.ContactRecord{Policy: "policy-1", Conversation: "c", Values: email}
	v.done(r)
	w := newVisit(t, s, "shop", "berta")
	w.done(w.seen())
	r = w.record()
	r.Contact = &persistence.ContactRecord{Policy: "policy-1", Conversation: "c", Values: email}
	w.done(r)
	v.done(v.entry(persistence.LedgerEntry{
		Purpose: persistence.PurposeLead, Kind: persistence.KindExpired, Actor: "system", Method: "timer",
	}))
	v.holds(nil, "time ends a contact kept under a policy")
	w.holds(email, "and nobody else's")
}
