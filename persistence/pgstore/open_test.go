package pgstore

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"zgoda/persistence"
	"zgoda/persistence/servers"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, "template0")
	owner := d.dsn("postgres")
	status := func(want int64) SchemaStatus {
		t.Helper()
		st, err := Status(t.Context(), owner)
		if err != nil || st.Version != want {
			t.Fatalf("status %+v %v, want version %d", st, err, want)
		}
		for _, m := range st.Migrations {
			if m.AppliedAt.IsZero() != (m.Version > want) {
				t.Errorf("migration %s must say when it was applied, got %v", m.Name, m.AppliedAt)
			}
		}
		return st
	}
	refused := func(says string) {
		t.Helper()
		s, err := Open(t.Context(), Options{DSN: d.dsn(login), BlindKey: testKey})
		if err == nil {
			_ = s.Close()
		}
		if !errors.Is(err, persistence.ErrSchema) || !strings.Contains(err.Error(), says) {
			t.Errorf("a schema that is not ours must be refused, saying %q, got %v", says, err)
		}
	}
	latest := status(0).Latest
	refused("run `zgoda migrate up`")
	for range 2 {
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if err := Migrate(t.Context(), owner); err != nil {
					t.Errorf("several that migrate at once must not get into each other's way: %v", err)
				}
			})
		}
		wg.Wait()
		status(latest)
		mustApply(t, d.open(t), gave("shop", "anna", map[string]string{"name": "Anna"})...)
		for v := latest - 1; v >= 0; v-- {
			if err := MigrateDown(t.Context(), owner); err != nil {
				t.Fatal(err)
			}
			status(v)
			refused("run `zgoda migrate up`")
		}
		if err := MigrateDown(t.Context(), owner); err != nil {
			t.Errorf("there is nothing left to take back: %v", err)
		}
		if n := d.number(t, `SELECT count(*) FROM pg_class WHERE relnamespace = 'zgoda'::regnamespace AND relkind IN ('r', 'v', 'S')
			AND relname !~ '^schema_version'`); n != 0 {
			t.Errorf("what was taken back must leave nothing, %d relations are left", n)
		}
		if n := d.number(t, `SELECT count(*) FROM pg_proc WHERE pronamespace = 'zgoda'::regnamespace`); n != 0 {
			t.Errorf("what was taken back must leave nothing, %d functions are left", n)
		}
	}
	if err := Migrate(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	d.exec(t, "postgres", `INSERT INTO zgoda.schema_version (version_id, is_applied) VALUES (999, true)`)
	refused("start the newer program")
	if err := Migrate(t.Context(), owner); !errors.Is(err, persistence.ErrSchema) {
		t.Errorf("an older program must not migrate a newer database, got %v", err)
	}
}

// TestMigrateWithoutSuperuser: a login that may create roles and the database is
// enough.
func TestMigrateWithoutSuperuser(t *testing.T) {
	t.Parallel()
	server, err := servers.Postgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	err = execOn(t.Context(), server.DSN(), `CREATE ROLE admin LOGIN CREATEROLE`, `CREATE DATABASE site OWNER admin`)
	if err != nil {
		t.Fatal(err)
	}
	d := &database{addr: server.Addr(), name: "site"}
	if err := Migrate(t.Context(), d.dsn("admin")); err != nil {
		t.Fatal(err)
	}
	d.exec(t, "admin", `CREATE ROLE `+login+` LOGIN NOINHERIT IN ROLE zgoda_app, zgoda_marketing`)
	s := d.open(t)
	mustApply(t, s, gave("shop", "anna", map[string]string{"name": "Anna"})...)
	mustApply(t, s, append(gave("other", "jan", map[string]string{"name": "Jan"}), eraseRecord("other", "jan", 5))...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// What was there before there were counts is counted, of every site, and is kept
	// as long as its notice says.
	for range 3 {
		if err := MigrateDown(t.Context(), d.dsn("admin")); err != nil {
			t.Fatal(err)
		}
	}
	if err := Migrate(t.Context(), d.dsn("admin")); err != nil {
		t.Fatal(err)
	}
	s = d.open(t)
	for site, want := range map[string]string{"shop": persistence.StatusGranted, "other": persistence.StatusErased} {
		o, err := s.Overview(t.Context(), site, asTest, persistence.OverviewQuery{})
		if counts := o.Counts[persistence.PurposeLead]; err != nil || len(counts) != 1 || counts[want] != 1 {
			t.Errorf("one visitor of %s must be %s, got %v %v", site, want, counts, err)
		}
	}
	plan, err := s.Due(t.Context(), "shop", persistence.Clocks{}, testTime.AddDate(0, 0, 91), 10)
	if err != nil || len(plan.Contacts) != 1 || plan.Contacts[0].Visitor != "anna" {
		t.Errorf("anna's contact must be due by its notice, got %+v %v", plan, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 6 {
		if err := MigrateDown(t.Context(), d.dsn("admin")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenChecksTheLogin(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, template)
	open := func(user string, change func(*Options)) (string, error) {
		var log bytes.Buffer
		o := Options{DSN: d.dsn(user), BlindKey: testKey, Log: slog.New(slog.NewTextHandler(&log, nil))}
		change(&o)
		s, err := Open(t.Context(), o)
		if err == nil {
			err = s.Close()
		}
		return log.String(), err
	}
	same := func(*Options) {}
	if log, err := open(login, same); err != nil || log != "" {
		t.Errorf("a login as it should be must be let in without a word, got %q %v", log, err)
	}
	if _, err := open("postgres", same); err == nil || !strings.Contains(err.Error(), "superuser") {
		t.Errorf("a superuser must be refused, got %v", err)
	}
	log, err := open("postgres", func(o *Options) { o.AllowSuperuser = true })
	if err != nil || !strings.Contains(log, "SUPERUSER") {
		t.Errorf("a superuser that was asked for must be let in with a loud word, got %q %v", log, err)
	}
	if _, err := open(stranger, same); err == nil || !strings.Contains(err.Error(), "GRANT zgoda_app") {
		t.Errorf("a login that is a member of nothing must be told what is missing, got %v", err)
	}
	if _, err := open("nobody", same); err == nil || errors.Is(err, persistence.ErrUnavailable) {
		t.Errorf("a login that does not exist is a mistake and not an outage, got %v", err)
	}
	_, err = open(login, func(o *Options) { o.BlindKey = bytes.Repeat([]byte("x"), 32) })
	if !errors.Is(err, persistence.ErrWrongKey) {
		t.Errorf("another key for address hashes must be refused, got %v", err)
	}
	for name, change := range map[string]func(*Options){
		"DSN": func(o *Options) { o.DSN = "" }, "BlindKey": func(o *Options) { o.BlindKey = []byte("short") },
		"MaxConns": func(o *Options) { o.MaxConns = -1 },
	} {
		if _, err := open(login, change); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("an option that cannot be right must be named, want %s, got %v", name, err)
		}
	}
}

// TestOpenWithAppOnly: a login without the marketing role works and cannot read
// lists.
func TestOpenWithAppOnly(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, template)
	d.exec(t, "postgres", `CREATE ROLE app_only LOGIN NOINHERIT IN ROLE zgoda_app`)
	t.Cleanup(func() { _ = execOn(context.Background(), d.dsn("postgres"), `DROP ROLE app_only`) })
	var log bytes.Buffer
	s := d.open(t, func(o *Options) { o.DSN, o.Log = d.dsn("app_only"), slog.New(slog.NewTextHandler(&log, nil)) })
	mustApply(t, s, gave("shop", "anna", map[string]string{"name": "Anna"})...)
	l, err := s.Marketing(t.Context(), "shop", asTest, persistence.PurposeMarketingEmail)
	if err == nil || errors.Is(err, persistence.ErrUnavailable) {
		t.Errorf("a list must not be read without the marketing role, got %v %v", l, err)
	}
	if !strings.Contains(log.String(), "marketing") {
		t.Errorf("a login without the marketing role must be said at the start, got %q", log.String())
	}
}

// TestP11_OutagesAreUnavailable: whatever keeps the database from answering is
// ErrUnavailable, and over when it is over.
func TestP11_OutagesAreUnavailable(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, template)
	d.exec(t, "postgres", `CREATE ROLE limited LOGIN NOINHERIT IN ROLE zgoda_app`)
	t.Cleanup(func() { _ = execOn(context.Background(), shared.DSN(), `DROP ROLE IF EXISTS limited`) })
	s := d.open(t, func(o *Options) { o.DSN = d.dsn("limited") })
	n := uint64(0)
	apply := func() error {
		n++
		_, err := s.Apply(t.Context(), "shop", []persistence.Record{seenRecord("shop", "anna", n)})
		if err != nil {
			n--
		}
		return err
	}
	unavailable := func(what string) {
		t.Helper()
		if err := apply(); !errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("%s must be unavailable, got %v", what, err)
		}
	}
	available := func(after string) {
		t.Helper()
		if err := apply(); err != nil {
			t.Errorf("after %s the store must work again, got %v", after, err)
		}
	}
	end := `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'limited'`

	available("opening")
	d.exec(t, "postgres", end)
	unavailable("a session ended by the administrator")
	available("an ended session")

	d.exec(t, "postgres", `ALTER ROLE limited CONNECTION LIMIT 0`, end)
	unavailable("a session ended")
	unavailable("too many connections")
	d.exec(t, "postgres", `ALTER ROLE limited CONNECTION LIMIT -1`)
	available("too many connections")

	d.exec(t, "postgres", `ALTER ROLE limited SET default_transaction_read_only = on`, end)
	unavailable("a session ended")
	unavailable("a read-only database")
	d.exec(t, "postgres", `ALTER ROLE limited RESET default_transaction_read_only`, end)
	unavailable("a session ended")
	available("a read-only database")

	allow := func(yes string) {
		t.Helper()
		if err := execOn(t.Context(), shared.DSN(), `ALTER DATABASE `+d.name+` WITH ALLOW_CONNECTIONS `+yes, end); err != nil {
			t.Fatal(err)
		}
	}
	allow("false")
	unavailable("a session ended")
	unavailable("a closed database")
	allow("true")
	available("a closed database")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	unavailable("a closed store")
}
