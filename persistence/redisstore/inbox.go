package redisstore

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"zgoda/persistence"
)

// InboxRows implements persistence.Inbox. Rows that left the inbox are returned,
// as Gone, for as long as a transcript is kept.
func (s *Store) InboxRows(ctx context.Context, site string, after uint64, limit int) ([]persistence.InboxRow, persistence.Position, error) {
	st := s.lookup(site)
	keys := []string{st.rows, st.order, st.top}
	// Numbers are scores, which end long before an unsigned number does.
	after = min(after, math.MaxInt64)
	res := s.run(ctx, st, scriptCall(s.scripts.inboxRows, keys, decimal(after), strconv.Itoa(max(limit, 0)), st.base))
	if res.err != nil {
		return nil, persistence.Position{}, storeError("read inbox", res.err)
	}
	r := reader{v: res.val}
	l := r.list()
	top := persistence.Position{Epoch: l.text(), Seq: l.number()}
	var rows []persistence.InboxRow
	for len(l.items) > 0 {
		row := persistence.InboxRow{Conversation: l.text(), Seq: l.number()}
		value := l.bytes()
		row.Gone = len(value) == 0 || value[0] == 'g'
		if !row.Gone {
			row.Body = value[1:]
		}
		row.Seen = l.number()
		rows = append(rows, row)
	}
	if r.err != nil {
		return nil, persistence.Position{}, fmt.Errorf("read inbox: %w", r.err)
	}
	return rows, top, nil
}

// Watch implements persistence.Inbox.
func (s *Store) Watch(ctx context.Context, site string, h persistence.Holder) error {
	if err := checkNode(h.Node); err != nil {
		return fmt.Errorf("watch inbox: %w", err)
	}
	st := s.site(site)
	res := s.run(ctx, st, scriptCall(s.scripts.watch, []string{st.watchers}, h.Node, decimal(h.Count)))
	return storeError("watch inbox", res.err)
}

// Unwatch implements persistence.Inbox.
func (s *Store) Unwatch(ctx context.Context, site string, h persistence.Holder) error {
	st := s.lookup(site)
	res := s.run(ctx, st, scriptCall(s.scripts.leave, []string{st.watchers}, h.Node, decimal(h.Count)))
	return storeError("leave inbox", res.err)
}
