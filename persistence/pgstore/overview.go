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

// Page sizes of an overview where the query names none, and at most.
const (
	defaultPage = 100
	maxPage     = 1000
)

// The pages of an overview, each found by an index in the order of the visitors.
// Where the purposes are more than one, each gives as many as fit on the page.
const (
	sqlPageAll = `SELECT v.visitor, v.first_seen FROM zgoda.visitor v WHERE v.site = $1 AND v.visitor > $2 AND v.applied_vseq > 0
		ORDER BY v.visitor LIMIT $3`
	sqlPageErased = `SELECT v.visitor, v.first_seen FROM zgoda.visitor v WHERE v.site = $1 AND v.visitor > $2 AND v.erased_at IS NOT NULL
		ORDER BY v.visitor LIMIT $3`
	// Who was not asked has no row to be found by: this looks at visitors until the
	// page is full.
	sqlPageNotAsked = `SELECT v.visitor, v.first_seen FROM zgoda.visitor v WHERE v.site = $1 AND v.visitor > $2 AND v.applied_vseq > 0
		AND v.erased_at IS NULL AND (SELECT count(*) FROM zgoda.consent_status s WHERE s.site = $1 AND s.visitor = v.visitor
			AND s.purpose = ANY ($4::text[]::zgoda.purpose[])) < cardinality($4::text[])
		ORDER BY v.visitor LIMIT $3`
	sqlPageStatus = `SELECT x.visitor, v.first_seen FROM (
			SELECT DISTINCT s.visitor FROM unnest($4::text[]) AS p (purpose) CROSS JOIN LATERAL (
				SELECT s.visitor FROM zgoda.consent_status s WHERE s.site = $1 AND s.found_by = p.purpose || ' ' || $5
				AND s.visitor > $2 AND NOT (s.status = 'granted' AND s.valid_until IS NOT NULL AND s.valid_until <= statement_timestamp())
				ORDER BY s.visitor LIMIT $3) s
		) x CROSS JOIN LATERAL (SELECT v.first_seen FROM zgoda.visitor v WHERE v.site = $1 AND v.visitor = x.visitor OFFSET 0) v
		ORDER BY x.visitor LIMIT $3`
	// A grant that has run out counts as expired before anybody ended it. Those are
	// few, since a timer ends them, and looked up by their end.
	sqlPageExpired = `WITH run_out AS MATERIALIZED (
			SELECT g.visitor FROM zgoda.active_grant g WHERE g.site = $1 AND g.valid_until <= statement_timestamp() AND g.visitor > $2
			AND g.purpose = ANY ($4::text[]::zgoda.purpose[])
		) SELECT x.visitor, v.first_seen FROM (
			SELECT s.visitor FROM unnest($4::text[]) AS p (purpose) CROSS JOIN LATERAL (
				SELECT s.visitor FROM zgoda.consent_status s WHERE s.site = $1 AND s.found_by = p.purpose || ' expired' AND s.visitor > $2
				ORDER BY s.visitor LIMIT $3) s
			UNION SELECT visitor FROM run_out ORDER BY visitor LIMIT $3
		) x CROSS JOIN LATERAL (SELECT v.first_seen FROM zgoda.visitor v WHERE v.site = $1 AND v.visitor = x.visitor OFFSET 0) v
		ORDER BY x.visitor LIMIT $3`
)

// pageQuery returns the statement of a page and its arguments.
func pageQuery(site string, q persistence.OverviewQuery, limit int) (string, []any, error) {
	purposes := persistence.Purposes
	if q.Purpose != "" {
		if !slices.Contains(persistence.Purposes, q.Purpose) {
			return "", nil, fmt.Errorf("read overview: no purpose %q", q.Purpose)
		}
		purposes = []string{q.Purpose}
	}
	args := []any{site, q.After, limit}
	switch q.Status {
	case "":
		return sqlPageAll, args, nil
	case persistence.StatusErased:
		return sqlPageErased, args, nil
	case persistence.StatusNotAsked:
		return sqlPageNotAsked, append(args, purposes), nil
	case persistence.StatusExpired:
		return sqlPageExpired, append(args, purposes), nil
	case persistence.StatusGranted, persistence.StatusDeclined, persistence.StatusDeferred, persistence.StatusWithdrawn, persistence.StatusRequested:
		return sqlPageStatus, append(args, purposes, q.Status), nil
	}
	return "", nil, fmt.Errorf("read overview: no status %q", q.Status)
}

const (
	sqlGetConsents = `SELECT visitor, purpose::text, status, since, coalesce(event, ''), coalesce(encode(notice, 'hex'), ''),
		coalesce(locale, ''), coalesce(method, ''), coalesce(request, ''), valid_until, coalesce(grant_id, ''), coalesce(granted_vseq, 0)
		FROM zgoda.consent_overview WHERE site = $1 AND visitor = ANY ($2::text[])`
	// A grant that has run out is not in force, also before somebody wrote that
	// into the ledger. Where there is a contact on both bases, the one the
	// visitor agreed to comes last and wins.
	sqlGetFields = `SELECT c.visitor, c.name, c.email, c.phone, c.custom, c.restricted_at IS NOT NULL FROM zgoda.contact c
		LEFT JOIN zgoda.active_grant g ON g.site = c.site AND g.visitor = c.visitor AND g.purpose = 'lead_contact'
		WHERE c.site = $1 AND c.visitor = ANY ($2::text[])
		AND (c.basis = 'policy' OR g.grant_id IS NOT NULL AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()))
		ORDER BY c.visitor, c.basis DESC`
)

// pageLimit is how many rows a page has.
func pageLimit(asked int) int {
	if asked <= 0 {
		return defaultPage
	}
	return min(asked, maxPage)
}

// Overview implements persistence.Privacy. Without a limit a page has
// defaultPage rows, and never more than maxPage.
func (s *Store) Overview(
	ctx context.Context, site string, access persistence.Access, q persistence.OverviewQuery,
) (persistence.Overview, error) {
	limit := pageLimit(q.Limit)
	query, args, err := pageQuery(site, q, limit+1)
	if err = errors.Join(err, access.Validate()); err != nil {
		return persistence.Overview{}, err
	}
	var out persistence.Overview
	var counted *tally
	err = s.acquire(ctx, "read overview", site, func(t *tx) error {
		var b pgx.Batch
		t.begin(&b, audited)
		queueNow(&b, &out.AsOf)
		counted = queueCounts(&b, site)
		b.Queue(query, args...).Query(func(rows pgx.Rows) error {
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
		return t.fill(out.Rows, access)
	})
	if err != nil {
		return persistence.Overview{}, err
	}
	out.Counts = counted.counts()
	if counted.lines > foldFrom {
		if err := s.write(ctx, "fold counts", site, func(b *pgx.Batch) { b.Queue(sqlFold) }); err != nil {
			s.log.Warn("the counts of a site could not be folded, its pages become slower", "site", site, "error", err)
		}
	}
	return out, nil
}

// fill adds consents and fields to the rows of a page, keeps who looked at how
// many contacts, and ends the transaction.
func (t *tx) fill(rows []persistence.OverviewRow, access persistence.Access) error {
	visitors := make([]string, len(rows))
	for i := range rows {
		visitors[i] = rows[i].Visitor
	}
	var b pgx.Batch
	people := queuePeople(&b, t.site, visitors)
	if err := t.send(&b); err != nil {
		return err
	}
	shown := 0
	for i := range rows {
		p := people[rows[i].Visitor]
		rows[i].Consents, rows[i].Fields, rows[i].Restricted = p.consents, p.fields, p.restricted
		if len(p.fields) > 0 {
			shown++
		}
	}
	if shown > 0 {
		return t.commitAudited(access, persistence.ActionListed, "", shown)
	}
	return nil // nothing was written, so there is nothing to commit
}

// A person is where a visitor's consents stand and which fields they gave.
type person struct {
	consents map[string]persistence.ConsentStatus
	fields   map[string]string
	// restricted: the contact must not be used.
	restricted bool
}

func queueNow(b *pgx.Batch, now *time.Time) {
	b.Queue(`SELECT statement_timestamp()`).QueryRow(func(row pgx.Row) error {
		err := row.Scan(now)
		*now = now.UTC()
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
		var restricted bool
		_, err := pgx.ForEachRow(rows, []any{&visitor, &v.name, &v.email, &v.phone, &v.custom, &restricted}, func() error {
			p := people[visitor]
			p.restricted = p.restricted || restricted
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
	p := people[visitor]
	out.Consents, out.Fields, out.Restricted = p.consents, p.fields, p.restricted
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
	sqlBecome    = `SELECT set_config('role', $1, true)`
	sqlMarketing = `SELECT visitor, name, email, phone, custom, consent_event, consented_at FROM zgoda.marketing_contact
		WHERE site = $1 AND purpose = $2::text::zgoda.purpose ORDER BY visitor`
)

// Marketing implements persistence.Privacy. It reads the marketing view and
// nothing besides, as the role that can read nothing besides.
func (s *Store) Marketing(ctx context.Context, site string, access persistence.Access, purpose string) (persistence.MarketingList, error) {
	if _, ok := channelField[purpose]; !ok {
		return persistence.MarketingList{}, fmt.Errorf("list marketing contacts: %q is not a marketing purpose", purpose)
	}
	if err := access.Validate(); err != nil {
		return persistence.MarketingList{}, err
	}
	out := persistence.MarketingList{Purpose: purpose}
	err := s.acquire(ctx, "list marketing contacts", site, func(t *tx) error {
		var b pgx.Batch
		t.begin(&b, audited)
		b.Queue(sqlBecome, RoleMarketing)
		queueNow(&b, &out.AsOf)
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
		b.Queue(sqlBecome, RoleApp)
		if err := t.send(&b); err != nil {
			return becomeError(err, RoleMarketing)
		}
		return t.commitAudited(access, persistence.ActionMarketing, "", len(out.Rows))
	})
	if err != nil {
		return persistence.MarketingList{}, err
	}
	return out, nil
}

// becomeError says what is missing where the login may not act as a role.
func becomeError(err error, role string) error {
	if sqlState(err) == insufficientPrivilege {
		return fmt.Errorf("the login may not act as %s (`GRANT %s TO <login>` lets it): %w: %w", role, role, persistence.ErrMisconfigured, err)
	}
	return err
}
