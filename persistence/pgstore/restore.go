package pgstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

const (
	sqlTombstones = `SELECT t.visitor, t.entry, e.vseq, t.actor, t.method, t.erased_at FROM zgoda.tombstone t
		JOIN zgoda.consent_event e ON e.site = t.site AND e.id = t.entry
		WHERE t.site = $1 AND t.recorded_at >= $2 ORDER BY t.recorded_at, t.visitor`
	sqlKnowVisitors = `INSERT INTO zgoda.visitor (site, visitor, first_seen)
		SELECT $1, t.visitor, t.erased_at FROM unnest($2::text[], $3::timestamptz[]) AS t (visitor, erased_at)
		ORDER BY t.visitor ON CONFLICT DO NOTHING`
	sqlAddLost = `INSERT INTO zgoda.lost (site, visitor, first_vseq, last_vseq)
		SELECT $1, t.visitor, t.first_vseq, t.last_vseq FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS t (visitor, first_vseq, last_vseq)`
)

// Tombstones implements persistence.Privacy.
func (s *Store) Tombstones(ctx context.Context, site string, since time.Time) ([]persistence.Tombstone, error) {
	var out []persistence.Tombstone
	err := s.read(ctx, "read tombstones", site, func(b *pgx.Batch) {
		b.Queue(sqlTombstones, site, since).Query(func(rows pgx.Rows) error {
			t := persistence.Tombstone{Site: site}
			var vseq int64
			_, err := pgx.ForEachRow(rows, []any{&t.Visitor, &t.Entry, &vseq, &t.Actor, &t.Method, &t.ErasedAt}, func() error {
				t.VSeq, t.ErasedAt = uint64(vseq), t.ErasedAt.UTC()
				out = append(out, t)
				return nil
			})
			return err
		})
	})
	return out, err
}

// Bury implements persistence.Privacy. Each visitor is erased under the number
// the erasure had, so that records up to it are known when they come again; what
// the restored store has not seen before it is recorded as lost.
func (s *Store) Bury(ctx context.Context, site string, stones []persistence.Tombstone) (int, error) {
	stones, err := sortedStones(site, stones)
	if err != nil || len(stones) == 0 {
		return 0, err
	}
	buried := 0
	err = s.acquire(ctx, "bury visitors", site, func(t *tx) error {
		known, err := t.standings(stones)
		if err != nil {
			return err
		}
		var due []persistence.Tombstone
		for _, st := range stones {
			if !known[st.Visitor].erased {
				due = append(due, st)
			}
		}
		buried = len(due)
		if buried == 0 {
			return nil
		}
		var b pgx.Batch
		w := &writing{s: s, site: site, b: &b}
		w.bury(due, known)
		if err := t.send(&b); err != nil {
			if reason, ok := refusal(err); ok {
				return fmt.Errorf("a tombstone contradicts the ledger, nothing was buried: %s", reason)
			}
			return err
		}
		return t.commitAudited(bySystem, persistence.ActionBuried, "", buried)
	})
	if err != nil {
		return 0, err
	}
	return buried, nil
}

// sortedStones checks the tombstones and puts them into the order in which
// visitors are locked.
func sortedStones(site string, stones []persistence.Tombstone) ([]persistence.Tombstone, error) {
	out := slices.Clone(stones)
	slices.SortStableFunc(out, func(a, b persistence.Tombstone) int { return cmp.Compare(a.Visitor, b.Visitor) })
	for i := range out {
		if err := out[i].Validate(site); err != nil {
			return nil, fmt.Errorf("bury visitors: tombstone of visitor %q: %w", out[i].Visitor, err)
		}
	}
	// Of the same visitor twice, one is enough: whoever was erased stays so.
	return slices.CompactFunc(out, func(a, b persistence.Tombstone) bool { return a.Visitor == b.Visitor }), nil
}

// standings begins the transaction, makes the visitors known, locks them and
// reads where they stand.
func (t *tx) standings(stones []persistence.Tombstone) (map[string]*standing, error) {
	known := map[string]*standing{}
	names, erased := make([]string, len(stones)), make([]time.Time, len(stones))
	for i, st := range stones {
		names[i], erased[i] = st.Visitor, st.ErasedAt
		known[st.Visitor] = &standing{}
	}
	var b pgx.Batch
	t.begin(&b, readWrite)
	b.Queue(sqlKnowVisitors, t.site, names, erased)
	queueLock(&b, t.site, names, known)
	return known, t.send(&b)
}

// bury queues the erasures, and what is missing before each.
func (w *writing) bury(due []persistence.Tombstone, known map[string]*standing) {
	rows := make([]entryRow, len(due))
	var names []string
	var from, to []int64
	for i, st := range due {
		at := max(st.VSeq, known[st.Visitor].applied+1)
		if next := known[st.Visitor].applied + 1; at > next {
			names, from, to = append(names, st.Visitor), append(from, number(next)), append(to, number(at-1))
		}
		rows[i] = entryRow{visitor: st.Visitor, vseq: at, LedgerEntry: &persistence.LedgerEntry{
			ID: st.Entry, Purpose: persistence.PurposeLead, Kind: persistence.KindErased,
			Actor: st.Actor, Method: st.Method, OccurredAt: st.ErasedAt,
		}}
	}
	if len(names) > 0 {
		w.b.Queue(sqlAddLost, w.site, names, from, to)
	}
	w.entries(rows)
}

// Pass implements persistence.Contacts.
func (s *Store) Pass(ctx context.Context, site, visitor string, upTo uint64) (uint64, error) {
	if visitor == "" || upTo == 0 {
		return 0, fmt.Errorf("pass lost records: visitor %q up to %d", visitor, upTo)
	}
	missing := uint64(0)
	err := s.acquire(ctx, "pass lost records", site, func(t *tx) error {
		st := &standing{}
		known, names := map[string]*standing{visitor: st}, []string{visitor}
		var b pgx.Batch
		t.begin(&b, readWrite)
		b.Queue(sqlAddVisitors, site, names, []time.Time{time.Now()})
		queueLock(&b, site, names, known)
		queueAside(&b, site, names, known)
		if err := t.send(&b); err != nil {
			return err
		}
		from := max(st.applied, st.aside) + 1
		if upTo < from {
			return nil
		}
		missing = upTo - from + 1
		b = pgx.Batch{}
		b.Queue(sqlAddLost, site, names, []int64{number(from)}, []int64{number(upTo)})
		b.Queue(sqlMove, site, names, []int64{number(upTo)})
		reason := persistence.Access{Actor: bySystem.Actor, Reason: fmt.Sprintf("records %d to %d never came", from, upTo)}
		queueAudit(&b, site, reason, persistence.ActionLost, visitor, 0)
		b.Queue("COMMIT")
		err := t.send(&b)
		if err == nil {
			t.end()
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return missing, nil
}
