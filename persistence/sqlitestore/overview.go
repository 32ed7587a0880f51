package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"zgoda/persistence"
)

// Page sizes of an overview where the query names none, and at most.
const (
	defaultPage = 100
	maxPage     = 1000
)

const (
	// What the triggers counted.
	sqlGetTally = `SELECT purpose, status, n FROM tally WHERE site = ? AND n <> 0`
	// Grants that have run out and that nobody has ended yet.
	sqlCountRunOut = `SELECT purpose, count(*) FROM active_grant WHERE site = ? AND valid_until <= ? GROUP BY 1`

	// The pages, each found by an index in the order of the visitors.
	sqlPageAll     = `SELECT v.visitor FROM visitor v WHERE v.site = ? AND v.visitor > ? ORDER BY v.visitor LIMIT ?`
	sqlPageErased  = `SELECT v.visitor FROM visitor v WHERE v.site = ? AND v.visitor > ? AND v.erased_at IS NOT NULL ORDER BY v.visitor LIMIT ?`
	sqlPageGranted = `SELECT s.visitor FROM consent_status s WHERE s.site = ?1 AND s.visitor > ?2 AND s.purpose = ?4 AND s.status = 'granted'
		AND (s.valid_until IS NULL OR s.valid_until > ?5) ORDER BY s.visitor LIMIT ?3`
	sqlPageExpired = `SELECT s.visitor FROM consent_status s WHERE s.site = ?1 AND s.visitor > ?2 AND s.purpose = ?4 AND s.status = 'expired'
		ORDER BY s.visitor LIMIT ?3`
	sqlPageRunOut = `SELECT g.visitor FROM active_grant g WHERE g.site = ?1 AND g.visitor > ?2 AND g.purpose = ?4 AND g.valid_until <= ?5
		ORDER BY g.visitor LIMIT ?3`
	sqlPageStatus = `SELECT s.visitor FROM consent_status s WHERE s.site = ?1 AND s.visitor > ?2 AND s.purpose = ?4 AND s.status = ?5
		ORDER BY s.visitor LIMIT ?3`
	// Who was not asked has no row to be found by: this looks at visitors until the
	// page is full.
	sqlPageNotAsked = `SELECT v.visitor FROM visitor v WHERE v.site = ?1 AND v.visitor > ?2 AND v.erased_at IS NULL
		AND NOT EXISTS (SELECT 1 FROM consent_status s WHERE s.site = ?1 AND s.visitor = v.visitor AND s.purpose = ?4)
		ORDER BY v.visitor LIMIT ?3`

	sqlGetConsents = `SELECT purpose, status, coalesce(since, 0), coalesce(event, ''), coalesce(notice, ''), coalesce(locale, ''),
		coalesce(method, ''), coalesce(request, ''), coalesce(valid_until, 0), coalesce(grant_id, ''), coalesce(granted_vseq, 0)
		FROM consent_overview WHERE site = ? AND visitor = ?`
	// A grant that has run out is not in force, also before somebody wrote that
	// into the ledger. Where there is a contact on both bases, the one the
	// visitor agreed to comes last and wins.
	sqlGetFields = `SELECT f.field, f.value FROM contact_field f
		LEFT JOIN active_grant g ON g.site = f.site AND g.visitor = f.visitor AND g.purpose = 'lead_contact'
		WHERE f.site = ? AND f.visitor = ?
		AND (f.basis = 'policy' OR g.grant_id IS NOT NULL AND (g.valid_until IS NULL OR g.valid_until > ?))
		ORDER BY f.basis DESC`
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
	if err := errors.Join(checkFilter(q), access.Validate()); err != nil {
		return persistence.Overview{}, fmt.Errorf("read overview: %w", err)
	}
	out := persistence.Overview{AsOf: time.Now().UTC()}
	limit, shown := pageLimit(q.Limit), 0
	err := s.read(ctx, func(c *conn) error {
		var err error
		if out.Counts, err = counts(ctx, c, site, out.AsOf); err != nil {
			return err
		}
		page, err := pageOf(ctx, c, site, q, out.AsOf, limit+1)
		if err != nil {
			return fmt.Errorf("page visitors: %w", err)
		}
		if len(page) > limit {
			page = page[:limit]
			out.Next = page[limit-1]
		}
		for _, visitor := range page {
			r, err := overviewRow(ctx, c, site, visitor, out.AsOf)
			if err != nil {
				return err
			}
			if len(r.Fields) > 0 {
				shown++
			}
			out.Rows = append(out.Rows, r)
		}
		return nil
	})
	if err == nil && shown > 0 {
		err = s.audit(ctx, site, access, persistence.ActionListed, "", shown)
	}
	if err != nil {
		return persistence.Overview{}, storeError("read overview", err)
	}
	return out, nil
}

func checkFilter(q persistence.OverviewQuery) error {
	if q.Purpose != "" && !slices.Contains(persistence.Purposes, q.Purpose) {
		return fmt.Errorf("no purpose %q", q.Purpose)
	}
	switch q.Status {
	case "", persistence.StatusGranted, persistence.StatusDeclined, persistence.StatusDeferred, persistence.StatusWithdrawn,
		persistence.StatusExpired, persistence.StatusRequested, persistence.StatusNotAsked, persistence.StatusErased:
		return nil
	}
	return fmt.Errorf("no status %q", q.Status)
}

// pageOf returns the visitors of a page, in order. Where purposes are not told
// apart, each gives as many as fit.
func pageOf(ctx context.Context, c *conn, site string, q persistence.OverviewQuery, now time.Time, limit int) ([]string, error) {
	args := row(site, q.After, limit)
	switch q.Status {
	case "":
		return names(ctx, c, sqlPageAll, args)
	case persistence.StatusErased:
		return names(ctx, c, sqlPageErased, args)
	}
	purposes := persistence.Purposes
	if q.Purpose != "" {
		purposes = []string{q.Purpose}
	}
	var out []string
	for _, p := range purposes {
		for _, query := range pageQueries(q.Status) {
			args := row(site, q.After, limit, p)
			switch query {
			case sqlPageGranted, sqlPageRunOut:
				args = append(args, now.UnixNano())
			case sqlPageStatus:
				args = append(args, q.Status)
			}
			found, err := names(ctx, c, query, args)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	slices.Sort(out)
	return first(slices.Compact(out), limit), nil
}

// pageQueries are what finds the visitors with a status. A grant that has run
// out counts as expired before anybody ended it.
func pageQueries(status string) []string {
	switch status {
	case persistence.StatusGranted:
		return []string{sqlPageGranted}
	case persistence.StatusExpired:
		return []string{sqlPageExpired, sqlPageRunOut}
	case persistence.StatusNotAsked:
		return []string{sqlPageNotAsked}
	}
	return []string{sqlPageStatus}
}

func overviewRow(ctx context.Context, c *conn, site, visitor string, now time.Time) (persistence.OverviewRow, error) {
	r := persistence.OverviewRow{Visitor: visitor}
	var seen, erased int64
	_, err := c.get(ctx, sqlGetPerson, row(site, visitor), row(&seen, &erased))
	if err != nil {
		return r, fmt.Errorf("read visitor: %w", err)
	}
	r.FirstSeen = fromNano(seen)
	if r.Consents, err = consents(ctx, c, site, visitor); err != nil {
		return r, err
	}
	if r.Fields, err = fields(ctx, c, site, visitor, now); err != nil {
		return r, err
	}
	r.Restricted, err = isRestricted(ctx, c, site, visitor)
	return r, err
}

// counts returns the counts of the whole site by purpose and status, without
// zeros. Who has no status for a purpose was not asked.
func counts(ctx context.Context, c *conn, site string, now time.Time) (map[string]map[string]int, error) {
	statuses, runOut := map[string]map[string]int{"": {}}, map[string]int{}
	err := c.each(ctx, sqlGetTally, row(site), func(rows *sql.Rows) error {
		var purpose, status string
		var n int
		err := rows.Scan(&purpose, &status, &n)
		if statuses[purpose] == nil {
			statuses[purpose] = map[string]int{}
		}
		statuses[purpose][status] = n
		return err
	})
	if err == nil {
		err = c.each(ctx, sqlCountRunOut, row(site, now.UnixNano()), func(rows *sql.Rows) error {
			var purpose string
			var n int
			err := rows.Scan(&purpose, &n)
			runOut[purpose] = n
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read counts: %w", err)
	}
	out := map[string]map[string]int{}
	erased := statuses[""][persistence.StatusErased]
	for _, p := range persistence.Purposes {
		m := map[string]int{persistence.StatusErased: erased}
		notAsked := statuses[""]["seen"] - erased
		for status, n := range statuses[p] {
			if status != persistence.StatusErased {
				m[status] = n
				notAsked -= n
			}
		}
		m[persistence.StatusNotAsked] = notAsked
		m[persistence.StatusGranted] -= runOut[p]
		m[persistence.StatusExpired] += runOut[p]
		maps.DeleteFunc(m, func(_ string, n int) bool { return n == 0 })
		out[p] = m
	}
	return out, nil
}

func consents(ctx context.Context, c *conn, site, visitor string) (map[string]persistence.ConsentStatus, error) {
	out := map[string]persistence.ConsentStatus{}
	err := c.each(ctx, sqlGetConsents, row(site, visitor), func(rows *sql.Rows) error {
		var purpose string
		var st persistence.ConsentStatus
		var since, until int64
		err := rows.Scan(&purpose, &st.Status, &since, &st.Event, &st.Notice, &st.Locale, &st.Method, &st.Request,
			&until, &st.Grant, &st.GrantVSeq)
		st.Since, st.ValidUntil = fromNano(since), fromNano(until)
		out[purpose] = st
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read consents: %w", err)
	}
	return out, nil
}

func fields(ctx context.Context, c *conn, site, visitor string, now time.Time) (map[string]string, error) {
	return fieldsOf(ctx, c, sqlGetFields, row(site, visitor, now.UnixNano()))
}

func fieldsOf(ctx context.Context, c *conn, query string, args []any) (map[string]string, error) {
	var out map[string]string
	err := c.each(ctx, query, args, func(rows *sql.Rows) error {
		var field, value string
		if err := rows.Scan(&field, &value); err != nil {
			return err
		}
		if out == nil {
			out = map[string]string{}
		}
		out[field] = value
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read contact: %w", err)
	}
	return out, nil
}

// Visitor implements persistence.Contacts.
func (s *Store) Visitor(ctx context.Context, site, visitor string) (persistence.VisitorRecord, error) {
	out := persistence.VisitorRecord{Visitor: visitor}
	err := s.read(ctx, func(c *conn) error {
		var seq uint64
		var hash []byte
		known, err := c.get(ctx, sqlGetVisitor, row(site, visitor), row(&out.AppliedVSeq, &seq, &hash, &out.Erased))
		if err != nil {
			return err
		}
		if !known {
			return persistence.ErrNotFound
		}
		if out.Consents, err = consents(ctx, c, site, visitor); err != nil {
			return err
		}
		if out.Fields, err = fields(ctx, c, site, visitor, time.Now()); err != nil {
			return err
		}
		out.Restricted, err = isRestricted(ctx, c, site, visitor)
		return err
	})
	if err != nil {
		return persistence.VisitorRecord{}, storeError("read visitor", err)
	}
	return out, nil
}

const sqlMarketing = `SELECT visitor, fields, consent_event, consented_at FROM marketing_contact
	WHERE site = ? AND purpose = ? ORDER BY visitor`

// Marketing implements persistence.Privacy. It reads the marketing view and
// nothing besides.
func (s *Store) Marketing(ctx context.Context, site string, access persistence.Access, purpose string) (persistence.MarketingList, error) {
	if _, ok := channelField[purpose]; !ok {
		return persistence.MarketingList{}, fmt.Errorf("list marketing contacts: %q is not a marketing purpose", purpose)
	}
	if err := access.Validate(); err != nil {
		return persistence.MarketingList{}, err
	}
	out := persistence.MarketingList{AsOf: time.Now().UTC(), Purpose: purpose}
	err := s.read(ctx, func(c *conn) error {
		return c.each(ctx, sqlMarketing, row(site, purpose), func(rows *sql.Rows) error {
			var r persistence.MarketingContact
			var object []byte
			var at int64
			if err := rows.Scan(&r.Visitor, &object, &r.Consent, &at); err != nil {
				return err
			}
			r.ConsentedAt = fromNano(at)
			out.Rows = append(out.Rows, r)
			return json.Unmarshal(object, &out.Rows[len(out.Rows)-1].Fields)
		})
	})
	if err == nil {
		err = s.audit(ctx, site, access, persistence.ActionMarketing, "", len(out.Rows))
	}
	if err != nil {
		return persistence.MarketingList{}, storeError("list marketing contacts", err)
	}
	return out, nil
}
