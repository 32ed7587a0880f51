package sqlitestore

import (
	"context"
	"database/sql"
	"slices"
	"sync"
	"time"

	"zgoda/persistence"
)

var _ persistence.Desk = (*Store)(nil)

// desk is who is there. One process has the file and all sockets are its own, so
// it is kept in memory: when the process ends, so do the sockets.
type desk struct {
	mu     sync.Mutex // guards leases
	leases map[string]map[socketName]lease
}

type socketName struct{ operator, socket string }

type lease struct {
	persistence.Presence
	ends time.Time
}

// Present implements persistence.Desk.
func (s *Store) Present(_ context.Context, site string, p persistence.Presence, d time.Duration) error {
	p.Watching = slices.Sorted(slices.Values(p.Watching))
	name := socketName{p.Operator, p.Socket}
	s.desk.mu.Lock()
	changed := s.desk.prune(site)
	if s.desk.leases == nil {
		s.desk.leases = map[string]map[socketName]lease{}
	}
	if s.desk.leases[site] == nil {
		s.desk.leases[site] = map[socketName]lease{}
	}
	before, known := s.desk.leases[site][name]
	changed = changed || !known || before.Away != p.Away || before.Left != p.Left || !slices.Equal(before.Watching, p.Watching)
	s.desk.leases[site][name] = lease{p, time.Now().Add(d)}
	s.desk.mu.Unlock()
	if changed {
		s.tellDesk(site)
	}
	return nil
}

// Absent implements persistence.Desk.
func (s *Store) Absent(_ context.Context, site, operator, socket string) error {
	name := socketName{operator, socket}
	s.desk.mu.Lock()
	_, known := s.desk.leases[site][name]
	delete(s.desk.leases[site], name)
	s.desk.mu.Unlock()
	if known {
		s.tellDesk(site)
	}
	return nil
}

func (s *Store) tellDesk(site string) {
	s.tell(&persistence.News{Snapshot: persistence.Snapshot{Key: persistence.Key{Site: site}}, Desk: true})
}

// prune drops leases that have ended and reports whether there were any. mu is
// held.
func (d *desk) prune(site string) bool {
	now, any := time.Now(), false
	for name, l := range d.leases[site] {
		if !l.ends.After(now) {
			delete(d.leases[site], name)
			any = true
		}
	}
	return any
}

// Presences implements persistence.Desk.
func (s *Store) Presences(_ context.Context, site string) ([]persistence.Presence, error) {
	s.desk.mu.Lock()
	defer s.desk.mu.Unlock()
	now := time.Now()
	var out []persistence.Presence
	for _, l := range s.desk.leases[site] {
		if l.ends.After(now) {
			out = append(out, l.Presence)
		}
	}
	return out, nil
}

const (
	sqlAssignments = `SELECT conversation, assigned FROM conversation WHERE site = ? AND assigned <> ''`
	sqlStaffTop    = `SELECT id, staff_seq FROM conversation WHERE site = ? AND conversation = ?`
	sqlStaffLog    = `SELECT seq, id, at, body FROM staff_entry WHERE conversation = ? AND seq > ? ORDER BY seq DESC LIMIT ?`
)

// Assignments implements persistence.Desk.
func (s *Store) Assignments(ctx context.Context, site string) ([]persistence.Assignment, error) {
	var out []persistence.Assignment
	err := s.read(ctx, func(c *conn) error {
		return c.each(ctx, sqlAssignments, row(site), func(rows *sql.Rows) error {
			var a persistence.Assignment
			if err := rows.Scan(&a.Conversation, &a.Operator); err != nil {
				return err
			}
			out = append(out, a)
			return nil
		})
	})
	if err != nil {
		return nil, storeError("read assignments", err)
	}
	return out, nil
}

// StaffLog implements persistence.Desk.
func (s *Store) StaffLog(ctx context.Context, key persistence.Key, after uint64, limit int) ([]persistence.StaffEntry, uint64, error) {
	var out []persistence.StaffEntry
	var top uint64
	err := s.read(ctx, func(c *conn) error {
		var id int64
		if _, err := c.get(ctx, sqlStaffTop, row(key.Site, key.Conversation), row(&id, &top)); err != nil {
			return err
		}
		return c.each(ctx, sqlStaffLog, row(id, int64(min(after, 1<<62)), limit), func(rows *sql.Rows) error {
			var e persistence.StaffEntry
			var at int64
			if err := rows.Scan(&e.Seq, &e.ID, &at, &e.Body); err != nil {
				return err
			}
			e.At = fromNano(at)
			out = append(out, e)
			return nil
		})
	})
	if err != nil {
		return nil, 0, storeError("read staff log", err)
	}
	slices.Reverse(out)
	return out, top, nil
}
