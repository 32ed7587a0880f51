package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"zgoda/persistence"
)

// Page sizes of an overview where the query names none, and at most.
const (
	defaultPage = 100
	maxPage     = 1000
)

const (
	// Counting over consent_overview would make four rows of every visitor, most
	// of whom were asked nothing.
	sqlCountVisitors = `SELECT count(*), count(erased_at) FROM visitor WHERE site = ?`
	sqlCountStatuses = `SELECT s.purpose, CASE WHEN s.status = 'granted' AND s.valid_until <= ?2 THEN 'expired' ELSE s.status END, count(*)
		FROM consent_status s JOIN visitor v ON v.site = s.site AND v.visitor = s.visitor AND v.erased_at IS NULL
		WHERE s.site = ?1 GROUP BY 1, 2`
	sqlPageVisitors = `SELECT v.visitor, v.first_seen FROM visitor v WHERE v.site = ?1 AND v.visitor > ?2
		AND (?3 = '' AND ?4 = '' OR EXISTS (SELECT 1 FROM consent_overview o WHERE o.site = v.site AND o.visitor = v.visitor
			AND (?3 = '' OR o.purpose = ?3) AND (?4 = '' OR o.status = ?4)))
		ORDER BY v.visitor LIMIT ?5`
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

// Overview implements persistence.Contacts. Without a limit a page has
// defaultPage rows, and never more than maxPage.
func (s *Store) Overview(ctx context.Context, site string, q persistence.OverviewQuery) (persistence.Overview, error) {
	out := persistence.Overview{AsOf: time.Now().UTC(), Counts: map[string]map[string]int{}}
	limit := min(q.Limit, maxPage)
	if limit <= 0 {
		limit = defaultPage
	}
	err := s.read(ctx, func(c *conn) error {
		if err := countStatuses(ctx, c, site, out.AsOf, out.Counts); err != nil {
			return err
		}
		args := row(site, q.After, q.Purpose, q.Status, limit+1)
		err := c.each(ctx, sqlPageVisitors, args, func(rows *sql.Rows) error {
			var r persistence.OverviewRow
			var seen int64
			if err := rows.Scan(&r.Visitor, &seen); err != nil {
				return err
			}
			r.FirstSeen = fromNano(seen)
			out.Rows = append(out.Rows, r)
			return nil
		})
		if err != nil {
			return fmt.Errorf("page visitors: %w", err)
		}
		if len(out.Rows) > limit {
			out.Rows = out.Rows[:limit]
			out.Next = out.Rows[limit-1].Visitor
		}
		for i := range out.Rows {
			r := &out.Rows[i]
			if r.Consents, err = consents(ctx, c, site, r.Visitor); err != nil {
				return err
			}
			if r.Fields, err = fields(ctx, c, site, r.Visitor, out.AsOf); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return persistence.Overview{}, storeError("read overview", err)
	}
	return out, nil
}

// countStatuses fills in the counts of the whole site, leaving out zeros. Who
// has no status for a purpose was not asked.
func countStatuses(ctx context.Context, c *conn, site string, now time.Time, counts map[string]map[string]int) error {
	var all, erased int
	if _, err := c.get(ctx, sqlCountVisitors, row(site), row(&all, &erased)); err != nil {
		return fmt.Errorf("count visitors: %w", err)
	}
	notAsked := map[string]int{}
	for _, p := range persistence.Purposes {
		counts[p], notAsked[p] = map[string]int{}, all-erased
	}
	err := c.each(ctx, sqlCountStatuses, row(site, now.UnixNano()), func(rows *sql.Rows) error {
		var purpose, status string
		var n int
		if err := rows.Scan(&purpose, &status, &n); err != nil {
			return err
		}
		counts[purpose][status] = n
		notAsked[purpose] -= n
		return nil
	})
	if err != nil {
		return fmt.Errorf("count statuses: %w", err)
	}
	for _, p := range persistence.Purposes {
		if n := notAsked[p]; n > 0 {
			counts[p][persistence.StatusNotAsked] = n
		}
		if erased > 0 {
			counts[p][persistence.StatusErased] = erased
		}
	}
	return nil
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
	var out map[string]string
	err := c.each(ctx, sqlGetFields, row(site, visitor, now.UnixNano()), func(rows *sql.Rows) error {
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
		out.Fields, err = fields(ctx, c, site, visitor, time.Now())
		return err
	})
	if err != nil {
		return persistence.VisitorRecord{}, storeError("read visitor", err)
	}
	return out, nil
}

const sqlMarketing = `SELECT visitor, fields, consent_event, consented_at FROM marketing_contact
	WHERE site = ? AND purpose = ? ORDER BY visitor`

// Marketing implements persistence.Contacts. It reads the marketing view and
// nothing besides.
func (s *Store) Marketing(ctx context.Context, site, purpose string) (persistence.MarketingList, error) {
	if _, ok := channelField[purpose]; !ok {
		return persistence.MarketingList{}, fmt.Errorf("list marketing contacts: %q is not a marketing purpose", purpose)
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
	if err != nil {
		return persistence.MarketingList{}, storeError("list marketing contacts", err)
	}
	return out, nil
}
