package sqlitestore

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"zgoda/persistence"
)

// aged is a conversation whose events have the ages given, in days.
func aged(t *testing.T, s *Store, visitor string, now time.Time, days ...int) {
	t.Helper()
	c := &persistence.Commit{
		Key: persistence.Key{Site: "shop", Conversation: "c-" + visitor}, Visitor: visitor, Now: now, Epoch: "e",
		Input: persistence.Input{Client: "tab", N: 1}, State: []byte("state"),
	}
	body := []byte(canary(2))
	if visitor == "old" {
		body = []byte(canary(1))
	}
	for i, d := range days {
		seq := uint64(i + 1)
		c.Events = append(c.Events, persistence.Event{
			Seq: seq, ID: fmt.Sprint(seq), At: now.AddDate(0, 0, -d), Body: body,
		})
	}
	mustCommit(t, s, c)
}

func TestTrimRemovesWholePrefixes(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	now := time.Now()
	tests := map[string]struct {
		days  []int
		first uint64
		kept  []uint64
	}{
		"young":              {[]int{3, 2, 1}, 1, []uint64{1, 2, 3}},
		"old":                {[]int{90, 80, 70}, 0, nil},
		"both":               {[]int{90, 80, 2, 1}, 3, []uint64{3, 4}},
		"old behind a young": {[]int{90, 2, 80, 1}, 2, []uint64{2, 3, 4}},
		"empty":              {nil, 0, nil},
	}
	want := 0
	for name, tt := range tests {
		aged(t, s, name, now, tt.days...)
		want += len(tt.days) - len(tt.kept)
	}
	if n, err := s.Trim(t.Context(), now.AddDate(0, 0, -30)); err != nil || n != want {
		t.Errorf("trim: removed %d %v, want %d", n, err, want)
	}
	for name, tt := range tests {
		snap, events, err := s.Load(t.Context(), persistence.Key{Site: "shop", Conversation: "c-" + name}, persistence.Range{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		var kept []uint64
		for _, e := range events {
			kept = append(kept, e.Seq)
		}
		if !slices.Equal(kept, tt.kept) || snap.First != tt.first || snap.Seq != uint64(len(tt.days)) {
			t.Errorf("%s: kept %v, first %d of %d, want %v, first %d of %d", name, kept, snap.First, snap.Seq, tt.kept, tt.first, len(tt.days))
		}
		if snap.Version != 1 || string(snap.State) != "state" {
			t.Errorf("%s: trimming must change neither version nor state, got %d %q", name, snap.Version, snap.State)
		}
	}
	if n := canariesIn(t, s, map[string]bool{canary(1): true}); n != 0 {
		t.Errorf("what was trimmed must be in no file, found %d", n)
	}
	if n, err := s.Trim(t.Context(), now.AddDate(0, 0, -30)); err != nil || n != 0 {
		t.Errorf("a second trim has nothing to do, removed %d %v", n, err)
	}
}

// TestTrimmedLogGoesOn: numbers go on behind a log that was trimmed whole.
func TestTrimmedLogGoesOn(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	now := time.Now()
	aged(t, s, "anna", now, 90, 80)
	if n, err := s.Trim(t.Context(), now.AddDate(0, 0, -30)); err != nil || n != 2 {
		t.Fatalf("trim: removed %d %v", n, err)
	}
	c := say("anna", 2, 0)
	c.ProfileVersion, c.Events[0].Seq = 0, 3
	mustCommit(t, s, c)
	snap, events, err := s.Load(t.Context(), c.Key, persistence.Range{Limit: 10})
	if err != nil || snap.First != 3 || snap.Seq != 3 || len(events) != 1 {
		t.Errorf("a log goes on where it was, got first %d, seq %d, %d events, %v", snap.First, snap.Seq, len(events), err)
	}
}

// TestTrimManyConversations is more conversations and clients than one
// transaction takes.
func TestTrimManyConversations(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	now := time.Now()
	var commits []*persistence.Commit
	for i := range trimChunk*2 + 1 {
		name := fmt.Sprintf("v%d", i)
		c := say(name, 1, 0)
		c.Now = now.Add(-persistence.ClientLifetime - time.Hour)
		c.Events[0].At = now.AddDate(0, 0, -90)
		commits = append(commits, c)
	}
	commitAll(t, s, commits)
	aged(t, s, "young", now, 1)
	if n, err := s.Trim(t.Context(), now.AddDate(0, 0, -30)); err != nil || n != len(commits) {
		t.Errorf("trim: removed %d %v, want %d", n, err, len(commits))
	}
	for _, v := range []struct {
		name string
		want uint64
	}{{"v0", 0}, {fmt.Sprintf("v%d", trimChunk*2), 0}, {"young", 1}} {
		n, err := s.LastInput(t.Context(), persistence.Key{Site: "shop", Conversation: "c-" + v.name}, "tab")
		if err != nil || n != v.want {
			t.Errorf("%s: clients past their lifetime are forgotten, others not: last input %d %v, want %d", v.name, n, err, v.want)
		}
	}
}

// E25: the clocks are independent: the transcript goes, the contact and its proof
// stay.
func TestE25_TranscriptGoesWhileTheContactLives(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustApply(t, s, giveContact("anna", map[string]string{"email": "anna@example.test"})...)
	old := time.Now().AddDate(0, 0, -40)
	_, err := s.Commit(t.Context(), &persistence.Commit{
		Key: persistence.Key{Site: "shop", Conversation: "c-anna"}, Visitor: "anna", Now: old, Epoch: "e", State: []byte("s"),
		Input:  persistence.Input{Client: "tab", N: 1, Digest: []byte("d"), Answer: []byte("a")},
		Events: []persistence.Event{{Seq: 1, ID: "one", At: old, Body: []byte("hello")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := s.Trim(t.Context(), time.Now().AddDate(0, 0, -30)); err != nil || n != 1 {
		t.Fatalf("trimmed %d events: %v", n, err)
	}
	person, err := s.Person(t.Context(), "shop", "anna", asTest)
	if err != nil || person.Fields["email"] != "anna@example.test" || len(person.Proof.Entries) == 0 {
		t.Errorf("after the transcript is gone the store has %+v %v", person, err)
	}
}
