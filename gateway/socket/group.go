package socket

import (
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
	wg      sync.WaitGroup
}

// NewGroup returns an empty group.
func NewGroup(o Options) *Group {
	return &Group{opts: o.withDefaults(), sockets: map[*Socket]struct{}{}}
}

// Len returns the number of sockets that are served.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.sockets)
}

// All returns the sockets that are served now.
func (g *Group) All() []*Socket {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]*Socket, 0, len(g.sockets))
	for s := range g.sockets {
		all = append(all, s)
	}
	return all
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

// Wait returns when every socket's goroutines have ended. No socket may be
// served any more.
func (g *Group) Wait() {
	g.wg.Wait()
	g.workers.stop()
}

func (g *Group) adopt(conn *websocket.Conn, nc net.Conn) *Socket {
	conn.SetReadLimit(g.opts.ReadLimit)
	return &Socket{group: g, conn: conn, nc: nc, handled: make(chan struct{})}
}

func (g *Group) add(s *Socket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sockets[s] = struct{}{}
}

func (g *Group) remove(s *Socket) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.sockets, s)
}
