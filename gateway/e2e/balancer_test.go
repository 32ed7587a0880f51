package e2e

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"zgoda/gateway/client"
)

// roundRobin is what a balancer is to its clients: one name behind which nodes
// come and go.
type roundRobin struct {
	mu    sync.Mutex // guards the fields below
	addrs []string
	next  int
}

func (b *roundRobin) add(addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.addrs = append(b.addrs, addr)
}

// replace puts one node in another's place.
func (b *roundRobin) replace(old, fresh string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, a := range b.addrs {
		if a == old {
			b.addrs[i] = fresh
		}
	}
}

func (b *roundRobin) pick() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.addrs) == 0 {
		return "", errors.New("no node")
	}
	b.next++
	return b.addrs[b.next%len(b.addrs)], nil
}

// dial connects to the next node, whatever address was asked for.
func (b *roundRobin) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	addr, err := b.pick()
	if err != nil {
		return nil, err
	}
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// page opens a page of a new visitor through the balancer.
func (b *roundRobin) page(t *testing.T) *client.Client {
	t.Helper()
	p, err := client.Dial(t.Context(), client.Options{
		URL: "ws://127.0.0.1:1", Site: "demo", Locale: "en", Origin: "http://127.0.0.1:1", Dial: b.dial, AutoReconnect: true,
		Reconnect: client.Backoff{First: 100 * time.Millisecond, Max: time.Second},
	})
	if err != nil {
		t.Errorf("open a page: %v", err)
		return nil
	}
	return p
}
