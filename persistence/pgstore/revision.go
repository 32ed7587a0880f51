package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

const (
	sqlAddRevision  = `INSERT INTO zgoda.site_revision (site, revision, document, actor) VALUES ($1, $2, $3, $4)`
	sqlGetRevision  = `SELECT site, revision, document, actor, recorded_at FROM zgoda.site_revision WHERE site = $1 AND revision = $2`
	sqlGetNewest    = `SELECT site, revision, document, actor, recorded_at FROM zgoda.site_revision WHERE site = $1 ORDER BY revision DESC LIMIT 1`
	sqlGetRevisions = `SELECT site, revision, '', actor, recorded_at FROM zgoda.site_revision WHERE site = $1 AND ($2 = 0 OR revision < $2)
		ORDER BY revision DESC LIMIT $3`
	sqlGetSites = `SELECT DISTINCT ON (site) site, revision, document, actor, recorded_at FROM zgoda.site_revision ORDER BY site, revision DESC`
)

func scanRevision(row pgx.Row) (r persistence.SiteRevision, err error) {
	var n int64
	var at time.Time
	err = found(row.Scan(&r.Site, &n, &r.Document, &r.Actor, &at))
	r.Revision, r.At = uint64(n), at.UTC()
	return r, err
}

// AddRevision implements persistence.SiteRevisions.
func (s *Store) AddRevision(ctx context.Context, r persistence.SiteRevision, base uint64) (uint64, error) {
	if r.Document == "" || r.Actor == "" {
		return 0, errors.New("add site revision: it needs a document and an actor")
	}
	err := s.write(ctx, "add site revision", r.Site, func(b *pgx.Batch) {
		b.Queue(sqlAddRevision, r.Site, number(base+1), r.Document, r.Actor)
	})
	if sqlState(err) == uniqueViolation {
		err = fmt.Errorf("revision %d is not the newest any more: %w", base, persistence.ErrExists)
	}
	if err != nil {
		return 0, err
	}
	return base + 1, nil
}

// Revision implements persistence.SiteRevisions.
func (s *Store) Revision(ctx context.Context, site string, n uint64) (persistence.SiteRevision, error) {
	var out persistence.SiteRevision
	err := s.read(ctx, "read site revision", site, func(b *pgx.Batch) {
		q := b.Queue(sqlGetNewest, site)
		if n > 0 {
			q.SQL, q.Arguments = sqlGetRevision, []any{site, number(n)}
		}
		q.QueryRow(func(row pgx.Row) error {
			var err error
			out, err = scanRevision(row)
			return err
		})
	})
	return out, err
}

// Revisions implements persistence.SiteRevisions.
func (s *Store) Revisions(ctx context.Context, site string, before uint64, limit int) ([]persistence.SiteRevision, error) {
	var out []persistence.SiteRevision
	err := s.read(ctx, "list site revisions", site, func(b *pgx.Batch) {
		b.Queue(sqlGetRevisions, site, number(before), pageLimit(limit)).Query(func(rows pgx.Rows) error {
			var err error
			out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (persistence.SiteRevision, error) { return scanRevision(row) })
			return err
		})
	})
	return out, err
}

// Sites implements persistence.SiteRevisions.
func (s *Store) Sites(ctx context.Context) (out []persistence.SiteRevision, err error) {
	err = s.asStaff(ctx, "list sites", func(t *tx) error {
		rows, _ := t.conn.Query(t.ctx, sqlGetSites)
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (persistence.SiteRevision, error) { return scanRevision(row) })
		return err
	})
	return out, err
}
