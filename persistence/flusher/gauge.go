package flusher

import (
	"context"
	"math"
	"sync"
	"time"

	"zgoda/persistence"
)

const (
	// rateWindow is over how long the drain rate looks back: what moved that long
	// ago counts for about a third of what moves now.
	rateWindow = 10 * time.Second
	// measurePeriod is how often the outbox is asked how much waits, while a pass
	// does not see its end.
	measurePeriod = time.Second
)

// A gauge holds what the outbox looked like and how fast it drains.
type gauge struct {
	mu       sync.Mutex // guards the fields below
	backlog  persistence.Backlog
	measured time.Time
	// weight is what moved, the older the less, as of at.
	weight float64
	at     time.Time
}

func (g *gauge) read(s *Stats, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s.Backlog, s.Oldest = g.backlog.Records, g.backlog.Oldest
	s.Rate = g.decayed(now) / rateWindow.Seconds()
}

func (g *gauge) decayed(now time.Time) float64 {
	if g.at.IsZero() {
		return 0
	}
	return g.weight * math.Exp(-max(now.Sub(g.at), 0).Seconds()/rateWindow.Seconds())
}

// drained counts records that left the outbox.
func (g *gauge) drained(n int, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.weight, g.at = g.decayed(now)+float64(n), now
}

func (g *gauge) set(b persistence.Backlog, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.backlog, g.measured = b, now
}

// due reports whether the outbox should be measured again.
func (g *gauge) due(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return now.Sub(g.measured) >= measurePeriod
}

// measure says what is left in the outbox after a pass. Where the pass saw the
// end of it, that is what it left; otherwise the outbox is asked, where it can say.
func (b *batch) measure(ctx context.Context, pending []persistence.OutboxRecord, moved int) {
	f, now := b.f, b.f.now()
	f.gauge.drained(moved, now)
	left := persistence.Backlog{Records: len(pending) - moved}
	for i := range pending {
		if !b.done[i] && (left.Oldest.IsZero() || pending[i].At.Before(left.Oldest)) {
			left.Oldest = pending[i].At
		}
	}
	if !b.complete {
		if !f.gauge.due(now) {
			return
		}
		if m, ok := f.opts.Outbox.(persistence.OutboxMeter); ok {
			all, err := m.Backlog(ctx)
			if err != nil {
				return // the next pass meets the same outage, and says so
			}
			left = all
		}
	}
	f.gauge.set(left, now)
}
