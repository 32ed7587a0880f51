package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"zgoda/persistence"
)

const (
	// trimChunk is how many conversations one transaction trims: commits wait
	// for the writer meanwhile.
	trimChunk   = 200
	forgetChunk = 1000

	// The oldest kept event decides, found by its key: a log whose oldest event
	// is young enough has nothing to trim.
	sqlTrimmable = `SELECT c.id, c.seq, e.seq FROM conversation c
		JOIN event f ON f.conversation = c.id AND f.seq = c.first AND f.at < ?1
		LEFT JOIN event e ON e.conversation = c.id
			AND e.seq = (SELECT min(k.seq) FROM event k WHERE k.conversation = c.id AND k.at >= ?1)
		WHERE c.id > ?2 ORDER BY c.id LIMIT ?3`
	sqlTrimEvents    = `DELETE FROM event WHERE conversation = ? AND seq < ?`
	sqlSetFirst      = `UPDATE conversation SET first = ? WHERE id = ?`
	sqlForgetSome    = `DELETE FROM client WHERE id IN (SELECT id FROM client WHERE used_at < ? LIMIT ?)`
	afterEverySeq    = 1
	noFirst          = 0
	beforeEveryRowID = 0
)

// Trim removes events older than olderThan from the front of every log, up to
// the first that is young enough, and forgets client instances past their
// lifetime as of now. It returns the number of events removed. The numbers of a
// log go on from where they were, and versions do not change: what is removed
// by age was decided on long ago. At the end it looks through the whole file for
// what deleted rows left behind.
func (s *Store) Trim(ctx context.Context, olderThan time.Time) (int, error) {
	removed, after := 0, int64(beforeEveryRowID)
	for {
		var n int
		var last int64
		err := s.write(ctx, "trim", func(t *tx) error {
			var err error
			n, last, err = t.trimChunk(unixNano(olderThan), after)
			return err
		})
		if err != nil {
			return removed, err
		}
		removed += n
		if last == after {
			break
		}
		after = last
	}
	if err := s.trimStaff(ctx, olderThan); err != nil {
		return removed, err
	}
	if err := s.forgetClients(ctx, time.Now().Add(-persistence.ClientLifetime)); err != nil {
		return removed, err
	}
	return removed, s.scrubFile(ctx)
}

const sqlTrimStaff = `DELETE FROM staff_entry WHERE (conversation, seq) IN (SELECT conversation, seq FROM staff_entry WHERE at < ? LIMIT ?)`

// trimStaff removes entries of staff logs that are older than olderThan.
func (s *Store) trimStaff(ctx context.Context, olderThan time.Time) error {
	for {
		var n int64
		err := s.write(ctx, "trim staff logs", func(t *tx) error {
			var err error
			n, err = t.exec(sqlTrimStaff, unixNano(olderThan), forgetChunk)
			t.erase = t.erase || n > 0
			return err
		})
		if err != nil || n < forgetChunk {
			return err
		}
	}
}

// forgetClients removes client instances that were last used before oldest.
func (s *Store) forgetClients(ctx context.Context, oldest time.Time) error {
	for {
		var n int64
		err := s.write(ctx, "forget clients", func(t *tx) error {
			var err error
			n, err = t.exec(sqlForgetSome, unixNano(oldest), forgetChunk)
			return err
		})
		if err != nil || n < forgetChunk {
			return err
		}
	}
}

// trimChunk trims the next conversations after the row id given and returns how
// many events it removed and the last row id it saw.
func (t *tx) trimChunk(olderThan, after int64) (int, int64, error) {
	type cut struct{ id, top, keep int64 }
	var cuts []cut
	err := t.c.each(context.Background(), sqlTrimmable, row(olderThan, after, trimChunk), func(rows *sql.Rows) error {
		var c cut
		var keep sql.NullInt64
		if err := rows.Scan(&c.id, &c.top, &keep); err != nil {
			return err
		}
		c.keep = keep.Int64
		cuts = append(cuts, c)
		return nil
	})
	if err != nil {
		return 0, 0, fmt.Errorf("find old events: %w", err)
	}
	removed := 0
	for _, c := range cuts {
		before := c.keep
		if before == noFirst {
			before = c.top + afterEverySeq
		}
		n, err := t.exec(sqlTrimEvents, c.id, before)
		if err == nil {
			_, err = t.exec(sqlSetFirst, c.keep, c.id)
		}
		if err != nil {
			return 0, 0, fmt.Errorf("trim log: %w", err)
		}
		removed += int(n)
		t.erase = true
		after = c.id
	}
	return removed, after, nil
}
