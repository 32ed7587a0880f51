package flusher

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json"

	"zgoda/persistence"
)

// openRecord opens an outbox record and checks that it says of itself what the
// outbox says of it.
func openRecord(s persistence.Sealer, p persistence.OutboxRecord) (persistence.Record, error) {
	plain, err := s.Open(persistence.Scope{
		Site: p.Site, Subject: p.Visitor, Item: "outbox/" + strconv.FormatUint(p.VSeq, 10),
	}, p.Payload)
	if err != nil {
		return persistence.Record{}, err
	}
	r, err := persistence.DecodeRecord(plain)
	if err != nil {
		return persistence.Record{}, err
	}
	if r.Site != p.Site || r.Visitor != p.Visitor || r.VSeq != p.VSeq {
		return persistence.Record{}, fmt.Errorf("the record is of another place: %w", persistence.ErrTampered)
	}
	return r, nil
}

// withValues fills in the contact values and leaves out the records of visitors
// that have to wait.
func (b *batch) withValues(ctx context.Context, items []item) ([]item, error) {
	values := b.fetch(ctx, items)
	held := map[string]bool{}
	ready := items[:0:0]
	for i, it := range items {
		v := it.record.Visitor
		if _, blocked := b.blocked[visitorKey{it.record.Site, v}]; blocked || held[v] {
			continue
		}
		if it.record.Contact != nil {
			got := values[v]
			switch {
			case blocks(got.err):
				b.block(it.record.Site, v, it.record.VSeq, got.err)
				continue
			case got.err != nil:
				return nil, got.err
			case got.values == nil && b.mustWait(it.record, items[i+1:]):
				held[v] = true
				continue
			}
			fill(it.record.Contact, got.values)
		}
		ready = append(ready, it)
	}
	return ready, nil
}

// valueReaders is how many visitors' values are fetched at the same time: each
// is a round trip to the conversation store.
const valueReaders = 8

// A fetched is what a visitor's sealed record holds, nil where there is none any
// more, or why that is not known.
type fetched struct {
	values map[string]string
	err    error
}

// fetch returns the values of the visitors who have a contact among the items,
// which are of one site.
func (b *batch) fetch(ctx context.Context, items []item) map[string]fetched {
	out := map[string]fetched{}
	var givers []string
	for i := range items {
		r := &items[i].record
		if _, known := out[r.Visitor]; r.Contact != nil && !known {
			out[r.Visitor] = fetched{}
			givers = append(givers, r.Visitor)
		}
	}
	got := make([]fetched, len(givers))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(valueReaders, len(givers)) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(givers)); i = next.Add(1) - 1 {
				got[i].values, got[i].err = b.contactValues(ctx, items[0].record.Site, givers[i])
			}
		})
	}
	wg.Wait()
	for i, v := range givers {
		out[v] = got[i]
	}
	return out
}

// errUndecodable marks a contact record that opened to something else.
var errUndecodable = errors.New("the contact record cannot be read")

// blocks reports whether err is the visitor's own and not the store's.
func blocks(err error) bool {
	return errors.Is(err, persistence.ErrWrongKey) || errors.Is(err, persistence.ErrTampered) || errors.Is(err, errUndecodable)
}

// contactValues returns the values the visitor's sealed record holds, nil where
// there is no such record any more.
func (b *batch) contactValues(ctx context.Context, site, visitor string) (map[string]string, error) {
	sealed, err := b.f.opts.Outbox.ContactValues(ctx, site, visitor)
	if errors.Is(err, persistence.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("fetch contact values: %w", err)
	}
	plain, err := b.f.opts.Sealer.Open(persistence.Scope{Site: site, Subject: visitor, Item: "contact"}, sealed)
	if err != nil {
		return nil, err
	}
	var v persistence.ContactValues
	if err := json.Unmarshal(plain, &v, json.RejectUnknownMembers(true)); err != nil {
		// The error may quote what it could not read, which is somebody's
		// address: it goes no further.
		return nil, errUndecodable
	}
	if v.Values == nil {
		v.Values = map[string]string{}
	}
	return v.Values, nil
}

// fill gives the record the values it refers to. A value that was replaced
// since is not there any more; the record that replaced it follows.
func fill(c *persistence.ContactRecord, values map[string]string) {
	c.Values = nil
	if values == nil {
		return
	}
	c.Values = make(map[string]string, len(c.Fields))
	for field, ref := range c.Fields {
		if v, ok := values[ref]; ok {
			c.Values[field] = v
		}
	}
}

// mustWait reports whether a contact whose values are gone has to wait for the
// record that took them away. That was committed before the values were found
// gone, so a reading of the outbox that began later and saw everything contains
// it; only then is its absence a fact, for the contact store to judge.
func (b *batch) mustWait(r persistence.Record, later []item) bool {
	for i := range later {
		if later[i].record.Visitor == r.Visitor && endsConsent(&later[i].record) {
			return false
		}
	}
	k := recordKey{visitorKey{r.Site, r.Visitor}, r.VSeq}
	_, before := b.f.gone[k]
	if before && b.complete {
		return false
	}
	b.gone[k] = struct{}{}
	b.again = b.again || !before
	return true
}

// endsConsent reports whether the record ends the consent that contacts hang
// on.
func endsConsent(r *persistence.Record) bool {
	if r.Erase != nil {
		return true
	}
	if r.Entry == nil || r.Entry.Purpose != persistence.PurposeLead {
		return false
	}
	switch r.Entry.Kind {
	case persistence.KindDeclined, persistence.KindWithdrawn, persistence.KindExpired, persistence.KindErased:
		return true
	}
	return false
}
