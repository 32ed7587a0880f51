package redisstore

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// floorScript is a bare turn: a version check, two events, a state. It takes as
// many bytes as a commit and does nothing else.
const floorScript = `local v = redis.call('HGET', KEYS[1], 'v') or '0'
if v ~= ARGV[1] then return {'STALE', v} end
redis.call('XADD', KEYS[2], '*', 'b', ARGV[2])
redis.call('XADD', KEYS[2], '*', 'b', ARGV[3])
redis.call('HSET', KEYS[1], 'v', v + 1, 's', ARGV[4])
return {'OK', v + 1}`

// turns makes one turn after another in a conversation of its own.
type turns func(ctx context.Context) error

// A turn is the work of one bot turn: an input, two events, a state.
type turn struct {
	persistence.Commit
	body []byte
	seq  uint64
}

func newTurn(name string) *turn {
	return &turn{
		Commit: persistence.Commit{
			Key: persistence.Key{Site: "shop", Conversation: "c-" + name}, Visitor: "v-" + name, Epoch: "epoch", Node: "bench",
			State: bytes.Repeat([]byte{'s'}, 400), Rate: &persistence.Rate{Max: 1 << 30, Window: time.Minute},
			Input: persistence.Input{
				Client: "tab", Digest: bytes.Repeat([]byte{'d'}, 32), Answer: bytes.Repeat([]byte{'a'}, 40),
			},
			Events: make([]persistence.Event, 2),
		},
		body: bytes.Repeat([]byte{'b'}, 180),
	}
}

func (c *turn) next() {
	c.Now = time.Now()
	c.Input.N++
	c.Since = c.seq
	for i := range c.Events {
		c.seq++
		c.Events[i] = persistence.Event{Seq: c.seq, ID: "0123456789ab", At: c.Now, Body: c.body}
	}
}

func (c *turn) took(res persistence.Result, err error) error {
	if err == nil && res.Outcome != persistence.Committed {
		err = fmt.Errorf("outcome %v", res.Outcome)
	}
	c.Version, c.ProfileVersion = res.Snapshot.Version, res.Snapshot.ProfileVersion
	return err
}

func storeTurns(s *Store, name string) turns {
	c := newTurn(name)
	return func(ctx context.Context) error {
		c.next()
		return c.took(s.Commit(ctx, &c.Commit))
	}
}

// driverTurns gives the same command to go-redis as it is commonly used: what
// differs from storeTurns is the store's own work.
func driverTurns(s *Store, client *redis.Client, name string) turns {
	c := newTurn(name)
	st := s.site(c.Site)
	return func(ctx context.Context) error {
		c.next()
		keys := st.commitKeys(&c.Commit)
		call := scriptCall(s.scripts.commit, keys, s.commitArgs(ctx, st, &c.Commit, false)...)
		call.args[scriptArgs+len(keys)+runArgument] = "bench"
		val, err := client.Do(ctx, call.args...).Result()
		if err != nil {
			return err
		}
		return c.took(decodeResult(&c.Commit, result{val: val}))
	}
}

// floorTurns does a bare EVALSHA through go-redis as it is commonly used.
func floorTurns(c *redis.Client, s *redis.Script, prefix, name string) turns {
	body, state := bytes.Repeat([]byte{'b'}, 180), bytes.Repeat([]byte{'s'}, 400)
	keys := []string{prefix + "{floor}c:" + name, prefix + "{floor}e:" + name}
	v := 0
	return func(ctx context.Context) error {
		got, err := s.Run(ctx, c, keys, v, body, body, state).Slice()
		if err != nil {
			return err
		}
		if got[0] != "OK" {
			return fmt.Errorf("floor: %v", got)
		}
		v++
		return nil
	}
}

// rate runs writers at the same time for d and returns turns a second.
func rate(t testing.TB, writers []turns, d time.Duration) float64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var n atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for _, w := range writers {
		wg.Go(func() {
			for time.Since(start) < d {
				if err := w(ctx); err != nil {
					t.Error(err)
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(start).Seconds()
}

// TestCommitsPerSecond prints commits a second beside two floors, measured one
// after another again and again so that all meet the same machine.
func TestCommitsPerSecond(t *testing.T) {
	rounds, length := 2, 150*time.Millisecond
	if os.Getenv("ZGODA_PROVE") != "" {
		rounds, length = 10, time.Second
	}
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	c := server.Client()
	defer func() { _ = c.Close() }()
	script := redis.NewScript(floorScript)
	if err := storeTurns(s, "first")(t.Context()); err != nil { // connects, and loads the scripts
		t.Fatal(err)
	}
	for _, n := range []int{1, 16, 100} {
		var ours, driver, floor []turns
		for i := range n {
			name := fmt.Sprintf("%d-%d", n, i)
			ours, driver = append(ours, storeTurns(s, name)), append(driver, driverTurns(s, c, "d"+name))
			floor = append(floor, floorTurns(c, script, s.opts.Prefix, name))
		}
		var a, b, f float64
		for range rounds {
			f += rate(t, floor, length)
			b += rate(t, driver, length)
			a += rate(t, ours, length)
		}
		per := float64(rounds)
		t.Logf("concurrency %3d: store %6.0f commits/s; the same command by plain go-redis %6.0f, ratio %.2f; a bare script %6.0f, ratio %.2f",
			n, a/per, b/per, a/b, f/per, a/f)
	}
}
