package pgstore

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"zgoda/persistence"
)

// Roles of the database. A login is a member of those it acts as.
const (
	RoleApp       = "zgoda_app"
	RoleMarketing = "zgoda_marketing"
	RoleRetention = "zgoda_retention"
	RoleOwner     = "zgoda_owner"
)

const (
	// defaultConns is how many connections a store has where the options say
	// nothing: flushing needs one, the console some.
	defaultConns = 8
	// callTimeout bounds every call, so that a server that hangs is found
	// unavailable whatever the caller's context says.
	callTimeout = 30 * time.Second
	// blindKeySize is the least that an HMAC-SHA-256 key should have.
	blindKeySize = 32
)

// session is how a connection is set up. The limits keep a transaction of a node
// that hangs from holding back the others. Every statement finds its rows by key
// or by site, in tables that may have grown since the planner last looked, so it
// is planned once and by index. What the connection string says wins, but for the
// role.
var session = map[string]string{
	"role":                                RoleApp,
	"application_name":                    "zgoda",
	"timezone":                            "UTC",
	"statement_timeout":                   "30s",
	"lock_timeout":                        "10s",
	"idle_in_transaction_session_timeout": "30s",
	"plan_cache_mode":                     "force_generic_plan",
	"enable_seqscan":                      "off",
	"jit":                                 "off",
}

// Options are how a Store reaches its database.
type Options struct {
	// DSN is the connection string of a login that is a member of zgoda_app and,
	// for marketing lists, of zgoda_marketing. It needs sessions: with a pooler
	// between, session pooling.
	DSN string
	// MaxConns bounds the connections; 0 means 8.
	MaxConns int
	// BlindKey keys the hashes by which addresses are found suppressed. It has at
	// least 32 bytes and stays the same for as long as the database lives.
	BlindKey []byte
	// Log gets warnings; nil discards them.
	Log *slog.Logger
	// AllowSuperuser lets a superuser in, for whom neither row security nor
	// privileges hold. For experiments only.
	AllowSuperuser bool
}

func (o *Options) validate() error {
	switch {
	case o.DSN == "":
		return errors.New("options: DSN is empty")
	case len(o.BlindKey) < blindKeySize:
		return fmt.Errorf("options: BlindKey has %d bytes, want at least %d", len(o.BlindKey), blindKeySize)
	case o.MaxConns < 0:
		return fmt.Errorf("options: MaxConns is %d", o.MaxConns)
	}
	return nil
}

// A Store is the contact store in PostgreSQL. It implements
// persistence.Contacts; its methods may be called concurrently, by any number of
// processes on the same database. Close must be called.
type Store struct {
	pool     *pgxpool.Pool
	blindKey []byte
	log      *slog.Logger
	closed   atomic.Bool
}

// Open connects and checks whom it connected as and what it found. It returns
// ErrUnavailable where the database cannot be reached, ErrSchema where its schema
// is not the one this program was written for, and ErrWrongKey where its hashes
// were made with another BlindKey.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(opts.DSN)
	if err != nil {
		return nil, fmt.Errorf("read connection string: %w", err)
	}
	config.MaxConns = int32(opts.MaxConns)
	if opts.MaxConns == 0 {
		config.MaxConns = defaultConns
	}
	for name, value := range session {
		if _, set := config.ConnConfig.RuntimeParams[name]; !set || name == "role" {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	s := &Store{blindKey: append([]byte(nil), opts.BlindKey...), log: opts.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, storeError("connect", err)
	}
	if err := s.check(ctx, opts.AllowSuperuser); err != nil {
		s.pool.Close()
		return nil, fmt.Errorf("open contact store: %w", err)
	}
	return s, nil
}

// Close ends the connections. Calls that run are waited for; later ones are
// unavailable. It may be called again.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.pool.Close()
	}
	return nil
}

func (s *Store) check(ctx context.Context, allowSuperuser bool) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return connectError(err)
	}
	defer conn.Release()
	if err := s.checkLogin(ctx, conn.Conn(), allowSuperuser); err != nil {
		return err
	}
	if err := checkSchema(ctx, conn.Conn()); err != nil {
		return err
	}
	return s.checkBlindKey(ctx, conn.Conn())
}

// connectError explains the refusal that a login meets which nobody made a
// member of the role.
func connectError(err error) error {
	switch sqlState(err) {
	case insufficientPrivilege:
		return fmt.Errorf("the login is no member of %s (`GRANT %s, %s TO <login>` makes it one): %w", RoleApp, RoleApp, RoleMarketing, err)
	case invalidParameter:
		return fmt.Errorf("there is no role %s: run `zgoda migrate up`: %w: %w", RoleApp, persistence.ErrSchema, err)
	}
	return storeError("connect", err)
}

const sqlGetLogin = `SELECT r.rolname, r.rolsuper OR r.rolbypassrls, pg_has_role(session_user, $1, 'MEMBER'),
	current_setting('server_version_num')::int FROM pg_roles r WHERE r.rolname = session_user`

// oldestServer is the first version of PostgreSQL whose views can have the
// rights of who reads them.
const oldestServer = 150000

// checkLogin refuses a login for whom the rules of the schema do not hold.
func (s *Store) checkLogin(ctx context.Context, conn *pgx.Conn, allowSuperuser bool) error {
	var login string
	var unbound, marketing bool
	var version int
	err := conn.QueryRow(ctx, sqlGetLogin, RoleMarketing).Scan(&login, &unbound, &marketing, &version)
	switch {
	case sqlState(err) == undefinedObject: // no such role yet; the schema's check says what to do
	case err != nil:
		return storeError("ask who we are", err)
	case version < oldestServer:
		return fmt.Errorf("the server's version is %d, want PostgreSQL 15 or newer", version/10000)
	case unbound && !allowSuperuser:
		return fmt.Errorf("login %s is superuser or bypasses row security, so neither privileges nor row security hold for it: "+
			"connect as a plain login with `GRANT %s, %s TO <login>`", login, RoleApp, RoleMarketing)
	case unbound:
		s.log.Warn("THE CONTACT STORE IS OPEN AS SUPERUSER: privileges and row security do not hold", "login", login)
	case !marketing:
		s.log.Warn("the login is not a member of the marketing role, so marketing lists cannot be read", "login", login, "role", RoleMarketing)
	}
	return nil
}

const (
	sqlPutBlindKey = `INSERT INTO zgoda.blind_key (proof) VALUES ($1) ON CONFLICT DO NOTHING`
	sqlGetBlindKey = `SELECT proof FROM zgoda.blind_key`
)

// checkBlindKey refuses a key under which nothing that was suppressed would be
// found. The first key that opens the store is the right one.
func (s *Store) checkBlindKey(ctx context.Context, conn *pgx.Conn) error {
	proof := s.blind("zgoda blind key")
	var kept []byte
	err := conn.QueryRow(ctx, sqlGetBlindKey).Scan(&kept)
	if errors.Is(err, pgx.ErrNoRows) {
		if _, err = conn.Exec(ctx, sqlPutBlindKey, proof); err == nil {
			err = conn.QueryRow(ctx, sqlGetBlindKey).Scan(&kept)
		}
	}
	if err != nil {
		return storeError("check key of address hashes", err)
	}
	if !hmac.Equal(kept, proof) {
		return fmt.Errorf("the addresses in the database were hashed with another key: %w", persistence.ErrWrongKey)
	}
	return nil
}
