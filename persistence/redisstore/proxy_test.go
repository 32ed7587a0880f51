package redisstore

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// A proxy stands between a store and Redis: it counts round trips, loses
// answers, and changes the server behind an address as a failover does.
type proxy struct {
	t        testing.TB
	listener net.Listener
	target   atomic.Value // string
	// turns counts how often something was asked after an answer had come.
	turns atomic.Int64
	// mute loses what Redis answers.
	mute    atomic.Bool
	running sync.WaitGroup

	mu    sync.Mutex // guards conns
	conns map[net.Conn]bool
}

func startProxy(t testing.TB, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, listener: l, conns: map[net.Conn]bool{}}
	p.target.Store(target)
	p.running.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.cut()
		p.running.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.serve(c) })
	}
}

// keep registers a connection, so that cut ends it.
func (p *proxy) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[c] = true
}

// cut ends every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
	clear(p.conns)
}

// failover leads new connections to another server and ends the old ones.
func (p *proxy) failover(target string) {
	p.target.Store(target)
	p.cut()
}

func (p *proxy) serve(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", p.target.Load().(string))
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	p.keep(client)
	p.keep(server)
	var answered atomic.Bool
	answered.Store(true)
	var both sync.WaitGroup
	both.Go(func() {
		p.copy(server, client, func() bool {
			if answered.Swap(false) {
				p.turns.Add(1)
			}
			return true
		})
	})
	both.Go(func() {
		p.copy(client, server, func() bool {
			answered.Store(true)
			return !p.mute.Load()
		})
	})
	both.Wait()
}

// copy forwards what pass lets through until one side ends.
func (p *proxy) copy(to io.WriteCloser, from io.ReadCloser, pass func() bool) {
	defer func() { _ = to.Close() }()
	defer func() { _ = from.Close() }()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if n > 0 && pass() {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
