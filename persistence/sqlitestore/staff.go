package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"zgoda/persistence"
)

var _ persistence.Staff = (*Store)(nil)

const (
	operatorColumns  = `o.id, o.login, o.name, o.password, o.created_at, coalesce(o.disabled_at, 0)`
	sqlAddOperator   = `INSERT INTO operator (id, login, login_key, name, password, created_at) VALUES (?, ?, ?, ?, ?, ?)`
	sqlHasOperator   = `SELECT EXISTS (SELECT 1 FROM operator WHERE id = ? OR login_key = ?)`
	sqlGetOperator   = `SELECT ` + operatorColumns + ` FROM operator o WHERE o.id = ?`
	sqlGetByLogin    = `SELECT ` + operatorColumns + ` FROM operator o WHERE o.login_key = ?`
	sqlListOperators = `SELECT ` + operatorColumns + ` FROM operator o WHERE ?1 = ''
		OR EXISTS (SELECT 1 FROM membership m WHERE m.operator = o.id AND m.site = ?1) ORDER BY o.login_key`
	sqlChangeOperator = `UPDATE operator SET name = coalesce(?2, name), password = coalesce(?3, password),
		disabled_at = CASE WHEN ?4 IS NULL THEN disabled_at WHEN ?4 THEN coalesce(disabled_at, ?5) END WHERE id = ?1`
	sqlAddMembership  = `INSERT INTO membership (operator, site, role, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	sqlEndMembership  = `DELETE FROM membership WHERE operator = ? AND site = ? AND role = ?`
	sqlGetMemberships = `SELECT operator, site, role, since FROM membership WHERE operator = ? ORDER BY site, role`
	sqlAddInvite      = `INSERT INTO invite (token, login, site, role, invited_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT DO NOTHING`
	sqlGetInvite = `SELECT login, coalesce(site, ''), coalesce(role, '') FROM invite WHERE token = ? AND used_at IS NULL AND expires_at > ?`
	sqlUseInvite = `UPDATE invite SET used_at = ? WHERE token = ?`
)

// scanOperator reads the columns of an operator.
func scanOperator(scan func(...any) error, before ...any) (persistence.Operator, error) {
	var o persistence.Operator
	var created, disabled int64
	err := scan(append(before, &o.ID, &o.Login, &o.Name, &o.Password, &created, &disabled)...)
	o.CreatedAt, o.DisabledAt = fromNano(created), fromNano(disabled)
	return o, err
}

// A getter is what reads one row, a connection or a transaction.
type getter func(query string, args, dest []any) (bool, error)

func (g getter) operator(query, name string) (persistence.Operator, error) {
	return scanOperator(func(dest ...any) error {
		known, err := g(query, row(name), dest)
		if err == nil && !known {
			err = persistence.ErrNotFound
		}
		return err
	})
}

// AddOperator implements persistence.Operators.
func (s *Store) AddOperator(ctx context.Context, o persistence.Operator) error {
	if err := o.Validate(); err != nil {
		return err
	}
	return s.write(ctx, "add operator", func(t *tx) error { return t.addOperator(&o) })
}

func (t *tx) addOperator(o *persistence.Operator) error {
	key, taken := persistence.LoginKey(o.Login), false
	if _, err := t.get(sqlHasOperator, row(o.ID, key), row(&taken)); err != nil {
		return err
	}
	if taken {
		return persistence.ErrExists
	}
	_, err := t.exec(sqlAddOperator, o.ID, o.Login, key, o.Name, o.Password, time.Now().UnixNano())
	return err
}

// Operator implements persistence.Operators.
func (s *Store) Operator(ctx context.Context, id string) (persistence.Operator, error) {
	return s.operator(ctx, sqlGetOperator, id)
}

// OperatorByLogin implements persistence.Operators.
func (s *Store) OperatorByLogin(ctx context.Context, login string) (persistence.Operator, error) {
	return s.operator(ctx, sqlGetByLogin, persistence.LoginKey(login))
}

func (s *Store) operator(ctx context.Context, query, name string) (o persistence.Operator, err error) {
	err = s.read(ctx, func(c *conn) error {
		get := getter(func(query string, args, dest []any) (bool, error) { return c.get(ctx, query, args, dest) })
		o, err = get.operator(query, name)
		return err
	})
	return o, storeError("read operator", err)
}

// Operators implements persistence.Operators.
func (s *Store) Operators(ctx context.Context, site string) (out []persistence.Operator, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.each(ctx, sqlListOperators, row(site), func(rows *sql.Rows) error {
			o, err := scanOperator(rows.Scan)
			out = append(out, o)
			return err
		})
	})
	return out, storeError("list operators", err)
}

// ChangeOperator implements persistence.Operators.
func (s *Store) ChangeOperator(ctx context.Context, id string, c persistence.OperatorChange) error {
	if c.Password != nil {
		if err := (&persistence.Operator{ID: id, Login: id, Password: *c.Password}).Validate(); err != nil {
			return err
		}
	}
	return s.write(ctx, "change operator", func(t *tx) error {
		n, err := t.exec(sqlChangeOperator, id, c.Name, c.Password, c.Disabled, time.Now().UnixNano())
		switch {
		case err != nil:
			return err
		case n == 0:
			return persistence.ErrNotFound
		case c.Password != nil, c.Disabled != nil && *c.Disabled:
			_, err = t.exec(sqlEndSessions, id)
		}
		return err
	})
}

// SetRole implements persistence.Memberships.
func (s *Store) SetRole(ctx context.Context, m persistence.Membership, on bool) error {
	if err := m.Validate(); err != nil {
		return err
	}
	return s.write(ctx, "set role", func(t *tx) error {
		if !on {
			_, err := t.exec(sqlEndMembership, m.Operator, m.Site, m.Role)
			return err
		}
		if _, err := getter(t.get).operator(sqlGetOperator, m.Operator); err != nil {
			return fmt.Errorf("operator %q: %w", m.Operator, err)
		}
		_, err := t.exec(sqlAddMembership, m.Operator, m.Site, m.Role, time.Now().UnixNano())
		return err
	})
}

// Memberships implements persistence.Memberships.
func (s *Store) Memberships(ctx context.Context, operator string) (out []persistence.Membership, err error) {
	err = s.read(ctx, func(c *conn) error {
		return c.each(ctx, sqlGetMemberships, row(operator), func(rows *sql.Rows) error {
			var m persistence.Membership
			var since int64
			err := rows.Scan(&m.Operator, &m.Site, &m.Role, &since)
			m.Since = fromNano(since)
			out = append(out, m)
			return err
		})
	})
	return out, storeError("read memberships", err)
}

// AddInvite implements persistence.Memberships.
func (s *Store) AddInvite(ctx context.Context, i persistence.Invite) error {
	if err := i.Validate(); err != nil {
		return err
	}
	return s.write(ctx, "add invite", func(t *tx) error {
		n, err := t.exec(sqlAddInvite, i.Token[:], i.Login, text(i.Site), text(i.Role), i.By, unixNano(i.CreatedAt), unixNano(i.ExpiresAt))
		if err == nil && n == 0 {
			err = persistence.ErrExists
		}
		return err
	})
}

// AcceptInvite implements persistence.Memberships.
func (s *Store) AcceptInvite(ctx context.Context, token persistence.TokenHash, now time.Time, o persistence.Operator) (persistence.Operator, error) {
	var out persistence.Operator
	err := s.write(ctx, "accept invite", func(t *tx) error {
		var err error
		out, err = t.acceptInvite(token, now, o)
		return err
	})
	if err != nil {
		return persistence.Operator{}, err
	}
	return out, nil
}

func (t *tx) acceptInvite(token persistence.TokenHash, now time.Time, o persistence.Operator) (persistence.Operator, error) {
	var site, role string
	known, err := t.get(sqlGetInvite, row(token[:], now.UnixNano()), row(&o.Login, &site, &role))
	if err == nil && !known {
		err = persistence.ErrNotFound
	}
	if err == nil {
		err = o.Validate()
	}
	if err == nil {
		_, err = t.exec(sqlUseInvite, now.UnixNano(), token[:])
	}
	if err != nil {
		return o, err
	}
	out, err := getter(t.get).operator(sqlGetByLogin, persistence.LoginKey(o.Login))
	switch {
	case err != nil && site != "": // nobody yet; any other error comes again
		if err = t.addOperator(&o); err == nil {
			out, err = getter(t.get).operator(sqlGetOperator, o.ID)
		}
	case err == nil && !out.DisabledAt.IsZero():
		err = persistence.ErrNotFound
	case err == nil && site == "":
		out.Password = o.Password
		if _, err = t.exec(sqlChangeOperator, out.ID, nil, o.Password, nil, nil); err == nil {
			_, err = t.exec(sqlEndSessions, out.ID)
		}
	}
	if err == nil && site != "" {
		_, err = t.exec(sqlAddMembership, out.ID, site, role, now.UnixNano())
	}
	return out, err
}
