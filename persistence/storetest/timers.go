package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"zgoda/persistence"
)

// A TimerStore is what the suite of timers exercises.
type TimerStore interface {
	ConversationStore
	persistence.Timers
}

// A TimersBackend makes the stores of one technology.
type TimersBackend struct {
	// New returns an empty store for one subtest and registers its cleanup.
	New func(t *testing.T) TimerStore
}

// Timers is the suite of persistence.Timers.
func Timers(t *testing.T, b TimersBackend) {
	t.Helper()
	cases := []struct {
		name string
		run  func(*testing.T, TimerStore)
	}{
		{"TimersAreDueOldestFirst", timersAreDueOldestFirst},
		{"TimersStayUntilCancelled", timersStayUntilCancelled},
		{"TimersArePartOfTheCommit", timersArePartOfTheCommit},
		{"P9_ErasureEndsTimers", erasureEndsTimers},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, b.New(t))
		})
	}
}

// due returns the timers that are due, as "site/conversation/name".
func due(t *testing.T, s persistence.Timers, now time.Time, limit int) []string {
	t.Helper()
	timers, err := s.DueTimers(t.Context(), now, limit)
	if err != nil {
		t.Fatalf("due timers: %v", err)
	}
	out := []string{}
	for _, timer := range timers {
		if timer.Due.After(now) {
			t.Errorf("a timer that is not due yet was returned: %+v at %v", timer, now)
		}
		out = append(out, fmt.Sprintf("%s/%s/%s", timer.Site, timer.Conversation, timer.Name))
	}
	return out
}

// set is a commit that sets a timer, or cancels it at the zero time.
func (c *chat) set(name string, at time.Time) *persistence.Commit {
	in := c.say(persistence.ServerClient+"timer", 0)
	in.Timers = []persistence.TimerChange{{Name: name, Due: at}}
	return in
}

func timersAreDueOldestFirst(t *testing.T, s TimerStore) {
	a, b := newChat(t, s, "shop", "a"), newChat(t, s, "other", "b")
	now := a.now
	a.commit(a.set("idle", now.Add(3*time.Minute)), persistence.Committed)
	a.commit(a.set("ask", now.Add(time.Minute)), persistence.Committed)
	b.commit(b.set("idle", now.Add(2*time.Minute)), persistence.Committed)
	if got := due(t, s, now, 10); len(got) != 0 {
		t.Errorf("nothing is due before its time, got %v", got)
	}
	want := []string{"shop/c-a/ask", "other/c-b/idle", "shop/c-a/idle"}
	if got := due(t, s, now.Add(time.Hour), 10); !slices.Equal(got, want) {
		t.Errorf("timers of all sites come oldest first, got %v, want %v", got, want)
	}
	if got := due(t, s, now.Add(2*time.Minute), 10); !slices.Equal(got, want[:2]) {
		t.Errorf("a timer is due at its time, got %v, want %v", got, want[:2])
	}
	if got := due(t, s, now.Add(time.Hour), 2); !slices.Equal(got, want[:2]) {
		t.Errorf("the limit keeps the oldest, got %v, want %v", got, want[:2])
	}
	if got := due(t, s, now.Add(time.Hour), 0); len(got) != 0 {
		t.Errorf("a limit of nothing is nothing, got %v", got)
	}
	timers, err := s.DueTimers(t.Context(), now.Add(time.Hour), 1)
	if err != nil || len(timers) != 1 || !timers[0].Due.Equal(now.Add(time.Minute)) {
		t.Errorf("a timer says when it was due, got %v %v", timers, err)
	}
}

func timersStayUntilCancelled(t *testing.T, s TimerStore) {
	c := newChat(t, s, "shop", "a")
	// Names that run into each other when they are merely joined.
	other := newChat(t, s, "shop", "a")
	other.key.Conversation, other.visitor = "c-ax", "v-other"
	c.commit(c.set("xidle", c.now), persistence.Committed)
	other.commit(other.set("idle", c.now), persistence.Committed)
	for range 2 {
		if got := due(t, s, c.now, 10); len(got) != 2 {
			t.Errorf("a timer stays until a commit ends it, got %v", got)
		}
	}
	c.commit(c.set("xidle", c.now.Add(time.Hour)), persistence.Committed)
	if got := due(t, s, c.now, 10); !slices.Equal(got, []string{"shop/c-ax/idle"}) {
		t.Errorf("a timer that was moved is due later, got %v", got)
	}
	other.commit(other.set("idle", time.Time{}), persistence.Committed)
	other.commit(other.set("unknown", time.Time{}), persistence.Committed)
	if got := due(t, s, c.now.Add(2*time.Hour), 10); !slices.Equal(got, []string{"shop/c-a/xidle"}) {
		t.Errorf("a timer that was cancelled is gone and no other, got %v", got)
	}
}

func timersArePartOfTheCommit(t *testing.T, s TimerStore) {
	c := newChat(t, s, "shop", "a")
	stale := c.set("late", c.now)
	first := c.say("tab", 1)
	first.Timers = []persistence.TimerChange{{Name: "one", Due: c.now}, {Name: "two", Due: c.now.Add(time.Second)}}
	c.commit(first, persistence.Committed)
	c.commit(stale, persistence.Stale)
	fired := c.set("one", time.Time{})
	c.commit(fired, persistence.Committed)
	c.commit(fired, persistence.Duplicate)
	c.commit(first, persistence.Duplicate)
	if got := due(t, s, c.now.Add(time.Hour), 10); !slices.Equal(got, []string{"shop/c-a/two"}) {
		t.Errorf("a timer is set and cancelled with its commit, once, got %v", got)
	}
}

func erasureEndsTimers(t *testing.T, s TimerStore) {
	c, other := newChat(t, s, "shop", "a"), newChat(t, s, "shop", "b")
	c.commit(c.set("idle", c.now), persistence.Committed)
	other.commit(other.set("idle", c.now), persistence.Committed)
	in := c.say("tab", 0)
	in.Erase = true
	c.commit(in, persistence.Committed)
	if got := due(t, s, c.now, 10); !slices.Equal(got, []string{"shop/c-b/idle"}) {
		t.Errorf("nothing is to fire for a visitor who was erased, got %v", got)
	}
}
