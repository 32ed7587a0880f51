package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"zgoda/persistence"
)

const (
	sqlNewestRevision = `SELECT coalesce(max(revision), 0) FROM site_revision WHERE site = ?`
	sqlAddRevision    = `INSERT INTO site_revision (site, revision, document, actor, at) VALUES (?, ?, ?, ?, ?)`
	sqlGetRevision    = `SELECT site, revision, document, actor, at FROM site_revision WHERE site = ?1 AND (revision = ?2 OR ?2 = 0)
		ORDER BY revision DESC LIMIT 1`
	sqlGetRevisions = `SELECT site, revision, '', actor, at FROM site_revision WHERE site = ?1 AND (?2 = 0 OR revision < ?2)
		ORDER BY revision DESC LIMIT ?3`
	sqlGetSites = `SELECT r.site, r.revision, r.document, r.actor, r.at FROM site_revision r
		WHERE r.revision = (SELECT max(n.revision) FROM site_revision n WHERE n.site = r.site) ORDER BY r.site`
)

// AddRevision implements persistence.SiteRevisions.
func (s *Store) AddRevision(ctx context.Context, r persistence.SiteRevision, base uint64) (uint64, error) {
	if r.Site == "" || r.Document == "" || r.Actor == "" {
		return 0, errors.New("add site revision: it needs a site, a document and an actor")
	}
	err := s.write(ctx, "add site revision", func(t *tx) error {
		var newest uint64
		if _, err := t.get(sqlNewestRevision, row(r.Site), row(&newest)); err != nil {
			return err
		}
		if newest > base {
			return fmt.Errorf("revision %d is not the newest any more: %w", base, persistence.ErrExists)
		}
		_, err := t.exec(sqlAddRevision, r.Site, base+1, r.Document, r.Actor, time.Now().UnixNano())
		return err
	})
	if err != nil {
		return 0, err
	}
	return base + 1, nil
}

func (s *Store) revisions(ctx context.Context, doing, query string, args ...any) ([]persistence.SiteRevision, error) {
	var out []persistence.SiteRevision
	err := s.read(ctx, func(c *conn) error {
		return c.each(ctx, query, args, func(rows *sql.Rows) error {
			var r persistence.SiteRevision
			var at int64
			err := rows.Scan(&r.Site, &r.Revision, &r.Document, &r.Actor, &at)
			r.At = fromNano(at)
			out = append(out, r)
			return err
		})
	})
	return out, storeError(doing, err)
}

// Revision implements persistence.SiteRevisions.
func (s *Store) Revision(ctx context.Context, site string, n uint64) (persistence.SiteRevision, error) {
	list, err := s.revisions(ctx, "read site revision", sqlGetRevision, site, n)
	if err == nil && len(list) == 0 {
		err = persistence.ErrNotFound
	}
	if err != nil {
		return persistence.SiteRevision{}, err
	}
	return list[0], nil
}

// Revisions implements persistence.SiteRevisions.
func (s *Store) Revisions(ctx context.Context, site string, before uint64, limit int) ([]persistence.SiteRevision, error) {
	return s.revisions(ctx, "list site revisions", sqlGetRevisions, site, before, pageLimit(limit))
}

// Sites implements persistence.SiteRevisions.
func (s *Store) Sites(ctx context.Context) ([]persistence.SiteRevision, error) {
	return s.revisions(ctx, "list sites", sqlGetSites)
}
