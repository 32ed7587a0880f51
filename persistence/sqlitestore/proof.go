package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	"zgoda/persistence"
)

const (
	sqlGetChain = `SELECT seq, vseq, id, purpose, kind, coalesce(request, ''), coalesce(grant_id, ''), coalesce(notice, ''),
		coalesce(locale, ''), actor, method, occurred_at, recorded_at, coalesce(valid_until, 0), row_hash
		FROM consent_event WHERE site = ? AND visitor = ? ORDER BY seq`
	// Each entry keeps the hash of the one before besides.
	sqlUnlinked = `SELECT e.id FROM consent_event e WHERE e.site = ?1 AND e.visitor = ?2 AND e.prev_hash <>
		coalesce((SELECT b.row_hash FROM consent_event b WHERE b.site = ?1 AND b.visitor = ?2 AND b.seq = e.seq - 1), x'') ORDER BY e.seq`
	sqlGetNotices = `SELECT n.hash, n.locale, n.canonical FROM notice n WHERE n.site = ?1 AND n.hash IN
		(SELECT e.notice FROM consent_event e WHERE e.site = ?1 AND e.visitor = ?2) ORDER BY n.hash`
)

// readProof reads a visitor's ledger with its texts, or ErrNotFound where the
// visitor is not known.
func readProof(ctx context.Context, c *conn, site, visitor string) (persistence.Proof, error) {
	p := persistence.Proof{Site: site, Visitor: visitor, AsOf: time.Now().UTC(), Format: persistence.ChainSQLite}
	var applied, last uint64
	var erased bool
	var head []byte
	known, err := c.get(ctx, sqlGetVisitor, row(site, visitor), row(&applied, &last, &head, &erased))
	if err != nil {
		return p, fmt.Errorf("read head of ledger: %w", err)
	}
	if !known {
		return p, persistence.ErrNotFound
	}
	p.Head = hex.EncodeToString(head)
	newest := time.Time{}
	err = c.each(ctx, sqlGetChain, row(site, visitor), func(rows *sql.Rows) error {
		e, err := scanEntry(rows)
		e.ClockAhead = e.OccurredAt.Sub(e.RecordedAt) > persistence.ClockTolerance
		e.ClockBack = newest.Sub(e.OccurredAt) > persistence.ClockTolerance
		newest = e.OccurredAt
		p.Entries = append(p.Entries, e)
		return err
	})
	if err != nil {
		return p, fmt.Errorf("read ledger: %w", err)
	}
	err = c.each(ctx, sqlGetNotices, row(site, visitor), func(rows *sql.Rows) error {
		var n persistence.Notice
		err := rows.Scan(&n.Hash, &n.Locale, &n.Canonical)
		p.Notices = append(p.Notices, n)
		return err
	})
	if err != nil {
		return p, fmt.Errorf("read notices: %w", err)
	}
	return p, nil
}

func scanEntry(rows *sql.Rows) (persistence.ProofEntry, error) {
	var e persistence.ProofEntry
	var hash []byte
	var occurred, recorded, until int64
	err := rows.Scan(&e.Seq, &e.VSeq, &e.ID, &e.Purpose, &e.Kind, &e.Request, &e.Grant, &e.Notice, &e.Locale,
		&e.Actor, &e.Method, &occurred, &recorded, &until, &hash)
	e.OccurredAt, e.RecordedAt, e.ValidUntil, e.Hash = fromNano(occurred), fromNano(recorded), fromNano(until), hex.EncodeToString(hash)
	return e, err
}

// Proof implements persistence.Privacy.
func (s *Store) Proof(ctx context.Context, site, visitor string, access persistence.Access) (persistence.Proof, error) {
	if err := access.Validate(); err != nil {
		return persistence.Proof{}, err
	}
	var out persistence.Proof
	err := s.read(ctx, func(c *conn) error {
		var err error
		out, err = readProof(ctx, c, site, visitor)
		if err == nil && len(out.Entries) == 0 {
			err = persistence.ErrNotFound
		}
		return err
	})
	if err == nil {
		err = s.audit(ctx, site, access, persistence.ActionProved, visitor, 0)
	}
	if err != nil {
		return persistence.Proof{}, storeError("read proof", err)
	}
	return out, nil
}

// VerifyChain recomputes the hash chain of a visitor's ledger and returns an
// error that names the first entry that does not follow from the one before.
// It returns persistence.ErrNotFound where the visitor is not known.
func (s *Store) VerifyChain(ctx context.Context, site, visitor string) error {
	err := s.read(ctx, func(c *conn) error {
		p, err := readProof(ctx, c, site, visitor)
		if err == nil {
			err = p.Verify()
		}
		if err != nil {
			return err
		}
		var changed []string
		changed, err = names(ctx, c, sqlUnlinked, row(site, visitor))
		if len(changed) > 0 {
			err = fmt.Errorf("entry %s does not name the hash of the one before", changed[0])
		}
		return err
	})
	return storeError("verify ledger", err)
}
