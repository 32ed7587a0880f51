package redisstore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// oldestMajor is the oldest Redis whose scripts and streams do what is needed.
const oldestMajor = 7

// A Health says what the Redis of a store promises.
type Health struct {
	// Primaries are the servers that hold data, by address.
	Primaries []Primary
	// Warnings say in plain words what is at risk. None is good.
	Warnings []string
}

// A Primary is one server that holds data.
type Primary struct {
	Addr    string
	Version string
	RunID   string
	// AppendOnly: every write goes to a file. Sync says when that file is
	// synced: always, everysec or no; empty where the server does not tell.
	AppendOnly bool
	Sync       string
	// Snapshots: the whole data is saved now and then.
	Snapshots bool
	// Policy is what happens when the memory is used up.
	Policy string
	// Used and Max are bytes; Max is 0 where there is no limit.
	Used, Max int64
	// Full: new conversations are refused.
	Full bool
	// Replicas are connected; MinReplicas must be for a write to be taken.
	Replicas, MinReplicas int
	// Role is master or slave.
	Role string
	// Clock is how far the server's clock is ahead of this machine's, and RoundTrip
	// how long it took to ask.
	Clock, RoundTrip time.Duration
}

// Health asks every primary. It returns ErrUnavailable where one does not
// answer.
func (s *Store) Health(ctx context.Context) (Health, error) {
	var mu sync.Mutex // guards found and failed
	found := map[string]Primary{}
	var failed error
	ask := func(ctx context.Context, c *redis.Client) error {
		p, err := askPrimary(ctx, c)
		mu.Lock()
		defer mu.Unlock()
		if found[p.Addr] = p; err != nil {
			failed = err
		}
		return nil
	}
	if s.cluster != nil {
		if err := s.cluster.ForEachMaster(ctx, ask); err != nil {
			failed = err
		}
	} else {
		_ = ask(ctx, s.single) // its error is in failed
	}
	if failed != nil {
		return Health{}, storeError("ask Redis what it promises", asOutage(failed))
	}
	var h Health
	for _, addr := range slices.Sorted(maps.Keys(found)) {
		p := found[addr]
		h.Primaries = append(h.Primaries, p)
		for _, w := range s.warnings(p) {
			if len(found) > 1 {
				w = addr + ": " + w
			}
			h.Warnings = append(h.Warnings, w)
		}
	}
	return h, nil
}

func askPrimary(ctx context.Context, c *redis.Client) (Primary, error) {
	p := Primary{Addr: c.Options().Addr}
	info, err := c.Info(ctx, "server", "memory", "persistence", "replication").Result()
	if err != nil {
		return p, err
	}
	if p.Used, p.Max, err = memory(info); err != nil {
		return p, err
	}
	p.Version, p.RunID = infoField(info, "redis_version"), infoField(info, "run_id")
	p.AppendOnly = infoField(info, "aof_enabled") == "1"
	p.Policy = infoField(info, "maxmemory_policy")
	p.Full, p.Role = isFull(p.Used, p.Max), infoField(info, "role")
	began := time.Now()
	there, err := c.Time(ctx).Result()
	if err != nil {
		return p, err
	}
	p.RoundTrip = time.Since(began)
	p.Clock = there.Sub(began.Add(p.RoundTrip / 2))
	p.Replicas, _ = strconv.Atoi(infoField(info, "connected_slaves"))
	// Hosted servers hide their configuration: what they do not tell is left
	// empty and warned about as little as it is praised.
	if config, err := c.ConfigGet(ctx, "save").Result(); err == nil {
		p.Snapshots = config["save"] != ""
	} else {
		p.Snapshots = true
	}
	if config, err := c.ConfigGet(ctx, "appendfsync").Result(); err == nil && p.AppendOnly {
		p.Sync = config["appendfsync"]
	}
	if config, err := c.ConfigGet(ctx, "min-replicas-to-write").Result(); err == nil {
		p.MinReplicas, _ = strconv.Atoi(config["min-replicas-to-write"])
	}
	return p, nil
}

// warnings says what a primary does not promise, and what that costs.
func (s *Store) warnings(p Primary) []string {
	var out []string
	warn := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	major, _, _ := strings.Cut(p.Version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < oldestMajor {
		warn("Redis %s is too old; use %d.0 or newer", p.Version, oldestMajor)
	}
	switch {
	case !p.AppendOnly && !p.Snapshots:
		warn("nothing is written to disk: a restart of Redis loses every conversation and every record that has not reached the contact store; set appendonly yes")
	case !p.AppendOnly:
		warn("only snapshots are written to disk: a restart of Redis loses minutes of conversations and of consents that have not reached the contact store; set appendonly yes")
	case p.Sync == "no":
		warn("the append-only file is not synced: a loss of power loses more than the last second; set appendfsync always")
	case p.Sync == "everysec" && s.opts.Replicas == 0:
		warn("the append-only file is synced once a second: a crash of the machine may lose the last second, answered consents included; set appendfsync always, or let replicas confirm")
	}
	if p.Policy != "noeviction" {
		warn("maxmemory-policy is %s: when the memory is used up Redis deletes conversations and consents by itself; set noeviction", p.Policy)
	}
	if p.Max == 0 {
		warn("maxmemory is not set: Redis grows until the system kills it; set it to what the machine can spare")
	}
	if p.Full {
		warn("%d of %d bytes are used: new conversations are refused; raise maxmemory", p.Used, p.Max)
	}
	if p.Replicas < s.opts.Replicas {
		warn("%d of the %d replicas that must confirm decisions and contacts are connected: such commits are not answered; start them, or lower redis_replicas", p.Replicas, s.opts.Replicas)
	}
	if p.Replicas > 0 && p.MinReplicas == 0 {
		warn("min-replicas-to-write is 0: a primary that was cut off goes on taking what will be lost; set it to 1")
	}
	if p.Replicas > 0 && s.opts.Replicas == 0 {
		warn("there are replicas, but none has to confirm decisions and contacts: a failover may lose them; set redis_replicas")
	}
	return out
}

// isFull reports whether so much memory is used that what is left is for
// conversations that go on.
func isFull(used, limit int64) bool { return limit > 0 && float64(used) > fullShare*float64(limit) }
