package redisstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"zgoda/persistence"
)

// acknowledgeChunk is how many records one script removes.
const acknowledgeChunk = 200

// A fairness remembers how each outbox was read, so that records nobody can
// move do not hide those behind them for ever.
type fairness struct {
	mu sync.Mutex // guards the fields below
	// turn rotates which site is served first.
	turn  int
	sites map[string]bookmark
}

// A bookmark is where the last reading of a site's outbox began, and how far
// past a front that does not move it came.
type bookmark struct{ front, reached string }

// An entry is an outbox record and its id in the stream.
type entry struct {
	id     string
	record persistence.OutboxRecord
}

// Pending implements persistence.Outbox. The sites share limit evenly, and what
// one does not use the others get. Where a site has more than its share and its
// front has not moved since the last reading, half of the share goes on from
// where that reading ended, round and round. Each visitor's records keep their
// order, but in such a part the visitor's first ones may be missing.
func (s *Store) Pending(ctx context.Context, limit int) ([]persistence.OutboxRecord, error) {
	sites, counts, err := s.outboxLengths(ctx)
	if err != nil {
		return nil, storeError("read outbox", err)
	}
	var out []persistence.OutboxRecord
	for i, share := range shares(counts, limit) {
		if share == 0 {
			continue
		}
		part, err := s.readOutbox(ctx, sites[i], share, share < counts[i])
		if err != nil {
			return nil, storeError("read outbox", err)
		}
		for _, e := range part {
			out = append(out, e.record)
		}
	}
	return out, nil
}

var _ persistence.OutboxMeter = (*Store)(nil)

// Backlog implements persistence.OutboxMeter.
func (s *Store) Backlog(ctx context.Context) (persistence.Backlog, error) {
	var b persistence.Backlog
	sites, counts, err := s.outboxLengths(ctx)
	if err != nil {
		return b, storeError("measure outbox", err)
	}
	for i, st := range sites {
		if counts[i] == 0 {
			continue
		}
		b.Records += counts[i]
		front, err := s.readEntries(ctx, st, "-", 1)
		if err != nil {
			return persistence.Backlog{}, storeError("measure outbox", err)
		}
		if len(front) > 0 && (b.Oldest.IsZero() || front[0].record.At.Before(b.Oldest)) {
			b.Oldest = front[0].record.At
		}
	}
	return b, nil
}

// outboxLengths returns the known sites, another one first each time, and how
// many records each has.
func (s *Store) outboxLengths(ctx context.Context) ([]*site, []int, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, &outage{cause: err}
	}
	known := s.knownSites()
	s.pending.mu.Lock()
	s.pending.turn++
	turn := s.pending.turn
	s.pending.mu.Unlock()
	sites, calls := make([]*site, len(known)), make([]*call, len(known))
	for i := range known {
		sites[i] = known[(i+turn)%len(known)]
		calls[i] = &call{args: []any{"xlen", sites[i].outbox}}
	}
	counts := make([]int, len(sites))
	for i, res := range s.runAll(ctx, sites, calls) {
		if res.err != nil {
			return nil, nil, res.err
		}
		n, _ := res.val.(int64)
		counts[i] = int(n)
	}
	return sites, counts, nil
}

// shares divides limit: nobody gets more than they have, and who has more than
// an even share gets what the others leave.
func shares(counts []int, limit int) []int {
	out := make([]int, len(counts))
	for limit > 0 {
		hungry := 0
		for i, n := range counts {
			if out[i] < n {
				hungry++
			}
		}
		if hungry == 0 {
			break
		}
		even := max(limit/hungry, 1)
		for i, n := range counts {
			more := min(even, n-out[i], limit)
			out[i] += more
			limit -= more
		}
	}
	return out
}

// readOutbox reads share records of a site. With crowded there are more.
func (s *Store) readOutbox(ctx context.Context, st *site, share int, crowded bool) ([]entry, error) {
	front, err := s.readEntries(ctx, st, "-", share)
	if err != nil || len(front) == 0 {
		return nil, err
	}
	s.pending.mu.Lock()
	if s.pending.sites == nil {
		s.pending.sites = map[string]bookmark{}
	}
	mark := s.pending.sites[st.name]
	stuck := mark.front == front[0].id
	if mark.front = front[0].id; !stuck {
		mark.reached = ""
	}
	s.pending.sites[st.name] = mark
	s.pending.mu.Unlock()
	if !crowded || !stuck || share < 2 {
		return front, nil
	}
	return s.readBehind(ctx, st, front[:len(front)/2], share-len(front)/2)
}

// readBehind adds to a front that does not move n records from further back:
// those after the bookmark, and where the stream ends those right behind the
// front.
func (s *Store) readBehind(ctx context.Context, st *site, front []entry, n int) ([]entry, error) {
	end := front[len(front)-1].id
	s.pending.mu.Lock()
	from := s.pending.sites[st.name].reached
	s.pending.mu.Unlock()
	if from == "" || idLess(from, end) {
		from = end
	}
	far, err := s.readEntries(ctx, st, "("+from, n)
	if err != nil {
		return nil, err
	}
	out, reached := front, from
	if len(far) > 0 {
		reached = far[len(far)-1].id
	}
	if len(far) < n {
		near, err := s.readEntries(ctx, st, "("+end, n-len(far))
		if err != nil {
			return nil, err
		}
		for _, e := range near {
			if len(far) > 0 && !idLess(e.id, far[0].id) {
				break
			}
			out, reached = append(out, e), e.id
		}
	}
	s.pending.mu.Lock()
	s.pending.sites[st.name] = bookmark{front: front[0].id, reached: reached}
	s.pending.mu.Unlock()
	return append(out, far...), nil
}

// idLess reports whether one stream id comes before another.
func idLess(a, b string) bool {
	parse := func(id string) (ms, n uint64) {
		left, right, _ := strings.Cut(id, "-")
		ms, _ = strconv.ParseUint(left, 10, 64)
		n, _ = strconv.ParseUint(right, 10, 64)
		return ms, n
	}
	ams, an := parse(a)
	bms, bn := parse(b)
	return ams < bms || ams == bms && an < bn
}

func (s *Store) readEntries(ctx context.Context, st *site, from string, count int) ([]entry, error) {
	res := s.run(ctx, st, &call{args: []any{"xrange", st.outbox, from, "+", "count", count}})
	if res.err != nil {
		return nil, res.err
	}
	r := reader{v: res.val}
	list := r.list()
	out := make([]entry, 0, len(list.items))
	for len(list.items) > 0 {
		item := list.list()
		e := entry{id: item.text(), record: persistence.OutboxRecord{Site: st.name}}
		f := item.list()
		f.next()
		e.record.Visitor = f.text()
		f.next()
		e.record.VSeq = f.number()
		f.next()
		at, err := fromNanos(f.text())
		f.next()
		e.record.At, e.record.Payload = at, f.bytes()
		if err != nil || r.err != nil {
			return nil, fmt.Errorf("outbox record %s: %w", e.id, firstOf(r.err, err))
		}
		out = append(out, e)
	}
	return out, r.err
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Acknowledge implements persistence.Outbox.
func (s *Store) Acknowledge(ctx context.Context, records []persistence.OutboxRecord) error {
	if err := ctx.Err(); err != nil {
		return storeError("acknowledge outbox", &outage{cause: err})
	}
	var sites []*site
	var calls []*call
	open := map[string]*call{}
	for _, r := range records {
		c := open[r.Site]
		if c == nil || len(c.args) >= 2*acknowledgeChunk {
			st := s.lookup(r.Site)
			c = scriptCall(s.scripts.acknowledge, []string{st.outbox}, st.base)
			open[r.Site] = c
			sites, calls = append(sites, st), append(calls, c)
		}
		c.args = append(c.args, r.Visitor, decimal(r.VSeq))
	}
	for _, res := range s.runAll(ctx, sites, calls) {
		if res.err != nil {
			return storeError("acknowledge outbox", res.err)
		}
	}
	return nil
}

// ContactValues implements persistence.Outbox.
func (s *Store) ContactValues(ctx context.Context, site, visitor string) ([]byte, error) {
	st := s.lookup(site)
	res := s.run(ctx, st, &call{args: []any{"hget", st.profile + visitor, "ct"}})
	if res.err != nil {
		return nil, storeError("read contact values", res.err)
	}
	sealed, ok := res.val.(string)
	if !ok {
		return nil, persistence.ErrNotFound
	}
	return []byte(sealed), nil
}
