package redisstore

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"zgoda/persistence"
	"zgoda/persistence/servers"
)

func pending(t testing.TB, s *Store, limit int) []persistence.OutboxRecord {
	t.Helper()
	out, err := s.Pending(t.Context(), limit)
	if err != nil {
		t.Fatalf("pending: %v", err)
	}
	return out
}

func acknowledge(t testing.TB, s *Store, records []persistence.OutboxRecord) {
	t.Helper()
	if err := s.Acknowledge(t.Context(), records); err != nil {
		t.Fatalf("acknowledge: %v", err)
	}
}

// fill commits so many records of a visitor, ten at a time.
func (c *chat) fill(records int) {
	c.t.Helper()
	for ; records > 0; records -= 10 {
		in := c.say()
		for range min(records, 10) {
			in = c.withRecord(in)
		}
		c.commit(in)
	}
}

// P8: records that nobody can move hide no others for ever, of no visitor and
// of no site.
func TestBlockedRecordsHideNobody(t *testing.T) {
	t.Parallel()
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix(), Sites: []string{"shop", "other", "empty"}})
	blocked, later, other := newChat(t, s, "shop", "blocked"), newChat(t, s, "shop", "later"), newChat(t, s, "other", "x")
	blocked.fill(500)
	later.fill(30)
	other.fill(5)
	const limit = 40
	moved := map[string][]uint64{}
	for range 100 {
		got := pending(t, s, limit)
		if len(got) != min(limit, 535-len(moved[later.snap.Visitor])-len(moved[other.snap.Visitor])) {
			t.Fatalf("as many as asked for must come while there are more, got %d", len(got))
		}
		last := map[string]uint64{}
		var done []persistence.OutboxRecord
		for _, r := range got {
			if r.VSeq <= last[r.Visitor] {
				t.Fatalf("each visitor's records must keep their order, %d came after %d", r.VSeq, last[r.Visitor])
			}
			last[r.Visitor] = r.VSeq
			if r.Visitor != blocked.snap.Visitor && r.VSeq == uint64(len(moved[r.Visitor])+1) {
				moved[r.Visitor] = append(moved[r.Visitor], r.VSeq)
				done = append(done, r)
			}
		}
		acknowledge(t, s, done)
		if len(moved[later.snap.Visitor]) == 30 && len(moved[other.snap.Visitor]) == 5 {
			return
		}
	}
	t.Errorf("what stands behind blocked records must be reached, moved are %v", moved)
}

// Shares of a limit are even, and nothing of it is wasted.
func TestShares(t *testing.T) {
	t.Parallel()
	tests := []struct {
		counts []int
		limit  int
		want   []int
	}{
		{nil, 10, []int{}},
		{[]int{5, 0, 5}, 4, []int{2, 0, 2}},
		{[]int{100, 1, 100}, 11, []int{5, 1, 5}},
		{[]int{100, 1, 100}, 1000, []int{100, 1, 100}},
		{[]int{3, 3, 3}, 2, []int{1, 1, 0}},
		{[]int{3}, 0, []int{0}},
		{[]int{3}, -1, []int{0}},
	}
	for _, tt := range tests {
		if got := shares(tt.counts, tt.limit); !slices.Equal(got, tt.want) {
			t.Errorf("shares of %v in %d must be %v, got %v", tt.counts, tt.limit, tt.want, got)
		}
	}
}

// TestPendingIsCheap prints what reading and acknowledging costs while many
// records wait.
func TestPendingIsCheap(t *testing.T) {
	t.Parallel()
	records := 10_000
	if prove {
		records = 100_000
	}
	server := startRedis(t, servers.RedisOptions{})
	s := open(t, Options{Addrs: []string{server.Addr()}, Prefix: newPrefix()})
	for i := range records / 1000 {
		newChat(t, s, "shop", fmt.Sprint(i)).fill(1000)
	}
	// Twice, so that the second finds the front where it was.
	for _, what := range []string{"front", "past a front that does not move"} {
		start := time.Now()
		got := pending(t, s, 200)
		t.Logf("200 of %d pending records, %s: %v", records, what, time.Since(start))
		if len(got) != 200 {
			t.Fatalf("got %d", len(got))
		}
	}
	start := time.Now()
	rounds := 0
	for {
		got := pending(t, s, 1000)
		if len(got) == 0 {
			break
		}
		acknowledge(t, s, got)
		rounds++
	}
	t.Logf("%d records read and acknowledged in %v", records, time.Since(start))
	if rounds != records/1000 {
		t.Errorf("each reading must return what is left, %d readings for %d records", rounds, records)
	}
	direct := server.Client()
	defer func() { _ = direct.Close() }()
	if n := direct.XLen(t.Context(), s.site("shop").outbox).Val(); n != 0 {
		t.Errorf("nothing must be left, got %d", n)
	}
}
