package pgstore

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

// manyVisitors is how many visitors the site of the page tests has.
func manyVisitors() int {
	if os.Getenv("ZGODA_PROVE") != "" {
		return 1_000_000
	}
	return 20_000
}

// crowd fills a site as the ledger would, without the ledger: a third agreed and
// gave a contact, a third declined, and of the rest some were asked. The counts
// come from the triggers.
func crowd(t *testing.T, d *database, n int) {
	t.Helper()
	words := `SET zgoda.site = 'shop'`
	d.execTogether(t, words,
		fmt.Sprintf(`INSERT INTO zgoda.visitor (site, visitor, first_seen, applied_vseq)
			SELECT 'shop', 'v_' || lpad(to_hex((i::bigint * 2654435761) %% 4294967296), 8, '0') || lpad(i::text, 8, '0'), now() - i * interval '1 second', 4
			FROM generate_series(1, %d) i`, n),
		`INSERT INTO zgoda.consent_status (site, visitor, purpose, status, event, since, method, valid_until)
			SELECT site, visitor, 'lead_contact', (ARRAY['granted', 'declined', 'requested'])[1 + k]::zgoda.kind, visitor || '-3', now(), 'button',
				CASE WHEN k = 0 AND j % 100 = 0 THEN now() - interval '1 hour' END
			FROM (SELECT *, right(visitor, 8)::int % 3 AS k, right(visitor, 8)::int / 3 AS j FROM zgoda.visitor) v WHERE k < 2 OR j % 2 = 0`,
		`INSERT INTO zgoda.consent_status (site, visitor, purpose, status, event, since, method)
			SELECT site, visitor, 'marketing_email', 'granted', visitor || '-6', now(), 'button'
			FROM zgoda.consent_status WHERE purpose = 'lead_contact' AND status = 'granted' AND right(visitor, 8)::int % 2 = 0`,
		`SET session_replication_role = replica`,
		`INSERT INTO zgoda.active_grant (site, visitor, purpose, grant_id, granted_vseq, event_id, valid_until)
			SELECT site, visitor, purpose, event, 3, event, valid_until FROM zgoda.consent_status WHERE status = 'granted'`,
		`INSERT INTO zgoda.contact (site, visitor, grant_id, granted_vseq, vseq, conversation, collected_at, contact_days, email, email_hash)
			SELECT site, visitor, grant_id, 3, 4, 'c', now(), right(visitor, 8)::int % 4 * 90, visitor || '@example.test', sha256(visitor::bytea)
			FROM zgoda.active_grant WHERE purpose = 'lead_contact'`,
		`INSERT INTO zgoda.consent_event (site, visitor, vseq, id, purpose, kind, request, grant_id, notice, locale, actor, method, occurred_at)
			SELECT site, visitor, 3, event, purpose, status, CASE WHEN status <> 'requested' THEN visitor || '-2' END, event, '\x00', 'pl', 'visitor', 'button', since
			FROM zgoda.consent_status WHERE purpose = 'lead_contact'`,
		`SET session_replication_role = DEFAULT`)
	d.exec(t, "postgres", `VACUUM (ANALYZE)`)
}

// execTogether runs statements as the superuser in one session.
func (d *database) execTogether(t *testing.T, statements ...string) {
	t.Helper()
	d.exec(t, "postgres", strings.Join(statements, ";\n"))
}

var pageQueries = map[string]persistence.OverviewQuery{
	"first":               {},
	"middle":              {After: "v_80000000"},
	"last":                {After: "v_fffffff0"},
	"granted":             {Purpose: persistence.PurposeLead, Status: persistence.StatusGranted, After: "v_40000000"},
	"declined":            {Purpose: persistence.PurposeLead, Status: persistence.StatusDeclined, After: "v_c0000000"},
	"run out":             {Purpose: persistence.PurposeLead, Status: persistence.StatusExpired, After: "v_40000000"},
	"not asked":           {Purpose: persistence.PurposeLead, Status: persistence.StatusNotAsked, After: "v_40000000"},
	"withdrawn, none":     {Purpose: persistence.PurposeLead, Status: persistence.StatusWithdrawn},
	"granted, any":        {Status: persistence.StatusGranted, After: "v_80000000"},
	"erased, none":        {Status: persistence.StatusErased},
	"marketing not asked": {Purpose: persistence.PurposeMarketingSMS, Status: persistence.StatusNotAsked, After: "v_80000000"},
}

// TestC35_PagesDoNotWalkTheSite: a page, the counts beside it and a search touch
// a bounded number of blocks, however large the site is. The full size is run with
// ZGODA_PROVE=1 and prints how long each page takes.
func TestC35_PagesDoNotWalkTheSite(t *testing.T) {
	t.Parallel()
	n := manyVisitors()
	s, d := openTest(t)
	crowd(t, d, n)
	granted, marketing := n/3, n/6
	access := persistence.Access{Actor: "operator:1"}
	var slowest time.Duration
	for name, q := range pageQueries {
		took := time.Duration(1 << 62)
		for range 3 {
			began := time.Now()
			o, err := s.Overview(t.Context(), "shop", access, q)
			if err != nil {
				t.Fatal(err)
			}
			took = min(took, time.Since(began))
			lead, mail := o.Counts[persistence.PurposeLead], o.Counts[persistence.PurposeMarketingEmail]
			if lead["granted"]+lead["expired"] != granted || lead["declined"] < n/3 || mail["granted"] < marketing-1 || mail["granted"] > marketing+1 {
				t.Errorf("%s: the counts are %v", name, o.Counts)
			}
		}
		slowest = max(slowest, took)
		t.Logf("%d visitors, page %-20s %v", n, name, took.Round(100*time.Microsecond))
		query, args, err := pageQuery("shop", q, defaultPage+1)
		if err != nil {
			t.Fatal(err)
		}
		most := 5000
		if q.Status == persistence.StatusExpired {
			most += 2 * n / 300 // those that have run out, whom the timer should have ended
		}
		d.touches(t, "page "+name, most, query, args...)
	}
	t.Logf("%d visitors, the slowest page takes %v", n, slowest.Round(100*time.Microsecond))
	d.touches(t, "counts", 200, sqlGetCounts, "shop")
	d.touches(t, "counts of what has run out", 2*n/300+200, sqlCountRunOut, "shop")
	d.touches(t, "counts of the unknown", 50, sqlCountUnknown, "shop")
	d.touches(t, "search", 50, sqlFind, "shop", `\x00`, `\x00`, 1000)
	began := time.Now()
	if _, err := s.Find(t.Context(), "shop", access, "nobody@example.test"); err != nil {
		t.Error(err)
	}
	t.Logf("%d visitors, search %v", n, time.Since(began).Round(100*time.Microsecond))
	d.touches(t, "contacts that are due", 200, sqlDueContacts, "shop", "2000-01-01", "1 day", 101)
	d.touches(t, "ledgers that are due", 200, sqlDueProofs, "shop", "2000-01-01", "1 day", 101)
	began = time.Now()
	plan, err := s.Due(t.Context(), "shop", persistence.Clocks{Contact: time.Hour, Proof: time.Hour}, time.Now().Add(-2*time.Hour), 100)
	if err != nil || len(plan.Contacts) != 0 {
		t.Errorf("nothing is due yet, got %v %v", plan, err)
	}
	t.Logf("%d visitors, what is due %v", n, time.Since(began).Round(100*time.Microsecond))
}

// touches expects a statement, planned as the store's are, to read at most so
// many blocks and no table from one end to the other.
func (d *database) touches(t *testing.T, name string, most int, query string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.dsn(login))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	literals := make([]string, len(args))
	for i, a := range args {
		literals[i] = literal(a)
	}
	script := []string{
		`SET ROLE zgoda_app`, `SET zgoda.site = 'shop'`, `SET plan_cache_mode = force_generic_plan`, `SET enable_seqscan = off`, `SET jit = off`,
		`PREPARE q AS ` + query,
	}
	for _, q := range script {
		if _, err := conn.Exec(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	explain := `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE q (` + strings.Join(literals, ", ") + `)`
	var plan []byte
	// The second time what the first one had to look up is known.
	for range 2 {
		if err := conn.QueryRow(t.Context(), explain).Scan(&plan); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	var out []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	if err := json.Unmarshal(plan, &out); err != nil {
		t.Fatal(err)
	}
	blocks := out[0].Plan.Hit + out[0].Plan.Read
	t.Logf("%-30s %d blocks", name, blocks)
	if blocks > most || strings.Contains(string(plan), "Seq Scan") {
		t.Errorf("%s reads %d blocks, want at most %d and no whole table:\n%s", name, blocks, most, plan)
	}
}

func literal(a any) string {
	switch v := a.(type) {
	case string:
		return "'" + strings.ReplaceAll(v, "'", "''") + "'"
	case []string:
		quoted := slices.Clone(v)
		for i := range quoted {
			quoted[i] = literal(quoted[i])
		}
		return "ARRAY[" + strings.Join(quoted, ", ") + "]::text[]"
	}
	return fmt.Sprint(a)
}
