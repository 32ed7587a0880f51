package pgstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// ledgerFormat begins what is hashed, so that another format is another hash.
const ledgerFormat = "zgoda ledger 1"

// An entry is one row of the ledger as it is hashed.
type entry struct {
	site, visitor          string
	seq, vseq              int64
	id, purpose, kind      string
	request, grant         string
	notice, locale         string
	actor, method          string
	occurredAt, recordedAt time.Time
	validUntil             *time.Time
	rowHash                []byte
}

// hash computes the row's hash from the hash of the row before. The database's
// trigger computed it first; this is written for itself, so that the one checks
// the other. Every field has its length in bytes in front, so no two rows give
// the same text; times are microseconds since 1970.
func (e *entry) hash(prev []byte) []byte {
	until := int64(0)
	if e.validUntil != nil {
		until = e.validUntil.UnixMicro()
	}
	text := fmt.Appendf(nil, "%s:%x:%d:%d", ledgerFormat, prev, e.seq, e.vseq)
	for _, s := range []string{
		e.site, e.visitor, e.id, e.purpose, e.kind, e.request, e.grant, e.notice, e.locale, e.actor, e.method,
	} {
		text = fmt.Appendf(text, ":%d:%s", len(s), s)
	}
	text = fmt.Appendf(text, ":%d:%d:%d", e.occurredAt.UnixMicro(), e.recordedAt.UnixMicro(), until)
	sum := sha256.Sum256(text)
	return sum[:]
}

const (
	sqlGetHead = `SELECT last_seq, last_hash FROM zgoda.visitor WHERE site = $1 AND visitor = $2`
	// An entry that is not in the chain comes first, with no number.
	sqlGetChain = `SELECT coalesce(c.seq, 0), coalesce(e.vseq, 0), coalesce(e.id, c.entry), coalesce(e.purpose::text, ''), coalesce(e.kind::text, ''),
		coalesce(e.request, ''), coalesce(e.grant_id, ''), coalesce(encode(e.notice, 'hex'), ''), coalesce(e.locale, ''),
		coalesce(e.actor, ''), coalesce(e.method, ''), coalesce(e.occurred_at, 'epoch'), coalesce(e.recorded_at, 'epoch'), e.valid_until, c.row_hash
		FROM (SELECT * FROM zgoda.chain WHERE site = $1 AND visitor = $2) c
		FULL JOIN (SELECT * FROM zgoda.consent_event WHERE site = $1 AND visitor = $2) e ON e.id = c.entry ORDER BY c.seq NULLS FIRST`
)

// VerifyChain recomputes the hash chain of a visitor's ledger and returns an
// error that names the first entry that does not follow from the one before.
// It returns persistence.ErrNotFound where the visitor is not known.
func (s *Store) VerifyChain(ctx context.Context, site, visitor string) error {
	return s.read(ctx, "verify ledger", site, func(b *pgx.Batch) {
		var head []byte
		var last int64
		b.Queue(sqlGetHead, site, visitor).QueryRow(func(row pgx.Row) error { return found(row.Scan(&last, &head)) })
		b.Queue(sqlGetChain, site, visitor).Query(func(rows pgx.Rows) error {
			seq, sum := int64(0), []byte{}
			e := entry{site: site, visitor: visitor}
			_, err := pgx.ForEachRow(rows, []any{
				&e.seq, &e.vseq, &e.id, &e.purpose, &e.kind, &e.request, &e.grant, &e.notice, &e.locale, &e.actor, &e.method,
				&e.occurredAt, &e.recordedAt, &e.validUntil, &e.rowHash,
			}, func() error {
				if e.seq != seq+1 || !bytes.Equal(e.hash(sum), e.rowHash) {
					return fmt.Errorf("entry %d (%s) was changed or does not follow entry %d", e.seq, e.id, seq)
				}
				seq, sum = e.seq, e.rowHash
				return nil
			})
			if err == nil && (seq != last || !bytes.Equal(sum, head)) {
				err = errors.New("the ledger does not end where the visitor's record says")
			}
			return err
		})
	})
}
