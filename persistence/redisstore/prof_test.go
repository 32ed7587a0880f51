package redisstore

import (
	"fmt"
	"testing"
	"time"

	"zgoda/persistence/servers"
)

func TestProf(t *testing.T) {
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	c := server.Client()
	defer c.Close()
	var ws []turns
	for i := range 64 {
		ws = append(ws, storeTurns(s, fmt.Sprint(i)))
	}
	rate(t, ws, 200*time.Millisecond)
	c.ConfigResetStat(t.Context())
	t.Log(rate(t, ws, 6*time.Second))
	info, _ := c.Info(t.Context(), "commandstats", "cpu").Result()
	t.Log(info)
}
