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
	// A contact is due by the clock or by its promise, whichever ends first. The few
	// different promises of a site are walked, and under each the oldest contacts are
	// taken by an index. One on another basis that is not due keeps both.
	sqlDueContacts = `WITH RECURSIVE promise (days) AS (
			SELECT min(c.contact_days) FROM contact c WHERE c.site = ?1
			UNION ALL
			SELECT (SELECT min(c.contact_days) FROM contact c WHERE c.site = ?1 AND c.contact_days > p.days) FROM promise p WHERE p.days IS NOT NULL
		)
		SELECT c.visitor, max(c.collected_at) AS given, max(c.collected_at + min(?3, coalesce(nullif(c.contact_days, 0) * ` + dayNano + `, ?3)))
		FROM promise p CROSS JOIN contact c ON c.site = ?1 AND c.contact_days = p.days
			AND c.collected_at <= ?2 - min(?3, coalesce(nullif(p.days, 0) * ` + dayNano + `, ?3))
		WHERE NOT EXISTS (SELECT 1 FROM contact n WHERE n.site = ?1 AND n.visitor = c.visitor
			AND n.collected_at > ?2 - min(?3, coalesce(nullif(n.contact_days, 0) * ` + dayNano + `, ?3)))
		GROUP BY c.visitor ORDER BY given, c.visitor LIMIT ?4`
	dayNano      = `86400000000000`
	sqlDueGrants = `SELECT visitor, purpose, grant_id, valid_until FROM active_grant
		WHERE site = ? AND valid_until <= ? ORDER BY valid_until, visitor, purpose LIMIT ?`
	// Each ledger has the clock, or what one of its notices promised, if that is less.
	sqlDueProofs = `WITH promise AS MATERIALIZED (
			SELECT n.hash, (n.canonical ->> '$.retention.proof_days') * ` + dayNano + ` AS kept FROM notice n
			WHERE n.site = ?1 AND json_valid(n.canonical) AND (n.canonical ->> '$.retention.proof_days') BETWEEN 1 AND 100000
		), ledger AS (
			SELECT e.visitor, max(e.recorded_at) AS last, min(?3, coalesce(min(p.kept), ?3)) AS kept
			FROM consent_event e LEFT JOIN promise p ON p.hash = e.notice WHERE e.site = ?1 GROUP BY e.visitor
		)
		SELECT l.visitor FROM ledger l WHERE l.last <= ?2 - l.kept
		AND NOT EXISTS (SELECT 1 FROM active_grant g WHERE g.site = ?1 AND g.visitor = l.visitor)
		AND NOT EXISTS (SELECT 1 FROM contact c WHERE c.site = ?1 AND c.visitor = l.visitor)
		AND NOT EXISTS (SELECT 1 FROM set_aside x WHERE x.site = ?1 AND x.visitor = l.visitor)
		ORDER BY l.visitor LIMIT ?4`

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
			out.Proofs, err = names(ctx, c, sqlDueProofs, row(site, now.UnixNano(), clocks.Proof.Nanoseconds(), limit+1))
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

// dueOfContacts reads due contacts. Where no clock is set the promises of notices
// count alone.
func dueOfContacts(ctx context.Context, c *conn, site string, clock time.Duration, now time.Time, limit int) ([]persistence.DueContact, error) {
	after := int64(math.MaxInt64)
	if clock > 0 {
		after = int64(clock)
	}
	var out []persistence.DueContact
	err := c.each(ctx, sqlDueContacts, row(site, now.UnixNano(), after, limit), func(rows *sql.Rows) error {
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
