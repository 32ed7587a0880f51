package redisstore

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"zgoda/persistence"
)

// A Store keeps conversations, outbox, nodes, timers and inboxes in Redis. All
// methods may be called concurrently. Close must be called.
type Store struct {
	opts    Options
	scripts *scriptSet
	single  *redis.Client        // nil on a Cluster
	cluster *redis.ClusterClient // nil elsewhere

	sitesMu sync.RWMutex // guards the fields below
	sites   map[string]*site
	names   []string

	ownersMu sync.RWMutex // guards owners
	owners   map[string]*owner
	only     *owner // elsewhere than on a Cluster

	pending fairness
	probes  atomic.Int64

	listenMu sync.Mutex // guards listeners
	nextEar  int
	ears     map[int]func()

	stopping context.Context
	stop     context.CancelFunc
	running  sync.WaitGroup
	closed   sync.Once
	closeErr error
}

var (
	_ persistence.Conversations = (*Store)(nil)
	_ persistence.Outbox        = (*Store)(nil)
	_ persistence.Nodes         = (*Store)(nil)
	_ persistence.Timers        = (*Store)(nil)
	_ persistence.Inbox         = (*Store)(nil)
)

// An owner is a primary and the ways to it.
type owner struct {
	plain *lane
	// safe is for commits that replicas must confirm, so that others do not wait
	// for the replicas too. It is plain where none must.
	safe *lane
	// eye is the watch's own connection.
	eye *link
	// full is set while memory runs short: no new conversations then.
	full atomic.Bool
	// lastRun is the run id that the last look saw. Owned by the watch, like eye.
	lastRun string
}

// New opens the store. It returns ErrUnavailable where Redis does not answer;
// a Redis that goes away later is waited for.
func New(ctx context.Context, o Options) (*Store, error) {
	o, err := o.complete()
	if err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	s := &Store{opts: o, scripts: newScripts(&o), sites: map[string]*site{}, owners: map[string]*owner{}, ears: map[int]func(){}}
	if s.single, s.cluster, err = o.connect(); err != nil {
		return nil, fmt.Errorf("redisstore: %w", err)
	}
	if s.single != nil {
		s.only = s.newOwner(s.single)
	}
	driverLog.Do(func() { redis.SetLogger(&driverLogger{o.Log}) })
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.AddSites(o.Sites...)
	if err := s.look(ctx); err != nil {
		_ = s.Close()
		return nil, storeError("open the store", &outage{cause: err})
	}
	if err := s.checkKeys(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	s.running.Go(s.watch)
	return s, nil
}

func (s *Store) newOwner(c *redis.Client) *owner {
	w := &owner{plain: newLane(c.Options(), s.scripts.all, s.opts.CommandTimeout, 0)}
	w.safe, w.eye = w.plain, &link{lane: w.plain}
	if s.opts.Replicas > 0 {
		w.safe = newLane(c.Options(), s.scripts.all, s.opts.CommandTimeout, s.opts.Replicas)
	}
	return w
}

// driverLog is set once: the driver has one logger in a process.
var driverLog sync.Once

// A driverLogger takes what the driver says about its own connections, such as
// each refusal by a server that is away. Whoever calls learns of it anyway.
type driverLogger struct{ log *slog.Logger }

// Printf implements the driver's interface.
func (l *driverLogger) Printf(ctx context.Context, format string, args ...any) {
	l.log.DebugContext(ctx, "redis driver", "says", fmt.Sprintf(format, args...))
}

// Close ends what the store runs and closes its connections. Calls that come
// later are ErrUnavailable.
func (s *Store) Close() error {
	s.closed.Do(func() {
		s.stop()
		s.running.Wait()
		for _, w := range s.allOwners() {
			w.eye.drop()
			w.plain.close()
			if w.safe != w.plain {
				w.safe.close()
			}
		}
		s.dropEars()
		if s.cluster != nil {
			s.closeErr = s.cluster.Close()
		} else {
			s.closeErr = s.single.Close()
		}
	})
	return s.closeErr
}

// AddSites makes sites known, so that their outbox and timers are looked after.
func (s *Store) AddSites(names ...string) {
	for _, name := range names {
		s.site(name)
	}
}

// site returns a site's keys and makes the site known.
func (s *Store) site(name string) *site {
	s.sitesMu.RLock()
	st, ok := s.sites[name]
	s.sitesMu.RUnlock()
	if ok {
		return st
	}
	s.sitesMu.Lock()
	defer s.sitesMu.Unlock()
	if st, ok = s.sites[name]; ok {
		return st
	}
	st = newSite(s.opts.Prefix, name)
	s.sites[name] = st
	s.names = append(s.names, name)
	return st
}

// knownSites returns the sites in a fixed order.
func (s *Store) knownSites() []*site {
	s.sitesMu.RLock()
	defer s.sitesMu.RUnlock()
	out := make([]*site, len(s.names))
	for i, name := range s.names {
		out[i] = s.sites[name]
	}
	return out
}

// lookup is site without making a site known, for what only reads.
func (s *Store) lookup(name string) *site {
	s.sitesMu.RLock()
	st, ok := s.sites[name]
	s.sitesMu.RUnlock()
	if ok {
		return st
	}
	return newSite(s.opts.Prefix, name)
}

// allOwners returns the primaries in a fixed order.
func (s *Store) allOwners() []*owner {
	if s.only != nil {
		return []*owner{s.only}
	}
	s.ownersMu.RLock()
	defer s.ownersMu.RUnlock()
	out := make([]*owner, 0, len(s.owners))
	for _, addr := range slices.Sorted(maps.Keys(s.owners)) {
		out = append(out, s.owners[addr])
	}
	return out
}
