package redisstore

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"zgoda/persistence"
)

// A Mode is how several Redis servers make one.
type Mode string

// The modes. The zero Mode is Standalone.
const (
	Standalone Mode = "standalone"
	Sentinel   Mode = "sentinel"
	Cluster    Mode = "cluster"
)

const (
	defaultPrefix     = "z:"
	defaultTimeout    = time.Second
	defaultTranscript = 7 * 24 * time.Hour
	defaultProfileTTL = 400 * 24 * time.Hour
	defaultPoll       = 2 * time.Second
)

// Options are what a Store works with. Addrs or URL is required.
type Options struct {
	// Addrs are the server, the Sentinels, or some nodes of the Cluster, as
	// host:port.
	Addrs []string
	// URL may be given in place of Addrs, TLS and the passwords:
	// redis://user:password@host:port/db or rediss://…. On a Cluster more nodes
	// are given as ?addr=host:port.
	URL string
	// Mode says what Addrs are.
	Mode Mode
	// MasterName names the primary to the Sentinels.
	MasterName       string
	Username         string
	Password         string
	SentinelUsername string
	SentinelPassword string
	DB               int
	TLS              *tls.Config

	// Prefix begins every key and channel; gateways that share it share
	// everything. Empty means "z:".
	Prefix string
	// Sites are the sites whose outbox and timers are looked after. A site that
	// something is committed for is added by itself.
	Sites []string
	// Node is this gateway's name, shown in Redis' list of clients.
	Node string

	// Transcript is how long events are kept, and how long a conversation is
	// kept after its last commit; 0 means 7 days.
	Transcript time.Duration
	// ProfileTTL is how long a visitor's profile is kept after its last commit;
	// 0 means 400 days. A profile whose records are not flushed is kept.
	ProfileTTL time.Duration
	// Replicas is how many replicas must confirm a commit that asks to be safe;
	// 0 asks none.
	Replicas int
	// CommandTimeout bounds every exchange with Redis; 0 means one second. A
	// caller waits at most twice as long.
	CommandTimeout time.Duration
	// CheckValue names the keys that are used with the store: the first node
	// leaves it, and one with another value is persistence.ErrWrongKey. Empty
	// compares nothing.
	CheckValue []byte
	// Log receives what has no caller. Nil discards it.
	Log *slog.Logger

	// holderLife and poll are shortened by tests.
	holderLife time.Duration
	poll       time.Duration
}

// complete checks the options and fills in what is not set.
func (o Options) complete() (Options, error) {
	if o.Mode == "" {
		o.Mode = Standalone
	}
	switch {
	case len(o.Addrs) == 0 && o.URL == "":
		return o, errors.New("redis options: Addrs or URL is required")
	case o.Mode != Standalone && o.Mode != Sentinel && o.Mode != Cluster:
		return o, fmt.Errorf("redis options: Mode %q is not known", o.Mode)
	case o.Mode == Sentinel && o.MasterName == "":
		return o, errors.New("redis options: MasterName is required with Sentinel")
	case o.Mode == Sentinel && o.URL != "":
		return o, errors.New("redis options: Sentinels are given as Addrs, not as URL")
	case o.Mode == Cluster && o.DB != 0:
		return o, errors.New("a Cluster has no DB but 0")
	case strings.ContainsFunc(o.Prefix, badInPrefix):
		return o, errors.New("redis options: Prefix must be letters, digits and any of -_.:/")
	case o.Transcript < 0 || o.ProfileTTL < 0 || o.CommandTimeout < 0 || o.Replicas < 0:
		return o, errors.New("redis options: Transcript, ProfileTTL, CommandTimeout and Replicas must not be negative")
	case o.Transcript != 0 && o.Transcript < time.Second:
		return o, errors.New("redis options: Transcript must be a second at least")
	}
	setDefault(&o.Prefix, defaultPrefix)
	setDefault(&o.Transcript, defaultTranscript)
	setDefault(&o.ProfileTTL, defaultProfileTTL)
	setDefault(&o.CommandTimeout, defaultTimeout)
	setDefault(&o.holderLife, persistence.HolderLifetime)
	setDefault(&o.poll, defaultPoll)
	setDefault(&o.Log, slog.New(slog.DiscardHandler))
	return o, nil
}

// badInPrefix keeps a prefix from being a hash tag, or a part of a script.
func badInPrefix(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !letter && !strings.ContainsRune("-_.:/", r)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// maintenance is off: Redis Enterprise alone sends such notices, and others
// answer each connection's request for them with an error.
var maintenance = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

// spare bounds the connections beside those of the lanes: a look now and then.
const spare = 4

// connect makes the client of the mode. Nothing of the driver retries: a commit
// that timed out may have run, and who repeats it must know that.
func (o *Options) connect() (*redis.Client, *redis.ClusterClient, error) {
	switch o.Mode {
	case Cluster:
		c, err := o.clusterOptions()
		if err != nil {
			return nil, nil, err
		}
		return nil, redis.NewClusterClient(c), nil
	case Sentinel:
		return redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: o.MasterName, SentinelAddrs: o.Addrs,
			SentinelUsername: o.SentinelUsername, SentinelPassword: o.SentinelPassword,
			Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLS, ClientName: o.Node,
			Protocol: 3, MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true,
			DialTimeout: o.CommandTimeout, ReadTimeout: o.CommandTimeout, WriteTimeout: o.CommandTimeout,
			PoolTimeout: o.CommandTimeout / 2, PoolSize: spare, ConnMaxIdleTime: time.Minute,
		}), nil, nil
	default:
		c, err := o.standaloneOptions()
		if err != nil {
			return nil, nil, err
		}
		return redis.NewClient(c), nil, nil
	}
}

func (o *Options) standaloneOptions() (*redis.Options, error) {
	c := &redis.Options{Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLS}
	if o.URL != "" {
		var err error
		if c, err = redis.ParseURL(o.URL); err != nil {
			return nil, fmt.Errorf("URL: %w", err)
		}
	} else {
		c.Addr = o.Addrs[0]
	}
	c.ClientName = o.Node
	c.Protocol, c.MaxRetries, c.DialerRetries, c.ContextTimeoutEnabled = 3, -1, 1, true
	c.DialTimeout, c.ReadTimeout, c.WriteTimeout = o.CommandTimeout, o.CommandTimeout, o.CommandTimeout
	c.PoolTimeout, c.PoolSize, c.ConnMaxIdleTime = o.CommandTimeout/2, spare, time.Minute
	c.MaintNotificationsConfig = maintenance
	return c, nil
}

func (o *Options) clusterOptions() (*redis.ClusterOptions, error) {
	c := &redis.ClusterOptions{Addrs: o.Addrs, Username: o.Username, Password: o.Password, TLSConfig: o.TLS}
	if o.URL != "" {
		var err error
		if c, err = redis.ParseClusterURL(o.URL); err != nil {
			return nil, fmt.Errorf("URL: %w", err)
		}
	}
	c.ClientName = o.Node
	c.Protocol, c.MaxRetries, c.DialerRetries, c.ContextTimeoutEnabled = 3, -1, 1, true
	c.DialTimeout, c.ReadTimeout, c.WriteTimeout = o.CommandTimeout, o.CommandTimeout, o.CommandTimeout
	c.PoolTimeout, c.PoolSize, c.ConnMaxIdleTime = o.CommandTimeout/2, spare, time.Minute
	c.MaintNotificationsConfig = maintenance
	return c, nil
}
