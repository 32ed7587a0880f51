package redisstore

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
	"zgoda/persistence/servers"
)

// pipelined, one connection: redis CPU per evalsha
func TestProfX(t *testing.T) {
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	c := server.Client()
	defer c.Close()
	ctx := context.Background()
	cpu := func() float64 {
		info, _ := c.Info(ctx, "cpu").Result()
		var u, y float64
		fmt.Sscan(infoField(info, "used_cpu_user_main_thread"), &u)
		fmt.Sscan(infoField(info, "used_cpu_sys_main_thread"), &y)
		return u + y
	}
	ts := make([]*turn, 300)
	for i := range ts {
		ts[i] = newTurn(fmt.Sprint(i))
	}
	st := s.site("shop")
	storeTurns(s, "x")(ctx)
	v := uint64(0)
	var total float64
	n := 0
	var sums [13]int64
	for round := range 60 {
		p := c.Pipeline()
		for _, c := range ts {
			c.next()
			c.Version = v
			keys := st.commitKeys(&c.Commit)
			call := scriptCall(s.scripts.commit, keys, s.commitArgs(ctx, st, &c.Commit, false)...)
			call.args[scriptArgs+len(keys)+runArgument] = "bench"
			p.Process(ctx, redis.NewCmd(ctx, call.args...))
		}
		b := cpu()
		cmds, err := p.Exec(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if round > 5 {
			total += cpu() - b
			n += len(ts)
		}
		for _, cm := range cmds {
			r := cm.(*redis.Cmd).Val().([]any)
			for i, x := range r[4:] {
				if round > 5 {
					sums[i] += x.(int64)
				}
			}
		}
		if r := cmds[0].(*redis.Cmd).Val().([]any); r[0] != int64(1) {
			t.Fatal(r)
		}
		v++
	}
	for i, x := range sums {
		t.Logf("T%d-T%d %.2f us", i, i+1, float64(x)/float64(n))
	}
	t.Logf("%.2f us", total/float64(n)*1e6)
}
