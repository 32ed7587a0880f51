package storetest

import (
	"fmt"
	"slices"
	"testing"

	"zgoda/persistence"
)

// An InboxStore is what the suite of the inbox exercises.
type InboxStore interface {
	NodeStore
	persistence.Inbox
}

// An InboxBackend makes the stores of one technology.
type InboxBackend struct {
	// New returns an empty store for one subtest and registers its cleanup.
	New func(t *testing.T) InboxStore
}

// Inbox is the suite of persistence.Inbox.
func Inbox(t *testing.T, b InboxBackend) {
	t.Helper()
	cases := []struct {
		name string
		run  func(*testing.T, InboxStore)
	}{
		{"P3_InboxResumes", inboxResumes},
		{"P3_WatchersAreTold", watchersAreTold},
		{"P4_LateUnwatchCannotUndoWatch", lateUnwatchCannotUndoWatch},
		{"P9_ErasureEmptiesTheRow", erasureEmptiesTheRow},
		{"P10_InboxesDoNotMeet", inboxesDoNotMeet},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, b.New(t))
		})
	}
}

// row is a commit that changes the conversation's row in the inbox.
func (c *chat) row(body string) *persistence.Commit {
	in := c.say("tab", 1)
	in.Inbox = &persistence.InboxRow{Conversation: c.key.Conversation, Body: []byte(body), Gone: body == ""}
	return in
}

// rows returns the inbox as "conversation=body", and its top.
func rows(t *testing.T, s persistence.Inbox, site string, after uint64, limit int) ([]string, persistence.Position) {
	t.Helper()
	got, top, err := s.InboxRows(t.Context(), site, after, limit)
	if err != nil {
		t.Fatalf("inbox rows: %v", err)
	}
	out := []string{}
	last := after
	for _, r := range got {
		if r.Seq <= last || r.Seq > top.Seq {
			t.Errorf("rows come in the order of their numbers, after %d and up to %d, got %d", last, top.Seq, r.Seq)
		}
		last = r.Seq
		if r.Gone {
			r.Body = append(r.Body, "gone"...)
		}
		out = append(out, fmt.Sprintf("%s=%s", r.Conversation, r.Body))
	}
	return out, top
}

func inboxResumes(t *testing.T, s InboxStore) {
	if got, top := rows(t, s, "shop", 0, 10); len(got) != 0 || top != (persistence.Position{}) {
		t.Errorf("an inbox that nothing was in is empty, got %v %v", got, top)
	}
	a, b := newChat(t, s, "shop", "a"), newChat(t, s, "shop", "b")
	a.commit(a.row("a waits"), persistence.Committed)
	repeat := b.row("b waits")
	b.commit(repeat, persistence.Committed)
	b.commit(repeat, persistence.Duplicate)
	got, top := rows(t, s, "shop", 0, 10)
	if want := []string{"c-a=a waits", "c-b=b waits"}; !slices.Equal(got, want) || top.Seq != 2 || top.Epoch == "" {
		t.Errorf("each changed row has a number, got %v up to %v, want %v", got, top, want)
	}
	a.commit(a.say("tab", 1), persistence.Committed)
	a.commit(a.row("a is served"), persistence.Committed)
	got, now := rows(t, s, "shop", top.Seq, 10)
	if want := []string{"c-a=a is served"}; !slices.Equal(got, want) || now.Seq != 3 || now.Epoch != top.Epoch {
		t.Errorf("resuming returns the rows that changed since, got %v up to %v, want %v", got, now, want)
	}
	b.commit(b.row(""), persistence.Committed)
	if got, _ = rows(t, s, "shop", now.Seq, 10); !slices.Equal(got, []string{"c-b=gone"}) {
		t.Errorf("a conversation that left the inbox is said to be gone, got %v", got)
	}
	if got, _ = rows(t, s, "shop", 0, 1); !slices.Equal(got, []string{"c-a=a is served"}) {
		t.Errorf("a limit keeps the first rows, got %v", got)
	}
	if got, top = rows(t, s, "shop", 0, 0); len(got) != 0 || top.Seq != 4 {
		t.Errorf("a limit of nothing returns the top alone, got %v %v", got, top)
	}
	if got, _ = rows(t, s, "shop", 1<<64-1, 10); len(got) != 0 {
		t.Errorf("nothing changed after the last number there can be, got %v", got)
	}
}

func watchersAreTold(t *testing.T, s InboxStore) {
	c := newChat(t, s, "shop", "a")
	committer, other := listen(t, s, "n1:1"), listen(t, s, "n2:1")
	for _, node := range []string{"n1:1", "n2:1"} {
		if err := s.Watch(t.Context(), "shop", persistence.Holder{Node: node, Count: 1}); err != nil {
			t.Fatal(err)
		}
	}
	c.commit(from("n1:1", c.row("waits")), persistence.Committed)
	c.commit(from("n1:1", c.say("tab", 1)), persistence.Committed)
	c.commit(from("n1:1", c.row("")), persistence.Committed)
	_, top := rows(t, s, "shop", 0, 0)
	for _, e := range []*ear{committer, other} {
		heard := e.all(s)
		if len(heard) != 2 {
			t.Fatalf("node %s watches and is told each changed row, the committing one too, it heard %+v", e.node, heard)
		}
		for i, want := range []persistence.InboxRow{{Seq: 1, Body: []byte("waits")}, {Seq: 2, Gone: true}} {
			n := heard[i]
			if n.Inbox == nil || n.Inbox.Seq != want.Seq || n.Inbox.Gone != want.Gone || string(n.Inbox.Body) != string(want.Body) ||
				n.Inbox.Conversation != c.key.Conversation || n.Snapshot.Site != "shop" ||
				n.InboxTop != (persistence.Position{Epoch: top.Epoch, Seq: want.Seq}) {
				t.Errorf("a changed row is told with its number, got %+v of %+v", n.Inbox, n)
			}
		}
	}
}

func lateUnwatchCannotUndoWatch(t *testing.T, s InboxStore) {
	c := newChat(t, s, "shop", "a")
	e := listen(t, s, "n1:1")
	watch := func(count uint64) {
		t.Helper()
		if err := s.Watch(t.Context(), "shop", persistence.Holder{Node: "n1:1", Count: count}); err != nil {
			t.Fatal(err)
		}
	}
	unwatch := func(count uint64) {
		t.Helper()
		if err := s.Unwatch(t.Context(), "shop", persistence.Holder{Node: "n1:1", Count: count}); err != nil {
			t.Fatal(err)
		}
	}
	watch(1)
	watch(2)
	unwatch(1)
	c.commit(c.row("waits"), persistence.Committed)
	if heard := e.all(s); len(heard) != 1 {
		t.Errorf("ending an earlier watch must not end a later one, the node heard %+v", heard)
	}
	unwatch(2)
	c.commit(c.row("is served"), persistence.Committed)
	if heard := e.all(s); len(heard) != 1 {
		t.Errorf("a node that watches no more is told nothing, it heard %+v", heard)
	}
}

func erasureEmptiesTheRow(t *testing.T, s InboxStore) {
	c := newChat(t, s, "shop", "a")
	c.commit(c.row("my address is"), persistence.Committed)
	in := c.say("tab", 0)
	in.Erase = true
	c.commit(in, persistence.Committed)
	if got, top := rows(t, s, "shop", 0, 10); !slices.Equal(got, []string{"c-a=gone"}) || top.Seq != 2 {
		t.Errorf("an erasure takes the conversation out of the inbox with all that its row said, got %v %v", got, top)
	}
}

func inboxesDoNotMeet(t *testing.T, s InboxStore) {
	here, there := newChat(t, s, "shop", "same"), newChat(t, s, "other", "same")
	e := listen(t, s, "n1:1")
	if err := s.Watch(t.Context(), "shop", persistence.Holder{Node: "n1:1", Count: 1}); err != nil {
		t.Fatal(err)
	}
	there.commit(there.row("there"), persistence.Committed)
	if heard := e.all(s); len(heard) != 0 {
		t.Errorf("who watches one site is told nothing of another, the node heard %+v", heard)
	}
	here.commit(here.row("here"), persistence.Committed)
	if got, top := rows(t, s, "shop", 0, 10); !slices.Equal(got, []string{"c-same=here"}) || top.Seq != 1 {
		t.Errorf("each site's inbox has numbers of its own, got %v %v", got, top)
	}
}
