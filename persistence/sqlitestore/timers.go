package sqlitestore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"math"
	"time"

	"zgoda/persistence"
)

var (
	_ persistence.Timers = (*Store)(nil)
	_ persistence.Inbox  = (*Store)(nil)
)

const (
	sqlPutTimer    = `INSERT INTO timer (site, conversation, name, due) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET due = excluded.due`
	sqlDropTimer   = `DELETE FROM timer WHERE site = ? AND conversation = ? AND name = ?`
	sqlEraseTimers = `DELETE FROM timer WHERE site = ? AND conversation = ?`
	sqlDueTimers   = `SELECT site, conversation, name, due FROM timer WHERE due <= ? AND site IN (SELECT value FROM json_each(?)) ORDER BY due LIMIT ?`
)

// putTimers sets, moves and cancels. An erased visitor has none left.
func (c *commit) putTimers() error {
	in := c.in
	if in.Erase {
		if _, err := c.exec(sqlEraseTimers, in.Site, in.Conversation); err != nil {
			return fmt.Errorf("erase timers: %w", err)
		}
		return nil
	}
	for _, t := range in.Timers {
		var err error
		if t.Due.IsZero() {
			_, err = c.exec(sqlDropTimer, in.Site, in.Conversation, t.Name)
		} else {
			_, err = c.exec(sqlPutTimer, in.Site, in.Conversation, t.Name, unixNano(t.Due))
		}
		if err != nil {
			return fmt.Errorf("write timer: %w", err)
		}
	}
	return nil
}

// DueTimers implements persistence.Timers.
func (s *Store) DueTimers(ctx context.Context, now time.Time, limit int) ([]persistence.Timer, error) {
	var due []persistence.Timer
	err := s.read(ctx, func(c *conn) error {
		return c.each(ctx, sqlDueTimers, row(unixNano(now), s.sites, limit), func(rows *sql.Rows) error {
			var t persistence.Timer
			var at int64
			if err := rows.Scan(&t.Site, &t.Conversation, &t.Name, &at); err != nil {
				return err
			}
			t.Due = time.Unix(0, at).UTC()
			due = append(due, t)
			return nil
		})
	})
	if err != nil {
		return nil, storeError("read timers", err)
	}
	return due, nil
}

const (
	sqlNextInbox = `INSERT INTO inbox (site, epoch, seq) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET seq = seq + 1`
	sqlInboxTop  = `SELECT epoch, seq FROM inbox WHERE site = ?`
	sqlPutInbox  = `INSERT INTO inbox_row (site, conversation, seq, gone, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (site, conversation) DO UPDATE SET seq = excluded.seq, gone = excluded.gone, body = excluded.body`
	sqlInboxRows = `SELECT r.conversation, r.seq, r.gone, r.body, coalesce(c.seen_operator, 0) FROM inbox_row r
		LEFT JOIN conversation c ON c.site = r.site AND c.conversation = r.conversation WHERE r.site = ? AND r.seq > ? ORDER BY r.seq LIMIT ?`
	sqlHasInbox = `SELECT 1 FROM inbox_row WHERE site = ? AND conversation = ? AND gone = 0`
)

// putInbox numbers the changed row. An erased visitor's row is gone.
func (c *commit) putInbox() error {
	in := c.in
	change := in.Inbox
	if in.Erase {
		var one int
		if found, err := c.get(sqlHasInbox, row(in.Site, in.Conversation), row(&one)); err != nil || !found {
			return err
		}
		change = &persistence.InboxRow{Gone: true}
	}
	if change == nil {
		return nil
	}
	top, err := c.nextInbox(in.Site)
	if err != nil {
		return err
	}
	body := change.Body
	if change.Gone {
		body = nil
	}
	if _, err := c.exec(sqlPutInbox, in.Site, in.Conversation, top.Seq, change.Gone, body); err != nil {
		return fmt.Errorf("write inbox row: %w", err)
	}
	c.row = rowNews(in.Key, top, body, change.Gone)
	return nil
}

// nextInbox gives a site's inbox its next number.
func (t *tx) nextInbox(site string) (persistence.Position, error) {
	if _, err := t.exec(sqlNextInbox, site, rand.Text()); err != nil {
		return persistence.Position{}, fmt.Errorf("number inbox row: %w", err)
	}
	var top persistence.Position
	if _, err := t.get(sqlInboxTop, row(site), row(&top.Epoch, &top.Seq)); err != nil {
		return persistence.Position{}, fmt.Errorf("number inbox row: %w", err)
	}
	return top, nil
}

func rowNews(key persistence.Key, top persistence.Position, body []byte, gone bool) *persistence.News {
	return &persistence.News{
		Snapshot: persistence.Snapshot{Key: key}, InboxTop: top,
		Inbox: &persistence.InboxRow{Conversation: key.Conversation, Seq: top.Seq, Body: body, Gone: gone},
	}
}

// InboxRows implements persistence.Inbox.
func (s *Store) InboxRows(ctx context.Context, site string, after uint64, limit int) ([]persistence.InboxRow, persistence.Position, error) {
	var rows []persistence.InboxRow
	var top persistence.Position
	err := s.read(ctx, func(c *conn) error {
		if _, err := c.get(ctx, sqlInboxTop, row(site), row(&top.Epoch, &top.Seq)); err != nil {
			return err
		}
		return c.each(ctx, sqlInboxRows, row(site, int64(min(after, math.MaxInt64)), limit), func(r *sql.Rows) error {
			var in persistence.InboxRow
			if err := r.Scan(&in.Conversation, &in.Seq, &in.Gone, &in.Body, &in.Seen); err != nil {
				return err
			}
			rows = append(rows, in)
			return nil
		})
	})
	if err != nil {
		return nil, persistence.Position{}, storeError("read inbox", err)
	}
	return rows, top, nil
}

// Watch implements persistence.Inbox.
func (s *Store) Watch(_ context.Context, site string, h persistence.Holder) error {
	s.ears.watch(site, h)
	return nil
}

// Unwatch implements persistence.Inbox.
func (s *Store) Unwatch(_ context.Context, site string, h persistence.Holder) error {
	s.ears.unwatch(site, h)
	return nil
}
