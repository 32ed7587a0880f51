package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"zgoda/persistence"
)

const (
	// maxBatch bounds how long the first change of a batch waits for the last.
	maxBatch = 256
	// scrubRetry is how long the writer waits before it tries again to empty the
	// write-ahead log after an erasure, when a reader stood in the way.
	scrubRetry = time.Second
)

// A job is one change on its way through the writer.
type job struct {
	ctx context.Context
	run func(*tx) error
	// executed is closed when run will not be called any more, and with it
	// everything run refers to is free. ran, set before, says whether it was.
	executed chan struct{}
	ran      bool
	// done receives the outcome once it is on the disk.
	done chan error

	// Owned by the writer.
	err   error
	erase bool
}

// A tx is what a job may use while it runs. It never waits for a caller's
// context: a change that has begun ends.
type tx struct {
	c *conn
	// erase is set by a job that deleted somebody's data: it is answered when
	// no file holds them any more.
	erase bool
}

func (t *tx) exec(query string, args ...any) (int64, error) {
	return t.c.exec(context.Background(), query, args...)
}

func (t *tx) insert(query string, args ...any) (int64, error) {
	return t.c.insert(context.Background(), query, args...)
}

func (t *tx) get(query string, args, dest []any) (bool, error) {
	return t.c.get(context.Background(), query, args, dest)
}

// attempt runs f under a savepoint: what f changed is undone when it fails.
func (t *tx) attempt(f func() error) error {
	if _, err := t.exec("SAVEPOINT attempt"); err != nil {
		return err
	}
	err := f()
	if err != nil {
		if _, undo := t.exec("ROLLBACK TO attempt"); undo != nil {
			return errors.Join(err, undo)
		}
	}
	_, end := t.exec("RELEASE attempt")
	return errors.Join(err, end)
}

// A writer owns the one connection that changes the file. It takes all jobs
// that wait, runs each under a savepoint in one transaction, and answers them
// when that is on the disk: many changes share one wait for the disk.
type writer struct {
	path string
	log  *slog.Logger
	jobs chan *job

	stopping chan struct{}
	running  sync.WaitGroup

	// Owned by loop.
	c          *conn
	batch      []*job
	mustClear  bool // an erasure is committed and still in the write-ahead log
	retryClear bool // emptying the log was tried and did not work
}

func newWriter(c *conn, path string, log *slog.Logger) *writer {
	return &writer{path: path, log: log, c: c, jobs: make(chan *job), stopping: make(chan struct{})}
}

func (w *writer) start() { w.running.Go(w.loop) }

// stop waits for the jobs that were taken and empties the write-ahead log.
func (w *writer) stop() error {
	close(w.stopping)
	w.running.Wait()
	ctx := context.Background()
	return errors.Join(w.tryClearLog(ctx), w.c.close())
}

// write hands f to the writer and waits until its outcome is known. It returns
// ErrUnavailable where f did not run, and ErrUnknown where it ran and whether
// it is on the disk is not known.
func (s *Store) write(ctx context.Context, doing string, f func(*tx) error) error {
	if s.readOnly {
		return fmt.Errorf("%s: %w", doing, errReadOnly)
	}
	if err := ctx.Err(); err != nil {
		return storeError(doing, err)
	}
	j := &job{ctx: ctx, run: f, executed: make(chan struct{}), done: make(chan error, 1)}
	// The channel has no buffer: a job that was not taken was not begun.
	select {
	case <-s.closed:
		return fmt.Errorf("%s: %w", doing, errClosed)
	case <-s.writer.stopping:
		return fmt.Errorf("%s: %w", doing, errClosed)
	case <-ctx.Done():
		return storeError(doing, ctx.Err())
	case s.writer.jobs <- j:
	}
	select {
	case err := <-j.done:
		return storeError(doing, err)
	case <-ctx.Done():
	}
	// What f refers to is the caller's again when this returns, so wait for f;
	// not for the disk.
	<-j.executed
	select {
	case err := <-j.done:
		return storeError(doing, err)
	default:
	}
	if !j.ran {
		return storeError(doing, ctx.Err())
	}
	return fmt.Errorf("%s: %w: %w", doing, persistence.ErrUnknown, ctx.Err())
}

func (w *writer) loop() {
	retry := time.NewTimer(scrubRetry)
	if !w.mustClear {
		retry.Stop()
	}
	defer retry.Stop()
	for {
		select {
		case <-w.stopping:
			return
		case j := <-w.jobs:
			w.collect(j)
			w.runBatch()
		case <-retry.C:
			w.checkpoint(true)
		}
		if w.retryClear {
			w.retryClear = false
			retry.Reset(scrubRetry)
		}
	}
}

// collect fills the batch with the jobs that wait. Those whose answer was just
// given are on their way back with the next, so it lets them come first.
func (w *writer) collect(first *job) {
	w.batch = append(w.batch[:0], first)
	for yielded := false; len(w.batch) < maxBatch; {
		select {
		case j := <-w.jobs:
			w.batch = append(w.batch, j)
			continue
		default:
		}
		if yielded {
			return
		}
		runtime.Gosched()
		yielded = true
	}
}

func (w *writer) runBatch() {
	w.perform()
	erased := false
	for _, j := range w.batch {
		erased = erased || j.erase
		if !j.erase {
			j.done <- j.err
		}
	}
	w.checkpoint(erased)
	for _, j := range w.batch {
		if j.erase {
			j.done <- j.err
		}
	}
	clear(w.batch)
}

// perform runs the batch in one transaction and leaves every job its outcome.
func (w *writer) perform() {
	ctx := context.Background()
	if _, err := w.c.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		for _, j := range w.batch {
			j.err = err
			close(j.executed)
		}
		return
	}
	for i, j := range w.batch {
		if j.err = j.ctx.Err(); j.err == nil {
			j.ran = true
			j.err = w.runJob(j)
		}
		close(j.executed)
		if j.err != nil && environmental(j.err) {
			w.abandon(i, j.err)
			return
		}
	}
	if _, err := w.c.exec(ctx, "COMMIT"); err != nil {
		w.commitFailed(err)
	}
	for _, j := range w.batch {
		w.mustClear = w.mustClear || j.erase
	}
}

// runJob runs one job under its savepoint, so that one that fails undoes
// nothing of the others.
func (w *writer) runJob(j *job) error {
	ctx := context.Background()
	if _, err := w.c.exec(ctx, "SAVEPOINT job"); err != nil {
		return err
	}
	t := &tx{c: w.c}
	err := j.run(t)
	if err == nil {
		j.erase = t.erase
		_, err = w.c.exec(ctx, "RELEASE job")
		return err
	}
	if environmental(err) {
		return err
	}
	if _, undo := w.c.exec(ctx, "ROLLBACK TO job"); undo != nil {
		return errors.Join(err, undo)
	}
	_, end := w.c.exec(ctx, "RELEASE job")
	return errors.Join(err, end)
}

// environmental reports whether err is the disk's or the machine's and not the
// job's: then the transaction may be gone, and with it the jobs before.
func environmental(err error) bool {
	switch primaryCode(err) {
	case 0, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_TOOBIG:
		return false
	}
	return true
}

// abandon gives the whole batch up after the job at index i met a broken or
// full disk. Nothing was committed, so everybody may try again.
func (w *writer) abandon(i int, cause error) {
	w.rollback()
	shared := persistence.ErrUnavailable
	if primaryCode(cause) == sqlite3.SQLITE_FULL {
		shared = persistence.ErrFull
	}
	for k, j := range w.batch {
		j.erase = false
		if k > i {
			close(j.executed)
		}
		if k != i {
			j.err = fmt.Errorf("a change in the same transaction met: %w: %w", shared, cause)
		}
	}
}

// commitFailed answers a batch whose COMMIT returned an error. A full disk is a
// known outcome: SQLite writes the page that makes a transaction count last, so
// where a page did not fit, that one was not written. Anything else, such as a
// sync that failed, may or may not be on the disk.
func (w *writer) commitFailed(cause error) {
	w.rollback()
	outcome := persistence.ErrUnknown
	if primaryCode(cause) == sqlite3.SQLITE_FULL {
		outcome = persistence.ErrFull
	}
	for _, j := range w.batch {
		j.erase = false
		j.err = fmt.Errorf("commit: %w: %w", outcome, cause)
	}
}

// rollback ends a transaction that failed. SQLite may have ended it already,
// which is the error that is dropped here.
func (w *writer) rollback() {
	_, _ = w.c.exec(context.Background(), "ROLLBACK")
}
