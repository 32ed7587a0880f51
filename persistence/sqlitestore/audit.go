package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"zgoda/persistence"
)

const (
	sqlAudit    = `INSERT INTO audit (site, at, actor, action, visitor, reason, people) VALUES (?, ?, ?, ?, ?, ?, ?)`
	sqlGetAudit = `SELECT id, at, actor, action, coalesce(visitor, ''), reason, people FROM audit
		WHERE site = ?1 AND id < ?2 AND (?4 = '' OR actor = ?4) ORDER BY id DESC LIMIT ?3`
	sqlGetAuditOfVisitor = `SELECT id, at, actor, action, coalesce(visitor, ''), reason, people FROM audit
		WHERE site = ?1 AND id < ?2 AND (?4 = '' OR actor = ?4) AND visitor = ?5 ORDER BY id DESC LIMIT ?3`

	// newestAudit is above every entry's number.
	newestAudit = int64(1) << 62
)

// bySystem is who does what nobody asked for.
var bySystem = persistence.Access{Actor: "system"}

// audit keeps who looked at what. What was read is given out only when the entry
// is on the disk.
func (s *Store) audit(ctx context.Context, site string, access persistence.Access, action, visitor string, people int) error {
	return s.keep(ctx, statement{sqlAudit, auditRow(site, access, action, visitor, people)})
}

// A statement is SQL with its arguments.
type statement struct {
	sql  string
	args []any
}

// keep carries out statements in one transaction. A store that is open for reading
// writes nothing but these, over a connection of its own: a gateway beside it waits
// for the moment that takes.
func (s *Store) keep(ctx context.Context, all ...statement) error {
	if !s.readOnly {
		return s.write(ctx, "keep audit entry", func(t *tx) error {
			for _, st := range all {
				if _, err := t.exec(st.sql, st.args...); err != nil {
					return err
				}
			}
			return nil
		})
	}
	select {
	case <-s.closed:
		return errClosed
	default:
	}
	db, err := sql.Open("sqlite", dsn(s.path, "rw", filePragmas))
	if err != nil {
		return err
	}
	if err = errors.Join(inOne(ctx, db, all), db.Close()); err != nil {
		return fmt.Errorf("nothing is shown without an entry in the audit, and that could not be kept: %w", err)
	}
	return nil
}

func inOne(ctx context.Context, db *sql.DB, all []statement) error {
	t, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, st := range all {
		if _, err := t.ExecContext(ctx, st.sql, st.args...); err != nil {
			return errors.Join(err, t.Rollback())
		}
	}
	return t.Commit()
}

func auditRow(site string, access persistence.Access, action, visitor string, people int) []any {
	return row(site, time.Now().UnixNano(), access.Actor, action, text(visitor), access.Reason, people)
}

// Note implements persistence.Privacy. No statement of this program can change
// or remove the entry.
func (s *Store) Note(ctx context.Context, site string, e persistence.AuditEntry) error {
	access := persistence.Access{Actor: e.Actor, Reason: e.Reason}
	if err := access.Validate(); err != nil {
		return err
	}
	if e.Action == "" || e.Count < 0 {
		return errors.New("keep audit entry: it must say what was done, and to how many")
	}
	return storeError("keep audit entry", s.audit(ctx, site, access, e.Action, e.Visitor, e.Count))
}

// Audit implements persistence.Privacy.
func (s *Store) Audit(ctx context.Context, site string, q persistence.AuditQuery) (persistence.AuditPage, error) {
	before := newestAudit
	if q.Before != "" {
		n, err := strconv.ParseInt(q.Before, 10, 64)
		if err != nil || n < 0 {
			return persistence.AuditPage{}, fmt.Errorf("read audit: before is %q; it must be the next of a page", q.Before)
		}
		before = n
	}
	limit := pageLimit(q.Limit)
	query, args := sqlGetAudit, row(site, before, limit+1, q.Actor)
	if q.Visitor != "" {
		query, args = sqlGetAuditOfVisitor, append(args, q.Visitor)
	}
	var out persistence.AuditPage
	err := s.read(ctx, func(c *conn) error {
		return c.each(ctx, query, args, func(rows *sql.Rows) error {
			var e persistence.AuditEntry
			var at int64
			err := rows.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Visitor, &e.Reason, &e.Count)
			e.At = fromNano(at)
			out.Entries = append(out.Entries, e)
			return err
		})
	})
	if err != nil {
		return persistence.AuditPage{}, storeError("read audit", err)
	}
	if len(out.Entries) > limit {
		out.Entries = out.Entries[:limit]
		out.Next = out.Entries[limit-1].ID
	}
	return out, nil
}
