package sqlitestore

import (
	"strings"
	"testing"

	"zgoda/persistence"
)

// impossibleRows are statements that somebody with a database shell could type.
// refusedBy is the constraint or trigger that has to stop each; where SQLite
// does not name it, because it is a key, the message says which kind and the
// comment which key.
var impossibleRows = map[string]struct{ sql, refusedBy string }{
	"a contact without a grant": { // contact_needs_grant
		`INSERT INTO contact (site, visitor, basis, grant_id, granted_vseq, vseq, conversation, collected_at)
		 VALUES ('shop', 'jan', 'grant', 'jan-2', 2, 3, 'c', 1)`, "FOREIGN KEY constraint failed"},
	"a contact under another visitor's grant": { // contact_needs_grant
		`INSERT INTO contact (site, visitor, basis, grant_id, granted_vseq, vseq, conversation, collected_at)
		 VALUES ('shop', 'jan', 'grant', 'anna-2', 2, 3, 'c', 1)`, "FOREIGN KEY constraint failed"},
	"a contact under a grant of another site": { // contact_needs_grant
		`INSERT INTO contact (site, visitor, basis, grant_id, granted_vseq, vseq, conversation, collected_at)
		 VALUES ('other', 'anna', 'grant', 'anna-2', 2, 3, 'c', 1)`, "FOREIGN KEY constraint failed"},
	"a contact that precedes its grant": {
		`UPDATE contact SET vseq = 2 WHERE visitor = 'anna'`, "contact_follows_grant",
	},
	"a contact as old as its grant": {
		`INSERT OR REPLACE INTO contact (site, visitor, basis, grant_id, granted_vseq, vseq, conversation, collected_at)
		 VALUES ('shop', 'anna', 'grant', 'anna-2', 2, 2, 'c', 1)`, "contact_follows_grant",
	},
	"a contact with a grant's number changed": { // contact_needs_grant
		`UPDATE contact SET granted_vseq = 1 WHERE visitor = 'anna'`, "FOREIGN KEY constraint failed"},
	"a contact on no basis": {
		`UPDATE contact SET grant_id = NULL, granted_vseq = NULL WHERE visitor = 'anna'`, "contact_has_one_basis",
	},
	"a contact on two bases": {
		`UPDATE contact SET policy = 'p' WHERE visitor = 'anna'`, "contact_has_one_basis",
	},
	"a contact under an unknown policy": { // contact → policy
		`INSERT INTO contact (site, visitor, basis, policy, vseq, conversation, collected_at)
		 VALUES ('shop', 'jan', 'policy', 'none', 3, 'c', 1)`, "FOREIGN KEY constraint failed"},
	"a contact of an erased visitor": {
		`INSERT INTO contact (site, visitor, basis, policy, vseq, conversation, collected_at)
		 VALUES ('shop', 'gone', 'policy', 'p', 9, 'c', 1)`, "contact_not_after_erasure",
	},
	"a field without a contact": { // contact_field → contact
		`INSERT INTO contact_field (site, visitor, basis, field, value) VALUES ('shop', 'jan', 'grant', 'name', 'Jan')`,
		"FOREIGN KEY constraint failed",
	},
	"an address that suppression would not find": {
		`UPDATE contact_field SET address = NULL WHERE field = 'email'`, "address_of_a_channel",
	},
	"a grant that nobody gave": {
		`INSERT INTO active_grant (site, visitor, purpose, grant_id, granted_vseq, event_id)
		 VALUES ('shop', 'jan', 'lead_contact', 'jan-1', 1, 'jan-1')`, "grant_needs_ledger",
	},
	"a grant that has ended": {
		`INSERT INTO active_grant (site, visitor, purpose, grant_id, granted_vseq, event_id)
		 VALUES ('shop', 'ewa', 'lead_contact', 'ewa-2', 2, 'ewa-2')`, "grant_needs_ledger",
	},
	"a grant turned to another purpose": {
		`INSERT INTO active_grant (site, visitor, purpose, grant_id, granted_vseq, event_id)
		 VALUES ('shop', 'anna', 'marketing_email', 'anna-2', 2, 'anna-2')`, "grant_needs_ledger",
	},
	"a grant replaced by itself": {
		`INSERT OR REPLACE INTO active_grant SELECT site, visitor, purpose, grant_id, granted_vseq, event_id, valid_until
		 FROM active_grant WHERE visitor = 'anna'`, "grant_once",
	},
	"a grant made to last": {
		`UPDATE active_grant SET valid_until = 9e18 WHERE visitor = 'anna'`, "grant_renewed_by_ledger",
	},
	"a grant given to somebody else": {
		`UPDATE active_grant SET visitor = 'jan' WHERE visitor = 'anna'`, "grant_renewed_by_ledger",
	},
	"a grant ended without a word in the ledger": {
		`DELETE FROM active_grant WHERE visitor = 'anna'`, "grant_ended_by_ledger",
	},
	"a ledger entry changed": {
		`UPDATE consent_event SET kind = 'declined' WHERE id = 'anna-2'`, "ledger_append_only",
	},
	"a ledger entry removed": {
		`DELETE FROM consent_event WHERE id = 'ewa-3'`, "ledger_append_only",
	},
	"a ledger entry replaced": {
		strings.NewReplacer("INSERT INTO", "INSERT OR REPLACE INTO", "'x', 'lead_contact'", "'ewa-3', 'lead_contact'").Replace(
			nextEntry("jan", "'granted', 'jan-1', 'ewa-3', n.hash, 'pl', 'visitor', 'button'")), "ledger_append_only",
	},
	"a ledger entry out of order": {
		`INSERT INTO consent_event (site, visitor, seq, vseq, id, purpose, kind, actor, method, occurred_at, recorded_at, prev_hash, row_hash)
		 VALUES ('shop', 'jan', 3, 3, 'x', 'lead_contact', 'expired', 'system', 'timer', 1, 1, x'', zeroblob(32))`, "ledger_without_holes",
	},
	"a ledger entry off the chain": {
		`INSERT INTO consent_event (site, visitor, seq, vseq, id, purpose, kind, actor, method, occurred_at, recorded_at, prev_hash, row_hash)
		 SELECT 'shop', 'jan', last_seq + 1, applied_vseq + 1, 'x', 'lead_contact', 'expired', 'system', 'timer', 1, 1, x'00', zeroblob(32)
		 FROM visitor WHERE visitor = 'jan'`, "ledger_without_holes",
	},
	"a ledger entry after erasure": {
		`INSERT INTO consent_event (site, visitor, seq, vseq, id, purpose, kind, actor, method, occurred_at, recorded_at, prev_hash, row_hash)
		 SELECT 'shop', 'gone', last_seq + 1, applied_vseq + 1, 'x', 'lead_contact', 'expired', 'system', 'timer', 1, 1, last_hash, zeroblob(32)
		 FROM visitor WHERE visitor = 'gone'`, "ledger_ends_with_erasure",
	},
	"a grant by an operator": {
		nextEntry("jan", "'granted', 'jan-1', 'x', n.hash, 'pl', 'operator:1', 'button'"), "only_the_visitor_grants",
	},
	"a grant by a timer": {
		nextEntry("jan", "'granted', 'jan-1', 'x', n.hash, 'pl', 'visitor', 'timer'"), "only_the_visitor_grants",
	},
	"a grant of nothing that was asked": {
		nextEntry("jan", "'granted', NULL, 'x', n.hash, 'pl', 'visitor', 'button'"), "decision_names_its_request",
	},
	"a grant of what another was asked": { // decision → request
		nextEntry("jan", "'granted', 'anna-1', 'x', n.hash, 'pl', 'visitor', 'button'"), "FOREIGN KEY constraint failed"},
	"a grant without words": {
		nextEntry("jan", "'granted', 'jan-1', 'x', NULL, NULL, 'visitor', 'button'"), "asked_and_answered_with_a_notice",
	},
	"a grant in words of another locale": { // consent_event → notice
		nextEntry("jan", "'granted', 'jan-1', 'x', n.hash, 'en', 'visitor', 'button'"), "FOREIGN KEY constraint failed"},
	"a grant without a name": {
		nextEntry("jan", "'granted', 'jan-1', NULL, n.hash, 'pl', 'visitor', 'button'"), "grant_is_named",
	},
	"a renewal of a grant that is not in force": {
		nextEntry("jan", "'granted', 'jan-1', 'jan-9', n.hash, 'pl', 'visitor', 'button'"), "renewal_of_a_grant_in_force",
	},
	"a second answer to a request": {
		nextEntry("ewa", "'granted', 'ewa-1', 'x', n.hash, 'pl', 'visitor', 'button'"), "ledger_append_only: this entry or this answer exists",
	},
	"a kind of entry that does not exist": {
		nextEntry("jan", "'inferred', 'jan-1', 'x', n.hash, 'pl', 'visitor', 'button'"), "known_kind",
	},
	"a notice reworded":             {`UPDATE notice SET canonical = 'x'`, "notice_never_changes"},
	"a notice removed":              {`DELETE FROM notice`, "notice_never_changes"},
	"a notice replaced":             {`INSERT OR REPLACE INTO notice SELECT site, hash, locale, 'x' FROM notice`, "notice_never_changes"},
	"a visitor removed":             {`DELETE FROM visitor WHERE visitor = 'jan'`, "visitor_is_kept"},
	"a visitor replaced":            {`INSERT OR REPLACE INTO visitor (site, visitor, first_seen) VALUES ('shop', 'jan', 1)`, "visitor_begins_empty"},
	"a visitor renamed":             {`UPDATE visitor SET visitor = 'x' WHERE visitor = 'jan'`, "visitor_keeps_its_name"},
	"a visitor moved on by two":     {`UPDATE visitor SET applied_vseq = applied_vseq + 2 WHERE visitor = 'jan'`, "visitor_applies_one_by_one"},
	"a visitor moved back":          {`UPDATE visitor SET applied_vseq = 0 WHERE visitor = 'jan'`, "visitor_applies_one_by_one"},
	"a ledger head made up":         {`UPDATE visitor SET last_hash = zeroblob(32) WHERE visitor = 'jan'`, "visitor_head_is_in_ledger"},
	"an erasure that leaves things": {`UPDATE visitor SET erased_at = 1 WHERE visitor = 'anna'`, "visitor_erased_leaves_nothing"},
	"an erasure undone":             {`UPDATE visitor SET erased_at = NULL WHERE visitor = 'gone'`, "visitor_erased_once"},
	"a tombstone removed":           {`DELETE FROM tombstone`, "tombstone_is_kept"},
	"a tombstone redated":           {`UPDATE tombstone SET erased_at = 1`, "tombstone_is_kept"},
	"a profile of an erased visitor": {
		`INSERT INTO profile (site, visitor, version, vseq, erased, rate_start, rate_count, contact) VALUES ('shop', 'x', 1, 1, 1, 0, 0, x'00')`,
		"nothing_left_after_erasure",
	},
}

// nextEntry is an entry that continues a visitor's ledger as it must be, with
// kind, request, grant, notice, locale, actor and method as given.
func nextEntry(visitor, columns string) string {
	return `INSERT INTO consent_event (site, visitor, seq, vseq, id, purpose, kind, request, grant_id, notice, locale, actor, method,
		occurred_at, recorded_at, prev_hash, row_hash)
		SELECT v.site, v.visitor, v.last_seq + 1, v.applied_vseq + 1, 'x', 'lead_contact', ` + columns + `,
		1, 1, v.last_hash, zeroblob(32) FROM visitor v, notice n WHERE v.visitor = '` + visitor + `'`
}

// TestP7_ImpossibleRow types each statement into a store that holds a contact
// (anna), an open request (jan), a withdrawal (ewa) and an erasure (gone).
func TestP7_ImpossibleRow(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustApply(t, s, giveContact("anna", map[string]string{"email": "anna@example.test"})...)
	mustApply(t, s, requestRecord("shop", "jan", 1))
	mustApply(t, s, append(giveContact("ewa", map[string]string{"email": "ewa@example.test"})[:2], withdrawRecord("shop", "ewa", 3, 2))...)
	mustApply(t, s, append(giveContact("gone", map[string]string{"name": "Jan"}), eraseRecord("shop", "gone", 4))...)
	policy := persistence.Record{Site: "shop", Visitor: "karol", VSeq: 1, Contact: &persistence.ContactRecord{
		Policy: "p", Values: map[string]string{"name": "Karol"},
	}}
	mustApply(t, s, policy)

	for name, row := range impossibleRows {
		t.Run(name, func(t *testing.T) {
			err := s.write(t.Context(), "type a statement", func(tx *tx) error {
				n, err := tx.exec(row.sql)
				if err == nil {
					t.Errorf("%s must be impossible, %d rows were written", name, n)
				}
				return err
			})
			if err == nil || !strings.Contains(err.Error(), row.refusedBy) {
				t.Errorf("%s must be refused by %s, got %v", name, row.refusedBy, err)
			}
		})
	}
	for _, v := range []string{"anna", "jan", "ewa", "gone"} {
		if err := s.VerifyChain(t.Context(), "shop", v); err != nil {
			t.Errorf("refused statements must leave the ledger as it was: %v", err)
		}
	}
}

// TestVerifyChainFindsForgery switches the guards off, as somebody with the
// file and no scruples can, and changes the past.
func TestVerifyChainFindsForgery(t *testing.T) {
	t.Parallel()
	forgeries := map[string]string{
		"a removed entry": `DELETE FROM consent_event WHERE id = 'anna-3'`,
		"a false head":    `UPDATE visitor SET last_hash = zeroblob(32)`,
	}
	for column, value := range map[string]string{
		"vseq": "99", "id": "'x'", "purpose": "'marketing_sms'", "kind": "'erased'", "request": "'anna-1'", "grant_id": "'x'",
		"notice": "'x'", "locale": "'en'", "actor": "'operator:1'", "method": "'timer'", "occurred_at": "1", "recorded_at": "1",
		"valid_until": "1", "prev_hash": "zeroblob(32)", "row_hash": "zeroblob(32)",
	} {
		forgeries["a changed "+column] = "UPDATE consent_event SET " + column + " = " + value + " WHERE id = 'anna-3'"
	}
	for name, forgery := range forgeries {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openTest(t)
			mustApply(t, s, requestRecord("shop", "anna", 1), grantRecord("shop", "anna", 2), withdrawRecord("shop", "anna", 3, 2))
			if err := s.VerifyChain(t.Context(), "shop", "anna"); err != nil {
				t.Fatal(err)
			}
			err := s.write(t.Context(), "forge", func(tx *tx) error {
				for _, q := range []string{
					`DROP TRIGGER ledger_append_only_update`, `DROP TRIGGER ledger_append_only_delete`, `DROP TRIGGER visitor_head_is_in_ledger`, forgery,
				} {
					if _, err := tx.exec(q); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.VerifyChain(t.Context(), "shop", "anna"); err == nil {
				t.Errorf("%s must break the chain", name)
			}
		})
	}
}
