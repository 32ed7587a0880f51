package desk

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// Options of a Desk. All but the times, Log and Now are required.
type Options struct {
	Inbox persistence.Inbox
	Desk  persistence.Desk
	// Node is this node's name, Sites the sites it serves.
	Node  string
	Sites []string
	// Row opens a sealed row.
	Row func(site string, row *persistence.InboxRow) (protocol.Row, error)
	// Names returns the display names of a site's operators by id.
	Names func(ctx context.Context, site string) map[string]string
	// Return gives a conversation of an operator who is gone back to the queue.
	Return func(ctx context.Context, site, conversation, operator string)
	// Lease is how long a socket counts as there after its last beat. Default
	// protocol.LeaseMS. Grace is how long an operator may be missing before the
	// conversations go back. Default half of the lease.
	Lease, Grace time.Duration
	// Every is how often presence is read. Default 5 s.
	Every time.Duration
	// Timeout bounds one look at the store. Default 2 s.
	Timeout time.Duration
	Log     *slog.Logger
	Now     func() time.Time
}

// A Desk serves the operators of one node. All methods may be called concurrently.
type Desk struct {
	o       Options
	count   atomic.Uint64 // counts watches of this process
	inboxes map[string]*inbox
}

// Names of the store's records for callers that know no store.
type (
	// Position is the top of an inbox.
	Position = persistence.Position
	// Presence is one socket of an operator on a site.
	Presence = persistence.Presence
)

// New returns a Desk. Run must be called.
func New(o Options) *Desk {
	if o.Lease == 0 {
		o.Lease = protocol.LeaseMS * time.Millisecond
	}
	if o.Grace == 0 {
		o.Grace = o.Lease / 2
	}
	if o.Every == 0 {
		o.Every = min(5*time.Second, o.Grace/2)
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Desk{o: o, inboxes: map[string]*inbox{}}
	for _, site := range o.Sites {
		d.inboxes[site] = &inbox{desk: d, site: site, followers: map[Follower]struct{}{}, missing: map[string]time.Time{}}
	}
	return d
}

// Lease returns how long a socket counts as there after its last beat.
func (d *Desk) Lease() time.Duration { return d.o.Lease }

// renewEvery is how often a watch of an inbox is renewed in the store.
const renewEvery = persistence.HolderLifetime / 4

// Run serves until ctx is over.
func (d *Desk) Run(ctx context.Context) {
	var loops sync.WaitGroup
	defer loops.Wait()
	loops.Go(func() { d.look(ctx) })
	coalesce := time.NewTicker(protocol.CoalesceMS * time.Millisecond)
	defer coalesce.Stop()
	renewed := d.o.Now()
	for {
		select {
		case <-ctx.Done():
			d.unwatch()
			return
		case <-coalesce.C:
		}
		renew := d.o.Now().Sub(renewed) >= renewEvery
		if renew {
			renewed = d.o.Now()
		}
		for _, i := range d.inboxes {
			i.tick(ctx, renew)
		}
	}
}

// unwatch takes the node out of the lists of watching nodes; what is left of it
// ends by itself.
func (d *Desk) unwatch() {
	ctx, cancel := context.WithTimeout(context.Background(), d.o.Timeout)
	defer cancel()
	for _, i := range d.inboxes {
		i.mu.Lock()
		if i.watch.Node != "" {
			_ = d.o.Inbox.Unwatch(ctx, i.site, i.watch) // the entry ends by itself
		}
		i.mu.Unlock()
	}
}

// Hear takes news of an inbox or of who is there. It returns at once and reports
// whether the news were of that kind.
func (d *Desk) Hear(news *persistence.News) bool {
	if news.Inbox == nil && !news.Desk {
		return false
	}
	if i := d.inboxes[news.Snapshot.Site]; i != nil {
		if news.Inbox != nil {
			i.dirty.Store(true)
		}
		i.stale.Store(true)
	}
	return true
}

// CheckAll makes the desk look at everything: news may have been missed.
func (d *Desk) CheckAll() {
	for _, i := range d.inboxes {
		i.dirty.Store(true)
		i.stale.Store(true)
	}
}

var errNoSite = errors.New("the site is not served here")

// Enter says that a socket is there, and what is done in it. The lease runs anew.
func (d *Desk) Enter(ctx context.Context, site string, p persistence.Presence) error {
	return d.o.Desk.Present(ctx, site, p, d.o.Lease)
}

// Leave ends a socket's presence. For the grace time it is remembered that the
// operator was there: a page that is loaded again must not cost conversations, and
// who only looks now and then cannot tell coming and going from being away.
func (d *Desk) Leave(ctx context.Context, site, operator, socket string) error {
	return d.o.Desk.Present(ctx, site, persistence.Presence{Operator: operator, Socket: socket, Left: true}, d.o.Grace)
}

// Online returns how many operators take conversations on a site now, as far as
// this node has seen.
func (d *Desk) Online(site string) int {
	if i := d.inboxes[site]; i != nil {
		return int(i.online.Load())
	}
	return 0
}

// There reports whether an operator has a socket on a site now.
func (d *Desk) There(ctx context.Context, site, operator string) (bool, error) {
	all, err := d.o.Desk.Presences(ctx, site)
	if err != nil {
		return false, err
	}
	for i := range all {
		if all[i].Operator == operator && !all[i].Left {
			return true, nil
		}
	}
	return false, nil
}

// Present returns the ids of the operators who are there, as far as this node has
// seen.
func (d *Desk) Present(site string) map[string]bool {
	out := map[string]bool{}
	if i := d.inboxes[site]; i != nil {
		i.mu.Lock()
		defer i.mu.Unlock()
		for id := range i.there {
			out[id] = true
		}
	}
	return out
}
