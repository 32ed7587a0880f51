package sqlitestore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"

	sqlite3 "modernc.org/sqlite/lib"
)

const (
	// checkpointBytes is the size of the write-ahead log from which on it is
	// copied into the file.
	checkpointBytes = 4 << 20
	// clearBusyMillis is how long the emptying of the log waits for readers. The
	// writer stands still meanwhile, so it is short; it is tried again later.
	clearBusyMillis = 200

	// maxScrubPages is the size from which on the first byte of a page number
	// could be taken for the kind of a b-tree page: 128 GiB of our pages.
	maxScrubPages = 2 << 24

	// scrubChunk is how many pages one transaction of scrubFile looks at.
	scrubChunk = 500

	walHeaderBytes   = 32
	frameHeaderBytes = 24
)

// checkpoint copies the log into the file when it has grown, and empties it
// after an erasure. What fails is tried again and stands in the log meanwhile:
// no caller can do anything about it. Emptying waits for readers, so it is
// done right after an erasure and then once per retry, not with every batch.
func (w *writer) checkpoint(empty bool) {
	ctx := context.Background()
	if w.mustClear && empty {
		if err := w.clearLog(ctx); err != nil {
			w.retryClear = true
			w.log.Warn("erased data are still in the write-ahead log, trying again", "path", w.path, "error", err)
			return
		}
		w.mustClear = false
		return
	}
	info, err := os.Stat(w.path + "-wal")
	if err != nil || info.Size() < checkpointBytes {
		return
	}
	if err := w.copyLog(ctx, "PASSIVE"); err != nil {
		w.log.Warn("checkpoint", "path", w.path, "error", err)
	}
}

// errBusyLog means that a reader kept the log from being emptied.
var errBusyLog = errors.New("a reader is using the write-ahead log")

// recoverLog finishes what a process that was killed left in the log, its
// erasures above all.
func (w *writer) recoverLog(ctx context.Context) error {
	if err := w.tryClearLog(ctx); err != nil {
		return fmt.Errorf("recover write-ahead log: %w", err)
	}
	return nil
}

// tryClearLog empties the log where that is possible now. A reader in the way or
// a disk without space keep nobody from opening or closing the store: everything
// is safe in the log, and the writer tries again.
func (w *writer) tryClearLog(ctx context.Context) error {
	err := w.clearLog(ctx)
	if err == nil {
		return nil
	}
	code := primaryCode(err)
	if !errors.Is(err, errBusyLog) && code != sqlite3.SQLITE_FULL && code != sqlite3.SQLITE_BUSY {
		return err
	}
	w.mustClear = true
	w.log.Warn("the write-ahead log cannot be emptied now", "path", w.path, "error", err)
	return nil
}

func (w *writer) clearLog(ctx context.Context) error {
	if _, err := w.c.c.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", clearBusyMillis)); err != nil {
		return err
	}
	err := w.copyLog(ctx, "TRUNCATE")
	_, back := w.c.c.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", busyMillis))
	return errors.Join(err, back)
}

// copyLog scrubs the pages that are in the log and copies them into the file.
func (w *writer) copyLog(ctx context.Context, mode string) error {
	if err := w.scrub(ctx); err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	var busy, inLog, copied int
	if _, err := w.c.get(ctx, "PRAGMA wal_checkpoint("+mode+")", nil, row(&busy, &inLog, &copied)); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if busy != 0 && mode == "TRUNCATE" {
		return errBusyLog
	}
	return nil
}

const (
	sqlPageCount = `PRAGMA page_count`
	sqlGetPage   = `SELECT data FROM sqlite_dbpage WHERE pgno = ?`
	sqlPutPage   = `UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?`
)

// scrub overwrites the unused part of every page that changed since the log
// was last copied. secure_delete overwrites what is deleted, but not what is
// moved: when SQLite spreads rows over pages anew, the old place of a row stays
// readable in the space between a page's row pointers and its rows, and a later
// DELETE of the row does not know of it. Every page goes through the log on its
// way into the file, so cleaning the pages there keeps the whole file clean.
func (w *writer) scrub(ctx context.Context) error {
	pages, err := pagesInLog(w.path + "-wal")
	if err != nil || len(pages) == 0 {
		return err
	}
	if _, err := w.c.exec(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	err = w.scrubPages(ctx, pages)
	if err == nil {
		_, err = w.c.exec(ctx, "COMMIT")
	}
	if err != nil {
		w.rollback()
	}
	return err
}

func (w *writer) scrubPages(ctx context.Context, pages []uint32) error {
	var count uint32
	if _, err := w.c.get(ctx, sqlPageCount, nil, row(&count)); err != nil {
		return err
	}
	if count >= maxScrubPages {
		w.log.Warn("the file is too large to be scrubbed, what was erased may stay readable in it", "path", w.path, "pages", count)
		return nil
	}
	for _, number := range pages {
		if number > count {
			continue
		}
		if _, err := scrubPage(ctx, w.c, number); err != nil {
			return err
		}
	}
	return nil
}

// scrubPage overwrites the unused part of one page and reports whether there was
// anything to overwrite.
func scrubPage(ctx context.Context, c *conn, number uint32) (bool, error) {
	var page []byte
	found, err := c.get(ctx, sqlGetPage, row(int64(number)), row(&page))
	if err != nil || !found || !clearGap(page, number == 1) {
		return false, err
	}
	_, err = c.exec(ctx, sqlPutPage, page, int64(number))
	return err == nil, err
}

// scrubFile overwrites the unused parts of all pages. What goes into the file
// through our own checkpoints is clean; this finds what got there otherwise:
// SQLite copies the log by itself where the last connection closes and ours
// could not, on a full disk, and so does a database shell.
func (s *Store) scrubFile(ctx context.Context) error {
	for from := uint32(1); ; from += scrubChunk {
		done := false
		err := s.write(ctx, "scrub", func(t *tx) error {
			ctx := context.Background()
			var count uint32
			if _, err := t.get(sqlPageCount, nil, row(&count)); err != nil {
				return err
			}
			done = from+scrubChunk > count || count >= maxScrubPages
			for n := from; n < from+scrubChunk && n <= count && count < maxScrubPages; n++ {
				changed, err := scrubPage(ctx, t.c, n)
				if err != nil {
					return err
				}
				t.erase = t.erase || changed
			}
			return nil
		})
		if err != nil || done {
			return err
		}
	}
}

// clearGap zeroes the space of a b-tree page that belongs to no row and reports
// whether anything was there. A page of another kind (overflow, free list) it
// leaves alone; secure_delete zeroes those as a whole when they are given up.
// They begin with a page number, whose first byte is zero in every file smaller
// than maxScrubPages, so they cannot be taken for a b-tree page.
func clearGap(page []byte, first bool) bool {
	header := 0
	if first {
		header = 100 // the file's own header precedes the page's
	}
	if len(page) < header+12 {
		return false
	}
	pointers := header
	switch page[header] {
	case 2, 5: // interior pages of an index and of a table
		pointers += 12
	case 10, 13: // leaf pages of an index and of a table
		pointers += 8
	default:
		return false
	}
	from := pointers + 2*int(binary.BigEndian.Uint16(page[header+3:]))
	to := int(binary.BigEndian.Uint16(page[header+5:]))
	if to == 0 {
		to = 1 << 16
	}
	if from > to || to > len(page) {
		return false
	}
	gap := page[from:to]
	if len(bytes.Trim(gap, "\x00")) == 0 {
		return false
	}
	clear(gap)
	return true
}

// pagesInLog returns the numbers of the pages that the write-ahead log holds,
// in order. Frames of an earlier round of the log are left out by their salt.
func pagesInLog(path string) ([]uint32, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	head := make([]byte, walHeaderBytes)
	if _, err := io.ReadFull(f, head); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, nil
		}
		return nil, err
	}
	pageBytes := int64(binary.BigEndian.Uint32(head[8:]))
	seen := map[uint32]struct{}{}
	frame := make([]byte, frameHeaderBytes)
	for at := int64(walHeaderBytes); ; at += frameHeaderBytes + pageBytes {
		_, err := f.ReadAt(frame, at)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(frame[8:16], head[16:24]) {
			break
		}
		seen[binary.BigEndian.Uint32(frame)] = struct{}{}
	}
	return slices.Sorted(maps.Keys(seen)), nil
}
