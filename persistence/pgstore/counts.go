package pgstore

import (
	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

const (
	// What the triggers counted: totals, and what came since they were folded.
	sqlGetCounts = `SELECT purpose, status, sum(n)::bigint, sum(delta)::bigint FROM (
		SELECT purpose, status, n, 0 AS delta FROM zgoda.count_total WHERE site = $1
		UNION ALL SELECT purpose, status, n, 1 FROM zgoda.count_delta WHERE site = $1) c GROUP BY purpose, status`
	// Grants that have run out and that nobody has ended yet.
	sqlCountRunOut = `SELECT purpose::text, count(*) FROM zgoda.active_grant WHERE site = $1 AND valid_until <= statement_timestamp() GROUP BY 1`
	// Visitors of whom not even the first record could be applied have a row and are
	// nobody that anything is known of.
	sqlCountUnknown = `SELECT count(*) FROM zgoda.set_aside x JOIN zgoda.visitor v ON v.site = x.site AND v.visitor = x.visitor
		WHERE x.site = $1 AND x.vseq = 1 AND v.applied_vseq = 0`
	sqlFold = `SELECT zgoda.fold_counts()`

	// foldFrom is how many lines are left to be added up by every reader.
	foldFrom = 2000

	// countSeen is the status under which all visitors are counted, of no purpose.
	countSeen = "seen"
)

// A tally is what was counted, on its way to the counts of an overview.
type tally struct {
	statuses map[string]map[string]int
	runOut   map[string]int
	unknown  int
	// lines is how many were added up.
	lines int
}

func queueCounts(b *pgx.Batch, site string) *tally {
	t := &tally{statuses: map[string]map[string]int{"": {}}, runOut: map[string]int{}}
	b.Queue(sqlGetCounts, site).Query(func(rows pgx.Rows) error {
		var purpose, status string
		var n, lines int
		_, err := pgx.ForEachRow(rows, []any{&purpose, &status, &n, &lines}, func() error {
			if t.statuses[purpose] == nil {
				t.statuses[purpose] = map[string]int{}
			}
			t.statuses[purpose][status] = n
			t.lines += lines
			return nil
		})
		return err
	})
	b.Queue(sqlCountRunOut, site).Query(func(rows pgx.Rows) error {
		var purpose string
		var n int
		_, err := pgx.ForEachRow(rows, []any{&purpose, &n}, func() error {
			t.runOut[purpose] = n
			return nil
		})
		return err
	})
	b.Queue(sqlCountUnknown, site).QueryRow(func(row pgx.Row) error { return row.Scan(&t.unknown) })
	return t
}

// counts returns the counts of the whole site by purpose and status, without
// zeros. Who has no status for a purpose was not asked.
func (t *tally) counts() map[string]map[string]int {
	out := map[string]map[string]int{}
	erased := t.statuses[""][persistence.StatusErased]
	for _, p := range persistence.Purposes {
		m := map[string]int{persistence.StatusErased: erased}
		notAsked := t.statuses[""][countSeen] - t.unknown - erased
		for status, n := range t.statuses[p] {
			if status != persistence.StatusErased {
				m[status] = n
				notAsked -= n
			}
		}
		m[persistence.StatusNotAsked] = notAsked
		m[persistence.StatusGranted] -= t.runOut[p]
		m[persistence.StatusExpired] += t.runOut[p]
		for status, n := range m {
			if n == 0 {
				delete(m, status)
			}
		}
		out[p] = m
	}
	return out
}
