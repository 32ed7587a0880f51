package socket

import (
	"errors"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// Options of a Group. Zero fields take the defaults named.
type Options struct {
	// ReadLimit is the largest frame in bytes. Default 16 KB. A larger one ends
	// the socket with close code 1009.
	ReadLimit int64
	// QueueBytes bounds what waits to be written. Default 256 KB.
	QueueBytes int
	// OpenTimeout is how long a new socket may stay silent before its first
	// frame. Default 10 s.
	OpenTimeout time.Duration
	// IdleTimeout is how long a socket may stay silent. Default 150 s.
	IdleTimeout time.Duration
	// WriteTimeout bounds the write of one frame. Default 10 s.
	WriteTimeout time.Duration
	// CloseTimeout bounds the close handshake. Default 1 s.
	CloseTimeout time.Duration
}

func (o Options) withDefaults() Options {
	if o.ReadLimit == 0 {
		o.ReadLimit = 16 << 10
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 256 << 10
	}
	if o.OpenTimeout == 0 {
		o.OpenTimeout = 10 * time.Second
	}
	if o.IdleTimeout == 0 {
		o.IdleTimeout = 150 * time.Second
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = 10 * time.Second
	}
	if o.CloseTimeout == 0 {
		o.CloseTimeout = time.Second
	}
	return o
}

// A Group is all sockets of one node. Its methods may be called concurrently.
type Group struct {
	opts    Options
	workers workers

	mu      sync.Mutex // guards the fields below
	sockets map[*Socket]struct{}
	closed  bool
	wg      sync.WaitGroup
}

// NewGroup returns an empty group.
func NewGroup(o Options) *Group {
	return &Group{opts: o.withDefaults(), sockets: map[*Socket]struct{}{}}
}

// Len returns the number of sockets.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sockets)
}

// Queued returns the bytes that wait to be written, and those of the slowest client.
func (g *Group) Queued() (all, largest int64) {
	for _, s := range g.All() {
		s.mu.Lock()
		n := int64(s.queued)
		s.mu.Unlock()
		all, largest = all+n, max(largest, n)
	}
	return all, largest
}

// All returns the sockets there are now.
func (g *Group) All() []*Socket {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]*Socket, 0, len(g.sockets))
	for s := range g.sockets {
		all = append(all, s)
	}
	return all
}

// Close refuses new sockets from now on. Those that are open stay.
func (g *Group) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

// EndSilent closes the sockets whose client was silent for too long, with a code
// that says so: notOpened before the client has introduced itself, silent after
// it. One that no sweep reaches is ended by its read deadline a little later,
// which cannot tell the client anything.
func (g *Group) EndSilent(notOpened, silent int) {
	now := time.Now().Unix()
	for _, s := range g.All() {
		if code := s.silence(now, notOpened, silent); code != 0 {
			s.Close(code, "nothing was heard")
		}
	}
}

// KeepAlive sends frame to every opened socket to which nothing was sent for
// silent.
func (g *Group) KeepAlive(frame []byte, silent time.Duration) {
	before := time.Now().Add(-silent).Unix()
	for _, s := range g.All() {
		if s.silentSince(before) {
			s.Send(frame)
		}
	}
}

// Wait returns when every socket's goroutines have ended. Close must have been
// called.
func (g *Group) Wait() {
	g.wg.Wait()
	g.workers.stop()
}

// adopt makes a socket of a connection. It belongs to the group from here on, so
// that a stop in between does not miss it.
func (g *Group) adopt(conn *websocket.Conn, nc net.Conn) (*Socket, error) {
	conn.SetReadLimit(g.opts.ReadLimit)
	s := &Socket{group: g, conn: conn, nc: nc, handled: make(chan struct{}), heard: time.Now().Unix()}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, errors.Join(ErrClosed, conn.CloseNow())
	}
	g.sockets[s] = struct{}{}
	g.wg.Add(1) // the reader; see Serve
	return s, nil
}

func (g *Group) remove(s *Socket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.sockets, s)
}
