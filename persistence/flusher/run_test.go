package flusher

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zgoda/persistence"
)

// memory is an outbox and a contact store of records that say "seen", for tests
// that run on a clock of their own: no real I/O may be in them.
type memory struct {
	mu      sync.Mutex // guards the fields below
	pending []persistence.OutboxRecord
	applied []uint64
	tries   []time.Time
	away    bool
}

func (m *memory) add(vseq uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = append(m.pending, persistence.OutboxRecord{Site: "shop", Visitor: "anna", VSeq: vseq, At: testTime})
}

func (m *memory) set(away bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = away
}

// seen returns how far the contact store is and when it was tried.
func (m *memory) seen() ([]uint64, []time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.applied, m.tries
}

func (m *memory) Pending(_ context.Context, limit int) ([]persistence.OutboxRecord, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]persistence.OutboxRecord(nil), m.pending[:min(limit, len(m.pending))]...), nil
}

func (m *memory) Acknowledge(_ context.Context, records []persistence.OutboxRecord) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pending = m.pending[len(records):]
	return nil
}

func (m *memory) ContactValues(context.Context, string, string) ([]byte, error) {
	return nil, persistence.ErrNotFound
}

func (m *memory) Apply(_ context.Context, _ string, records []persistence.Record) ([]persistence.Verdict, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tries = append(m.tries, time.Now())
	if m.away {
		return nil, fmt.Errorf("away: %w", persistence.ErrUnavailable)
	}
	out := make([]persistence.Verdict, len(records))
	for i, r := range records {
		m.applied = append(m.applied, r.VSeq)
		out[i] = persistence.Applied
	}
	return out, nil
}

// notAsked panics where a test asks for what a flusher does not use.
type notAsked struct{ persistence.Contacts }

// Open implements persistence.Sealer for records that are made up on opening.
func (m *memory) Open(scope persistence.Scope, _ []byte) ([]byte, error) {
	var vseq uint64
	if _, err := fmt.Sscanf(scope.Item, persistence.ItemOutbox+"%d", &vseq); err != nil {
		return nil, err
	}
	return persistence.EncodeRecord(persistence.Record{Site: scope.Site, Visitor: scope.Subject, VSeq: vseq, At: testTime, Seen: true})
}

func (m *memory) Seal(persistence.Scope, []byte) ([]byte, error) { return nil, errors.New("not used") }

type memoryContacts struct {
	notAsked
	*memory
}

func (c memoryContacts) Apply(ctx context.Context, site string, records []persistence.Record) ([]persistence.Verdict, error) {
	return c.memory.Apply(ctx, site, records)
}

func newMemory(t *testing.T) (*memory, *Flusher) {
	t.Helper()
	m := &memory{}
	f, err := New(Options{Outbox: m, Contacts: memoryContacts{memory: m}, Sealer: m})
	if err != nil {
		t.Fatal(err)
	}
	return m, f
}

// run starts Run and returns what stops it and waits for its end.
func run(t *testing.T, f *Flusher) func() {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- f.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run must end with its context and without an error, got %v", err)
		}
	}
}

// TestP8_ContactStoreAwayForAWhile keeps the contact store away for ten minutes.
// It is asked less and less often, and never forgotten.
func TestP8_ContactStoreAwayForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t)
		f.pause = func(d time.Duration) time.Duration { return d }
		m.set(true)
		for i := range uint64(3) {
			m.add(i + 1)
		}
		stop := run(t, f)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		applied, tries := m.seen()
		if len(applied) != 0 {
			t.Fatalf("nothing can have been applied, got %v", applied)
		}
		want := firstPause
		for i := 1; i < len(tries); i++ {
			if got := tries[i].Sub(tries[i-1]); got != want {
				t.Fatalf("pause %d must be %v, was %v", i, want, got)
			}
			want = min(2*want, longPause)
		}
		if f.Stats().Failures != uint64(len(tries)) || len(tries) < 20 {
			t.Errorf("every try must count as a failed pass: %d tries, %+v", len(tries), f.Stats())
		}
		// What is new does not make a store that is away be asked sooner.
		m.add(4)
		f.Wake()
		synctest.Wait()
		if _, again := m.seen(); len(again) != len(tries) {
			t.Error("Wake must not shorten a pause")
		}
		m.set(false)
		time.Sleep(longPause)
		synctest.Wait()
		if applied, _ := m.seen(); len(applied) != 4 {
			t.Errorf("all must be applied once the store is back, got %v", applied)
		}
		// A new outage begins with the short pause again.
		m.set(true)
		m.add(5)
		f.Wake()
		synctest.Wait()
		m.set(false)
		time.Sleep(firstPause)
		synctest.Wait()
		if applied, _ := m.seen(); len(applied) != 5 {
			t.Errorf("pauses must begin anew after a success, got %v", applied)
		}
		stop()
	})
}

// TestP11_PausesAreJittered draws pauses as Run does: nodes that lost the store
// at the same moment must not come back at the same moment.
func TestP11_PausesAreJittered(t *testing.T) {
	t.Parallel()
	_, f := newMemory(t)
	seen := map[time.Duration]bool{}
	for range 100 {
		d := f.pause(longPause)
		if d <= 0 || d > longPause {
			t.Fatalf("a pause must be within its bound, got %v", d)
		}
		seen[d] = true
	}
	if len(seen) < 50 {
		t.Errorf("pauses must differ, got %d of 100", len(seen))
	}
}

// TestP8_RunLooksByItself adds records that nobody wakes the flusher for, as
// another node does.
func TestP8_RunLooksByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, f := newMemory(t)
		stop := run(t, f)
		synctest.Wait()
		m.add(1)
		synctest.Wait()
		if applied, _ := m.seen(); len(applied) != 0 {
			t.Error("nobody woke the flusher")
		}
		time.Sleep(defaultIdle)
		synctest.Wait()
		if applied, _ := m.seen(); len(applied) != 1 {
			t.Errorf("an idle flusher must look by itself, got %v", applied)
		}
		m.add(2)
		f.Wake()
		synctest.Wait()
		if applied, _ := m.seen(); len(applied) != 2 {
			t.Errorf("Wake must make it look at once, got %v", applied)
		}
		stop()
	})
}

// TestP11_WakeNeverBlocks wakes a flusher that does not run, many times. Then one
// look is due, not many.
func TestP11_WakeNeverBlocks(t *testing.T) {
	t.Parallel()
	m, f := newMemory(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 1000 {
				f.Wake()
			}
		})
	}
	wg.Wait()
	m.add(1)
	if err := f.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestP11_RunEndsWithItsContext ends the context in each state that Run can be
// in.
func TestP11_RunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]bool{"idle": false, "waiting for a store": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m, f := newMemory(t)
				m.set(away)
				m.add(1)
				stop := run(t, f)
				synctest.Wait()
				began := time.Now()
				stop()
				if d := time.Since(began); d != 0 {
					t.Errorf("Run must end at once, took %v", d)
				}
			})
		})
	}
	t.Run("before it began", func(t *testing.T) {
		t.Parallel()
		m, f := newMemory(t)
		m.add(1)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
		if err := f.Flush(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Flush must say that its context ended, got %v", err)
		}
		if _, tries := m.seen(); len(tries) != 0 {
			t.Errorf("nothing may be asked, was asked %d times", len(tries))
		}
	})
	t.Run("waiting for another pass", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			_, f := newMemory(t)
			f.turn <- struct{}{} // a pass that does not end
			stop := run(t, f)
			synctest.Wait()
			stop()
		})
	})
}
