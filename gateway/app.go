package gateway

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zgoda/gateway/auth"
	"zgoda/gateway/chat"
	"zgoda/gateway/desk"
	"zgoda/gateway/effects"
	"zgoda/gateway/httpapi"
	"zgoda/gateway/live"
	"zgoda/gateway/receipt"
	"zgoda/gateway/site"
	"zgoda/gateway/socket"
	"zgoda/gateway/staff"
	"zgoda/gateway/telemetry"
	"zgoda/persistence"
	"zgoda/persistence/flusher"
	"zgoda/persistence/seal"
)

// Names of what is in the data folder.
const (
	StoreFile   = "zgoda.db"
	KeyFile     = "keys.json"
	ControlFile = "zgoda.sock"
)

// Options of an App. DataDir and SitesDir are required.
type Options struct {
	// Listen is the address of the HTTP server. Default 127.0.0.1:8080.
	Listen string
	// Listener is used instead of Listen where it is set.
	Listener net.Listener
	// DataDir holds the store, the keys and the control socket. It is made with
	// mode 0700 where it does not exist.
	DataDir string
	// Redis and Postgres are the servers that several nodes share, as URLs. Both
	// are empty for one node on one file. With Redis alone, records for the
	// contact store wait in the outbox.
	Redis    string
	Postgres string
	// PostgresRetention is the login that may delete ledgers whose time to prove is
	// over. Without it they stay.
	PostgresRetention string
	// RedisReplicas is how many replicas must confirm a decision, a contact, a
	// withdrawal or a change of owner before it is acknowledged. Default 0.
	RedisReplicas int
	// Node names this node among the others. Default "node".
	Node string
	// SitesDir holds one YAML file for each site.
	SitesDir string
	// Processor is who runs the platform, as visitors are told.
	Processor site.Party
	// TokenTTL is how long a visitor's token is good. Default 24 h.
	TokenTTL time.Duration
	// Transcript is how long events are kept. Default 7 days.
	Transcript time.Duration
	// Sockets bounds a socket; zero fields take the defaults of the package.
	Sockets socket.Options
	// Limits are checked before a connection costs anything.
	Limits httpapi.Limits
	// DrainDelay is how long a stopping node keeps serving while balancers learn
	// that it is not ready, and DrainTime the time over which its clients are
	// asked to leave. Default 0: they are asked at once.
	DrainDelay time.Duration
	DrainTime  time.Duration
	// Rate bounds the inputs of one visitor. Default 20 in 10 s.
	Rate persistence.Rate
	// OperatorLease is how long an operator counts as there after the last beat of a
	// socket. One who was not there for half as long again has lost the conversations
	// to the queue. Default 60 s.
	OperatorLease time.Duration
	// Staff keeps the accounts of operators. Nil is the contact store.
	Staff persistence.Staff
	// Metrics is the address where Prometheus may ask for metrics; empty: nowhere.
	// MetricsListener is used instead where it is set. OTLP is switched on by the
	// OTEL_* variables.
	Metrics         string
	MetricsListener net.Listener
	// Env looks up a variable of the environment: those that a site file names for a
	// secret, and OTEL_*; nil: none is set.
	Env func(name string) string
	Log *slog.Logger
	// WrapNodes stands between the node and its channel. Tests lose news there.
	WrapNodes func(persistence.Nodes) persistence.Nodes
	// WrapStore stands between the use cases and the store. Tests put faults
	// there.
	WrapStore func(persistence.Conversations) persistence.Conversations
}

func (o Options) validate() (Options, error) {
	switch {
	case o.DataDir == "":
		return o, errors.New("gateway options: DataDir is empty: name the folder that holds the data file")
	case o.SitesDir == "":
		return o, errors.New("gateway options: SitesDir is empty: name the folder with the site files")
	case o.Transcript < 0:
		return o, errors.New("gateway options: Transcript is negative")
	}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:8080"
	}
	if o.Node == "" {
		o.Node = "node"
	}
	if o.Transcript == 0 {
		o.Transcript = 7 * 24 * time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Env == nil {
		o.Env = func(string) string { return "" }
	}
	return o, nil
}

// An App is one node. Stop may be called from any goroutine and more than once;
// New, Start and Stop belong to one owner.
type App struct {
	opts    Options
	sites   *site.Sites
	stores  stores
	server  *httpapi.Server
	flusher *flusher.Flusher
	sockets *socket.Group
	channel *channel
	// privacy is asked about people, nil where there is no contact store.
	privacy persistence.Privacy
	// telemetry is nil where nothing is switched on.
	telemetry        *telemetry.Provider
	metricsAddr      net.Addr
	toDrain, drained atomic.Int64
	// revisions are nil where there is no store for accounts.
	revisions *revisions
	effects   *effects.Runner
	staff     *staff.Service // nil where nobody can sign in
	desk      *desk.Desk     // nil with it
	// firstLink is the fragment of the link that makes the first administrator,
	// empty where there is somebody.
	firstLink string

	addr     net.Addr
	warnings []string
	running  sync.WaitGroup // background loops
	cleanups []cleanup
	stopOnce sync.Once
	stopErr  error
}

type cleanup struct {
	name string
	run  func(context.Context) error
}

// New opens the stores and loads the sites. Nothing is served before Start. On
// an error everything opened so far is closed. Errors to branch on are
// persistence.ErrInUse, ErrSchema, ErrWrongKey and site.Problems.
func New(ctx context.Context, o Options) (*App, error) {
	o, err := o.validate()
	if err != nil {
		return nil, err
	}
	a := &App{opts: o}
	if err := a.wire(ctx); err != nil {
		return nil, errors.Join(err, a.Stop(ctx))
	}
	return a, nil
}

// wire is one straight line: nearly every step depends on what earlier ones made.
func (a *App) wire(ctx context.Context) error {
	var err error
	if a.sites, err = site.LoadDir(a.opts.SitesDir, site.Options{Processor: a.opts.Processor, Env: a.opts.Env}); err != nil {
		return err
	}
	keys, err := loadKeys(a.opts.DataDir)
	if err != nil {
		return err
	}
	keyring, err := keys.Keyring()
	if err != nil {
		return fmt.Errorf("load keys: %w", err)
	}
	// A node that was restarted is another one: its name holds the boot.
	node := a.opts.Node + ":" + strings.ToLower(rand.Text()[:16])
	if err := a.openStores(ctx, keys, node); err != nil {
		return err
	}
	ids, err := auth.NewIDs(keys.ID)
	if err != nil {
		return fmt.Errorf("id key: %w", err)
	}
	tokens, err := tokensOf(keys, a.opts.TokenTTL)
	if err != nil {
		return err
	}
	signer, err := signerOf(keys)
	if err != nil {
		return err
	}
	digestKey, err := hkdf.Key(sha256.New, keys.ID, nil, "zgoda input digest v1", sha256.Size)
	if err != nil {
		return fmt.Errorf("derive digest key: %w", err)
	}
	if a.opts.WrapNodes != nil {
		a.stores.nodes = a.opts.WrapNodes(a.stores.nodes)
	}
	if err := a.openTelemetry(ctx); err != nil {
		return err
	}
	conversations := a.stores.conversations
	if a.telemetry != nil {
		conversations = observedStore{conversations, a.telemetry}
	}
	if a.opts.WrapStore != nil {
		conversations = a.opts.WrapStore(conversations)
	}
	wake := func() {}
	if a.stores.contacts != nil {
		o := flusher.Options{Outbox: a.stores.outbox, Contacts: a.stores.contacts, Sealer: keyring, Log: a.opts.Log}
		if a.telemetry != nil {
			o.Seen = a.telemetry.Flush
		}
		if a.flusher, err = flusher.New(o); err != nil {
			return err
		}
		wake = a.flusher.Wake
	}
	// A store that people can ask is one that visitors can ask about themselves.
	a.privacy, _ = a.stores.contacts.(persistence.Privacy)
	a.effects = effects.NewRunner(a.opts.Log)
	a.sockets = socket.NewGroup(a.opts.Sockets)
	var inputs chat.Observer
	var seen httpapi.Observer
	if a.telemetry != nil {
		inputs, seen = a.telemetry, a.telemetry // not a nil of this type in an interface
	}
	talk := chat.NewService(chat.Options{
		Observer: inputs,
		Store:    conversations, Nodes: a.stores.nodes, Node: node, Desk: a.stores.desk, Ledger: a.stores.ledger, Privacy: a.privacy,
		Sealer: keyring, Rate: a.opts.Rate, Wake: wake, Run: a.runEffect, Operators: a.online,
	})
	if err := a.openDesk(ctx, talk, node); err != nil {
		return err
	}
	a.server = httpapi.New(httpapi.Options{
		Sites:         a.sites,
		Chat:          talk,
		Desk:          a.desk,
		Staff:         a.staff,
		ConsoleAPI:    a.consoleAPI(talk, signer),
		Conversations: live.NewRegistry[chat.View](),
		Sockets:       a.sockets,
		IDs:           ids,
		Tokens:        tokens,
		Receipts:      signer,
		DigestKey:     digestKey,
		Ready:         a.ready,
		Limits:        a.opts.Limits,
		Log:           a.opts.Log,
		Observer:      seen,
	})
	if err := a.askTelemetry(); err != nil {
		return err
	}
	a.channel = &channel{
		node: node, nodes: a.stores.nodes, now: time.Now, heard: time.Now(),
		checks: make(chan struct{}, 1), hear: a.server.Hear,
	}
	return nil
}

// loadKeys reads the key file, or makes it where data was never kept. A missing
// key file beside an existing store is not replaced: it would only hide the loss.
func loadKeys(dir string) (*seal.KeyFile, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	path := filepath.Join(dir, KeyFile)
	keys, err := seal.Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return keys, err
	}
	if _, err := os.Stat(filepath.Join(dir, StoreFile)); err == nil {
		return nil, fmt.Errorf("%s is missing but %s exists: put the key file back; without it what is stored cannot be read", path, StoreFile)
	}
	return seal.Create(path)
}

func tokensOf(keys *seal.KeyFile, ttl time.Duration) (*auth.Tokens, error) {
	o := auth.TokenOptions{TTL: ttl}
	for _, k := range keys.Token {
		if k.ID == keys.TokenWrite {
			o.Write = auth.Key(k)
		} else {
			o.Read = append(o.Read, auth.Key(k))
		}
	}
	tokens, err := auth.NewTokens(o)
	if err != nil {
		return nil, fmt.Errorf("token keys: %w", err)
	}
	return tokens, nil
}

func signerOf(keys *seal.KeyFile) (*receipt.Signer, error) {
	all, signs := keys.ReceiptKeys()
	var write []byte
	var read [][]byte
	for _, k := range all {
		if k.ID == signs {
			write = k.Secret
		} else {
			read = append(read, k.Secret)
		}
	}
	signer, err := receipt.NewSigner(write, read...)
	if err != nil {
		return nil, fmt.Errorf("receipt keys: %w", err)
	}
	return signer, nil
}

// readyTimeout bounds the question to the store.
const readyTimeout = time.Second

var errDeaf = errors.New("this node does not hear its own channel")

func (a *App) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := a.stores.ready(ctx); err != nil {
		return err
	}
	if a.stores.shared && a.channel.deaf() {
		return errDeaf
	}
	return nil
}

// Options returns the options that the app was made with.
func (a *App) Options() Options { return a.opts }

// Sites returns the sites that are served.
func (a *App) Sites() *site.Sites { return a.sites }

// Warnings say what the stores do not promise, in plain words.
func (a *App) Warnings() []string { return a.warnings }

// Addr returns the address the app listens on; nil before Start.
func (a *App) Addr() net.Addr { return a.addr }

// Flush returns when everything in the outbox that can be moved is in the contact
// store. Records that were set aside stay where they are and hold up nobody else.
func (a *App) Flush(ctx context.Context) error {
	if a.flusher == nil {
		return nil
	}
	err := a.flusher.Flush(ctx)
	if errors.Is(err, flusher.ErrBlocked) {
		a.opts.Log.Warn("records are left in the outbox", "error", err)
		return nil
	}
	return err
}

// flushLast is the last flush of a node that goes. What a contact store that is away
// does not take now stays in the outbox, for another node or the next start.
func (a *App) flushLast(ctx context.Context) error {
	err := a.Flush(ctx)
	if errors.Is(err, persistence.ErrUnavailable) && ctx.Err() == nil {
		a.opts.Log.Warn("records are left in the outbox: they go to the contact store when it is back", "error", err)
		return nil
	}
	return err
}

// onStop registers how the thing that was just made goes down.
func (a *App) onStop(name string, run func(context.Context) error) {
	a.cleanups = append(a.cleanups, cleanup{name, run})
}

// Stop ends everything in the reverse order of its start: new sockets are
// refused, open ones are told to come back elsewhere, what is in the outbox is
// flushed, the store is closed. It returns when all goroutines have ended or ctx
// is over, and joins the errors of what could not be ended well.
func (a *App) Stop(ctx context.Context) error {
	a.stopOnce.Do(func() {
		for _, c := range slices.Backward(a.cleanups) {
			if err := c.run(ctx); err != nil {
				a.stopErr = errors.Join(a.stopErr, fmt.Errorf("%s: %w", c.name, err))
			}
		}
	})
	return a.stopErr
}

// wait returns when f has or when ctx is over; then f's goroutine is abandoned,
// as the process is about to end.
func wait(ctx context.Context, f func()) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
