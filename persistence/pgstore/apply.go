package pgstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

var (
	_ persistence.Contacts = (*Store)(nil)
	_ persistence.Privacy  = (*Store)(nil)
)

const (
	// Visitors are added and locked in the order of their names, whichever node
	// brings them, so that two nodes never wait for each other in a circle. Rows
	// that exist are left alone.
	sqlAddVisitors = `INSERT INTO zgoda.visitor (site, visitor, first_seen)
		SELECT $1, t.visitor, t.first_seen FROM unnest($2::text[], $3::timestamptz[]) AS t (visitor, first_seen)
		ORDER BY t.visitor ON CONFLICT DO NOTHING`
	// A LATERAL part is looked up by key for each name in turn, whatever the
	// planner believes about a table that was empty when it last looked.
	sqlLockVisitors = `SELECT t.visitor, v.applied_vseq, v.erased FROM unnest($2::text[]) AS t (visitor) CROSS JOIN LATERAL
		(SELECT v.applied_vseq, v.erased_at IS NOT NULL AS erased FROM zgoda.visitor v
		 WHERE v.site = $1 AND v.visitor = t.visitor OFFSET 0 FOR NO KEY UPDATE) v`
	sqlGetAside = `SELECT t.visitor, x.vseq FROM unnest($2::text[]) AS t (visitor) CROSS JOIN LATERAL
		(SELECT max(x.vseq) AS vseq FROM zgoda.set_aside x WHERE x.site = $1 AND x.visitor = t.visitor) x WHERE x.vseq IS NOT NULL`
	sqlGetGrants = `SELECT t.visitor, g.grant_id, g.granted_vseq FROM unnest($2::text[]) AS t (visitor) CROSS JOIN LATERAL
		(SELECT g.grant_id, g.granted_vseq FROM zgoda.active_grant g
		 WHERE g.site = $1 AND g.visitor = t.visitor AND g.purpose = 'lead_contact' OFFSET 0) g`
	// A grant that was opened and is not in force has ended: the ledger's trigger
	// ends it with the entry that says so.
	sqlGetEnded = `SELECT t.visitor, g.id, g.vseq FROM unnest($2::text[]) AS t (visitor) CROSS JOIN LATERAL
		(SELECT g.id, g.vseq FROM zgoda.consent_event g
		 WHERE g.site = $1 AND g.visitor = t.visitor AND g.kind = 'granted' AND g.purpose = 'lead_contact' AND g.grant_id = g.id
		 AND EXISTS (SELECT FROM zgoda.consent_event e WHERE e.site = $1 AND e.visitor = t.visitor AND e.vseq > g.vseq
			AND e.purpose = 'lead_contact' AND e.kind IN ('declined', 'withdrawn', 'expired', 'erased')) OFFSET 0) g`
)

// Apply implements persistence.Contacts. A batch that nothing is wrong with
// takes two round trips. Where the schema refuses a row, the transaction is
// begun again and halved until the record is found that is to blame.
func (s *Store) Apply(ctx context.Context, site string, records []persistence.Record) ([]persistence.Verdict, error) {
	for i, r := range records {
		if r.Site != site {
			return nil, fmt.Errorf("apply records: record %d belongs to another site", i)
		}
	}
	if len(records) == 0 {
		return nil, nil
	}
	var verdicts []persistence.Verdict
	err := s.acquire(ctx, "apply records", site, func(t *tx) error {
		a := newApplication(s, t, records)
		err := a.atOnce()
		if _, ok := refusal(err); ok {
			t.rollback()
			err = a.halving()
		}
		verdicts = a.verdicts
		return err
	})
	if err != nil {
		return nil, err
	}
	return verdicts, nil
}

// An application is a batch of records on its way into the store.
type application struct {
	*tx
	s       *Store
	records []persistence.Record
	// visitors are those the records are of, sorted; of maps each to its records.
	visitors []string
	of       map[string][]int
	known    map[string]*standing
	refused  refused
	ahead    int
	verdicts []persistence.Verdict
}

func newApplication(s *Store, t *tx, records []persistence.Record) *application {
	a := &application{
		tx: t, s: s, records: records, of: map[string][]int{}, refused: refused{},
		verdicts: make([]persistence.Verdict, len(records)),
	}
	for i := range records {
		v := records[i].Visitor
		if _, ok := a.of[v]; !ok {
			a.visitors = append(a.visitors, v)
		}
		a.of[v] = append(a.of[v], i)
	}
	slices.Sort(a.visitors)
	return a
}

// atOnce writes everything and commits in one batch, trusting that nothing is
// refused.
func (a *application) atOnce() error {
	if err := a.lock(); err != nil {
		return err
	}
	return a.write(a.visitors, false, "", "COMMIT")
}

// halving writes what it can of every visitor, and commits.
func (a *application) halving() error {
	a.ahead = 0
	if err := a.lock(); err != nil {
		return err
	}
	if err := a.writeSome(a.visitors); err != nil {
		return err
	}
	var b pgx.Batch
	b.Queue("COMMIT")
	err := a.send(&b)
	if err == nil {
		a.committed()
	}
	return err
}

// writeSome writes the records of some visitors under a savepoint. Where a row
// is refused it tries each half on its own, and with one visitor left row by
// row, so that the refusal names the record; from then on that one is planned as
// poison.
func (a *application) writeSome(visitors []string) error {
	single := false
	for {
		err := a.write(visitors, single, "SAVEPOINT visitors", "RELEASE SAVEPOINT visitors")
		reason, ok := refusal(err)
		if !ok {
			return err
		}
		if _, back := a.conn.Exec(a.ctx, "ROLLBACK TO SAVEPOINT visitors"); back != nil {
			return back
		}
		if half := len(visitors) / 2; half > 0 {
			if err := a.writeSome(visitors[:half]); err != nil {
				return err
			}
			return a.writeSome(visitors[half:])
		}
		var at *recordError
		if single && errors.As(err, &at) {
			if _, again := a.refused[at.record]; again {
				return err
			}
			a.refused[at.record] = reason
		} else if single {
			return err
		}
		single = true
	}
}

// write plans and writes the records of some visitors, between two statements.
func (a *application) write(visitors []string, single bool, before, after string) error {
	var indexes []int
	for _, v := range visitors {
		indexes = append(indexes, a.of[v]...)
	}
	slices.Sort(indexes)
	p := &planner{records: a.records, known: a.known, refused: a.refused, single: single}
	plan := p.plan(indexes)
	var b pgx.Batch
	if before != "" {
		b.Queue(before)
	}
	w := &writing{s: a.s, site: a.site, b: &b}
	if err := w.queue(a.records, plan); err != nil {
		return err
	}
	b.Queue(after)
	if err := a.send(&b); err != nil {
		if w.at >= 0 {
			return &recordError{record: w.at, err: err}
		}
		return err
	}
	for i, v := range plan.verdicts {
		a.verdicts[i] = v
	}
	a.ahead += w.ahead
	if after == "COMMIT" {
		a.committed()
	}
	return nil
}

// committed ends the transaction. A clock that is wrong is worth a word, since
// it is what a person will be shown as the time of their consent.
func (a *application) committed() {
	a.end()
	if a.ahead > 0 {
		a.s.log.Warn("consents carry times that are yet to come: a gateway's clock is wrong", "site", a.site, "entries", a.ahead)
	}
}

// lock begins the transaction, adds the visitors who are new, locks all of them
// and reads where they stand.
func (a *application) lock() error {
	a.known = map[string]*standing{}
	for _, v := range a.visitors {
		a.known[v] = &standing{}
	}
	var b pgx.Batch
	a.begin(&b, readWrite)
	if names, seen := a.starting(); len(names) > 0 {
		b.Queue(sqlAddVisitors, a.site, names, seen)
	}
	queueLock(&b, a.site, a.visitors, a.known)
	queueAside(&b, a.site, a.visitors, a.known)
	if givers := a.givers(func(persistence.Record) bool { return true }); len(givers) > 0 {
		b.Queue(sqlGetGrants, a.site, givers).Query(func(rows pgx.Rows) error {
			var visitor, id string
			var n int64
			_, err := pgx.ForEachRow(rows, []any{&visitor, &id, &n}, func() error {
				a.known[visitor].inForce = grantKey{id, uint64(n)}
				return nil
			})
			return err
		})
	}
	if err := a.send(&b); err != nil {
		return fmt.Errorf("lock visitors: %w", err)
	}
	return a.readEnded()
}

// queueLock locks visitors, whose names are sorted, and reads where they stand.
func queueLock(b *pgx.Batch, site string, visitors []string, known map[string]*standing) {
	b.Queue(sqlLockVisitors, site, visitors).Query(func(rows pgx.Rows) error {
		var visitor string
		var n int64
		var erased bool
		_, err := pgx.ForEachRow(rows, []any{&visitor, &n, &erased}, func() error {
			known[visitor].applied, known[visitor].erased = uint64(n), erased
			return nil
		})
		return err
	})
}

// queueAside reads the newest record of visitors that was set aside.
func queueAside(b *pgx.Batch, site string, visitors []string, known map[string]*standing) {
	b.Queue(sqlGetAside, site, visitors).Query(func(rows pgx.Rows) error {
		var visitor string
		var n int64
		_, err := pgx.ForEachRow(rows, []any{&visitor, &n}, func() error {
			known[visitor].aside = uint64(n)
			return nil
		})
		return err
	})
}

// starting returns the visitors whose first record is among the records.
func (a *application) starting() (names []string, seen []time.Time) {
	for _, v := range a.visitors {
		for _, i := range a.of[v] {
			if a.records[i].VSeq == 1 {
				names = append(names, v)
				seen = append(seen, a.records[i].At)
				break
			}
		}
	}
	return names, seen
}

// givers returns the visitors with a contact under a grant of which is holds.
func (a *application) givers(is func(persistence.Record) bool) []string {
	var out []string
	for _, v := range a.visitors {
		if slices.ContainsFunc(a.of[v], func(i int) bool {
			c := a.records[i].Contact
			return c != nil && c.Grant != "" && is(a.records[i])
		}) {
			out = append(out, v)
		}
	}
	return out
}

// readEnded reads which grants have ended of the visitors who have a contact
// under a grant that is neither in force nor opened by the batch itself. There
// are few.
func (a *application) readEnded() error {
	late := a.givers(func(r persistence.Record) bool {
		return a.known[r.Visitor].inForce != grantKey{r.Contact.Grant, r.Contact.GrantedVSeq} &&
			!slices.ContainsFunc(a.of[r.Visitor], func(i int) bool {
				return a.records[i].Entry != nil && a.records[i].Entry.ID == r.Contact.Grant && a.records[i].VSeq > a.known[r.Visitor].applied
			})
	})
	if len(late) == 0 {
		return nil
	}
	rows, _ := a.conn.Query(a.ctx, sqlGetEnded, a.site, late)
	var visitor, id string
	var n int64
	_, err := pgx.ForEachRow(rows, []any{&visitor, &id, &n}, func() error {
		st := a.known[visitor]
		if st.ended == nil {
			st.ended = map[grantKey]bool{}
		}
		st.ended[grantKey{id, uint64(n)}] = true
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for grants that ended: %w", err)
	}
	return nil
}

// A recordError is what went wrong with the row of one record.
type recordError struct {
	record int
	err    error
}

func (e *recordError) Error() string { return fmt.Sprintf("record %d: %v", e.record, e.err) }

func (e *recordError) Unwrap() error { return e.err }
