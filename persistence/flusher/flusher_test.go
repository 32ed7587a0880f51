package flusher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"zgoda/persistence"
	"zgoda/persistence/seal"
)

func TestP8_EveryRecordArrives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tap := w.tap()
	f := w.flusher(tap.between)
	anna, jan := w.visitor("anna"), w.visitor("jan")
	other := &visitor{w: w, site: "other", name: "anna"}
	anna.seen()
	jan.seen()
	anna.agree()
	anna.give("anna@example.test")
	other.seen()
	jan.agree()
	w.flush(f)
	anna.holds(4, "anna@example.test")
	jan.holds(3, "")
	other.holds(1, "")
	anna.give("new@example.test")
	jan.erase()
	w.flush(f)
	w.flush(f)
	anna.holds(5, "new@example.test")
	jan.holds(4, "")
	for _, v := range []string{"anna", "jan"} {
		w.isPending(v)
	}
	if s := f.Stats(); s.Applied != 10 || s.Repeated+s.Shredded+s.Poisoned+s.Failures != 0 || s.Blocked+s.Held != 0 {
		t.Errorf("ten records must be applied once each, got %+v", s)
	}
}

// TestP8_OneReplacedValueIsNotRead gives a value that is replaced before the
// flusher comes by: the first record finds its reference gone, the second
// brings what replaced it.
func TestP8_OneReplacedValueIsNotRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor("anna")
	v.agree()
	v.give("old@example.test")
	v.give("new@example.test")
	f := w.flusher(nil)
	w.flush(f)
	v.holds(4, "new@example.test")
	if s := f.Stats(); s.Applied != 4 || s.Shredded+s.Poisoned != 0 {
		t.Errorf("a replaced value is nothing wrong, got %+v", s)
	}
}

// TestP8_FaultAtEveryStep lets each step of a pass fail before it took effect,
// and after it: the answer is lost, as when a process dies between two steps.
func TestP8_FaultAtEveryStep(t *testing.T) {
	t.Parallel()
	lost := fmt.Errorf("lost: %w", persistence.ErrUnknown)
	away := fmt.Errorf("away: %w", persistence.ErrUnavailable)
	tests := map[string]struct {
		fault    func(tap *tap, once func(error) error)
		repeated uint64 // records that the contact store sees again
	}{
		"outbox away when read": {func(tap *tap, once func(error) error) {
			tap.read = func(int) error { return once(away) }
		}, 0},
		"outbox away for the values": {func(tap *tap, once func(error) error) {
			tap.values = func(string) error { return once(away) }
		}, 0},
		"contact store away": {func(tap *tap, once func(error) error) {
			tap.apply = func([]persistence.Record) error { return once(away) }
		}, 0},
		"answer of Apply lost": {func(tap *tap, once func(error) error) {
			tap.applied = func() error { return once(lost) }
		}, 4},
		"crash between Apply and Acknowledge": {func(tap *tap, once func(error) error) {
			tap.ack = func([]persistence.OutboxRecord) error { return once(away) }
		}, 4},
		"answer of Acknowledge lost": {func(tap *tap, once func(error) error) {
			tap.acked = func() error { return once(lost) }
		}, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			v := w.visitor("anna")
			v.seen()
			v.agree()
			v.give("anna@example.test")
			tap, failed := w.tap(), false
			tt.fault(tap, func(err error) error {
				if failed {
					return nil
				}
				failed = true
				return err
			})
			f := w.flusher(tap.between)
			if err := f.Flush(t.Context()); !errors.Is(err, persistence.ErrUnavailable) && !errors.Is(err, persistence.ErrUnknown) {
				t.Fatalf("Flush must return the store's error, got %v", err)
			}
			// Another process goes on, with nothing in memory.
			again := w.flusher(tap.between)
			w.flush(again)
			v.holds(4, "anna@example.test")
			w.isPending("anna")
			tap.exactlyOnce(t)
			if got := again.Stats().Repeated; got != tt.repeated {
				t.Errorf("the contact store must recognise %d records, recognised %d", tt.repeated, got)
			}
			if got := f.Stats().Failures; got != 1 {
				t.Errorf("one pass failed, counted %d", got)
			}
		})
	}
}

// TestP8_OrderPerVisitor flushes the records of many visitors, interleaved, in
// batches that cut them anywhere, with an answer lost now and then.
func TestP8_OrderPerVisitor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var visitors []*visitor
	for i := range 5 {
		visitors = append(visitors, w.visitor(fmt.Sprintf("v%d", i)))
	}
	for _, step := range []func(*visitor){
		(*visitor).seen, (*visitor).agree,
		func(v *visitor) { v.give(v.name + "@example.test") },
		(*visitor).seen, (*visitor).seen,
	} {
		for _, v := range visitors {
			step(v)
		}
	}
	tap := w.tap()
	for _, batch := range []int{1, 3, 7} {
		n := 0
		tap.ack = func([]persistence.OutboxRecord) error {
			if n++; batch == 3 && n%2 == 1 {
				return persistence.ErrUnknown
			}
			return nil
		}
		f := w.flusher(func(o *Options) { tap.between(o); o.BatchSize = batch })
		for i := 0; ; i++ {
			err := f.Flush(t.Context())
			if err == nil {
				break
			}
			if i == 100 || !errors.Is(err, persistence.ErrUnknown) {
				t.Fatal(err)
			}
		}
		tap.exactlyOnce(t)
		for _, v := range visitors {
			v.holds(v.vseq, v.name+"@example.test")
			w.isPending(v.name)
			v.seen()
			v.seen()
		}
	}
}

// TestP8_RecordThatDoesNotOpen puts records into the outbox that this process
// cannot use. Each stays, with those around it, and other visitors go on.
func TestP8_RecordThatDoesNotOpen(t *testing.T) {
	t.Parallel()
	elsewhere := seal.NewKey()
	tests := map[string]struct {
		// spoil changes the record, which is the visitor's second.
		spoil func(v *visitor, r *persistence.OutboxRecord)
		// mended is whether the key alone was missing.
		mended bool
	}{
		"sealed with a key that is not loaded": {func(v *visitor, r *persistence.OutboxRecord) {
			plain, err := v.w.sealer.Open(v.scope(persistence.ItemOutbox+"2"), r.Payload)
			if err == nil {
				r.Payload, err = v.w.ring(elsewhere).Seal(v.scope(persistence.ItemOutbox+"2"), plain)
			}
			if err != nil {
				v.w.t.Fatal(err)
			}
		}, true},
		"a bit flipped": {func(_ *visitor, r *persistence.OutboxRecord) { r.Payload[len(r.Payload)-1] ^= 1 }, false},
		"cut":           {func(_ *visitor, r *persistence.OutboxRecord) { r.Payload = r.Payload[:10] }, false},
		"empty":         {func(_ *visitor, r *persistence.OutboxRecord) { r.Payload = nil }, false},
		"moved from another number": {func(v *visitor, r *persistence.OutboxRecord) {
			r.Payload = v.seal(persistence.ItemOutbox+"1", []byte(`{"site":"shop","visitor":"anna","vseq":1,"at":"2026-03-01T12:00:00Z","seen":true}`))
		}, false},
		"sealed for its place and about another": {func(v *visitor, r *persistence.OutboxRecord) {
			r.Payload = v.seal(persistence.ItemOutbox+"2", []byte(`{"site":"shop","visitor":"jan","vseq":2,"at":"2026-03-01T12:00:00Z","seen":true}`))
		}, false},
		"of a newer version": {func(v *visitor, r *persistence.OutboxRecord) {
			r.Payload = v.seal(persistence.ItemOutbox+"2", []byte(`{"site":"shop","visitor":"anna","vseq":2,"at":"2026-03-01T12:00:00Z","seen":true,"new":1}`))
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			anna, jan := w.visitor("anna"), w.visitor("jan")
			anna.seen()
			r := anna.record()
			r.Seen = true
			sealed := anna.outboxRecord(r)
			tt.spoil(anna, &sealed)
			anna.commit(nil, sealed)
			anna.seen()
			jan.agree()
			jan.give("jan@example.test")

			tap := w.tap()
			var log bytes.Buffer
			f := w.flusher(func(o *Options) { tap.between(o); o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			for range 3 {
				if err := f.Flush(t.Context()); !errors.Is(err, ErrBlocked) {
					t.Fatalf("records that are left must be said, got %v", err)
				}
			}
			jan.holds(3, "jan@example.test")
			w.isPending("jan")
			for _, c := range tap.calls {
				if c.visitor == "anna" && c.vseq >= 2 {
					t.Errorf("what does not open must go nowhere, and what follows it neither: %+v", c)
				}
			}
			if got := w.pending("anna"); len(got) < 2 || got[len(got)-2] != 2 || got[len(got)-1] != 3 {
				t.Errorf("records from the second on must stay in the outbox, there are %v", got)
			}
			if s := f.Stats(); s.Blocked != 1 || s.Held != len(w.pending("anna")) {
				t.Errorf("one visitor must be blocked, got %+v", s)
			}
			if n := strings.Count(log.String(), "its visitor waits"); n != 1 {
				t.Errorf("a visitor that is blocked is logged once, not with every pass, got %d:\n%s", n, &log)
			}
			if !tt.mended {
				return
			}
			f = w.flusher(func(o *Options) { o.Sealer = w.ring(w.keys[0], elsewhere) })
			w.flush(f)
			anna.holds(3, "")
			w.isPending("anna")
		})
	}
}

// TestP8_ContactValuesThatDoNotOpen spoils a visitor's sealed contact values.
// What can be done before them is done.
func TestP8_ContactValuesThatDoNotOpen(t *testing.T) {
	t.Parallel()
	const secret = "anna@example.test"
	tests := map[string]func(v *visitor) []byte{
		"wrong key": func(v *visitor) []byte {
			b, err := v.w.ring(seal.NewKey()).Seal(v.scope(persistence.ItemContact), []byte(`{}`))
			if err != nil {
				v.w.t.Fatal(err)
			}
			return b
		},
		"tampered":      func(v *visitor) []byte { b := v.sealedValues(); b[len(b)-1] ^= 1; return b },
		"not a record":  func(v *visitor) []byte { return v.seal(persistence.ItemContact, []byte(`["`+secret+`"]`)) },
		"newer version": func(v *visitor) []byte { return v.seal(persistence.ItemContact, []byte(`{"new":"`+secret+`"}`)) },
	}
	for name, spoiled := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			anna, jan := w.visitor("anna"), w.visitor("jan")
			anna.agree()
			anna.give(secret)
			jan.agree()
			jan.give("jan@example.test")
			anna.commit(func(c *persistence.Commit) { c.Contact = spoiled(anna) })
			anna.seen()
			var log bytes.Buffer
			f := w.flusher(func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
			if err := f.Flush(t.Context()); !errors.Is(err, ErrBlocked) {
				t.Fatalf("records that are left must be said, got %v", err)
			}
			anna.holds(2, "")
			w.isPending("anna", 3, 4)
			jan.holds(3, "jan@example.test")
			w.isPending("jan")
			if strings.Contains(log.String(), secret) {
				t.Errorf("no value may reach the log:\n%s", &log)
			}
			anna.commit(func(c *persistence.Commit) { c.Contact = anna.sealedValues() })
			w.flush(f)
			anna.holds(4, secret)
		})
	}
}

// TestP7_WithdrawalReachesWhatIsOnItsWay withdraws while the contact is still in
// the outbox: it is shredded, never stored.
func TestP7_WithdrawalReachesWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*visitor){"withdrawn": (*visitor).withdraw, "erased": (*visitor).erase} {
		for _, batch := range []int{1, 2, 200} {
			t.Run(fmt.Sprintf("%s in batches of %d", name, batch), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				v, behind := w.visitor("anna"), w.visitor("jan")
				v.agree()
				v.give("anna@example.test")
				v.give("other@example.test")
				end(v)
				behind.seen()
				tap := w.tap()
				f := w.flusher(func(o *Options) { tap.between(o); o.BatchSize = batch })
				w.flush(f)
				v.holds(5, "")
				behind.holds(1, "")
				tap.exactlyOnce(t)
				if s := f.Stats(); s.Shredded != 2 || s.Poisoned != 0 {
					t.Errorf("both contacts must be shredded, got %+v", s)
				}
			})
		}
	}
}

// TestP7_WithdrawalBetweenReadAndValues withdraws after the flusher read the
// outbox and before it fetches the values: the proof that they had to go is in
// no batch yet. The contact must wait for it and not be set aside.
func TestP7_WithdrawalBetweenReadAndValues(t *testing.T) {
	t.Parallel()
	for _, batch := range []int{3, 200} {
		t.Run(fmt.Sprintf("batches of %d", batch), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			v := w.visitor("anna")
			v.agree()
			v.give("anna@example.test")
			tap := w.tap()
			var once sync.Once
			tap.values = func(string) error { once.Do(v.withdraw); return nil }
			f := w.flusher(func(o *Options) { tap.between(o); o.BatchSize = batch })
			w.flush(f)
			v.holds(4, "")
			w.isPending("anna")
			tap.exactlyOnce(t)
			if s := f.Stats(); s.Shredded != 1 || s.Poisoned != 0 || s.Applied != 3 {
				t.Errorf("the contact must be shredded on the proof that follows, got %+v", s)
			}
		})
	}
}

// TestP8_ValuesGoneWithoutProof deletes the values as no gateway does. The
// contact store sets the contact aside; nothing waits for a proof for ever.
func TestP8_ValuesGoneWithoutProof(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor("anna")
	v.agree()
	v.give("anna@example.test")
	v.commit(func(c *persistence.Commit) { c.DropContact = true })
	f := w.flusher(nil)
	w.flush(f)
	v.holds(2, "")
	w.isPending("anna")
	if s := f.Stats(); s.Applied != 2 || s.Poisoned != 1 {
		t.Errorf("the contact must be set aside, got %+v", s)
	}
}

// TestP8_PoisonIsSetAside commits a grant that nobody asked for. It can never be
// applied, so it leaves the outbox, with all that follows; others go on.
func TestP8_PoisonIsSetAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v, other := w.visitor("anna"), w.visitor("jan")
	v.seen()
	bad := v.entry(persistence.PurposeLead, persistence.KindGranted)
	bad.Entry.Request, bad.Entry.Grant = "nothing", bad.Entry.ID
	v.commit(nil, v.outboxRecord(bad))
	v.seen()
	v.seen()
	other.agree()
	var log bytes.Buffer
	f := w.flusher(func(o *Options) { o.BatchSize = 3; o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	w.flush(f)
	v.seen()
	w.flush(f)
	v.holds(1, "")
	other.holds(2, "")
	w.isPending("anna")
	if s := f.Stats(); s.Applied != 3 || s.Poisoned != 4 || s.Held != 0 {
		t.Errorf("the record and the three that follow must be set aside, got %+v", s)
	}
	if n := strings.Count(log.String(), "set aside by the contact store"); n != 4 {
		t.Errorf("each record that is set aside must be logged, got %d:\n%s", n, &log)
	}
}

// TestP8_DefectStopsOneVisitor lets the contact store fail for one visitor's
// records with an error that waiting does not cure.
func TestP8_DefectStopsOneVisitor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	anna, jan := w.visitor("anna"), w.visitor("jan")
	anna.seen()
	jan.seen()
	anna.agree()
	jan.agree()
	broken := true
	tap := w.tap()
	tap.apply = func(records []persistence.Record) error {
		for _, r := range records {
			if broken && r.Visitor == "anna" {
				return errors.New("a row that cannot be read")
			}
		}
		return nil
	}
	f := w.flusher(tap.between)
	if err := f.Flush(t.Context()); !errors.Is(err, ErrBlocked) {
		t.Fatalf("one visitor must be blocked, got %v", err)
	}
	jan.holds(3, "")
	w.isPending("anna", 1, 2, 3)
	if s := f.Stats(); s.Blocked != 1 || s.Held != 3 {
		t.Errorf("one visitor must be blocked, got %+v", s)
	}
	broken = false
	w.flush(f)
	anna.holds(3, "")
	if s := f.Stats(); s.Blocked != 0 || s.Held != 0 {
		t.Errorf("nobody is blocked any more, got %+v", s)
	}
}

// TestP8_GapWaits acknowledges a record that was never applied, as an outbox
// does that lost it: those after it wait, and Flush says so.
func TestP8_GapWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	v := w.visitor("anna")
	v.seen()
	v.seen()
	v.seen()
	if err := w.outbox.Acknowledge(t.Context(), []persistence.OutboxRecord{{Site: "shop", Visitor: "anna", VSeq: 2}}); err != nil {
		t.Fatal(err)
	}
	f := w.flusher(nil)
	if err := f.Flush(t.Context()); !errors.Is(err, ErrBlocked) {
		t.Errorf("a record behind a gap must wait, got %v", err)
	}
	v.holds(1, "")
	w.isPending("anna", 3)
}

// TestP8_ManyMoreThanOneBatch flushes in batches far smaller than what waits,
// past visitors who are blocked and stand in front.
func TestP8_ManyMoreThanOneBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const blocked, good, batch = 7, 25, 2
	for i := range blocked {
		w.unusable(fmt.Sprintf("blocked-%d", i))
	}
	var visitors []*visitor
	for i := range good {
		v := w.visitor(fmt.Sprintf("v%d", i))
		v.seen()
		visitors = append(visitors, v)
	}
	tap := w.tap()
	most := 0
	tap.read = func(limit int) error { most = max(most, limit); return nil }
	f := w.flusher(func(o *Options) { tap.between(o); o.BatchSize = batch })
	if err := f.Flush(t.Context()); !errors.Is(err, ErrBlocked) {
		t.Fatalf("the blocked visitors are left, got %v", err)
	}
	for _, v := range visitors {
		v.holds(1, "")
	}
	if most > batch+blocked {
		t.Errorf("a pass must read no more than a batch past what is held back, read %d", most)
	}
	if s := f.Stats(); s.Applied != good || s.Held != blocked || s.Blocked != blocked {
		t.Errorf("%d applied, %d held: got %+v", good, blocked, s)
	}
}

// unusable writes a record that does not open.
func (w *world) unusable(name string) {
	w.t.Helper()
	v := w.visitor(name)
	v.vseq = 1
	v.commit(nil, persistence.OutboxRecord{Site: "shop", Visitor: name, VSeq: 1, At: testTime, Payload: []byte("x")})
}

// TestP11_MemoryIsBounded holds more records back than a flusher reads past.
// It says so, and does not read the whole outbox into memory.
func TestP11_MemoryIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const over = maxHeld + 10
	v := w.visitor("anna")
	records := make([]persistence.OutboxRecord, over)
	for i := range records {
		records[i] = persistence.OutboxRecord{Site: "shop", Visitor: "anna", VSeq: uint64(i + 1), At: testTime, Payload: []byte("x")}
	}
	v.commit(nil, records...)
	var log bytes.Buffer
	tap := w.tap()
	most := 0
	tap.read = func(limit int) error { most = max(most, limit); return nil }
	f := w.flusher(func(o *Options) { tap.between(o); o.BatchSize = 1; o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for range 2 {
		if err := f.Flush(t.Context()); !errors.Is(err, ErrBlocked) {
			t.Fatalf("blocked records must be said, got %v", err)
		}
	}
	if most != maxHeld+1 {
		t.Errorf("a pass must read at most %d records, read %d", maxHeld+1, most)
	}
	if n := strings.Count(log.String(), "too many outbox records are held back"); n != 1 {
		t.Errorf("the bound must be reported once, got %d:\n%s", n, &log)
	}
	if s := f.Stats(); s.Held != maxHeld+1 {
		t.Errorf("got %+v", s)
	}
}

// TestP8_TwoFlushersSideBySide lets two flushers, as on two nodes, move the same
// outbox while visitors go on writing.
func TestP8_TwoFlushersSideBySide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx, stop := context.WithCancel(t.Context())
	tap := w.tap()
	var flushers []*Flusher
	var running sync.WaitGroup
	for range 2 {
		f := w.flusher(func(o *Options) { tap.between(o); o.BatchSize = 5; o.Idle = 1 })
		flushers = append(flushers, f)
		running.Go(func() {
			if err := f.Run(ctx); err != nil {
				t.Errorf("run: %v", err)
			}
		})
	}
	want := map[*visitor]string{}
	for i := range 12 {
		v := w.visitor(fmt.Sprintf("v%d", i))
		v.seen()
		v.agree()
		v.give("old@example.test")
		want[v] = v.name + "@example.test"
		v.give(want[v])
		if i%3 == 0 {
			v.withdraw()
			want[v] = ""
		}
		if i%6 == 0 {
			v.agree()
			v.give("again@example.test")
			want[v] = "again@example.test"
		}
		for _, f := range flushers {
			f.Wake()
		}
	}
	stop()
	running.Wait()
	w.flush(w.flusher(tap.between))
	var records, applied uint64
	for v, email := range want {
		v.holds(v.vseq, email)
		w.isPending(v.name)
		records += v.vseq
	}
	for _, c := range tap.calls {
		if c.what == "apply" && (c.verdict == persistence.Applied || c.verdict == persistence.Shredded) {
			applied++
		}
		if c.verdict == persistence.Poisoned {
			t.Errorf("two flushers must not poison one another's records: %+v", c)
		}
	}
	if applied != records {
		t.Errorf("%d records must be applied once each, were applied %d times", records, applied)
	}
}

func TestNewRefusesOptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := map[string]func(*Options){
		"Outbox is required":             func(o *Options) { o.Outbox = nil },
		"Contacts is required":           func(o *Options) { o.Contacts = nil },
		"Sealer is required":             func(o *Options) { o.Sealer = nil },
		"BatchSize must not be negative": func(o *Options) { o.BatchSize = -1 },
		"Idle must not be negative":      func(o *Options) { o.Idle = -1 },
	}
	for want, change := range tests {
		o := Options{Outbox: w.outbox, Contacts: w.contacts, Sealer: w.sealer}
		change(&o)
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
