package redisstore

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// A dead node's entries vanish, a living one's are renewed, and one that was
// only paused is entered again by its beat.
func TestHoldersArePruned(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), holderLife: 400 * time.Millisecond})
	direct := server.Client()
	defer func() { _ = direct.Close() }()
	c := newChat(t, s, "shop", "a")
	c.commit(c.say())
	paused, living := listen(t, s, "paused:1"), listen(t, s, "living:1")
	holder := func(node string) persistence.Holder { return persistence.Holder{Node: node, Count: 1} }
	for _, node := range []string{"paused:1", "living:1", "dead:1"} {
		if _, _, err := s.Attach(t.Context(), c.key, holder(node), persistence.Range{}); err != nil {
			t.Fatal(err)
		}
	}
	holders := func() string {
		list, err := direct.Get(t.Context(), s.site("shop").holders+c.key.Conversation).Result()
		if err != nil && err != redis.Nil {
			t.Fatal(err)
		}
		return list
	}
	await(t, "the entries that nobody renews must go", func() bool {
		if _, err := s.Beat(t.Context(), holder("living:1"), []persistence.Key{c.key}); err != nil {
			t.Fatal(err)
		}
		list := holders()
		return strings.Contains(list, "living:1") && !strings.Contains(list, "dead:1") && !strings.Contains(list, "paused:1")
	})
	c.commit(c.say())
	await(t, "a node that beats must be told", func() bool { return living.count(told) == 1 })
	if n := paused.count(told); n != 0 {
		t.Errorf("a node whose entry is gone is told nothing, it heard %d", n)
	}
	if top, err := s.Beat(t.Context(), holder("paused:1"), []persistence.Key{c.key}); err != nil || top[0].Seq != 2 {
		t.Errorf("the beat of a node that was paused shows it what it missed, got %v %v", top, err)
	}
	c.commit(c.say())
	await(t, "a node that was entered again must be told", func() bool { return paused.count(told) == 1 })
	await(t, "without beats the whole list must go", func() bool { return holders() == "" })
}

// A commit drops the entries of dead nodes too.
func TestCommitPrunesHolders(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), holderLife: time.Minute})
	direct := server.Client()
	defer func() { _ = direct.Close() }()
	c := newChat(t, s, "shop", "a")
	key := s.site("shop").holders + c.key.Conversation
	now := time.Now().UnixMilli()
	list := fmt.Sprintf("dead:1 1 %d\nn1:1 1 %d\nliving:1 7 %d\n", now-70_000, now-70_000, now)
	if err := direct.Set(t.Context(), key, list, time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	c.commit(c.say())
	got := direct.Get(t.Context(), key).Val()
	if want := fmt.Sprintf("n1:1 1 %d\nliving:1 7 %d\n", now-70_000, now); got != want {
		t.Errorf("a commit drops dead nodes and no other, not the committing one either, got %q, want %q", got, want)
	}
	if ttl := direct.PTTL(t.Context(), key).Val(); ttl <= 0 {
		t.Errorf("the list keeps its lifetime, got %v", ttl)
	}
}

// Listening outlives a restart and says that something may have been missed.
func TestListenOutlivesRestart(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{AppendOnly: true})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), poll: 100 * time.Millisecond, CommandTimeout: time.Second})
	e := listen(t, s, "n2:1")
	c := newChat(t, s, "shop", "a")
	h := persistence.Holder{Node: "n2:1", Count: 1}
	for range 2 {
		if _, err := s.Beat(t.Context(), h, []persistence.Key{c.key}); err != nil {
			t.Fatal(err)
		}
		// The driver may have subscribed again before the watch saw that another
		// process answers: then there is one more subscription, and it is said.
		heard := e.count(told)
		await(t, "what is committed must be told", func() bool {
			c.commit(c.say())
			pause(t.Context(), 20*time.Millisecond)
			return e.count(told) > heard
		})
		before := e.count(subscribed)
		if err := server.Restart(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		await(t, "the node must be subscribed again and know it", func() bool { return e.count(subscribed) > before })
	}
	await(t, "a probe must come back", func() bool {
		if err := s.Probe(t.Context(), "n2:1", "there?"); err != nil {
			return false
		}
		return e.count(func(n persistence.News) bool { return n.Probe == "there?" }) > 0
	})
}

// A subscription that stands still is noticed by nobody else: no message comes
// and no error.
func TestListenNoticesSilence(t *testing.T) {
	t.Parallel()
	p := startProxy(t, startRedis(t, servers.RedisOptions{}).Addr())
	s := open(t, Options{Addrs: []string{p.addr()}, Prefix: newPrefix(), CommandTimeout: 300 * time.Millisecond})
	e := listen(t, s, "n1:1")
	before := e.count(subscribed)
	p.mute.Store(true)
	pause(t.Context(), quiet+time.Second)
	p.mute.Store(false)
	await(t, "a subscription that is not answered must be made anew", func() bool { return e.count(subscribed) > before })
}

// Close ends a Listen that its owner did not end.
func TestCloseEndsListen(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s, err := New(t.Context(), Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	var heard atomic.Int64
	go func() {
		done <- s.Listen(context.Background(), "n1:1", func(persistence.News) { heard.Add(1) })
	}()
	await(t, "the node must be subscribed", func() bool { return heard.Load() > 0 })
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("who listens on a closed store must be told")
	}
	c := newChat(t, s, "shop", "a")
	if _, err := c.try(t.Context(), c.say()); err == nil {
		t.Error("a closed store must refuse")
	}
}

// Everything of a site is in one slot, and names that hold braces cannot leave
// it or meet another's.
func TestOneSlotPerSite(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 3)
	s := open(t, Options{Addrs: cluster.Addrs(), Mode: Cluster, Prefix: newPrefix()})
	sites := []string{"shop", "other", "a}b", "a", "{a}", "%7D", "}"}
	slots := map[int64]string{}
	for _, site := range sites {
		c := newChat(t, s, site, "x}y{z")
		for i := range 2 {
			in := c.withRecord(c.say())
			in.Profile, in.Contact = []byte("p"), []byte("c")
			in.Timers = []persistence.TimerChange{{Name: "idle", Due: c.now}}
			in.Inbox = &persistence.InboxRow{Body: fmt.Append(nil, "row ", i)}
			c.commit(in)
		}
		h := persistence.Holder{Node: "n1:1", Count: 1}
		if _, _, err := s.Attach(t.Context(), c.key, h, persistence.Range{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Watch(t.Context(), site, h); err != nil {
			t.Fatal(err)
		}
	}
	direct := cluster.Nodes[0].Client()
	defer func() { _ = direct.Close() }()
	bySite := map[string]int{}
	for _, node := range cluster.Nodes {
		c := node.Client()
		for _, key := range allKeys(t, c, s.opts.Prefix) {
			slot := direct.ClusterKeySlot(t.Context(), key).Val()
			tag, _, _ := strings.Cut(key[len(s.opts.Prefix):], "}")
			bySite[tag]++
			if other, taken := slots[slot]; taken && other != tag {
				t.Logf("sites %s and %s share slot %d", other, tag, slot)
			}
			slots[slot] = tag
			if want := direct.ClusterKeySlot(t.Context(), tag+"}").Val(); slot != want {
				t.Errorf("%s is in slot %d, its site in %d", key, slot, want)
			}
		}
		_ = c.Close()
	}
	if len(bySite) != len(sites) {
		t.Errorf("%d sites must have names of their own, got %v", len(sites), bySite)
	}
	for tag, n := range bySite {
		if n != 13 {
			t.Errorf("site %s must have all of its 13 keys in its slot, got %d", tag, n)
		}
	}
}

// P11: a site's slot moves to another primary. While it does, commits are
// refused as unavailable or go through; nothing is lost, and then all goes on.
func TestSlotMoves(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 3)
	s := open(t, Options{Addrs: cluster.Addrs(), Mode: Cluster, Prefix: newPrefix(), CommandTimeout: 2 * time.Second})
	warm := newChat(t, s, "shop", "warm")
	warm.commit(warm.say())
	w, err := s.owner(t.Context(), s.site("shop"))
	if err != nil {
		t.Fatal(err)
	}
	var from, to *servers.RedisServer
	for _, n := range cluster.Nodes {
		if n.Addr() == w.plain.dial.Addr {
			from = n
		} else {
			to = n
		}
	}
	n, again := underLoad(t, s, 8, func() {
		pause(t.Context(), 100*time.Millisecond)
		moveSlot(t, cluster, s.site("shop").base, from, to)
		pause(t.Context(), 300*time.Millisecond)
	})
	t.Logf("%d commits were accepted while the slot moved, %d by a repeat", n, again)
	if now, err := s.owner(t.Context(), s.site("shop")); err != nil || now.plain.dial.Addr != to.Addr() {
		t.Errorf("the store must have followed the slot to %s, got %v", to.Addr(), err)
	}
	if snap, _ := warm.load(); !snap.Doubt {
		t.Error("another process holds the profile now: it is in doubt")
	}
}

// moveSlot moves a slot as redis-cli does.
func moveSlot(t *testing.T, cluster *servers.Cluster, key string, from, to *servers.RedisServer) {
	t.Helper()
	a, b := from.Client(), to.Client()
	defer func() { _, _ = a.Close(), b.Close() }()
	ctx := t.Context()
	slot := int(a.ClusterKeySlot(ctx, key).Val())
	do := func(c *redis.Client, args ...any) {
		t.Helper()
		if err := c.Do(ctx, args...).Err(); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
	idA, idB := a.Do(ctx, "cluster", "myid").Val(), b.Do(ctx, "cluster", "myid").Val()
	do(b, "cluster", "setslot", slot, "importing", idA)
	do(a, "cluster", "setslot", slot, "migrating", idB)
	host, port, _ := strings.Cut(to.Addr(), ":")
	for {
		keys := a.ClusterGetKeysInSlot(ctx, slot, 10).Val()
		if len(keys) == 0 {
			break
		}
		args := []any{"migrate", host, port, "", 0, 5000, "keys"}
		for _, k := range keys {
			args = append(args, k)
		}
		do(a, args...)
	}
	do(b, "cluster", "setslot", slot, "node", idB)
	do(a, "cluster", "setslot", slot, "node", idB)
	for _, n := range cluster.Nodes {
		if n != from && n != to {
			c := n.Client()
			do(c, "cluster", "setslot", slot, "node", idB)
			_ = c.Close()
		}
	}
}

// P11: a primary of the Cluster dies and comes back. Its sites wait, who listens
// is heard again, and all goes on by itself.
func TestClusterNodeDies(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 3)
	s := open(t, Options{Addrs: cluster.Addrs(), Mode: Cluster, Prefix: newPrefix(), CommandTimeout: time.Second, poll: 100 * time.Millisecond})
	c := newChat(t, s, "shop", "a")
	c.commit(c.say())
	e := listen(t, s, "n2:1")
	w, err := s.owner(t.Context(), s.site("shop"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range cluster.Nodes {
		if n.Addr() != w.plain.dial.Addr {
			continue
		}
		n.Kill()
		if _, err := c.try(t.Context(), c.say()); err == nil {
			t.Error("nothing can be committed where the primary is gone")
		}
		if err := s.Probe(t.Context(), "n2:1", "there?"); err != nil {
			t.Errorf("a probe goes over any primary: %v", err)
		}
		if err := n.Restart(t.Context(), true); err != nil {
			t.Fatal(err)
		}
	}
	fresh := newChat(t, s, "shop", "b")
	in := fresh.say()
	await(t, "commits must go on when the primary is back", func() bool {
		got, err := fresh.try(t.Context(), in)
		return err == nil && (got == persistence.Committed || got == persistence.Duplicate)
	})
	fresh.reload()
	heard := e.count(told)
	await(t, "who listens must be told again", func() bool {
		if _, err := s.Beat(t.Context(), persistence.Holder{Node: "n2:1", Count: 1}, []persistence.Key{fresh.key}); err != nil {
			return false
		}
		if _, err := fresh.try(t.Context(), fresh.say()); err != nil {
			return false
		}
		pause(t.Context(), 20*time.Millisecond)
		return e.count(told) > heard
	})
}
