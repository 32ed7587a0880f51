package pgstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

const (
	sqlAudit = `INSERT INTO zgoda.audit (site, actor, action, visitor, reason, people) VALUES ($1, $2, $3, nullif($4, ''), $5, $6)`
	// Each of the three finds its entries by an index of its own.
	sqlGetAudit = `SELECT id, recorded_at, actor, action, coalesce(visitor, ''), reason, people FROM zgoda.audit
		WHERE site = $1 AND id < $2 ORDER BY id DESC LIMIT $3`
	sqlGetAuditOfVisitor = `SELECT id, recorded_at, actor, action, coalesce(visitor, ''), reason, people FROM zgoda.audit
		WHERE site = $1 AND id < $2 AND visitor = $4 AND ($5 = '' OR actor = $5) ORDER BY id DESC LIMIT $3`
	sqlGetAuditOfActor = `SELECT id, recorded_at, actor, action, coalesce(visitor, ''), reason, people FROM zgoda.audit
		WHERE site = $1 AND id < $2 AND actor = $4 ORDER BY id DESC LIMIT $3`

	// newestAudit is above every entry's number.
	newestAudit = int64(1) << 62
)

// queueAudit keeps who looked at what in the transaction that reads it.
func queueAudit(b *pgx.Batch, site string, access persistence.Access, action, visitor string, people int) {
	b.Queue(sqlAudit, site, access.Actor, action, visitor, access.Reason, people)
}

// bySystem is who does what nobody asked for.
var bySystem = persistence.Access{Actor: "system"}

// Note implements persistence.Privacy. Nobody can change or remove the entry.
func (s *Store) Note(ctx context.Context, site string, e persistence.AuditEntry) error {
	access := persistence.Access{Actor: e.Actor, Reason: e.Reason}
	if err := access.Validate(); err != nil {
		return err
	}
	if e.Action == "" || e.Count < 0 {
		return errors.New("keep audit entry: it must say what was done, and to how many")
	}
	return s.write(ctx, "keep audit entry", site, func(b *pgx.Batch) {
		queueAudit(b, site, access, e.Action, e.Visitor, e.Count)
	})
}

// Audit implements persistence.Privacy.
func (s *Store) Audit(ctx context.Context, site string, q persistence.AuditQuery) (persistence.AuditPage, error) {
	before, err := auditBefore(q.Before)
	if err != nil {
		return persistence.AuditPage{}, err
	}
	limit := pageLimit(q.Limit)
	query, args := sqlGetAudit, []any{site, before, limit + 1}
	switch {
	case q.Visitor != "":
		query, args = sqlGetAuditOfVisitor, append(args, q.Visitor, q.Actor)
	case q.Actor != "":
		query, args = sqlGetAuditOfActor, append(args, q.Actor)
	}
	var out persistence.AuditPage
	err = s.read(ctx, "read audit", site, func(b *pgx.Batch) {
		b.Queue(query, args...).Query(func(rows pgx.Rows) error {
			var e persistence.AuditEntry
			var id int64
			var at time.Time
			_, err := pgx.ForEachRow(rows, []any{&id, &at, &e.Actor, &e.Action, &e.Visitor, &e.Reason, &e.Count}, func() error {
				e.ID, e.At = strconv.FormatInt(id, 10), at.UTC()
				out.Entries = append(out.Entries, e)
				return nil
			})
			return err
		})
	})
	if err != nil {
		return persistence.AuditPage{}, err
	}
	if len(out.Entries) > limit {
		out.Entries = out.Entries[:limit]
		out.Next = out.Entries[limit-1].ID
	}
	return out, nil
}

// auditBefore reads where a page of the audit begins.
func auditBefore(before string) (int64, error) {
	if before == "" {
		return newestAudit, nil
	}
	n, err := strconv.ParseInt(before, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("read audit: before is %q; it must be the next of a page", before)
	}
	return n, nil
}
