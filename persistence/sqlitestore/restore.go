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
	sqlTombstones = `SELECT t.visitor, e.id, e.vseq, t.actor, t.method, t.erased_at FROM consent_event e
		JOIN tombstone t ON t.site = e.site AND t.visitor = e.visitor
		WHERE e.site = ? AND e.kind = 'erased' AND e.recorded_at >= ? ORDER BY e.recorded_at, e.visitor`
	sqlAddLost = `INSERT INTO lost (site, visitor, first_vseq, last_vseq, at) VALUES (?, ?, ?, ?, ?)`

	sqlBuryProfile = `INSERT INTO profile (site, visitor, version, vseq, erased, rate_start, rate_count) VALUES (?, ?, 1, ?, 1, 0, 0)
		ON CONFLICT (site, visitor) DO UPDATE SET erased = 1, profile = NULL, contact = NULL, vseq = max(vseq, excluded.vseq)`
	sqlBuryTimers = `DELETE FROM timer WHERE site = ?1 AND conversation IN (SELECT conversation FROM conversation WHERE site = ?1 AND visitor = ?2)`
	sqlBuryInbox  = `UPDATE inbox_row SET gone = 1, body = NULL
		WHERE site = ?1 AND conversation IN (SELECT conversation FROM conversation WHERE site = ?1 AND visitor = ?2)`
)

// Tombstones implements persistence.Privacy.
func (s *Store) Tombstones(ctx context.Context, site string, since time.Time) ([]persistence.Tombstone, error) {
	var out []persistence.Tombstone
	err := s.read(ctx, func(c *conn) error {
		return c.each(ctx, sqlTombstones, row(site, unixNano(since)), func(rows *sql.Rows) error {
			t := persistence.Tombstone{Site: site}
			var at int64
			err := rows.Scan(&t.Visitor, &t.Entry, &t.VSeq, &t.Actor, &t.Method, &at)
			t.ErasedAt = fromNano(at)
			out = append(out, t)
			return err
		})
	})
	return out, storeError("read tombstones", err)
}

// Bury implements persistence.Privacy. The conversation half is in the same file
// and was restored with it, so the visitor is erased there too.
func (s *Store) Bury(ctx context.Context, site string, stones []persistence.Tombstone) (int, error) {
	for i := range stones {
		if err := stones[i].Validate(site); err != nil {
			return 0, fmt.Errorf("bury visitors: tombstone of visitor %q: %w", stones[i].Visitor, err)
		}
	}
	buried := 0
	err := s.write(ctx, "bury visitors", func(t *tx) error {
		buried = 0
		for i := range stones {
			done, err := t.bury(&stones[i])
			if err != nil {
				return fmt.Errorf("visitor %q: %w", stones[i].Visitor, err)
			}
			if done {
				buried++
			}
		}
		if buried == 0 {
			return nil
		}
		t.erase = true
		_, err := t.exec(sqlAudit, auditRow(site, bySystem, persistence.ActionBuried, "", buried)...)
		return err
	})
	if err != nil {
		return 0, err
	}
	return buried, nil
}

// bury erases a visitor under the number the erasure had, so that records up to
// it are known when they come again. It returns false where it was erased.
func (t *tx) bury(st *persistence.Tombstone) (bool, error) {
	a := &application{tx: t, now: time.Now()}
	a.r = &persistence.Record{Site: st.Site, Visitor: st.Visitor, At: st.ErasedAt}
	if err := a.stand(); err != nil || a.erased {
		return false, err
	}
	if !a.known {
		if _, err := a.exec(sqlAddVisitor, st.Site, st.Visitor, unixNano(st.ErasedAt)); err != nil {
			return false, err
		}
	}
	a.r.VSeq = max(st.VSeq, a.applied+1)
	if before := a.r.VSeq - 1; before > a.applied {
		if err := a.lose(a.applied+1, before); err != nil {
			return false, err
		}
	}
	if err := a.writeErasure(&persistence.Erasure{ID: st.Entry, Actor: st.Actor, Method: st.Method}); err != nil {
		return false, err
	}
	if _, err := a.exec(sqlSetApplied, a.r.VSeq, st.Site, st.Visitor); err != nil {
		return false, err
	}
	for _, q := range []string{sqlEraseEvents, sqlEraseClients, sqlBuryTimers, sqlBuryInbox, sqlEraseConversations} {
		if _, err := a.exec(q, st.Site, st.Visitor); err != nil {
			return false, fmt.Errorf("erase conversations: %w", err)
		}
	}
	_, err := a.exec(sqlBuryProfile, st.Site, st.Visitor, a.r.VSeq)
	return true, err
}

// lose records that records never came, and moves the visitor over them.
func (a *application) lose(from, to uint64) error {
	if _, err := a.exec(sqlAddLost, a.r.Site, a.r.Visitor, from, to, unixNano(a.now)); err != nil {
		return fmt.Errorf("record what is lost: %w", err)
	}
	if _, err := a.exec(sqlSetApplied, to, a.r.Site, a.r.Visitor); err != nil {
		return fmt.Errorf("move visitor on: %w", err)
	}
	return nil
}

// Pass implements persistence.Contacts.
func (s *Store) Pass(ctx context.Context, site, visitor string, upTo uint64) (uint64, error) {
	if site == "" || visitor == "" || upTo == 0 {
		return 0, errors.New("pass lost records: site, visitor and number must be given")
	}
	missing := uint64(0)
	err := s.write(ctx, "pass lost records", func(t *tx) error {
		missing = 0
		a := &application{tx: t, now: time.Now(), r: &persistence.Record{Site: site, Visitor: visitor}}
		if err := a.stand(); err != nil {
			return err
		}
		from := max(a.applied, a.aside) + 1
		if upTo < from {
			return nil
		}
		if !a.known {
			if _, err := a.exec(sqlAddVisitor, site, visitor, unixNano(a.now)); err != nil {
				return err
			}
		}
		if err := a.lose(from, upTo); err != nil {
			return err
		}
		missing = upTo - from + 1
		reason := persistence.Access{Actor: bySystem.Actor, Reason: fmt.Sprintf("records %d to %d never came", from, upTo)}
		_, err := a.exec(sqlAudit, auditRow(site, reason, persistence.ActionLost, visitor, 0)...)
		return err
	})
	if err != nil {
		return 0, err
	}
	return missing, nil
}
