package sqlitestore

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"zgoda/persistence"
)

// TestC52_CommandBesideAGatewayIsAudited: a store that was opened for reading
// beside the one that writes leaves its entries, and writes nothing else.
func TestC52_CommandBesideAGatewayIsAudited(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustApply(t, s, giveContact("anna", map[string]string{"email": "anna@example.test"})...)
	beside, err := Open(t.Context(), s.path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	access := persistence.Access{Actor: "command:root", Reason: "contacts list"}
	o, err := beside.Overview(t.Context(), "shop", access, persistence.OverviewQuery{})
	if err != nil || len(o.Rows) != 1 || o.Rows[0].Fields["email"] != "anna@example.test" {
		t.Fatalf("a command must read beside a gateway, got %+v %v", o, err)
	}
	if err := beside.Note(t.Context(), "shop", persistence.AuditEntry{Actor: "command:root", Action: "contacts.exported", Count: 1}); err != nil {
		t.Fatal(err)
	}
	if err := beside.Suppress(t.Context(), "shop", persistence.PurposeMarketingEmail, "a@example.test", ""); !errors.Is(err, errReadOnly) {
		t.Errorf("nothing else may be written, got %v", err)
	}
	// The gateway writes on, and sees the entries.
	mustApply(t, s, giveContact("jan", map[string]string{"email": "jan@example.test"})...)
	page, err := s.Audit(t.Context(), "shop", persistence.AuditQuery{Actor: "command:root"})
	if err != nil || len(page.Entries) != 2 || page.Entries[1].Action != persistence.ActionListed || page.Entries[1].Count != 1 {
		t.Errorf("what a command read must be in the gateway's audit, got %+v %v", page, err)
	}
	if err := beside.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := beside.Person(t.Context(), "shop", "anna", access); !errors.Is(err, persistence.ErrUnavailable) {
		t.Errorf("a closed store is unavailable, got %v", err)
	}
}

// TestC52_NothingIsShownWithoutAnEntry: where the entry cannot be kept, the data
// is not given out.
func TestC52_NothingIsShownWithoutAnEntry(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustApply(t, s, giveContact("anna", map[string]string{"email": "anna@example.test"})...)
	if _, err := s.writer.c.exec(t.Context(), `CREATE TRIGGER no_audit BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no audit'); END`); err != nil {
		t.Fatal(err)
	}
	beside, err := Open(t.Context(), s.path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = beside.Close() }()
	for name, store := range map[string]*Store{"the gateway's": s, "a command's": beside} {
		p, err := store.Person(t.Context(), "shop", "anna", asTest)
		if err == nil || p.Fields != nil {
			t.Errorf("%s store must not show what it cannot audit, got %v %v", name, p.Fields, err)
		}
		l, err := store.Marketing(t.Context(), "shop", asTest, persistence.PurposeMarketingEmail)
		if err == nil || l.Rows != nil {
			t.Errorf("%s store must not list what it cannot audit, got %v %v", name, l, err)
		}
	}
}

// TestC32_BuryReachesTheConversation: both halves are in one file and were
// restored together, so the conversation is erased with the contact.
func TestC32_BuryReachesTheConversation(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustCommit(t, s, say("anna", 1, 0))
	mustApply(t, s, giveContact("anna", map[string]string{"email": canary(1)})...)
	stones := []persistence.Tombstone{}
	for _, v := range []string{"anna", "never seen"} {
		stones = append(stones, persistence.Tombstone{Site: "shop", Visitor: v, Entry: v + "-x", VSeq: 9, Actor: "visitor", Method: "widget", ErasedAt: testTime})
	}
	in := say("anna", 2, 1)
	stones[0].Visitor, stones[0].Site = in.Visitor, in.Site
	if n, err := s.Bury(t.Context(), in.Site, stones[:1]); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	res, err := s.Commit(t.Context(), in)
	if err != nil || res.Outcome != persistence.Erased {
		t.Errorf("a visitor who was buried must be answered erased, got %v %v", res.Outcome, err)
	}
	snap, events, err := s.Load(t.Context(), in.Key, persistence.Range{Limit: 10})
	if err != nil || !snap.Erased || len(events) != 0 || snap.State != nil || snap.Profile != nil {
		t.Errorf("of the conversation the marker is left, got %+v %v %v", snap, events, err)
	}
}

// TestMigratesWhatIsThere brings a file of the version before this one, with
// visitors in every state, up to date: it counts them, marks the erased, and gives
// contacts the promise of their notice.
func TestMigratesWhatIsThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "zgoda.db")
	s := openAt(t, path)
	mustApply(t, s, giveContact("anna", map[string]string{"email": "anna@example.test"})...)
	mustApply(t, s, requestRecord("shop", "jan", 1))
	mustApply(t, s, append(giveContact("gone", map[string]string{"email": "x@example.test"}), eraseRecord("shop", "gone", 4))...)
	want, err := s.Overview(t.Context(), "shop", asTest, persistence.OverviewQuery{})
	if err != nil {
		t.Fatal(err)
	}
	// Back to what the migrations before these had made.
	for _, q := range []string{
		`DROP TRIGGER visitor_applies_one_by_one`, `DROP TRIGGER erasure_reaches_statuses`, `DROP TRIGGER ledger_ends_policy_contact`, `DROP TRIGGER tally_status_added`, `DROP TRIGGER tally_status_changed`,
		`DROP TRIGGER tally_visitor_added`, `DROP TRIGGER tally_visitor_erased`, `DROP VIEW marketing_contact`, `DROP TABLE tally`, `DROP TABLE lost`, `DROP TABLE audit`,
		`DROP INDEX status_by_kind`, `DROP INDEX field_by_address`, `DROP INDEX entry_by_age`, `DROP INDEX grant_by_end`, `DROP INDEX visitor_erased`,
		`DROP INDEX contact_by_promise`, `ALTER TABLE contact DROP COLUMN contact_days`, `DROP TABLE staff_entry`, `DROP INDEX conversation_assigned`, `ALTER TABLE conversation DROP COLUMN assigned`,
		`ALTER TABLE conversation DROP COLUMN seen_operator`, `ALTER TABLE conversation DROP COLUMN seen_visitor`,
		`ALTER TABLE conversation DROP COLUMN staff_seq`,
		`DROP TABLE staff_session`, `DROP TABLE membership`, `DROP TABLE invite`, `DROP TABLE site_revision`, `DROP TABLE operator`,
		`CREATE VIEW marketing_contact AS SELECT 1`,
		`CREATE TRIGGER visitor_applies_one_by_one BEFORE UPDATE OF applied_vseq ON visitor WHEN 0 BEGIN SELECT 1; END`,
		`UPDATE consent_status SET status = 'declined' WHERE visitor = 'gone'`, `PRAGMA user_version = 3`,
	} {
		if _, err := s.writer.c.c.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openAt(t, path)
	got, err := again.Overview(t.Context(), "shop", asTest, persistence.OverviewQuery{})
	if err != nil || len(got.Rows) != 3 {
		t.Fatalf("everybody must be there, got %+v %v", got, err)
	}
	for purpose, counts := range want.Counts {
		for status, n := range counts {
			if got.Counts[purpose][status] != n {
				t.Errorf("%s of %s: %d after migrating, want %d", status, purpose, got.Counts[purpose][status], n)
			}
		}
	}
	// What was given before promises were kept is kept as long as its notice says.
	plan, err := again.Due(t.Context(), "shop", persistence.Clocks{}, testTime.AddDate(0, 0, 91), 10)
	if err != nil || len(plan.Contacts) != 1 || plan.Contacts[0].Visitor != "anna" {
		t.Errorf("anna's contact must be due by its notice, got %+v %v", plan, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file must stay its owner's, got %v %v", info, err)
	}
}
