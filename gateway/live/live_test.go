package live

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"zgoda/persistence"
)

func key(name string) persistence.Key { return persistence.Key{Site: "shop", Conversation: name} }

// newsOf returns the news that a conversation got to a version.
func newsOf(name string, version uint64) *persistence.News {
	return &persistence.News{Snapshot: persistence.Snapshot{Key: key(name), Version: version}}
}

// A member keeps what it was delivered. It is only touched with its conversation
// locked, so it needs no lock of its own: the race detector watches that.
type member struct{ got []Delivery }

func (m *member) Deliver(d Delivery) { m.got = append(m.got, d) }

func TestP11_ConversationIsDroppedWithItsLastUser(t *testing.T) {
	t.Parallel()
	r := NewRegistry[int]()
	if c := r.Lookup(key("a")); c != nil {
		t.Fatal("a conversation nobody uses must not be found")
	}
	first := r.Acquire(key("a"))
	first.Do(func(l Locked[int]) { *l.Value() = 7 })
	if again := r.Acquire(key("a")); again != first {
		t.Error("two users must meet at one conversation")
	}
	if found := r.Lookup(key("a")); found != first {
		t.Error("a conversation in use must be found")
	}
	other := r.Acquire(persistence.Key{Site: "other", Conversation: "a"})
	if other == first {
		t.Error("sites must not meet")
	}
	if n := r.Len(); n != 2 {
		t.Errorf("two conversations are in use, got %d", n)
	}
	if keys := r.Keys(); len(keys) != 2 || !slices.Contains(keys, key("a")) || !slices.Contains(keys, other.Key) {
		t.Errorf("the keys in use: %v", keys)
	}
	// Acquired twice and looked up once: kept until the third release.
	for range 2 {
		first.Release()
		if c := r.Lookup(key("a")); c != first {
			t.Fatal("a conversation must be kept while anybody uses it")
		}
		first.Release()
	}
	first.Release()
	if c := r.Lookup(key("a")); c != nil {
		t.Fatal("the last release must drop the conversation")
	}
	fresh := r.Acquire(key("a"))
	fresh.Do(func(l Locked[int]) {
		if *l.Value() != 0 {
			t.Error("a conversation that was dropped must not keep what it held")
		}
	})
	fresh.Release()
	other.Release()
	if n := r.Len(); n != 0 {
		t.Errorf("nothing is in use any more, got %d", n)
	}
}

func TestP1_MembersGetWhatFollowsTheirAttachment(t *testing.T) {
	t.Parallel()
	r := NewRegistry[struct{}]()
	c := r.Acquire(key("a"))
	defer c.Release()
	early, late := &member{}, &member{}
	deliver := func(l Locked[struct{}], seq uint64) { l.Deliver(Delivery{First: seq, Last: seq}) }
	c.Do(func(l Locked[struct{}]) {
		deliver(l, 1) // to nobody
		l.Attach(early)
		l.Attach(early)
		deliver(l, 2)
		l.Attach(late)
		deliver(l, 3)
		if n := l.Members(); n != 2 {
			t.Errorf("two are attached, got %d", n)
		}
		each := 0
		l.Each(func(Member) { each++ })
		if each != 2 {
			t.Errorf("Each must reach both once, reached %d", each)
		}
		l.Detach(early)
		l.Detach(early)
		deliver(l, 4)
	})
	tests := map[string]struct {
		m    *member
		want []uint64
	}{"early": {early, []uint64{2, 3}}, "late": {late, []uint64{3, 4}}}
	for name, tt := range tests {
		var got []uint64
		for _, d := range tt.m.got {
			got = append(got, d.Last)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: delivered %v, want %v", name, got, tt.want)
		}
	}
}

func TestP11_NewsOfWhatIsNotInUseAreDropped(t *testing.T) {
	t.Parallel()
	r := NewRegistry[int]()
	r.Hear(newsOf("a", 1), func(*Conversation[int], *persistence.News) { t.Error("there is nobody to hear it") })
	r.Wait()
	if n := r.Len(); n != 0 {
		t.Errorf("news must not bring a conversation into use, got %d", n)
	}
}

func TestP1_NewsAreHeardInOrder(t *testing.T) {
	t.Parallel()
	r := NewRegistry[[]uint64]()
	a, b := r.Acquire(key("a")), r.Acquire(key("b"))
	handle := func(c *Conversation[[]uint64], news *persistence.News) {
		c.Do(func(l Locked[[]uint64]) { *l.Value() = append(*l.Value(), news.Snapshot.Version) })
	}
	var want []uint64
	for v := range uint64(maxNews) {
		want = append(want, v)
		r.Hear(newsOf("a", v), handle)
		r.Hear(newsOf("b", v), handle)
	}
	r.Wait()
	for _, c := range []*Conversation[[]uint64]{a, b} {
		c.Do(func(l Locked[[]uint64]) {
			if !slices.Equal(*l.Value(), want) {
				t.Errorf("%s heard %v", c.Key.Conversation, *l.Value())
			}
		})
		c.Release()
	}
	if n := r.Len(); n != 0 {
		t.Errorf("hearing must give up what it holds, %d are in use", n)
	}
}

// TestP11_BusyConversationHoldsUpNobody keeps one conversation busy. Hear returns
// at once, the other hears its news, and what waited is heard afterwards.
func TestP11_BusyConversationHoldsUpNobody(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		waiting int
		// want is what is heard after the first: versions, 0 for "read anew".
		want []uint64
	}{
		"nothing waits":                {0, nil},
		"as many as may wait":          {maxNews, sequence(2, maxNews)},
		"one too many":                 {maxNews + 1, []uint64{0}},
		"some after it was too many":   {maxNews + 3, []uint64{0, maxNews + 3, maxNews + 4}},
		"too many, twice":              {2*maxNews + 1, []uint64{0}},
		"far too many: still only one": {20*maxNews + 1, []uint64{0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// In the bubble a Hear that blocks is a deadlock that is found at once.
			synctest.Test(t, func(t *testing.T) {
				r := NewRegistry[int]()
				busy, free := r.Acquire(key("busy")), r.Acquire(key("free"))
				begun, end := make(chan struct{}), make(chan struct{})
				var heard []uint64
				handle := func(c *Conversation[int], news *persistence.News) {
					if c != busy {
						t.Error("news must be handed over with their conversation")
					}
					if news != nil && news.Snapshot.Version == 1 {
						close(begun)
						<-end
						return
					}
					version := uint64(0)
					if news != nil {
						version = news.Snapshot.Version
					}
					heard = append(heard, version)
				}
				r.Hear(newsOf("busy", 1), handle)
				<-begun
				for i := range tt.waiting {
					r.Hear(newsOf("busy", uint64(i+2)), handle)
				}
				other := make(chan struct{})
				r.Hear(newsOf("free", 1), func(*Conversation[int], *persistence.News) { close(other) })
				<-other
				// Its users may leave while news wait: who hears them keeps it.
				busy.Release()
				if c := r.Lookup(key("busy")); c != busy {
					t.Error("a conversation that is hearing must be in use")
				} else {
					c.Release()
				}
				waited := make(chan struct{})
				go func() { r.Wait(); close(waited) }()
				synctest.Wait()
				select {
				case <-waited:
					t.Error("Wait must not return while news are handled")
				default:
				}
				close(end)
				<-waited
				if !slices.Equal(heard, tt.want) {
					t.Errorf("heard %v, want %v (0: to be read anew)", heard, tt.want)
				}
				free.Release()
				if n := r.Len(); n != 0 {
					t.Errorf("nothing is in use any more, got %d", n)
				}
			})
		})
	}
}

func sequence(from uint64, n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = from + uint64(i)
	}
	return out
}

// TestP1_ManyGoroutinesMeet uses a few conversations from many goroutines at the
// same time; the race detector watches. Each increment is of a plain int, so a
// conversation that existed twice would lose some.
func TestP1_ManyGoroutinesMeet(t *testing.T) {
	t.Parallel()
	const users, rounds, names = 16, 300, 5
	r := NewRegistry[int]()
	total := make([]int, names)
	var heard sync.Map // name → *[]uint64, each written by one goroutine at a time
	for i := range names {
		heard.Store(fmt.Sprint(i), new([]uint64))
	}
	var wg sync.WaitGroup
	for u := range users {
		wg.Go(func() {
			m := &member{}
			for i := range rounds {
				at := (u + i) % names
				c := r.Acquire(key(fmt.Sprint(at)))
				c.Do(func(l Locked[int]) {
					l.Attach(m)
					*l.Value()++
					total[at]++
					l.Deliver(Delivery{Last: uint64(*l.Value())})
					l.Detach(m)
				})
				if found := r.Lookup(c.Key); found != c {
					t.Error("a conversation that is held must be found, and be the same one")
				} else {
					found.Release()
				}
				c.Release()
			}
		})
	}
	for i := range names {
		wg.Go(func() {
			// One goroutine tells the news of one conversation, as a channel does.
			for v := range uint64(rounds) {
				r.Hear(newsOf(fmt.Sprint(i), v+1), func(c *Conversation[int], news *persistence.News) {
					if news == nil {
						return
					}
					got, _ := heard.Load(c.Key.Conversation)
					list := got.(*[]uint64)
					// Who hears keeps the conversation, so the order outlives its users.
					c.Do(func(Locked[int]) { *list = append(*list, news.Snapshot.Version) })
				})
				r.Keys()
			}
		})
	}
	wg.Wait()
	r.Wait()
	if n := r.Len(); n != 0 {
		t.Errorf("everything was released, %d are in use", n)
	}
	heard.Range(func(name, list any) bool {
		if got := *list.(*[]uint64); !slices.IsSorted(got) {
			t.Errorf("%s: news must be heard in order, got %v", name, got)
		}
		return true
	})
	sum := 0
	for _, n := range total {
		sum += n
	}
	if sum != users*rounds {
		t.Errorf("%d turns must exclude one another, counted %d", users*rounds, sum)
	}
}
