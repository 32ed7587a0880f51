package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"zgoda/persistence"
	"zgoda/persistence/flusher"
)

// plain is a Sealer that does not encrypt. What the store forgets to erase is
// then readable in its files, whichever half it was in.
type plain struct{}

func (plain) Seal(_ persistence.Scope, b []byte) ([]byte, error) { return bytes.Clone(b), nil }
func (plain) Open(_ persistence.Scope, b []byte) ([]byte, error) { return bytes.Clone(b), nil }

// A guest is a visitor whose every text is filled with a canary of its own.
type guest struct {
	name                      string
	n, version, profile, vseq uint64
	texts                     int // canaries so far; the newest is the contact's
}

// canary fills size bytes with a mark that is short, so that any fragment of the
// text that is left holds one.
func (g *guest) canary(size int) string {
	g.texts++
	mark := fmt.Sprintf("<zg-%s-%04d>", g.name, g.texts)
	return strings.Repeat(mark, 1+size/len(mark))
}

// An eraser writes guests to a store and knows which canaries must be gone.
type eraser struct {
	t      *testing.T
	s      *Store
	f      *flusher.Flusher
	random *rand.Rand
	gone   map[string]bool
}

func (e *eraser) commit(g *guest, change func(*persistence.Commit), records ...persistence.Record) {
	e.t.Helper()
	g.n++
	c := &persistence.Commit{
		Key: persistence.Key{Site: "shop", Conversation: "c-" + g.name}, Visitor: g.name, Now: testTime, Epoch: "e",
		Input:   persistence.Input{Client: "tab", N: g.n, Digest: []byte("d"), Answer: []byte("a")},
		Version: g.version, ProfileVersion: g.profile,
	}
	for _, r := range records {
		b, err := persistence.EncodeRecord(r)
		if err != nil {
			e.t.Fatal(err)
		}
		c.Outbox = append(c.Outbox, persistence.OutboxRecord{Site: "shop", Visitor: g.name, VSeq: r.VSeq, At: r.At, Payload: b})
	}
	change(c)
	res, err := e.s.Commit(e.t.Context(), c)
	if err != nil || res.Outcome != persistence.Committed {
		e.t.Errorf("commit: %v %v", res.Outcome, err)
		return
	}
	g.version, g.profile = res.Snapshot.Version, res.Snapshot.ProfileVersion
	g.vseq += uint64(len(records))
}

// size is mostly small, sometimes past a page and sometimes past several.
func (e *eraser) size() int {
	return []int{10, 80, 300, 900, 5000, 20000}[min(e.random.IntN(12), 5)]
}

// give sets the guest's contact, which replaces and so erases the one before.
func (e *eraser) give(g *guest, before ...persistence.Record) {
	e.t.Helper()
	if g.texts > 0 {
		e.gone[fmt.Sprintf("%s-%04d", g.name, g.texts)] = true
	}
	r := contactRecord("shop", g.name, g.vseq+uint64(len(before))+1, 2, nil)
	r.Contact.Fields = map[string]string{"name": "r"}
	values, err := json.Marshal(persistence.ContactValues{
		Values: map[string]string{"r": g.canary(e.size())}, Current: map[string]string{"name": "r"},
	})
	if err != nil {
		e.t.Fatal(err)
	}
	e.commit(g, func(c *persistence.Commit) { c.Contact = values }, append(before, r)...)
}

func (e *eraser) flush() {
	e.t.Helper()
	if err := e.f.Flush(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
}

// search reads every file of the store for canaries that must be gone, and
// returns how many others it saw.
func (e *eraser) search() int {
	e.t.Helper()
	kept := 0
	for _, end := range []string{"", "-wal", "-shm"} {
		b, err := os.ReadFile(e.s.path + end)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			e.t.Fatal(err)
		}
		for at := 0; ; {
			i := bytes.Index(b[at:], []byte("<zg-"))
			if i < 0 {
				break
			}
			at += i + len("<zg-")
			mark, _, ok := bytes.Cut(b[at:min(at+24, len(b))], []byte(">"))
			switch {
			case !ok: // cut by the end of a page
			case e.gone[string(mark)]:
				e.t.Fatalf("%s was erased and stands in zgoda.db%s at byte %d", mark, end, at)
			default:
				kept++
			}
		}
	}
	return kept
}

// TestP9_FlushedAndErasedIsInNoFile withdraws and erases visitors in random order,
// between others who come and correct themselves, so that rows move between
// pages all the time, and looks into the files meanwhile.
func TestP9_FlushedAndErasedIsInNoFile(t *testing.T) {
	t.Parallel()
	guests := 60
	if os.Getenv("ZGODA_PROVE") != "" {
		guests = 3000
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	e := &eraser{t: t, s: openAt(t, filepath.Join(memoryFolder(t), "zgoda.db")), random: rand.New(rand.NewPCG(seed, 0)), gone: map[string]bool{}}
	var err error
	if e.f, err = flusher.New(flusher.Options{Outbox: e.s, Contacts: e.s, Sealer: plain{}}); err != nil {
		t.Fatal(err)
	}
	var present []*guest
	arrive := func(i int) {
		g := &guest{name: fmt.Sprintf("%05d", i)}
		// The log is erased with the visitor, not with a withdrawal, so it has the
		// canary that no contact has.
		body := []byte(fmt.Sprintf("<zg-%s-0000>", g.name))
		e.commit(g, func(c *persistence.Commit) {
			c.State, c.Profile = body, body
			c.Events = []persistence.Event{{Seq: 1, ID: g.name, At: testTime, Body: bytes.Repeat(body, 1+e.size()/len(body))}}
		}, requestRecord("shop", g.name, 1), grantRecord("shop", g.name, 2))
		e.give(g)
		present = append(present, g)
	}
	for i := range guests * 2 / 3 {
		arrive(i)
	}
	e.flush()
	if kept := e.search(); kept == 0 {
		t.Fatal("the canaries of visitors who are present must be found, or the search proves nothing")
	}
	// The ends between two looks are made at the same time: they share
	// transactions, and the emptying of the log, as in a busy gateway.
	var ending sync.WaitGroup
	arrived, ended := guests*2/3, 0
	for len(present) > 0 {
		at := e.random.IntN(len(present))
		g := present[at]
		switch n := e.random.IntN(6); {
		case n == 0 && arrived < guests:
			arrive(arrived)
			arrived++
			continue
		case n == 1:
			e.give(g)
			continue
		case n < 4:
			ending.Go(func() {
				e.commit(g, func(c *persistence.Commit) { c.DropContact = true }, withdrawRecord("shop", g.name, g.vseq+1, 2))
			})
		default:
			ending.Go(func() {
				e.commit(g, func(c *persistence.Commit) { c.Erase = true }, eraseRecord("shop", g.name, g.vseq+1))
			})
			e.gone[g.name+"-0000"] = true
		}
		e.gone[fmt.Sprintf("%s-%04d", g.name, g.texts)] = true
		present = slices.Delete(present, at, at+1)
		if ended++; ended%10 == 0 || len(present) == 0 {
			ending.Wait()
			e.flush()
			e.search()
		}
	}
	if arrived < guests*2/3 || ended < arrived {
		t.Errorf("%d of %d visitors ended", ended, arrived)
	}
}

// memoryFolder returns a folder in memory where the system has one. For a test
// that looks into files it does not matter which disk they are on, and each of
// its commits waits for the disk.
func memoryFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "zgoda-sqlitestore-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove store: %v", err)
		}
	})
	return dir
}

// pages limits how large the file may grow, on the one connection that writes:
// SQLite answers as it does on a disk without space.
func pages(t *testing.T, s *Store, limit int) {
	t.Helper()
	err := s.write(t.Context(), "limit pages", func(tx *tx) error {
		var now int
		_, err := tx.get(fmt.Sprintf("PRAGMA max_page_count = %d", limit), nil, row(&now))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func bodyOf(visitor string, n uint64) []byte {
	return bytes.Repeat([]byte(fmt.Sprintf("%s-%d;", visitor, n)), 300)
}

// say is a visitor's n-th commit, an event of about a page.
func say(visitor string, n, profile uint64) *persistence.Commit {
	return &persistence.Commit{
		Key: persistence.Key{Site: "shop", Conversation: "c-" + visitor}, Visitor: visitor, Now: testTime, Epoch: "e",
		Input:   persistence.Input{Client: "tab", N: n, Digest: []byte("d"), Answer: []byte("a")},
		Version: n - 1, ProfileVersion: profile, State: []byte("s"),
		Events: []persistence.Event{{Seq: n, ID: fmt.Sprintf("%s-%d", visitor, n), At: testTime, Body: bodyOf(visitor, n)}},
	}
}

// fill lets a visitor talk until the store is full and returns how many commits
// were made.
func fill(t *testing.T, s *Store, visitor string, from uint64) uint64 {
	for n := from; n < from+10000; n++ {
		res, err := s.Commit(t.Context(), say(visitor, n, 0))
		switch {
		case errors.Is(err, persistence.ErrFull):
			if !errors.Is(err, persistence.ErrUnavailable) || errors.Is(err, persistence.ErrUnknown) {
				t.Errorf("a full store is unavailable and its outcome is known, got %v", err)
			}
			return n - 1
		case err != nil || res.Outcome != persistence.Committed:
			t.Errorf("%s %d: %v %v", visitor, n, res.Outcome, err)
			return n - 1
		}
	}
	t.Errorf("the store must become full")
	return 0
}

func holdsExactly(t *testing.T, s *Store, visitor string, want uint64) {
	t.Helper()
	snap, events, err := s.Load(t.Context(), persistence.Key{Site: "shop", Conversation: "c-" + visitor}, persistence.Range{Limit: 100000})
	if err != nil {
		t.Fatal(err)
	}
	if snap.Seq != want || uint64(len(events)) != want {
		t.Errorf("%s: %d were committed, the log has %d events up to %d", visitor, want, len(events), snap.Seq)
	}
	for i, e := range events {
		if !bytes.Equal(e.Body, bodyOf(visitor, uint64(i+1))) {
			t.Errorf("%s: event %d is not what was committed", visitor, i+1)
		}
	}
}

// TestP3_FullDisk fills the store, alone and with many at the same time. What
// was answered is there, what was refused is not, and all goes on with space.
func TestP3_FullDisk(t *testing.T) {
	t.Parallel()
	for _, visitors := range []int{1, 16} {
		t.Run(fmt.Sprintf("Visitors=%d", visitors), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(memoryFolder(t), "zgoda.db")
			s := openAt(t, path)
			pages(t, s, 200)
			made := make([]uint64, visitors)
			crowd := func() {
				var wg sync.WaitGroup
				for i := range visitors {
					wg.Go(func() { made[i] = fill(t, s, fmt.Sprintf("v%d", i), made[i]+1) })
				}
				wg.Wait()
			}
			check := func() {
				t.Helper()
				for i, n := range made {
					holdsExactly(t, s, fmt.Sprintf("v%d", i), n)
				}
			}
			crowd()
			check()
			before := slices.Clone(made)
			pages(t, s, 300)
			crowd()
			check()
			for i, n := range before {
				if visitors == 1 && made[i] <= n {
					t.Errorf("with space again the same commit must be made, still %d", made[i])
				}
			}
			if err := s.Close(); err != nil {
				t.Errorf("a full store must close: %v", err)
			}
			s = openAt(t, path)
			check()
			for i := range visitors {
				if _, err := s.Commit(t.Context(), say(fmt.Sprintf("v%d", i), made[i]+1, 0)); err != nil {
					t.Errorf("a store that was full must take commits again: %v", err)
				}
			}
		})
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	all, err := migrations()
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		version  int
		readOnly bool
		want     string // "" for an open that works
	}{
		"newer, to write":            {len(all) + 1, false, fmt.Sprintf("schema version %d and this program knows versions up to %d: start the newer program", len(all)+1, len(all))},
		"newer, to read":             {len(all) + 1, true, "start the newer program that wrote it, or restore the copy"},
		"older, to read":             {len(all) - 1, true, "start the gateway once, it updates the file"},
		"the one it knows, to read":  {len(all), true, ""},
		"the one it knows, to write": {len(all), false, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "zgoda.db")
			s := openAt(t, path)
			if _, err := s.Commit(t.Context(), say("anna", 1, 0)); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			setVersion(t, path, tt.version)
			s, err := Open(t.Context(), path, Options{ReadOnly: tt.readOnly})
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				holdsExactly(t, s, "anna", 1)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.Is(err, persistence.ErrSchema) || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want ErrSchema with the file and %q", err, tt.want)
			}
			// What was refused was not touched: the program that knows it opens it.
			setVersion(t, path, len(all))
			s = openAt(t, path)
			holdsExactly(t, s, "anna", 1)
		})
	}
}

func setVersion(t *testing.T, path string, version int) {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, "rw", nil))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.ExecContext(t.Context(), fmt.Sprintf("PRAGMA user_version = %d", version))
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestReadOnlyBesideAWriter(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "zgoda.db")
	if _, err := Open(t.Context(), path, Options{ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a reader must not create the file, got %v", err)
	}
	w := openAt(t, path)
	r, err := Open(t.Context(), path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	for n := uint64(1); n <= 3; n++ {
		if _, err := w.Commit(t.Context(), say("anna", n, 0)); err != nil {
			t.Fatal(err)
		}
		holdsExactly(t, r, "anna", n)
	}
	if _, err := r.Commit(t.Context(), say("anna", 4, 0)); !errors.Is(err, errReadOnly) {
		t.Errorf("a reader must not write, got %v", err)
	}
	if _, err := r.Apply(t.Context(), "shop", []persistence.Record{requestRecord("shop", "anna", 1)}); !errors.Is(err, errReadOnly) {
		t.Errorf("a reader must not write, got %v", err)
	}
	// The reader took no lock: a writer may come and go beside it.
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = openAt(t, path)
	if _, err := w.Commit(t.Context(), say("anna", 4, 0)); err != nil {
		t.Fatal(err)
	}
	holdsExactly(t, r, "anna", 4)
}

func TestSecondWriterIsToldWhoHasTheStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "zgoda.db")
	s := openAt(t, path)
	_, err := Open(t.Context(), path, Options{})
	if want := fmt.Sprintf("process %d ", os.Getpid()); !errors.Is(err, persistence.ErrInUse) || !strings.Contains(err.Error(), want) {
		t.Errorf("a second writer must be told %q, got %v", want, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	openAt(t, path)
}

// transactions counts those that the write-ahead log holds: the frame that ends
// one has the size of the file in its head, the others have zero there.
func transactions(t *testing.T, s *Store) int {
	t.Helper()
	b, err := os.ReadFile(s.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if len(b) == 0 {
		return 0
	}
	page := int(binary.BigEndian.Uint32(b[8:]))
	n := 0
	for at := walHeaderBytes; at+frameHeaderBytes <= len(b); at += frameHeaderBytes + page {
		if bytes.Equal(b[at+8:at+16], b[16:24]) && binary.BigEndian.Uint32(b[at+4:]) != 0 {
			n++
		}
	}
	return n
}

// TestP11_CommitsShareTransactions holds the writer until all commits wait, then
// counts the transactions they became in the file itself. The bubble is what
// tells when all wait; its clock is not used.
func TestP11_CommitsShareTransactions(t *testing.T) {
	t.Parallel()
	for _, commits := range []int{1, 64, maxBatch + 1} {
		t.Run(fmt.Sprintf("Commits=%d", commits), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(memoryFolder(t), "zgoda.db")
			synctest.Test(t, func(t *testing.T) {
				s, err := Open(t.Context(), path, Options{})
				if err != nil {
					t.Fatal(err)
				}
				defer func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				}()
				before := transactions(t, s)
				hold, held := make(chan struct{}), make(chan struct{})
				var wg sync.WaitGroup
				wg.Go(func() {
					err := s.write(context.Background(), "hold", func(*tx) error { close(held); <-hold; return nil })
					if err != nil {
						t.Error(err)
					}
				})
				<-held
				for i := range commits {
					wg.Go(func() {
						c := say(fmt.Sprintf("v%d", i), 1, 0)
						c.Events[0].Body = []byte("short")
						if res, err := s.Commit(t.Context(), c); err != nil || res.Outcome != persistence.Committed {
							t.Errorf("commit: %v %v", res.Outcome, err)
						}
					})
				}
				synctest.Wait()
				close(hold)
				wg.Wait()
				want := (commits + maxBatch - 1) / maxBatch
				if got := transactions(t, s) - before; got != want {
					t.Errorf("%d commits that wait must be %d transactions, were %d", commits, want, got)
				}
			})
		})
	}
}
