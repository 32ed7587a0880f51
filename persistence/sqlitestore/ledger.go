package sqlitestore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"zgoda/persistence"
)

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
	p := persistence.Proof{Site: a.r.Site, Visitor: a.r.Visitor, Format: persistence.ChainSQLite}
	e := &persistence.ProofEntry{Seq: a.lastSeq + 1, VSeq: a.r.VSeq, LedgerEntry: *l, RecordedAt: a.now}
	before := a.lastHash
	if before == nil {
		before = []byte{}
	}
	sum := p.Link(before, e)
	_, err := a.exec(sqlAddEntry, p.Site, p.Visitor, e.Seq, e.VSeq, e.ID, e.Purpose, e.Kind, text(e.Request), text(e.Grant),
		text(e.Notice), text(e.Locale), e.Actor, e.Method, unixNano(e.OccurredAt), unixNano(e.RecordedAt),
		moment(e.ValidUntil), before, sum)
	if err != nil {
		return fmt.Errorf("append to ledger: %w", err)
	}
	a.lastSeq, a.lastHash = e.Seq, sum
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
