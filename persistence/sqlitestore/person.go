package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
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
	return s.find(ctx, site, access, addr, persistence.ActionSought)
}

// Object implements persistence.Privacy.
func (s *Store) Object(ctx context.Context, site string, access persistence.Access, addr string) ([]string, error) {
	var suppressed []statement
	for _, purpose := range persistence.ObjectedTo(addr) {
		hash := address(site, channelField[purpose], addr)
		suppressed = append(suppressed, statement{sqlSuppress, row(site, purpose, hash, "objected", time.Now().UnixNano())})
	}
	return s.find(ctx, site, access, addr, persistence.ActionObjected, suppressed...)
}

// find finds an address and keeps who sought it, after what is to be kept before.
func (s *Store) find(ctx context.Context, site string, access persistence.Access, addr, action string, before ...statement) ([]string, error) {
	if err := access.Validate(); err != nil {
		return nil, err
	}
	if addr = strings.TrimSpace(addr); addr == "" && action == persistence.ActionObjected {
		return nil, errors.New("object to marketing: the address is empty")
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
		err = s.keep(ctx, append(before, statement{sqlAudit, auditRow(site, access, action, "", len(out))})...)
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
