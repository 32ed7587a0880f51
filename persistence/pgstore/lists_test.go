package pgstore

import (
	"maps"
	"slices"
	"testing"

	"zgoda/persistence"
)

// agreed gives a contact and agrees to a marketing purpose.
func agreed(t *testing.T, s *Store, site, visitor, purpose string, values map[string]string) {
	t.Helper()
	asked, grant := requestRecord(site, visitor, 5), grantRecord(site, visitor, 6)
	asked.Entry.Purpose, grant.Entry.Purpose = purpose, purpose
	mustApply(t, s, append(gave(site, visitor, values), asked, grant)...)
}

func listed(t *testing.T, s *Store, site, purpose string) []string {
	t.Helper()
	l, err := s.Marketing(t.Context(), site, asTest, purpose)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range l.Rows {
		out = append(out, r.Visitor)
	}
	return out
}

// TestC34_SuppressionOutlivesErasure: an address that was suppressed is on no
// list, however it is spelt, whoever gives it again, on its own site (C34, C36,
// E12).
func TestC34_SuppressionOutlivesErasure(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	channel := persistence.PurposeMarketingEmail
	agreed(t, s, "shop", "anna", channel, map[string]string{"email": "anna@example.test"})
	agreed(t, s, "shop", "jan", channel, map[string]string{"email": "jan@example.test"})
	agreed(t, s, "other", "anna", channel, map[string]string{"email": "anna@example.test"})
	if err := s.Suppress(t.Context(), "shop", channel, " ANNA@Example.test", "unsubscribed"); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, s, "shop", channel); !slices.Equal(got, []string{"jan"}) {
		t.Errorf("a suppressed address must be on no list, got %v", got)
	}
	mustApply(t, s, eraseRecord("shop", "anna", 7))
	agreed(t, s, "shop", "again", channel, map[string]string{"email": "Anna@example.test"})
	if got := listed(t, s, "shop", channel); !slices.Equal(got, []string{"jan"}) {
		t.Errorf("a suppression must outlive the erasure, got %v", got)
	}
	if got := listed(t, s, "other", channel); !slices.Equal(got, []string{"anna"}) {
		t.Errorf("a suppression is its site's own, got %v", got)
	}
	if n := d.number(t, `SELECT count(*) FROM zgoda.suppression WHERE encode(address, 'escape') ILIKE '%anna%'`); n != 0 {
		t.Error("a suppression must not hold the address")
	}
	if err := s.Suppress(t.Context(), "shop", persistence.PurposeLead, "x", ""); err == nil {
		t.Error("an enquiry is no channel that could be suppressed")
	}
	phone := persistence.PurposeMarketingPhone
	agreed(t, s, "shop", "ewa", phone, map[string]string{"phone": "+48 600-000-000"})
	if err := s.Suppress(t.Context(), "shop", phone, "+48600000000", "objected"); err != nil {
		t.Fatal(err)
	}
	if got := listed(t, s, "shop", phone); len(got) != 0 {
		t.Errorf("a suppressed number must be on no list, got %v", got)
	}
}

// TestC45_RestrictedIsNotListed: a restricted contact stays and is on no list.
func TestC45_RestrictedIsNotListed(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	channel := persistence.PurposeMarketingEmail
	agreed(t, s, "shop", "anna", channel, map[string]string{"email": "anna@example.test"})
	d.exec(t, login, `SET ROLE zgoda_app; SET zgoda.site = 'shop'; UPDATE zgoda.contact SET restricted_at = now() WHERE visitor = 'anna'`)
	if got := listed(t, s, "shop", channel); len(got) != 0 {
		t.Errorf("a restricted contact must be on no list, got %v", got)
	}
	if r, err := s.Visitor(t.Context(), "shop", "anna"); err != nil || r.Fields["email"] == "" {
		t.Errorf("a restricted contact is kept, got %v %v", r, err)
	}
}

// TestE28_BothBases: a contact collected under a policy and one under a grant
// stand side by side; a decline ends only the grant's, a withdrawal both.
func TestE28_BothBases(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	for _, kind := range []string{persistence.KindDeclined, persistence.KindWithdrawn} {
		policy := record("shop", kind, 1)
		policy.Contact = &persistence.ContactRecord{Policy: "p", Values: map[string]string{"name": "Ola", "shoe size": "38"}}
		mustApply(t, s, policy, requestRecord("shop", kind, 2), grantRecord("shop", kind, 3),
			contactRecord("shop", kind, 4, 3, map[string]string{"name": "Aleksandra"}))
		r, err := s.Visitor(t.Context(), "shop", kind)
		if want := map[string]string{"name": "Aleksandra", "shoe size": "38"}; err != nil || !maps.Equal(r.Fields, want) {
			t.Errorf("what was agreed to wins over what was collected, got %v %v, want %v", r.Fields, err, want)
		}
	}
	asked, end := requestRecord("shop", persistence.KindDeclined, 5), grantRecord("shop", persistence.KindDeclined, 6)
	end.Entry.Kind, end.Entry.Grant = persistence.KindDeclined, ""
	mustApply(t, s, asked, end)
	mustApply(t, s, withdrawRecord("shop", persistence.KindWithdrawn, 5, 3))
	if n := d.number(t, `SELECT count(*) FROM zgoda.contact WHERE visitor = 'declined' AND basis = 'policy'`); n != 1 {
		t.Errorf("a decline leaves what a policy allows, got %d", n)
	}
	if n := d.number(t, `SELECT count(*) FROM zgoda.contact`); n != 1 {
		t.Errorf("a withdrawal takes everything, %d contacts are left", n)
	}
}

// TestC32_ErasureLeavesProof: erasing again changes nothing, and what is left
// holds no contact data (C17, C32).
func TestC32_ErasureLeavesProof(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	agreed(t, s, "shop", "anna", persistence.PurposeMarketingEmail, map[string]string{"name": "Canary", "email": "canary@example.test", "shoe": "canary"})
	mustApply(t, s, eraseRecord("shop", "anna", 7))
	mustApply(t, s, eraseRecord("shop", "anna", 8))
	if n := d.number(t, `SELECT count(*) FROM zgoda.tombstone t JOIN zgoda.visitor v USING (site, visitor)
		WHERE v.erased_at = t.erased_at AND t.ledger_head = v.last_hash AND t.entry = 'anna-7'`); n != 1 {
		t.Errorf("an erasure must leave one tombstone with the head of the ledger, got %d", n)
	}
	for _, table := range []string{
		"notice", "visitor", "consent_event", "chain", "active_grant", "consent_status", "tombstone", "contact", "set_aside", "audit", "suppression",
	} {
		if n := d.number(t, `SELECT count(*) FROM zgoda.`+table+` t WHERE t::text ILIKE '%canary%'`); n != 0 {
			t.Errorf("%s holds contact data after an erasure", table)
		}
	}
	// When the time to prove is over, retention takes the whole of it.
	d.exec(t, "reaper", `SET ROLE zgoda_retention; SET zgoda.site = 'shop';
		DELETE FROM zgoda.consent_event WHERE visitor = 'anna'; DELETE FROM zgoda.consent_status WHERE visitor = 'anna';
		DELETE FROM zgoda.tombstone WHERE visitor = 'anna'; DELETE FROM zgoda.visitor WHERE visitor = 'anna'`)
	if n := d.number(t, `SELECT count(*) FROM zgoda.visitor`) + d.number(t, `SELECT count(*) FROM zgoda.chain`); n != 0 {
		t.Errorf("retention must leave nothing of the visitor, %d rows are left", n)
	}
}
