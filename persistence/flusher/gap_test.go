package flusher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"zgoda/persistence"
)

// A clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) fix(f *Flusher) { f.now = func() time.Time { return c.at } }

// blocked flushes and expects something to be left.
func (w *world) blocked(f *Flusher) {
	w.t.Helper()
	if err := f.Flush(w.t.Context()); !errors.Is(err, ErrBlocked) {
		w.t.Fatalf("records must be left, got %v", err)
	}
}

// restored gives the world an empty contact store, as when it was restored from
// before everything.
func (w *world) restored() {
	w.t.Helper()
	w.flush(w.flusher(nil))
	w.contacts = w.store()
}

// TestP8_LostIsPassedInTime restores the contact store from before what was
// acknowledged: after ten minutes, and no sooner, what is missing is recorded as
// lost and what follows is applied.
func TestP8_LostIsPassedInTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	anna, jan := w.visitor("anna"), w.visitor("jan")
	anna.seen()
	anna.seen()
	w.restored()
	anna.seen()
	jan.seen()
	var log bytes.Buffer
	c := &clock{at: testTime}
	f := w.flusher(func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	c.fix(f)
	for range 3 {
		w.blocked(f)
		jan.holds(1, "")
		w.isPending("anna", 3)
		if s := f.Stats(); s.Gaps != 1 || s.Lost != 0 || s.Backlog != 1 || !s.Oldest.Equal(testTime.Add(3*time.Second)) {
			t.Errorf("one visitor must wait, got %+v", s)
		}
		c.at = c.at.Add(4*time.Minute + 59*time.Second)
	}
	if log.Len() != 0 {
		t.Errorf("what may still come is no word worth, got %s", &log)
	}
	c.at = c.at.Add(3 * time.Second)
	w.flush(f)
	anna.holds(3, "")
	w.isPending("anna")
	if s := f.Stats(); s.Gaps != 0 || s.Lost != 2 || s.Backlog != 0 || !s.Oldest.IsZero() {
		t.Errorf("two records are lost, got %+v", s)
	}
	if n := strings.Count(log.String(), "never came"); n != 1 {
		t.Errorf("what is lost must be said once, got %s", &log)
	}
	page, err := w.contacts.Audit(t.Context(), "shop", persistence.AuditQuery{})
	if err != nil || len(page.Entries) != 1 || page.Entries[0].Action != persistence.ActionLost || page.Entries[0].Visitor != "anna" {
		t.Errorf("what is lost must be in the audit, got %+v %v", page, err)
	}
	anna.seen()
	w.flush(f)
	anna.holds(4, "")
}

// TestP8_GapThatClosesIsNotLost: whoever was late, and nothing of somebody whose
// record only another pass saw, is passed.
func TestP8_GapThatClosesIsNotLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor("anna")
	for range 3 {
		v.seen()
	}
	tap := w.tap()
	hide := uint64(1)
	f := w.flusher(func(o *Options) { o.Outbox, o.Contacts = &hiding{Outbox: w.outbox, upTo: &hide}, tap })
	c := &clock{at: testTime}
	c.fix(f)
	w.blocked(f)
	c.at = c.at.Add(9 * time.Minute)
	hide = 2 // the oldest that is seen is another: the clock starts again
	w.blocked(f)
	c.at = c.at.Add(9 * time.Minute)
	w.blocked(f)
	if s := f.Stats(); s.Gaps != 1 || s.Lost != 0 {
		t.Errorf("a gap that changes is no gap that stays, got %+v", s)
	}
	hide = 0
	w.flush(f)
	v.holds(3, "")
	tap.exactlyOnce(t)
	if s := f.Stats(); s.Gaps != 0 || s.Lost != 0 {
		t.Errorf("what came late is not lost, got %+v", s)
	}
}

// hiding is an outbox that does not show the first records yet.
type hiding struct {
	persistence.Outbox
	upTo *uint64
}

func (h *hiding) Pending(ctx context.Context, limit int) ([]persistence.OutboxRecord, error) {
	records, err := h.Outbox.Pending(ctx, limit)
	var out []persistence.OutboxRecord
	for _, r := range records {
		if r.VSeq > *h.upTo {
			out = append(out, r)
		}
	}
	return out, err
}

// TestP8_CrowdedOutboxIsNoGap: a pass that did not see the end of the outbox may
// not have seen a visitor's first records either.
func TestP8_CrowdedOutboxIsNoGap(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	anna := w.visitor("anna")
	anna.seen()
	w.restored()
	anna.seen()
	for i := range 10 {
		w.visitor(fmt.Sprintf("v%d", i)).seen()
	}
	f := w.flusher(func(o *Options) { o.BatchSize = 2 })
	c := &clock{at: testTime}
	c.fix(f)
	for range 4 {
		if _, err := f.pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.at = c.at.Add(time.Hour)
	}
	if s := f.Stats(); s.Lost != 0 || s.Gaps != 0 {
		t.Errorf("nothing is known to be missing before the whole outbox was seen, got %+v", s)
	}
	w.blocked(f)
	c.at = c.at.Add(time.Hour)
	w.flush(f)
	if s := f.Stats(); s.Lost != 1 {
		t.Errorf("one record is lost, got %+v", s)
	}
}

// TestP8_PassThatFailsIsTriedAgain lets the contact store be away when the gap
// is passed.
func TestP8_PassThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	anna := w.visitor("anna")
	anna.seen()
	w.restored()
	anna.seen()
	away := &noPass{Contacts: w.contacts, err: persistence.ErrUnavailable}
	f := w.flusher(func(o *Options) { o.Contacts = away })
	c := &clock{at: testTime}
	c.fix(f)
	w.blocked(f)
	c.at = c.at.Add(time.Hour)
	if err := f.Flush(t.Context()); !errors.Is(err, persistence.ErrUnavailable) {
		t.Fatalf("Flush must return the store's error, got %v", err)
	}
	away.err = nil
	w.flush(f)
	anna.holds(2, "")
	if s := f.Stats(); s.Lost != 1 {
		t.Errorf("one record is lost, got %+v", s)
	}
}

type noPass struct {
	persistence.Contacts
	err error
}

func (n *noPass) Pass(ctx context.Context, site, visitor string, upTo uint64) (uint64, error) {
	if n.err != nil {
		return 0, n.err
	}
	return n.Contacts.Pass(ctx, site, visitor, upTo)
}

// TestP8_MisconfiguredStoreBlocksNobody: an error of the store as a whole is no
// fault of any visitor.
func TestP8_MisconfiguredStoreBlocksNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.visitor("anna").seen()
	tap := w.tap()
	wrong := error(persistence.ErrMisconfigured)
	tap.apply = func([]persistence.Record) error { return wrong }
	f := w.flusher(tap.between)
	if err := f.Flush(t.Context()); !errors.Is(err, persistence.ErrMisconfigured) {
		t.Errorf("Flush must return what is wrong with the store, got %v", err)
	}
	if s := f.Stats(); s.Blocked != 0 || s.Failures != 1 {
		t.Errorf("no visitor is to blame, got %+v", s)
	}
	wrong = nil
	w.flush(f)
}

// TestStatsMeasureTheOutbox: how much waits, since when, and how fast it drains.
func TestStatsMeasureTheOutbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 30 {
		w.visitor(fmt.Sprintf("v%d", i)).seen()
	}
	f := w.flusher(func(o *Options) { o.BatchSize = 10 })
	c := &clock{at: testTime.Add(time.Hour)}
	c.fix(f)
	if s := f.Stats(); s.Rate != 0 || s.Backlog != 0 {
		t.Errorf("nothing was measured yet, got %+v", s)
	}
	for _, left := range []int{20, 10} {
		if _, err := f.pass(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := f.Stats(); s.Backlog != left || !s.Oldest.Equal(testTime.Add(time.Second)) {
			t.Errorf("%d records wait since the first second, got %+v", left, s)
		}
		c.at = c.at.Add(2 * time.Second)
	}
	if s := f.Stats(); s.Rate < 1 || s.Rate > 2 {
		t.Errorf("twenty records in the last four seconds are between one and two a second over ten, got %v", s.Rate)
	}
	w.flush(f)
	if s := f.Stats(); s.Backlog != 0 || !s.Oldest.IsZero() || s.Applied != 30 {
		t.Errorf("nothing waits any more, got %+v", s)
	}
	c.at = c.at.Add(10 * time.Minute)
	if s := f.Stats(); s.Rate > 0.001 {
		t.Errorf("nothing has moved for long, got %v", s.Rate)
	}
}
