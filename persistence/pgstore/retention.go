package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"zgoda/persistence"
)

const (
	// A contact is due by the clock or by its promise, whichever ends first. The few
	// different promises of a site are walked, and under each the oldest contacts are
	// taken by an index. One on another basis that is not due keeps both.
	sqlDueContacts = `WITH RECURSIVE promise (days) AS (
			(SELECT c.contact_days FROM zgoda.contact c WHERE c.site = $1 ORDER BY c.contact_days LIMIT 1)
			UNION ALL
			SELECT (SELECT c.contact_days FROM zgoda.contact c WHERE c.site = $1 AND c.contact_days > p.days ORDER BY c.contact_days LIMIT 1)
			FROM promise p WHERE p.days IS NOT NULL
		), old AS (
			SELECT DISTINCT c.visitor FROM promise p CROSS JOIN LATERAL
			(SELECT c.visitor FROM zgoda.contact c
			 WHERE c.site = $1 AND c.contact_days = p.days AND c.collected_at <= $2::timestamptz - least($3::interval, nullif(p.days, 0) * interval '24 hours')
			 AND NOT EXISTS (SELECT FROM zgoda.contact n WHERE n.site = $1 AND n.visitor = c.visitor
				AND (n.collected_at > $2::timestamptz - least($3::interval, nullif(n.contact_days, 0) * interval '24 hours')) IS NOT FALSE)
			 ORDER BY c.collected_at, c.visitor LIMIT $4) c
		) SELECT o.visitor, d.collected_at, d.due_at FROM old o CROSS JOIN LATERAL
			(SELECT max(c.collected_at) AS collected_at,
				max(c.collected_at + least($3::interval, nullif(c.contact_days, 0) * interval '24 hours')) AS due_at
			 FROM zgoda.contact c WHERE c.site = $1 AND c.visitor = o.visitor) d ORDER BY d.collected_at, o.visitor LIMIT $4`
	sqlDueGrants = `SELECT visitor, purpose::text, grant_id, valid_until FROM zgoda.active_grant
		WHERE site = $1 AND valid_until <= $2 ORDER BY valid_until, visitor, purpose LIMIT $3`
	// A ledger goes when its last entry is old enough and nothing hangs on it; one of
	// which something was set aside stays, since that may say otherwise.
	// Each ledger has the clock, or what one of its notices promised, if that is less.
	sqlDueProofs = `WITH old AS MATERIALIZED (
			SELECT DISTINCT e.visitor FROM zgoda.consent_event e WHERE e.site = $1 AND e.recorded_at <= $2::timestamptz
				- least($3::interval, (SELECT min(n.proof_days) FROM zgoda.notice n WHERE n.site = $1) * interval '24 hours')
		) SELECT o.visitor FROM old o CROSS JOIN LATERAL (
			SELECT max(l.recorded_at) AS last, least($3::interval, min(n.proof_days) * interval '24 hours') AS kept
			FROM zgoda.consent_event l LEFT JOIN zgoda.notice n ON n.site = l.site AND n.hash = l.notice
			WHERE l.site = $1 AND l.visitor = o.visitor) p
		WHERE p.last <= $2::timestamptz - p.kept
		AND NOT EXISTS (SELECT FROM zgoda.active_grant g WHERE g.site = $1 AND g.visitor = o.visitor)
		AND NOT EXISTS (SELECT FROM zgoda.contact c WHERE c.site = $1 AND c.visitor = o.visitor)
		AND NOT EXISTS (SELECT FROM zgoda.set_aside x WHERE x.site = $1 AND x.visitor = o.visitor)
		ORDER BY o.visitor LIMIT $4`
)

// dueLimit is how many of each kind are looked for where the caller names none.
const dueLimit = 1000

// Due implements persistence.Privacy.
func (s *Store) Due(ctx context.Context, site string, clocks persistence.Clocks, now time.Time, limit int) (persistence.RetentionPlan, error) {
	if limit <= 0 {
		limit = dueLimit
	}
	out := persistence.RetentionPlan{AsOf: now.UTC()}
	err := s.read(ctx, "look what is due", site, func(b *pgx.Batch) {
		queueDueContacts(b, &out.Contacts, site, clocks.Contact, now, limit+1)
		b.Queue(sqlDueGrants, site, now, limit+1).Query(func(rows pgx.Rows) error {
			var g persistence.ExpiredGrant
			_, err := pgx.ForEachRow(rows, []any{&g.Visitor, &g.Purpose, &g.Grant, &g.ValidUntil}, func() error {
				g.ValidUntil = g.ValidUntil.UTC()
				out.Grants = append(out.Grants, g)
				return nil
			})
			return err
		})
		if clocks.Proof > 0 {
			queueNames(b, &out.Proofs, sqlDueProofs, site, now, clocks.Proof, limit+1)
		}
	})
	if err != nil {
		return persistence.RetentionPlan{}, err
	}
	out.More = len(out.Contacts) > limit || len(out.Grants) > limit || len(out.Proofs) > limit
	out.Contacts, out.Grants, out.Proofs = first(out.Contacts, limit), first(out.Grants, limit), first(out.Proofs, limit)
	return out, nil
}

// queueDueContacts adds the reading of due contacts. Where no clock is set the
// promises of notices count alone.
func queueDueContacts(b *pgx.Batch, into *[]persistence.DueContact, site string, clock time.Duration, now time.Time, limit int) {
	var after *time.Duration
	if clock > 0 {
		after = &clock
	}
	b.Queue(sqlDueContacts, site, now, after, limit).Query(func(rows pgx.Rows) error {
		var c persistence.DueContact
		_, err := pgx.ForEachRow(rows, []any{&c.Visitor, &c.CollectedAt, &c.DueAt}, func() error {
			c.CollectedAt, c.DueAt = c.CollectedAt.UTC(), c.DueAt.UTC()
			*into = append(*into, c)
			return nil
		})
		return err
	})
}

func first[T any](list []T, n int) []T { return list[:min(len(list), n)] }

func queueNames(b *pgx.Batch, into *[]string, query string, args ...any) {
	b.Queue(query, args...).Query(func(rows pgx.Rows) error {
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		*into = names
		return err
	})
}

// sqlPurge are the statements that take a ledger as a whole. What may not go is
// refused by the schema: grants in force, half a ledger, a visitor with a contact.
var sqlPurge = []string{
	`DELETE FROM zgoda.consent_event WHERE site = $1 AND visitor = ANY ($2::text[])`,
	`DELETE FROM zgoda.consent_status WHERE site = $1 AND visitor = ANY ($2::text[])`,
	`DELETE FROM zgoda.tombstone WHERE site = $1 AND visitor = ANY ($2::text[])`,
	`DELETE FROM zgoda.lost WHERE site = $1 AND visitor = ANY ($2::text[])`,
	`DELETE FROM zgoda.visitor WHERE site = $1 AND visitor = ANY ($2::text[])`,
}

// Purge implements persistence.Privacy. It works over a connection of its own as
// zgoda_retention, which can delete nothing but ledgers. Where something was written
// of one of the visitors meanwhile, nothing is purged and the call is
// ErrUnavailable: the next one looks again.
func (s *Store) Purge(ctx context.Context, site string, clocks persistence.Clocks, now time.Time, limit int) (int, error) {
	if clocks.Proof <= 0 {
		return 0, nil
	}
	if limit <= 0 {
		limit = dueLimit
	}
	var gone []string
	err := s.asRetention(ctx, site, func(t *tx) error {
		var b pgx.Batch
		t.begin(&b, readWrite)
		queueNames(&b, &gone, sqlDueProofs, site, now, clocks.Proof, limit)
		if err := t.send(&b); err != nil || len(gone) == 0 {
			return err
		}
		b = pgx.Batch{}
		for _, q := range sqlPurge {
			b.Queue(q, site, gone)
		}
		if err := t.send(&b); err != nil {
			if reason, ok := refusal(err); ok {
				return fmt.Errorf("%s: %w", reason, persistence.ErrUnavailable)
			}
			return err
		}
		return t.commitAudited(bySystem, persistence.ActionPurged, "", len(gone))
	})
	if err != nil {
		return 0, storeError("purge ledgers", err)
	}
	return len(gone), nil
}

// asRetention hands f a connection of the retention login.
func (s *Store) asRetention(ctx context.Context, site string, f func(*tx) error) error {
	switch {
	case s.closed.Load():
		return errClosed
	case site == "":
		return errors.New("no site")
	case s.retention == nil:
		return fmt.Errorf("purging needs a login of its own, so that no gateway can delete a proof: "+
			"`CREATE ROLE <login> LOGIN NOINHERIT; GRANT %s TO <login>`, and name its connection string: %w", RoleRetention, persistence.ErrMisconfigured)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	pool, err := pgxpool.NewWithConfig(ctx, s.retention.Copy())
	if err != nil {
		return err
	}
	defer pool.Close()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return connectError(err)
	}
	defer conn.Release()
	if err := refuseUnbound(ctx, conn.Conn(), s.allowSuperuser); err != nil {
		return err
	}
	t := &tx{ctx: ctx, conn: conn, site: site}
	defer t.rollback()
	return f(t)
}

// refuseUnbound refuses a login for whom nothing that the schema forbids is
// forbidden.
func refuseUnbound(ctx context.Context, conn *pgx.Conn, allowSuperuser bool) error {
	var unbound bool
	err := conn.QueryRow(ctx, `SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user`).Scan(&unbound)
	if err == nil && unbound && !allowSuperuser {
		return fmt.Errorf("the retention login is superuser or bypasses row security: %w", persistence.ErrMisconfigured)
	}
	return err
}
