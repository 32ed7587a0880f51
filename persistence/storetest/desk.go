package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"zgoda/persistence"
)

// A DeskStore is what the suite of the desk exercises.
type DeskStore interface {
	InboxStore
	persistence.Desk
}

// A DeskBackend makes the stores of one technology.
type DeskBackend struct {
	// New returns an empty store for one subtest and registers its cleanup.
	New func(t *testing.T) DeskStore
}

// Desk is the suite of persistence.Desk and of read marks.
func Desk(t *testing.T, b DeskBackend) {
	t.Helper()
	cases := []struct {
		name string
		run  func(*testing.T, DeskStore)
	}{
		{"P1_StaffLogHasNumbersOfItsOwn", staffLogHasNumbersOfItsOwn},
		{"P1_WrongStaffSeqIsRefused", wrongStaffSeqIsRefused},
		{"P5_AssignmentIsPartOfTheCommit", assignmentIsPartOfTheCommit},
		{"P3_ChangesWithoutEventsRaiseTheVersion", changesWithoutEvents},
		{"P9_ErasureEmptiesTheDesk", erasureEmptiesTheDesk},
		{"P10_DesksDoNotMeet", desksDoNotMeet},
		{"ReadMarksOnlyGrow", readMarksOnlyGrow},
		{"ReadMarkRenumbersTheRow", readMarkRenumbersTheRow},
		{"PresenceEndsByItself", presenceEndsByItself},
		{"PresenceSaysWhatIsDone", presenceSaysWhatIsDone},
		{"WatchersLearnOfPresence", watchersLearnOfPresence},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, b.New(t))
		})
	}
}

// note is a commit with entries for the staff log that go on after a number.
func (c *chat) note(after uint64, texts ...string) *persistence.Commit {
	in := c.say("$op", 0)
	for i, text := range texts {
		in.Staff = append(in.Staff, persistence.StaffEntry{Seq: after + 1 + uint64(i), ID: "n-" + text, At: c.now, Body: []byte(text)})
	}
	return in
}

// staffLog returns the entries as "seq=body", and the newest number.
func staffLog(t *testing.T, s persistence.Desk, key persistence.Key, after uint64, limit int) ([]string, uint64) {
	t.Helper()
	entries, top, err := s.StaffLog(t.Context(), key, after, limit)
	if err != nil {
		t.Fatalf("staff log: %v", err)
	}
	out := []string{}
	for _, e := range entries {
		if e.ID != "n-"+string(e.Body) || e.At.IsZero() {
			t.Errorf("an entry is read as it was written, got %+v", e)
		}
		out = append(out, fmt.Sprintf("%d=%s", e.Seq, e.Body))
	}
	return out, top
}

func staffLogHasNumbersOfItsOwn(t *testing.T, s DeskStore) {
	c := newChat(t, s, "shop", "a")
	if got, top := staffLog(t, s, c.key, 0, 10); len(got) != 0 || top != 0 {
		t.Errorf("a conversation that does not exist has no staff log, got %v %d", got, top)
	}
	c.commit(c.say("tab", 3), persistence.Committed)
	c.commit(c.note(0, "one", "two"), persistence.Committed)
	repeat := c.note(2, "three")
	c.commit(repeat, persistence.Committed)
	c.commit(repeat, persistence.Duplicate)
	stale := c.note(3, "lost")
	c.commit(c.say("tab", 1), persistence.Committed)
	stale.Input.Client = "$other"
	stale.Input.N = 1
	c.commit(stale, persistence.Stale)
	if got, top := staffLog(t, s, c.key, 0, 10); !slices.Equal(got, []string{"1=one", "2=two", "3=three"}) || top != 3 {
		t.Errorf("the staff log has what was committed, once and in order, got %v %d", got, top)
	}
	if got, top := staffLog(t, s, c.key, 1, 1); !slices.Equal(got, []string{"3=three"}) || top != 3 {
		t.Errorf("a limit keeps the newest, got %v %d", got, top)
	}
	if got, _ := staffLog(t, s, c.key, 3, 10); len(got) != 0 {
		t.Errorf("nothing follows the newest, got %v", got)
	}
	snap, events := c.load(everything)
	if snap.Seq != 4 || snap.StaffSeq != 3 || len(events) != 4 {
		t.Errorf("the staff log makes no hole in the visitor's, got %d events up to %d, staff %d", len(events), snap.Seq, snap.StaffSeq)
	}
}

func wrongStaffSeqIsRefused(t *testing.T, s DeskStore) {
	c := newChat(t, s, "shop", "a")
	c.commit(c.say("tab", 1), persistence.Committed)
	c.commit(c.note(0, "one"), persistence.Committed)
	for _, after := range []uint64{0, 2} {
		c.refuse(c.note(after, "wrong"), fmt.Sprintf("a staff log that has 1 entry does not go on after %d", after))
	}
	hole := c.note(1, "two", "three")
	hole.Staff[1].Seq = 9
	c.refuse(hole, "a staff log has no holes")
}

func assigned(t *testing.T, s persistence.Desk, site string) []string {
	t.Helper()
	all, err := s.Assignments(t.Context(), site)
	if err != nil {
		t.Fatalf("assignments: %v", err)
	}
	out := []string{}
	for _, a := range all {
		out = append(out, a.Conversation+"="+a.Operator)
	}
	slices.Sort(out)
	return out
}

func assignmentIsPartOfTheCommit(t *testing.T, s DeskStore) {
	a, b := newChat(t, s, "shop", "a"), newChat(t, s, "shop", "b")
	assign := func(c *chat, operator string) *persistence.Commit {
		in := c.say("$op", 1)
		in.Assigned = &operator
		return in
	}
	a.commit(a.say("tab", 1), persistence.Committed)
	stale := assign(a, "bert")
	stale.Input.Client = "$bert"
	a.commit(assign(a, "anna"), persistence.Committed)
	a.commit(stale, persistence.Stale)
	b.commit(b.say("tab", 1), persistence.Committed)
	b.commit(assign(b, "bert"), persistence.Committed)
	a.commit(a.say("tab", 1), persistence.Committed)
	if got := assigned(t, s, "shop"); !slices.Equal(got, []string{"c-a=anna", "c-b=bert"}) {
		t.Errorf("the one whose commit was applied has the conversation, got %v", got)
	}
	a.commit(assign(a, ""), persistence.Committed)
	b.commit(assign(b, "anna"), persistence.Committed)
	if got := assigned(t, s, "shop"); !slices.Equal(got, []string{"c-b=anna"}) {
		t.Errorf("a conversation is given away and given back, got %v", got)
	}
}

func changesWithoutEvents(t *testing.T, s DeskStore) {
	c := newChat(t, s, "shop", "a")
	c.commit(c.say("tab", 1), persistence.Committed)
	operator := "anna"
	for what, in := range map[string]func() *persistence.Commit{
		"a note":        func() *persistence.Commit { snap, _ := c.load(persistence.Range{}); return c.note(snap.StaffSeq, "x") },
		"an assignment": func() *persistence.Commit { in := c.say("$op", 0); in.Assigned = &operator; return in },
		"a row":         func() *persistence.Commit { in := c.row("waits"); in.Events, in.State = nil, nil; return in },
		"a timer": func() *persistence.Commit {
			in := c.say("$op", 0)
			in.Timers = []persistence.TimerChange{{Name: "x", Due: c.now}}
			return in
		},
		"a timer's end": func() *persistence.Commit {
			in := c.say("$op", 0)
			in.Timers = []persistence.TimerChange{{Name: "x"}}
			return in
		},
		"a new state":     func() *persistence.Commit { in := c.say("$op", 0); in.State = []byte("s"); return in },
		"a first profile": func() *persistence.Commit { in := c.say("$op", 0); in.Profile = []byte("p"); return in },
	} {
		before := c.version
		c.commit(in(), persistence.Committed)
		if c.version <= before {
			t.Errorf("%s raises the version, it was %d and is %d", what, before, c.version)
		}
	}
	before := c.version
	c.commit(c.say("$op", 0), persistence.Committed)
	if c.version != before {
		t.Errorf("an input that changes nothing leaves the version, it was %d and is %d", before, c.version)
	}
}

func erasureEmptiesTheDesk(t *testing.T, s DeskStore) {
	c := newChat(t, s, "shop", "a")
	c.commit(c.say("tab", 2), persistence.Committed)
	operator := "anna"
	in := c.note(0, "knows much")
	in.Assigned = &operator
	c.commit(in, persistence.Committed)
	signal(t, s, c.key, persistence.Signal{From: persistence.SignalOperator, Seen: 2})
	erase := c.say("tab", 0)
	erase.Erase = true
	bad := *erase
	bad.Staff = c.note(1, "late").Staff
	if _, err := s.Commit(t.Context(), &bad); err == nil {
		t.Error("an erasure that writes a staff entry is refused")
	}
	c.commit(erase, persistence.Committed)
	if got, top := staffLog(t, s, c.key, 0, 10); len(got) != 0 || top != 0 {
		t.Errorf("an erasure takes the staff log with it, got %v %d", got, top)
	}
	if got := assigned(t, s, "shop"); len(got) != 0 {
		t.Errorf("an erasure ends the assignment, got %v", got)
	}
	if snap, _ := c.load(persistence.Range{}); snap.SeenOperator != 0 || snap.StaffSeq != 0 {
		t.Errorf("an erasure takes the read marks with it, got %+v", snap)
	}
	signal(t, s, c.key, persistence.Signal{From: persistence.SignalOperator, Seen: 1})
	if snap, _ := c.load(persistence.Range{}); snap.SeenOperator != 0 {
		t.Errorf("there is nothing to read after an erasure, got %+v", snap)
	}
}

func signal(t *testing.T, s persistence.Nodes, key persistence.Key, g persistence.Signal) {
	t.Helper()
	if err := s.Signal(t.Context(), key, "n1:1", g); err != nil {
		t.Fatalf("signal: %v", err)
	}
}

func desksDoNotMeet(t *testing.T, s DeskStore) {
	here, there := newChat(t, s, "shop", "same"), newChat(t, s, "other", "same")
	for _, c := range []*chat{here, there} {
		c.commit(c.say("tab", 2), persistence.Committed)
	}
	operator := "anna"
	in := here.note(0, "here")
	in.Assigned = &operator
	here.commit(in, persistence.Committed)
	signal(t, s, here.key, persistence.Signal{From: persistence.SignalVisitor, Seen: 1})
	if err := s.Present(t.Context(), "shop", persistence.Presence{Operator: "anna", Socket: "s1"}, time.Minute); err != nil {
		t.Fatal(err)
	}
	if got, top := staffLog(t, s, there.key, 0, 10); len(got) != 0 || top != 0 {
		t.Errorf("another site's conversation has a staff log of its own, got %v", got)
	}
	if got := assigned(t, s, "other"); len(got) != 0 {
		t.Errorf("another site's operators have nothing here, got %v", got)
	}
	if snap, _ := there.load(persistence.Range{}); snap.SeenVisitor != 0 || snap.StaffSeq != 0 {
		t.Errorf("another site's conversation was not read, got %+v", snap)
	}
	if got := present(t, s, "other"); len(got) != 0 {
		t.Errorf("nobody is at another site's desk, got %v", got)
	}
}

func readMarksOnlyGrow(t *testing.T, s DeskStore) {
	c := newChat(t, s, "shop", "a")
	signal(t, s, c.key, persistence.Signal{From: persistence.SignalVisitor, Seen: 5})
	if snap, _ := c.load(persistence.Range{}); snap.Version != 0 || snap.SeenVisitor != 0 {
		t.Errorf("a read mark makes no conversation, got %+v", snap)
	}
	c.commit(c.say("tab", 5), persistence.Committed)
	for _, step := range []struct {
		g                 persistence.Signal
		visitor, operator uint64
	}{
		{persistence.Signal{From: persistence.SignalVisitor, Seen: 3}, 3, 0},
		{persistence.Signal{From: persistence.SignalOperator, Operator: "anna", Seen: 4}, 3, 4},
		{persistence.Signal{From: persistence.SignalVisitor, Seen: 2}, 3, 4},
		{persistence.Signal{From: persistence.SignalOperator, Operator: "bert", Seen: 1}, 3, 4},
		{persistence.Signal{From: persistence.SignalVisitor, Typing: true, On: true}, 3, 4},
		{persistence.Signal{From: persistence.SignalVisitor, Seen: 1 << 40}, 5, 4},
	} {
		signal(t, s, c.key, step.g)
		snap, _ := c.load(persistence.Range{})
		if snap.SeenVisitor != step.visitor || snap.SeenOperator != step.operator {
			t.Errorf("after %+v the marks are %d and %d, got %d and %d", step.g, step.visitor, step.operator, snap.SeenVisitor, snap.SeenOperator)
		}
		if snap.Version != c.version {
			t.Errorf("a read mark does not raise the version, got %d, want %d", snap.Version, c.version)
		}
	}
	in := c.say("phone", 1)
	in.Version--
	if res := c.commit(in, persistence.Stale); res.Snapshot.SeenVisitor != 5 || res.Snapshot.SeenOperator != 4 {
		t.Errorf("a stale commit is answered with the marks, got %+v", res.Snapshot)
	}
}

func readMarkRenumbersTheRow(t *testing.T, s DeskStore) {
	c := newChat(t, s, "shop", "a")
	e := listen(t, s, "n1:1")
	if err := s.Watch(t.Context(), "shop", persistence.Holder{Node: "n1:1", Count: 1}); err != nil {
		t.Fatal(err)
	}
	c.commit(c.row("two unread"), persistence.Committed)
	c.commit(c.say("tab", 2), persistence.Committed)
	for _, quiet := range []persistence.Signal{
		{From: persistence.SignalOperator, Seen: 1},
		{From: persistence.SignalOperator, Seen: 1, Row: true},
		{From: persistence.SignalOperator, Typing: true, On: true, Row: true},
	} {
		signal(t, s, c.key, quiet)
	}
	if _, top := rows(t, s, "shop", 0, 10); top.Seq != 1 {
		t.Errorf("a mark that did not grow, or that asks for no change of the row, leaves the inbox, its top is %d", top.Seq)
	}
	signal(t, s, c.key, persistence.Signal{From: persistence.SignalOperator, Seen: 3, Row: true})
	got, _, err := s.InboxRows(t.Context(), "shop", 1, 10)
	if err != nil || len(got) != 1 || got[0].Seq != 2 || got[0].Seen != 3 || string(got[0].Body) != "two unread" {
		t.Errorf("a row whose mark grew is a changed row with the same body, got %+v %v", got, err)
	}
	e.await("those who watch are told", func(all []persistence.News) bool {
		return slices.ContainsFunc(all, func(n persistence.News) bool { return n.Inbox != nil && n.InboxTop.Seq == 2 })
	})
	c.commit(c.row(""), persistence.Committed)
	signal(t, s, c.key, persistence.Signal{From: persistence.SignalOperator, Seen: 4, Row: true})
	if got, _ := rows(t, s, "shop", 2, 10); !slices.Equal(got, []string{"c-a=gone"}) {
		t.Errorf("reading does not bring a row back that has left the inbox, got %v", got)
	}
}

// present returns who is there as "operator/socket", marked where away.
func present(t *testing.T, s persistence.Desk, site string) []string {
	t.Helper()
	all, err := s.Presences(t.Context(), site)
	if err != nil {
		t.Fatalf("presences: %v", err)
	}
	out := []string{}
	for _, p := range all {
		name := p.Operator + "/" + p.Socket
		if p.Away {
			name += " away"
		}
		if p.Left {
			name += " left"
		}
		for _, w := range p.Watching {
			name += " " + w
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func presenceEndsByItself(t *testing.T, s DeskStore) {
	enter := func(socket string, lease time.Duration) {
		t.Helper()
		if err := s.Present(t.Context(), "shop", persistence.Presence{Operator: "anna", Socket: socket}, lease); err != nil {
			t.Fatal(err)
		}
	}
	enter("long", time.Minute)
	enter("short", 30*time.Millisecond)
	enter("renewed", 30*time.Millisecond)
	enter("renewed", time.Minute)
	deadline := time.Now().Add(hearTimeout)
	for {
		got := present(t, s, "shop")
		if slices.Equal(got, []string{"anna/long", "anna/renewed"}) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("a lease that is not renewed ends by itself, there are %v", got)
		}
		time.Sleep(5 * time.Millisecond)
	}
	for range 2 {
		if err := s.Absent(t.Context(), "shop", "anna", "long"); err != nil {
			t.Fatal(err)
		}
	}
	if got := present(t, s, "shop"); !slices.Equal(got, []string{"anna/renewed"}) {
		t.Errorf("who leaves is gone at once, there are %v", got)
	}
	enter("short", time.Minute)
	if got := present(t, s, "shop"); !slices.Equal(got, []string{"anna/renewed", "anna/short"}) {
		t.Errorf("who comes back is there, there are %v", got)
	}
}

func presenceSaysWhatIsDone(t *testing.T, s DeskStore) {
	for _, p := range []persistence.Presence{
		{Operator: "anna", Socket: "s1", Watching: []string{"c-b", "c-a"}},
		{Operator: "anna", Socket: "s2", Away: true},
		{Operator: "bert", Socket: "s1"},
		{Operator: "bert", Socket: "s1", Watching: []string{"c-a"}},
		{Operator: "bert", Socket: "s2"},
		{Operator: "bert", Socket: "s2", Left: true},
	} {
		if err := s.Present(t.Context(), "shop", p, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"anna/s1 c-a c-b", "anna/s2 away", "bert/s1 c-a", "bert/s2 left"}
	if got := present(t, s, "shop"); !slices.Equal(got, want) {
		t.Errorf("each socket says what is done in it, got %v, want %v", got, want)
	}
}

func watchersLearnOfPresence(t *testing.T, s DeskStore) {
	e := listen(t, s, "n1:1")
	if err := s.Watch(t.Context(), "shop", persistence.Holder{Node: "n1:1", Count: 1}); err != nil {
		t.Fatal(err)
	}
	heard := func(n int, sentence string) {
		t.Helper()
		count := func(all []persistence.News) int {
			found := 0
			for _, news := range all {
				if news.Desk && news.Snapshot.Site == "shop" {
					found++
				}
			}
			return found
		}
		all := e.await(sentence, func(all []persistence.News) bool { return count(all) >= n })
		if got := count(all); got != n {
			t.Errorf("%s: %d news, want %d", sentence, got, n)
		}
	}
	enter := func(p persistence.Presence) {
		t.Helper()
		if err := s.Present(t.Context(), "shop", p, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	enter(persistence.Presence{Operator: "anna", Socket: "s1"})
	heard(1, "who watches learns that somebody came")
	enter(persistence.Presence{Operator: "anna", Socket: "s1"})
	enter(persistence.Presence{Operator: "anna", Socket: "s1", Away: true})
	heard(2, "a renewal is no news, another state is")
	if err := s.Present(t.Context(), "other", persistence.Presence{Operator: "anna", Socket: "s1"}, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Absent(t.Context(), "shop", "anna", "s1"); err != nil {
		t.Fatal(err)
	}
	heard(3, "who watches learns that somebody left, and nothing of other sites")
}
