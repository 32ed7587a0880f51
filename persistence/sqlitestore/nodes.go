package sqlitestore

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"zgoda/persistence"
)

var _ persistence.Nodes = (*Store)(nil)

// Attach implements persistence.Nodes. One process has the file, so there is no
// other holder to hear of: it is Load.
func (s *Store) Attach(ctx context.Context, key persistence.Key, _ persistence.Holder, r persistence.Range) (persistence.Snapshot, []persistence.Event, error) {
	return s.Load(ctx, key, r)
}

// Detach implements persistence.Nodes.
func (s *Store) Detach(context.Context, persistence.Key, persistence.Holder) error { return nil }

// Beat implements persistence.Nodes.
func (s *Store) Beat(ctx context.Context, _ persistence.Holder, keys []persistence.Key) ([]persistence.Position, error) {
	return s.Positions(ctx, keys)
}

// Listen implements persistence.Nodes. There are no news of other nodes, but
// those of inboxes are told to the node that commits, too.
func (s *Store) Listen(ctx context.Context, node string, hear func(persistence.News)) error {
	forget := s.ears.add(node, hear)
	defer forget()
	hear(persistence.News{Subscribed: true})
	<-ctx.Done()
	return nil
}

// Probe implements persistence.Nodes. There is no channel that could be broken.
func (s *Store) Probe(context.Context, string, string) error { return nil }

const (
	sqlSignalled    = `SELECT id, seq, seen_visitor, seen_operator FROM conversation WHERE site = ? AND conversation = ? AND epoch <> ''`
	sqlSeenVisitor  = `UPDATE conversation SET seen_visitor = ? WHERE id = ?`
	sqlSeenOperator = `UPDATE conversation SET seen_operator = ? WHERE id = ?`
	sqlRenumberRow  = `UPDATE inbox_row SET seq = ? WHERE site = ? AND conversation = ?`
)

// Signal implements persistence.Nodes: the read mark is kept, there is nobody
// else to tell.
func (s *Store) Signal(ctx context.Context, key persistence.Key, _ string, g persistence.Signal) error {
	if g.Seen == 0 {
		return nil
	}
	var told *persistence.News
	err := s.write(ctx, "signal", func(t *tx) error {
		var id int64
		var top, visitor, operator uint64
		found, err := t.get(sqlSignalled, row(key.Site, key.Conversation), row(&id, &top, &visitor, &operator))
		if err != nil || !found {
			return err
		}
		query, have := sqlSeenVisitor, visitor
		if g.From == persistence.SignalOperator {
			query, have = sqlSeenOperator, operator
		}
		seen := min(g.Seen, top)
		if seen <= have {
			return nil
		}
		if _, err := t.exec(query, seen, id); err != nil {
			return fmt.Errorf("keep read mark: %w", err)
		}
		if g.Row {
			told, err = t.renumber(key)
		}
		return err
	})
	if err == nil && told != nil {
		s.tell(told)
	}
	return err
}

// renumber makes a row of the inbox a changed one.
func (t *tx) renumber(key persistence.Key) (*persistence.News, error) {
	var one int
	if found, err := t.get(sqlHasInbox, row(key.Site, key.Conversation), row(&one)); err != nil || !found {
		return nil, err
	}
	top, err := t.nextInbox(key.Site)
	if err != nil {
		return nil, err
	}
	if _, err := t.exec(sqlRenumberRow, top.Seq, key.Site, key.Conversation); err != nil {
		return nil, fmt.Errorf("number inbox row: %w", err)
	}
	return rowNews(key, top, nil, false), nil
}

// ears are who listens in this process, and which inboxes they watch.
type ears struct {
	mu       sync.Mutex // guards the fields below
	next     int
	all      map[int]ear
	watching map[string]map[string]uint64 // by site and node, the watch's count
}

type ear struct {
	node string
	hear func(persistence.News)
}

func (e *ears) add(node string, hear func(persistence.News)) (forget func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all == nil {
		e.all = map[int]ear{}
	}
	id := e.next
	e.next++
	e.all[id] = ear{node, hear}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.all, id)
	}
}

func (e *ears) watch(site string, h persistence.Holder) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.watching == nil {
		e.watching = map[string]map[string]uint64{}
	}
	if e.watching[site] == nil {
		e.watching[site] = map[string]uint64{}
	}
	e.watching[site][h.Node] = max(h.Count, e.watching[site][h.Node])
}

func (e *ears) unwatch(site string, h persistence.Holder) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.watching[site][h.Node] <= h.Count {
		delete(e.watching[site], h.Node)
	}
}

// of returns those who watch a site's inbox.
func (e *ears) of(site string) []ear {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Collect(maps.Values(e.all)), func(a ear) bool {
		_, watches := e.watching[site][a.node]
		return !watches
	})
}

// tell says news of an inbox to those who watch it. Two that are said at the same
// time may arrive in either order; their numbers tell.
func (s *Store) tell(news *persistence.News) {
	for _, e := range s.ears.of(news.Snapshot.Site) {
		e.hear(*news)
	}
}
