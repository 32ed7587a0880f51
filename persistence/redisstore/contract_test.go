package redisstore

import (
	"fmt"
	"sync/atomic"
	"testing"

	"zgoda/persistence/servers"
	"zgoda/persistence/storetest"
)

// contractSites are the sites that storetest writes to.
var contractSites = []string{"shop", "other", "shop:c-x"}

var prefixes atomic.Int64

// newPrefix keeps the tests that share a server apart.
func newPrefix() string { return fmt.Sprintf("t%d:", prefixes.Add(1)) }

func startRedis(t testing.TB, o servers.RedisOptions) *servers.RedisServer {
	t.Helper()
	s, err := servers.Redis(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stop Redis: %v", err)
		}
	})
	return s
}

func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// backend makes stores that share servers and have a prefix of their own.
func backend(o Options) storetest.ConversationBackend {
	return storetest.ConversationBackend{
		New: func(t *testing.T) storetest.ConversationStore {
			o := o
			o.Prefix, o.Sites = newPrefix(), contractSites
			return open(t, o)
		},
		Reopen: func(t *testing.T, s storetest.ConversationStore) storetest.ConversationStore {
			old := s.(*Store)
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, old.opts)
		},
	}
}

func TestStandaloneContract(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	storetest.Conversations(t, backend(Options{Addrs: []string{server.Addr()}}))
}

func TestClusterContract(t *testing.T) {
	t.Parallel()
	cluster, err := servers.RedisCluster(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Errorf("stop cluster: %v", err)
		}
	})
	storetest.Conversations(t, backend(Options{Addrs: cluster.Addrs(), Mode: Cluster}))
}
