package staff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"zgoda/persistence"
)

// FirstLogin is the name of the first administrator.
const FirstLogin = "admin"

// A Link lets somebody in once, until it expires. Secret is kept nowhere.
type Link struct {
	Secret    string
	ExpiresAt time.Time
}

// FirstLink returns the link that makes the first administrator, nil where there
// is anybody already.
func (s *Service) FirstLink(ctx context.Context) (*Link, error) {
	all, err := s.o.Store.Operators(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list operators: %w", err)
	}
	if len(all) > 0 || len(s.o.Sites) == 0 {
		return nil, nil
	}
	return s.invite(ctx, persistence.Invite{Login: FirstLogin, Site: s.o.Sites[0], Role: RoleAdministrator, By: "system"})
}

func (s *Service) invite(ctx context.Context, i persistence.Invite) (*Link, error) {
	secret, token := newSecret()
	i.Token, i.CreatedAt = token, s.o.Now()
	i.ExpiresAt = i.CreatedAt.Add(s.o.InviteLifetime)
	if err := s.o.Store.AddInvite(ctx, i); err != nil {
		return nil, fmt.Errorf("invite: %w", err)
	}
	return &Link{Secret: secret, ExpiresAt: i.ExpiresAt}, nil
}

// Invite makes a link with which somebody gets a role on a site, and an account
// where there is none of that name. by is who invites, for the record.
func (s *Service) Invite(ctx context.Context, login, site, role, by string) (*Link, error) {
	if err := checkName("login", login, maxLogin); err != nil {
		return nil, err
	}
	if !slices.Contains(persistence.Roles, role) {
		return nil, BadInputError(fmt.Sprintf("there is no role %q; there are %v", role, persistence.Roles))
	}
	if !slices.Contains(s.o.Sites, site) {
		return nil, ErrForbidden
	}
	return s.invite(ctx, persistence.Invite{Login: login, Site: site, Role: role, By: by})
}

// Accept uses a link: it makes the account, or sets the new password, and signs
// in. Errors are ErrForbidden for a link that is used, expired or none, ErrKnown,
// BadInputError, LimitError and the store's.
func (s *Service) Accept(ctx context.Context, secret, name, password, address string) (string, *Identity, error) {
	if err := checkPassword(password); err != nil {
		return "", nil, err
	}
	if err := checkName("name", name, maxName); err != nil {
		return "", nil, err
	}
	if retry := s.tries.take("", address, s.o.Now()); retry > 0 {
		return "", nil, LimitError{Retry: retry}
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return "", nil, err
	}
	made := persistence.Operator{ID: newID(), Login: "-", Name: name, Password: hash, CreatedAt: s.o.Now()}
	o, err := s.o.Store.AcceptInvite(ctx, hashOf(secret), s.o.Now(), made)
	switch {
	case errors.Is(err, persistence.ErrNotFound):
		return "", nil, ErrForbidden
	case err != nil:
		return "", nil, fmt.Errorf("accept invitation: %w", err)
	}
	s.tries.forgive("", address) // a link that was good is no guess
	if err := s.first(ctx, o); err != nil {
		return "", nil, err
	}
	s.forgetNames()
	if o.Password != hash {
		// The account is somebody's, and a link to a site is no proof of who it is.
		return "", nil, ErrKnown
	}
	return s.open(ctx, o)
}

// first gives whoever is alone the administration of every site.
func (s *Service) first(ctx context.Context, o persistence.Operator) error {
	all, err := s.o.Store.Operators(ctx, "")
	if err != nil {
		return fmt.Errorf("list operators: %w", err)
	}
	if len(all) != 1 || persistence.LoginKey(o.Login) != FirstLogin {
		return nil
	}
	for _, site := range s.o.Sites {
		for _, role := range persistence.Roles {
			if err := s.o.Store.SetRole(ctx, persistence.Membership{Operator: o.ID, Site: site, Role: role}, true); err != nil {
				return fmt.Errorf("give role: %w", err)
			}
		}
	}
	return nil
}

// A Member is an operator of a site.
type Member struct {
	ID       string   `json:"id"`
	Login    string   `json:"login"`
	Name     string   `json:"name"`
	Roles    []string `json:"roles"`
	Disabled bool     `json:"disabled"`
}

// Members returns the operators of a site, by login.
func (s *Service) Members(ctx context.Context, site string) ([]Member, error) {
	all, err := s.o.Store.Operators(ctx, site)
	if err != nil {
		return nil, fmt.Errorf("list operators: %w", err)
	}
	out := []Member{}
	for _, o := range all {
		roles, err := s.roles(ctx, o.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, Member{ID: o.ID, Login: o.Login, Name: o.Name, Roles: roles[site], Disabled: !o.DisabledAt.IsZero()})
	}
	return out, nil
}

// Everybody returns all operators with the sites they work on in place of roles, by
// login.
func (s *Service) Everybody(ctx context.Context) ([]Member, error) {
	all, err := s.o.Store.Operators(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("list operators: %w", err)
	}
	out := []Member{}
	for _, o := range all {
		roles, err := s.roles(ctx, o.ID)
		if err != nil {
			return nil, err
		}
		m := Member{ID: o.ID, Login: o.Login, Name: o.Name, Roles: []string{}, Disabled: !o.DisabledAt.IsZero()}
		for site, list := range roles {
			for _, r := range list {
				m.Roles = append(m.Roles, site+":"+r)
			}
		}
		slices.Sort(m.Roles)
		out = append(out, m)
	}
	return out, nil
}

// SetRoles makes these the roles of an operator on a site; none takes the operator
// off it.
func (s *Service) SetRoles(ctx context.Context, operator, site string, roles []string) error {
	for _, r := range roles {
		if !slices.Contains(persistence.Roles, r) {
			return BadInputError(fmt.Sprintf("there is no role %q; there are %v", r, persistence.Roles))
		}
	}
	for _, r := range persistence.Roles {
		err := s.o.Store.SetRole(ctx, persistence.Membership{Operator: operator, Site: site, Role: r}, slices.Contains(roles, r))
		if errors.Is(err, persistence.ErrNotFound) {
			return ErrForbidden
		}
		if err != nil {
			return fmt.Errorf("set role: %w", err)
		}
	}
	s.forgetNames()
	return nil
}

// Disable ends an account and all of its sessions, or lets it in again.
func (s *Service) Disable(ctx context.Context, operator string, disabled bool) error {
	err := s.o.Store.ChangeOperator(ctx, operator, persistence.OperatorChange{Disabled: &disabled})
	if errors.Is(err, persistence.ErrNotFound) {
		return ErrForbidden
	}
	return err
}

// Reset makes a link with which an operator sets a new password.
func (s *Service) Reset(ctx context.Context, operator, by string) (*Link, error) {
	o, err := s.o.Store.Operator(ctx, operator)
	if errors.Is(err, persistence.ErrNotFound) {
		return nil, ErrForbidden
	}
	if err != nil {
		return nil, fmt.Errorf("find operator: %w", err)
	}
	return s.invite(ctx, persistence.Invite{Login: o.Login, By: by})
}

// Governs reports whether an administrator may disable an operator and reset the
// password: only where every site of the operator's is the administrator's too,
// since an account opens all of them.
func (s *Service) Governs(ctx context.Context, who *Identity, operator string) (bool, error) {
	roles, err := s.roles(ctx, operator)
	if err != nil {
		return false, err
	}
	for site := range roles {
		if !who.Has(site, RoleAdministrator) {
			return false, nil
		}
	}
	return len(roles) > 0, nil
}

// Works reports whether an operator may take conversations on a site, and the
// display name.
func (s *Service) Works(ctx context.Context, operator, site string) (name string, ok bool, err error) {
	o, err := s.o.Store.Operator(ctx, operator)
	if errors.Is(err, persistence.ErrNotFound) || err == nil && !o.DisabledAt.IsZero() {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("find operator: %w", err)
	}
	roles, err := s.roles(ctx, operator)
	return o.Name, err == nil && len(roles[site]) > 0, err
}

// namesFor is how long names are remembered.
const namesFor = 30 * time.Second

type siteNames struct {
	byID map[string]string
	at   time.Time
}

// Names returns the display names of a site's operators by id. Those that were
// read lately are not read again; where the store cannot be asked they stay.
func (s *Service) Names(ctx context.Context, site string) map[string]string {
	s.mu.Lock()
	known := s.names[site]
	s.mu.Unlock()
	if known.byID != nil && s.o.Now().Sub(known.at) < namesFor {
		return known.byID
	}
	all, err := s.o.Store.Operators(ctx, site)
	if err != nil {
		return known.byID
	}
	fresh := siteNames{byID: make(map[string]string, len(all)), at: s.o.Now()}
	for _, o := range all {
		fresh.byID[o.ID] = o.Name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[site] = fresh
	return fresh.byID
}

func (s *Service) forgetNames() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.names)
}

// Forget removes what is over from the store.
func (s *Service) Forget(ctx context.Context) (int, error) {
	return s.o.Store.ForgetSessions(ctx, s.o.Now())
}

// Find returns the operator of a login. It is ErrForbidden where there is none.
func (s *Service) Find(ctx context.Context, login string) (Member, error) {
	o, err := s.o.Store.OperatorByLogin(ctx, login)
	if errors.Is(err, persistence.ErrNotFound) {
		return Member{}, ErrForbidden
	}
	return Member{ID: o.ID, Login: o.Login, Name: o.Name, Disabled: !o.DisabledAt.IsZero()}, err
}
