package redisstore

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"zgoda/persistence/servers"
)

func TestOps(t *testing.T) {
	server := startRedis(t, servers.RedisOptions{})
	c := server.Client()
	defer c.Close()
	ctx := context.Background()
	pad := strings.Repeat("x", 180)
	big := strings.Repeat("y", 400)
	run := func(name, body string) {
		text := "#!lua\nlocal H='<dddddBc0Hc0' local packed=struct.pack(H,1,2,3,1234567890123,1234567890123,12,'abcdefabcdef',5,'epoch') local client='tab' local i=0\nfor k=1,200 do i=k " + body + " end return 1"
		c.ConfigResetStat(ctx)
		for range 100 {
			if err := c.Eval(ctx, text, []string{"{a}1", "{a}2"}, pad, big).Err(); err != nil {
				t.Fatal(name, err)
			}
		}
		info, _ := c.Info(ctx, "commandstats").Result()
		for l := range strings.Lines(info) {
			if strings.HasPrefix(l, "cmdstat_eval:") {
				var n, us int
				fmt.Sscanf(l, "cmdstat_eval:calls=%d,usec=%d", &n, &us)
				t.Logf("%-14s %.2f us", name, float64(us)/float64(n)/200)
			}
		}
	}
	run("empty", "")
	run("closure", "local function f() return packed end")
	run("unpack", "local a,b,c,d,e,f,g,h=struct.unpack(H,packed)")
	run("pack", "local x=struct.pack(H,1,2,3,1234567890123,1234567890123,12,'abcdefabcdef',5,'epoch')")
	run("concat", "local x='m:'..client")
	run("concat big", "local x=packed..ARGV[1]..i")
	run("format", "local x=string.format('%d',i)")
	run("tonumber", "local x=tonumber('1234567890123456')")
	run("hget", "redis.call('HGET',KEYS[1],'h')")
	run("get", "redis.call('GET',KEYS[2])")
	run("hset small", "redis.call('HSET',KEYS[1],'h',packed)")
	run("hset 2", "redis.call('HSET',KEYS[1],'h',packed,'st',ARGV[2])")
	run("hset big new", "redis.call('HSET',KEYS[1],'h',packed..i,'st',ARGV[2]..i)")
	run("hget after", "redis.call('HGET',KEYS[1],'h')")
	run("xadd", "redis.call('XADD',KEYS[2]..'s','*','i','0123456789ab','a','1234567890123456789','b',ARGV[1])")
	run("byte9", "local a,b,c,d,e,f,g,h,i=string.byte('000000000',1,9)")
}
