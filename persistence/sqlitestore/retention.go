package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"zgoda/persistence"
)

const (
	// Due is what is older than the clock says or was promised to go by now. Each is
	// looked for by an index of its own. A contact on another basis that is not due
	// keeps both.
	sqlDueContacts = `WITH old AS (
			SELECT * FROM (SELECT c.visitor FROM contact c WHERE c.site = ?1 AND c.collected_at <= ?2
				AND NOT EXISTS (` + sqlKeepsBoth + `) ORDER BY c.collected_at, c.visitor LIMIT ?4)
			UNION
			SELECT * FROM (SELECT c.visitor FROM contact c WHERE c.site = ?1 AND c.keep_until <= ?3
				AND NOT EXISTS (` + sqlKeepsBoth + `) ORDER BY c.keep_until, c.visitor LIMIT ?4)
		) SELECT o.visitor, max(c.collected_at) AS given, max(min(c.collected_at + ?5, coalesce(c.keep_until, c.collected_at + ?5)))
		FROM old o JOIN contact c ON c.site = ?1 AND c.visitor = o.visitor GROUP BY o.visitor ORDER BY given, o.visitor LIMIT ?4`
	sqlKeepsBoth = `SELECT 1 FROM contact n WHERE n.site = ?1 AND n.visitor = c.visitor
		AND n.collected_at > ?2 AND (n.keep_until IS NULL OR n.keep_until > ?3)`
	sqlDueGrants = `SELECT visitor, purpose, grant_id, valid_until FROM active_grant
		WHERE site = ? AND valid_until <= ? ORDER BY valid_until, visitor, purpose LIMIT ?`
	sqlDueProofs = `SELECT DISTINCT e.visitor FROM consent_event e WHERE e.site = ?1 AND e.recorded_at <= ?2
		AND NOT EXISTS (SELECT 1 FROM consent_event l WHERE l.site = ?1 AND l.visitor = e.visitor AND l.recorded_at > ?2)
		AND NOT EXISTS (SELECT 1 FROM active_grant g WHERE g.site = ?1 AND g.visitor = e.visitor)
		AND NOT EXISTS (SELECT 1 FROM contact c WHERE c.site = ?1 AND c.visitor = e.visitor)
		AND NOT EXISTS (SELECT 1 FROM set_aside x WHERE x.site = ?1 AND x.visitor = e.visitor)
		ORDER BY e.visitor LIMIT ?3`

	// dueLimit is how many of each kind are looked for where the caller names none.
	dueLimit = 1000
)

// Due implements persistence.Privacy.
func (s *Store) Due(ctx context.Context, site string, clocks persistence.Clocks, now time.Time, limit int) (persistence.RetentionPlan, error) {
	if limit <= 0 {
		limit = dueLimit
	}
	out := persistence.RetentionPlan{AsOf: now.UTC()}
	err := s.read(ctx, func(c *conn) error {
		var err error
		out.Contacts, err = dueOfContacts(ctx, c, site, clocks.Contact, now, limit+1)
		if err == nil {
			err = c.each(ctx, sqlDueGrants, row(site, now.UnixNano(), limit+1), func(rows *sql.Rows) error {
				var g persistence.ExpiredGrant
				var until int64
				err := rows.Scan(&g.Visitor, &g.Purpose, &g.Grant, &until)
				g.ValidUntil = fromNano(until)
				out.Grants = append(out.Grants, g)
				return err
			})
		}
		if err == nil && clocks.Proof > 0 {
			out.Proofs, err = names(ctx, c, sqlDueProofs, row(site, now.Add(-clocks.Proof).UnixNano(), limit+1))
		}
		return err
	})
	if err != nil {
		return persistence.RetentionPlan{}, storeError("look what is due", err)
	}
	out.More = len(out.Contacts) > limit || len(out.Grants) > limit || len(out.Proofs) > limit
	out.Contacts, out.Grants, out.Proofs = first(out.Contacts, limit), first(out.Grants, limit), first(out.Proofs, limit)
	return out, nil
}

// never is a clock that has not run out for any contact.
const never = 1 << 61

// dueOfContacts reads due contacts. Where no clock is set the promises of notices
// count alone.
func dueOfContacts(ctx context.Context, c *conn, site string, clock time.Duration, now time.Time, limit int) ([]persistence.DueContact, error) {
	given, after := int64(math.MinInt64), int64(never)
	if clock > 0 {
		given, after = now.Add(-clock).UnixNano(), int64(clock)
	}
	var out []persistence.DueContact
	err := c.each(ctx, sqlDueContacts, row(site, given, now.UnixNano(), limit, after), func(rows *sql.Rows) error {
		var visitor string
		var collected, due int64
		err := rows.Scan(&visitor, &collected, &due)
		out = append(out, persistence.DueContact{Visitor: visitor, CollectedAt: fromNano(collected), DueAt: fromNano(due)})
		return err
	})
	return out, err
}

func first[T any](list []T, n int) []T { return list[:min(len(list), n)] }

func names(ctx context.Context, c *conn, query string, args []any) ([]string, error) {
	var out []string
	err := c.each(ctx, query, args, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		out = append(out, name)
		return err
	})
	return out, err
}

// Purge implements persistence.Privacy: there are no roles here, so there is
// nobody who may delete a ledger, and it is ErrNeedsPostgres.
func (s *Store) Purge(context.Context, string, persistence.Clocks, time.Time, int) (int, error) {
	return 0, fmt.Errorf("purge ledgers: %w", persistence.ErrNeedsPostgres)
}
