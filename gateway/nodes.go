package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// Times of a node's own channel. A subscription can look alive and hear nothing,
// so the node says something to itself and expects to hear it.
const (
	probeEvery = 5 * time.Second
	deafAfter  = 15 * time.Second
)

// Times of the keepalive: balancers cut silent connections after a minute, and
// browsers slow the timers of hidden tabs to one a minute.
const (
	sweepEvery = 5 * time.Second
	silentFor  = 40 * time.Second
)

// channel watches over the subscription to this node's own channel.
type channel struct {
	node  string
	nodes persistence.Nodes
	now   func() time.Time
	// checks asks for a check of every conversation in use.
	checks chan struct{}
	hear   func(*persistence.News)

	mu          sync.Mutex // guards the fields below
	heard       time.Time
	resubscribe context.CancelFunc
}

// listen subscribes until ctx is over, again and again.
func (c *channel) listen(ctx context.Context) error {
	for ctx.Err() == nil {
		subscription, cancel := context.WithCancel(ctx)
		c.mu.Lock()
		c.resubscribe = cancel
		c.mu.Unlock()
		err := c.nodes.Listen(subscription, c.node, c.take)
		cancel()
		if err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return nil
}

func (c *channel) take(news persistence.News) {
	switch {
	case news.Subscribed:
		c.note()
		// What was said while nobody listened is lost: everything in use is
		// compared with the store.
		select {
		case c.checks <- struct{}{}:
		default: // a check is due already
		}
	case news.Probe != "":
		c.note()
	default:
		c.hear(&news)
	}
}

func (c *channel) note() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.heard = c.now()
}

// deaf reports whether nothing was heard for too long.
func (c *channel) deaf() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Sub(c.heard) > deafAfter
}

// probe speaks to the own channel and, when nothing comes back, subscribes anew.
func (c *channel) probe(ctx context.Context) {
	ticker := time.NewTicker(probeEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		ask, cancel := context.WithTimeout(ctx, probeEvery)
		// An error means the store is away; hearing nothing is what counts.
		_ = c.nodes.Probe(ask, c.node, rand.Text())
		cancel()
		if c.deaf() {
			c.mu.Lock()
			c.resubscribe()
			c.mu.Unlock()
		}
	}
}

// checkAll compares every conversation in use with the store whenever news may
// have been lost.
func (a *App) checkAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.channel.checks:
			a.server.CheckAll(ctx)
		}
	}
}

// keepAlive writes something to every socket that was silent for long. One sweep
// serves all sockets: a timer for each would cost more than the socket.
func (a *App) keepAlive(ctx context.Context) error {
	// A beat without a position says that the socket is alive and nothing more.
	frame, err := protocol.Encode(&protocol.Beat{})
	if err != nil {
		return err
	}
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			a.sockets.EndSilent(protocol.CloseNotOpened, protocol.CloseSilent)
			a.sockets.KeepAlive(frame, silentFor)
		}
	}
}
