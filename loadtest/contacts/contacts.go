// Package contacts reads the rows of a contact store, to compare them with what
// visitors did. It asks the database itself and not the package that wrote the
// rows: a verdict takes nobody's word. It changes nothing.
package contacts

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"zgoda/loadtest/verdict"
)

// timeout bounds the reading of a store.
const timeout = 2 * time.Minute

// A Store is where a gateway keeps ledger and contacts. Exactly one is set.
type Store struct {
	// Postgres is the connection string of a login that may read.
	Postgres string
	// SQLite is the path of a gateway's data file, which may be in use.
	SQLite string
}

// Check reports early what would make Read fail later.
func (s Store) Check(ctx context.Context, site string) error {
	_, err := s.Read(ctx, site)
	return err
}

// Read returns all rows of a site.
func (s Store) Read(ctx context.Context, site string) (verdict.Rows, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if s.Postgres != "" {
		return readPostgres(ctx, s.Postgres, site)
	}
	return readSQLite(ctx, s.SQLite, site)
}

// A source runs a query and calls scan for each row.
type source func(query string, scan func(scan func(...any) error) error) error

// queries differ in how the two databases write times, and where fields are.
type queries struct{ visitors, ledger, contacts string }

// read fills rows from a source.
func read(from source, q queries) (verdict.Rows, error) {
	rows := verdict.Rows{}
	of := func(visitor string) *verdict.Row {
		if rows[visitor] == nil {
			rows[visitor] = &verdict.Row{}
		}
		return rows[visitor]
	}
	err := from(q.visitors, func(scan func(...any) error) error {
		var visitor string
		var seen int64
		var erased bool
		if err := scan(&visitor, &seen, &erased); err != nil {
			return err
		}
		row := of(visitor)
		row.FirstSeen, row.Erased = time.UnixMicro(seen), erased
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read visitors: %w", err)
	}
	err = from(q.ledger, func(scan func(...any) error) error {
		var visitor string
		var l verdict.LedgerRow
		if err := scan(&visitor, &l.VSeq, &l.ID, &l.Purpose, &l.Kind, &l.Request); err != nil {
			return err
		}
		row := of(visitor)
		row.Ledger = append(row.Ledger, l)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read ledger: %w", err)
	}
	err = from(q.contacts, func(scan func(...any) error) error {
		var visitor, fields string
		if err := scan(&visitor, &fields); err != nil {
			return err
		}
		contact := map[string]string{}
		if err := json.Unmarshal([]byte(fields), &contact); err != nil {
			return err
		}
		row := of(visitor)
		row.Contacts = append(row.Contacts, contact)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read contacts: %w", err)
	}
	return rows, nil
}

func readPostgres(ctx context.Context, dsn, site string) (rows verdict.Rows, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("open postgres: %w", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	// One snapshot, so that the three queries see the same moment.
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, `SELECT set_config('zgoda.site', $1, true), set_config('role', 'zgoda_app', true)`, site); err != nil {
		return nil, fmt.Errorf("act as zgoda_app (the login must be a member of it, and the schema must be there): %w", err)
	}
	from := func(query string, scan func(func(...any) error) error) error {
		rows, err := tx.Query(ctx, query, site)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	return read(from, queries{
		visitors: `SELECT visitor, (extract(epoch FROM first_seen) * 1000000)::bigint, erased_at IS NOT NULL FROM zgoda.visitor WHERE site = $1`,
		ledger:   `SELECT visitor, vseq, id, purpose::text, kind::text, coalesce(request, '') FROM zgoda.consent_event WHERE site = $1 ORDER BY visitor, vseq`,
		contacts: `SELECT visitor, (jsonb_strip_nulls(jsonb_build_object('name', name, 'email', email, 'phone', phone)) || custom)::text FROM zgoda.contact WHERE site = $1`,
	})
}

func readSQLite(ctx context.Context, path, site string) (verdict.Rows, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no data file %s", path)
	}
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: "mode=ro&_pragma=busy_timeout(5000)"}
	db, err := sql.Open("sqlite", uri.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { _ = db.Close() }()
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	defer func() { _ = tx.Rollback() }()
	from := func(query string, scan func(func(...any) error) error) error {
		rows, err := tx.QueryContext(ctx, query, site)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			if err := scan(rows.Scan); err != nil {
				return err
			}
		}
		return rows.Err()
	}
	return read(from, queries{
		visitors: `SELECT visitor, first_seen / 1000, erased_at IS NOT NULL FROM visitor WHERE site = $1`,
		ledger:   `SELECT visitor, vseq, id, purpose, kind, coalesce(request, '') FROM consent_event WHERE site = $1 ORDER BY visitor, vseq`,
		contacts: `SELECT c.visitor, coalesce(json_group_object(f.field, f.value) FILTER (WHERE f.field IS NOT NULL), '{}') FROM contact c
			LEFT JOIN contact_field f ON f.site = c.site AND f.visitor = c.visitor AND f.basis = c.basis WHERE c.site = $1 GROUP BY c.visitor, c.basis`,
	})
}
