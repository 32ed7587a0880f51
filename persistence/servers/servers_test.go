package servers

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// soon is the deadline of a question to a server that does not answer.
const soon = 300 * time.Millisecond

func stopped(t *testing.T, stop func() error, dir string) {
	t.Helper()
	t.Cleanup(func() {
		if err := errors.Join(stop(), stop()); err != nil {
			t.Errorf("stop: %v", err)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("Stop must remove the server's folder, got %v", err)
		}
	})
}

func TestRedis(t *testing.T) {
	t.Parallel()
	s, err := Redis(t.Context(), RedisOptions{AppendOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, s.Stop, s.Dir())
	c := s.Client()
	defer func() { _ = c.Close() }()
	ask := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), soon)
		defer cancel()
		return c.Get(ctx, "k").Err()
	}
	if err := c.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.Freeze(); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err == nil {
		t.Error("a frozen server must not answer")
	}
	if err := s.Thaw(); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Get(t.Context(), "k").Result(); err != nil || got != "v" {
		t.Errorf("a thawed server must answer, got %q %v", got, err)
	}
	s.Kill()
	if err := ask(); err == nil {
		t.Error("a killed server must not answer")
	}
	if err := s.Freeze(); !errors.Is(err, errNotRunning) {
		t.Errorf("a killed server cannot be frozen, got %v", err)
	}
	for _, keep := range []bool{true, false} {
		if err := s.Restart(t.Context(), keep); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Get(t.Context(), "k").Result(); keep != (got == "v") || !keep && !errors.Is(err, redis.Nil) {
			t.Errorf("restart with data %v: got %q %v", keep, got, err)
		}
	}
}

func TestRedisReplica(t *testing.T) {
	t.Parallel()
	primary, err := Redis(t.Context(), RedisOptions{})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, primary.Stop, primary.Dir())
	replica, err := Redis(t.Context(), RedisOptions{ReplicaOf: primary.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, replica.Stop, replica.Dir())
	sentinel, err := Sentinel(t.Context(), SentinelOptions{Name: "main", Primary: primary.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, sentinel.Stop, sentinel.Dir())

	c := primary.Client()
	defer func() { _ = c.Close() }()
	await(t, "the replica must follow its primary", func() bool {
		p := c.Pipeline()
		p.Set(t.Context(), "k", "v", 0)
		n := p.Do(t.Context(), "WAIT", 1, 100)
		_, err := p.Exec(t.Context())
		got, _ := n.Int()
		return err == nil && got == 1
	})
	asked := redis.NewSentinelClient(&redis.Options{Addr: sentinel.Addr()})
	defer func() { _ = asked.Close() }()
	if got, err := asked.GetMasterAddrByName(t.Context(), "main").Result(); err != nil || len(got) != 2 || got[0]+":"+got[1] != primary.Addr() {
		t.Errorf("the Sentinel must know its primary, got %v %v", got, err)
	}
}

func TestRedisCluster(t *testing.T) {
	t.Parallel()
	cluster, err := RedisCluster(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, cluster.Stop, cluster.Nodes[0].Dir())
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: cluster.Addrs()})
	defer func() { _ = c.Close() }()
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		if err := c.Set(t.Context(), key, key, 0).Err(); err != nil {
			t.Errorf("every slot must be served, got %v", err)
		}
	}
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	s, err := Postgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stopped(t, s.Stop, s.dir)
	do := func(ctx context.Context, query string) error {
		c, err := pgx.Connect(ctx, s.DSN())
		if err != nil {
			return err
		}
		defer func() { _ = c.Close(context.WithoutCancel(ctx)) }()
		_, err = c.Exec(ctx, query)
		return err
	}
	if err := do(t.Context(), "CREATE TABLE kept (n int)"); err != nil {
		t.Fatal(err)
	}
	if err := s.Freeze(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := do(ctx, "SELECT 1"); err == nil {
		t.Error("a frozen server must not answer")
	}
	if err := s.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := do(t.Context(), "SELECT * FROM kept"); err != nil {
		t.Errorf("a thawed server must answer: %v", err)
	}
	s.Kill()
	if err := do(t.Context(), "SELECT 1"); err == nil {
		t.Error("a killed server must not answer")
	}
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := do(t.Context(), "SELECT * FROM kept"); err != nil {
		t.Errorf("a restarted server must have its data: %v", err)
	}
}

// await polls a condition of a real process.
func await(t *testing.T, sentence string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); <-tick.C {
		if holds() {
			return
		}
	}
	t.Error(sentence)
}
