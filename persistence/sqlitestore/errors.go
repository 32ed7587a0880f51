package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"zgoda/persistence"
)

var (
	errClosed   = fmt.Errorf("the store is closed: %w", persistence.ErrUnavailable)
	errReadOnly = errors.New("the store was opened read-only")
)

// primaryCode is the SQLite result code of err without its extension, 0 where
// err is not SQLite's.
func primaryCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// storeError names what was being done and adds the error callers branch on.
func storeError(doing string, err error) error {
	if err == nil || errors.Is(err, persistence.ErrUnavailable) || errors.Is(err, persistence.ErrUnknown) {
		return err
	}
	switch primaryCode(err) {
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%s: %w: %w", doing, persistence.ErrFull, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_INTERRUPT,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL:
		return fmt.Errorf("%s: %w: %w", doing, persistence.ErrUnavailable, err)
	}
	for _, gone := range []error{context.Canceled, context.DeadlineExceeded, sql.ErrConnDone, driver.ErrBadConn} {
		if errors.Is(err, gone) {
			return fmt.Errorf("%s: %w: %w", doing, persistence.ErrUnavailable, err)
		}
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// refused reports whether a rule of the schema refused a row: a constraint or a
// trigger, and not the disk.
func refused(err error) bool { return primaryCode(err) == sqlite3.SQLITE_CONSTRAINT }
