package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"zgoda/persistence"
)

const sqlSetSite = `SELECT set_config('zgoda.site', $1, true)`

// A tx is one transaction on behalf of one site: row security shows it that
// site's rows and no others, and with no site none. It is used by one goroutine.
type tx struct {
	ctx  context.Context
	conn *pgxpool.Conn
	site string
	// open is false before begin and after the transaction has ended.
	open bool
}

// acquire hands f a connection on which a transaction of the site can begin.
// What f leaves open is rolled back.
func (s *Store) acquire(ctx context.Context, doing, site string, f func(*tx) error) error {
	if site == "" {
		return storeError(doing, errors.New("no site"))
	}
	return s.connect(ctx, doing, site, f)
}

// connect does the same where there need not be a site.
func (s *Store) connect(ctx context.Context, doing, site string, f func(*tx) error) error {
	if s.closed.Load() {
		return errClosed
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		if s.closed.Load() {
			return errClosed
		}
		return storeError(doing, connectError(err))
	}
	defer conn.Release()
	if err := s.verify(ctx, conn.Conn()); err != nil {
		return storeError(doing, err)
	}
	t := &tx{ctx: ctx, conn: conn, site: site}
	defer t.rollback()
	err = f(t)
	if err != nil && sqlState(err) == "" && conn.Conn().IsClosed() {
		err = fmt.Errorf("the connection was lost: %w: %w", persistence.ErrUnavailable, err)
	}
	return storeError(doing, err)
}

// begin puts the start of a transaction in front of a batch.
func (t *tx) begin(b *pgx.Batch, mode string) {
	b.Queue("BEGIN " + mode)
	if t.site != "" {
		b.Queue(sqlSetSite, t.site)
	}
	t.open = true
}

// send sends a batch and runs the functions that were given to its statements.
func (t *tx) send(b *pgx.Batch) error { return t.conn.SendBatch(t.ctx, b).Close() }

// end tells the transaction that a batch ended it.
func (t *tx) end() { t.open = false }

// rollback takes back what is open. Where that does not work, the pool throws
// the connection away, and the server takes it back.
func (t *tx) rollback() {
	if !t.open {
		return
	}
	t.open = false
	if !t.conn.Conn().IsClosed() {
		_, _ = t.conn.Exec(t.ctx, "ROLLBACK")
	}
}

// Modes of a transaction. What is read together is read from one snapshot. A
// database that was made read-only says so at the first write.
const (
	readWrite = "ISOLATION LEVEL READ COMMITTED"
	snapshot  = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
	// audited reads a snapshot too, and keeps who looked.
	audited = "ISOLATION LEVEL REPEATABLE READ"
)

// read runs the statements of a batch in one snapshot of the site.
func (s *Store) read(ctx context.Context, doing, site string, queue func(*pgx.Batch)) error {
	return s.run(ctx, doing, site, snapshot, queue)
}

func (s *Store) run(ctx context.Context, doing, site, mode string, queue func(*pgx.Batch)) error {
	return s.acquire(ctx, doing, site, func(t *tx) error {
		var b pgx.Batch
		t.begin(&b, mode)
		queue(&b)
		b.Queue("COMMIT")
		err := t.send(&b)
		if err == nil {
			t.end()
		}
		return err
	})
}

// write runs the statements of a batch in one transaction of the site.
func (s *Store) write(ctx context.Context, doing, site string, queue func(*pgx.Batch)) error {
	return s.run(ctx, doing, site, readWrite, queue)
}
