package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// underLoad lets several chats insist until enough is called and then checks that
// what was accepted is in the logs once and in order. It returns how many
// commits were accepted and how many of them only a repeat told.
func underLoad(t *testing.T, s *Store, chats int, during func()) (accepted, repeated int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var enough atomic.Bool
	var total, again atomic.Int64
	all := make([]*chat, chats)
	var wg sync.WaitGroup
	for i := range all {
		all[i] = newChat(t, s, "shop", fmt.Sprint(i))
		wg.Go(func() {
			for !enough.Load() {
				outcomes := all[i].insist(ctx)
				total.Add(1)
				if slices.Contains(outcomes, persistence.Duplicate) {
					again.Add(1)
				}
			}
		})
	}
	during()
	enough.Store(true)
	wg.Wait()
	for _, c := range all {
		snap, events := c.load()
		if snap.Seq != c.n || len(events) != int(c.n) {
			t.Errorf("P2: %d inputs were accepted in %s, the log has %d events up to %d", c.n, c.key.Conversation, len(events), snap.Seq)
		}
		for i, e := range events {
			if want := fmt.Sprint("body ", i+1); e.Seq != uint64(i+1) || string(e.Body) != want {
				t.Errorf("P1: event %d of %s is %q with number %d", i, c.key.Conversation, e.Body, e.Seq)
			}
		}
	}
	return int(total.Load()), int(again.Load())
}

// NOSCRIPT is handled: nobody notices that somebody flushes the scripts.
func TestScriptFlushUnderLoad(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	c := server.Client()
	defer func() { _ = c.Close() }()
	n, again := underLoad(t, s, 16, func() {
		for range 40 {
			if err := c.ScriptFlush(t.Context()).Err(); err != nil {
				t.Error(err)
			}
			pause(t.Context(), 10*time.Millisecond)
		}
	})
	t.Logf("%d commits were accepted, %d by a repeat", n, again)
	if again != 0 {
		t.Errorf("a script that is missing did not run, so no outcome is unknown, got %d repeats", again)
	}
}

// P2, P11: Redis stands still under load. What is acknowledged is there, what
// is repeated is found.
func TestFrozenUnderLoad(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), CommandTimeout: 500 * time.Millisecond})
	n, again := underLoad(t, s, 32, func() {
		pause(t.Context(), 100*time.Millisecond)
		if err := server.Freeze(); err != nil {
			t.Error(err)
		}
		pause(t.Context(), 3*time.Second)
		if err := server.Thaw(); err != nil {
			t.Error(err)
		}
		pause(t.Context(), 300*time.Millisecond)
	})
	t.Logf("%d commits were accepted, %d of them by a repeat that was found to be a duplicate", n, again)
}

// P4: Redis is killed under load and comes back with its data.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{AppendOnly: true})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), CommandTimeout: time.Second})
	n, again := underLoad(t, s, 32, func() {
		for range 2 {
			pause(t.Context(), 200*time.Millisecond)
			if err := server.Restart(t.Context(), true); err != nil {
				t.Error(err)
			}
		}
		pause(t.Context(), 200*time.Millisecond)
	})
	t.Logf("%d commits were accepted, %d of them by a repeat that was found to be a duplicate", n, again)
	for _, name := range []string{"0", "31"} {
		c := newChat(t, s, "shop", name)
		if snap, _ := c.load(); snap.Version == 0 {
			t.Errorf("what was accepted must survive, %s is gone", name)
		}
	}
}

// A Redis that comes back empty is seen by the epoch, and profiles that another
// process wrote are in doubt.
func TestRestartedEmptyAndWithData(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{AppendOnly: true})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	c := newChat(t, s, "shop", "a")
	in := c.withRecord(c.say())
	in.Profile = []byte("granted")
	c.commit(in)
	if snap, _ := c.load(); snap.Doubt {
		t.Error("nothing is in doubt while one process answers")
	}
	if err := server.Restart(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	snap, events := c.load()
	if !snap.Doubt || snap.Epoch != c.snap.Epoch || len(events) != 1 || string(snap.Profile) != "granted" {
		t.Errorf("after a restart with its data all is there and the profile is in doubt, got %+v", snap)
	}
	c.commit(c.say())
	if snap, _, err := s.Attach(t.Context(), c.key, persistence.Holder{Node: "n1:1", Count: 1}, persistence.Range{}); err != nil || !snap.Doubt {
		t.Errorf("a commit without the profile leaves it in doubt, got %+v %v", snap, err)
	}
	in = c.say()
	in.Profile = []byte("granted, says a node that has not asked")
	if got, err := c.try(t.Context(), in); err != nil || got != persistence.Stale {
		t.Errorf("a profile in doubt is written by whoever settles it, got %v %v", got, err)
	}
	in = c.say()
	in.Doubt = true
	c.commit(in)
	if snap, _ := c.load(); !snap.Doubt {
		t.Error("what could not be settled stays in doubt")
	}
	in = c.say()
	in.Profile, in.Life = []byte("granted, says the ledger"), snap.Life
	c.commit(in)
	if snap, _ := c.load(); snap.Doubt {
		t.Error("a profile that is committed again is in doubt no more")
	}

	epoch := c.snap.Epoch
	if err := server.Restart(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if top, err := s.Positions(t.Context(), []persistence.Key{c.key}); err != nil || top[0] != (persistence.Position{}) {
		t.Errorf("an empty Redis has no log, got %v %v", top, err)
	}
	again := c.say()
	if got, err := c.try(t.Context(), again); err != nil || got != persistence.NumberGap {
		t.Errorf("what a client counted on before is missing, got %v %v", got, err)
	}
	c.n = 0
	if got, err := c.try(t.Context(), c.say()); err != nil || got != persistence.Stale {
		t.Fatalf("a decision on what was lost is stale, got %v %v", got, err)
	}
	// The ledger says that two records were applied: the numbers go on there.
	in = c.say()
	in.Profile = []byte("from the ledger")
	c.snap.VSeq = 2
	c.commit(c.withRecord(in))
	if snap, _ := c.load(); snap.Epoch == epoch || snap.Epoch == "" || snap.VSeq != 3 || snap.Doubt {
		t.Errorf("a log that begins again has another epoch, and the visitor's numbers go on from the ledger, got %+v", snap)
	}
}

// P4: a replica that lags is promoted. What it did not have is gone, which
// shows in the position; a node that still thinks otherwise cannot write on it.
func TestPromotedReplicaWithLag(t *testing.T) {
	t.Parallel()
	primary := startRedis(t, servers.RedisOptions{})
	replica := startRedis(t, servers.RedisOptions{ReplicaOf: primary.Addr()})
	p := startProxy(t, primary.Addr())
	o := Options{Addrs: []string{p.addr()}, Prefix: newPrefix()}
	safe := o
	safe.Replicas, safe.CommandTimeout = 1, 2*time.Second
	s, confirmed := open(t, o), open(t, safe)

	c := newChat(t, confirmed, "shop", "a")
	in := c.withRecord(c.say())
	in.Profile, in.Safe = []byte("granted"), true
	await(t, "a commit that a replica confirms must be answered", func() bool {
		got, err := c.try(t.Context(), in)
		return err == nil && (got == persistence.Committed || got == persistence.Duplicate)
	})
	c.reload()
	c.s = s
	direct := replica.Client()
	defer func() { _ = direct.Close() }()
	if err := direct.ReplicaOf(t.Context(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	lost := c.say()
	c.commit(lost)
	if err := primary.Freeze(); err != nil {
		t.Fatal(err)
	}
	p.failover(replica.Addr())

	snap, events := c.load()
	if snap.Seq != 1 || len(events) != 1 || snap.Epoch != c.snap.Epoch || !snap.Doubt || string(snap.Profile) != "granted" {
		t.Errorf("the position goes back in the same epoch, what was confirmed is there and is in doubt, got %+v", snap)
	}
	other := newChat(t, s, "shop", "a")
	other.snap, other.n = snap, 1
	other.commit(other.say())
	// Both nodes are now at the second version; the first still holds what was
	// lost.
	late := c.say()
	late.Input.Client = "phone"
	late.Input.N = 1
	if got, err := s.Commit(t.Context(), late); err != nil || got.Outcome != persistence.Stale {
		t.Errorf("a decision on what was lost is stale, even where the numbers are the same again, got %v %v", got.Outcome, err)
	}
}

// Replicas that do not confirm: the outcome is unknown, and a repeat is asked
// to be confirmed too.
func TestUnconfirmed(t *testing.T) {
	t.Parallel()
	primary := startRedis(t, servers.RedisOptions{})
	replica := startRedis(t, servers.RedisOptions{ReplicaOf: primary.Addr()})
	s := open(t, Options{Addrs: []string{primary.Addr()}, Prefix: newPrefix(), Replicas: 1, CommandTimeout: 800 * time.Millisecond})
	c := newChat(t, s, "shop", "a")
	safe := func() *persistence.Commit {
		in := c.say()
		in.Safe = true
		return in
	}
	first := safe()
	await(t, "a safe commit must be answered once the replica follows", func() bool {
		_, err := c.try(t.Context(), first)
		return err == nil
	})
	c.reload()
	if err := replica.Freeze(); err != nil {
		t.Fatal(err)
	}
	in := safe()
	// The repeat comes over another node's connection, which has written
	// nothing: there WAIT alone would confirm falsely.
	other := open(t, s.opts)
	for _, node := range []*Store{s, other} {
		if _, err := node.Commit(t.Context(), in); !errors.Is(err, persistence.ErrUnknown) {
			t.Errorf("a commit that no replica confirmed is unknown, a repeated one too, got %v", err)
		}
	}
	// Whoever decides again sees the state that holds it already, and does not
	// ask to be safe any more.
	plain := *in
	plain.Safe = false
	for _, node := range []*Store{s, other} {
		if _, err := node.Commit(t.Context(), &plain); !errors.Is(err, persistence.ErrUnknown) {
			t.Errorf("a repeat that does not ask is not confirmed either, got %v", err)
		}
	}
	c.reload()
	c.n = in.Input.N
	c.commit(c.say())
	stale := safe()
	stale.Version--
	if got, err := s.Commit(t.Context(), stale); err != nil || got.Outcome != persistence.Stale {
		t.Errorf("what wrote nothing needs nobody's word, got %v %v", got.Outcome, err)
	}
	if err := replica.Thaw(); err != nil {
		t.Fatal(err)
	}
	await(t, "a repeat must be confirmed once the replica is back", func() bool {
		got, err := s.Commit(t.Context(), in)
		return err == nil && got.Outcome == persistence.Duplicate
	})
}

// A server that takes no writes has done nothing.
func TestReadOnlyReplica(t *testing.T) {
	t.Parallel()
	primary := startRedis(t, servers.RedisOptions{})
	replica := startRedis(t, servers.RedisOptions{ReplicaOf: primary.Addr()})
	p := startProxy(t, replica.Addr())
	s := open(t, Options{Addrs: []string{p.addr()}, Prefix: newPrefix()})
	c := newChat(t, s, "shop", "a")
	in := c.say()
	if _, err := c.try(t.Context(), in); !errors.Is(err, persistence.ErrUnavailable) || errors.Is(err, persistence.ErrUnknown) {
		t.Errorf("a replica refuses commits, got %v", err)
	}
	// The address leads to the primary now; the old connection must not be kept.
	p.target.Store(primary.Addr())
	c.commit(in)
}

// One Sentinel, one failover: the store finds the new primary by itself.
func TestSentinelFailover(t *testing.T) {
	t.Parallel()
	primary := startRedis(t, servers.RedisOptions{})
	replica := startRedis(t, servers.RedisOptions{ReplicaOf: primary.Addr(), Extra: []string{"--repl-ping-replica-period", "1"}})
	watcher, err := servers.Sentinel(t.Context(), servers.SentinelOptions{Name: "main", Primary: primary.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = watcher.Stop() })
	s := open(t, Options{
		Addrs: []string{watcher.Addr()}, Mode: Sentinel, MasterName: "main", Prefix: newPrefix(),
		Replicas: 1, CommandTimeout: time.Second, poll: 200 * time.Millisecond,
	})
	e := listen(t, s, "n2:1")
	c := newChat(t, s, "shop", "a")
	in := c.say()
	in.Safe, in.Profile = true, []byte("granted")
	await(t, "a safe commit must be confirmed", func() bool {
		_, err := c.try(t.Context(), in)
		return err == nil
	})
	c.reload()
	direct := watcher.Client()
	defer func() { _ = direct.Close() }()
	await(t, "the Sentinel must know the replica", func() bool {
		info, err := direct.Info(t.Context(), "sentinel").Result()
		return err == nil && strings.Contains(info, "slaves=1")
	})
	heard := e.count(subscribed)
	primary.Kill()
	in = c.say()
	await(t, "the store must find the new primary", func() bool {
		got, err := c.try(t.Context(), in)
		return err == nil && (got == persistence.Committed || got == persistence.Duplicate)
	})
	if snap, events := c.load(); !snap.Doubt || len(events) != 2 || string(snap.Profile) != "granted" {
		t.Errorf("what was confirmed is on the new primary and in doubt, got %+v", snap)
	}
	await(t, "who listens must be subscribed again and know it", func() bool { return e.count(subscribed) > heard })
	_ = replica
}
