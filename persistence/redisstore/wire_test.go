package redisstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// P2: a bot turn is one round trip, whatever it changes.
func TestOneRoundTrip(t *testing.T) {
	t.Parallel()
	p := startProxy(t, startRedis(t, servers.RedisOptions{}).Addr())
	s := open(t, Options{Addrs: []string{p.addr()}, Prefix: newPrefix(), poll: time.Hour})
	e := newChat(t, s, "shop", "other")
	e.commit(e.say()) // connects
	c := newChat(t, s, "shop", "a")
	count := func(what string, want int64, do func()) {
		t.Helper()
		before := p.turns.Load()
		do()
		if got := p.turns.Load() - before; got != want {
			t.Errorf("%s must be %d round trip(s), was %d", what, want, got)
		}
	}
	h := persistence.Holder{Node: "n2:1", Count: 1}
	count("an attachment", 1, func() {
		if _, _, err := s.Attach(t.Context(), c.key, h, persistence.Range{Limit: 10}); err != nil {
			t.Error(err)
		}
	})
	first := c.say()
	count("a first commit", 1, func() { c.commit(first) })
	in := c.withRecord(c.say())
	in.Profile, in.Contact, in.Safe, in.Rate = []byte("p"), []byte("c"), true, &persistence.Rate{Max: 100, Window: time.Minute}
	in.Timers = []persistence.TimerChange{{Name: "idle", Due: c.now}}
	in.Inbox = &persistence.InboxRow{Conversation: c.key.Conversation, Body: []byte("row")}
	count("a commit of everything", 1, func() { c.commit(in) })
	count("a repeat", 1, func() {
		if got, err := s.Commit(t.Context(), first); err != nil || got.Outcome != persistence.Duplicate {
			t.Error(got.Outcome, err)
		}
	})
	stale := c.say()
	stale.Version = 1
	count("a stale commit with all that is missed", 1, func() {
		got, err := s.Commit(t.Context(), stale)
		if err != nil || got.Outcome != persistence.Stale || string(got.Snapshot.Contact) != "c" {
			t.Error(got, err)
		}
	})
	count("a load", 1, func() { c.load() })
	keys := make([]persistence.Key, readChunk)
	for i := range keys {
		keys[i] = persistence.Key{Site: "shop", Conversation: fmt.Sprint(i)}
	}
	count("a beat for a hundred conversations", 1, func() {
		if _, err := s.Beat(t.Context(), h, keys); err != nil {
			t.Error(err)
		}
	})
	erase := c.withRecord(c.say())
	erase.Erase, erase.Events, erase.State = true, nil, nil
	count("an erasure", 1, func() { c.commit(erase) })
}

// P11: a caller's deadline holds while its commit waits, and the error tells
// whether it may have been sent.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), CommandTimeout: time.Second, poll: time.Hour})
	warm := newChat(t, s, "shop", "warm")
	warm.commit(warm.say())
	if err := server.Freeze(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Thaw() }()
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := warm.try(t.Context(), warm.say()); !errors.Is(err, persistence.ErrUnknown) {
			t.Errorf("a commit that was sent and not answered is unknown, got %v", err)
		}
	})
	lane := s.only.plain
	await(t, "the first commit must be on its way", func() bool {
		lane.mu.Lock()
		defer lane.mu.Unlock()
		return lane.flying == 1
	})
	// The second connection gets no greeting, so nothing else is sent.
	const callers, deadline = 50, 100 * time.Millisecond
	for i := range callers {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			c := newChat(t, s, "shop", fmt.Sprint(i))
			in := c.say()
			start := time.Now()
			_, err := c.try(ctx, in)
			if took := time.Since(start); took > deadline+500*time.Millisecond {
				t.Errorf("a deadline of %v was overstayed: %v", deadline, took)
			}
			if !errors.Is(err, persistence.ErrUnavailable) || errors.Is(err, persistence.ErrUnknown) {
				t.Errorf("a commit that was never sent is unavailable, got %v", err)
			}
		})
	}
	wg.Wait()
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	c := newChat(t, s, "shop", "cancelled")
	if _, err := c.try(cancelled, c.say()); !errors.Is(err, persistence.ErrUnavailable) {
		t.Errorf("a context that is over sends nothing, got %v", err)
	}
}

// P2, P11: what timed out may have run, and nobody is told more than is known.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	p := startProxy(t, startRedis(t, servers.RedisOptions{}).Addr())
	s := open(t, Options{Addrs: []string{p.addr()}, Prefix: newPrefix(), CommandTimeout: time.Second})
	c := newChat(t, s, "shop", "a")
	c.commit(c.say())
	in := c.say()
	p.mute.Store(true)
	if _, err := c.try(t.Context(), in); !errors.Is(err, persistence.ErrUnknown) {
		t.Errorf("an answer that was lost is an unknown outcome, got %v", err)
	}
	p.mute.Store(false)
	await(t, "a repeat of a commit that ran is a duplicate", func() bool {
		got, err := c.try(t.Context(), in)
		return err == nil && got == persistence.Duplicate
	})
	if snap, events := c.load(); snap.Seq != 2 || len(events) != 2 {
		t.Errorf("it must be in the log once, got seq %d and %d events", snap.Seq, len(events))
	}
}

// A Redis that was restarted while nothing was said is found before the next
// commit is sent, not by it.
func TestIdleConnectionIsLookedAt(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	p := startProxy(t, server.Addr())
	s := open(t, Options{Addrs: []string{p.addr()}, Prefix: newPrefix()})
	c := newChat(t, s, "shop", "a")
	c.commit(c.say())
	p.cut()
	pause(t.Context(), 2*idleCheck)
	c.commit(c.say())
}

// Commits of many callers share round trips.
func TestCommitsAreBatched(t *testing.T) {
	t.Parallel()
	p := startProxy(t, startRedis(t, servers.RedisOptions{}).Addr())
	s := open(t, Options{Addrs: []string{p.addr()}, Prefix: newPrefix(), poll: time.Hour})
	const callers, each = 64, 20
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			c := newChat(t, s, "shop", fmt.Sprint(i))
			for range each {
				c.commit(c.say())
			}
		})
	}
	wg.Wait()
	if turns := p.turns.Load(); turns > callers*each/2 {
		t.Errorf("%d commits of %d callers must share round trips, they took %d", callers*each, callers, turns)
	} else {
		t.Logf("%d commits took %d round trips", callers*each, turns)
	}
}
