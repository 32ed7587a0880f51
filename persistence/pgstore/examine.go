package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
)

// An Examination says what a server and a login are like.
type Examination struct {
	// Server is the server's version as PostgreSQL numbers it: 150004 is 15.4.
	Server int
	Login  string
	// Unbound: the login is superuser or bypasses row security.
	Unbound bool
	// Missing are the roles that the login should be a member of and is not.
	Missing []string
	// Schema is the database's version, 0 where there is none, Latest the program's.
	Schema, Latest int64
	// Unforced are tables on which row security does not bind the owner.
	Unforced []string
	// Clock is how far the server's clock is ahead of this machine's, and RoundTrip how
	// long it took to ask.
	Clock, RoundTrip time.Duration
	// Connections are open of MaxConnections.
	Connections, MaxConnections int
	// Commit is synchronous_commit.
	Commit string
}

// TooOld reports whether the server is older than what is needed.
func (e *Examination) TooOld() bool { return e.Server < oldestServer }

const (
	sqlExamine = `SELECT current_setting('server_version_num')::int, session_user::text, r.rolsuper OR r.rolbypassrls,
		(SELECT count(*) FROM pg_stat_activity), current_setting('max_connections')::int, current_setting('synchronous_commit')
		FROM pg_roles r WHERE r.rolname = session_user`
	sqlMissing  = `SELECT w FROM unnest($1::text[]) w LEFT JOIN pg_roles r ON r.rolname = w WHERE r.oid IS NULL OR NOT pg_has_role(session_user, r.oid, 'MEMBER')`
	sqlUnforced = `SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'zgoda' AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1`
)

// Examine looks at the server and the login of a connection string, and whether it is
// a member of the roles it has to work as. It changes nothing. Errors are the server's.
func Examine(ctx context.Context, dsn string, roles ...string) (*Examination, error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, connectError(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	e := &Examination{}
	err = conn.QueryRow(ctx, sqlExamine).Scan(&e.Server, &e.Login, &e.Unbound, &e.Connections, &e.MaxConnections, &e.Commit)
	if err != nil {
		return nil, storeError("ask what the server is like", err)
	}
	var there time.Time
	began := time.Now()
	if err := conn.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&there); err != nil {
		return nil, storeError("ask for the time", err)
	}
	e.RoundTrip = time.Since(began)
	e.Clock = there.Sub(began.Add(e.RoundTrip / 2))
	for query, into := range map[string]*[]string{sqlMissing: &e.Missing, sqlUnforced: &e.Unforced} {
		var args []any
		if query == sqlMissing {
			args = []any{roles}
		}
		rows, _ := conn.Query(ctx, query, args...)
		if *into, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return nil, storeError("look at roles and tables", err)
		}
	}
	return e, e.schema(ctx, conn, roles)
}

// schema reads the version of the schema as a member of the role that may.
func (e *Examination) schema(ctx context.Context, conn *pgx.Conn, roles []string) error {
	known, err := knownMigrations()
	if err != nil {
		return err
	}
	e.Latest = known[len(known)-1].Version
	if len(e.Missing) > 0 || len(roles) == 0 {
		return nil // it sees nothing
	}
	if _, err := conn.Exec(ctx, "SET ROLE "+pgx.Identifier{roles[0]}.Sanitize()); err != nil {
		return storeError("work as "+roles[0], err)
	}
	var made bool
	if err := conn.QueryRow(ctx, sqlHasSchema).Scan(&made); err != nil || !made {
		return storeError("look for schema", err)
	}
	err = conn.QueryRow(ctx, sqlGetVersion).Scan(&e.Schema)
	if errors.Is(err, pgx.ErrNoRows) || sqlState(err) == insufficientPrivilege {
		return nil
	}
	return storeError("read schema version", err)
}
