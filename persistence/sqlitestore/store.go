package sqlitestore

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"zgoda/persistence"
)

const (
	// readers is how many connections read at the same time. SQLite reads from
	// memory most of the time, so more of them than processors gain nothing.
	readers = 4
	// busyMillis is how long a statement waits for another process, such as a
	// person with a database shell, before it gives up as unavailable.
	busyMillis = 5000
)

// Options are how a store is opened.
type Options struct {
	// ReadOnly opens it for commands that read beside a live gateway. It takes
	// no lock, and every method that writes returns an error; but what shows
	// personal data, and Note, leave their entries in the audit.
	ReadOnly bool
	// CheckValue names the keys that are used with the store. It is kept at the
	// first opening for writing and compared at every later one; a different
	// value is persistence.ErrWrongKey. Empty compares nothing.
	CheckValue []byte
	// Sites are the sites whose timers are looked for; a site that is not served
	// must not stand in the way of the others.
	Sites []string
	// Log receives what no caller waits for, such as a checkpoint that could not
	// finish. Nil discards it.
	Log *slog.Logger
}

// A Store is one SQLite file that keeps both halves of the persistence
// contracts. All methods may be called concurrently. The opener must call
// Close.
type Store struct {
	path     string
	sites    string // JSON list
	log      *slog.Logger
	readOnly bool
	lock     *fileLock // nil when read-only

	readDB  *sql.DB
	reading chan *conn // the connections nobody reads with now; nil stands for one to open

	writeDB *sql.DB
	writer  *writer // nil when read-only

	ears ears
	desk desk

	closeOnce sync.Once
	closeErr  error
	closed    chan struct{}
}

var (
	_ persistence.Conversations = (*Store)(nil)
	_ persistence.Outbox        = (*Store)(nil)
	_ persistence.OutboxMeter   = (*Store)(nil)
)

// Open opens the file at path, which is created with its folder where it does
// not exist. Errors to branch on are persistence.ErrInUse, ErrSchema and
// ErrWrongKey; each says what can be done.
func Open(ctx context.Context, path string, opts Options) (*Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{
		path: abs, sites: jsonList(opts.Sites), log: opts.Log, readOnly: opts.ReadOnly,
		reading: make(chan *conn, readers), closed: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.open(ctx, opts); err != nil {
		return nil, errors.Join(storeError("open store", err), s.Close())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, opts Options) error {
	if s.readOnly {
		if _, err := os.Stat(s.path); err != nil {
			return err
		}
	} else if err := s.openForWriting(ctx); err != nil {
		return err
	}
	// A reader opens the file read-only: it could not change a row if it tried.
	db, err := sql.Open("sqlite", dsn(s.path, "ro", nil))
	if err != nil {
		return err
	}
	s.readDB = db
	for range readers {
		s.reading <- nil
	}
	if err := s.verifySchema(ctx); err != nil {
		return err
	}
	return s.verifyCheck(ctx, opts.CheckValue)
}

// openForWriting locks, creates and migrates the file and starts the writer.
func (s *Store) openForWriting(ctx context.Context) error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return err
	}
	lock, err := takeLock(s.path)
	if err != nil {
		return err
	}
	s.lock = lock
	if err := makePrivate(s.path); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", dsn(s.path, "rw", filePragmas))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	s.writeDB = db
	c, err := newConn(ctx, db)
	if err != nil {
		return err
	}
	w := newWriter(c, s.path, s.log)
	err = migrate(ctx, c, s.path)
	if err == nil {
		err = w.recoverLog(ctx)
	}
	if err != nil {
		return errors.Join(err, c.close())
	}
	s.writer = w
	w.start()
	return nil
}

// filePragmas are how the file is written. secure_delete overwrites what is
// deleted; temp_store keeps what SQLite would write to temporary files, rows
// included, in memory; checkpoints are our own, see scrub.go.
var filePragmas = []string{
	"journal_mode(WAL)", "synchronous(FULL)", "secure_delete(ON)", "foreign_keys(ON)",
	"temp_store(MEMORY)", "wal_autocheckpoint(0)",
}

// makePrivate creates the file readable by its owner alone. SQLite gives the
// files beside it the same mode.
func makePrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

func dsn(path, mode string, pragmas []string) string {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}}
	q.Add("_pragma", fmt.Sprintf("busy_timeout(%d)", busyMillis))
	for _, p := range pragmas {
		q.Add("_pragma", p)
	}
	return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// verifySchema refuses what this program does not know. A writer has migrated
// by now; a reader may meet an older file, which only a writer may change.
func (s *Store) verifySchema(ctx context.Context) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	return s.read(ctx, func(c *conn) error {
		have, err := schemaVersion(ctx, c)
		if err != nil {
			return err
		}
		if have < len(all) {
			return fmt.Errorf("%s has schema version %d and this program reads version %d: start the gateway once, it updates the file: %w",
				s.path, have, len(all), persistence.ErrSchema)
		}
		return checkSchema(s.path, have, len(all))
	})
}

const (
	sqlGetCheck = `SELECT value FROM meta WHERE name = 'check'`
	sqlPutCheck = `INSERT INTO meta (name, value) VALUES ('check', ?)`
)

func (s *Store) verifyCheck(ctx context.Context, want []byte) error {
	if len(want) == 0 {
		return nil
	}
	var have []byte
	err := s.read(ctx, func(c *conn) error {
		_, err := c.get(ctx, sqlGetCheck, nil, row(&have))
		return err
	})
	switch {
	case err != nil:
		return err
	case bytes.Equal(have, want):
		return nil
	case have != nil:
		return fmt.Errorf("%s was written with other keys: put the keys file it was made with back into the data folder: %w",
			s.path, persistence.ErrWrongKey)
	case s.readOnly:
		return nil
	}
	return s.write(ctx, "keep check value", func(t *tx) error {
		_, err := t.exec(sqlPutCheck, want)
		return err
	})
}

// Close waits for the commits that were accepted, empties the write-ahead log
// and gives the file up. It may be called more than once; calls that come later
// are answered persistence.ErrUnavailable.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		close(s.closed)
		var errs []error
		if s.readDB != nil {
			for range readers {
				if c := <-s.reading; c != nil {
					errs = append(errs, c.close())
				}
			}
			errs = append(errs, s.readDB.Close())
		}
		if s.writer != nil {
			errs = append(errs, s.writer.stop())
		}
		if s.writeDB != nil {
			errs = append(errs, s.writeDB.Close())
		}
		if s.lock != nil {
			errs = append(errs, s.lock.release())
		}
		if err := errors.Join(errs...); err != nil {
			s.closeErr = fmt.Errorf("close store: %w", err)
		}
	})
	return s.closeErr
}

// read runs f in one read transaction: everything it reads is of one moment.
func (s *Store) read(ctx context.Context, f func(*conn) error) error {
	select {
	case <-s.closed:
		return errClosed
	default:
	}
	var c *conn
	select {
	case <-s.closed:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	case c = <-s.reading:
	}
	// The connection goes back whatever happens; one that could not end its
	// transaction is closed and its place opened anew by the next reader.
	defer func() { s.reading <- c }()
	if c == nil {
		fresh, err := newConn(ctx, s.readDB)
		if err != nil {
			return err
		}
		c = fresh
	}
	if _, err := c.exec(ctx, "BEGIN"); err != nil {
		return err
	}
	err := f(c)
	if _, end := c.exec(context.WithoutCancel(ctx), "ROLLBACK"); end != nil {
		err = errors.Join(err, end, c.close())
		c = nil
	}
	return err
}

// jsonList is a list of names as SQLite's json_each reads it.
func jsonList(names []string) string {
	b, err := json.Marshal(names)
	if err != nil || names == nil {
		return "[]"
	}
	return string(b)
}
