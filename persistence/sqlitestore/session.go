package sqlitestore

import (
	"context"
	"time"

	"zgoda/persistence"
)

const (
	sqlAddSession = `INSERT INTO staff_session (token, operator, created_at, last_seen, idle, expires_at)
		SELECT ?1, o.id, ?3, ?3, ?4, ?5 FROM operator o WHERE o.id = ?2 AND o.disabled_at IS NULL`
	sqlGetSession = `SELECT s.created_at, s.last_seen, s.idle, s.expires_at, ` + operatorColumns + `
		FROM staff_session s JOIN operator o ON o.id = s.operator
		WHERE s.token = ?1 AND o.disabled_at IS NULL AND s.expires_at > ?2 AND s.last_seen + s.idle >= ?2`
	sqlSeeSession     = `UPDATE staff_session SET last_seen = ?2 WHERE token = ?1 AND last_seen < ?2`
	sqlEndSession     = `DELETE FROM staff_session WHERE token = ?`
	sqlEndSessions    = `DELETE FROM staff_session WHERE operator = ?`
	sqlForgetSessions = `DELETE FROM staff_session WHERE expires_at <= ?1 OR last_seen + idle < ?1`
	sqlForgetInvites  = `DELETE FROM invite WHERE expires_at <= ?`
)

// AddSession implements persistence.StaffSessions.
func (s *Store) AddSession(ctx context.Context, n persistence.StaffSession) error {
	if err := n.Validate(); err != nil {
		return err
	}
	return s.write(ctx, "add session", func(t *tx) error {
		added, err := t.exec(sqlAddSession, n.Token[:], n.Operator, unixNano(n.CreatedAt), int64(n.Idle), unixNano(n.ExpiresAt))
		if err == nil && added == 0 {
			err = persistence.ErrNotFound
		}
		return err
	})
}

// Session implements persistence.StaffSessions.
func (s *Store) Session(ctx context.Context, token persistence.TokenHash, now time.Time) (persistence.StaffSession, persistence.Operator, error) {
	out, o := persistence.StaffSession{Token: token}, persistence.Operator{}
	var created, seen, expires int64
	err := s.read(ctx, func(c *conn) error {
		var err error
		o, err = scanOperator(func(dest ...any) error {
			known, err := c.get(ctx, sqlGetSession, row(token[:], now.UnixNano()), dest)
			if err == nil && !known {
				err = persistence.ErrNotFound
			}
			return err
		}, &created, &seen, &out.Idle, &expires)
		return err
	})
	if err == nil && now.Sub(fromNano(seen)) >= persistence.SessionGrain {
		seen = now.UnixNano()
		err = s.write(ctx, "see session", func(t *tx) error {
			_, err := t.exec(sqlSeeSession, token[:], seen)
			return err
		})
	}
	if err != nil {
		return persistence.StaffSession{}, persistence.Operator{}, storeError("read session", err)
	}
	out.Operator = o.ID
	out.CreatedAt, out.LastSeen, out.ExpiresAt = fromNano(created), fromNano(seen), fromNano(expires)
	return out, o, nil
}

// EndSession implements persistence.StaffSessions.
func (s *Store) EndSession(ctx context.Context, token persistence.TokenHash) error {
	return s.write(ctx, "end session", func(t *tx) error {
		_, err := t.exec(sqlEndSession, token[:])
		return err
	})
}

// EndSessions implements persistence.StaffSessions.
func (s *Store) EndSessions(ctx context.Context, operator string) error {
	return s.write(ctx, "end sessions", func(t *tx) error {
		_, err := t.exec(sqlEndSessions, operator)
		return err
	})
}

// ForgetSessions implements persistence.StaffSessions.
func (s *Store) ForgetSessions(ctx context.Context, now time.Time) (int, error) {
	var gone int64
	err := s.write(ctx, "forget sessions", func(t *tx) error {
		sessions, err := t.exec(sqlForgetSessions, now.UnixNano())
		if err != nil {
			return err
		}
		invites, err := t.exec(sqlForgetInvites, now.UnixNano())
		gone = sessions + invites
		return err
	})
	return int(gone), err
}
