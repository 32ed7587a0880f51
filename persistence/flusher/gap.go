package flusher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"zgoda/persistence"
)

// A gap is a visitor whose oldest pending record cannot be applied, since one
// before it is neither in the contact store nor in the outbox.
type gap struct {
	// first is the number of the oldest pending record.
	first uint64
	since time.Time
}

// closeGaps passes the gaps that have been there for long enough. A gap is only seen by a
// pass that saw the whole outbox, and only one that every such pass saw since is
// old. It reports whether there is something to apply now.
func (b *batch) closeGaps(ctx context.Context) (bool, error) {
	f := b.f
	if !b.complete {
		return false, nil
	}
	now, open := f.now(), make(map[visitorKey]gap, len(b.gaps))
	var errs []error
	closed := false
	for k, first := range b.gaps {
		g, known := f.gaps[k]
		if !known || g.first != first {
			g = gap{first: first, since: now}
		}
		if now.Sub(g.since) < f.opts.GapAfter {
			open[k] = g
			continue
		}
		n, err := f.opts.Contacts.Pass(ctx, k.site, k.visitor, first-1)
		if err != nil {
			open[k] = g
			errs = append(errs, fmt.Errorf("pass lost records of site %s: %w", k.site, err))
			continue
		}
		closed = true
		f.lost.Add(n)
		f.opts.Log.Error("outbox records never came: recorded as lost and passed",
			"site", k.site, "visitor", k.visitor, "before", first, "records", n)
	}
	f.gaps = open
	f.gapsNow.Store(int64(len(open)))
	return closed, errors.Join(errs...)
}

// noteGap remembers that the visitor's oldest pending record has to wait for one
// that the outbox does not have.
func (b *batch) noteGap(r *persistence.Record) {
	k := visitorKey{r.Site, r.Visitor}
	if first, noted := b.gaps[k]; !noted || r.VSeq < first {
		b.gaps[k] = r.VSeq
	}
}
