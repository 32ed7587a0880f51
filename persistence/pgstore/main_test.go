package pgstore

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"zgoda/persistence/servers"
)

// shared is the one server of this package's tests, with a migrated database to
// copy from and two logins: one as the gateway should have it, one that nobody
// made a member of anything.
var shared *servers.PostgresServer

const (
	template = "zgoda_template"
	login    = "gateway"
	stranger = "stranger"
)

var testKey = []byte("0123456789abcdef0123456789abcdef")

// withServer runs the tests between the server's start and its end, so that what
// the server's process needs is not found leaking.
type withServer struct{ m *testing.M }

func (w withServer) Run() int {
	ctx := context.Background()
	var err error
	if shared, err = servers.Postgres(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := 1
	if err = prepare(ctx, shared); err != nil {
		fmt.Fprintln(os.Stderr, err)
	} else {
		code = w.m.Run()
	}
	if err := shared.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(withServer{m}) }

// prepare makes the template and the logins.
func prepare(ctx context.Context, s *servers.PostgresServer) error {
	if err := execOn(ctx, s.DSN(), `CREATE DATABASE `+template); err != nil {
		return err
	}
	if err := Migrate(ctx, dsnOf(s.Addr(), "postgres", template)); err != nil {
		return err
	}
	return execOn(ctx, s.DSN(),
		`CREATE ROLE `+login+` LOGIN NOINHERIT IN ROLE zgoda_app, zgoda_marketing, zgoda_staff`, `CREATE ROLE `+stranger+` LOGIN`,
		`CREATE ROLE reaper LOGIN NOINHERIT IN ROLE zgoda_retention`)
}

func execOn(ctx context.Context, dsn string, statements ...string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, q := range statements {
		if _, err := conn.Exec(ctx, q); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

func dsnOf(addr, user, database string) string {
	return (&url.URL{Scheme: "postgres", User: url.User(user), Host: addr, Path: database, RawQuery: "sslmode=disable"}).String()
}

var databases atomic.Int64

// A database is one of a test's own.
type database struct {
	addr string
	name string
}

// newDatabase copies the template; an empty one has nothing in it.
func newDatabase(t testing.TB, from string) *database {
	t.Helper()
	d := &database{addr: shared.Addr(), name: fmt.Sprintf("test_%d", databases.Add(1))}
	if err := execOn(t.Context(), shared.DSN(), `CREATE DATABASE `+d.name+` TEMPLATE `+from+` STRATEGY FILE_COPY`); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execOn(context.Background(), shared.DSN(), `DROP DATABASE `+d.name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *database) dsn(user string) string { return dsnOf(d.addr, user, d.name) }

func (d *database) open(t testing.TB, change ...func(*Options)) *Store {
	t.Helper()
	o := Options{DSN: d.dsn(login), RetentionDSN: d.dsn("reaper"), BlindKey: testKey, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	for _, c := range change {
		c(&o)
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// exec runs statements as somebody, each on its own.
func (d *database) exec(t testing.TB, user string, statements ...string) {
	t.Helper()
	if err := execOn(t.Context(), d.dsn(user), statements...); err != nil {
		t.Fatal(err)
	}
}

// number returns what a query of the superuser counts.
func (d *database) number(t testing.TB, query string) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.dsn("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var n int
	if err := conn.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func openTest(t testing.TB) (*Store, *database) {
	t.Helper()
	d := newDatabase(t, template)
	return d.open(t), d
}
