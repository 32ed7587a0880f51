package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"zgoda/persistence"
)

func orderWithoutHoles(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	for i := range 5 {
		c.commit(c.say("tab", i), persistence.Committed)
	}
	snap, events := c.load(everything)
	if got := seqs(events); !slices.Equal(got, upTo(1, 10)) {
		t.Errorf("events must be numbered from 1 without holes and come oldest first, got %v", got)
	}
	for _, e := range events {
		if want := fmt.Sprintf("body tab %d", e.Seq); string(e.Body) != want || e.ID != fmt.Sprintf("tab-%d", e.Seq) || !e.At.Equal(c.now) {
			t.Errorf("an event must come back as it was written, got %s %q at %v", e.ID, e.Body, e.At)
		}
	}
	want := persistence.Snapshot{
		Key: c.key, Visitor: c.visitor, Version: 4, Epoch: testEpoch, Seq: 10, First: 1, State: []byte("state after 10"),
	}
	if !sameSnapshot(snap, want) {
		t.Errorf("the snapshot must say where the log stands, got %+v, want %+v", snap, want)
	}
}

func wrongSeqIsRefused(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	hole := c.say("tab", 2)
	hole.Events[1].Seq = 3
	c.refuse(hole, "a log must not begin with a hole")
	c.commit(c.say("tab", 2), persistence.Committed)
	for name, seq := range map[string]uint64{"repeats": 2, "skips": 4, "is zero": 0} {
		in := c.say("tab", 1)
		in.Events[0].Seq = seq
		c.refuse(in, "an event whose number "+name+" must be refused")
	}
	c.commit(c.say("tab", 1), persistence.Committed)
}

func ranges(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	for range 10 {
		c.commit(c.say("tab", 1), persistence.Committed)
	}
	tests := []struct {
		r    persistence.Range
		want []uint64
	}{
		{persistence.Range{}, nil},
		{persistence.Range{From: 3}, nil},
		{persistence.Range{Limit: 100}, upTo(1, 10)},
		{persistence.Range{Limit: 3}, upTo(1, 3)},
		{persistence.Range{Limit: 3, Newest: true}, upTo(8, 10)},
		{persistence.Range{From: 4, Limit: 100}, upTo(4, 10)},
		{persistence.Range{From: 4, Limit: 2}, upTo(4, 5)},
		{persistence.Range{Before: 4, Limit: 100}, upTo(1, 3)},
		{persistence.Range{Before: 4, Limit: 2, Newest: true}, upTo(2, 3)},
		{persistence.Range{From: 3, Before: 7, Limit: 100}, upTo(3, 6)},
		{persistence.Range{From: 3, Before: 7, Limit: 2, Newest: true}, upTo(5, 6)},
		{persistence.Range{From: 11, Limit: 100}, nil},
		{persistence.Range{From: 7, Before: 3, Limit: 100}, nil},
		{persistence.Range{From: 1<<64 - 1, Limit: 100}, nil},
		{persistence.Range{Before: 1<<64 - 1, Limit: 2, Newest: true}, upTo(9, 10)},
	}
	for _, tt := range tests {
		snap, events := c.load(tt.r)
		if got := seqs(events); !slices.Equal(got, tt.want) {
			t.Errorf("range %+v must select %v oldest first, got %v", tt.r, tt.want, got)
		}
		if snap.Seq != 10 || snap.First != 1 {
			t.Errorf("the snapshot must not depend on the range, got seq %d first %d", snap.Seq, snap.First)
		}
	}
}

func staleCarriesWhatWasMissed(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	c.commit(c.say("tab", 3), persistence.Committed)
	late := c.say("phone", 1)
	in := c.withOutbox(c.say("tab", 2), 2)
	in.Profile, in.Contact = []byte("profile"), []byte("contact")
	c.commit(in, persistence.Committed)

	res := c.commit(late, persistence.Stale)
	want, _ := c.load(persistence.Range{})
	if !sameSnapshot(res.Snapshot, want) {
		t.Errorf("a stale commit must be answered with the whole snapshot, got %+v, want %+v", res.Snapshot, want)
	}
	if got := seqs(res.Missed); !slices.Equal(got, upTo(4, 5)) {
		t.Errorf("a stale commit must be answered with the events after Since, got %v", got)
	}
	late.Version, late.ProfileVersion = res.Snapshot.Version, res.Snapshot.ProfileVersion
	late.Events[0].Seq = res.Snapshot.Seq + 1
	c.commit(late, persistence.Committed)
}

func staleIsBounded(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	late := c.say("phone", 1)
	for range 3 {
		c.commit(c.say("tab", 400), persistence.Committed)
	}
	res := c.commit(late, persistence.Stale)
	if got := seqs(res.Missed); !slices.Equal(got, upTo(1, 1000)) {
		t.Errorf("a stale commit must be answered with at most 1000 events, the oldest first, got %d", len(got))
	}
	late.Since = 1<<64 - 1
	if res = c.commit(late, persistence.Stale); len(res.Missed) != 0 {
		t.Errorf("nothing is missed after the last number there can be, got %d events", len(res.Missed))
	}
}

func positions(t *testing.T, s ConversationStore) {
	a, b, e := newChat(t, s, "shop", "a"), newChat(t, s, "other", "b"), newChat(t, s, "shop", "erased")
	a.commit(a.say("tab", 3), persistence.Committed)
	b.commit(b.say("tab", 1), persistence.Committed)
	e.commit(e.say("tab", 2), persistence.Committed)
	in := e.say("tab", 0)
	in.Erase = true
	e.commit(in, persistence.Committed)

	unknown := persistence.Key{Site: "shop", Conversation: "c-unknown"}
	got, err := s.Positions(t.Context(), []persistence.Key{b.key, unknown, a.key, e.key, a.key})
	if err != nil {
		t.Fatal(err)
	}
	top := persistence.Position{Epoch: testEpoch, Seq: 3, Version: a.version}
	want := []persistence.Position{{Epoch: testEpoch, Seq: 1, Version: b.version}, {}, top, {}, top}
	if !slices.Equal(got, want) {
		t.Errorf("positions must come in the order of the keys, zero where there is no log, got %v, want %v", got, want)
	}
	quiet := a.say("tab", 0)
	quiet.State = []byte("another owner")
	a.commit(quiet, persistence.Committed)
	if got, err := s.Positions(t.Context(), []persistence.Key{a.key}); err != nil || got[0].Seq != 3 || got[0].Version <= top.Version {
		t.Errorf("a change without an event is seen in the version, got %v %v after %v", got, err, top)
	}
	if got, err := s.Positions(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("no keys have no positions, got %v %v", got, err)
	}
}

func unknownConversation(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	snap, events := c.load(everything)
	if snap.Version != 0 || snap.Seq != 0 || snap.First != 0 || snap.Epoch != "" || snap.Erased || snap.Key != c.key || len(events) != 0 {
		t.Errorf("a conversation that does not exist is a snapshot of version 0, got %+v with %d events", snap, len(events))
	}
	if n := c.lastInput("tab"); n != 0 {
		t.Errorf("an unknown client has no input, got %d", n)
	}
}

func nothingOfACommitIsKept(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	in := c.withOutbox(c.say("tab", 1), 1)
	in.Profile, in.Contact = []byte("profile"), []byte("contact")
	c.commit(in, persistence.Committed)
	before, events := c.load(everything)
	for _, b := range [][]byte{
		in.State, in.Profile, in.Contact, in.Events[0].Body, in.Input.Answer, in.Input.Digest, in.Outbox[0].Payload,
		before.State, before.Profile, events[0].Body,
	} {
		for i := range b {
			b[i] = 'X'
		}
	}
	after, events := c.load(everything)
	if string(after.State) != "state after 1" || string(after.Profile) != "profile" || string(after.Contact) != "contact" ||
		string(events[0].Body) != "body tab 1" {
		t.Errorf("a store must share no memory with its callers, got %q %q %q %q", after.State, after.Profile, after.Contact, events[0].Body)
	}
	if p := pending(t, s, 10); len(p) != 1 || string(p[0].Payload) != "record v-a 1" {
		t.Errorf("an outbox record must share no memory with its commit, got %v", p)
	}
	c.n["tab"] = 0
	if res := c.commit(c.say("tab", 1), persistence.Duplicate); !bytes.Equal(res.Answer, []byte("answer tab 1")) {
		t.Errorf("a kept answer must share no memory with its commit, got %q", res.Answer)
	}
}

func survivesReopening(t *testing.T, b ConversationBackend) {
	s := b.New(t)
	c := newChat(t, s, "shop", "a")
	in := c.withOutbox(c.say("tab", 3), 2)
	in.Profile, in.Contact = []byte("profile"), []byte("contact")
	c.commit(in, persistence.Committed)
	gone := newChat(t, s, "shop", "gone")
	erase := gone.say("tab", 0)
	erase.Erase = true
	gone.commit(erase, persistence.Committed)
	want, wantEvents := c.load(everything)

	s = b.Reopen(t, s)
	c.store, gone.store = s, s
	got, events := c.load(everything)
	if !sameSnapshot(got, want) || len(events) != len(wantEvents) {
		t.Errorf("what was accepted must survive, got %+v, want %+v", got, want)
	}
	if res := c.commit(in, persistence.Duplicate); string(res.Answer) != "answer tab 1" {
		t.Errorf("a repeat after a restart must get the same answer, got %q", res.Answer)
	}
	if p := pending(t, s, 10); len(p) != 2 {
		t.Errorf("pending records must survive, got %d", len(p))
	}
	if snap, _ := gone.load(everything); !snap.Erased {
		t.Error("the marker of an erasure must survive")
	}
	c.commit(c.withOutbox(c.say("tab", 1), 1), persistence.Committed)
}
