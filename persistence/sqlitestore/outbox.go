package sqlitestore

import (
	"context"
	"database/sql"

	"zgoda/persistence"
)

const sqlPending = `SELECT site, visitor, vseq, at, payload FROM outbox ORDER BY id LIMIT ?`

// Pending implements persistence.Outbox. The oldest come first.
func (s *Store) Pending(ctx context.Context, limit int) ([]persistence.OutboxRecord, error) {
	var out []persistence.OutboxRecord
	err := s.read(ctx, func(c *conn) error {
		return c.each(ctx, sqlPending, row(max(limit, 0)), func(rows *sql.Rows) error {
			var r persistence.OutboxRecord
			var at int64
			if err := rows.Scan(&r.Site, &r.Visitor, &r.VSeq, &at, &r.Payload); err != nil {
				return err
			}
			r.At = fromNano(at)
			out = append(out, r)
			return nil
		})
	})
	if err != nil {
		return nil, storeError("read outbox", err)
	}
	return out, nil
}

const sqlBacklog = `SELECT (SELECT count(*) FROM outbox), coalesce((SELECT at FROM outbox ORDER BY id LIMIT 1), 0)`

// Backlog implements persistence.OutboxMeter.
func (s *Store) Backlog(ctx context.Context) (persistence.Backlog, error) {
	var b persistence.Backlog
	var at int64
	err := s.read(ctx, func(c *conn) error {
		_, err := c.get(ctx, sqlBacklog, nil, row(&b.Records, &at))
		return err
	})
	b.Oldest = fromNano(at)
	return b, storeError("measure outbox", err)
}

const sqlAcknowledge = `DELETE FROM outbox WHERE site = ? AND visitor = ? AND vseq = ?`

// Acknowledge implements persistence.Outbox.
func (s *Store) Acknowledge(ctx context.Context, records []persistence.OutboxRecord) error {
	if len(records) == 0 {
		return nil
	}
	return s.write(ctx, "acknowledge outbox", func(t *tx) error {
		for _, r := range records {
			if _, err := t.exec(sqlAcknowledge, r.Site, r.Visitor, r.VSeq); err != nil {
				return err
			}
		}
		return nil
	})
}

const sqlGetContact = `SELECT contact FROM profile WHERE site = ? AND visitor = ?`

// ContactValues implements persistence.Outbox.
func (s *Store) ContactValues(ctx context.Context, site, visitor string) ([]byte, error) {
	var sealed []byte
	err := s.read(ctx, func(c *conn) error {
		_, err := c.get(ctx, sqlGetContact, row(site, visitor), row(&sealed))
		return err
	})
	if err != nil {
		return nil, storeError("read contact values", err)
	}
	if sealed == nil {
		return nil, persistence.ErrNotFound
	}
	return sealed, nil
}
