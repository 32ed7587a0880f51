package visitor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	dialTimeout   = 5 * time.Second
	healthEvery   = 500 * time.Millisecond
	healthTimeout = time.Second
)

// A Balancer spreads connections over gateways as a load balancer does: in turn,
// and to those whose /readyz says that they want some. Its methods may be called
// concurrently.
type Balancer struct {
	gateways []gateway
	sources  []net.IP
	next     atomic.Uint64
	source   atomic.Uint64
	secure   bool
}

type gateway struct {
	host string // host:port
	base string // http://host:port
	down *atomic.Bool
}

// NewBalancer takes the addresses of gateways (ws, wss, http or https) and the
// source addresses that connections come from in turn; none is the system's
// choice.
func NewBalancer(addresses []string, sources []net.IP) (*Balancer, error) {
	if len(addresses) == 0 {
		return nil, errors.New("no gateway is named")
	}
	b := &Balancer{sources: sources}
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("%q is no address of a gateway; write it like ws://127.0.0.1:8080", a)
		}
		secure := u.Scheme == "wss" || u.Scheme == "https"
		if !secure && u.Scheme != "ws" && u.Scheme != "http" {
			return nil, fmt.Errorf("%q begins with %q; it can be ws, wss, http or https", a, u.Scheme)
		}
		if len(b.gateways) > 0 && secure != b.secure {
			return nil, fmt.Errorf("%q: either all gateways are reached over TLS or none", a)
		}
		b.secure = secure
		if secure && len(b.gateways) > 0 {
			return nil, fmt.Errorf("%q: with TLS name one address, the one the certificate is for", a)
		}
		host := u.Host
		if u.Port() == "" {
			host = net.JoinHostPort(u.Hostname(), map[bool]string{true: "443", false: "80"}[secure])
		}
		scheme := map[bool]string{true: "https", false: "http"}[secure]
		b.gateways = append(b.gateways, gateway{host: host, base: scheme + "://" + u.Host, down: &atomic.Bool{}})
	}
	return b, nil
}

// URL is what clients are told to connect to; Dial decides where they get.
func (b *Balancer) URL() string { return strings.Replace(b.gateways[0].base, "http", "ws", 1) }

// Base is the HTTP address of the first gateway.
func (b *Balancer) Base() string { return b.gateways[0].base }

// Loopback says whether every gateway is on this machine.
func (b *Balancer) Loopback() bool {
	for _, g := range b.gateways {
		host, _, err := net.SplitHostPort(g.host)
		if err != nil {
			return false
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

// Dial connects to the next gateway that is up, whatever addr says.
func (b *Balancer) Dial(ctx context.Context, network, _ string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	if n := len(b.sources); n > 0 {
		d.LocalAddr = &net.TCPAddr{IP: b.sources[b.source.Add(1)%uint64(n)]}
	}
	first := b.next.Add(1)
	var failed error
	for _, mayBeDown := range []bool{false, true} {
		for k := range b.gateways {
			g := &b.gateways[(first+uint64(k))%uint64(len(b.gateways))]
			if g.down.Load() != mayBeDown {
				continue
			}
			c, err := d.DialContext(ctx, network, g.host)
			if err == nil {
				return c, nil
			}
			failed = err
		}
	}
	return nil, failed
}

// Watch asks every gateway for its health until ctx ends.
func (b *Balancer) Watch(ctx context.Context) {
	if len(b.gateways) == 1 {
		return // there is nowhere else to go
	}
	var running sync.WaitGroup
	defer running.Wait()
	for i := range b.gateways {
		running.Go(func() { b.watch(ctx, &b.gateways[i]) })
	}
}

func (b *Balancer) watch(ctx context.Context, g *gateway) {
	hc := &http.Client{Timeout: healthTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	t := time.NewTicker(healthEvery)
	defer t.Stop()
	for {
		g.down.Store(!ready(ctx, hc, g.base))
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

// ready asks /readyz. A server that does not know the question is taken for up.
func ready(ctx context.Context, hc *http.Client, base string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return true
	}
	res, err := hc.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode < http.StatusInternalServerError
}
