package pgstore

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

const (
	sqlGetHead = `SELECT last_hash FROM zgoda.visitor WHERE site = $1 AND visitor = $2`
	// An entry that is not in the chain comes first, with no number.
	sqlGetChain = `SELECT coalesce(c.seq, 0), coalesce(e.vseq, 0), coalesce(e.id, c.entry), coalesce(e.purpose::text, ''), coalesce(e.kind::text, ''),
		coalesce(e.request, ''), coalesce(e.grant_id, ''), coalesce(encode(e.notice, 'hex'), ''), coalesce(e.locale, ''),
		coalesce(e.actor, ''), coalesce(e.method, ''), coalesce(e.occurred_at, 'epoch'), coalesce(e.recorded_at, 'epoch'), e.valid_until, c.row_hash,
		coalesce(e.clock_ahead, false), coalesce(c.clock_back, false)
		FROM (SELECT * FROM zgoda.chain WHERE site = $1 AND visitor = $2) c
		FULL JOIN (SELECT * FROM zgoda.consent_event WHERE site = $1 AND visitor = $2) e ON e.id = c.entry ORDER BY c.seq NULLS FIRST`
	sqlGetNotices = `SELECT encode(n.hash, 'hex'), n.locale, n.canonical FROM
		(SELECT DISTINCT e.notice FROM zgoda.consent_event e WHERE e.site = $1 AND e.visitor = $2 AND e.notice IS NOT NULL) e
		CROSS JOIN LATERAL (SELECT n.hash, n.locale, n.canonical FROM zgoda.notice n WHERE n.site = $1 AND n.hash = e.notice OFFSET 0) n
		ORDER BY n.hash`
)

// queueProof reads a visitor's ledger with its texts. ErrNotFound is the
// batch's error where the visitor is not known.
func queueProof(b *pgx.Batch, p *persistence.Proof) {
	p.Format = persistence.ChainPostgres
	queueNow(b, &p.AsOf)
	b.Queue(sqlGetHead, p.Site, p.Visitor).QueryRow(func(row pgx.Row) error {
		var head []byte
		err := found(row.Scan(&head))
		p.Head = hex.EncodeToString(head)
		return err
	})
	b.Queue(sqlGetChain, p.Site, p.Visitor).Query(func(rows pgx.Rows) error {
		var e persistence.ProofEntry
		var seq, vseq int64
		var until *time.Time
		var hash []byte
		_, err := pgx.ForEachRow(rows, []any{
			&seq, &vseq, &e.ID, &e.Purpose, &e.Kind, &e.Request, &e.Grant, &e.Notice, &e.Locale, &e.Actor, &e.Method,
			&e.OccurredAt, &e.RecordedAt, &until, &hash, &e.ClockAhead, &e.ClockBack,
		}, func() error {
			e.Seq, e.VSeq, e.Hash = uint64(seq), uint64(vseq), hex.EncodeToString(hash)
			e.OccurredAt, e.RecordedAt, e.ValidUntil = e.OccurredAt.UTC(), e.RecordedAt.UTC(), moment(until)
			p.Entries = append(p.Entries, e)
			return nil
		})
		return err
	})
	b.Queue(sqlGetNotices, p.Site, p.Visitor).Query(func(rows pgx.Rows) error {
		var n persistence.Notice
		_, err := pgx.ForEachRow(rows, []any{&n.Hash, &n.Locale, &n.Canonical}, func() error {
			p.Notices = append(p.Notices, n)
			return nil
		})
		return err
	})
}

// Proof implements persistence.Privacy.
func (s *Store) Proof(ctx context.Context, site, visitor string, access persistence.Access) (persistence.Proof, error) {
	if err := access.Validate(); err != nil {
		return persistence.Proof{}, err
	}
	out := persistence.Proof{Site: site, Visitor: visitor}
	err := s.acquire(ctx, "read proof", site, func(t *tx) error {
		var b pgx.Batch
		t.begin(&b, audited)
		queueProof(&b, &out)
		err := t.send(&b)
		if err == nil && len(out.Entries) == 0 {
			err = persistence.ErrNotFound
		}
		if err != nil {
			return err
		}
		return t.commitAudited(access, persistence.ActionProved, visitor, 0)
	})
	if err != nil {
		return persistence.Proof{}, err
	}
	return out, nil
}

// VerifyChain recomputes the hash chain of a visitor's ledger, which the
// database's trigger computed first, and returns an error that names the first
// entry that does not follow from the one before. It returns
// persistence.ErrNotFound where the visitor is not known.
func (s *Store) VerifyChain(ctx context.Context, site, visitor string) error {
	p := persistence.Proof{Site: site, Visitor: visitor}
	if err := s.read(ctx, "verify ledger", site, func(b *pgx.Batch) { queueProof(b, &p) }); err != nil {
		return err
	}
	return storeError("verify ledger", p.Verify())
}
