package flusher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"zgoda/persistence"
)

const (
	// A batch is one round trip and one wait for the disk, and every record costs a
	// few kilobytes while it is under way.
	defaultBatch = 1000
	defaultIdle  = 5 * time.Second
	defaultGap   = 10 * time.Minute
	// maxHeld bounds, in batches, how much is read past records that are held
	// back.
	maxHeld = 64

	firstPause = 100 * time.Millisecond
	longPause  = 30 * time.Second
)

// ErrBlocked means that records are pending that cannot be moved now: they do
// not open, or records before them are missing.
var ErrBlocked = errors.New("outbox records cannot be moved")

// Options are what a Flusher works with. Outbox, Contacts and Sealer are
// required.
type Options struct {
	Outbox   persistence.Outbox
	Contacts persistence.Contacts
	Sealer   persistence.Sealer
	// BatchSize is how many records are moved at a time; 0 means 1000.
	BatchSize int
	// Idle is how long Run waits for Wake before it looks by itself; 0 means
	// five seconds.
	Idle time.Duration
	// GapAfter is how long a record must have been missing before it is recorded as
	// lost and passed; 0 means ten minutes.
	GapAfter time.Duration
	// Seen is told of every batch of a site's records that goes to the contact store,
	// with the traces of the turns that made them, and of its end: how many contacts
	// found no grant in force, and what went wrong. What the batch does happens in the
	// context that it returns. Nil is nobody.
	Seen func(ctx context.Context, site string, records int, traces []string) (_ context.Context, end func(blocked int, err error))
	// Log receives what Run and Flush have no caller for. Nil discards it.
	Log *slog.Logger
}

// Stats are counts since New, and what the last pass left.
type Stats struct {
	// Applied, Repeated, Shredded and Poisoned count verdicts. What is poisoned was
	// set aside by the contact store.
	Applied  uint64
	Repeated uint64
	Shredded uint64
	Poisoned uint64
	// Lost counts records that never came and were passed.
	Lost uint64
	// Failures counts passes that met a store that was away.
	Failures uint64
	// Blocked is the number of visitors whose next record does not open.
	Blocked int
	// Held is the number of records the last pass read and left.
	Held int
	// Gaps is the number of visitors of whom an earlier record is missing.
	Gaps int
	// Backlog is how many records were pending when the outbox was last measured,
	// which is with every pass that sees its end and at least once a second, and
	// Oldest when the oldest of them was committed; zero where none was.
	Backlog int
	Oldest  time.Time
	// Rate is how many records a second leave the outbox, over about the last
	// ten seconds.
	Rate float64
}

// A Flusher moves outbox records to the contact store. All methods may be called
// concurrently; passes exclude one another.
type Flusher struct {
	opts Options
	wake chan struct{}
	// pause returns a random pause up to d. Fixed by tests.
	pause func(d time.Duration) time.Duration
	// now is the clock. Fixed by tests.
	now func() time.Time

	applied, repeated, shredded, poisoned, lost, failures atomic.Uint64
	blockedNow, heldNow, gapsNow                          atomic.Int64
	gauge                                                 gauge

	// turn holds the one token that a pass takes. A channel and not a mutex,
	// so that waiting for it ends with a context.
	turn chan struct{}
	// Owned by the holder of turn.
	held    int
	blocked map[visitorKey]struct{} // as of the last pass
	gone    map[recordKey]struct{}  // contacts held back because their values are gone
	gaps    map[visitorKey]gap      // visitors of whom an earlier record is missing
	full    bool                    // the bound on held records was reached and reported
}

type visitorKey struct{ site, visitor string }

type recordKey struct {
	visitorKey
	vseq uint64
}

// New returns a Flusher. It does nothing until Run or Flush is called.
func New(o Options) (*Flusher, error) {
	switch {
	case o.Outbox == nil:
		return nil, errors.New("flusher: Outbox is required")
	case o.Contacts == nil:
		return nil, errors.New("flusher: Contacts is required")
	case o.Sealer == nil:
		return nil, errors.New("flusher: Sealer is required")
	case o.BatchSize < 0:
		return nil, errors.New("flusher: BatchSize must not be negative")
	case o.Idle < 0:
		return nil, errors.New("flusher: Idle must not be negative")
	case o.GapAfter < 0:
		return nil, errors.New("flusher: GapAfter must not be negative")
	}
	if o.BatchSize == 0 {
		o.BatchSize = defaultBatch
	}
	if o.Idle == 0 {
		o.Idle = defaultIdle
	}
	if o.GapAfter == 0 {
		o.GapAfter = defaultGap
	}
	if o.Seen == nil {
		o.Seen = func(ctx context.Context, _ string, _ int, _ []string) (context.Context, func(int, error)) {
			return ctx, func(int, error) {}
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Flusher{
		opts: o, wake: make(chan struct{}, 1), turn: make(chan struct{}, 1),
		pause: func(d time.Duration) time.Duration { return rand.N(d) + 1 },
		now:   time.Now,
		gone:  map[recordKey]struct{}{}, gaps: map[visitorKey]gap{},
	}, nil
}

// Wake makes Run look at the outbox now. It never blocks.
func (f *Flusher) Wake() {
	select {
	case f.wake <- struct{}{}:
	default: // a look is due already
	}
}

// Stats returns the counts so far.
func (f *Flusher) Stats() Stats {
	s := Stats{
		Applied: f.applied.Load(), Repeated: f.repeated.Load(), Shredded: f.shredded.Load(),
		Poisoned: f.poisoned.Load(), Lost: f.lost.Load(), Failures: f.failures.Load(),
		Blocked: int(f.blockedNow.Load()), Held: int(f.heldNow.Load()), Gaps: int(f.gapsNow.Load()),
	}
	f.gauge.read(&s, f.now())
	return s
}

// Run moves records until ctx ends, then returns nil. A store that is away is
// waited for; that is not an error of Run.
func (f *Flusher) Run(ctx context.Context) error {
	var streak retry
	for ctx.Err() == nil {
		p, err := f.pass(ctx)
		wait := f.opts.Idle
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			if streak.failures == 0 {
				f.opts.Log.Warn("the outbox cannot be moved, trying again", "error", err)
			}
			wait = f.pause(streak.next())
		case p.more:
			streak.reset(f.opts.Log)
			continue
		default:
			streak.reset(f.opts.Log)
		}
		if !f.sleep(ctx, wait, err == nil) {
			return nil
		}
	}
	return nil
}

// sleep waits for d, or for Wake where wakeable: a store that is away is not
// asked sooner because there is more to tell it. It returns false when ctx
// ended.
func (f *Flusher) sleep(ctx context.Context, d time.Duration, wakeable bool) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	wake := f.wake
	if !wakeable {
		wake = nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
	case <-wake:
	}
	return true
}

// A retry counts failures in a row.
type retry struct{ failures int }

// next returns the longest pause before the next try.
func (r *retry) next() time.Duration {
	d := firstPause << min(r.failures, 16)
	r.failures++
	return min(d, longPause)
}

func (r *retry) reset(log *slog.Logger) {
	if r.failures > 0 {
		log.Info("the outbox is moving again", "failures", r.failures)
	}
	r.failures = 0
}

// Flush moves records until none is pending. It returns the first error of a
// store, and ErrBlocked where only records are left that cannot be moved.
func (f *Flusher) Flush(ctx context.Context) error {
	for {
		p, err := f.pass(ctx)
		switch {
		case err != nil:
			return fmt.Errorf("flush outbox: %w", err)
		case p.more:
		case p.held > 0:
			return fmt.Errorf("flush outbox: %d records are left: %w", p.held, ErrBlocked)
		default:
			return nil
		}
	}
}
