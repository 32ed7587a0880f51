package persistence

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Roles an operator may have on a site.
const (
	RoleOperator       = "operator"
	RoleAdministrator  = "administrator"
	RolePrivacyOfficer = "privacy_officer"
)

// Roles lists every role.
var Roles = []string{RoleOperator, RoleAdministrator, RolePrivacyOfficer}

// An Operator is a person who signs in. Operators are of no one site: their
// memberships say on which they may do what. They are disabled and never deleted,
// since the audit names them.
type Operator struct {
	ID string `json:"id"`
	// Login is an e-mail address or a name, unique however it is spelt (LoginKey).
	Login string `json:"login"`
	Name  string `json:"name"`
	// Password is an argon2id hash in PHC form, empty where none is set yet: then
	// nobody can sign in with one. It is in no JSON.
	Password   string    `json:"-"`
	CreatedAt  time.Time `json:"created_at"`
	DisabledAt time.Time `json:"disabled_at,omitzero"`
}

// Validate reports why the operator cannot be kept.
func (o *Operator) Validate() error {
	switch {
	case o.ID == "":
		return errors.New("an operator needs an id")
	case LoginKey(o.Login) == "":
		return errors.New("an operator needs a login")
	}
	return validPassword(o.Password)
}

func validPassword(hash string) error {
	if hash != "" && !strings.HasPrefix(hash, "$argon2id$") {
		return errors.New("a password is kept as an argon2id hash and in no other way")
	}
	return nil
}

// LoginKey is what two logins have in common that are the same person's: case
// and outer spaces do not count.
func LoginKey(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// An OperatorChange changes what is not nil. Disabling an operator and setting a
// password end all of their sessions.
type OperatorChange struct {
	Name     *string
	Password *string
	Disabled *bool
}

// A Membership is a role of an operator on a site.
type Membership struct {
	Operator string    `json:"operator"`
	Site     string    `json:"site"`
	Role     string    `json:"role"`
	Since    time.Time `json:"since"`
}

// Validate reports why the membership cannot be one.
func (m *Membership) Validate() error {
	switch {
	case m.Operator == "", m.Site == "":
		return errors.New("a membership is an operator's on a site")
	case !slices.Contains(Roles, m.Role):
		return fmt.Errorf("there is no role %q; there are %s", m.Role, strings.Join(Roles, ", "))
	}
	return nil
}

// A TokenHash is the SHA-256 of a secret that is kept nowhere: who reads the
// store cannot sign in with what it holds.
type TokenHash [sha256.Size]byte

// A StaffSession is one sign-in. It ends when it was idle for too long, at
// ExpiresAt, or when it is ended.
type StaffSession struct {
	Token     TokenHash
	Operator  string
	CreatedAt time.Time
	// LastSeen is exact to SessionGrain.
	LastSeen  time.Time
	Idle      time.Duration
	ExpiresAt time.Time
}

// SessionGrain is how much later than kept a session may have been seen, so that
// not every request writes.
const SessionGrain = time.Minute

// Validate reports why the session cannot be kept.
func (s *StaffSession) Validate() error {
	if s.Operator == "" || s.Idle < SessionGrain || !s.ExpiresAt.After(s.CreatedAt) || s.CreatedAt.IsZero() {
		return fmt.Errorf("a session needs an operator, times, and to be idle for %v at least", SessionGrain)
	}
	return nil
}

// Ended reports whether the session is over at a time.
func (s *StaffSession) Ended(now time.Time) bool {
	return !now.Before(s.ExpiresAt) || now.Sub(s.LastSeen) > s.Idle
}

// An Invite is a link that can be used once, until ExpiresAt. With a site it
// makes the operator with the login a member, and makes the operator where there is
// none. Without one it lets an operator set a new password.
type Invite struct {
	Token     TokenHash `json:"-"`
	Login     string    `json:"login"`
	Site      string    `json:"site,omitzero"`
	Role      string    `json:"role,omitzero"`
	By        string    `json:"by"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Validate reports why the invite cannot be kept.
func (i *Invite) Validate() error {
	switch {
	case LoginKey(i.Login) == "", i.By == "", !i.ExpiresAt.After(i.CreatedAt), i.CreatedAt.IsZero():
		return errors.New("an invite needs a login, who invites, and times")
	case (i.Site == "") != (i.Role == ""), i.Site != "" && !slices.Contains(Roles, i.Role):
		return fmt.Errorf("an invite to a site needs a role; there are %s", strings.Join(Roles, ", "))
	}
	return nil
}

// A SiteRevision is one version of a site's configuration. Revisions are numbered
// from 1 without holes and never change.
type SiteRevision struct {
	Site     string    `json:"site"`
	Revision uint64    `json:"revision"`
	Document string    `json:"document,omitzero"`
	Actor    string    `json:"actor"`
	At       time.Time `json:"at"`
}

// Operators keeps who may sign in. Errors of all of Staff are ErrUnavailable,
// ErrNotFound and ErrExists where stated, or a wrapped defect. All methods may be
// called concurrently.
type Operators interface {
	// AddOperator is ErrExists where the id or the login is somebody's.
	AddOperator(ctx context.Context, o Operator) error
	// Operator and OperatorByLogin are ErrNotFound where there is none; one who is
	// disabled is found.
	Operator(ctx context.Context, id string) (Operator, error)
	OperatorByLogin(ctx context.Context, login string) (Operator, error)
	// Operators returns those with a role on the site, or everybody where site is
	// empty, by login.
	Operators(ctx context.Context, site string) ([]Operator, error)
	// ChangeOperator is ErrNotFound where there is none.
	ChangeOperator(ctx context.Context, id string, change OperatorChange) error
}

// Memberships keeps who may do what where.
type Memberships interface {
	// SetRole gives a role, or takes it where on is false. Doing so again is no
	// error. It is ErrNotFound where there is no such operator.
	SetRole(ctx context.Context, m Membership, on bool) error
	// Memberships returns the roles of an operator, by site.
	Memberships(ctx context.Context, operator string) ([]Membership, error)
	// AddInvite is ErrExists where the token is known.
	AddInvite(ctx context.Context, i Invite) error
	// AcceptInvite uses an invite that was not used and has not expired, in one
	// transaction with what it does, and returns the operator. id, name and password
	// are those of an operator who is made; a new password is set as well where the
	// invite is for that. It is ErrNotFound where there is no such invite any more, or
	// nobody whom it is for.
	AcceptInvite(ctx context.Context, token TokenHash, now time.Time, o Operator) (Operator, error)
}

// StaffSessions keeps who is signed in.
type StaffSessions interface {
	// AddSession is ErrNotFound where the operator is not there or disabled.
	AddSession(ctx context.Context, s StaffSession) error
	// Session returns a session that is not over and whose operator is not disabled,
	// with the operator, and remembers that it was seen. ErrNotFound otherwise.
	Session(ctx context.Context, token TokenHash, now time.Time) (StaffSession, Operator, error)
	// EndSession ends one, EndSessions all of an operator's. There being none is no
	// error.
	EndSession(ctx context.Context, token TokenHash) error
	EndSessions(ctx context.Context, operator string) error
	// ForgetSessions removes sessions and invites that are over, and returns how many.
	ForgetSessions(ctx context.Context, now time.Time) (int, error)
}

// SiteRevisions keeps the versions of sites' configurations.
type SiteRevisions interface {
	// AddRevision adds the revision after base, which is 0 for the first, and returns
	// its number. It is ErrExists where base is not the newest any more.
	AddRevision(ctx context.Context, r SiteRevision, base uint64) (uint64, error)
	// Revision returns one, or the newest where n is 0; ErrNotFound where there is
	// none.
	Revision(ctx context.Context, site string, n uint64) (SiteRevision, error)
	// Revisions returns those before a number, or all where it is 0, newest first,
	// without their documents.
	Revisions(ctx context.Context, site string, before uint64, limit int) ([]SiteRevision, error)
	// Sites returns the newest revision of every site, by site.
	Sites(ctx context.Context) ([]SiteRevision, error)
}

// Staff is what the console keeps of the people who work with it.
type Staff interface {
	Operators
	Memberships
	StaffSessions
	SiteRevisions
}
