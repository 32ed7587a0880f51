package flusher

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"zgoda/persistence"
	"zgoda/persistence/seal"
	"zgoda/persistence/sqlitestore"
)

var testNotice = func() *persistence.Notice {
	n := &persistence.Notice{Locale: "pl", Canonical: `{"body":"Zgoda?"}`}
	sum := sha256.Sum256([]byte(n.Canonical))
	n.Hash = hex.EncodeToString(sum[:])
	return n
}()

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// chats is a conversation store.
type chats interface {
	persistence.Conversations
	persistence.Outbox
}

// A world is a gateway's store, a real one that keeps both halves, and its keys.
type world struct {
	t        testing.TB
	outbox   chats
	contacts *sqlitestore.Store
	keys     []seal.Key
	sealer   *seal.Keyring
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, keys: []seal.Key{seal.NewKey()}}
	w.sealer = w.ring(w.keys...)
	s := w.store()
	w.outbox, w.contacts = s, s
	return w
}

func (w *world) ring(keys ...seal.Key) *seal.Keyring {
	w.t.Helper()
	r, err := seal.New(keys, keys[0].ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func (w *world) store() *sqlitestore.Store {
	w.t.Helper()
	s, err := sqlitestore.Open(w.t.Context(), filepath.Join(folder(w.t), "zgoda.db"), sqlitestore.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			w.t.Errorf("close: %v", err)
		}
	})
	return s
}

// folder returns a folder for stores, in memory where the system has one. These
// tests are about the order of things and never about a machine that loses its
// power, and each store waits for the disk with every commit.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "zgoda-flusher-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove stores: %v", err)
		}
	})
	return dir
}

// flusher returns a flusher between the world's stores, changed by change. Its
// pauses are as short as can be.
func (w *world) flusher(change func(*Options)) *Flusher {
	w.t.Helper()
	o := Options{Outbox: w.outbox, Contacts: w.contacts, Sealer: w.sealer}
	if change != nil {
		change(&o)
	}
	f, err := New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	f.pause = func(time.Duration) time.Duration { return 1 }
	return f
}

func (w *world) flush(f *Flusher) {
	w.t.Helper()
	if err := f.Flush(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// pending returns the numbers of a visitor's records that are in the outbox.
func (w *world) pending(visitor string) []uint64 {
	w.t.Helper()
	records, err := w.outbox.Pending(w.t.Context(), 1<<20)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []uint64
	for _, r := range records {
		if r.Visitor == visitor {
			out = append(out, r.VSeq)
		}
	}
	return out
}

// isPending expects exactly these records of the visitor to be in the outbox.
func (w *world) isPending(visitor string, want ...uint64) {
	w.t.Helper()
	if got := w.pending(visitor); !slices.Equal(got, want) {
		w.t.Errorf("records of %s in the outbox: %v, want %v", visitor, got, want)
	}
}

// A visitor writes one visitor's commits as the gateway does.
type visitor struct {
	w                         *world
	site, name                string
	n, version, profile, vseq uint64
	grant                     uint64
	values                    persistence.ContactValues
}

func (w *world) visitor(name string) *visitor { return &visitor{w: w, site: "shop", name: name} }

func (v *visitor) id(vseq uint64) string { return fmt.Sprintf("%s-%s-%d", v.site, v.name, vseq) }

func (v *visitor) scope(item string) persistence.Scope {
	return persistence.Scope{Site: v.site, Subject: v.name, Item: item}
}

func (v *visitor) seal(item string, plain []byte) []byte {
	v.w.t.Helper()
	b, err := v.w.sealer.Seal(v.scope(item), plain)
	if err != nil {
		v.w.t.Fatal(err)
	}
	return b
}

// record returns the visitor's next record, still without content.
func (v *visitor) record() persistence.Record {
	v.vseq++
	return persistence.Record{Site: v.site, Visitor: v.name, VSeq: v.vseq, At: testTime.Add(time.Duration(v.vseq) * time.Second)}
}

// outboxRecord seals r as the gateway does.
func (v *visitor) outboxRecord(r persistence.Record) persistence.OutboxRecord {
	v.w.t.Helper()
	plain, err := persistence.EncodeRecord(r)
	if err != nil {
		v.w.t.Fatal(err)
	}
	item := persistence.ItemOutbox + strconv.FormatUint(r.VSeq, 10)
	return persistence.OutboxRecord{Site: v.site, Visitor: v.name, VSeq: r.VSeq, At: r.At, Payload: v.seal(item, plain)}
}

// commit writes the outbox records with whatever change adds.
func (v *visitor) commit(change func(*persistence.Commit), records ...persistence.OutboxRecord) {
	v.w.t.Helper()
	v.n++
	c := &persistence.Commit{
		Key: persistence.Key{Site: v.site, Conversation: "c-" + v.name}, Visitor: v.name, Now: testTime, Epoch: "e",
		Input:   persistence.Input{Client: "tab", N: v.n, Digest: []byte("d"), Answer: []byte("a")},
		Version: v.version, ProfileVersion: v.profile, Outbox: records,
	}
	if change != nil {
		change(c)
	}
	res, err := v.w.outbox.Commit(v.w.t.Context(), c)
	if err != nil || res.Outcome != persistence.Committed {
		v.w.t.Fatalf("commit: %v %v", res.Outcome, err)
	}
	v.version, v.profile = res.Snapshot.Version, res.Snapshot.ProfileVersion
}

func (v *visitor) seen() {
	v.w.t.Helper()
	r := v.record()
	r.Seen = true
	v.commit(nil, v.outboxRecord(r))
}

func (v *visitor) entry(purpose, kind string) persistence.Record {
	r := v.record()
	r.Entry = &persistence.LedgerEntry{ID: v.id(r.VSeq), Purpose: purpose, Kind: kind, Actor: "visitor", Method: "button", OccurredAt: r.At}
	return r
}

// agree asks and is answered: two records.
func (v *visitor) agree() {
	v.w.t.Helper()
	asked := v.entry(persistence.PurposeLead, persistence.KindRequested)
	asked.Entry.Actor, asked.Entry.Method = "system", "widget"
	asked.Entry.Notice, asked.Entry.NoticeText, asked.Entry.Locale = testNotice.Hash, testNotice, "pl"
	grant := v.entry(persistence.PurposeLead, persistence.KindGranted)
	grant.Entry.Request, grant.Entry.Grant = asked.Entry.ID, grant.Entry.ID
	grant.Entry.Notice, grant.Entry.Locale = testNotice.Hash, "pl"
	v.grant = grant.VSeq
	v.commit(nil, v.outboxRecord(asked), v.outboxRecord(grant))
}

// give types an e-mail address: the value goes into the visitor's sealed record
// and the outbox gets its reference.
func (v *visitor) give(email string) {
	v.w.t.Helper()
	r := v.record()
	ref := fmt.Sprintf("ref-%d", r.VSeq)
	v.values = persistence.ContactValues{Values: map[string]string{ref: email}, Current: map[string]string{"email": ref}}
	r.Contact = &persistence.ContactRecord{
		Grant: v.id(v.grant), GrantedVSeq: v.grant, Fields: map[string]string{"email": ref}, Conversation: "c-" + v.name,
	}
	v.commit(func(c *persistence.Commit) { c.Contact = v.sealedValues() }, v.outboxRecord(r))
}

func (v *visitor) sealedValues() []byte {
	v.w.t.Helper()
	plain, err := json.Marshal(v.values)
	if err != nil {
		v.w.t.Fatal(err)
	}
	return v.seal(persistence.ItemContact, plain)
}

// withdraw deletes the values and says so, in one commit.
func (v *visitor) withdraw() {
	v.w.t.Helper()
	r := v.entry(persistence.PurposeLead, persistence.KindWithdrawn)
	r.Entry.Grant, r.Entry.Method = v.id(v.grant), "widget"
	v.commit(func(c *persistence.Commit) { c.DropContact = true }, v.outboxRecord(r))
}

func (v *visitor) erase() {
	v.w.t.Helper()
	r := v.record()
	r.Erase = &persistence.Erasure{ID: v.id(r.VSeq), Actor: "visitor", Method: "widget"}
	v.commit(func(c *persistence.Commit) { c.Erase = true }, v.outboxRecord(r))
}

// holds expects the contact store to have applied records up to vseq, to hold
// this e-mail address ("" for none) and an unbroken ledger.
func (v *visitor) holds(vseq uint64, email string) {
	v.w.t.Helper()
	r, err := v.w.contacts.Visitor(v.w.t.Context(), v.site, v.name)
	if err != nil {
		v.w.t.Fatalf("visitor %s: %v", v.name, err)
	}
	if r.AppliedVSeq != vseq || r.Fields["email"] != email {
		v.w.t.Errorf("%s: applied %d with %q, want %d with %q", v.name, r.AppliedVSeq, r.Fields["email"], vseq, email)
	}
	if err := v.w.contacts.VerifyChain(v.w.t.Context(), v.site, v.name); err != nil {
		v.w.t.Errorf("%s: %v", v.name, err)
	}
}

// A tap is a contact store or an outbox with faults and a record of its calls
// in front. The nil hooks pass through.
type tap struct {
	persistence.Outbox
	persistence.Contacts

	// apply, ack, read and values run before the real call, in whose place an
	// error stands; applied and acked run after it and may replace its error.
	apply   func(records []persistence.Record) error
	applied func() error
	ack     func(records []persistence.OutboxRecord) error
	acked   func() error
	read    func(limit int) error
	values  func(visitor string) error

	mu    sync.Mutex // guards the fields below
	calls []call
}

// A call is what one record went through, in the order in which it did.
type call struct {
	what    string // apply or acknowledge
	visitor string
	vseq    uint64
	verdict persistence.Verdict
}

func (w *world) tap() *tap { return &tap{Outbox: w.outbox, Contacts: w.contacts} }

func (t *tap) between(o *Options) { o.Outbox, o.Contacts = t, t }

func (t *tap) Apply(ctx context.Context, site string, records []persistence.Record) ([]persistence.Verdict, error) {
	if t.apply != nil {
		if err := t.apply(records); err != nil {
			return nil, err
		}
	}
	verdicts, err := t.Contacts.Apply(ctx, site, records)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	for i, r := range records {
		t.calls = append(t.calls, call{"apply", r.Visitor, r.VSeq, verdicts[i]})
	}
	t.mu.Unlock()
	if t.applied != nil {
		if err := t.applied(); err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}

func (t *tap) Acknowledge(ctx context.Context, records []persistence.OutboxRecord) error {
	t.mu.Lock()
	for _, r := range records {
		t.calls = append(t.calls, call{what: "acknowledge", visitor: r.Visitor, vseq: r.VSeq})
	}
	t.mu.Unlock()
	if t.ack != nil {
		if err := t.ack(records); err != nil {
			return err
		}
	}
	if err := t.Outbox.Acknowledge(ctx, records); err != nil {
		return err
	}
	if t.acked != nil {
		return t.acked()
	}
	return nil
}

func (t *tap) Pending(ctx context.Context, limit int) ([]persistence.OutboxRecord, error) {
	if t.read != nil {
		if err := t.read(limit); err != nil {
			return nil, err
		}
	}
	return t.Outbox.Pending(ctx, limit)
}

func (t *tap) ContactValues(ctx context.Context, site, visitor string) ([]byte, error) {
	if t.values != nil {
		if err := t.values(visitor); err != nil {
			return nil, err
		}
	}
	return t.Outbox.ContactValues(ctx, site, visitor)
}

// exactlyOnce expects every record to have been applied once, in the order of
// its visitor, and acknowledged only after the contact store had a word on it.
func (t *tap) exactlyOnce(tb testing.TB) {
	tb.Helper()
	t.mu.Lock()
	defer t.mu.Unlock()
	applied := map[string]uint64{}
	for _, c := range t.calls {
		switch {
		case c.what == "acknowledge" && c.vseq > applied[c.visitor]:
			tb.Errorf("%s: record %d was acknowledged before it was applied", c.visitor, c.vseq)
		case c.what == "apply" && c.vseq <= applied[c.visitor] && c.verdict != persistence.AlreadyApplied && c.verdict != persistence.Poisoned:
			tb.Errorf("%s: record %d was applied again, verdict %d", c.visitor, c.vseq, c.verdict)
		case c.what == "apply" && c.vseq > applied[c.visitor] && c.verdict != persistence.NotYet:
			if c.vseq != applied[c.visitor]+1 {
				tb.Errorf("%s: record %d was applied after record %d", c.visitor, c.vseq, applied[c.visitor])
			}
			applied[c.visitor] = c.vseq
		}
	}
}
