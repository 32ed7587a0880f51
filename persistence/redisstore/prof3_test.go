package redisstore

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"zgoda/persistence"
	"zgoda/persistence/servers"
)

func floorCPU(t *testing.T, c *redis.Client) {
	before := cpu(c)
	script := redis.NewScript(floorScript)
	var wg sync.WaitGroup
	for w := range 32 {
		wg.Go(func() {
			f := floorTurns(c, script, "f", fmt.Sprint(w))
			for range 600 {
				if err := f(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("floor %.1f us", (cpu(c)-before)/19200*1e6)
}

func TestParts(t *testing.T) {
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	c := server.Client()
	defer c.Close()
	run := func(name string, mod func(*persistence.Commit)) {
		before := cpu(c)
		var wg sync.WaitGroup
		for w := range 32 {
			wg.Go(func() {
				cm := persistence.Commit{
					Key: persistence.Key{Site: "shop", Conversation: fmt.Sprint("c", name, w)}, Visitor: fmt.Sprint("v", name, w), Epoch: "epoch", Now: time.Now(),
					Input: persistence.Input{Client: "tab", Digest: make([]byte, 32), Answer: make([]byte, 40)}, Node: "bench",
				}
				seq := uint64(0)
				for i := range 600 {
					cm.Input.N++
					cm.Events = nil
					mod(&cm)
					for k := range cm.Events {
						seq++
						cm.Events[k].Seq = seq
					}
					res, err := s.Commit(context.Background(), &cm)
					if err != nil || i == 0 && res.Outcome != persistence.Committed {
						t.Error(err, res)
						return
					}
					cm.Version, cm.ProfileVersion = res.Snapshot.Version, res.Snapshot.ProfileVersion
				}
			})
		}
		wg.Wait()
		t.Logf("%-20s %.1f us cpu", name, (cpu(c)-before)/19200*1e6)
	}
	body := make([]byte, 180)
	state := make([]byte, 400)
	ev := func(n int) []persistence.Event {
		out := make([]persistence.Event, n)
		for i := range out {
			out[i] = persistence.Event{ID: "0123456789ab", At: time.Now(), Body: body}
		}
		return out
	}
	floorCPU(t, c)
	run("dup", func(c *persistence.Commit) { c.Input.N = 1 })
	run("input only", func(c *persistence.Commit) {})
	run("input+rate", func(c *persistence.Commit) { c.Rate = &persistence.Rate{Max: 1 << 30, Window: time.Minute} })
	run("state", func(c *persistence.Commit) { c.State = state })
	run("state+1ev", func(c *persistence.Commit) { c.State = state; c.Events = ev(1) })
	run("state+2ev", func(c *persistence.Commit) { c.State = state; c.Events = ev(2) })
	run("state+2ev+rate", func(c *persistence.Commit) {
		c.State = state
		c.Events = ev(2)
		c.Rate = &persistence.Rate{Max: 1 << 30, Window: time.Minute}
	})
}

func cpu(c *redis.Client) float64 {
	info, _ := c.Info(context.Background(), "cpu").Result()
	var u, y float64
	fmt.Sscan(infoField(info, "used_cpu_user_main_thread"), &u)
	fmt.Sscan(infoField(info, "used_cpu_sys_main_thread"), &y)
	return u + y
}
