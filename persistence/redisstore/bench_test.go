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

// A writer makes one turn after another in a conversation of its own.
type turns func(ctx context.Context) error

// storeTurns is the work of a bot turn: an input, two events, a state.
func storeTurns(s *Store, name string) turns {
	body, state := bytes.Repeat([]byte{'b'}, 180), bytes.Repeat([]byte{'s'}, 400)
	digest, answer := bytes.Repeat([]byte{'d'}, 32), bytes.Repeat([]byte{'a'}, 40)
	c := persistence.Commit{
		Key: persistence.Key{Site: "shop", Conversation: "c-" + name}, Visitor: "v-" + name, Epoch: "epoch", State: state, Node: "bench",
		Input: persistence.Input{Client: "tab", Digest: digest, Answer: answer}, Rate: &persistence.Rate{Max: 1 << 30, Window: time.Minute},
		Events: make([]persistence.Event, 2),
	}
	var seq uint64
	return func(ctx context.Context) error {
		c.Now = time.Now()
		c.Input.N++
		for i := range c.Events {
			seq++
			c.Events[i] = persistence.Event{Seq: seq, ID: "0123456789ab", At: c.Now, Body: body}
		}
		c.Since = seq - 2
		res, err := s.Commit(ctx, &c)
		if err != nil {
			return err
		}
		if res.Outcome != persistence.Committed {
			return fmt.Errorf("outcome %v", res.Outcome)
		}
		c.Version, c.ProfileVersion = res.Snapshot.Version, res.Snapshot.ProfileVersion
		return nil
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

// TestCommitsPerSecond prints commits a second beside the floor, measured in
// turns so that both meet the same machine.
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
	for _, n := range []int{1, 16, 100} {
		var ours, floor []turns
		for i := range n {
			name := fmt.Sprintf("%d-%d", n, i)
			ours, floor = append(ours, storeTurns(s, name)), append(floor, floorTurns(c, script, s.opts.Prefix, name))
		}
		var a, b float64
		for range rounds {
			b += rate(t, floor, length)
			a += rate(t, ours, length)
		}
		t.Logf("concurrency %3d: %6.0f commits/s, floor %6.0f, ratio %.2f", n, a/float64(rounds), b/float64(rounds), a/b)
	}
}
