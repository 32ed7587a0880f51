package pgstore

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"zgoda/persistence"
)

// An attempt is a statement that somebody with the rights of a role could send,
// and the key, constraint, trigger or missing privilege that has to stop it.
type attempt struct {
	name, role, site string
	sql              string
	refusedBy        string
}

const (
	app       = RoleApp
	marketing = RoleMarketing
	retention = RoleRetention
	owner     = RoleOwner
	// canary is a contact value that no refusal may repeat, since the server logs
	// what it refuses.
	canary = "Canary Kowalska"
)

// putContact is an INSERT of a contact with visitor, grant, its number and the
// contact's own as given.
func putContact(values string) string {
	return `INSERT INTO zgoda.contact (site, visitor, grant_id, granted_vseq, vseq, conversation, collected_at, name)
		VALUES (` + values + `, 'c', now(), '` + canary + `')`
}

// putPolicyContact is the same on the basis of a policy.
func putPolicyContact(values string) string {
	return `INSERT INTO zgoda.contact (site, visitor, policy, vseq, conversation, collected_at, name) VALUES (` + values + `, 'c', now(), '` + canary + `')`
}

// putEntry is an INSERT into the ledger with site, visitor, vseq, id, purpose,
// kind, request, grant, locale, actor and method as given, in the words that
// everybody was shown.
func putEntry(values string) string {
	return `INSERT INTO zgoda.consent_event (site, visitor, vseq, id, purpose, kind, request, grant_id, locale, actor, method, notice, occurred_at)
		VALUES (` + values + `, '\x` + testNotice.Hash + `', now())`
}

// attempts at a contact without its grant, by the role that may write contacts.
var contactAttempts = []attempt{
	{"a contact without a grant", app, "shop", putContact(`'shop', 'jan', 'jan-2', 2, 3`), "contact_needs_grant"},
	{"a contact of nobody", app, "shop", putContact(`'shop', 'nobody', 'anna-3', 3, 9`), "contact_needs_grant"},
	{"another visitor's grant", app, "shop", putContact(`'shop', 'jan', 'anna-3', 3, 9`), "contact_needs_grant"},
	{"a grant made up", app, "shop", putContact(`'shop', 'jan', 'x', 1, 9`), "contact_needs_grant"},
	{"a grant under another number", app, "shop", putContact(`'shop', 'ola', 'ola-3', 2, 9`), "contact_needs_grant"},
	{"the request and not the grant", app, "shop", putContact(`'shop', 'ola', 'ola-2', 2, 9`), "contact_needs_grant"},
	{"a marketing grant", app, "shop", putContact(`'shop', 'eve', 'eve-6', 6, 9`), "contact_needs_grant"},
	{"a grant that has ended: the late flush", app, "shop", putContact(`'shop', 'ewa', 'ewa-3', 3, 9`), "contact_needs_grant"},
	{"the ended grant of who agreed again", app, "shop", putContact(`'shop', 'ida', 'ida-3', 3, 9`), "contact_needs_grant"},
	{"a grant declined when asked again", app, "shop", putContact(`'shop', 'iza', 'iza-3', 3, 9`), "contact_needs_grant"},
	{"a grant that expired", app, "shop", putContact(`'shop', 'jola', 'jola-3', 3, 9`), "contact_needs_grant"},
	{"the renewal's entry and not its grant", app, "shop", putContact(`'shop', 'ola', 'ola-5', 5, 9`), "contact_needs_grant"},
	{"the renewed grant under the renewal's number", app, "shop", putContact(`'shop', 'ola', 'ola-3', 5, 9`), "contact_needs_grant"},
	{"a grant of the other site", app, "shop", putContact(`'shop', 'adam', 'adam-3', 3, 9`), "contact_needs_grant"},
	{"a contact of an erased visitor", app, "shop", putContact(`'shop', 'gone', 'gone-3', 3, 9`), "contact_needs_grant"},
	{"a contact as old as its grant", app, "shop", putContact(`'shop', 'ola', 'ola-3', 3, 3`), "contact_follows_grant"},
	{"a contact that precedes its grant", app, "shop", putContact(`'shop', 'ola', 'ola-3', 3, 2`), "contact_follows_grant"},
	{"a contact a second time: the replay", app, "shop", putContact(`'shop', 'anna', 'anna-3', 3, 4`), "contact_pkey"},
	{"a contact on no basis", app, "shop", putContact(`'shop', 'jan', NULL, NULL, 9`), "contact_has_one_basis"},
	{"a grant without its number", app, "shop", putContact(`'shop', 'jan', 'jan-2', NULL, 9`), "contact_has_one_basis"},
	{"a number without its grant", app, "shop", putContact(`'shop', 'jan', NULL, 2, 9`), "contact_has_one_basis"},
	{"a contact on two bases", app, "shop", `UPDATE zgoda.contact SET policy = 'p', vseq = 9 WHERE visitor = 'anna'`, "contact_has_one_basis"},
	{"an unknown policy", app, "shop", putPolicyContact(`'shop', 'jan', 'none', 9`), "contact_needs_policy"},
	{"the other site's policy", app, "shop", putPolicyContact(`'shop', 'jan', 'theirs', 9`), "contact_needs_policy"},
	{"a policy contact after erasure", app, "shop", putPolicyContact(`'shop', 'gone', 'p', 9`), "contact_not_after_erasure"},
	{"a policy contact of nobody", app, "shop", putPolicyContact(`'shop', 'nobody', 'p', 9`), "contact_not_after_erasure"},
	{"an older record over a newer", app, "shop", `UPDATE zgoda.contact SET name = 'Y', vseq = 4 WHERE visitor = 'anna'`, "contact_changes_in_order"},
	{"a value changed without a record", app, "shop", `UPDATE zgoda.contact SET name = 'Y' WHERE visitor = 'anna'`, "contact_changes_in_order"},
	{
		"an address that suppression would not find", app, "shop",
		`UPDATE zgoda.contact SET email_hash = NULL, vseq = 9 WHERE visitor = 'anna'`, "address_of_a_channel",
	},
	{
		"a contact moved to another grant", app, "shop",
		`UPDATE zgoda.contact SET grant_id = 'ola-3', vseq = 9 WHERE visitor = 'anna'`, "permission denied for table contact",
	},
	{
		"a contact moved to another visitor", app, "shop",
		`UPDATE zgoda.contact SET visitor = 'ola' WHERE visitor = 'anna'`, "permission denied for table contact",
	},
	{
		"a contact moved to another site", app, "shop",
		`UPDATE zgoda.contact SET site = 'other' WHERE visitor = 'anna'`, "permission denied for table contact",
	},
	{
		"a purpose that carries nothing", app, "shop",
		`INSERT INTO zgoda.contact (site, visitor, purpose, grant_id, granted_vseq, vseq, conversation, collected_at)
		 VALUES ('shop', 'eve', 'marketing_email', 'eve-6', 6, 9, 'c', now())`, `cannot insert a non-DEFAULT value into column "purpose"`,
	},
	{"a contact moved by the owner", owner, "shop", `UPDATE zgoda.contact SET visitor = 'jan' WHERE visitor = 'anna'`, "contact_needs_grant"},
	{"a contact by the owner", owner, "shop", putContact(`'shop', 'jan', 'jan-2', 2, 3`), "contact_needs_grant"},
	{"a contact by marketing", marketing, "shop", putContact(`'shop', 'ola', 'ola-3', 3, 9`), "permission denied for table contact"},
	{"a contact changed by marketing", marketing, "shop", `UPDATE zgoda.contact SET name = 'Y', vseq = 9`, "permission denied for table contact"},
	{"a contact deleted by marketing", marketing, "shop", `DELETE FROM zgoda.contact`, "permission denied for table contact"},
	{"a contact by retention", retention, "shop", putContact(`'shop', 'ola', 'ola-3', 3, 9`), "permission denied for table contact"},
	{"a contact changed by retention", retention, "shop", `UPDATE zgoda.contact SET name = 'Y', vseq = 9`, "permission denied for table contact"},
}

// attempts at a grant that nobody gave.
var grantAttempts = []attempt{
	{
		"a grant written", app, "shop",
		`INSERT INTO zgoda.active_grant (site, visitor, purpose, grant_id, granted_vseq, event_id) VALUES ('shop', 'jan', 'lead_contact', 'jan-2', 2, 'jan-2')`,
		"permission denied for table active_grant",
	},
	{"a grant made to last", app, "shop", `UPDATE zgoda.active_grant SET valid_until = NULL`, "permission denied for table active_grant"},
	{"a grant given to somebody else", app, "shop", `UPDATE zgoda.active_grant SET visitor = 'jan'`, "permission denied for table active_grant"},
	{"a grant ended without a word", app, "shop", `DELETE FROM zgoda.active_grant`, "permission denied for table active_grant"},
	{"a grant written by marketing", marketing, "shop", `UPDATE zgoda.active_grant SET visitor = 'jan'`, "permission denied for table active_grant"},
	{"a grant ended by retention", retention, "shop", `DELETE FROM zgoda.active_grant`, "permission denied for table active_grant"},
	{
		"a grant written by the owner", owner, "shop",
		`INSERT INTO zgoda.active_grant (site, visitor, purpose, grant_id, granted_vseq, event_id) VALUES ('shop', 'ewa', 'lead_contact', 'ewa-3', 3, 'ewa-3')`,
		"grant_is_written_by_ledger",
	},
	{
		"a grant moved by the owner", owner, "shop",
		`UPDATE zgoda.active_grant SET visitor = 'jan' WHERE visitor = 'anna'`, "grant_is_written_by_ledger",
	},
	{"a grant ended by the owner", owner, "shop", `DELETE FROM zgoda.active_grant`, "grant_is_written_by_ledger"},
	{
		"a grant of nothing that was asked", app, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'granted', NULL, 'x', 'pl', 'visitor', 'button'`), "decision_names_its_request",
	},
	{
		"a grant of what nobody asked", app, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'granted', 'none', 'x', 'pl', 'visitor', 'button'`), "decision_answers_its_request",
	},
	{
		"a grant of what another was asked", app, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'granted', 'ula-2', 'x', 'pl', 'visitor', 'button'`), "decision_answers_its_request",
	},
	{
		"a grant of what another site asked", app, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'granted', 'adam-2', 'x', 'pl', 'visitor', 'button'`), "decision_answers_its_request",
	},
	{
		"a grant for another purpose than asked", app, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'marketing_email', 'granted', 'jan-2', 'x', 'pl', 'visitor', 'button'`), "decision_answers_its_request",
	},
	{
		"a grant in another locale than asked", app, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'granted', 'jan-2', 'x', 'en', 'visitor', 'button'`), "decision_answers_its_request",
	},
	{
		"a grant that answers a grant", app, "shop",
		putEntry(`'shop', 'anna', 9, 'x', 'lead_contact', 'granted', 'anna-3', 'anna-3', 'pl', 'visitor', 'button'`), "decision_answers_its_request",
	},
	{
		"a second answer: the old tab", app, "shop",
		putEntry(`'shop', 'ewa', 9, 'x', 'lead_contact', 'granted', 'ewa-2', 'x', 'pl', 'visitor', 'button'`), "one_answer_per_request",
	},
	{
		"a grant replayed", app, "shop",
		putEntry(`'shop', 'ewa', 3, 'ewa-3', 'lead_contact', 'granted', 'ewa-2', 'ewa-3', 'pl', 'visitor', 'button'`), "consent_event_pkey",
	},
	{
		"a grant replayed under another id", app, "shop",
		putEntry(`'shop', 'jan', 2, 'x', 'lead_contact', 'granted', 'jan-2', 'x', 'pl', 'visitor', 'button'`), "ledger_in_order",
	},
	{
		"a grant by an operator", app, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'granted', 'jan-2', 'x', 'pl', 'operator:1', 'button'`), "only_the_visitor_grants",
	},
	{
		"a grant by a timer", app, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'granted', 'jan-2', 'x', 'pl', 'visitor', 'timer'`), "only_the_visitor_grants",
	},
	{
		"a grant without a name", app, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'granted', 'jan-2', NULL, 'pl', 'visitor', 'button'`), "grant_is_named",
	},
	{
		"a renewal of a grant that has ended", app, "shop",
		putEntry(`'shop', 'wit', 6, 'x', 'lead_contact', 'granted', 'wit-5', 'wit-3', 'pl', 'visitor', 'button'`), "renewal_of_a_grant_in_force",
	},
	{
		"a second grant beside one in force", app, "shop",
		putEntry(`'shop', 'asia', 6, 'x', 'lead_contact', 'granted', 'asia-5', 'x', 'pl', 'visitor', 'button'`), "active_grant_pkey",
	},
	{
		"a grant of an erased visitor", app, "shop",
		putEntry(`'shop', 'gone', 9, 'x', 'lead_contact', 'requested', NULL, NULL, 'pl', 'system', 'widget'`), "ledger_ends_with_erasure",
	},
	{
		"a grant of nobody", app, "shop",
		putEntry(`'shop', 'nobody', 1, 'x', 'lead_contact', 'requested', NULL, NULL, 'pl', 'system', 'widget'`), "ledger_needs_visitor",
	},
	{
		"a grant in words that were never kept", app, "shop",
		strings.ReplaceAll(putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'requested', NULL, NULL, 'pl', 'system', 'widget'`), testNotice.Hash, strings.Repeat("00", 32)),
		"entry_has_its_words",
	},
	{
		"a grant and its end in one statement", app, "shop",
		`INSERT INTO zgoda.consent_event (site, visitor, vseq, id, purpose, kind, grant_id, actor, method, occurred_at) VALUES
		 ('shop', 'ola', 10, 'x', 'lead_contact', 'withdrawn', 'ola-3', 'visitor', 'widget', now()),
		 ('shop', 'ola', 11, 'y', 'lead_contact', 'expired', 'ola-3', 'visitor', 'widget', now())`, "one_decision_in_a_statement",
	},
	{
		"a grant on the other site", app, "shop",
		putEntry(`'other', 'adam', 9, 'x', 'lead_contact', 'withdrawn', NULL, 'adam-3', 'pl', 'visitor', 'widget'`),
		`violates row-level security policy for table "consent_event"`,
	},
	{
		"a grant by marketing", marketing, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'granted', 'jan-2', 'x', 'pl', 'visitor', 'button'`), "permission denied for table consent_event",
	},
	{
		"a grant by retention", retention, "shop",
		putEntry(`'shop', 'jan', 3, 'x', 'lead_contact', 'granted', 'jan-2', 'x', 'pl', 'visitor', 'button'`), "permission denied for table consent_event",
	},
}

// attempts at the past.
var historyAttempts = []attempt{
	{"an entry changed", app, "shop", `UPDATE zgoda.consent_event SET kind = 'declined'`, "permission denied for table consent_event"},
	{"an entry removed", app, "shop", `DELETE FROM zgoda.consent_event`, "permission denied for table consent_event"},
	{"the ledger emptied", app, "shop", `TRUNCATE zgoda.consent_event CASCADE`, "permission denied for table consent_event"},
	{"an entry changed by retention", retention, "shop", `UPDATE zgoda.consent_event SET kind = 'declined'`, "permission denied for table consent_event"},
	{"an entry removed by marketing", marketing, "shop", `DELETE FROM zgoda.consent_event`, "permission denied for table consent_event"},
	{"an entry changed by the owner", owner, "shop", `UPDATE zgoda.consent_event SET kind = 'declined'`, "ledger_append_only"},
	{"an entry removed by the owner", owner, "shop", `DELETE FROM zgoda.consent_event`, "ledger_append_only"},
	{"the ledger emptied by the owner", owner, "shop", `TRUNCATE zgoda.consent_event CASCADE`, "ledger_append_only"},
	{
		"a part of a ledger purged", retention, "shop",
		`DELETE FROM zgoda.consent_event WHERE id = 'ewa-4'`, "ledger_purged_whole",
	},
	{
		"the ledger of a grant in force purged", retention, "shop",
		`DELETE FROM zgoda.consent_event WHERE visitor = 'anna'`, "ledger_outlives_its_grants",
	},
	{
		"a clock set", app, "shop",
		`INSERT INTO zgoda.consent_event (site, visitor, vseq, id, purpose, kind, actor, method, occurred_at, recorded_at)
		 VALUES ('shop', 'ola', 9, 'x', 'lead_contact', 'withdrawn', 'visitor', 'widget', now(), now())`, "permission denied for table consent_event",
	},
	{
		"a link forged", app, "shop",
		`INSERT INTO zgoda.chain (site, visitor, seq, entry, row_hash, clock_back) VALUES ('shop', 'ola', 9, 'x', '', false)`, "permission denied for table chain",
	},
	{"a hash changed", app, "shop", `UPDATE zgoda.chain SET row_hash = ''`, "permission denied for table chain"},
	{"a link removed", retention, "shop", `DELETE FROM zgoda.chain`, "permission denied for table chain"},
	{"a hash changed by the owner", owner, "shop", `UPDATE zgoda.chain SET row_hash = ''`, "chain_is_written_by_ledger"},
	{"a link removed by the owner", owner, "shop", `DELETE FROM zgoda.chain`, "chain_is_written_by_ledger"},
	{"a head moved", app, "shop", `UPDATE zgoda.visitor SET last_hash = ''`, "permission denied for table visitor"},
	{"a visitor moved back", app, "shop", `UPDATE zgoda.visitor SET applied_vseq = 0 WHERE visitor = 'anna'`, "visitor_moves_forward"},
	{"an erasure undone", app, "shop", `UPDATE zgoda.visitor SET erased_at = NULL`, "permission denied for table visitor"},
	{"a visitor removed", app, "shop", `DELETE FROM zgoda.visitor`, "permission denied for table visitor"},
	{"a visitor with a ledger removed", retention, "shop", `DELETE FROM zgoda.visitor WHERE visitor = 'ewa'`, "visitor_is_kept"},
	{"a visitor with a contact removed", retention, "shop", `DELETE FROM zgoda.visitor WHERE visitor = 'karol'`, "visitor_is_kept"},
	{"a visitor removed by the owner", owner, "shop", `DELETE FROM zgoda.visitor WHERE visitor = 'jan'`, "visitor_is_kept"},
	{"a notice reworded", app, "shop", `UPDATE zgoda.notice SET canonical = 'x'`, "permission denied for table notice"},
	{"a notice reworded by the owner", owner, "shop", `UPDATE zgoda.notice SET canonical = 'x'`, "notice_never_changes"},
	{
		"a notice under another text's hash", app, "shop",
		`INSERT INTO zgoda.notice (site, hash, locale, canonical) VALUES ('shop', sha256('a'), 'pl', 'b')`, "notice_hash_is_of_its_text",
	},
	{"a tombstone removed", app, "shop", `DELETE FROM zgoda.tombstone`, "permission denied for table tombstone"},
	{"a suppression lifted", app, "shop", `DELETE FROM zgoda.suppression`, "permission denied for table suppression"},
	{"a suppression lifted by the owner", owner, "shop", `DELETE FROM zgoda.suppression`, "suppression_is_kept"},
	{"an audit entry removed", app, "shop", `DELETE FROM zgoda.audit`, "permission denied for table audit"},
	{"an audit entry removed by the owner", owner, "shop", `DELETE FROM zgoda.audit`, "audit_append_only"},
	{"the base tables read by marketing", marketing, "shop", `SELECT * FROM zgoda.contact`, "permission denied for table contact"},
	{"contact values read by retention", retention, "shop", `SELECT email FROM zgoda.contact`, "permission denied for table contact"},
	{"the marketing list read by the app", app, "shop", `SELECT * FROM zgoda.marketing_contact`, "permission denied for view marketing_contact"},
	{"the rules switched off", app, "shop", `SET LOCAL session_replication_role = replica`, `permission denied to set parameter "session_replication_role"`},
	{"a trigger switched off", app, "shop", `ALTER TABLE zgoda.contact DISABLE TRIGGER ALL`, "must be owner of table contact"},
	{"row security switched off", app, "shop", `ALTER TABLE zgoda.contact DISABLE ROW LEVEL SECURITY`, "must be owner of table contact"},
	{"the owner's role taken", app, "shop", `SET LOCAL ROLE zgoda_owner`, `permission denied to set role "zgoda_owner"`},
	{"the retention role taken", app, "shop", `SET LOCAL ROLE zgoda_retention`, `permission denied to set role "zgoda_retention"`},
}

// populate brings visitors to everything that the attempts need.
func populate(t testing.TB, s *Store) {
	t.Helper()
	renewed := func(visitor string, vseq, grant uint64) persistence.Record {
		r := grantRecord("shop", visitor, vseq)
		r.Entry.Grant = entryID(visitor, grant)
		return r
	}
	policy := func(site, visitor, name string) persistence.Record {
		r := record(site, visitor, 1)
		r.Contact = &persistence.ContactRecord{Policy: name, Values: map[string]string{"name": "Karol"}}
		return r
	}
	email := map[string]string{"name": "Anna", "email": "anna@example.test"}
	mustApply(t, s, gave("shop", "anna", email)...)
	eve := []persistence.Record{requestRecord("shop", "eve", 5), grantRecord("shop", "eve", 6)}
	eve[0].Entry.Purpose, eve[1].Entry.Purpose = persistence.PurposeMarketingEmail, persistence.PurposeMarketingEmail
	mustApply(t, s, append(append(granted("shop", "eve"), seenRecord("shop", "eve", 4)), eve...)...)
	for _, v := range []string{"jan", "ula"} {
		mustApply(t, s, seenRecord("shop", v, 1), requestRecord("shop", v, 2))
	}
	mustApply(t, s, append(granted("shop", "ewa"), withdrawRecord("shop", "ewa", 4, 3))...)
	mustApply(t, s, append(granted("shop", "ola"), requestRecord("shop", "ola", 4), renewed("ola", 5, 3))...)
	mustApply(t, s, append(granted("shop", "ida"), withdrawRecord("shop", "ida", 4, 3), requestRecord("shop", "ida", 5), grantRecord("shop", "ida", 6))...)
	mustApply(t, s, append(granted("shop", "wit"), withdrawRecord("shop", "wit", 4, 3), requestRecord("shop", "wit", 5))...)
	mustApply(t, s, append(granted("shop", "asia"), seenRecord("shop", "asia", 4), requestRecord("shop", "asia", 5))...)
	declined := grantRecord("shop", "iza", 5)
	declined.Entry.Kind, declined.Entry.Grant = persistence.KindDeclined, ""
	mustApply(t, s, append(granted("shop", "iza"), requestRecord("shop", "iza", 4), declined)...)
	expired := withdrawRecord("shop", "jola", 4, 3)
	expired.Entry.Kind, expired.Entry.Actor, expired.Entry.Method = persistence.KindExpired, "system", "timer"
	mustApply(t, s, append(granted("shop", "jola"), expired)...)
	mustApply(t, s, append(gave("shop", "gone", email), eraseRecord("shop", "gone", 5))...)
	mustApply(t, s, policy("shop", "karol", "p"))
	mustApply(t, s, policy("other", "karol", "theirs"))
	mustApply(t, s, granted("other", "adam")...)
	if err := s.Suppress(t.Context(), "shop", persistence.PurposeMarketingSMS, "+48600000000", "objected"); err != nil {
		t.Fatal(err)
	}
	if err := s.Note(t.Context(), "shop", persistence.AuditEntry{Actor: "operator:1", Action: "contact.read", Visitor: "anna"}); err != nil {
		t.Fatal(err)
	}
}

// TestP7_ImpossibleRow sends every attempt (C11, C12, C14, C15, C22, C50, E2, E3).
func TestP7_ImpossibleRow(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	populate(t, s)
	conn, err := pgx.Connect(t.Context(), d.dsn("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	before := d.number(t, `SELECT count(*) FROM zgoda.contact`)
	n := 0
	for _, group := range [][]attempt{contactAttempts, grantAttempts, historyAttempts} {
		for _, a := range group {
			n++
			t.Run(a.role+"/"+a.name, func(t *testing.T) { try(t, conn, a) })
		}
	}
	if n < 50 {
		t.Errorf("only %d attempts, want at least 50", n)
	}
	if after := d.number(t, `SELECT count(*) FROM zgoda.contact`); after != before {
		t.Errorf("refused attempts must leave the contacts as they were, %d before, %d after", before, after)
	}
	for _, v := range []string{"anna", "eve", "jan", "ewa", "ola", "ida", "gone", "iza", "jola"} {
		if err := s.VerifyChain(t.Context(), "shop", v); err != nil {
			t.Errorf("refused attempts must leave the ledger as it was: %v", err)
		}
	}
}

func try(t *testing.T, conn *pgx.Conn, a attempt) {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	// As the login has it who may act as the role: SET ROLE would leave a
	// superuser's right to become anybody.
	as := map[string]string{app: login, marketing: login, retention: "reaper"}[a.role]
	setup := []string{`SET LOCAL zgoda.site = '` + a.site + `'`}
	if as != "" {
		setup = append(setup, `SET LOCAL SESSION AUTHORIZATION `+as)
	}
	for _, q := range append(setup, `SET LOCAL ROLE `+a.role) {
		if _, err := tx.Exec(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	tag, err := tx.Exec(t.Context(), a.sql)
	var pe *pgconn.PgError
	switch {
	case err == nil:
		t.Errorf("%s must be impossible, got %s", a.name, tag)
	case !errors.As(err, &pe):
		t.Errorf("%s: %v", a.name, err)
	case pe.ConstraintName != a.refusedBy && !strings.Contains(pe.Message, a.refusedBy):
		t.Errorf("%s must be refused by %s, got %s: %s (%s)", a.name, a.refusedBy, pe.ConstraintName, pe.Message, pe.Code)
	}
	if pe != nil && strings.Contains(pe.Message+pe.Detail+pe.Where, canary) {
		t.Errorf("a refusal must not repeat contact values (P9): %s %s", pe.Message, pe.Detail)
	}
}
