package pgstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/persistence"
)

// Page sizes of an overview where the query names none, and at most.
const (
	defaultPage = 100
	maxPage     = 1000
)

const (
	sqlCountStatuses = `SELECT purpose::text, status, count(*) FROM zgoda.consent_overview WHERE site = $1 GROUP BY 1, 2`
	sqlPageVisitors  = `SELECT v.visitor, v.first_seen FROM zgoda.visitor v WHERE v.site = $1 AND v.visitor > $2 AND v.applied_vseq > 0
		AND ($3 = '' AND $4 = '' OR EXISTS (SELECT FROM zgoda.consent_overview o WHERE o.site = v.site AND o.visitor = v.visitor
			AND ($3 = '' OR o.purpose::text = $3) AND ($4 = '' OR o.status = $4)))
		ORDER BY v.visitor LIMIT $5`
	sqlGetConsents = `SELECT visitor, purpose::text, status, since, coalesce(event, ''), coalesce(encode(notice, 'hex'), ''),
		coalesce(locale, ''), coalesce(method, ''), coalesce(request, ''), valid_until, coalesce(grant_id, ''), coalesce(granted_vseq, 0)
		FROM zgoda.consent_overview WHERE site = $1 AND visitor = ANY ($2::text[])`
	// A grant that has run out is not in force, also before somebody wrote that
	// into the ledger. Where there is a contact on both bases, the one the
	// visitor agreed to comes last and wins.
	sqlGetFields = `SELECT c.visitor, c.name, c.email, c.phone, c.custom FROM zgoda.contact c
		LEFT JOIN zgoda.active_grant g ON g.site = c.site AND g.visitor = c.visitor AND g.purpose = 'lead_contact'
		WHERE c.site = $1 AND c.visitor = ANY ($2::text[])
		AND (c.basis = 'policy' OR g.grant_id IS NOT NULL AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()))
		ORDER BY c.visitor, c.basis DESC`
)

// Overview implements persistence.Contacts. Without a limit a page has
// defaultPage rows, and never more than maxPage.
func (s *Store) Overview(ctx context.Context, site string, q persistence.OverviewQuery) (persistence.Overview, error) {
	out := persistence.Overview{Counts: map[string]map[string]int{}}
	for _, p := range persistence.Purposes {
		out.Counts[p] = map[string]int{}
	}
	limit := min(q.Limit, maxPage)
	if limit <= 0 {
		limit = defaultPage
	}
	err := s.acquire(ctx, "read overview", site, func(t *tx) error {
		var b pgx.Batch
		t.begin(&b, snapshot)
		queueNow(&b, &out.AsOf)
		queueCounts(&b, site, out.Counts)
		b.Queue(sqlPageVisitors, site, q.After, q.Purpose, q.Status, limit+1).Query(func(rows pgx.Rows) error {
			var r persistence.OverviewRow
			_, err := pgx.ForEachRow(rows, []any{&r.Visitor, &r.FirstSeen}, func() error {
				r.FirstSeen = r.FirstSeen.UTC()
				out.Rows = append(out.Rows, r)
				return nil
			})
			return err
		})
		if err := t.send(&b); err != nil {
			return err
		}
		if len(out.Rows) > limit {
			out.Rows = out.Rows[:limit]
			out.Next = out.Rows[limit-1].Visitor
		}
		return t.fill(out.Rows)
	})
	if err != nil {
		return persistence.Overview{}, err
	}
	return out, nil
}

// fill adds consents and fields to the rows of a page, and ends the transaction.
func (t *tx) fill(rows []persistence.OverviewRow) error {
	visitors := make([]string, len(rows))
	for i := range rows {
		visitors[i] = rows[i].Visitor
	}
	var b pgx.Batch
	people := queuePeople(&b, t.site, visitors)
	b.Queue("COMMIT")
	if err := t.send(&b); err != nil {
		return err
	}
	t.end()
	for i := range rows {
		p := people[rows[i].Visitor]
		rows[i].Consents, rows[i].Fields = p.consents, p.fields
	}
	return nil
}

// A person is where a visitor's consents stand and which fields they gave.
type person struct {
	consents map[string]persistence.ConsentStatus
	fields   map[string]string
}

func queueNow(b *pgx.Batch, now *time.Time) {
	b.Queue(`SELECT statement_timestamp()`).QueryRow(func(row pgx.Row) error {
		err := row.Scan(now)
		*now = now.UTC()
		return err
	})
}

func queueCounts(b *pgx.Batch, site string, counts map[string]map[string]int) {
	b.Queue(sqlCountStatuses, site).Query(func(rows pgx.Rows) error {
		var purpose, status string
		var n int
		_, err := pgx.ForEachRow(rows, []any{&purpose, &status, &n}, func() error {
			counts[purpose][status] = n
			return nil
		})
		return err
	})
}

// queuePeople reads people; the map is filled when the batch was sent.
func queuePeople(b *pgx.Batch, site string, visitors []string) map[string]*person {
	people := map[string]*person{}
	for _, v := range visitors {
		people[v] = &person{consents: map[string]persistence.ConsentStatus{}}
	}
	b.Queue(sqlGetConsents, site, visitors).Query(func(rows pgx.Rows) error {
		var visitor, purpose string
		var st persistence.ConsentStatus
		var since, until *time.Time
		var granted int64
		_, err := pgx.ForEachRow(rows, []any{
			&visitor, &purpose, &st.Status, &since, &st.Event, &st.Notice, &st.Locale, &st.Method, &st.Request, &until, &st.Grant, &granted,
		}, func() error {
			st.Since, st.ValidUntil, st.GrantVSeq = moment(since), moment(until), uint64(granted)
			people[visitor].consents[purpose] = st
			return nil
		})
		return err
	})
	b.Queue(sqlGetFields, site, visitors).Query(func(rows pgx.Rows) error {
		var visitor string
		var v contactValues
		_, err := pgx.ForEachRow(rows, []any{&visitor, &v.name, &v.email, &v.phone, &v.custom}, func() error {
			p := people[visitor]
			var err error
			p.fields, err = v.fields(p.fields)
			return err
		})
		return err
	})
	return people
}

func moment(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

const sqlGetVisitor = `SELECT applied_vseq, erased_at IS NOT NULL FROM zgoda.visitor WHERE site = $1 AND visitor = $2 AND applied_vseq > 0`

// Visitor implements persistence.Contacts.
func (s *Store) Visitor(ctx context.Context, site, visitor string) (persistence.VisitorRecord, error) {
	out := persistence.VisitorRecord{Visitor: visitor}
	var people map[string]*person
	err := s.read(ctx, "read visitor", site, func(b *pgx.Batch) {
		people = queueVisitor(b, site, visitor, &out)
	})
	if err != nil {
		return persistence.VisitorRecord{}, err
	}
	out.Consents, out.Fields = people[visitor].consents, people[visitor].fields
	return out, nil
}

func queueVisitor(b *pgx.Batch, site, visitor string, out *persistence.VisitorRecord) map[string]*person {
	b.Queue(sqlGetVisitor, site, visitor).QueryRow(func(row pgx.Row) error {
		var applied int64
		err := found(row.Scan(&applied, &out.Erased))
		out.AppliedVSeq = uint64(applied)
		return err
	})
	return queuePeople(b, site, []string{visitor})
}

// found turns the driver's word for no row into ours.
func found(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return persistence.ErrNotFound
	}
	return err
}

const (
	sqlBecomeMarketing = `SELECT set_config('role', $1, true)`
	sqlMarketing       = `SELECT visitor, name, email, phone, custom, consent_event, consented_at FROM zgoda.marketing_contact
		WHERE site = $1 AND purpose = $2::text::zgoda.purpose ORDER BY visitor`
)

// Marketing implements persistence.Contacts. It reads the marketing view and
// nothing besides, as the role that can read nothing besides.
func (s *Store) Marketing(ctx context.Context, site, purpose string) (persistence.MarketingList, error) {
	if _, ok := channelField[purpose]; !ok {
		return persistence.MarketingList{}, fmt.Errorf("list marketing contacts: %q is not a marketing purpose", purpose)
	}
	out := persistence.MarketingList{Purpose: purpose}
	err := s.read(ctx, "list marketing contacts", site, func(b *pgx.Batch) {
		b.Queue(sqlBecomeMarketing, RoleMarketing)
		queueNow(b, &out.AsOf)
		b.Queue(sqlMarketing, site, purpose).Query(func(rows pgx.Rows) error {
			var r persistence.MarketingContact
			var v contactValues
			_, err := pgx.ForEachRow(rows, []any{
				&r.Visitor, &v.name, &v.email, &v.phone, &v.custom, &r.Consent, &r.ConsentedAt,
			}, func() error {
				var err error
				r.ConsentedAt = r.ConsentedAt.UTC()
				r.Fields, err = v.fields(nil)
				out.Rows = append(out.Rows, r)
				return err
			})
			return err
		})
	})
	if err != nil {
		return persistence.MarketingList{}, err
	}
	return out, nil
}
