package cluster

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"zgoda/loadtest/report"
	"zgoda/loadtest/scenario"
)

// healTimeout bounds the start of something that was hurt.
const healTimeout = 60 * time.Second

// An occasion is one time that something is done.
type occasion struct {
	at    time.Duration
	fault scenario.Fault
	which int // of the gateways, from 0
}

// schedule lists what is done when, until the end.
func schedule(faults []scenario.Fault, until time.Duration, gateways int) []occasion {
	var out []occasion
	for _, f := range faults {
		turn := 0
		for at := f.At; at < until; at += f.Every {
			o := occasion{at: at, fault: f, which: turn % max(gateways, 1)}
			if f.Which > 0 {
				o.which = (f.Which - 1) % max(gateways, 1)
			}
			out = append(out, o)
			turn++
			if f.Every <= 0 {
				break
			}
		}
	}
	slices.SortStableFunc(out, func(a, b occasion) int { return int(a.at - b.at) })
	return out
}

// Hurt does what faults say, from start on, for as long as visitors arrive, and
// undoes all of it before it returns, also when ctx ends. mark is told of each.
func (c *Cluster) Hurt(ctx context.Context, start time.Time, length time.Duration, faults []scenario.Fault, mark func(report.Mark)) {
	var hurting sync.WaitGroup
	defer hurting.Wait()
	for _, o := range schedule(faults, length, len(c.gateways)) {
		if !sleep(ctx, max(time.Until(start.Add(o.at)), 0)) {
			return
		}
		hurting.Go(func() {
			began := time.Since(start)
			err := c.hurt(ctx, o)
			m := report.Mark{At: began.Seconds(), For: (time.Since(start) - began).Seconds(), What: c.name(o)}
			if err != nil {
				m.Err = err.Error()
			}
			mark(m)
		})
	}
}

// name says what is done to what.
func (c *Cluster) name(o occasion) string {
	if o.fault.What == scenario.WhatGateway {
		return fmt.Sprintf("%s gateway %d", o.fault.Do, o.which+1)
	}
	return o.fault.Do + " " + o.fault.What
}

// A harm is something that can be done and undone.
type harm struct{ do, undo func() error }

// hurt does one thing, waits, and undoes it.
func (c *Cluster) hurt(ctx context.Context, o occasion) error {
	// What is undone is undone also when the run has ended.
	healing, cancel := context.WithTimeout(context.WithoutCancel(ctx), healTimeout+o.fault.For)
	defer cancel()
	h, err := c.harm(healing, o)
	if err != nil {
		return err
	}
	if o.fault.What == scenario.WhatGateway {
		g := c.gateways[o.which]
		g.hurt.Lock()
		defer g.hurt.Unlock()
	}
	if err := h.do(); err != nil {
		return err
	}
	sleep(ctx, o.fault.For)
	return h.undo()
}

func (c *Cluster) harm(ctx context.Context, o occasion) (harm, error) {
	f := o.fault
	name := f.What
	if f.What == scenario.WhatGateway {
		name = c.gateways[o.which].name
	}
	switch f.Do {
	case scenario.DoPartition:
		return harm{func() error { return c.proxies.partition(name) }, func() error { c.proxies.heal(name); return nil }}, nil
	case scenario.DoSlow:
		return harm{func() error { return c.proxies.slow(name, f.Slow) }, func() error { c.proxies.heal(name); return nil }}, nil
	}
	if f.What != scenario.WhatGateway && c.redis == nil {
		return harm{}, fmt.Errorf("a gateway on a data file has no %s to hurt", f.What)
	}
	switch f.What {
	case scenario.WhatGateway:
		return c.gatewayHarm(ctx, c.gateways[o.which], f.Do), nil
	case scenario.WhatRedis:
		return c.redisHarm(ctx, f.Do), nil
	}
	return c.postgresHarm(ctx, f.Do), nil
}

func (c *Cluster) gatewayHarm(ctx context.Context, g *gateway, do string) harm {
	again := func() error { return g.start(ctx) }
	switch do {
	case scenario.DoFreeze:
		return harm{func() error { return g.process().Freeze() }, func() error { return g.process().Thaw() }}
	case scenario.DoRestart:
		return harm{func() error {
			if !g.process().Terminate(stopPatience) {
				return fmt.Errorf("it did not end in order within %v", stopPatience)
			}
			return nil
		}, again}
	}
	return harm{func() error { g.process().Kill(); return nil }, again}
}

func (c *Cluster) redisHarm(ctx context.Context, do string) harm {
	switch do {
	case scenario.DoFreeze:
		return harm{c.redis.Freeze, c.redis.Thaw}
	case scenario.DoFull:
		return harm{func() error { return c.redis.Fill(ctx) }, func() error { return c.redis.Empty(ctx) }}
	}
	return harm{func() error { c.redis.Kill(); return nil }, func() error { return c.redis.Restart(ctx, true) }}
}

func (c *Cluster) postgresHarm(ctx context.Context, do string) harm {
	switch do {
	case scenario.DoFreeze:
		return harm{c.postgres.Freeze, c.postgres.Thaw}
	case scenario.DoFull:
		return harm{c.postgres.Fill, func() error { return c.postgres.Empty(ctx) }}
	}
	return harm{func() error { c.postgres.Kill(); return nil }, func() error { return c.postgres.Restart(ctx) }}
}
