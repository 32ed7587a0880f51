package redisstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// Events leave by age alone, and the numbers go on.
func TestTrimmedByAge(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), Transcript: 24 * time.Hour})
	c := newChat(t, s, "shop", "a")
	const old = 350
	for range old {
		c.commit(c.say())
	}
	if snap, _ := c.load(); snap.First != 1 || snap.Seq != old {
		t.Errorf("nothing leaves for its number, got %d to %d", snap.First, snap.Seq)
	}
	c.now = c.now.Add(12 * time.Hour)
	c.commit(c.say())
	c.now = c.now.Add(13 * time.Hour)
	version := c.snap.Version
	in := c.say()
	in.Events, in.State = nil, nil
	c.commit(in)
	snap, events := c.load()
	if snap.First != old+1 || snap.Seq != old+1 || len(events) != 1 || events[0].Seq != old+1 || snap.Version != version {
		t.Errorf("what is too old leaves, with any commit and without a new version, got %d to %d with %d events", snap.First, snap.Seq, len(events))
	}
	c.now = c.now.Add(24 * time.Hour)
	in = c.say()
	in.Events, in.State = nil, nil
	c.commit(in)
	if snap, events := c.load(); snap.First != 0 || snap.Seq != old+1 || len(events) != 0 {
		t.Errorf("a log may be empty, got %d to %d with %d events", snap.First, snap.Seq, len(events))
	}
	c.commit(c.say())
	if snap, events := c.load(); snap.First != old+2 || snap.Seq != old+2 || len(events) != 1 {
		t.Errorf("the numbers of a log go on, got %d to %d with %d events", snap.First, snap.Seq, len(events))
	}
}

// A conversation expires, what the visitor agreed to does not.
func TestProfileOutlivesTheLog(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), Transcript: time.Second, ProfileTTL: time.Hour})
	c := newChat(t, s, "shop", "a")
	in := c.withRecord(c.say())
	in.Profile, in.Contact = []byte("granted"), []byte("sealed")
	in.Timers = []persistence.TimerChange{{Name: "ask", Due: c.now}}
	c.commit(in)
	epoch := c.snap.Epoch
	await(t, "an idle conversation must expire", func() bool {
		snap, events := c.load()
		return snap.Version == 0 && len(events) == 0
	})
	snap, _ := c.load()
	if string(snap.Profile) != "granted" || string(snap.Contact) != "sealed" || snap.VSeq != 1 || snap.ProfileVersion != 1 ||
		snap.Visitor != c.snap.Visitor || snap.Seq != 0 || snap.Epoch != "" || snap.State != nil || snap.Doubt {
		t.Errorf("the profile must still be found by the conversation, got %+v", snap)
	}
	stale := c.say()
	if got, err := c.try(t.Context(), stale); err != nil || got != persistence.Stale {
		t.Errorf("a decision on what has expired is stale, got %v %v", got, err)
	}
	if n, err := s.LastInput(t.Context(), c.key, "tab"); err != nil || n != 1 {
		t.Errorf("a client instance is remembered for its own time, got %d %v", n, err)
	}
	stranger := c.say()
	stranger.Visitor = "v-other"
	if _, err := c.try(t.Context(), stranger); err == nil || errors.Is(err, persistence.ErrUnavailable) {
		t.Errorf("a conversation that expired must not change hands, got %v", err)
	}
	c.commit(c.say())
	if snap, events := c.load(); snap.Epoch == epoch || snap.Seq != 1 || len(events) != 1 || snap.Version != 1 {
		t.Errorf("a log that begins again has another epoch and begins with 1, got %+v", snap)
	}
}

// A profile is never dropped while its records are unflushed.
func TestProfileLivesUntilFlushed(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), ProfileTTL: time.Hour})
	direct := server.Client()
	defer func() { _ = direct.Close() }()
	c := newChat(t, s, "shop", "a")
	lives := func(sentence string, forEver bool) {
		t.Helper()
		ttl, err := direct.PTTL(t.Context(), s.site("shop").profile+c.snap.Visitor).Result()
		if err != nil || (ttl == -1) != forEver || !forEver && (ttl <= 0 || ttl > time.Hour) {
			t.Errorf("%s, it has %v left (%v)", sentence, ttl, err)
		}
	}
	c.commit(c.say())
	lives("a profile without records expires", false)
	c.commit(c.withRecord(c.withRecord(c.say())))
	lives("a profile with records stays", true)
	c.now = c.now.Add(24 * time.Hour)
	c.commit(c.say())
	lives("a later commit leaves it so", true)
	record := func(vseq uint64) []persistence.OutboxRecord {
		return []persistence.OutboxRecord{{Site: "shop", Visitor: c.snap.Visitor, VSeq: vseq}}
	}
	for range 2 {
		if err := s.Acknowledge(t.Context(), record(1)); err != nil {
			t.Fatal(err)
		}
		lives("one record is left, acknowledged how often the other ever was", true)
	}
	if err := s.Acknowledge(t.Context(), record(2)); err != nil {
		t.Fatal(err)
	}
	lives("after the last record it expires", false)
	erase := c.withRecord(c.say())
	erase.Erase, erase.Events, erase.State = true, nil, nil
	c.commit(erase)
	lives("the marker of an erasure stays until the contact store has it", true)
}

// An erasure leaves nothing that was said, in no key.
func TestErasureLeavesNoText(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	c := newChat(t, s, "shop", "a")
	for range 3 {
		in := c.say()
		in.Profile, in.Contact = []byte("body of a profile"), []byte("body of a contact")
		in.Inbox = &persistence.InboxRow{Body: []byte("body of a row")}
		in.Input.Answer = []byte("body of an answer")
		c.commit(in)
	}
	erase := c.say()
	erase.Erase, erase.Events, erase.State = true, nil, nil
	c.commit(erase)
	direct := server.Client()
	defer func() { _ = direct.Close() }()
	for _, key := range allKeys(t, direct, s.opts.Prefix) {
		dump, err := direct.Dump(t.Context(), key).Result()
		if err != nil || strings.Contains(dump, "body") || strings.Contains(dump, "state") {
			t.Errorf("P9: %s still holds what was said: %q %v", key, dump, err)
		}
	}
}

func allKeys(t testing.TB, c *redis.Client, prefix string) []string {
	t.Helper()
	var keys []string
	it := c.Scan(t.Context(), 0, prefix+"*", 1000).Iterator()
	for it.Next(t.Context()) {
		keys = append(keys, it.Val())
	}
	if it.Err() != nil {
		t.Fatalf("scan: %v", it.Err())
	}
	return keys
}

// P11: memory runs short. New conversations are refused first; when all is used
// up nothing is committed but what ends consent or is a right.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{Extra: []string{"--maxmemory", "100mb", "--maxmemory-policy", "noeviction"}})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), poll: time.Hour})
	direct := server.Client()
	defer func() { _ = direct.Close() }()
	c, gone := newChat(t, s, "shop", "a"), newChat(t, s, "shop", "b")
	for _, one := range []*chat{c, gone} {
		in := one.withRecord(one.say())
		in.Contact = []byte("sealed")
		one.commit(in)
	}
	limit := func(share float64) {
		t.Helper()
		info, err := direct.Info(t.Context(), "memory").Result()
		if err != nil {
			t.Fatal(err)
		}
		used, _, err := memory(info)
		if err != nil {
			t.Fatal(err)
		}
		if err := direct.ConfigSet(t.Context(), "maxmemory", fmt.Sprint(int64(float64(used)/share))).Err(); err != nil {
			t.Fatal(err)
		}
		if err := s.lookAt(t.Context(), s.only); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(sentence string, one *chat, in *persistence.Commit) {
		t.Helper()
		_, err := one.try(t.Context(), in)
		if !errors.Is(err, persistence.ErrFull) || !errors.Is(err, persistence.ErrUnavailable) || errors.Is(err, persistence.ErrUnknown) {
			t.Errorf("%s, got %v", sentence, err)
		}
	}
	limit(0.9)
	fresh := newChat(t, s, "shop", "c")
	refused("new conversations are refused while memory runs short", fresh, fresh.say())
	c.commit(c.say())
	known := c.say()
	known.Version = 0
	if got, err := c.try(t.Context(), known); err != nil || got != persistence.Stale {
		t.Errorf("a conversation that exists is not new, whatever its caller thinks, got %v %v", got, err)
	}

	limit(1.5)
	refused("nothing is committed when memory is used up", c, c.say())
	if snap, events := c.load(); snap.Seq != 2 || len(events) != 2 {
		t.Errorf("a refused commit must change nothing, got seq %d with %d events", snap.Seq, len(events))
	}
	in := c.withRecord(c.say())
	in.DropContact = true
	c.commit(in)
	if _, err := s.ContactValues(t.Context(), "shop", c.snap.Visitor); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("a withdrawal runs when memory is used up, got %v", err)
	}
	erase := gone.withRecord(gone.say())
	erase.Erase, erase.Events, erase.State = true, nil, nil
	gone.commit(erase)
	h := persistence.Holder{Node: "n1:1", Count: 1}
	if _, _, err := s.Attach(t.Context(), c.key, h, persistence.Range{}); err != nil {
		t.Errorf("nodes can attach when memory is used up: %v", err)
	}
	if _, err := s.Beat(t.Context(), h, []persistence.Key{c.key}); err != nil {
		t.Errorf("nodes can beat when memory is used up: %v", err)
	}
	pending, err := s.Pending(t.Context(), 10)
	if err != nil || len(pending) != 4 {
		t.Fatalf("pending: %d %v", len(pending), err)
	}
	if err := s.Acknowledge(t.Context(), pending); err != nil {
		t.Errorf("what frees memory must run when it is used up: %v", err)
	}
	limit(0.5)
	c.commit(c.say())
	fresh.commit(fresh.say())
}

// TestMemoryPerConversation prints what a conversation weighs in Redis.
func TestMemoryPerConversation(t *testing.T) {
	t.Parallel()
	conversations := 500
	if prove {
		conversations = 20_000
	}
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	direct := server.Client()
	defer func() { _ = direct.Close() }()
	used := func() int64 {
		info, err := direct.Info(t.Context(), "memory").Result()
		if err != nil {
			t.Fatal(err)
		}
		n, _, err := memory(info)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	warm := newTurn("warm")
	warm.next()
	if err := warm.took(s.Commit(t.Context(), &warm.Commit)); err != nil {
		t.Fatal(err)
	}
	before := used()
	for i := range conversations {
		c := newTurn(fmt.Sprintf("%020d", i))
		c.Profile = bytes.Repeat([]byte{'p'}, 200)
		for range 6 {
			c.next()
			if err := c.took(s.Commit(context.Background(), &c.Commit)); err != nil {
				t.Fatal(err)
			}
		}
	}
	per := (used() - before) / int64(conversations)
	t.Logf("a conversation of 12 events of 180 bytes, 400 bytes of state, a profile of 200 bytes and 6 answers weighs %d bytes", per)
	if per > 10_000 {
		t.Errorf("a conversation must not weigh more than 10,000 bytes, it weighs %d", per)
	}
}
