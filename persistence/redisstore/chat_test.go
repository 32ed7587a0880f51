package redisstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"zgoda/persistence"
)

// prove is set for the bigger sizes.
var prove = os.Getenv("ZGODA_PROVE") != ""

// A chat writes one conversation and keeps what a gateway keeps.
type chat struct {
	t    testing.TB
	s    *Store
	key  persistence.Key
	snap persistence.Snapshot
	n    uint64
	now  time.Time
}

func newChat(t testing.TB, s *Store, site, name string) *chat {
	return &chat{
		t: t, s: s, key: persistence.Key{Site: site, Conversation: "c-" + name},
		snap: persistence.Snapshot{Visitor: "v-" + name}, now: time.Now(),
	}
}

// say is a commit of the next input with one event.
func (c *chat) say() *persistence.Commit {
	n := c.n + 1
	return &persistence.Commit{
		Key: c.key, Visitor: c.snap.Visitor, Now: c.now, Epoch: "epoch-" + newName(), Node: "n1:1",
		Version: c.snap.Version, ProfileVersion: c.snap.ProfileVersion, Since: c.snap.Seq,
		Input:  persistence.Input{Client: "tab", N: n, Digest: fmt.Append(nil, n), Answer: fmt.Append(nil, "answer ", n)},
		State:  fmt.Append(nil, "state ", n),
		Events: []persistence.Event{{Seq: c.snap.Seq + 1, ID: newName(), At: c.now, Body: fmt.Append(nil, "body ", n)}},
	}
}

// withRecord adds the visitor's next outbox record.
func (c *chat) withRecord(in *persistence.Commit) *persistence.Commit {
	in.Outbox = append(in.Outbox, persistence.OutboxRecord{
		Site: c.key.Site, Visitor: in.Visitor, VSeq: c.snap.VSeq + 1 + uint64(len(in.Outbox)), At: c.now, Payload: []byte("record"),
	})
	return in
}

// try commits and takes the answer over.
func (c *chat) try(ctx context.Context, in *persistence.Commit) (persistence.Outcome, error) {
	res, err := c.s.Commit(ctx, in)
	if err != nil {
		return 0, err
	}
	switch res.Outcome {
	case persistence.Committed:
		c.snap.Version, c.snap.ProfileVersion, c.snap.Epoch = res.Snapshot.Version, res.Snapshot.ProfileVersion, res.Snapshot.Epoch
		c.snap.Seq += uint64(len(in.Events))
		c.snap.VSeq += uint64(len(in.Outbox))
		c.n = in.Input.N
	case persistence.Duplicate:
		c.n = max(c.n, in.Input.N)
		c.reload()
	case persistence.Stale:
		c.snap = res.Snapshot
	}
	return res.Outcome, nil
}

func (c *chat) commit(in *persistence.Commit) {
	c.t.Helper()
	if got, err := c.try(c.t.Context(), in); err != nil || got != persistence.Committed {
		c.t.Fatalf("commit of input %d: %v %v", in.Input.N, got, err)
	}
}

func (c *chat) load() (persistence.Snapshot, []persistence.Event) {
	c.t.Helper()
	snap, events, err := c.s.Load(c.t.Context(), c.key, persistence.Range{Limit: 1 << 20})
	if err != nil {
		c.t.Fatalf("load: %v", err)
	}
	return snap, events
}

func (c *chat) reload() {
	c.t.Helper()
	visitor := c.snap.Visitor
	c.snap, _ = c.load()
	c.snap.Visitor = visitor
}

// insist commits the next input as a gateway must: what is unknown or
// unavailable is said again under the same number until it is answered. It
// returns the outcomes on the way.
func (c *chat) insist(ctx context.Context) []persistence.Outcome {
	var out []persistence.Outcome
	in := c.say()
	for {
		got, err := c.try(ctx, in)
		switch {
		case err == nil && got == persistence.Stale:
			again := c.say()
			again.Input, again.Events[0].ID = in.Input, in.Events[0].ID
			in = again
		case err == nil:
			return append(out, got)
		case ctx.Err() != nil || !errors.Is(err, persistence.ErrUnavailable) && !errors.Is(err, persistence.ErrUnknown):
			c.t.Errorf("input %d: %v", in.Input.N, err)
			return out
		default:
			pause(ctx, 10*time.Millisecond)
		}
		out = append(out, got)
	}
}

// await polls a condition of a real process.
func await(t testing.TB, sentence string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); <-tick.C {
		if holds() {
			return
		}
	}
	t.Fatal(sentence)
}

// An ear keeps what a node is told.
type ear struct {
	mu   sync.Mutex // guards news
	news []persistence.News
}

func listen(t testing.TB, s *Store, node string) *ear {
	t.Helper()
	e := &ear{}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		_ = s.Listen(ctx, node, func(n persistence.News) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.news = append(e.news, n)
		})
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	await(t, "the node must be subscribed", func() bool { return e.count(subscribed) > 0 })
	return e
}

func (e *ear) count(which func(persistence.News) bool) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, one := range e.news {
		if which(one) {
			n++
		}
	}
	return n
}

func subscribed(n persistence.News) bool { return n.Subscribed }
func told(n persistence.News) bool       { return len(n.Events) > 0 }
