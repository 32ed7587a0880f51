package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zgoda/persistence"
)

// A NodeStore is what the suites of several nodes exercise. A store that one
// gateway alone uses need not be one.
type NodeStore interface {
	ConversationStore
	persistence.Nodes
}

// A NodesBackend makes the stores of one technology.
type NodesBackend struct {
	// New returns an empty store for one subtest and registers its cleanup.
	New func(t *testing.T) NodeStore
}

// Nodes is the suite of persistence.Nodes.
func Nodes(t *testing.T, b NodesBackend) {
	t.Helper()
	cases := []struct {
		name string
		run  func(*testing.T, NodeStore)
	}{
		{"P3_AttachReads", attachReads},
		{"P3_NewsReachTheOtherHolder", newsReachTheOtherHolder},
		{"P3_NewsSayWhatChanged", newsSayWhatChanged},
		{"P3_NothingNewIsNoNews", nothingNewIsNoNews},
		{"P3_BeatEntersAgain", beatEntersAgain},
		{"P3_BeatTellsTheTop", beatTellsTheTop},
		{"P4_DetachedHearsNothing", detachedHearsNothing},
		{"P4_LateDetachCannotUndoAttach", lateDetachCannotUndoAttach},
		{"P10_NewsStayOnTheirSite", newsStayOnTheirSite},
		{"P3_NewsCarryStaffEntries", newsCarryStaffEntries},
		{"P10_SignalsReachTheOtherHolder", signalsReachTheOtherHolder},
		{"Probe", probe},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, b.New(t))
		})
	}
}

// hearTimeout bounds how long news may be on their way.
const hearTimeout = 10 * time.Second

// An ear hears what a node is told.
type ear struct {
	t    *testing.T
	node string

	mu   sync.Mutex // guards the fields below
	news []persistence.News
	told chan struct{} // closed and made anew with every news
}

// listen returns an ear that is subscribed.
func listen(t *testing.T, s persistence.Nodes, node string) *ear {
	t.Helper()
	e := &ear{t: t, node: node, told: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Listen(ctx, node, e.hear); err != nil {
			t.Errorf("listen ends without an error when its context is over, got %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	e.await("the first news say that the node is subscribed", func(all []persistence.News) bool {
		return len(all) > 0 && all[0].Subscribed
	})
	return e
}

func (e *ear) hear(n persistence.News) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.news = append(e.news, n)
	close(e.told)
	e.told = make(chan struct{})
}

// await waits until what was heard so far is enough.
func (e *ear) await(sentence string, enough func([]persistence.News) bool) []persistence.News {
	e.t.Helper()
	timeout := time.NewTimer(hearTimeout)
	defer timeout.Stop()
	for {
		e.mu.Lock()
		heard, told := slices.Clone(e.news), e.told
		e.mu.Unlock()
		if enough(heard) {
			return heard
		}
		select {
		case <-told:
		case <-timeout.C:
			e.t.Fatalf("%s: node %s heard %+v", sentence, e.node, heard)
		}
	}
}

// barrier is a conversation whose news say that everything said before them on
// the same site has arrived. A probe would not: it may take another way.
const barrier = "barrier"

// all returns everything the node was told up to now.
func (e *ear) all(s NodeStore) []persistence.News {
	e.t.Helper()
	e.mu.Lock()
	mark := fmt.Sprintf("%s-%s-%d", barrier, e.node, len(e.news))
	e.mu.Unlock()
	sites := []string{"shop", "other"}
	for _, site := range sites {
		c := newChat(e.t, s, site, mark)
		attach(e.t, s, c.key, e.node, 1)
		c.commit(from(barrier, c.say("tab", 1)), persistence.Committed)
	}
	heard := e.await("what is committed after everything else is told after it", func(all []persistence.News) bool {
		arrived := 0
		for _, n := range all {
			if n.Snapshot.Conversation == "c-"+mark {
				arrived++
			}
		}
		return arrived == len(sites)
	})
	return slices.DeleteFunc(heard, func(n persistence.News) bool {
		return n.Subscribed || n.Probe != "" || strings.HasPrefix(n.Snapshot.Conversation, "c-"+barrier)
	})
}

func attach(t *testing.T, s NodeStore, key persistence.Key, node string, count uint64) persistence.Snapshot {
	t.Helper()
	snap, _, err := s.Attach(t.Context(), key, persistence.Holder{Node: node, Count: count}, persistence.Range{})
	if err != nil {
		t.Fatalf("attach: %v", err)
	}
	return snap
}

func detach(t *testing.T, s NodeStore, key persistence.Key, node string, count uint64) {
	t.Helper()
	if err := s.Detach(t.Context(), key, persistence.Holder{Node: node, Count: count}); err != nil {
		t.Fatalf("detach: %v", err)
	}
}

// from is a commit of a node.
func from(node string, in *persistence.Commit) *persistence.Commit {
	in.Node = node
	return in
}

func attachReads(t *testing.T, s NodeStore) {
	c := newChat(t, s, "shop", "a")
	if snap := attach(t, s, c.key, "n1:1", 1); snap.Version != 0 || snap.Key != c.key {
		t.Errorf("a conversation that does not exist can be attached to, and is a snapshot of version 0, got %+v", snap)
	}
	in := c.withOutbox(c.say("tab", 4), 1)
	in.Profile, in.Contact = []byte("profile"), []byte("contact")
	c.commit(in, persistence.Committed)
	r := persistence.Range{From: 2, Limit: 2, Newest: true}
	want, wantEvents := c.load(r)
	got, events, err := s.Attach(t.Context(), c.key, persistence.Holder{Node: "n1:1", Count: 2}, r)
	if err != nil || !sameSnapshot(got, want) || !slices.Equal(seqs(events), seqs(wantEvents)) {
		t.Errorf("attaching reads what loading reads, got %+v %v %v, want %+v %v", got, seqs(events), err, want, seqs(wantEvents))
	}
	if snap, _ := newChat(t, s, "shop", "b").load(persistence.Range{}); snap.Version != 0 {
		t.Errorf("attaching makes no conversation, got %+v", snap)
	}
}

func newsReachTheOtherHolder(t *testing.T, s NodeStore) {
	const commits = 20
	c := newChat(t, s, "shop", "a")
	first, second := listen(t, s, "n1:1"), listen(t, s, "n2:1")
	attach(t, s, c.key, "n1:1", 1)
	attach(t, s, c.key, "n2:1", 1)
	for i := range commits {
		c.commit(from("n1:1", c.say("tab", 1+i%3)), persistence.Committed)
	}
	if heard := first.all(s); len(heard) != 0 {
		t.Errorf("the committing node is not told what it committed, it heard %+v", heard)
	}
	heard := second.all(s)
	if len(heard) != commits {
		t.Fatalf("the other holder is told each commit once, it heard %d of %d", len(heard), commits)
	}
	var base, seq uint64
	for i, n := range heard {
		got := n.Snapshot
		if got.Key != c.key || got.Visitor != c.visitor || n.Base != base || got.Version <= base || got.Epoch != testEpoch {
			t.Errorf("news %d must follow on version %d, got base %d of %+v", i, base, n.Base, got)
		}
		want := upTo(seq+1, seq+uint64(1+i%3))
		if !slices.Equal(seqs(n.Events), want) || got.Seq != want[len(want)-1] || got.First != 1 {
			t.Errorf("news %d must carry the events %v, got %v up to %d", i, want, seqs(n.Events), got.Seq)
		}
		for _, e := range n.Events {
			if string(e.Body) != fmt.Sprintf("body tab %d", e.Seq) || e.ID != fmt.Sprintf("tab-%d", e.Seq) || !e.At.Equal(c.now) {
				t.Errorf("an event is told as it was written, got %+v", e)
			}
		}
		base, seq = got.Version, got.Seq
	}
}

func newsSayWhatChanged(t *testing.T, s NodeStore) {
	c := newChat(t, s, "shop", "a")
	e := listen(t, s, "n2:1")
	attach(t, s, c.key, "n2:1", 1)
	// Bytes that a careless framing would trip over.
	raw := []byte("12:\x00\r\n\xff:7")
	in := c.withOutbox(c.say("tab", 1), 2)
	in.State, in.Profile, in.Contact, in.Events[0].Body = raw, []byte{}, raw, raw
	c.commit(from("n1:1", in), persistence.Committed)
	in = c.say("tab", 0)
	in.DropContact = true
	c.commit(from("n1:1", in), persistence.Committed)
	in = c.say("tab", 0)
	in.Erase = true
	c.commit(from("n1:1", in), persistence.Committed)

	heard := e.all(s)
	if len(heard) != 3 {
		t.Fatalf("three commits are three news, got %d", len(heard))
	}
	n := heard[0].Snapshot
	if string(n.State) != string(raw) || n.Profile == nil || len(n.Profile) != 0 || string(n.Contact) != string(raw) ||
		string(heard[0].Events[0].Body) != string(raw) || n.VSeq != 2 || n.ProfileVersion == 0 {
		t.Errorf("news carry what the commit set, to the byte, got %+v", heard[0])
	}
	n = heard[1].Snapshot
	if !heard[1].ContactDropped || n.State != nil || n.Profile != nil || n.Contact != nil || n.Erased || len(heard[1].Events) != 0 {
		t.Errorf("news leave nil what the commit did not change and say that the contact was dropped, got %+v", heard[1])
	}
	if !heard[2].Snapshot.Erased || heard[2].Snapshot.Seq != 0 {
		t.Errorf("an erasure is told, got %+v", heard[2])
	}
}

func nothingNewIsNoNews(t *testing.T, s NodeStore) {
	c := newChat(t, s, "shop", "a")
	e := listen(t, s, "n2:1")
	attach(t, s, c.key, "n2:1", 1)
	first := from("n1:1", c.say("tab", 1))
	stale := from("n1:1", c.say("phone", 1))
	c.commit(first, persistence.Committed)
	c.commit(first, persistence.Duplicate)
	c.commit(stale, persistence.Stale)
	c.commit(from("n1:1", c.say("tab", 0)), persistence.Committed)
	if heard := e.all(s); len(heard) != 1 {
		t.Errorf("what changed nothing is told to nobody, got %+v", heard)
	}
}

func beatEntersAgain(t *testing.T, s NodeStore) {
	c := newChat(t, s, "shop", "a")
	e := listen(t, s, "n2:1")
	c.commit(from("n1:1", c.say("tab", 1)), persistence.Committed)
	if _, err := s.Beat(t.Context(), persistence.Holder{Node: "n2:1", Count: 3}, []persistence.Key{c.key}); err != nil {
		t.Fatal(err)
	}
	c.commit(from("n1:1", c.say("tab", 1)), persistence.Committed)
	if heard := e.all(s); len(heard) != 1 || heard[0].Snapshot.Seq != 2 {
		t.Errorf("a beat enters a holder whose entry is gone, it heard %+v", heard)
	}
	detach(t, s, c.key, "n2:1", 3)
	attach(t, s, c.key, "n2:1", 4)
	if _, err := s.Beat(t.Context(), persistence.Holder{Node: "n2:1", Count: 1}, []persistence.Key{c.key}); err != nil {
		t.Fatal(err)
	}
	detach(t, s, c.key, "n2:1", 3)
	c.commit(from("n1:1", c.say("tab", 1)), persistence.Committed)
	if heard := e.all(s); len(heard) != 2 {
		t.Errorf("a beat renews an entry and does not replace its count, it heard %+v", heard)
	}
}

func beatTellsTheTop(t *testing.T, s NodeStore) {
	h := persistence.Holder{Node: "n1:1", Count: 1}
	var keys []persistence.Key
	var want []persistence.Position
	for i := range 230 {
		c := newChat(t, s, []string{"shop", "other"}[i%2], fmt.Sprint(i))
		keys, want = append(keys, c.key), append(want, persistence.Position{})
		if i%40 == 0 {
			c.commit(c.say("tab", 1+i%7), persistence.Committed)
			want[i] = persistence.Position{Epoch: testEpoch, Seq: uint64(1 + i%7), Version: c.version}
		}
	}
	if got, err := s.Beat(t.Context(), h, keys); err != nil || !slices.Equal(got, want) {
		t.Errorf("a beat tells the top of each log in the order of the keys, got %v %v, want %v", got, err, want)
	}
	if got, err := s.Beat(t.Context(), h, nil); err != nil || len(got) != 0 {
		t.Errorf("a beat for nothing tells nothing, got %v %v", got, err)
	}
}

func detachedHearsNothing(t *testing.T, s NodeStore) {
	c := newChat(t, s, "shop", "a")
	gone, stays := listen(t, s, "n2:1"), listen(t, s, "n3:1")
	attach(t, s, c.key, "n2:1", 1)
	attach(t, s, c.key, "n3:1", 1)
	detach(t, s, c.key, "n2:1", 1)
	detach(t, s, c.key, "n2:1", 1)
	detach(t, s, persistence.Key{Site: "shop", Conversation: "c-unknown"}, "n2:1", 1)
	c.commit(from("n1:1", c.say("tab", 1)), persistence.Committed)
	if heard := gone.all(s); len(heard) != 0 {
		t.Errorf("a node that left is told nothing, it heard %+v", heard)
	}
	if heard := stays.all(s); len(heard) != 1 {
		t.Errorf("a node that stays is told, it heard %+v", heard)
	}
}

func lateDetachCannotUndoAttach(t *testing.T, s NodeStore) {
	c := newChat(t, s, "shop", "a")
	e := listen(t, s, "n2:1")
	attach(t, s, c.key, "n2:1", 1)
	attach(t, s, c.key, "n2:1", 2)
	detach(t, s, c.key, "n2:1", 1)
	c.commit(from("n1:1", c.say("tab", 1)), persistence.Committed)
	if heard := e.all(s); len(heard) != 1 {
		t.Errorf("a detach of an earlier attachment must not undo a later one, the node heard %+v", heard)
	}
	attach(t, s, c.key, "n2:1", 1)
	detach(t, s, c.key, "n2:1", 1)
	c.commit(from("n1:1", c.say("tab", 1)), persistence.Committed)
	if heard := e.all(s); len(heard) != 2 {
		t.Errorf("an attach that came late must not lower the count, the node heard %+v", heard)
	}
}

func newsStayOnTheirSite(t *testing.T, s NodeStore) {
	here, there := newChat(t, s, "shop", "same"), newChat(t, s, "other", "same")
	e := listen(t, s, "n2:1")
	attach(t, s, here.key, "n2:1", 1)
	there.commit(from("n1:1", there.say("tab", 1)), persistence.Committed)
	if heard := e.all(s); len(heard) != 0 {
		t.Errorf("another site's conversation of the same name is none of this one's, the node heard %+v", heard)
	}
	detach(t, s, there.key, "n2:1", 9)
	here.commit(from("n1:1", here.say("tab", 1)), persistence.Committed)
	if heard := e.all(s); len(heard) != 1 || heard[0].Snapshot.Site != "shop" {
		t.Errorf("leaving another site's conversation must not leave this one, the node heard %+v", heard)
	}
}

func newsCarryStaffEntries(t *testing.T, s NodeStore) {
	c := newChat(t, s, "shop", "a")
	e := listen(t, s, "n2:1")
	attach(t, s, c.key, "n2:1", 1)
	c.commit(from("n1:1", c.say("tab", 2)), persistence.Committed)
	c.commit(from("n1:1", c.note(0, "one", "two")), persistence.Committed)
	heard := e.all(s)
	if len(heard) != 2 || len(heard[0].Staff) != 0 || len(heard[1].Staff) != 2 {
		t.Fatalf("staff entries come with the news of their commit, got %+v", heard)
	}
	for i, n := range heard[1].Staff {
		if n.Seq != uint64(i+1) || !n.At.Equal(c.now) || n.ID != "n-"+string(n.Body) {
			t.Errorf("an entry is told as it was written, got %+v", n)
		}
	}
	if got := heard[1].Snapshot; got.StaffSeq != 2 || got.Seq != 2 || len(heard[1].Events) != 0 {
		t.Errorf("the log does not move with the staff log, got %+v", got)
	}
}

func signalsReachTheOtherHolder(t *testing.T, s NodeStore) {
	c, elsewhere := newChat(t, s, "shop", "a"), newChat(t, s, "other", "a")
	mine, other := listen(t, s, "n1:1"), listen(t, s, "n2:1")
	c.commit(from("n1:1", c.say("tab", 3)), persistence.Committed)
	elsewhere.commit(from("n1:1", elsewhere.say("tab", 3)), persistence.Committed)
	attach(t, s, c.key, "n1:1", 1)
	attach(t, s, c.key, "n2:1", 1)
	sent := []persistence.Signal{
		{From: persistence.SignalVisitor, Typing: true, On: true},
		{From: persistence.SignalOperator, Operator: "anna", Typing: true},
		{From: persistence.SignalOperator, Operator: "anna", Seen: 2},
		{From: persistence.SignalVisitor, Seen: 3, Typing: true},
	}
	for _, g := range sent {
		signal(t, s, c.key, g)
		signal(t, s, elsewhere.key, g)
	}
	signal(t, s, c.key, persistence.Signal{From: persistence.SignalVisitor, Seen: 1})
	signal(t, s, persistence.Key{Site: "shop", Conversation: "c-unknown"}, sent[0])
	var got []persistence.Signal
	for _, n := range other.all(s) {
		if n.Signal == nil || n.Snapshot.Key != c.key {
			t.Errorf("a signal names its conversation and nothing else, got %+v", n)
			continue
		}
		got = append(got, *n.Signal)
	}
	if !slices.Equal(got, sent) {
		t.Errorf("the other holder is told each signal that says something new, in order, got %+v, want %+v", got, sent)
	}
	if heard := mine.all(s); len(heard) != 0 {
		t.Errorf("the node that signals is not told, it heard %+v", heard)
	}
}

func probe(t *testing.T, s NodeStore) {
	mine, other := listen(t, s, "n1:1"), listen(t, s, "n1:2")
	if err := s.Probe(t.Context(), "n1:1", "are you there?"); err != nil {
		t.Fatal(err)
	}
	mine.await("a probe comes back to its node", func(all []persistence.News) bool {
		return all[len(all)-1].Probe == "are you there?"
	})
	heard := other.await("subscribed", func(all []persistence.News) bool { return len(all) > 0 })
	if len(heard) != 1 {
		t.Errorf("a probe reaches nobody else, a node that was restarted included, got %+v", heard)
	}
}
