package sqlitestore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"zgoda/persistence"
)

// An entry is one row of the ledger as it is hashed and stored.
type entry struct {
	site, visitor string
	seq, vseq     uint64
	persistence.LedgerEntry
	recordedAt time.Time
	prev       []byte
}

// hash chains the row to the one before. Every field has its length in front,
// so no two rows give the same bytes.
func (e *entry) hash() []byte {
	h := sha256.New()
	field := func(b []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	number := func(n uint64) { field(binary.BigEndian.AppendUint64(nil, n)) }
	field([]byte("zgoda ledger 1"))
	field(e.prev)
	number(e.seq)
	number(e.vseq)
	for _, s := range []string{
		e.site, e.visitor, e.ID, e.Purpose, e.Kind, e.Request, e.Grant, e.Notice, e.Locale, e.Actor, e.Method,
	} {
		field([]byte(s))
	}
	for _, t := range []time.Time{e.OccurredAt, e.recordedAt, e.ValidUntil} {
		number(uint64(unixNano(t)))
	}
	return h.Sum(nil)
}

const (
	sqlAddNotice = `INSERT INTO notice (site, hash, locale, canonical) VALUES (?, ?, ?, ?) ON CONFLICT (site, hash) DO NOTHING`
	sqlAddEntry  = `INSERT INTO consent_event (site, visitor, seq, vseq, id, purpose, kind, request, grant_id, notice, locale,
		actor, method, occurred_at, recorded_at, valid_until, prev_hash, row_hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// writeEntry appends to the ledger. What the entry does to grants and contacts
// is done by the ledger's own triggers.
func (a *application) writeEntry(l *persistence.LedgerEntry) error {
	if n := l.NoticeText; n != nil {
		sum := sha256.Sum256([]byte(n.Canonical))
		if hex.EncodeToString(sum[:]) != n.Hash {
			return poison("the notice's hash is not the hash of its text")
		}
		if _, err := a.exec(sqlAddNotice, a.r.Site, n.Hash, n.Locale, n.Canonical); err != nil {
			return fmt.Errorf("keep notice: %w", err)
		}
	}
	if endsLead(a.r) {
		if err := a.noteErasure(); err != nil {
			return err
		}
	}
	e := &entry{
		site: a.r.Site, visitor: a.r.Visitor, seq: a.lastSeq + 1, vseq: a.r.VSeq,
		LedgerEntry: *l, recordedAt: a.now, prev: a.lastHash,
	}
	if e.prev == nil {
		e.prev = []byte{}
	}
	sum := e.hash()
	_, err := a.exec(sqlAddEntry, e.site, e.visitor, e.seq, e.vseq, e.ID, e.Purpose, e.Kind, text(e.Request), text(e.Grant),
		text(e.Notice), text(e.Locale), e.Actor, e.Method, unixNano(e.OccurredAt), unixNano(e.recordedAt),
		moment(e.ValidUntil), e.prev, sum)
	if err != nil {
		return fmt.Errorf("append to ledger: %w", err)
	}
	a.lastSeq, a.lastHash = e.seq, sum
	return nil
}

const (
	sqlHasContact   = `SELECT EXISTS (SELECT 1 FROM contact WHERE site = ? AND visitor = ?)`
	sqlAddTombstone = `INSERT INTO tombstone (site, visitor, erased_at, actor, method, ledger_head) VALUES (?, ?, ?, ?, ?, ?)`
	sqlSetErased    = `UPDATE visitor SET erased_at = ? WHERE site = ? AND visitor = ?`
)

// noteErasure makes the transaction one after which the files are cleaned,
// where there is a contact that is about to go.
func (a *application) noteErasure() error {
	var has bool
	if _, err := a.get(sqlHasContact, row(a.r.Site, a.r.Visitor), row(&has)); err != nil {
		return fmt.Errorf("look for contact: %w", err)
	}
	a.erase = a.erase || has
	return nil
}

// writeErasure leaves a pseudonymous proof. A visitor who was erased before is
// left as is, so that replaying an erasure is harmless.
func (a *application) writeErasure(e *persistence.Erasure) error {
	if a.erased {
		return nil
	}
	r := a.r
	err := a.writeEntry(&persistence.LedgerEntry{
		ID: e.ID, Purpose: persistence.PurposeLead, Kind: persistence.KindErased,
		Actor: e.Actor, Method: e.Method, OccurredAt: r.At,
	})
	if err != nil {
		return err
	}
	if _, err := a.exec(sqlSetErased, unixNano(r.At), r.Site, r.Visitor); err != nil {
		return fmt.Errorf("mark visitor erased: %w", err)
	}
	_, err = a.exec(sqlAddTombstone, r.Site, r.Visitor, unixNano(r.At), e.Actor, e.Method, a.lastHash)
	if err != nil {
		return fmt.Errorf("leave tombstone: %w", err)
	}
	return nil
}

// text makes an empty string NULL, so that a key that holds it is not checked
// against an empty name.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

const sqlGetChain = `SELECT seq, vseq, id, purpose, kind, coalesce(request, ''), coalesce(grant_id, ''), coalesce(notice, ''),
	coalesce(locale, ''), actor, method, occurred_at, recorded_at, coalesce(valid_until, 0), prev_hash, row_hash
	FROM consent_event WHERE site = ? AND visitor = ? ORDER BY seq`

// VerifyChain recomputes the hash chain of a visitor's ledger and returns an
// error that names the first entry that does not follow from the one before.
// It returns persistence.ErrNotFound where the visitor is not known.
func (s *Store) VerifyChain(ctx context.Context, site, visitor string) error {
	err := s.read(ctx, func(c *conn) error {
		var head []byte
		var applied, last uint64
		var erased bool
		known, err := c.get(ctx, sqlGetVisitor, row(site, visitor), row(&applied, &last, &head, &erased))
		if err != nil {
			return err
		}
		if !known {
			return persistence.ErrNotFound
		}
		seq, sum := uint64(0), []byte{}
		err = c.each(ctx, sqlGetChain, row(site, visitor), func(rows *sql.Rows) error {
			e, stored, err := scanEntry(rows)
			if err != nil {
				return err
			}
			e.site, e.visitor = site, visitor
			if e.seq != seq+1 || !bytes.Equal(e.prev, sum) || !bytes.Equal(e.hash(), stored) {
				return fmt.Errorf("entry %d (%s) was changed or does not follow entry %d", e.seq, e.ID, seq)
			}
			seq, sum = e.seq, stored
			return nil
		})
		if err != nil {
			return err
		}
		if seq != last || !bytes.Equal(sum, head) {
			return errors.New("the ledger does not end where the visitor's record says")
		}
		return nil
	})
	return storeError("verify ledger", err)
}

func scanEntry(rows *sql.Rows) (*entry, []byte, error) {
	var e entry
	var stored []byte
	var occurred, recorded, until int64
	err := rows.Scan(&e.seq, &e.vseq, &e.ID, &e.Purpose, &e.Kind, &e.Request, &e.Grant, &e.Notice, &e.Locale,
		&e.Actor, &e.Method, &occurred, &recorded, &until, &e.prev, &stored)
	if err != nil {
		return nil, nil, err
	}
	e.OccurredAt, e.recordedAt, e.ValidUntil = fromNano(occurred), fromNano(recorded), fromNano(until)
	return &e, stored, nil
}
