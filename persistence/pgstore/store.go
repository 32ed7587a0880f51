package pgstore

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"log/slog"
	"strings"
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
	RoleStaff     = "zgoda_staff"
	RoleOwner     = "zgoda_owner"
)

const (
	// defaultConns is how many connections a store has where the options say
	// nothing: flushing needs one, the console some.
	defaultConns = 8
	// callTimeout bounds every call, so that a server that hangs is found
	// unavailable whatever the caller's context says.
	callTimeout = 30 * time.Second
	// openTimeout is how long opening waits for a server that does not answer.
	openTimeout = 5 * time.Second
	// blindKeySize is the least that an HMAC-SHA-256 key should have.
	blindKeySize = 32
)

// session is how a connection is set up. The limits keep a transaction of a node
// that hangs from holding back the others. Every statement finds its rows by key
// or by site, in tables that may have grown since the planner last looked, so it
// is planned once and by index. What the connection string says wins.
var session = map[string]string{
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
	// DSN is the connection string of a login that is a member of zgoda_app and, for
	// marketing lists, of zgoda_marketing and, for operators, of zgoda_staff. It needs
	// sessions: with a pooler between, session pooling.
	DSN string
	// RetentionDSN is the connection string of another login, a member of
	// zgoda_retention and of nothing else, so that no gateway can delete what proves
	// a consent. Purge connects with it for as long as it works; without it there is
	// no Purge.
	RetentionDSN string
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
// persistence.Contacts, persistence.Privacy and persistence.Staff; its methods may be called concurrently, by any number of
// processes on the same database. Close must be called.
type Store struct {
	pool           *pgxpool.Pool
	blindKey       []byte
	log            *slog.Logger
	allowSuperuser bool
	retention      *pgxpool.Config // nil where there is no Purge
	// verified is set when login, schema and key were found right.
	verified atomic.Bool
	closed   atomic.Bool
}

// Open checks the options, connects and checks whom it connected as and what it
// found: ErrMisconfigured where the login or the schema is not as it must be
// (ErrSchema besides, for the schema), and ErrWrongKey where its hashes were made
// with another BlindKey. A database that cannot be reached is no error: a gateway
// has to start. Calls are ErrUnavailable until it can, and then the first of them
// checks; what it finds is returned by every call until it is put right.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	conns := opts.MaxConns
	if conns == 0 {
		conns = defaultConns
	}
	config, err := configOf(opts.DSN, RoleApp, conns)
	if err != nil {
		return nil, err
	}
	s := &Store{blindKey: append([]byte(nil), opts.BlindKey...), log: opts.Log, allowSuperuser: opts.AllowSuperuser}
	if opts.RetentionDSN != "" {
		if s.retention, err = configOf(opts.RetentionDSN, RoleRetention, 1); err != nil {
			return nil, fmt.Errorf("retention: %w", err)
		}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, storeError("connect", err)
	}
	check, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	err = s.connect(check, "open contact store", "", func(*tx) error { return nil })
	switch {
	case err == nil:
	case errors.Is(err, persistence.ErrUnavailable) && ctx.Err() == nil:
		s.log.Warn("the contact store cannot be reached now, what is for it waits", "error", err)
	default:
		s.pool.Close()
		return nil, err
	}
	return s, nil
}

// configOf reads a connection string for sessions that work as a role.
func configOf(dsn, role string, conns int) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("read connection string: %w", err)
	}
	config.MaxConns = int32(conns)
	for name, value := range session {
		if _, set := config.ConnConfig.RuntimeParams[name]; !set {
			config.ConnConfig.RuntimeParams[name] = value
		}
	}
	config.ConnConfig.RuntimeParams["role"] = role
	return config, nil
}

// Close ends the connections. Calls that run are waited for; later ones are
// unavailable. It may be called again.
func (s *Store) Close() error {
	if !s.closed.Swap(true) {
		s.pool.Close()
	}
	return nil
}

// verify checks, once, whom the store connected as and what it found.
func (s *Store) verify(ctx context.Context, conn *pgx.Conn) error {
	if s.verified.Load() {
		return nil
	}
	if err := s.checkLogin(ctx, conn, s.allowSuperuser); err != nil {
		return err
	}
	if err := checkSchema(ctx, conn); err != nil {
		return err
	}
	if err := s.checkBlindKey(ctx, conn); err != nil {
		return err
	}
	s.verified.Store(true)
	return nil
}

// connectError explains the refusal that a login meets which nobody made a
// member of the role.
func connectError(err error) error {
	switch sqlState(err) {
	case insufficientPrivilege:
		return fmt.Errorf("the login is no member of the role it has to work as: `GRANT %s, %s, %s TO <login>` for the gateway's, "+
			"`GRANT %s TO <login>` for retention's: %w: %w", RoleApp, RoleMarketing, RoleStaff, RoleRetention, persistence.ErrMisconfigured, err)
	case invalidParameter:
		return fmt.Errorf("there is no role %s: run `zgoda migrate up`: %w: %w", RoleApp, errSchema, err)
	}
	if strings.HasPrefix(sqlState(err), "28") {
		return fmt.Errorf("the server does not let the login in: %w: %w", persistence.ErrMisconfigured, err)
	}
	return storeError("connect", err)
}

const sqlGetLogin = `SELECT r.rolname, r.rolsuper OR r.rolbypassrls, pg_has_role(session_user, $1, 'MEMBER'), pg_has_role(session_user, $2, 'MEMBER'),
	current_setting('server_version_num')::int FROM pg_roles r WHERE r.rolname = session_user`

// oldestServer is the first version of PostgreSQL whose views can have the
// rights of who reads them.
const oldestServer = 150000

// checkLogin refuses a login for whom the rules of the schema do not hold.
func (s *Store) checkLogin(ctx context.Context, conn *pgx.Conn, allowSuperuser bool) error {
	var login string
	var unbound, marketing, staff bool
	var version int
	err := conn.QueryRow(ctx, sqlGetLogin, RoleMarketing, RoleStaff).Scan(&login, &unbound, &marketing, &staff, &version)
	switch {
	case sqlState(err) == undefinedObject: // no such role yet; the schema's check says what to do
	case err != nil:
		return storeError("ask who we are", err)
	case version < oldestServer:
		return fmt.Errorf("the server's version is %d, want PostgreSQL 15 or newer: %w", version/10000, persistence.ErrMisconfigured)
	case unbound && !allowSuperuser:
		return fmt.Errorf("login %s is superuser or bypasses row security, so neither privileges nor row security hold for it: "+
			"connect as a plain login with `GRANT %s, %s, %s TO <login>`: %w", login, RoleApp, RoleMarketing, RoleStaff, persistence.ErrMisconfigured)
	case unbound:
		s.log.Warn("THE CONTACT STORE IS OPEN AS SUPERUSER: privileges and row security do not hold", "login", login)
	case !marketing:
		s.log.Warn("the login is not a member of the marketing role, so marketing lists cannot be read", "login", login, "role", RoleMarketing)
	case !staff:
		s.log.Warn("the login is not a member of the staff role, so nobody can sign in to the console", "login", login, "role", RoleStaff)
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
		return fmt.Errorf("the addresses in the database were hashed with another key, put the keys file it was made with back: %w: %w",
			persistence.ErrMisconfigured, persistence.ErrWrongKey)
	}
	return nil
}
