package flusher

import (
	"context"
	"errors"
	"fmt"

	"zgoda/persistence"
)

// A progress is what one pass came to.
type progress struct {
	held int
	// more means that another pass at once can find something to do.
	more bool
}

// pass moves what one reading of the outbox shows.
func (f *Flusher) pass(ctx context.Context) (progress, error) {
	// A select would choose by chance where the turn is free and ctx has ended.
	if err := ctx.Err(); err != nil {
		return progress{}, err
	}
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return progress{}, ctx.Err()
	}
	limit := f.limit()
	pending, err := f.opts.Outbox.Pending(ctx, limit)
	if err != nil {
		f.failures.Add(1)
		return progress{}, fmt.Errorf("read outbox: %w", err)
	}
	b := &batch{
		f: f, complete: len(pending) < limit, done: make([]bool, len(pending)),
		blocked: map[visitorKey]struct{}{}, gone: map[recordKey]struct{}{}, gaps: map[visitorKey]uint64{},
	}
	moved, err := b.move(ctx, pending)
	b.measure(ctx, pending, moved)
	passed := false
	if err == nil {
		passed, err = b.closeGaps(ctx)
	}
	f.blocked, f.gone = b.blocked, b.gone
	f.held = len(pending) - moved
	f.blockedNow.Store(int64(len(b.blocked)))
	f.heldNow.Store(int64(f.held))
	if err != nil {
		f.failures.Add(1)
		return progress{held: f.held}, err
	}
	// Without movement another pass is worth it only if it reads further, or
	// reads again what a withdrawal changed meanwhile.
	more := moved > 0 && (f.held > 0 || !b.complete) || !b.complete && f.limit() > limit || b.again || passed
	return progress{held: f.held, more: more}, nil
}

// limit is how many records the next pass reads: a batch, and past everything
// that the last pass held back.
func (f *Flusher) limit() int {
	held := f.held
	if most := maxHeld * f.opts.BatchSize; held > most {
		if !f.full {
			f.opts.Log.Error("too many outbox records are held back, others wait behind them", "held", held, "read", most)
		}
		f.full, held = true, most
	} else {
		f.full = false
	}
	return f.opts.BatchSize + held
}

// A batch is one reading of the outbox on its way to the contact store.
type batch struct {
	f *Flusher
	// complete means that nothing is pending beyond what was read.
	complete bool
	// done says of each record that was read whether it left the outbox.
	done    []bool
	blocked map[visitorKey]struct{}
	gone    map[recordKey]struct{}
	gaps    map[visitorKey]uint64 // the oldest pending record of each
	again   bool
}

// An item is an outbox record and what it opened to.
type item struct {
	at     int // its place in what was read
	sealed persistence.OutboxRecord
	record persistence.Record
}

// move takes the records to the contact store, site by site, and returns how
// many left the outbox. A site whose records cannot be applied does not stop
// the others.
func (b *batch) move(ctx context.Context, pending []persistence.OutboxRecord) (int, error) {
	var sites []string
	bySite := map[string][]item{}
	for i, p := range pending {
		it, ok := b.open(p)
		if !ok {
			continue
		}
		it.at = i
		if _, seen := bySite[p.Site]; !seen {
			sites = append(sites, p.Site)
		}
		bySite[p.Site] = append(bySite[p.Site], it)
	}
	moved := 0
	var errs []error
	for _, site := range sites {
		n, err := b.moveSite(ctx, site, bySite[site])
		moved += n
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return moved, errors.Join(errs...)
}

// open turns an outbox record into a Record, or blocks its visitor.
func (b *batch) open(p persistence.OutboxRecord) (item, bool) {
	if _, blocked := b.blocked[visitorKey{p.Site, p.Visitor}]; blocked {
		return item{}, false
	}
	r, err := openRecord(b.f.opts.Sealer, p)
	if err != nil {
		b.block(p.Site, p.Visitor, p.VSeq, err)
		return item{}, false
	}
	return item{sealed: p, record: r}, true
}

// block keeps the visitor's records where they are. It is logged once, not with
// every pass.
func (b *batch) block(site, visitor string, vseq uint64, cause error) {
	k := visitorKey{site, visitor}
	b.blocked[k] = struct{}{}
	if _, known := b.f.blocked[k]; !known {
		b.f.opts.Log.Error("an outbox record cannot be used, its visitor waits",
			"site", site, "visitor", visitor, "vseq", vseq, "error", cause)
	}
}

func (b *batch) moveSite(ctx context.Context, site string, items []item) (int, error) {
	ready, err := b.withValues(ctx, items)
	if err != nil {
		return 0, fmt.Errorf("site %s: %w", site, err)
	}
	if len(ready) == 0 {
		return 0, nil
	}
	moved, err := b.apply(ctx, site, ready)
	if err == nil || ofTheStore(err) || ctx.Err() != nil {
		return moved, err
	}
	return b.moveVisitors(ctx, site, ready)
}

// ofTheStore reports whether err says something of the contact store as a whole,
// and nothing of the records.
func ofTheStore(err error) bool {
	return errors.Is(err, persistence.ErrUnavailable) || errors.Is(err, persistence.ErrUnknown) || errors.Is(err, persistence.ErrMisconfigured)
}

// moveVisitors applies each visitor's records on their own after a batch met an
// error that waiting does not cure, so that it stops one visitor and not a site.
func (b *batch) moveVisitors(ctx context.Context, site string, items []item) (int, error) {
	var order []string
	byVisitor := map[string][]item{}
	for _, it := range items {
		v := it.record.Visitor
		if _, seen := byVisitor[v]; !seen {
			order = append(order, v)
		}
		byVisitor[v] = append(byVisitor[v], it)
	}
	moved := 0
	for _, v := range order {
		n, err := b.apply(ctx, site, byVisitor[v])
		moved += n
		switch {
		case err == nil:
		case ofTheStore(err), ctx.Err() != nil:
			return moved, err
		default:
			b.block(site, v, byVisitor[v][0].record.VSeq, err)
		}
	}
	return moved, nil
}

// apply hands records of one site to the contact store and acknowledges those
// it has a final word on.
func (b *batch) apply(ctx context.Context, site string, items []item) (int, error) {
	records := make([]persistence.Record, len(items))
	for i, it := range items {
		records[i] = it.record
	}
	seen, end := b.f.opts.Seen(ctx, site, len(records), traces(records))
	verdicts, err := b.f.opts.Contacts.Apply(seen, site, records)
	end(blocked(records, verdicts), err)
	if err != nil {
		return 0, fmt.Errorf("apply records of site %s: %w", site, err)
	}
	if len(verdicts) != len(items) {
		return 0, fmt.Errorf("apply records of site %s: %d verdicts for %d records", site, len(verdicts), len(items))
	}
	var done []persistence.OutboxRecord
	var places []int
	for i, v := range verdicts {
		if b.count(v, &records[i]) {
			done = append(done, items[i].sealed)
			places = append(places, items[i].at)
		} else if v == persistence.NotYet {
			b.noteGap(&records[i])
		}
	}
	if len(done) == 0 {
		return 0, nil
	}
	if err := b.f.opts.Outbox.Acknowledge(ctx, done); err != nil {
		return 0, fmt.Errorf("acknowledge records of site %s: %w", site, err)
	}
	for _, at := range places {
		b.done[at] = true
	}
	return len(done), nil
}

// maxTraces bounds how many turns a batch is said to come from.
const maxTraces = 128

// traces are those of the turns that made the records.
func traces(records []persistence.Record) (out []string) {
	for i := range records {
		// The records of one turn follow one another.
		if t := records[i].Trace; t != "" && len(out) < maxTraces && (len(out) == 0 || out[len(out)-1] != t) {
			out = append(out, t)
		}
	}
	return out
}

// blocked counts the contacts that the store did not take.
func blocked(records []persistence.Record, verdicts []persistence.Verdict) (n int) {
	for i, v := range verdicts[:min(len(verdicts), len(records))] {
		if records[i].Contact != nil && (v == persistence.Shredded || v == persistence.Poisoned) {
			n++
		}
	}
	return n
}

// count books a verdict and reports whether the record is done with.
func (b *batch) count(v persistence.Verdict, r *persistence.Record) bool {
	f := b.f
	switch v {
	case persistence.Applied:
		f.applied.Add(1)
	case persistence.AlreadyApplied:
		f.repeated.Add(1)
	case persistence.Shredded:
		f.shredded.Add(1)
	case persistence.Poisoned:
		f.poisoned.Add(1)
		f.opts.Log.Error("an outbox record was set aside by the contact store", "site", r.Site, "visitor", r.Visitor, "vseq", r.VSeq)
	default: // NotYet, and what a newer contract may add
		return false
	}
	return true
}
