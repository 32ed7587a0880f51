package redisstore

import (
	"context"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"zgoda/persistence/servers"
)

func TestLua(t *testing.T) {
	server := startRedis(t, servers.RedisOptions{})
	c := server.Client()
	defer c.Close()
	ctx := context.Background()
	pad := strings.Repeat("x", 200)
	keys := []string{"z:{shop}c:abcdefghijkl", "z:{shop}e:abcdefghijkl", "z:{shop}i:abcdefghijkl", "z:{shop}p:abcdefghijkl", "z:{shop}o:abcdefghijkl", "z:{shop}h:abcdefghijkl"}
	args := []any{}
	for range 24 {
		args = append(args, "1234567")
	}
	args = append(args, pad+pad, "", "", "shop", "", "", "idid", "1234567890123456789", pad, "idid", "1234567890123456789", pad)
	run := func(name, text string, n int) {
		sha, err := c.ScriptLoad(ctx, text).Result()
		if err != nil {
			t.Fatal(name, err)
		}
		c.ConfigResetStat(ctx)
		for range 40 {
			p := c.Pipeline()
			for range 500 {
				p.EvalSha(ctx, sha, keys, args[:n]...)
			}
			if _, err := p.Exec(ctx); err != nil && err != redis.Nil {
				t.Fatal(name, err)
			}
		}
		info, _ := c.Info(ctx, "commandstats").Result()
		for l := range strings.Lines(info) {
			if strings.Contains(l, "evalsha") {
				t.Log(name, l)
			}
		}
	}
	all := len(args)
	run("return 1, no args", "return 1", 0)
	run("return 1", "return 1", all)
	run("return 1 shebang", "#!lua\nreturn 1", all)
	locals := "local a,b,c,d,e,f,g = ARGV[1],ARGV[2],ARGV[3],ARGV[4],ARGV[5],ARGV[6],ARGV[7]\n"
	run("locals", "#!lua\n"+locals+"return 1", all)
	run("funcs", "#!lua\nlocal function a() end local function b() end local function c() end local function d() end local function e() end return 1", all)
	run("1 get", "#!lua\nredis.call('GET', KEYS[1]) return 1", all)
	run("4 get", "#!lua\nredis.call('GET', KEYS[1]) redis.call('GET', KEYS[1]) redis.call('GET', KEYS[1]) redis.call('GET', KEYS[1]) return 1", all)
	run("1 xadd", "#!lua\nredis.call('XADD', KEYS[2], '*', 'b', ARGV[33]) return 1", all)
	run("3 xadd", "#!lua\nredis.call('XADD', KEYS[2], '*', 'b', ARGV[33]) redis.call('XADD', KEYS[2], '*', 'b', ARGV[33])redis.call('XADD', KEYS[2], '*', 'b', ARGV[33])return 1", all)
	run("1 hset", "#!lua\nredis.call('HSET', KEYS[3], 'b', ARGV[33]) return 1", all)
	run("match8", "#!lua\nlocal a,b,c,d,e,f,g,h = string.match('12 12 12 1234567890123 1234567890123 abcdefghijkl 12:abcdefghijklv-1234556767', '^(%d+) (%d+) (%d+) (%d+) (%d+) (%S+) (%d+):(.*)$') return 1", all)
	run("format", "#!lua\nlocal a = string.format('%d %d %d %d %d ', 12, 12, 12, 1234567890123, 1234567890123) .. 'abcdef' .. ' ' return 1", all)
	run("reply", "#!lua\nreturn {1,'12','13','abcdefghi'}", all)
}
