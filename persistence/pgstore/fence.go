package pgstore

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

// fenceGap is more records than a visitor can have on their way at a time.
const fenceGap = 1 << 20

const (
	sqlFence = `INSERT INTO zgoda.visitor AS v (site, visitor, first_seen, applied_vseq, fenced)
		VALUES ($1, $2, statement_timestamp(), $3, $4)
		ON CONFLICT (site, visitor) DO UPDATE SET applied_vseq = v.applied_vseq + $3, fenced = $4
		WHERE v.fenced IS DISTINCT FROM $4 AND v.erased_at IS NULL`
	// What was declined or withdrawn since the last grant.
	sqlGetDeclined = `SELECT e.purpose::text, max(e.occurred_at) FROM zgoda.consent_event e
		WHERE e.site = $1 AND e.visitor = $2 AND e.kind IN ('declined', 'withdrawn') AND e.vseq > coalesce((
			SELECT max(g.vseq) FROM zgoda.consent_event g
			WHERE g.site = e.site AND g.visitor = e.visitor AND g.purpose = e.purpose AND g.kind = 'granted'), 0)
		GROUP BY 1`
)

var _ persistence.Rebuilder = (*Store)(nil)

// Fence implements persistence.Rebuilder. The numbers move on and the ledger is
// read in one transaction that holds the visitor's row: a record that was on its
// way is in what is read, or it is void.
func (s *Store) Fence(ctx context.Context, site, visitor, life string) (persistence.VisitorRecord, error) {
	if life == "" {
		return persistence.VisitorRecord{}, errors.New("fence visitor: the life of the conversation store has no name")
	}
	out := persistence.VisitorRecord{Visitor: visitor}
	declined := map[string]time.Time{}
	var people map[string]*person
	err := s.write(ctx, "fence visitor", site, func(b *pgx.Batch) {
		b.Queue(sqlFence, site, visitor, int64(fenceGap), life)
		people = queueVisitor(b, site, visitor, &out)
		b.Queue(sqlGetDeclined, site, visitor).Query(func(rows pgx.Rows) error {
			var purpose string
			var at time.Time
			_, err := pgx.ForEachRow(rows, []any{&purpose, &at}, func() error {
				declined[purpose] = at.UTC()
				return nil
			})
			return err
		})
	})
	if err != nil {
		return persistence.VisitorRecord{}, err
	}
	out.Consents, out.Fields = people[visitor].consents, people[visitor].fields
	for purpose, at := range declined {
		status := out.Consents[purpose]
		status.DeclinedAt = at
		out.Consents[purpose] = status
	}
	return out, nil
}
