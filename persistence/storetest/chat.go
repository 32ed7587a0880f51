package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"zgoda/persistence"
)

// A ConversationStore is what the conversation suite exercises.
type ConversationStore interface {
	persistence.Conversations
	persistence.Outbox
}

// A ConversationBackend makes the stores of one technology.
type ConversationBackend struct {
	// New returns an empty store for one subtest and registers its cleanup.
	New func(t *testing.T) ConversationStore
	// Reopen closes a store that New returned and opens its data again, as a
	// restarted process would. Where it is nil durability is skipped, loudly.
	Reopen func(t *testing.T, s ConversationStore) ConversationStore
}

const testEpoch = "epoch-1"

// A chat writes one conversation as a gateway does: it keeps what it knows of
// the versions and numbers and builds commits on it.
type chat struct {
	t     *testing.T
	store ConversationStore

	key              persistence.Key
	visitor          string
	version, profile uint64
	seq, vseq        uint64
	n                map[string]uint64
	now              time.Time
}

func newChat(t *testing.T, s ConversationStore, site, name string) *chat {
	t.Helper()
	return &chat{
		t: t, store: s, key: persistence.Key{Site: site, Conversation: "c-" + name}, visitor: "v-" + name,
		n: map[string]uint64{}, now: time.Now().Truncate(time.Millisecond),
	}
}

// say is a commit of the client's next input with so many new events.
func (c *chat) say(client string, events int) *persistence.Commit {
	n := c.n[client] + 1
	in := &persistence.Commit{
		Key: c.key, Visitor: c.visitor, Now: c.now, Epoch: testEpoch,
		Version: c.version, ProfileVersion: c.profile, Since: c.seq,
		Input: persistence.Input{
			Client: client, N: n, Digest: fmt.Appendf(nil, "digest %s %d", client, n), Answer: fmt.Appendf(nil, "answer %s %d", client, n),
		},
	}
	for i := range events {
		seq := c.seq + 1 + uint64(i)
		in.Events = append(in.Events, persistence.Event{
			Seq: seq, ID: fmt.Sprintf("%s-%d", client, seq), At: c.now, Body: fmt.Appendf(nil, "body %s %d", client, seq),
		})
	}
	if events > 0 {
		in.State = fmt.Appendf(nil, "state after %d", c.seq+uint64(events))
	}
	return in
}

// withOutbox adds outbox records to a commit.
func (c *chat) withOutbox(in *persistence.Commit, records int) *persistence.Commit {
	for i := range records {
		vseq := c.vseq + 1 + uint64(i)
		in.Outbox = append(in.Outbox, persistence.OutboxRecord{
			Site: c.key.Site, Visitor: c.visitor, VSeq: vseq, At: c.now, Payload: fmt.Appendf(nil, "record %s %d", c.visitor, vseq),
		})
	}
	return in
}

// commit applies in and expects the outcome. After Committed the chat knows
// the new versions and numbers.
func (c *chat) commit(in *persistence.Commit, want persistence.Outcome) persistence.Result {
	c.t.Helper()
	res, err := c.store.Commit(c.t.Context(), in)
	if err != nil {
		c.t.Fatalf("commit of input %s/%d: %v, want %v", in.Input.Client, in.Input.N, err, want)
	}
	if res.Outcome != want {
		c.t.Fatalf("commit of input %s/%d: outcome %v, want %v", in.Input.Client, in.Input.N, res.Outcome, want)
	}
	if want == persistence.Committed {
		c.version, c.profile = res.Snapshot.Version, res.Snapshot.ProfileVersion
		c.seq += uint64(len(in.Events))
		c.vseq += uint64(len(in.Outbox))
		c.n[in.Input.Client] = in.Input.N
	}
	return res
}

// refuse expects in to be refused as a defect of the caller.
func (c *chat) refuse(in *persistence.Commit, sentence string) {
	c.t.Helper()
	before, events := c.load(everything)
	res, err := c.store.Commit(c.t.Context(), in)
	if err == nil {
		c.t.Errorf("%s: got outcome %v, want an error", sentence, res.Outcome)
	}
	if errors.Is(err, persistence.ErrUnavailable) || errors.Is(err, persistence.ErrUnknown) {
		c.t.Errorf("%s: got %v, want an error that does not ask for a repetition", sentence, err)
	}
	after, eventsAfter := c.load(everything)
	if !sameSnapshot(before, after) || len(events) != len(eventsAfter) {
		c.t.Errorf("%s: a refused commit must change nothing, was %+v, is %+v", sentence, before, after)
	}
}

// everything is a range that the logs of these tests fit into.
var everything = persistence.Range{Limit: 10_000}

func (c *chat) load(r persistence.Range) (persistence.Snapshot, []persistence.Event) {
	c.t.Helper()
	snap, events, err := c.store.Load(c.t.Context(), c.key, r)
	if err != nil {
		c.t.Fatalf("load: %v", err)
	}
	return snap, events
}

func (c *chat) lastInput(client string) uint64 {
	c.t.Helper()
	n, err := c.store.LastInput(c.t.Context(), c.key, client)
	if err != nil {
		c.t.Fatalf("last input: %v", err)
	}
	return n
}

func sameSnapshot(a, b persistence.Snapshot) bool {
	return a.Key == b.Key && a.Visitor == b.Visitor && a.Version == b.Version && a.Epoch == b.Epoch && a.Seq == b.Seq &&
		a.First == b.First && bytes.Equal(a.State, b.State) && bytes.Equal(a.Profile, b.Profile) &&
		a.ProfileVersion == b.ProfileVersion && a.VSeq == b.VSeq && bytes.Equal(a.Contact, b.Contact) && a.Erased == b.Erased
}

func seqs(events []persistence.Event) []uint64 {
	out := make([]uint64, 0, len(events))
	for _, e := range events {
		out = append(out, e.Seq)
	}
	return out
}

func upTo(from, to uint64) []uint64 {
	out := []uint64{}
	for n := from; n <= to; n++ {
		out = append(out, n)
	}
	return out
}

func pending(t *testing.T, s persistence.Outbox, limit int) []persistence.OutboxRecord {
	t.Helper()
	out, err := s.Pending(t.Context(), limit)
	if err != nil {
		t.Fatalf("pending: %v", err)
	}
	return out
}

// cancelled returns a context that has ended.
func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
