package redisstore

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

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

// open opens a store that is patient where a test says nothing else: the
// machine may be busy with other tests.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	if o.CommandTimeout == 0 {
		o.CommandTimeout = 10 * time.Second
	}
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

// contract runs every suite on stores that share servers and have a prefix of
// their own.
func contract(t *testing.T, o Options) {
	fresh := func(t *testing.T) *Store {
		o := o
		o.Prefix, o.Sites = newPrefix(), contractSites
		return open(t, o)
	}
	storetest.Conversations(t, storetest.ConversationBackend{
		New: func(t *testing.T) storetest.ConversationStore { return fresh(t) },
		Reopen: func(t *testing.T, s storetest.ConversationStore) storetest.ConversationStore {
			old := s.(*Store)
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			return open(t, old.opts)
		},
	})
	storetest.Nodes(t, storetest.NodesBackend{New: func(t *testing.T) storetest.NodeStore { return fresh(t) }})
	storetest.Timers(t, storetest.TimersBackend{New: func(t *testing.T) storetest.TimerStore { return fresh(t) }})
	storetest.Desk(t, storetest.DeskBackend{New: func(t *testing.T) storetest.DeskStore { return fresh(t) }})
	storetest.Inbox(t, storetest.InboxBackend{New: func(t *testing.T) storetest.InboxStore { return fresh(t) }})
}

func TestStandaloneContract(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	contract(t, Options{Addrs: []string{server.Addr()}})
}

func startCluster(t testing.TB, n int) *servers.Cluster {
	t.Helper()
	cluster, err := servers.RedisCluster(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Errorf("stop cluster: %v", err)
		}
	})
	return cluster
}

func TestClusterContract(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 3)
	contract(t, Options{Addrs: cluster.Addrs(), Mode: Cluster})
}
