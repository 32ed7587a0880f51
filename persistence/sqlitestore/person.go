package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"zgoda/persistence"
)

const (
	sqlGetPerson = `SELECT first_seen, coalesce(erased_at, 0) FROM visitor WHERE site = ? AND visitor = ?`
	sqlGetHeld   = `SELECT coalesce(grant_id, ''), coalesce(policy, ''), collected_at, coalesce(restricted_at, 0)
		FROM contact WHERE site = ? AND visitor = ?`
	// All that is held, also under a grant that has run out and was not ended yet.
	// What the visitor agreed to comes last and wins.
	sqlGetHeldFields = `SELECT field, value FROM contact_field WHERE site = ? AND visitor = ? ORDER BY basis DESC`
	sqlIsRestricted  = `SELECT EXISTS (SELECT 1 FROM contact WHERE site = ? AND visitor = ? AND restricted_at IS NOT NULL)`
	sqlFind          = `SELECT DISTINCT visitor FROM contact_field WHERE site = ? AND address = ? AND field = ? ORDER BY visitor LIMIT ?`
)

// Person implements persistence.Privacy.
func (s *Store) Person(ctx context.Context, site, visitor string, access persistence.Access) (persistence.Person, error) {
	if err := access.Validate(); err != nil {
		return persistence.Person{}, err
	}
	out := persistence.Person{Visitor: visitor}
	err := s.read(ctx, func(c *conn) error {
		var seen, erased int64
		_, err := c.get(ctx, sqlGetPerson, row(site, visitor), row(&seen, &erased))
		if err != nil {
			return err
		}
		out.FirstSeen, out.ErasedAt = fromNano(seen), fromNano(erased)
		if out.Proof, err = readProof(ctx, c, site, visitor); err != nil {
			return err
		}
		if out.Consents, err = consents(ctx, c, site, visitor); err != nil {
			return err
		}
		return readHeld(ctx, c, site, &out)
	})
	if err == nil {
		err = s.audit(ctx, site, access, persistence.ActionRead, visitor, 1)
	}
	if err != nil {
		return persistence.Person{}, storeError("read person", err)
	}
	return out, nil
}

func readHeld(ctx context.Context, c *conn, site string, out *persistence.Person) error {
	err := c.each(ctx, sqlGetHeld, row(site, out.Visitor), func(rows *sql.Rows) error {
		var grant, policy string
		var at, restricted int64
		if err := rows.Scan(&grant, &policy, &at, &restricted); err != nil {
			return err
		}
		out.Grant, out.Policy = out.Grant+grant, out.Policy+policy
		if t := fromNano(at); t.After(out.CollectedAt) {
			out.CollectedAt = t
		}
		if restricted != 0 {
			out.RestrictedAt = fromNano(restricted)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read contact: %w", err)
	}
	out.Fields, err = fieldsOf(ctx, c, sqlGetHeldFields, row(site, out.Visitor))
	return err
}

func isRestricted(ctx context.Context, c *conn, site, visitor string) (bool, error) {
	var yes bool
	if _, err := c.get(ctx, sqlIsRestricted, row(site, visitor), row(&yes)); err != nil {
		return false, fmt.Errorf("look for restriction: %w", err)
	}
	return yes, nil
}

// Find implements persistence.Privacy.
func (s *Store) Find(ctx context.Context, site string, access persistence.Access, addr string) ([]string, error) {
	if err := access.Validate(); err != nil {
		return nil, err
	}
	field := "phone"
	if strings.Contains(addr, "@") {
		field = "email"
	}
	var out []string
	err := s.read(ctx, func(c *conn) error {
		return c.each(ctx, sqlFind, row(site, address(site, field, addr), field, persistence.MaxFound), func(rows *sql.Rows) error {
			var visitor string
			err := rows.Scan(&visitor)
			out = append(out, visitor)
			return err
		})
	})
	if err == nil {
		err = s.audit(ctx, site, access, persistence.ActionSought, "", len(out))
	}
	if err != nil {
		return nil, storeError("find address", err)
	}
	return out, nil
}

const sqlRestrict = `UPDATE contact SET restricted_at = ? WHERE site = ? AND visitor = ?`

// restrict restricts the visitor's contact or frees it, and keeps who did.
// Where there is none that changes nothing.
func (a *application) restrict(x *persistence.Restriction) error {
	at, action := any(nil), persistence.ActionFreed
	if x.On {
		at, action = unixNano(a.r.At), persistence.ActionRestricted
	}
	if _, err := a.exec(sqlRestrict, at, a.r.Site, a.r.Visitor); err != nil {
		return fmt.Errorf("restrict contact: %w", err)
	}
	who := persistence.Access{Actor: x.Actor, Reason: x.Method}
	if _, err := a.exec(sqlAudit, auditRow(a.r.Site, who, action, a.r.Visitor, 1)...); err != nil {
		return fmt.Errorf("keep audit entry: %w", err)
	}
	return nil
}

const (
	sqlDueContacts = `SELECT DISTINCT visitor FROM contact WHERE site = ? AND collected_at <= ? ORDER BY visitor LIMIT ?`
	sqlDueGrants   = `SELECT visitor, purpose, grant_id, valid_until FROM active_grant
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
		if clocks.Contact > 0 {
			out.Contacts, err = names(ctx, c, sqlDueContacts, row(site, now.Add(-clocks.Contact).UnixNano(), limit+1))
		}
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
