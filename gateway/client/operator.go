package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway/protocol"
)

// OperatorOptions say which operator connects where. URL and Cookie are required;
// SignIn returns the cookie.
type OperatorOptions struct {
	// URL of the gateway: ws://host:port or wss://host:port.
	URL    string
	Cookie string
	// Origin is that of the gateway's own pages where empty.
	Origin string
	// Client is the instance; made where empty.
	Client string
	// AutoReconnect comes back by itself where the close code allows it, after
	// Reconnect.
	AutoReconnect bool
	Reconnect     Backoff
	// OnFrame sees every frame; dir is "in" or "out". OnViolation sees each
	// violation. They must not call the operator.
	OnFrame     func(dir string, data []byte)
	OnViolation func(string)
	// Dial opens the connection; nil is a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// HandshakeTimeout bounds one attempt; 0 is 15 s.
	HandshakeTimeout time.Duration
}

// An Operator is one client instance of one operator. All methods may be called
// concurrently. Close must be called; after it no goroutine is left.
type Operator struct {
	opts OperatorOptions
	wg   sync.WaitGroup
	// ctx ends everything.
	ctx        context.Context //nolint:containedctx // the operator's life
	stop       context.CancelFunc
	mu         sync.Mutex // guards the fields below
	changed    chan struct{}
	closed     bool
	ended      error
	conn       *websocket.Conn
	nc         net.Conn
	box        *outbox
	welcome    protocol.Welcome
	opened     int
	inboxes    map[string]*inboxCopy
	watched    map[ConversationKey]*watchCopy
	presence   map[string][]protocol.Colleague
	errors     []protocol.Error
	violations []string
	beats      int
}

// A ConversationKey names a conversation.
type ConversationKey struct{ Site, Conversation string }

// inboxCopy is a followed inbox.
type inboxCopy struct {
	epoch    string
	seq      uint64
	rows     map[string]protocol.Row
	complete bool // the replay has ended
	frames   int
}

// watchCopy is a watched conversation.
type watchCopy struct {
	key     ConversationKey
	journal journal
	seen    uint64 // the newest seq over this socket
	state   protocol.StaffState
	notes   []protocol.Note
	inputs  inputs
	live    bool // the replay has ended
	gone    protocol.Code
	read    map[string]uint64 // by side
	typing  map[string]bool   // by side
	older   chan protocol.Older
}

// DialOperator connects and introduces the operator.
func DialOperator(ctx context.Context, o OperatorOptions) (*Operator, error) {
	if o.URL == "" || o.Cookie == "" {
		return nil, errors.New("operator options: URL or Cookie is empty")
	}
	if o.Client == "" {
		o.Client = randomHex(protocol.MinClientLen)
	}
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	setDefault(&o.HandshakeTimeout, 15*time.Second)
	setDefault(&o.Reconnect.First, 5*time.Second)
	setDefault(&o.Reconnect.Max, 30*time.Second)
	if o.Reconnect.Rand == nil {
		o.Reconnect.Rand = mathrand.Float64
	}
	op := &Operator{
		opts: o, changed: make(chan struct{}), inboxes: map[string]*inboxCopy{}, watched: map[ConversationKey]*watchCopy{},
		presence: map[string][]protocol.Colleague{},
	}
	op.ctx, op.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := op.connect(ctx, o.URL); err != nil {
		op.Close()
		return nil, err
	}
	op.wg.Go(op.keep)
	return op, nil
}

// Close closes the socket and waits for every goroutine.
func (o *Operator) Close() {
	o.mu.Lock()
	if !o.closed {
		o.closed = true
		o.stop()
		if o.conn != nil {
			conn, nc := o.conn, o.nc
			o.wg.Go(func() {
				_ = nc.SetDeadline(time.Now().Add(closeTimeout))
				_ = conn.Close(websocket.StatusNormalClosure, "")
				_ = conn.CloseNow()
			})
		}
		o.notify()
	}
	o.mu.Unlock()
	o.wg.Wait()
}

// Drop cuts the connection as a network would.
func (o *Operator) Drop() {
	o.mu.Lock()
	nc := o.nc
	o.mu.Unlock()
	if nc != nil {
		_ = nc.Close()
	}
	_ = o.wait(context.Background(), func() bool { return o.nc != nc || o.conn == nil })
}

// Reconnect resumes at url, or at the same node where url is empty. A socket that is
// still there is cut first.
func (o *Operator) Reconnect(ctx context.Context, to string) error {
	o.mu.Lock()
	nc := o.nc
	if to != "" {
		o.opts.URL = to
	}
	o.ended = nil
	o.mu.Unlock()
	if nc != nil {
		_ = nc.Close()
	}
	if err := o.wait(ctx, func() bool { return o.conn == nil || o.nc != nc }); err != nil {
		return err
	}
	return o.connect(ctx, o.opts.URL)
}

// notify wakes everybody who waits. mu is held.
func (o *Operator) notify() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// wait waits until met, which is called with mu held, is true.
func (o *Operator) wait(ctx context.Context, met func() bool) error {
	for {
		o.mu.Lock()
		ok, closed, changed := met(), o.closed, o.changed
		o.mu.Unlock()
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

// connect opens a socket, introduces the operator, and asks again for everything
// that was followed, from what there is.
func (o *Operator) connect(ctx context.Context, to string) error {
	ctx, cancel := context.WithTimeout(ctx, o.opts.HandshakeTimeout)
	defer cancel()
	conn, nc, err := o.dial(ctx, to)
	if err != nil {
		return err
	}
	o.mu.Lock()
	if o.closed || o.conn != nil {
		closed := o.closed
		o.mu.Unlock()
		_ = conn.CloseNow()
		if closed {
			return ErrClosed
		}
		return nil // somebody else was first
	}
	o.conn, o.nc, o.welcome = conn, nc, protocol.Welcome{}
	o.wg.Go(func() { o.read(conn, nc) })
	o.mu.Unlock()
	if err := o.send(&protocol.OperatorFrame{T: protocol.TypeOpen, Client: o.opts.Client}); err != nil {
		return err
	}
	err = o.wait(ctx, func() bool { return o.welcome.T != "" || o.conn != conn })
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn != conn {
		if o.ended != nil {
			return o.ended
		}
		return ErrNotConnected
	}
	return o.askAgain()
}

func (o *Operator) dial(ctx context.Context, to string) (*websocket.Conn, net.Conn, error) {
	var nc net.Conn
	u, err := url.Parse(to)
	if err != nil {
		return nil, nil, err
	}
	u.Path = "/v1/operator"
	header := http.Header{"Cookie": {o.opts.Cookie}}
	header.Set("Origin", o.opts.Origin)
	if o.opts.Origin == "" {
		header.Set("Origin", strings.Replace(u.Scheme, "ws", "http", 1)+"://"+u.Host)
	}
	conn, resp, err := websocket.Dial(ctx, u.String(), &websocket.DialOptions{
		HTTPHeader: header, Subprotocols: []string{protocol.Subprotocol},
		HTTPClient: &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := o.opts.Dial(ctx, network, addr)
				nc = c
				return c, err
			},
		}},
	})
	if err != nil {
		refused := ErrHandshake{Err: err}
		if resp != nil {
			refused.Status = resp.StatusCode
		}
		return nil, nil, refused
	}
	conn.SetReadLimit(readLimit)
	return conn, nc, nil
}

// askAgain follows and watches what was followed and watched before, and sends what
// was not answered. mu is held.
func (o *Operator) askAgain() error {
	for site, in := range o.inboxes {
		in.complete = false
		o.later(&protocol.OperatorFrame{T: protocol.TypeInbox, Site: site, Epoch: in.epoch, Seq: in.seq})
	}
	for _, w := range o.watched {
		if w.gone == "" {
			w.live = false
			o.later(w.ask())
		}
	}
	o.opened++
	o.notify()
	return nil
}

// ask is the frame that watches a conversation from what there is.
func (w *watchCopy) ask() *protocol.OperatorFrame {
	f := &protocol.OperatorFrame{T: protocol.TypeWatch, Site: w.key.Site, Conversation: w.key.Conversation, Have: w.journal.have()}
	if n := len(w.notes); n > 0 && f.Have != nil {
		f.NotesSeq = w.notes[n-1].Seq
	}
	return f
}

// later queues a frame: mu is held and a write may block.
func (o *Operator) later(f *protocol.OperatorFrame) {
	data, err := protocol.Encode(f)
	if err != nil {
		o.violate("a frame of ours cannot be encoded: %v", err)
		return
	}
	if o.conn != nil && !o.closed {
		o.out(o.conn).add(data)
	}
}

// send writes one frame now.
func (o *Operator) send(f *protocol.OperatorFrame) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return ErrClosed
	case o.conn == nil:
		return ErrNotConnected
	}
	o.later(f)
	return nil
}

// keep beats, comes back, and sends unanswered inputs again.
func (o *Operator) keep() {
	retry := 0
	for o.ctx.Err() == nil {
		o.mu.Lock()
		connected, ended, changed := o.conn != nil, o.ended, o.changed
		beat := time.Duration(o.welcome.Limits.BeatMS) * time.Millisecond
		o.mu.Unlock()
		if !connected && ended == nil && o.opts.AutoReconnect {
			o.sleep(o.opts.Reconnect.wait(retry))
			if retry++; o.connect(o.ctx, o.opts.URL) == nil {
				retry = 0
			}
			continue
		}
		if !connected {
			select {
			case <-changed:
			case <-o.ctx.Done():
			}
			continue
		}
		if beat <= 0 {
			beat = time.Second
		}
		o.sleep(min(beat, 200*time.Millisecond))
		o.mu.Lock()
		o.beats++
		due := time.Duration(o.beats)*min(beat, 200*time.Millisecond) >= beat
		if due {
			o.beats = 0
			o.later(&protocol.OperatorFrame{T: protocol.TypeBeat})
		}
		for _, w := range o.watched {
			o.push(w)
		}
		o.mu.Unlock()
	}
}

func (o *Operator) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-o.ctx.Done():
	}
}

// push sends what may be sent of a conversation's inputs. mu is held.
func (o *Operator) push(w *watchCopy) {
	if !w.live || o.conn == nil {
		return
	}
	for _, data := range w.inputs.takeUnsent(time.Now(), protocol.MaxInFlight) {
		o.out(o.conn).add(data)
	}
}

// violate keeps a broken promise. mu is held.
func (o *Operator) violate(format string, args ...any) {
	v := fmt.Sprintf(format, args...)
	if len(o.violations) < 100 {
		o.violations = append(o.violations, v)
	}
	if o.opts.OnViolation != nil {
		o.opts.OnViolation(v)
	}
}

// Violations returns what the server did against its promises.
func (o *Operator) Violations() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.violations)
}

// Welcome returns who the operator is.
func (o *Operator) Welcome() protocol.Welcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.welcome
}

// WaitEnded waits until the server has ended the socket for good and returns why.
func (o *Operator) WaitEnded(ctx context.Context) error {
	var ended error
	if err := o.wait(ctx, func() bool { ended = o.ended; return ended != nil }); err != nil {
		return err
	}
	return ended
}

// WaitConnected waits for a socket that is introduced.
func (o *Operator) WaitConnected(ctx context.Context) error {
	return o.wait(ctx, func() bool { return o.conn != nil && o.welcome.T != "" })
}

// Errors returns the newest error frames, oldest first.
func (o *Operator) Errors() []protocol.Error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.errors)
}

// Rows returns the inbox of a site.
func (o *Operator) Rows(site string) map[string]protocol.Row {
	o.mu.Lock()
	defer o.mu.Unlock()
	if in := o.inboxes[site]; in != nil {
		return maps.Clone(in.rows)
	}
	return nil
}

// Presence returns who works on a site now.
func (o *Operator) Presence(site string) []protocol.Colleague {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.presence[site])
}
