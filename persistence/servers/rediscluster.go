package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const clusterSlots = 16384

// A Cluster is several Redis primaries that share the slots evenly, without
// replicas. Stop must be called.
type Cluster struct {
	Nodes []*RedisServer
}

// RedisCluster starts a Redis Cluster of n primaries and returns when each of
// them finds the cluster complete.
func RedisCluster(ctx context.Context, n int) (*Cluster, error) {
	if n < 1 {
		return nil, fmt.Errorf("a cluster of %d nodes", n)
	}
	c := &Cluster{Nodes: make([]*RedisServer, n)}
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { c.Nodes[i], errs[i] = Redis(ctx, RedisOptions{Cluster: true}) })
	}
	wg.Wait()
	err := errors.Join(errs...)
	if err == nil {
		err = c.join(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("redis cluster: %w", err), c.Stop())
	}
	return c, nil
}

// Addrs returns the addresses of all nodes.
func (c *Cluster) Addrs() []string {
	out := make([]string, 0, len(c.Nodes))
	for _, n := range c.Nodes {
		out = append(out, n.Addr())
	}
	return out
}

// Stop kills all nodes and removes their folders.
func (c *Cluster) Stop() error {
	var errs []error
	for _, n := range c.Nodes {
		if n != nil {
			errs = append(errs, n.Stop())
		}
	}
	return errors.Join(errs...)
}

// Client returns a client of this one server, for commands that a test gives it
// directly. The caller closes it.
func (s *RedisServer) Client() *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: s.Addr(), MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
}

// join gives each node its slots, introduces them to each other and waits.
func (c *Cluster) join(ctx context.Context) error {
	clients := make([]*redis.Client, 0, len(c.Nodes))
	defer func() {
		for _, cl := range clients {
			_ = cl.Close()
		}
	}()
	for i, n := range c.Nodes {
		cl := n.Client()
		clients = append(clients, cl)
		first, last := clusterSlots*i/len(c.Nodes), clusterSlots*(i+1)/len(c.Nodes)-1
		// Two nodes with one epoch would have to settle who is right first.
		if err := cl.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			return fmt.Errorf("set epoch: %w", err)
		}
		if err := cl.ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
			return fmt.Errorf("add slots: %w", err)
		}
	}
	for _, n := range c.Nodes[1:] {
		host, port, err := net.SplitHostPort(n.Addr())
		if err != nil {
			return err
		}
		if err := clients[0].Do(ctx, "CLUSTER", "MEET", host, port, strconv.Itoa(n.bus)).Err(); err != nil {
			return fmt.Errorf("meet: %w", err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for _, cl := range clients {
		if err := awaitCluster(ctx, cl, len(c.Nodes)); err != nil {
			return err
		}
	}
	return nil
}

// awaitCluster waits until a node knows all nodes and all slots.
func awaitCluster(ctx context.Context, cl *redis.Client, nodes int) error {
	t := time.NewTicker(readyPoll)
	defer t.Stop()
	for {
		info, err := cl.ClusterInfo(ctx).Result()
		if err == nil && strings.Contains(info, "cluster_state:ok") &&
			strings.Contains(info, "cluster_known_nodes:"+strconv.Itoa(nodes)+"\r") &&
			strings.Contains(info, "cluster_slots_ok:"+strconv.Itoa(clusterSlots)) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the cluster did not come together: %w: %s", errors.Join(err, ctx.Err()), info)
		case <-t.C:
		}
	}
}
