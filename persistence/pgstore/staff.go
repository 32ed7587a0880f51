package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

var _ persistence.Staff = (*Store)(nil)

const (
	operatorColumns  = `o.id, o.login, o.name, o.password, o.created_at, o.disabled_at`
	sqlAddOperator   = `INSERT INTO zgoda.operator (id, login, login_key, name, password) VALUES ($1, $2, $3, $4, $5)`
	sqlGetOperator   = `SELECT ` + operatorColumns + ` FROM zgoda.operator o WHERE o.id = $1`
	sqlGetByLogin    = `SELECT ` + operatorColumns + ` FROM zgoda.operator o WHERE o.login_key = $1`
	sqlListOperators = `SELECT ` + operatorColumns + ` FROM zgoda.operator o WHERE $1 = ''
		OR EXISTS (SELECT FROM zgoda.membership m WHERE m.operator = o.id AND m.site = $1) ORDER BY o.login_key`
	sqlChangeOperator = `UPDATE zgoda.operator SET name = coalesce($2, name), password = coalesce($3, password),
		disabled_at = CASE WHEN $4::boolean IS NULL THEN disabled_at WHEN $4 THEN coalesce(disabled_at, clock_timestamp()) END
		WHERE id = $1`
	sqlAddMembership  = `INSERT INTO zgoda.membership (operator, site, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`
	sqlEndMembership  = `DELETE FROM zgoda.membership WHERE operator = $1 AND site = $2 AND role = $3`
	sqlGetMemberships = `SELECT operator, site, role, since FROM zgoda.membership WHERE operator = $1 ORDER BY site, role`
	sqlAddInvite      = `INSERT INTO zgoda.invite (token, login, site, role, invited_by, created_at, expires_at)
		VALUES ($1, $2, nullif($3, ''), nullif($4, ''), $5, $6, $7)`
	sqlUseInvite = `UPDATE zgoda.invite SET used_at = $2 WHERE token = $1 AND used_at IS NULL AND expires_at > $2
		RETURNING login, coalesce(site, ''), coalesce(role, '')`
	sqlAddSession = `INSERT INTO zgoda.staff_session (token, operator, created_at, last_seen, idle, expires_at)
		SELECT $1, o.id, $3, $3, $4, $5 FROM zgoda.operator o WHERE o.id = $2 AND o.disabled_at IS NULL`
	sqlGetSession = `SELECT s.operator, s.created_at, s.last_seen, s.idle, s.expires_at, ` + operatorColumns + `
		FROM zgoda.staff_session s JOIN zgoda.operator o ON o.id = s.operator
		WHERE s.token = $1 AND o.disabled_at IS NULL AND s.expires_at > $2 AND s.last_seen + s.idle >= $2`
	sqlSeeSession     = `UPDATE zgoda.staff_session SET last_seen = $2 WHERE token = $1 AND last_seen < $2`
	sqlEndSession     = `DELETE FROM zgoda.staff_session WHERE token = $1`
	sqlEndSessions    = `DELETE FROM zgoda.staff_session WHERE operator = $1`
	sqlForgetSessions = `DELETE FROM zgoda.staff_session WHERE expires_at <= $1 OR last_seen + idle < $1`
	sqlForgetInvites  = `DELETE FROM zgoda.invite WHERE expires_at <= $1`
)

// asStaff runs f in a transaction of the staff role, which is of no site and sees
// no visitor.
func (s *Store) asStaff(ctx context.Context, doing string, f func(*tx) error) error {
	return s.connect(ctx, doing, "", func(t *tx) error {
		var b pgx.Batch
		t.begin(&b, readWrite)
		b.Queue(sqlBecome, RoleStaff)
		if err := t.send(&b); err != nil {
			return becomeError(err, RoleStaff)
		}
		if err := f(t); err != nil {
			return err
		}
		_, err := t.conn.Exec(t.ctx, "COMMIT")
		if err == nil {
			t.end()
		}
		return err
	})
}

// change runs one statement as staff. It returns how many rows it changed.
func (s *Store) change(ctx context.Context, doing, query string, args ...any) (n int64, err error) {
	err = s.asStaff(ctx, doing, func(t *tx) error {
		tag, err := t.conn.Exec(t.ctx, query, args...)
		n = tag.RowsAffected()
		return existing(err)
	})
	return n, err
}

// existing turns the refusal of a second of the same name into ErrExists.
func existing(err error) error {
	if sqlState(err) == uniqueViolation {
		return fmt.Errorf("%w: %w", persistence.ErrExists, err)
	}
	return err
}

func scanOperator(row pgx.Row) (o persistence.Operator, err error) {
	var disabled *time.Time
	err = found(row.Scan(&o.ID, &o.Login, &o.Name, &o.Password, &o.CreatedAt, &disabled))
	o.CreatedAt, o.DisabledAt = o.CreatedAt.UTC(), moment(disabled)
	return o, err
}

// AddOperator implements persistence.Operators.
func (s *Store) AddOperator(ctx context.Context, o persistence.Operator) error {
	if err := o.Validate(); err != nil {
		return err
	}
	_, err := s.change(ctx, "add operator", sqlAddOperator, o.ID, o.Login, persistence.LoginKey(o.Login), o.Name, o.Password)
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
	err = s.asStaff(ctx, "read operator", func(t *tx) error {
		o, err = scanOperator(t.conn.QueryRow(t.ctx, query, name))
		return err
	})
	return o, err
}

// Operators implements persistence.Operators.
func (s *Store) Operators(ctx context.Context, site string) (out []persistence.Operator, err error) {
	err = s.asStaff(ctx, "list operators", func(t *tx) error {
		rows, _ := t.conn.Query(t.ctx, sqlListOperators, site)
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (persistence.Operator, error) { return scanOperator(row) })
		return err
	})
	return out, err
}

// ChangeOperator implements persistence.Operators.
func (s *Store) ChangeOperator(ctx context.Context, id string, c persistence.OperatorChange) error {
	if c.Password != nil {
		if err := (&persistence.Operator{ID: id, Login: id, Password: *c.Password}).Validate(); err != nil {
			return err
		}
	}
	return s.asStaff(ctx, "change operator", func(t *tx) error {
		tag, err := t.conn.Exec(t.ctx, sqlChangeOperator, id, c.Name, c.Password, c.Disabled)
		switch {
		case err != nil:
			return err
		case tag.RowsAffected() == 0:
			return persistence.ErrNotFound
		case c.Password != nil, c.Disabled != nil && *c.Disabled:
			_, err = t.conn.Exec(t.ctx, sqlEndSessions, id)
		}
		return err
	})
}

// SetRole implements persistence.Memberships.
func (s *Store) SetRole(ctx context.Context, m persistence.Membership, on bool) error {
	if err := m.Validate(); err != nil {
		return err
	}
	query := sqlEndMembership
	if on {
		query = sqlAddMembership
	}
	_, err := s.change(ctx, "set role", query, m.Operator, m.Site, m.Role)
	if sqlState(err) == foreignKeyViolation {
		err = fmt.Errorf("set role: operator %q: %w", m.Operator, persistence.ErrNotFound)
	}
	return err
}

// Memberships implements persistence.Memberships.
func (s *Store) Memberships(ctx context.Context, operator string) (out []persistence.Membership, err error) {
	err = s.asStaff(ctx, "read memberships", func(t *tx) error {
		rows, _ := t.conn.Query(t.ctx, sqlGetMemberships, operator)
		out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m persistence.Membership, err error) {
			err = row.Scan(&m.Operator, &m.Site, &m.Role, &m.Since)
			m.Since = m.Since.UTC()
			return m, err
		})
		return err
	})
	return out, err
}

// AddInvite implements persistence.Memberships.
func (s *Store) AddInvite(ctx context.Context, i persistence.Invite) error {
	if err := i.Validate(); err != nil {
		return err
	}
	_, err := s.change(ctx, "add invite", sqlAddInvite, i.Token[:], i.Login, i.Site, i.Role, i.By, i.CreatedAt, i.ExpiresAt)
	return err
}

// AcceptInvite implements persistence.Memberships.
func (s *Store) AcceptInvite(ctx context.Context, token persistence.TokenHash, now time.Time, o persistence.Operator) (persistence.Operator, error) {
	var out persistence.Operator
	err := s.asStaff(ctx, "accept invite", func(t *tx) error {
		var site, role string
		if err := found(t.conn.QueryRow(t.ctx, sqlUseInvite, token[:], now).Scan(&o.Login, &site, &role)); err != nil {
			return err
		}
		if err := o.Validate(); err != nil {
			return err
		}
		var err error
		key := persistence.LoginKey(o.Login)
		out, err = scanOperator(t.conn.QueryRow(t.ctx, sqlGetByLogin, key))
		switch {
		case errors.Is(err, persistence.ErrNotFound) && site != "":
			if _, err = t.conn.Exec(t.ctx, sqlAddOperator, o.ID, o.Login, key, o.Name, o.Password); err != nil {
				return existing(err)
			}
			out, err = scanOperator(t.conn.QueryRow(t.ctx, sqlGetOperator, o.ID))
		case err == nil && !out.DisabledAt.IsZero():
			return persistence.ErrNotFound
		case err == nil && site == "":
			out.Password = o.Password
			if _, err = t.conn.Exec(t.ctx, sqlChangeOperator, out.ID, nil, o.Password, nil); err == nil {
				_, err = t.conn.Exec(t.ctx, sqlEndSessions, out.ID)
			}
		}
		if err == nil && site != "" {
			_, err = t.conn.Exec(t.ctx, sqlAddMembership, out.ID, site, role)
		}
		return err
	})
	if err != nil {
		return persistence.Operator{}, err
	}
	return out, nil
}

// AddSession implements persistence.StaffSessions.
func (s *Store) AddSession(ctx context.Context, n persistence.StaffSession) error {
	if err := n.Validate(); err != nil {
		return err
	}
	added, err := s.change(ctx, "add session", sqlAddSession, n.Token[:], n.Operator, n.CreatedAt, n.Idle, n.ExpiresAt)
	if err == nil && added == 0 {
		err = persistence.ErrNotFound
	}
	return err
}

// Session implements persistence.StaffSessions.
func (s *Store) Session(ctx context.Context, token persistence.TokenHash, now time.Time) (persistence.StaffSession, persistence.Operator, error) {
	out, o := persistence.StaffSession{Token: token}, persistence.Operator{}
	err := s.asStaff(ctx, "read session", func(t *tx) error {
		var disabled *time.Time
		err := found(t.conn.QueryRow(t.ctx, sqlGetSession, token[:], now).Scan(&out.Operator, &out.CreatedAt, &out.LastSeen, &out.Idle,
			&out.ExpiresAt, &o.ID, &o.Login, &o.Name, &o.Password, &o.CreatedAt, &disabled))
		if err == nil && now.Sub(out.LastSeen) >= persistence.SessionGrain {
			out.LastSeen = now
			_, err = t.conn.Exec(t.ctx, sqlSeeSession, token[:], now)
		}
		return err
	})
	if err != nil {
		return persistence.StaffSession{}, persistence.Operator{}, err
	}
	out.CreatedAt, out.LastSeen, out.ExpiresAt, o.CreatedAt = out.CreatedAt.UTC(), out.LastSeen.UTC(), out.ExpiresAt.UTC(), o.CreatedAt.UTC()
	return out, o, nil
}

// EndSession implements persistence.StaffSessions.
func (s *Store) EndSession(ctx context.Context, token persistence.TokenHash) error {
	_, err := s.change(ctx, "end session", sqlEndSession, token[:])
	return err
}

// EndSessions implements persistence.StaffSessions.
func (s *Store) EndSessions(ctx context.Context, operator string) error {
	_, err := s.change(ctx, "end sessions", sqlEndSessions, operator)
	return err
}

// ForgetSessions implements persistence.StaffSessions.
func (s *Store) ForgetSessions(ctx context.Context, now time.Time) (int, error) {
	sessions, err := s.change(ctx, "forget sessions", sqlForgetSessions, now)
	if err != nil {
		return 0, err
	}
	invites, err := s.change(ctx, "forget invites", sqlForgetInvites, now)
	return int(sessions + invites), err
}
