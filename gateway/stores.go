package gateway

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"zgoda/persistence"
	"zgoda/persistence/pgstore"
	"zgoda/persistence/redisstore"
	"zgoda/persistence/seal"
	"zgoda/persistence/sqlitestore"
)

// stores are the contracts a node works with, whatever keeps them.
type stores struct {
	conversations persistence.Conversations
	outbox        persistence.Outbox
	nodes         persistence.Nodes
	timers        persistence.Timers
	inbox         persistence.Inbox
	desk          persistence.Desk
	// staff keeps the accounts of operators; nil where nobody can sign in.
	staff persistence.Staff
	// contacts is nil where no contact store is configured: then records wait in
	// the outbox.
	contacts persistence.Contacts
	// ledger rebuilds what the conversation store may have lost; nil where it
	// loses nothing, or there is nothing to rebuild from.
	ledger persistence.Rebuilder
	// shared says that other nodes work on the same conversations.
	shared bool
	// ready reports why the node should get no new sockets.
	ready func(context.Context) error
	// trim removes events older than a time; nil where the store does it itself.
	trim func(context.Context, time.Time) (int, error)
}

// openStores opens what the options name: one SQLite file, or the servers.
func (a *App) openStores(ctx context.Context, keys *seal.KeyFile, node string) error {
	if a.opts.Redis == "" {
		if a.opts.Postgres != "" {
			return errors.New("postgres is set without redis: one machine keeps everything in its data file; set both for several machines")
		}
		return a.openFile(ctx, keys)
	}
	return a.openServers(ctx, keys, node)
}

func (a *App) openFile(ctx context.Context, keys *seal.KeyFile) error {
	path := filepath.Join(a.opts.DataDir, StoreFile)
	store, err := sqlitestore.Open(ctx, path, sqlitestore.Options{CheckValue: keys.Check(), Sites: a.sites.Keys(), Log: a.opts.Log})
	if err != nil {
		return err
	}
	a.onStop("close store", func(context.Context) error { return store.Close() })
	a.stores = stores{
		conversations: store, outbox: store, nodes: store, timers: store, contacts: store, inbox: store, desk: store, staff: store,
		trim: store.Trim,
		ready: func(ctx context.Context) error {
			// A read that touches the file: an empty question would not.
			if _, err := store.Positions(ctx, []persistence.Key{{Site: "ready", Conversation: "c_ready"}}); err != nil {
				return fmt.Errorf("the data file cannot be read: %w", err)
			}
			return nil
		},
	}
	return nil
}

// openServers opens the stores that several nodes share.
func (a *App) openServers(ctx context.Context, keys *seal.KeyFile, node string) error {
	o, err := redisOptions(a.opts.Redis)
	if err != nil {
		return err
	}
	o.Sites, o.Node, o.Transcript, o.Log = a.sites.Keys(), node, a.opts.Transcript, a.opts.Log
	o.Replicas, o.CheckValue = a.opts.RedisReplicas, keys.Check()
	store, err := redisstore.New(ctx, o)
	if err != nil {
		return err
	}
	a.onStop("close redis", func(context.Context) error { return store.Close() })
	a.stores = stores{
		conversations: store, outbox: store, nodes: store, timers: store, inbox: store, desk: store, shared: true,
		ready: func(ctx context.Context) error {
			if err := store.Ready(ctx); err != nil {
				return fmt.Errorf("redis takes nothing: %w", err)
			}
			return nil
		},
	}
	if err := a.checkRedis(ctx, store); err != nil {
		return err
	}
	if a.opts.Postgres == "" {
		a.warn("no postgres is set: what is for the contact store waits in redis, and what redis loses cannot be rebuilt")
		return nil
	}
	contacts, err := openPostgres(ctx, a.opts, keys)
	if err != nil {
		return err
	}
	a.onStop("close postgres", func(context.Context) error { return contacts.Close() })
	a.stores.contacts, a.stores.ledger, a.stores.staff = contacts, contacts, contacts
	return nil
}

// openPostgres opens the contact store that several nodes share.
func openPostgres(ctx context.Context, o Options, keys *seal.KeyFile) (*pgstore.Store, error) {
	blind, err := hkdf.Key(sha256.New, keys.ID, nil, "zgoda address hash v1", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("derive key of address hashes: %w", err)
	}
	return pgstore.Open(ctx, pgstore.Options{DSN: o.Postgres, RetentionDSN: o.PostgresRetention, BlindKey: blind, Log: o.Log})
}

// warn says what the configuration does not promise, in the log and to whoever
// starts the node.
func (a *App) warn(sentence string) {
	a.opts.Log.Warn(sentence)
	a.warnings = append(a.warnings, sentence)
}

// checkRedis says loudly what this Redis does not promise.
func (a *App) checkRedis(ctx context.Context, store *redisstore.Store) error {
	health, err := store.Health(ctx)
	if err != nil {
		return fmt.Errorf("check redis: %w", err)
	}
	for _, warning := range health.Warnings {
		a.warn("redis: " + warning)
	}
	return nil
}

// redisOptions reads a Redis URL: redis:// and rediss:// name one server,
// redis-cluster://host,host some nodes of a Cluster, and
// redis-sentinel://host,host/NAME the Sentinels of a primary.
func redisOptions(raw string) (redisstore.Options, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || rest == "" {
		return redisstore.Options{}, fmt.Errorf("redis is %q; write redis://host:port, redis-cluster://host:port,host:port or redis-sentinel://host:port,host:port/NAME", hidePassword(raw))
	}
	switch scheme {
	case "redis", "rediss":
		return redisstore.Options{URL: raw}, nil
	case "redis-cluster", "redis-sentinel":
	default:
		return redisstore.Options{}, fmt.Errorf("redis URLs begin with redis, rediss, redis-cluster or redis-sentinel, not %q", scheme)
	}
	var o redisstore.Options
	if user, hosts, found := strings.Cut(rest, "@"); found {
		o.Username, o.Password, _ = strings.Cut(user, ":")
		rest = hosts
	}
	hosts, name, _ := strings.Cut(rest, "/")
	o.Addrs = strings.Split(hosts, ",")
	if o.Mode = redisstore.Cluster; scheme == "redis-sentinel" {
		if o.Mode = redisstore.Sentinel; name == "" {
			return o, errors.New("redis-sentinel:// needs the name of the primary at its end, after a slash")
		}
		o.MasterName = name
	}
	return o, nil
}

// hidePassword keeps what stands before an @ out of messages.
func hidePassword(raw string) string {
	if _, after, found := strings.Cut(raw, "@"); found {
		return "…@" + after
	}
	return raw
}
