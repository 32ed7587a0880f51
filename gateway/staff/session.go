package staff

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"zgoda/persistence"
)

// SignIn opens a session and returns its secret, for the cookie. address bounds
// the attempts from one place. Errors are ErrCredentials, LimitError and the
// store's.
func (s *Service) SignIn(ctx context.Context, login, password, address string) (string, *Identity, error) {
	if retry := s.tries.take(persistence.LoginKey(login), address, s.o.Now()); retry > 0 {
		return "", nil, LimitError{Retry: retry}
	}
	if len(login) > 4*maxLogin || len(password) > 4*MaxPassword {
		return "", nil, ErrCredentials
	}
	o, err := s.o.Store.OperatorByLogin(ctx, login)
	if err != nil && !errors.Is(err, persistence.ErrNotFound) {
		return "", nil, fmt.Errorf("find operator: %w", err)
	}
	hash := o.Password
	if err != nil || !o.DisabledAt.IsZero() {
		hash = ""
	}
	ok, err := s.matches(ctx, password, hash)
	switch {
	case err != nil:
		return "", nil, err
	case !ok:
		return "", nil, ErrCredentials
	}
	s.tries.forgive(persistence.LoginKey(login), address)
	return s.open(ctx, o)
}

// open begins a session of an operator.
func (s *Service) open(ctx context.Context, o persistence.Operator) (string, *Identity, error) {
	secret, token := newSecret()
	now := s.o.Now()
	err := s.o.Store.AddSession(ctx, persistence.StaffSession{
		Token: token, Operator: o.ID, CreatedAt: now, LastSeen: now, Idle: s.o.Idle, ExpiresAt: now.Add(s.o.Lifetime),
	})
	if errors.Is(err, persistence.ErrNotFound) {
		return "", nil, ErrCredentials // disabled meanwhile
	}
	if err != nil {
		return "", nil, fmt.Errorf("open session: %w", err)
	}
	who, err := s.Verify(ctx, secret)
	return secret, who, err
}

// Verify returns who has a session. Errors are ErrSignedOut and the store's.
func (s *Service) Verify(ctx context.Context, secret string) (*Identity, error) {
	if secret == "" || len(secret) > 100 {
		return nil, ErrSignedOut
	}
	return s.Recheck(ctx, hashOf(secret))
}

// Recheck is Verify for a session that was verified before: it may have ended, and
// its operator's roles may be others now.
func (s *Service) Recheck(ctx context.Context, session persistence.TokenHash) (*Identity, error) {
	open, o, err := s.o.Store.Session(ctx, session, s.o.Now())
	if errors.Is(err, persistence.ErrNotFound) {
		return nil, ErrSignedOut
	}
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	roles, err := s.roles(ctx, o.ID)
	if err != nil {
		return nil, err
	}
	return &Identity{
		ID: o.ID, Login: o.Login, Name: o.Name, Roles: roles, Session: session, ExpiresAt: open.ExpiresAt, Idle: open.Idle,
	}, nil
}

// roles returns an operator's roles on the sites that are served.
func (s *Service) roles(ctx context.Context, operator string) (map[string][]string, error) {
	all, err := s.o.Store.Memberships(ctx, operator)
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	roles := map[string][]string{}
	for _, m := range all {
		roles[m.Site] = append(roles[m.Site], m.Role)
	}
	for _, r := range roles {
		slices.Sort(r)
	}
	return roles, nil
}

// SignOut ends one session.
func (s *Service) SignOut(ctx context.Context, who *Identity) error {
	return s.o.Store.EndSession(ctx, who.Session)
}

// SignOutEverywhere ends all sessions of an operator.
func (s *Service) SignOutEverywhere(ctx context.Context, who *Identity) error {
	return s.o.Store.EndSessions(ctx, who.ID)
}

// ChangePassword sets a new password, ends every session and opens a new one.
// Errors are ErrCredentials, LimitError, BadInputError and the store's.
func (s *Service) ChangePassword(ctx context.Context, who *Identity, before, after, address string) (string, *Identity, error) {
	if err := checkPassword(after); err != nil {
		return "", nil, err
	}
	if retry := s.tries.take(persistence.LoginKey(who.Login), address, s.o.Now()); retry > 0 {
		return "", nil, LimitError{Retry: retry}
	}
	o, err := s.o.Store.Operator(ctx, who.ID)
	if err != nil {
		return "", nil, fmt.Errorf("find operator: %w", err)
	}
	ok, err := s.matches(ctx, before, o.Password)
	switch {
	case err != nil:
		return "", nil, err
	case !ok:
		return "", nil, ErrCredentials
	}
	hash, err := s.hash(ctx, after)
	if err != nil {
		return "", nil, err
	}
	if err := s.o.Store.ChangeOperator(ctx, o.ID, persistence.OperatorChange{Password: &hash}); err != nil {
		return "", nil, fmt.Errorf("change password: %w", err)
	}
	return s.open(ctx, o)
}
