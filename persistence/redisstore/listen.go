package redisstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"zgoda/persistence"
)

const (
	// quiet is how long nothing may be heard before Redis is asked whether the
	// subscription still lives; the answer must come within one timeout.
	quiet = 5 * time.Second
	// Pauses between attempts to subscribe are random up to a bound that grows.
	firstPause = 50 * time.Millisecond
	longPause  = 2 * time.Second
)

// Listen implements persistence.Nodes: one plain subscription that is read here
// and nowhere else. The driver's own channel of messages drops what it cannot
// deliver, and its sharded subscriptions are lost in silence when a slot moves.
func (s *Store) Listen(ctx context.Context, node string, hear func(persistence.News)) error {
	if err := checkNode(node); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	failures := 0
	for ctx.Err() == nil {
		if s.stopping.Err() != nil {
			return fmt.Errorf("listen: %w", errClosed)
		}
		subscribed, err := s.hearOut(ctx, node, hear)
		if subscribed {
			failures = 0
		}
		if ctx.Err() != nil || s.stopping.Err() != nil {
			continue
		}
		if failures == 0 {
			s.opts.Log.Warn("the node's channel is not heard, subscribing again", "node", node, "error", err)
		}
		bound := min(firstPause<<min(failures, 10), longPause)
		failures++
		s.pauseListen(ctx, rand.N(bound)+1)
	}
	return nil
}

func (s *Store) pauseListen(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-s.stopping.Done():
	case <-t.C:
	}
}

// hearOut subscribes and hears until the subscription breaks.
func (s *Store) hearOut(ctx context.Context, node string, hear func(persistence.News)) (subscribed bool, err error) {
	sub, err := s.subscribe(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = sub.Close() }()
	// Closing is what ends a read that waits.
	end := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer end()
	defer s.addEar(func() { _ = sub.Close() })()
	if err := sub.Subscribe(ctx, s.channel(node)); err != nil {
		return false, err
	}
	var heard atomic.Int64
	var alive sync.WaitGroup
	over := make(chan struct{})
	alive.Go(func() { s.askWhetherAlive(ctx, sub, &heard, over) })
	defer alive.Wait()
	defer close(over)
	for {
		// Without a time limit: one that struck in the middle of a message would
		// leave its rest to be taken for the next.
		got, err := sub.Receive(ctx)
		if err != nil {
			return subscribed, err
		}
		heard.Add(1)
		switch m := got.(type) {
		case *redis.Subscription:
			// The driver subscribes again by itself when its connection broke:
			// that is said too, and means as much.
			subscribed = true
			hear(persistence.News{Subscribed: true})
		case *redis.Message:
			news, err := decodeNews(m.Payload)
			if err != nil {
				s.opts.Log.Error("a message to the node cannot be read", "node", node, "error", err)
				return subscribed, err
			}
			hear(news)
		}
	}
}

// askWhetherAlive pings a subscription on which nothing was heard and closes it
// when even that is not answered.
func (s *Store) askWhetherAlive(ctx context.Context, sub *redis.PubSub, heard *atomic.Int64, over <-chan struct{}) {
	before, asked := int64(0), true // the subscription itself is to be answered first
	t := time.NewTimer(s.opts.CommandTimeout)
	defer t.Stop()
	for {
		select {
		case <-over:
			return
		case <-t.C:
		}
		now := heard.Load()
		switch {
		case now != before:
			before, asked = now, false
			t.Reset(quiet)
		case asked:
			_ = sub.Close()
			return
		default:
			if err := sub.Ping(ctx); err != nil {
				_ = sub.Close()
				return
			}
			asked = true
			t.Reset(s.opts.CommandTimeout)
		}
	}
}

// subscribe returns a subscription to nothing yet. On a Cluster every primary
// hears what any of them is told, so any will do that answers.
func (s *Store) subscribe(ctx context.Context) (*redis.PubSub, error) {
	if s.cluster == nil {
		return s.single.Subscribe(ctx), nil
	}
	var mu sync.Mutex // guards alive
	var alive []*redis.Client
	err := s.cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		if err := c.Ping(ctx).Err(); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		alive = append(alive, c)
		return nil
	})
	if len(alive) == 0 {
		return nil, fmt.Errorf("no primary answers: %w", err)
	}
	return alive[rand.IntN(len(alive))].Subscribe(ctx), nil
}

// addEar registers how to end a subscription and returns how to forget it.
func (s *Store) addEar(end func()) (forget func()) {
	s.listenMu.Lock()
	defer s.listenMu.Unlock()
	id := s.nextEar
	s.nextEar++
	s.ears[id] = end
	if s.stopping.Err() != nil {
		end() // Close has been through already
	}
	return func() {
		s.listenMu.Lock()
		defer s.listenMu.Unlock()
		delete(s.ears, id)
	}
}

// dropEars ends every subscription. Those who listen subscribe again and learn
// that they may have missed something.
func (s *Store) dropEars() {
	s.listenMu.Lock()
	ends := make([]func(), 0, len(s.ears))
	for _, end := range s.ears {
		ends = append(ends, end)
	}
	s.listenMu.Unlock()
	for _, end := range ends {
		end()
	}
}
