package staff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"zgoda/persistence"
)

// Roles an operator may have on a site.
const (
	RoleOperator       = persistence.RoleOperator
	RoleAdministrator  = persistence.RoleAdministrator
	RolePrivacyOfficer = persistence.RolePrivacyOfficer
)

// Errors that callers branch on. Others are the store's.
var (
	// ErrCredentials: no such name, a wrong password, or a disabled account.
	ErrCredentials = errors.New("name or password is wrong")
	// ErrSignedOut: there is no such session, or it has ended.
	ErrSignedOut = errors.New("signed out")
	// ErrForbidden: there is no such thing, or it is not for this operator.
	ErrForbidden = errors.New("not allowed")
	// ErrKnown: the invitation was for somebody who has an account. The role was
	// given; the account's own password is what signs in.
	ErrKnown = errors.New("the account was there already")
	// ErrUnavailable is what errors of a store that cannot be asked match.
	ErrUnavailable = persistence.ErrUnavailable
)

// A LimitError says that there were too many attempts.
type LimitError struct{ Retry time.Duration }

func (e LimitError) Error() string { return "too many attempts" }

// A BadInputError says what is wrong with what somebody entered.
type BadInputError string

func (e BadInputError) Error() string { return string(e) }

// Options of a Service. Store is required.
type Options struct {
	Store persistence.Staff
	// Sites are the keys of the sites that are served; the first administrator gets
	// all of them.
	Sites []string
	// Idle ends a session that was not used, Lifetime any. Defaults 1 h and 12 h.
	Idle, Lifetime time.Duration
	// InviteLifetime is how long a link is good. Default 24 h.
	InviteLifetime time.Duration
	// Params are argon2id's. Default 19 MiB, two passes, one lane (OWASP).
	Params *argon2id.Params
	Now    func() time.Time
}

// A Service signs people in. All methods may be called concurrently.
type Service struct {
	o       Options
	decoy   string
	hashing chan struct{}
	tries   attempts

	mu    sync.Mutex // guards names
	names map[string]siteNames
}

// maxHashing bounds the passwords that are hashed at the same time: each takes
// memory.
const maxHashing = 2

// New returns a Service.
func New(o Options) (*Service, error) {
	if o.Idle == 0 {
		o.Idle = time.Hour
	}
	if o.Lifetime == 0 {
		o.Lifetime = 12 * time.Hour
	}
	if o.InviteLifetime == 0 {
		o.InviteLifetime = 24 * time.Hour
	}
	if o.Params == nil {
		o.Params = &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	// An unknown name is compared with this one, so that it takes as long.
	decoy, err := argon2id.CreateHash(rand.Text(), o.Params)
	if err != nil {
		return nil, fmt.Errorf("hash a password: %w", err)
	}
	return &Service{o: o, decoy: decoy, hashing: make(chan struct{}, maxHashing), names: map[string]siteNames{}}, nil
}

// An Identity is who is signed in.
type Identity struct {
	ID, Login, Name string
	// Roles are by site.
	Roles map[string][]string
	// Session names the session without being able to open it.
	Session   persistence.TokenHash
	ExpiresAt time.Time
	Idle      time.Duration
}

// Has reports whether the operator has one of the roles on the site; without
// roles, whether any.
func (i *Identity) Has(site string, roles ...string) bool {
	have := i.Roles[site]
	if len(roles) == 0 {
		return len(have) > 0
	}
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(have, r) })
}

// Sites returns the sites on which the operator has a role, sorted.
func (i *Identity) Sites() []string {
	var out []string
	for site, roles := range i.Roles {
		if len(roles) > 0 {
			out = append(out, site)
		}
	}
	slices.Sort(out)
	return out
}

// Same reports whether another look at the same session found the same rights.
func (i *Identity) Same(other *Identity) bool {
	if i.ID != other.ID || i.Name != other.Name || len(i.Roles) != len(other.Roles) {
		return false
	}
	for site, roles := range i.Roles {
		if !slices.Equal(roles, other.Roles[site]) {
			return false
		}
	}
	return true
}

// newSecret returns 256 random bits for a cookie or a link, and what is kept of
// them.
func newSecret() (string, persistence.TokenHash) {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:]), hashOf(base64.RawURLEncoding.EncodeToString(b[:]))
}

func hashOf(secret string) persistence.TokenHash { return sha256.Sum256([]byte(secret)) }

func newID() string { return "op_" + strings.ToLower(rand.Text()[:20]) }

// Bounds of what people enter.
const (
	MinPassword = 10
	MaxPassword = 200
	maxName     = 100
	maxLogin    = 200
)

func checkPassword(password string) error {
	if n := utf8.RuneCountInString(password); n < MinPassword || n > MaxPassword {
		return BadInputError(fmt.Sprintf("a password has %d to %d characters", MinPassword, MaxPassword))
	}
	return nil
}

func checkName(what, name string, most int) error {
	if strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > most || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return BadInputError(fmt.Sprintf("a %s has 1 to %d characters and no line breaks", what, most))
	}
	return nil
}

// hash makes the hash of a password.
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	if err := s.turn(ctx); err != nil {
		return "", err
	}
	defer func() { <-s.hashing }()
	h, err := argon2id.CreateHash(password, s.o.Params)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return h, nil
}

// matches compares a password with a hash; with none it takes as long and says no.
func (s *Service) matches(ctx context.Context, password, hash string) (bool, error) {
	if err := s.turn(ctx); err != nil {
		return false, err
	}
	defer func() { <-s.hashing }()
	if hash == "" {
		_, _ = argon2id.ComparePasswordAndHash(password, s.decoy)
		return false, nil
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare password: %w", err)
	}
	return ok, nil
}

func (s *Service) turn(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", persistence.ErrUnavailable, ctx.Err())
	}
}
