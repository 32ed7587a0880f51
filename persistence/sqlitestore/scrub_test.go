package sqlitestore

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"zgoda/persistence"
)

var canaryPattern = regexp.MustCompile(`CANARY-\d{6}-`)

// canary is a text that occurs for one visitor and nowhere else.
func canary(visitor int) string { return fmt.Sprintf("CANARY-%06d-", visitor) }

// canariesIn returns how often the canaries of visitors occur in the files of
// the store.
func canariesIn(t *testing.T, s *Store, visitors map[string]bool) int {
	t.Helper()
	found := 0
	for _, suffix := range []string{"", "-wal", "-shm"} {
		b, err := os.ReadFile(s.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range canaryPattern.FindAll(b, -1) {
			if visitors[string(c)] {
				found++
			}
		}
	}
	return found
}

// text of a random length, so that rows spread over pages in every way, long
// rows on pages of their own included.
func padded(r *rand.Rand, visitor int) []byte {
	return []byte(canary(visitor) + strings.Repeat("p", r.IntN(1<<r.IntN(13))))
}

func visitorName(i int) string { return fmt.Sprintf("%x-%d", i*2654435761%1000003, i) }

// TestP9_ErasedTextIsInNoFile writes many visitors in an order that spreads
// their rows, erases them in another, and looks for what they said in the files.
func TestP9_ErasedTextIsInNoFile(t *testing.T) {
	t.Parallel()
	const visitors = 300
	s := openTest(t)
	r := rand.New(rand.NewPCG(1, 2))
	chats := make([]*persistence.Commit, visitors)
	var records []persistence.Record
	for i := range visitors {
		name := visitorName(i)
		records = append(records, giveContact(name, map[string]string{
			"email": string(padded(r, i)), "name": string(padded(r, i)), "phone": canary(i),
		})...)
		chats[i] = &persistence.Commit{
			Key: persistence.Key{Site: "shop", Conversation: name}, Visitor: name, Now: testTime, Epoch: "e",
			Input: persistence.Input{Client: "c", N: 1, Answer: padded(r, i)},
			State: padded(r, i), Profile: padded(r, i), Contact: padded(r, i),
			Events: []persistence.Event{{Seq: 1, ID: "1", Body: padded(r, i)}, {Seq: 2, ID: "2", Body: padded(r, i)}},
		}
	}
	commitAll(t, s, chats)
	mustApply(t, s, records...)
	everybody := map[string]bool{}
	for i := range visitors {
		everybody[canary(i)] = true
	}
	if n := canariesIn(t, s, everybody); n < visitors {
		t.Fatalf("the test looks for texts that are not there: found %d", n)
	}

	gone := map[string]bool{}
	order := r.Perm(visitors)
	for len(order) > 0 {
		part := order[:min(len(order), visitors/6)]
		order = order[len(part):]
		eraseVisitors(t, s, part)
		for _, i := range part {
			gone[canary(i)] = true
		}
		if n := canariesIn(t, s, gone); n != 0 {
			t.Errorf("what was erased must be in no file: with %d of %d visitors erased %d texts are left", len(gone), visitors, n)
		}
	}
	var verdict string
	if err := s.read(t.Context(), func(c *conn) error {
		_, err := c.get(t.Context(), "PRAGMA integrity_check", nil, row(&verdict))
		return err
	}); err != nil || verdict != "ok" {
		t.Errorf("overwriting the unused parts of pages must leave a sound file, got %q %v", verdict, err)
	}
}

// commitAll commits concurrently, so that the commits share transactions.
func commitAll(t *testing.T, s *Store, commits []*persistence.Commit) {
	t.Helper()
	work := make(chan *persistence.Commit)
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for c := range work {
				if res, err := s.Commit(t.Context(), c); err != nil || res.Outcome != persistence.Committed {
					t.Errorf("commit: %v %v", res.Outcome, err)
				}
			}
		})
	}
	for _, c := range commits {
		work <- c
	}
	close(work)
	wg.Wait()
}

// eraseVisitors erases half of them whole and ends the other half's consent,
// which deletes their contact and leaves the conversation: that is replaced.
func eraseVisitors(t *testing.T, s *Store, visitors []int) {
	t.Helper()
	var commits []*persistence.Commit
	var records []persistence.Record
	for _, i := range visitors {
		name := visitorName(i)
		commits = append(commits, &persistence.Commit{
			Key: persistence.Key{Site: "shop", Conversation: name}, Visitor: name, Now: testTime, Version: 1, ProfileVersion: 1,
			Input: persistence.Input{Client: "c", N: 2}, Erase: true,
		})
		if i%2 == 0 {
			records = append(records, eraseRecord("shop", name, 4))
		} else {
			records = append(records, withdrawRecord("shop", name, 4, 2))
		}
	}
	commitAll(t, s, commits)
	mustApply(t, s, records...)
}

// TestP9_ErasureOfAKilledProcessIsFinished leaves an erasure in the write-ahead
// log, as a process does that is killed between its commit and its checkpoint.
func TestP9_ErasureOfAKilledProcessIsFinished(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustApply(t, s, giveContact("anna", map[string]string{"email": canary(1)})...)
	mustApply(t, s, giveContact("jan", map[string]string{"email": canary(2)})...)
	copied := filepath.Join(t.TempDir(), "zgoda.db")
	// A reader keeps the log from being emptied while its files are copied.
	err := s.read(t.Context(), func(c *conn) error {
		if _, err := c.exec(t.Context(), "SELECT count(*) FROM contact"); err != nil {
			return err
		}
		mustApply(t, s, withdrawRecord("shop", "anna", 4, 2))
		for _, suffix := range []string{"", "-wal"} {
			b, err := os.ReadFile(s.path + suffix)
			if err == nil {
				err = os.WriteFile(copied+suffix, b, 0o600)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	again := openAt(t, copied)
	if n := canariesIn(t, again, map[string]bool{canary(1): true}); n != 0 {
		t.Errorf("an erasure that a killed process left in its log must be finished at the next start, found %d", n)
	}
	if n := canariesIn(t, again, map[string]bool{canary(2): true}); n == 0 {
		t.Error("what was not erased must still be there")
	}
	if b, err := os.ReadFile(again.path + "-wal"); err != nil || len(b) != 0 {
		t.Errorf("the log must be empty after a start, has %d bytes, %v", len(b), err)
	}
}

// TestP9_ReaderInTheWayOfAnErasure holds a snapshot open while somebody is
// erased: the erasure is answered, and its log emptied when the reader is gone.
func TestP9_ReaderInTheWayOfAnErasure(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustApply(t, s, giveContact("anna", map[string]string{"email": canary(1)})...)
	gone := map[string]bool{canary(1): true}
	err := s.read(t.Context(), func(c *conn) error {
		if _, err := c.exec(t.Context(), "SELECT count(*) FROM contact"); err != nil {
			return err
		}
		mustApply(t, s, withdrawRecord("shop", "anna", 4, 2))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// The next erasure comes through and takes the first one with it.
	mustApply(t, s, giveContact("jan", map[string]string{"email": canary(2)})...)
	mustApply(t, s, withdrawRecord("shop", "jan", 4, 2))
	if n := canariesIn(t, s, gone); n != 0 {
		t.Errorf("an erasure that a reader delayed must be finished, found %d", n)
	}
}

// TestReaderDoesNotKeepTheStoreFromOpening: a command that reads an export must
// not stop a gateway from restarting, nor from stopping.
func TestReaderDoesNotKeepTheStoreFromOpening(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustApply(t, s, giveContact("anna", map[string]string{"email": canary(1)})...)
	reader, err := Open(t.Context(), s.path, Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	err = reader.read(t.Context(), func(c *conn) error {
		if _, err := c.exec(t.Context(), "SELECT count(*) FROM contact"); err != nil {
			return err
		}
		mustApply(t, s, withdrawRecord("shop", "anna", 4, 2))
		if err := s.Close(); err != nil {
			t.Errorf("a reader must not keep a store from closing: %v", err)
		}
		s = openAt(t, s.path)
		mustApply(t, s, requestRecord("shop", "jan", 1))
		return nil
	})
	if err := errors.Join(err, reader.Close()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(s.path)
	if err != nil || canaryPattern.Match(b) {
		t.Errorf("an erasure that a reader delayed must be finished at the end, %v", err)
	}
}

// TestP9_TrimCleansTheWholeFile: somebody else's checkpoint copied pages that were
// not scrubbed.
func TestP9_TrimCleansTheWholeFile(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustApply(t, s, giveContact("anna", map[string]string{"email": "a@example.test"})...)
	err := s.write(t.Context(), "dirty a page", func(tx *tx) error {
		var root int64
		if _, err := tx.get(`SELECT rootpage FROM sqlite_schema WHERE name = 'contact_field'`, nil, row(&root)); err != nil {
			return err
		}
		var page []byte
		if _, err := tx.get(sqlGetPage, row(root), row(&page)); err != nil {
			return err
		}
		copy(page[100:], canary(1))
		_, err := tx.exec(sqlPutPage, page, root)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = s.write(t.Context(), "checkpoint", func(tx *tx) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if n := canariesIn(t, s, map[string]bool{canary(1): true}); n == 0 {
		t.Fatal("the test looks for a text that is not there")
	}
	if _, err := s.Trim(t.Context(), testTime); err != nil {
		t.Fatal(err)
	}
	if n := canariesIn(t, s, map[string]bool{canary(1): true}); n != 0 {
		t.Errorf("trimming must clean the whole file, found %d", n)
	}
}

func TestClearGap(t *testing.T) {
	t.Parallel()
	page := func(kind byte, cells, top int) []byte {
		p := make([]byte, 4096)
		for i := range p {
			p[i] = 'x'
		}
		p[0], p[3], p[4], p[5], p[6] = kind, byte(cells>>8), byte(cells), byte(top>>8), byte(top)
		return p
	}
	tests := map[string]struct {
		page     []byte
		from, to int
	}{
		"a leaf":                 {page(13, 10, 2000), 28, 2000},
		"an interior page":       {page(5, 10, 2000), 32, 2000},
		"an overflow page":       {page(0, 10, 2000), 0, 0},
		"a header out of bounds": {page(13, 10, 5000), 0, 0},
		"a header that overlaps": {page(13, 3000, 2000), 0, 0},
		"a full page":            {page(13, 10, 28), 0, 0},
		"a page cut short":       {page(13, 10, 28)[:8], 0, 0},
	}
	for name, tt := range tests {
		if got, want := clearGap(tt.page, false), tt.to > tt.from; got != want {
			t.Errorf("%s: changed %v, want %v", name, got, want)
		}
		for i, b := range tt.page[min(len(tt.page), 8):] {
			if inGap := i+8 >= tt.from && i+8 < tt.to; inGap != (b == 0) {
				t.Fatalf("%s: byte %d is %d, the gap is %d to %d", name, i+8, b, tt.from, tt.to)
			}
		}
	}
}
