package sqlitestore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"modernc.org/sqlite"

	"zgoda/persistence"
)

// inOneBatch holds the writer until the jobs wait behind one another, then lets
// it take them all at once. It runs in a bubble, which is what tells that a job
// waits; between, if set, runs while they do.
func inOneBatch(t *testing.T, s *Store, between func(), jobs ...func()) {
	t.Helper()
	hold, held := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := s.write(context.Background(), "hold", func(*tx) error { close(held); <-hold; return nil })
		if err != nil {
			t.Errorf("hold: %v", err)
		}
	})
	<-held
	for _, j := range jobs {
		wg.Go(j)
		synctest.Wait()
	}
	if between != nil {
		between()
		synctest.Wait()
	}
	close(hold)
	wg.Wait()
}

// inBubble runs f with a store in a bubble.
func inBubble(t *testing.T, f func(t *testing.T, s *Store)) {
	t.Helper()
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
		f(t, s)
	})
}

func mustCommit(t *testing.T, s *Store, c *persistence.Commit) {
	t.Helper()
	if res, err := s.Commit(context.Background(), c); err != nil || res.Outcome != persistence.Committed {
		t.Errorf("commit: %v %v", res.Outcome, err)
	}
}

func hasLog(t *testing.T, s *Store, visitor string) bool {
	t.Helper()
	snap, _, err := s.Load(context.Background(), persistence.Key{Site: "shop", Conversation: "c-" + visitor}, persistence.Range{})
	if err != nil {
		t.Fatal(err)
	}
	return snap.Seq > 0
}

// TestRefusedJobUndoesNobodyElse puts a job that the schema refuses halfway
// between two commits of the same transaction.
func TestRefusedJobUndoesNobodyElse(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *Store) {
		inOneBatch(t, s, nil,
			func() { mustCommit(t, s, say("anna", 1, 0)) },
			func() {
				err := s.write(context.Background(), "break a rule", func(tx *tx) error {
					if _, err := tx.exec(`INSERT INTO meta (name, value) VALUES ('half', x'00')`); err != nil {
						return err
					}
					_, err := tx.exec(`INSERT INTO visitor (site, visitor, first_seen, last_seq) VALUES ('s', 'v', 1, 7)`)
					return err
				})
				if err == nil || errors.Is(err, persistence.ErrUnavailable) {
					t.Errorf("a rule that is broken is no reason to try again, got %v", err)
				}
			},
			func() { mustCommit(t, s, say("jan", 1, 0)) },
		)
		if !hasLog(t, s, "anna") || !hasLog(t, s, "jan") {
			t.Error("a job that is refused must not take its neighbours with it")
		}
		err := s.write(context.Background(), "look", func(tx *tx) error {
			var n int
			_, err := tx.get(`SELECT count(*) FROM meta WHERE name = 'half'`, nil, row(&n))
			if n != 0 {
				t.Error("a job that is refused must be undone whole")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestP2_FailedCommitIsUnknown makes COMMIT itself fail once.
func TestP2_FailedCommitIsUnknown(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	var fail atomic.Bool
	err := s.write(t.Context(), "hook", func(tx *tx) error {
		return tx.c.c.Raw(func(c any) error {
			c.(sqlite.HookRegisterer).RegisterCommitHook(func() int32 {
				if fail.Load() {
					return 1
				}
				return 0
			})
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	fail.Store(true)
	_, err = s.Commit(t.Context(), say("anna", 1, 0))
	if !errors.Is(err, persistence.ErrUnknown) || errors.Is(err, persistence.ErrUnavailable) {
		t.Errorf("a COMMIT that fails leaves the outcome unknown, got %v", err)
	}
	fail.Store(false)
	mustCommit(t, s, say("anna", 1, 0))
}

// TestP2_ContextEndsInTheQueue: a commit the writer did not begin is known not
// to have happened; one it ran, and whose disk is not heard of yet, is unknown.
func TestP2_ContextEndsInTheQueue(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(context.Background())
		inOneBatch(t, s, cancel, func() {
			if _, err := s.Commit(ctx, say("anna", 1, 0)); !errors.Is(err, persistence.ErrUnavailable) || errors.Is(err, persistence.ErrUnknown) {
				t.Errorf("a commit that was not begun is unavailable, got %v", err)
			}
		})
		if hasLog(t, s, "anna") {
			t.Error("a commit that was given up before it began must change nothing")
		}
	})
	inBubble(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(context.Background())
		inOneBatch(t, s, nil,
			func() {
				if err := s.write(context.Background(), "end it", func(*tx) error { cancel(); return nil }); err != nil {
					t.Error(err)
				}
			},
			func() {
				if _, err := s.Commit(ctx, say("anna", 1, 0)); !errors.Is(err, persistence.ErrUnavailable) {
					t.Errorf("a commit that was taken and not run is unavailable, got %v", err)
				}
			},
		)
		if hasLog(t, s, "anna") {
			t.Error("a commit whose context ended before its turn must change nothing")
		}
	})
	inBubble(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		disk, answered := make(chan struct{}), make(chan error, 1)
		inOneBatch(t, s, nil,
			func() {
				_, err := s.Commit(ctx, say("anna", 1, 0))
				answered <- err
			},
			func() { // stands for a slow disk: it keeps the transaction open
				err := s.write(context.Background(), "slow", func(*tx) error { cancel(); <-disk; return nil })
				if err != nil {
					t.Error(err)
				}
			},
			func() {
				if err := <-answered; !errors.Is(err, persistence.ErrUnknown) {
					t.Errorf("a commit that ran and was not heard of is unknown, at once, got %v", err)
				}
				close(disk)
			},
		)
		c := say("anna", 1, 0)
		if res, err := s.Commit(context.Background(), c); err != nil || res.Outcome != persistence.Duplicate {
			t.Errorf("repeating a commit of unknown outcome must find it, got %v %v", res.Outcome, err)
		}
	})
}

// TestNothingIsUsedAfterTheAnswer: what a change refers to is its caller's again
// when the call returns, so it must not return while the change runs.
func TestNothingIsUsedAfterTheAnswer(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *Store) {
		ctx, cancel := context.WithCancel(context.Background())
		var answered atomic.Bool
		err := s.write(ctx, "outlive the caller", func(*tx) error {
			cancel()
			synctest.Wait()
			if answered.Load() {
				t.Error("a call must not return while its change still runs")
			}
			return nil
		})
		answered.Store(true)
		if err != nil && !errors.Is(err, persistence.ErrUnknown) {
			t.Errorf("a change that ran is made or unknown, got %v", err)
		}
	})
}

// TestCloseWaitsAndRefuses closes a store in use, twice.
func TestCloseWaitsAndRefuses(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	var wg sync.WaitGroup
	made := make([]bool, 16)
	started := make(chan struct{}, len(made))
	for i := range made {
		wg.Go(func() {
			started <- struct{}{}
			_, err := s.Commit(context.Background(), say(string(rune('a'+i)), 1, 0))
			made[i] = err == nil
			if err != nil && !errors.Is(err, persistence.ErrUnavailable) {
				t.Errorf("a commit beside Close is made or unavailable, got %v", err)
			}
		})
	}
	<-started
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
	wg.Wait()
	calls := map[string]func() error{
		"commit":      func() error { _, err := s.Commit(t.Context(), say("z", 1, 0)); return err },
		"load":        func() error { _, _, err := s.Load(t.Context(), persistence.Key{}, persistence.Range{}); return err },
		"acknowledge": func() error { return s.Acknowledge(t.Context(), make([]persistence.OutboxRecord, 1)) },
		"marketing": func() error {
			_, err := s.Marketing(t.Context(), "s", asTest, persistence.PurposeMarketingSMS)
			return err
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("%s on a closed store must be unavailable, got %v", name, err)
		}
	}
	if _, err := os.Stat(s.path + "-wal"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a closed store is one file, got %v", err)
	}
	again := openAt(t, s.path)
	for i, ok := range made {
		if ok && !hasLog(t, again, string(rune('a'+i))) {
			t.Errorf("commit %d was answered and is not there", i)
		}
	}
}

func TestCheckValueNamesTheKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data", "zgoda.db")
	open := func(check string, readOnly bool) error {
		s, err := Open(t.Context(), path, Options{CheckValue: []byte(check), ReadOnly: readOnly})
		if err != nil {
			return err
		}
		return s.Close()
	}
	for i, step := range []struct {
		check    string
		readOnly bool
		want     error
	}{
		{"", false, nil},
		{"ours", true, nil},
		{"ours", false, nil},
		{"ours", false, nil},
		{"", false, nil},
		{"theirs", false, persistence.ErrWrongKey},
		{"theirs", true, persistence.ErrWrongKey},
		{"ours", true, nil},
	} {
		if err := open(step.check, step.readOnly); !errors.Is(err, step.want) {
			t.Errorf("step %d: opening with check value %q (read-only %v): got %v, want %v", i, step.check, step.readOnly, err, step.want)
		}
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data folder must be its owner's alone, got %v %v", info.Mode(), err)
	}
}

func TestFilesArePrivate(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	mustCommit(t, s, say("anna", 1, 0))
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(s.path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s must be its owner's alone, got %v %v", s.path+suffix, info, err)
		}
	}
}
