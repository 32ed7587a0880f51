package redisstore

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"zgoda/persistence"
	"zgoda/persistence/servers"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	bad := startRedis(t, servers.RedisOptions{Extra: []string{"--maxmemory-policy", "allkeys-lru"}})
	good := startRedis(t, servers.RedisOptions{
		AppendOnly: true, Extra: []string{"--appendfsync", "everysec", "--maxmemory", "1gb", "--maxmemory-policy", "noeviction"},
	})
	replica := startRedis(t, servers.RedisOptions{ReplicaOf: good.Addr()})
	check := func(o Options, want ...string) Health {
		t.Helper()
		s := open(t, o)
		h, err := s.Health(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(h.Warnings) != len(want) {
			t.Errorf("want warnings of %q, got %q", want, h.Warnings)
		}
		for _, w := range want {
			if !slices.ContainsFunc(h.Warnings, func(have string) bool { return strings.Contains(have, w) }) {
				t.Errorf("want a warning of %q, got %q", w, h.Warnings)
			}
		}
		return h
	}
	check(Options{Addrs: []string{bad.Addr()}, Replicas: 2},
		"nothing is written to disk", "maxmemory-policy is allkeys-lru", "maxmemory is not set", "0 of the 2 replicas")
	direct := good.Client()
	defer func() { _ = direct.Close() }()
	await(t, "the replica must follow", func() bool {
		return strings.Contains(direct.Info(t.Context(), "replication").Val(), "connected_slaves:1")
	})
	check(Options{Addrs: []string{good.Addr()}, Replicas: 1}, "min-replicas-to-write is 0")
	if err := direct.ConfigSet(t.Context(), "min-replicas-to-write", "1").Err(); err != nil {
		t.Fatal(err)
	}
	h := check(Options{Addrs: []string{good.Addr()}, Replicas: 1})
	p := h.Primaries[0]
	if len(h.Primaries) != 1 || !p.AppendOnly || p.Sync != "everysec" || p.Policy != "noeviction" || p.Max != 1<<30 ||
		p.Used == 0 || p.Replicas != 1 || p.MinReplicas != 1 || p.Version == "" || len(p.RunID) != 40 || p.Full {
		t.Errorf("health must say what Redis promises, got %+v", p)
	}
	check(Options{Addrs: []string{good.Addr()}}, "none has to confirm", "synced once a second")
	_ = replica
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]Options{
		"no address":      {},
		"unknown mode":    {Addrs: []string{"x:1"}, Mode: "ring"},
		"no master name":  {Addrs: []string{"x:1"}, Mode: Sentinel},
		"database":        {Addrs: []string{"x:1"}, Mode: Cluster, DB: 1},
		"prefix":          {Addrs: []string{"x:1"}, Prefix: "a{b}"},
		"quote in prefix": {Addrs: []string{"x:1"}, Prefix: "a'b"},
		"transcript":      {Addrs: []string{"x:1"}, Transcript: 1},
		"negative":        {Addrs: []string{"x:1"}, Replicas: -1},
		"URL":             {URL: "http://x"},
	} {
		if _, err := New(t.Context(), o); err == nil || errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := New(t.Context(), Options{Addrs: []string{"127.0.0.1:1"}}); !errors.Is(err, persistence.ErrUnavailable) {
		t.Errorf("a Redis that is away is unavailable, got %v", err)
	}
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{URL: "redis://" + server.Addr() + "/3", Prefix: newPrefix()})
	c := newChat(t, s, "shop", "a")
	c.commit(c.say())
	direct := redis.NewClient(&redis.Options{Addr: server.Addr(), DB: 3})
	defer func() { _ = direct.Close() }()
	if len(allKeys(t, direct, s.opts.Prefix)) == 0 {
		t.Error("a URL names the database too")
	}
}

// A reply of Redis that is an error.
type reply string

func (r reply) Error() string { return string(r) }
func (reply) RedisError()     {}

func TestErrorsAreClassified(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection reset")
	tests := []struct {
		err  error
		want error // nil: a defect
	}{
		{&outage{cause: broken}, persistence.ErrUnavailable},
		{&outage{sent: true, cause: broken}, persistence.ErrUnknown},
		{reply("OOM command not allowed when used memory > 'maxmemory'."), persistence.ErrFull},
		{reply("READONLY You can't write against a read only replica."), persistence.ErrUnavailable},
		{reply("LOADING Redis is loading the dataset in memory"), persistence.ErrUnavailable},
		{reply("CLUSTERDOWN Hash slot not served"), persistence.ErrUnavailable},
		{reply("TRYAGAIN Multiple keys request during rehashing of slot"), persistence.ErrUnavailable},
		{reply("MASTERDOWN Link with MASTER is down"), persistence.ErrUnavailable},
		{reply("MISCONF Redis is configured to save RDB snapshots"), persistence.ErrUnavailable},
		{reply("NOREPLICAS Not enough good replicas to write."), persistence.ErrUnavailable},
		{reply("MOVED 1 127.0.0.1:1"), persistence.ErrUnavailable},
		{reply("ASK 1 127.0.0.1:1"), persistence.ErrUnavailable},
		{reply("WRONGTYPE Operation against a key"), nil},
		{errClosed, persistence.ErrUnavailable},
	}
	kinds := []error{persistence.ErrUnavailable, persistence.ErrUnknown, persistence.ErrFull}
	for _, tt := range tests {
		got := commitError(tt.err)
		for _, kind := range kinds {
			want := tt.want != nil && errors.Is(tt.want, kind)
			if errors.Is(got, kind) != want {
				t.Errorf("%v: is %v: %v, want %v", tt.err, kind, !want, want)
			}
		}
		if read := storeError("read", tt.err); errors.Is(read, persistence.ErrUnknown) {
			t.Errorf("only a commit's outcome can be unknown, got %v", read)
		}
	}
}

// A disk that cannot be written to stops writes, and is told from a defect.
func TestMisconfigured(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{Extra: []string{"--min-replicas-to-write", "1"}})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	c := newChat(t, s, "shop", "a")
	in := c.say()
	if _, err := c.try(t.Context(), in); !errors.Is(err, persistence.ErrUnavailable) || errors.Is(err, persistence.ErrUnknown) {
		t.Errorf("a primary without its replicas takes nothing, got %v", err)
	}
	direct := server.Client()
	defer func() { _ = direct.Close() }()
	if err := direct.ConfigSet(t.Context(), "min-replicas-to-write", "0").Err(); err != nil {
		t.Fatal(err)
	}
	c.commit(in)
}

func FuzzNews(f *testing.F) {
	f.Add(framed("p", "probe"))
	f.Add(framed("c", "shop", "c", "v", "2", "e", "3", "1", "1", "1", "0", "100000000", "state", "", "", "1", "id", "5", "body"))
	f.Add(framed("i", "shop", "c", "7", "r", "row", "epoch"))
	f.Fuzz(func(_ *testing.T, payload string) {
		_, _ = decodeNews(payload) // it must return
	})
}
