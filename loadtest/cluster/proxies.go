package cluster

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"zgoda/loadtest/scenario"
)

const (
	whatRedis    = scenario.WhatRedis
	whatPostgres = scenario.WhatPostgres
)

// proxies stand between parts of the cluster.
type proxies struct {
	server *toxiproxy.ApiServer

	mu  sync.Mutex // guards all
	all map[string]*toxiproxy.Proxy
}

func newProxies() *proxies {
	return &proxies{
		server: toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop()),
		all:    map[string]*toxiproxy.Proxy{},
	}
}

// add starts a proxy and returns its address.
func (p *proxies) add(name, upstream string) (string, error) {
	proxy := toxiproxy.NewProxy(p.server, name, "127.0.0.1:0", upstream)
	if err := proxy.Start(); err != nil {
		return "", fmt.Errorf("proxy in front of %s: %w", name, err)
	}
	p.mu.Lock()
	p.all[name] = proxy
	p.mu.Unlock()
	return proxy.Listen, nil
}

func (p *proxies) get(name string) *toxiproxy.Proxy {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[name]
}

// partition swallows everything in both directions, as a cable that is cut: the
// connections stay and nothing comes.
func (p *proxies) partition(name string) error {
	return p.poison(name, `{"name":"cut-%[1]s","type":"timeout","stream":"%[1]s","attributes":{"timeout":0}}`)
}

// slow delays what comes back and what goes there by half each.
func (p *proxies) slow(name string, by time.Duration) error {
	return p.poison(name, `{"name":"slow-%[1]s","type":"latency","stream":"%[1]s","attributes":{"latency":`+fmt.Sprint(by.Milliseconds()/2)+`}}`)
}

// poison adds a toxic in each direction.
func (p *proxies) poison(name, toxic string) error {
	proxy := p.get(name)
	if proxy == nil {
		return fmt.Errorf("there is no proxy in front of %s", name)
	}
	for _, stream := range []string{"upstream", "downstream"} {
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(toxic, stream))); err != nil {
			return fmt.Errorf("proxy in front of %s: %w", name, err)
		}
	}
	return nil
}

// heal lets everything through again.
func (p *proxies) heal(name string) {
	if proxy := p.get(name); proxy != nil {
		proxy.Toxics.ResetToxics(context.Background())
	}
}

func (p *proxies) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, proxy := range p.all {
		proxy.Toxics.ResetToxics(context.Background())
		proxy.Stop()
	}
}
