package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"net"
	"sync"
	"time"

	"zgoda/gateway/protocol"
)

// Options say who connects where. They are copied.
type Options struct {
	// URL of the gateway: ws://host:port or wss://host:port, with or without
	// the path /v1/ws. Required, as is Site.
	URL  string
	Site string
	// Locale, Page and Flow go into open; Origin into the handshake.
	Locale string
	// Trace is the trace context of the page, as W3C traceparent.
	Trace  string
	Page   string
	Flow   string
	Origin string
	// Secret and Client are made where empty. With a Token and no Secret, only
	// the token is shown.
	Secret string
	Client string
	Token  string

	// OnFrame sees every frame; dir is "in" or "out". OnEvent sees every event
	// that is new to the log, in its order. OnViolation sees each violation as
	// it is found. All are called by the client's own goroutines, OnFrame by two
	// at a time; they must not call the client and not change or keep data.
	OnFrame     func(dir string, data []byte)
	OnEvent     func(protocol.Event)
	OnViolation func(string)
	// OnLink learns that there is a live socket, or that there is none any more
	// and why. It is called with the client locked: it must not call the client,
	// and must not block.
	OnLink func(live bool, why error)

	// Dial opens the connection; nil is a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// HandshakeTimeout bounds one attempt up to the end of the replay; 0 is 15 s.
	HandshakeTimeout time.Duration
	// AutoReconnect comes back by itself where the close code allows it.
	AutoReconnect bool
	Reconnect     Backoff
	// Grace is how long an event that a beat announced may take before the
	// socket is opened again; 0 is 2 s.
	Grace time.Duration
}

// Backoff says when to come back: after a uniform part of First, then after a
// uniform part of a window that doubles from First to Max.
type Backoff struct {
	First time.Duration // 0 is 5 s
	Max   time.Duration // 0 is 30 s
	// Rand returns a number in [0,1); nil is math/rand.
	Rand func() float64
}

// wait returns the pause before attempt k, counted from 0.
func (b Backoff) wait(k int) time.Duration {
	window := float64(b.First) * math.Pow(2, float64(min(k, 30)))
	return time.Duration(b.Rand() * min(window, float64(max(b.Max, b.First))))
}

// withDefaults fills what is left out and names the field that is wrong.
func (o Options) withDefaults() (Options, error) {
	if o.URL == "" {
		return o, errors.New("client options: URL is empty")
	}
	if o.Site == "" {
		return o, errors.New("client options: Site is empty")
	}
	if o.Secret == "" && o.Token == "" {
		o.Secret = randomHex(protocol.SecretLen / 2)
	}
	if o.Client == "" {
		o.Client = randomHex(protocol.MinClientLen)
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	setDefault(&o.HandshakeTimeout, 15*time.Second)
	setDefault(&o.Grace, 2*time.Second)
	setDefault(&o.Reconnect.First, 5*time.Second)
	setDefault(&o.Reconnect.Max, 30*time.Second)
	if o.Reconnect.Rand == nil {
		o.Reconnect.Rand = mathrand.Float64
	}
	return o, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// randomHex returns n random bytes as hex digits.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}

// A Client is one client instance of one visitor. All methods may be called
// concurrently. Close must be called; after it no goroutine is left.
type Client struct {
	opts Options
	// kick wakes the keeper.
	kick chan struct{}
	// connecting is held by whoever opens a socket.
	connecting chan struct{}
	// stop ends the keeper; stopped is closed with it.
	stop    context.CancelFunc
	stopped chan struct{}
	wg      sync.WaitGroup

	// receiving makes the frames of two sockets be handled one at a time. It is
	// taken before mu.
	receiving sync.Mutex

	mu sync.Mutex // guards the fields below
	// changed is closed and replaced whenever something below changes.
	changed chan struct{}
	closed  bool
	// ended says why the client does not come back by itself.
	ended error

	url      string
	secret   string
	token    string
	instance string
	hello    protocol.Hello
	limits   protocol.Limits

	link    *link // live
	opening *link // not yet live
	journal journal
	inputs  inputs
	asked   *question

	retry      int       // attempts since the last live socket
	retryAt    time.Time // zero: none planned
	lastErrors []protocol.Error
	violations []string
	opened     int // sockets that became live
}

// Dial connects, opens and waits until everything missed has arrived.
func Dial(ctx context.Context, o Options) (*Client, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Client{
		opts: o, url: o.URL, secret: o.Secret, token: o.Token, instance: o.Client,
		kick:       make(chan struct{}, 1),
		connecting: make(chan struct{}, 1),
		stopped:    make(chan struct{}),
		changed:    make(chan struct{}),
	}
	c.limits = protocol.DefaultLimits()
	c.inputs.next = 1
	if err := c.connect(ctx, o.URL); err != nil {
		c.Close()
		return nil, err
	}
	keeping, stop := context.WithCancel(context.Background())
	c.mu.Lock()
	c.stop = stop
	c.wg.Go(func() { c.keep(keeping) })
	c.mu.Unlock()
	return c, nil
}

// Close closes the socket and waits for every goroutine of the client. Callers
// that wait for an answer get ErrClosed. It may be called more than once.
func (c *Client) Close() {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.stopped)
		if c.stop != nil {
			c.stop()
		}
		if c.link != nil {
			l := c.link
			c.wg.Go(l.retire)
		}
		if c.opening != nil {
			c.opening.cut(ErrClosed)
		}
		c.notify()
	}
	c.mu.Unlock()
	c.wg.Wait()
}

// Drop cuts the connection as a network would: no close frame, nothing flushed.
func (c *Client) Drop() {
	c.mu.Lock()
	l := c.link
	c.mu.Unlock()
	if l == nil {
		return
	}
	l.cut(errDropped)
	<-l.done
}

// Reconnect resumes at url, or at the same node where url is empty. A socket that
// is still there is closed when the new one has resumed.
func (c *Client) Reconnect(ctx context.Context, url string) error {
	c.mu.Lock()
	if url == "" {
		url = c.url
	}
	c.url, c.ended, c.retryAt = url, nil, time.Time{}
	c.mu.Unlock()
	return c.connect(ctx, url)
}

// notify wakes everybody who waits for a change. mu is held.
func (c *Client) notify() {
	close(c.changed)
	c.changed = make(chan struct{})
	select {
	case c.kick <- struct{}{}:
	default:
	}
}

// wait waits until met, which is called with mu held, is true.
func (c *Client) wait(ctx context.Context, met func() bool) error {
	for {
		c.mu.Lock()
		ok, closed, changed := met(), c.closed, c.changed
		c.mu.Unlock()
		switch {
		case ok:
			return nil
		case closed:
			return ErrClosed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Events returns a copy of the log as far as this client has it.
func (c *Client) Events() []protocol.Event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]protocol.Event(nil), c.journal.events...)
}

// State returns a copy of the newest state; zero before there is one.
func (c *Client) State() protocol.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return cloneState(c.journal.state)
}

// Hello returns the newest hello.
func (c *Client) Hello() protocol.Hello {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hello
}

// Identity returns what another client needs to come back as the same visitor.
func (c *Client) Identity() (secret, instance, token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.secret, c.instance, c.token
}

// Position returns the newest event of the log as a client shows it on resuming,
// nil before there is one.
func (c *Client) Position() *protocol.Have {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.journal.have()
}

// Connected says whether there is a live socket.
func (c *Client) Connected() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link != nil
}

// WaitConnected waits for a live socket, or for the error after which the client
// does not come back by itself.
func (c *Client) WaitConnected(ctx context.Context) error {
	var ended error
	err := c.wait(ctx, func() bool {
		ended = c.ended
		return c.link != nil || ended != nil
	})
	if err != nil {
		return err
	}
	return ended
}

// WaitLost waits until there is no live socket and returns why: ErrEnded where
// the server said not to come back, nil otherwise.
func (c *Client) WaitLost(ctx context.Context) error {
	var ended error
	if err := c.wait(ctx, func() bool { ended = c.ended; return c.link == nil }); err != nil {
		return err
	}
	return ended
}

// Sockets returns how many sockets became live so far.
func (c *Client) Sockets() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opened
}

// Resets returns how often the server told this client to forget its log.
func (c *Client) Resets() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.journal.resets
}

// Errors returns the newest error frames, oldest first.
func (c *Client) Errors() []protocol.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]protocol.Error(nil), c.lastErrors...)
}

// WaitFor returns the first event of the log that fits, now or later.
func (c *Client) WaitFor(ctx context.Context, fits func(protocol.Event) bool) (protocol.Event, error) {
	var found protocol.Event
	seen, resets := uint64(0), -1
	err := c.wait(ctx, func() bool {
		if resets != c.journal.resets {
			seen, resets = 0, c.journal.resets
		}
		for _, e := range c.journal.after(seen) {
			seen = e.Seq
			if fits(e) {
				found = e
				return true
			}
		}
		return false
	})
	if err != nil {
		return found, fmt.Errorf("wait for an event: %w", err)
	}
	return found, nil
}
