package e2e

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// P3: a failover that rolled the log back: what was acknowledged after the last
// replicated write is gone, and the numbers are given out again under the same
// epoch. The event's name tells it, and the client is reset, never served a log
// that only looks like a continuation.
func TestP3_FailoverThatRolledBackResets(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1, gateway.Options{})
	p := c.lossyPage(0, nil, false)
	say(t, p, "one")
	say(t, p, "two")
	replica := t.TempDir()
	if err := os.CopyFS(replica, os.DirFS(c.redis.Dir())); err != nil {
		t.Fatal(err)
	}
	say(t, p, "lost in the failover")
	before := p.Events()
	c.redis.Kill()
	if err := os.RemoveAll(c.redis.Dir()); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(c.redis.Dir(), os.DirFS(replica)); err != nil {
		t.Fatal(err)
	}
	if err := c.redis.Restart(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	// Another page of the visitor makes the log grow again past what p has seen,
	// so that its number alone would look right.
	other := c.lossyPage(0, p, true)
	for len(other.Events()) <= len(before) {
		sayWhenBack(t, other, "three")
	}
	p.Drop()
	if err := p.Reconnect(t.Context(), "ws://"+c.addr(0)); err != nil {
		t.Fatal(err)
	}
	if p.Resets() == 0 {
		t.Error("the client was not told to reset")
	}
	for _, e := range p.Events() {
		if plain(e) == "lost in the failover" {
			t.Error("the log still has what was lost")
		}
	}
	sameLog(t, p, other)
}

// sayWhenBack says a line as often as it takes.
func sayWhenBack(t *testing.T, p *client.Client, line string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := p.Say(ctx, line); err != nil {
		t.Fatalf("say %q: %v", line, err)
	}
}

// P11: Redis answers, but takes nothing. Nothing is acknowledged, the socket
// stays, and what was not sent is applied once when Redis takes writes again.
func TestP11_RedisThatTakesNothing(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct {
		hurt, heal func(context.Context, *redis.Client) error
	}{
		"OutOfMemory": {
			func(ctx context.Context, r *redis.Client) error { return r.ConfigSet(ctx, "maxmemory", "1").Err() },
			func(ctx context.Context, r *redis.Client) error { return r.ConfigSet(ctx, "maxmemory", "0").Err() },
		},
		"ReadOnly": {
			func(ctx context.Context, r *redis.Client) error { return r.ReplicaOf(ctx, "127.0.0.1", "1").Err() },
			func(ctx context.Context, r *redis.Client) error { return r.ReplicaOf(ctx, "NO", "ONE").Err() },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startCluster(t, 1, gateway.Options{})
			raw := redis.NewClient(&redis.Options{Addr: c.redis.Addr()})
			defer func() { _ = raw.Close() }()
			p := c.page(0, nil, false)
			say(t, p, "before")
			if err := fault.hurt(t.Context(), raw); err != nil {
				t.Fatal(err)
			}
			said := make(chan error, 1)
			go func() {
				_, err := p.Say(t.Context(), "meanwhile")
				said <- err
			}()
			select {
			case err := <-said:
				t.Errorf("the line was answered: %v", err)
			case <-time.After(time.Second):
			}
			if !p.Connected() {
				t.Error("the socket was closed")
			}
			if status := get(t, c.addr(0), "/readyz"); status != 503 {
				t.Errorf("readyz is %d while nothing is taken, want 503", status)
			}
			if err := fault.heal(t.Context(), raw); err != nil {
				t.Fatal(err)
			}
			if err := <-said; err != nil {
				t.Errorf("after it healed: %v", err)
			}
			linesOnce(t, p.Events(), []string{"before", "meanwhile"})
		})
	}
}

// P11: while Redis is away the node is alive and not ready, and it says why.
func TestP11_ReadinessTellsTheTruth(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1, gateway.Options{})
	if status := get(t, c.addr(0), "/readyz"); status != 200 {
		t.Errorf("readyz is %d while all is well", status)
	}
	c.redis.Kill()
	if ready, alive := get(t, c.addr(0), "/readyz"), get(t, c.addr(0), "/healthz"); ready != 503 || alive != 200 {
		t.Errorf("without Redis readyz is %d and healthz %d, want 503 and 200", ready, alive)
	}
	if err := c.redis.Restart(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for get(t, c.addr(0), "/readyz") != 200 {
		if time.Now().After(deadline) {
			t.Fatal("the node never became ready again")
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// P1, P4: the same on a Redis Cluster of three primaries.
func TestP1P4_OnARedisCluster(t *testing.T) {
	t.Parallel()
	r, err := servers.RedisCluster(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Stop() })
	keys := t.TempDir()
	c := &cluster{t: t}
	for range 2 {
		app, _ := startApp(t, gateway.Options{Redis: "redis-cluster://" + strings.Join(r.Addrs(), ","), DataDir: keys, Limits: unlimited})
		c.apps = append(c.apps, app)
	}
	a := c.page(0, nil, false)
	say(t, a, "hello")
	b := c.page(1, a, false)
	for range 5 {
		say(t, a, "when do you open?")
		say(t, b, "how much is delivery?")
	}
	t.Logf("P1 P4: %d events, the same on both nodes of a Cluster", sameLog(t, a, b))
}

// A node with other keys could open nothing of what is there: it is refused.
func TestNodeWithOtherKeysIsRefused(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1, gateway.Options{})
	_, err := gateway.New(t.Context(), gateway.Options{
		Redis: "redis://" + c.redis.Addr(), DataDir: t.TempDir(), SitesDir: sitesDir(), Processor: processor,
	})
	if !errors.Is(err, persistence.ErrWrongKey) {
		t.Errorf("a node with other keys got %v, want ErrWrongKey", err)
	}
}

// P1, P3: Redis came back empty and another tab has begun the log anew, with as
// many turns as this node remembers: versions and numbers match, the log does
// not. What is decided on the lost one must not be taken into the new one.
func TestP3_EqualNumbersOfALostLogAreStale(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, gateway.Options{})
	a := c.lossyPage(0, nil, true)
	say(t, a, "one")
	say(t, a, "two")
	raw := redis.NewClient(&redis.Options{Addr: c.redis.Addr()})
	defer func() { _ = raw.Close() }()
	if err := raw.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	b := c.lossyPage(1, a, true)
	sayWhenBack(t, b, "three")
	sayWhenBack(t, b, "four")
	sayWhenBack(t, a, "five")
	sameLog(t, a, b)
	for _, e := range a.Events() {
		if plain(e) == "one" || plain(e) == "two" {
			t.Errorf("the log mixes what was lost with what came after it: %v", kinds(a.Events()))
			break
		}
	}
}
