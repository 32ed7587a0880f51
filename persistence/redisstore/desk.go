package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"zgoda/persistence"
)

var _ persistence.Desk = (*Store)(nil)

// Signal implements persistence.Nodes. It is one round trip.
func (s *Store) Signal(ctx context.Context, key persistence.Key, node string, g persistence.Signal) error {
	st := s.site(key.Site)
	typing, row := "", ""
	if g.Typing {
		if typing = "0"; g.On {
			typing = "1"
		}
	}
	if g.Row {
		row = "1"
	}
	keys := []string{st.conv + key.Conversation, st.holders + key.Conversation, st.rows, st.order, st.top, st.watchers}
	res := s.run(ctx, st, scriptCall(s.scripts.signal, keys,
		node, st.name, key.Conversation, g.From, decimal(g.Seen), typing, g.Operator, row))
	return storeError("signal", res.err)
}

// checkName refuses names that a list separated by blanks could not hold.
func checkName(names ...string) error {
	for _, n := range names {
		if n == "" || strings.ContainsFunc(n, func(r rune) bool { return r <= ' ' }) {
			return errors.New("a name must not be empty or contain blanks")
		}
	}
	return nil
}

// Present implements persistence.Desk.
func (s *Store) Present(ctx context.Context, site string, p persistence.Presence, lease time.Duration) error {
	if err := checkName(append([]string{p.Operator, p.Socket}, p.Watching...)...); err != nil {
		return fmt.Errorf("enter presence: %w", err)
	}
	said := "here"
	switch {
	case p.Left:
		said = "left"
	case p.Away:
		said = "away"
	}
	watching := slices.Sorted(slices.Values(p.Watching))
	said = strings.Join(append([]string{said}, watching...), " ")
	return s.present(ctx, site, p.Operator+" "+p.Socket, max(lease.Milliseconds(), 1), said)
}

// Absent implements persistence.Desk.
func (s *Store) Absent(ctx context.Context, site, operator, socket string) error {
	return s.present(ctx, site, operator+" "+socket, 0, "")
}

func (s *Store) present(ctx context.Context, site, member string, leaseMS int64, said string) error {
	st := s.site(site)
	res := s.run(ctx, st, scriptCall(s.scripts.present, []string{st.leases, st.desk, st.watchers},
		st.name, member, strconv.FormatInt(leaseMS, 10), said))
	return storeError("enter presence", res.err)
}

// Presences implements persistence.Desk.
func (s *Store) Presences(ctx context.Context, site string) ([]persistence.Presence, error) {
	st := s.lookup(site)
	res := s.run(ctx, st, scriptCall(s.scripts.presences, []string{st.leases, st.desk}))
	if res.err != nil {
		return nil, storeError("read presences", res.err)
	}
	r := reader{v: res.val}
	l := r.list()
	var out []persistence.Presence
	for len(l.items) > 0 {
		member, said := l.text(), strings.Fields(l.text())
		var p persistence.Presence
		p.Operator, p.Socket, _ = strings.Cut(member, " ")
		if len(said) > 0 {
			p.Away, p.Left, p.Watching = said[0] == "away", said[0] == "left", said[1:]
		}
		out = append(out, p)
	}
	if r.err != nil {
		return nil, fmt.Errorf("read presences: %w", r.err)
	}
	return out, nil
}

// Assignments implements persistence.Desk.
func (s *Store) Assignments(ctx context.Context, site string) ([]persistence.Assignment, error) {
	st := s.lookup(site)
	res := s.run(ctx, st, scriptCall(s.scripts.assignments, []string{st.assigned}, st.base))
	if res.err != nil {
		return nil, storeError("read assignments", res.err)
	}
	r := reader{v: res.val}
	l := r.list()
	var out []persistence.Assignment
	for len(l.items) > 0 {
		out = append(out, persistence.Assignment{Conversation: l.text(), Operator: l.text()})
	}
	if r.err != nil {
		return nil, fmt.Errorf("read assignments: %w", r.err)
	}
	return out, nil
}

// StaffLog implements persistence.Desk.
func (s *Store) StaffLog(ctx context.Context, key persistence.Key, after uint64, limit int) ([]persistence.StaffEntry, uint64, error) {
	if limit <= 0 {
		return nil, 0, nil
	}
	st := s.lookup(key.Site)
	calls := []*call{
		{args: []any{"hget", st.conv + key.Conversation, "ss"}},
		{args: []any{"xrevrange", st.staff + key.Conversation, "+", "(" + decimal(min(after, 1<<62)) + "-0", "count", strconv.Itoa(limit)}},
	}
	results := s.runAll(ctx, []*site{st, st}, calls)
	for _, res := range results {
		if res.err != nil {
			return nil, 0, storeError("read staff log", res.err)
		}
	}
	head := reader{v: []any{results[0].val}}
	top := head.list().optNumber()
	r := reader{v: []any{results[1].val}}
	var out []persistence.StaffEntry
	for _, e := range r.list().events(true) {
		out = append(out, persistence.StaffEntry(e))
	}
	if err := errors.Join(head.err, r.err); err != nil {
		return nil, 0, fmt.Errorf("read staff log: %w", err)
	}
	return out, top, nil
}
