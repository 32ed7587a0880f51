package pgstore

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// TestP11_OpensWithoutItsServer: a gateway starts while the database is away,
// works when it is there, and says what is wrong with it when something is.
func TestP11_OpensWithoutItsServer(t *testing.T) {
	t.Parallel()
	server, err := servers.Postgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	d := &database{addr: server.Addr(), name: "site"}
	if err := execOn(t.Context(), server.DSN(), `CREATE DATABASE site`, `CREATE ROLE `+login+` LOGIN NOINHERIT`); err != nil {
		t.Fatal(err)
	}
	server.Kill()

	var log bytes.Buffer
	s, err := Open(t.Context(), Options{DSN: d.dsn(login), BlindKey: testKey, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatalf("a database that is away must not keep a gateway from starting: %v", err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if !strings.Contains(log.String(), "cannot be reached") {
		t.Errorf("a database that is away must be said, got %q", &log)
	}
	records := gave("shop", "anna", map[string]string{"name": "Anna"})
	apply := func() error { _, err := s.Apply(t.Context(), "shop", records); return err }
	if err := apply(); !errors.Is(err, persistence.ErrUnavailable) {
		t.Errorf("what cannot be asked is unavailable, got %v", err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	wrong := func(says string, is error) {
		t.Helper()
		for range 2 {
			err := apply()
			if !errors.Is(err, persistence.ErrMisconfigured) || errors.Is(err, persistence.ErrUnavailable) || !strings.Contains(err.Error(), says) {
				t.Errorf("what is wrong must be said with what to do, want %q, got %v", says, err)
			}
			if is != nil && !errors.Is(err, is) {
				t.Errorf("want %v, got %v", is, err)
			}
		}
	}
	wrong("zgoda migrate up", persistence.ErrSchema)
	if err := Migrate(t.Context(), d.dsn("postgres")); err != nil {
		t.Fatal(err)
	}
	wrong("GRANT zgoda_app", nil)
	d.exec(t, "postgres", `GRANT zgoda_app, zgoda_marketing, zgoda_staff TO `+login, `ALTER ROLE `+login+` BYPASSRLS`)
	wrong("bypasses row security", nil)
	d.exec(t, "postgres", `ALTER ROLE `+login+` NOBYPASSRLS`)
	if err := apply(); err != nil {
		t.Fatalf("what was put right must be taken without a restart: %v", err)
	}
	if r, err := s.Visitor(t.Context(), "shop", "anna"); err != nil || r.AppliedVSeq != 4 {
		t.Errorf("nothing may have been applied before, and everything now, got %+v %v", r, err)
	}
}

// TestP11_WrongServerIsSaidAtTheStart: where the server is there, opening says
// what is wrong.
func TestP11_WrongServerIsSaidAtTheStart(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, "template0")
	for name, o := range map[string]Options{
		"schema":    {DSN: d.dsn(login), BlindKey: testKey},
		"superuser": {DSN: dsnOf(d.addr, "postgres", template), BlindKey: testKey},
		"stranger":  {DSN: dsnOf(d.addr, stranger, template), BlindKey: testKey},
		"nobody":    {DSN: dsnOf(d.addr, "nobody", template), BlindKey: testKey},
	} {
		if s, err := Open(t.Context(), o); !errors.Is(err, persistence.ErrMisconfigured) {
			t.Errorf("%s must be an error of opening, got %v %v", name, s, err)
		}
	}
	if s, err := Open(t.Context(), Options{DSN: "postgres://%zz", BlindKey: testKey}); err == nil || s != nil {
		t.Errorf("a connection string that is none must be refused, got %v", err)
	}
}

// TestC55_PurgeNeedsItsOwnLogin: without the retention login nothing is purged.
func TestC55_PurgeNeedsItsOwnLogin(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, template)
	long := persistence.Clocks{Proof: 1}
	for says, dsn := range map[string]string{
		"GRANT zgoda_retention": "", "no member of the role": d.dsn(login), "bypasses row security": d.dsn("postgres"),
	} {
		s := d.open(t, func(o *Options) { o.RetentionDSN = dsn })
		n, err := s.Purge(t.Context(), "shop", long, testTime, 1)
		if n != 0 || !errors.Is(err, persistence.ErrMisconfigured) || !strings.Contains(err.Error(), says) {
			t.Errorf("want an error that says %q, got %d %v", says, n, err)
		}
	}
}
