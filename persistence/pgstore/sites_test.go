package pgstore

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

// ofNoSite are the tables that are of no one site. The last four are the staff
// role's alone.
var ofNoSite = map[string]bool{
	"schema_version": true, "blind_key": true, "operator": true, "membership": true, "staff_session": true, "invite": true,
}

// as begins a transaction of a role, as the login has it who may act as it.
func (d *database) as(t *testing.T, user, role string) pgx.Tx {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.dsn(user))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SET LOCAL ROLE `+role); err != nil {
		t.Fatal(err)
	}
	return tx
}

func tablesOf(t *testing.T, tx pgx.Tx) []string {
	t.Helper()
	rows, _ := tx.Query(t.Context(), `SELECT relname FROM pg_class WHERE relnamespace = 'zgoda'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1`)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestP10_RowSecurityIsForced: on every table, the owner's views and triggers
// included (C50).
func TestP10_RowSecurityIsForced(t *testing.T) {
	t.Parallel()
	_, d := openTest(t)
	if n := d.number(t, `SELECT count(*) FROM pg_class WHERE relnamespace = 'zgoda'::regnamespace AND relkind IN ('r', 'p')
		AND NOT (relrowsecurity AND relforcerowsecurity)`); n != 0 {
		t.Errorf("every table must have row security enabled and forced, %d have not", n)
	}
	if n := d.number(t, `SELECT count(*) FROM pg_class WHERE relnamespace = 'zgoda'::regnamespace AND relkind IN ('r', 'p', 'v')
		AND relowner <> 'zgoda_owner'::regrole AND relname <> 'schema_version'`); n != 0 {
		t.Errorf("everything must belong to the owner whom nobody logs in as, %d do not", n)
	}
	if n := d.number(t, `SELECT count(*) FROM pg_roles WHERE rolname LIKE 'zgoda\_%' AND (rolcanlogin OR rolsuper OR rolbypassrls)`); n != 0 {
		t.Errorf("no role of ours may log in or pass by row security, %d may", n)
	}
	if n := d.number(t, `SELECT count(*) FROM pg_proc WHERE pronamespace = 'zgoda'::regnamespace AND prosecdef
		AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (proconfig), false)`); n != 0 {
		t.Errorf("a function with the owner's rights must not look names up where its caller says, %d do", n)
	}
}

// TestP10_UnsetSiteFailsClosed: who does not say which site sees nothing and
// writes nothing (C50).
func TestP10_UnsetSiteFailsClosed(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	populate(t, s)
	for _, unset := range []struct{ name, statement string }{
		{"never set", ``}, {"set and over", `SET LOCAL zgoda.site = ''`},
	} {
		for _, role := range []string{RoleApp, RoleOwner} {
			tx := d.as(t, "postgres", role)
			if _, err := tx.Exec(t.Context(), unset.statement); err != nil {
				t.Fatal(err)
			}
			for _, table := range tablesOf(t, tx) {
				if ofNoSite[table] {
					continue
				}
				if n, err := countIn(t, tx, table); err == nil && n > 0 {
					t.Errorf("%s, site %s: %s shows %d rows", role, unset.name, table, n)
				}
			}
		}
	}
	tx := d.as(t, login, RoleMarketing)
	if n, err := countIn(t, tx, "marketing_contact"); err == nil {
		t.Errorf("the marketing view must fail without a site, it shows %d rows", n)
	}
	tx = d.as(t, login, RoleApp)
	_, err := tx.Exec(t.Context(), `INSERT INTO zgoda.visitor (site, visitor, first_seen) VALUES ('shop', 'new', now())`)
	if err == nil {
		t.Error("a row must not be written without saying for which site")
	}
}

// countIn counts a table's rows under a savepoint of its own.
func countIn(t *testing.T, tx pgx.Tx, table string) (n int, err error) {
	t.Helper()
	err = pgx.BeginFunc(t.Context(), tx, func(tx pgx.Tx) error {
		return tx.QueryRow(t.Context(), `SELECT count(*) FROM zgoda.`+pgx.Identifier{table}.Sanitize()).Scan(&n)
	})
	return n, err
}

// TestP10_NoCrossing: a session of one site sees no row of another, in no table
// and through no view, and cannot write one (C50, and the trap of an owner's
// view without FORCE).
func TestP10_NoCrossing(t *testing.T) {
	t.Parallel()
	s, d := openTest(t)
	for _, site := range []string{"shop", "other"} {
		mustApply(t, s, gave(site, "anna-"+site, map[string]string{"email": "anna@example.test"})...)
		asked, grant := requestRecord(site, "anna-"+site, 5), grantRecord(site, "anna-"+site, 6)
		asked.Entry.Purpose, grant.Entry.Purpose = persistence.PurposeMarketingEmail, persistence.PurposeMarketingEmail
		mustApply(t, s, asked, grant)
	}
	for _, role := range []string{RoleApp, RoleOwner} {
		tx := d.as(t, "postgres", role)
		if _, err := tx.Exec(t.Context(), `SET LOCAL zgoda.site = 'other'`); err != nil {
			t.Fatal(err)
		}
		for _, table := range tablesOf(t, tx) {
			if ofNoSite[table] {
				continue
			}
			var foreign int
			if err := tx.QueryRow(t.Context(), `SELECT count(*) FROM zgoda.`+table+` WHERE site <> 'other'`).Scan(&foreign); err != nil {
				t.Fatalf("%s: %v", table, err)
			}
			if foreign != 0 {
				t.Errorf("%s sees %d rows of another site in %s", role, foreign, table)
			}
		}
		tag, err := tx.Exec(t.Context(), `DELETE FROM zgoda.contact WHERE site = 'shop'`)
		if err != nil || tag.RowsAffected() != 0 {
			t.Errorf("%s must not reach another site's contacts, got %v %v", role, tag, err)
		}
	}
	tx := d.as(t, login, RoleMarketing)
	if _, err := tx.Exec(t.Context(), `SET LOCAL zgoda.site = 'other'`); err != nil {
		t.Fatal(err)
	}
	var seen string
	err := tx.QueryRow(t.Context(), `SELECT string_agg(site || '/' || visitor, ' ') FROM zgoda.marketing_contact`).Scan(&seen)
	if err != nil || seen != "other/anna-other" {
		t.Errorf("the marketing view must show one site's contacts, got %q %v", seen, err)
	}
	// A leaky condition must not be asked before the site's.
	_, err = tx.Exec(t.Context(), `SELECT * FROM zgoda.marketing_contact WHERE 1 / (CASE WHEN visitor = 'anna-shop' THEN 0 ELSE 1 END) = 1`)
	if err != nil && strings.Contains(err.Error(), "division by zero") {
		t.Errorf("a condition was asked about a row of another site: %v", err)
	}
}
