package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zgoda/persistence"
)

func repeatGetsTheSameAnswer(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	first := c.say("tab", 2)
	c.commit(first, persistence.Committed)
	c.commit(c.say("tab", 1), persistence.Committed)
	for range 2 {
		res := c.commit(first, persistence.Duplicate)
		if !bytes.Equal(res.Answer, first.Input.Answer) {
			t.Errorf("a repeated input must get the answer of the first time, got %q", res.Answer)
		}
	}
	again := *first
	again.Input.Answer = []byte("another answer")
	if res := c.commit(&again, persistence.Duplicate); !bytes.Equal(res.Answer, first.Input.Answer) {
		t.Errorf("the answer of a repeat must not replace the first, got %q", res.Answer)
	}
	if snap, events := c.load(everything); snap.Seq != 3 || len(events) != 3 {
		t.Errorf("a repeat must not be in the log again, got seq %d and %d events", snap.Seq, len(events))
	}
	if n := c.lastInput("tab"); n != 2 {
		t.Errorf("the last input must be the newest applied, got %d", n)
	}
}

func otherContentConflicts(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	first := c.say("tab", 1)
	c.commit(first, persistence.Committed)
	other := *first
	other.Input.Digest = []byte("other")
	c.commit(&other, persistence.NumberConflict)
	if res := c.commit(first, persistence.Duplicate); !bytes.Equal(res.Answer, first.Input.Answer) {
		t.Errorf("a conflict must not touch the kept answer, got %q", res.Answer)
	}
}

func gap(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	in := c.say("tab", 1)
	in.Input.N = 2
	if res := c.commit(in, persistence.NumberGap); res.Expected != 1 {
		t.Errorf("an unknown client begins with 1, got expected %d", res.Expected)
	}
	c.commit(c.say("tab", 1), persistence.Committed)
	in = c.say("tab", 1)
	in.Input.N = 1<<64 - 1
	if res := c.commit(in, persistence.NumberGap); res.Expected != 2 {
		t.Errorf("a gap must say which number is missing, got expected %d", res.Expected)
	}
	if n := c.lastInput("tab"); n != 1 {
		t.Errorf("a gap must not consume a number, got last %d", n)
	}
}

func answerWindow(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	var sent []*persistence.Commit
	for range persistence.AnswerWindow + 3 {
		in := c.say("tab", 1)
		c.commit(in, persistence.Committed)
		sent = append(sent, in)
	}
	for i, in := range sent {
		if i < 3 {
			c.commit(in, persistence.NumberTooOld)
			continue
		}
		if res := c.commit(in, persistence.Duplicate); !bytes.Equal(res.Answer, in.Input.Answer) {
			t.Errorf("the newest %d answers must be kept, answer %d is %q", persistence.AnswerWindow, in.Input.N, res.Answer)
		}
	}
}

func refusalConsumesItsNumber(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	refused := c.say("tab", 0)
	res := c.commit(refused, persistence.Committed)
	if res.Snapshot.Version != 0 {
		t.Errorf("a commit that records nothing but its input must not raise the version, got %d", res.Snapshot.Version)
	}
	c.commit(refused, persistence.Duplicate)
	res = c.commit(c.say("tab", 2), persistence.Committed)
	if res.Snapshot.Version != 1 || res.Snapshot.Epoch != testEpoch {
		t.Errorf("the first change must begin the log, got version %d epoch %q", res.Snapshot.Version, res.Snapshot.Epoch)
	}
	profile := c.profile
	other := c.say("tab", 1)
	other.Epoch = "another epoch"
	c.commit(c.say("phone", 0), persistence.Committed)
	if c.version != 1 || c.profile != profile {
		t.Errorf("a commit that records nothing but its input must not raise the versions, got %d and %d", c.version, c.profile)
	}
	if res = c.commit(other, persistence.Committed); res.Snapshot.Epoch != testEpoch {
		t.Errorf("the epoch is given once, when the log begins, got %q", res.Snapshot.Epoch)
	}
}

func repeatIsFoundBeforeStale(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	first := c.say("tab", 1)
	c.commit(first, persistence.Committed)
	c.commit(c.say("tab", 1), persistence.Committed)
	c.commit(first, persistence.Duplicate)
	stale := *first
	stale.Input.N, stale.Input.Digest = 7, []byte("seven")
	c.commit(&stale, persistence.NumberGap)
}

func serverInputsAreDeduplicated(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	in := c.say(persistence.ServerClient+"timer", 1)
	c.commit(in, persistence.Committed)
	if res := c.commit(in, persistence.Duplicate); !bytes.Equal(res.Answer, in.Input.Answer) {
		t.Errorf("an input of the server itself must take effect once, got answer %q", res.Answer)
	}
}

// concurrentWriters lets several tabs race as gateways do: decide, commit,
// decide again on what Stale brought.
func concurrentWriters(t *testing.T, s ConversationStore) {
	const writers, inputs = 8, 20
	c := newChat(t, s, "shop", "a")
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() { writeInputs(c, fmt.Sprintf("tab-%d", w), inputs) })
	}
	wg.Wait()
	snap, events := c.load(everything)
	if got := seqs(events); !slices.Equal(got, upTo(1, writers*inputs)) || snap.Seq != writers*inputs {
		t.Errorf("racing writers must leave a log without holes, got %d events and seq %d", len(events), snap.Seq)
	}
	next := map[string]int{}
	for _, e := range events {
		tab, n, _ := strings.Cut(string(e.Body), "/")
		if want := fmt.Sprint(next[tab] + 1); n != want {
			t.Errorf("each writer's inputs must be in the log once and in order, %s is at %s, want %s", tab, n, want)
		}
		next[tab]++
	}
	if p := pending(t, s, 10_000); len(p) != writers*inputs {
		t.Errorf("each commit's outbox record must be there once, got %d", len(p))
	}
}

func writeInputs(c *chat, client string, inputs int) {
	var snap persistence.Snapshot
	for n := uint64(1); n <= uint64(inputs); {
		body := fmt.Appendf(nil, "%s/%d", client, n)
		res, err := c.store.Commit(c.t.Context(), &persistence.Commit{
			Key: c.key, Visitor: c.visitor, Now: c.now, Epoch: testEpoch, Version: snap.Version, ProfileVersion: snap.ProfileVersion,
			Input:  persistence.Input{Client: client, N: n, Digest: body, Answer: body},
			Events: []persistence.Event{{Seq: snap.Seq + 1, ID: string(body), At: c.now, Body: body}},
			Outbox: []persistence.OutboxRecord{{Site: c.key.Site, Visitor: c.visitor, VSeq: snap.VSeq + 1, At: c.now, Payload: body}},
			Since:  snap.Seq,
		})
		switch {
		case err != nil:
			c.t.Errorf("%s: commit %d: %v", client, n, err)
			return
		case res.Outcome == persistence.Stale:
			snap = res.Snapshot
		case res.Outcome == persistence.Committed:
			snap.Version, snap.ProfileVersion = res.Snapshot.Version, res.Snapshot.ProfileVersion
			snap.Seq++
			snap.VSeq++
			n++
		default:
			c.t.Errorf("%s: commit %d: outcome %v", client, n, res.Outcome)
			return
		}
	}
}

func rateLimit(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	rate := &persistence.Rate{Max: 3, Window: time.Hour}
	limited := func(client string) *persistence.Commit {
		in := c.say(client, 1)
		in.Rate = rate
		return in
	}
	first := limited("tab")
	c.commit(first, persistence.Committed)
	c.commit(first, persistence.Duplicate)
	c.commit(limited("phone"), persistence.Committed)
	stale := limited("tab")
	stale.Version--
	c.commit(stale, persistence.Stale)
	c.commit(limited("tab"), persistence.Committed)

	for _, client := range []string{"tab", "phone", "new tab"} {
		res := c.commit(limited(client), persistence.RateLimited)
		if res.RetryAfter <= 0 || res.RetryAfter > rate.Window {
			t.Errorf("a limited input must be told when to come again, within the window, got %v", res.RetryAfter)
		}
	}
	if n := c.lastInput("tab"); n != 2 {
		t.Errorf("a limited input must not consume its number, got last %d", n)
	}
	c.commit(first, persistence.Duplicate)
	free := c.say("tab", 1)
	c.commit(free, persistence.Committed)
	other := newChat(t, s, "shop", "b")
	in := other.say("tab", 1)
	in.Rate = rate
	other.commit(in, persistence.Committed)
}

// rateWindowEnds follows RetryAfter in real time, so that it holds for a store
// that counts by its own clock too.
func rateWindowEnds(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	rate := &persistence.Rate{Max: 1, Window: 50 * time.Millisecond}
	for accepted := 0; accepted < 3; {
		c.now = time.Now()
		in := c.say("tab", 1)
		in.Rate = rate
		res, err := s.Commit(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		switch res.Outcome {
		case persistence.Committed:
			c.version, c.profile, c.seq, c.n["tab"] = res.Snapshot.Version, res.Snapshot.ProfileVersion, c.seq+1, in.Input.N
			accepted++
		case persistence.RateLimited:
			select {
			case <-time.After(max(res.RetryAfter, time.Millisecond)):
			case <-t.Context().Done():
				t.Fatal("a limited visitor must be let in again after RetryAfter")
			}
		default:
			t.Fatalf("got outcome %v", res.Outcome)
		}
	}
}

func clientCap(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	for i := range persistence.MaxClients {
		c.commit(c.say(fmt.Sprintf("tab-%d", i), 0), persistence.Committed)
	}
	c.commit(c.say("one more", 1), persistence.TooManyClients)
	c.commit(c.say(persistence.ServerClient+"timer", 1), persistence.Committed)
	c.commit(c.say("one more", 1), persistence.TooManyClients)
	c.now = c.now.Add(persistence.ClientLifetime / 2)
	c.commit(c.say("tab-0", 1), persistence.Committed)

	c.now = c.now.Add(persistence.ClientLifetime/2 + time.Hour)
	c.commit(c.say("one more", 1), persistence.Committed)
	if n := c.lastInput("tab-0"); n != 2 {
		t.Errorf("an instance in use must not be forgotten, got last %d", n)
	}
	if n := c.lastInput("tab-1"); n != 0 {
		t.Errorf("an instance past its lifetime must make room, got last %d", n)
	}
}
