package sqlitestore

import (
	"context"

	"zgoda/persistence"
)

var _ persistence.Nodes = (*Store)(nil)

// Attach implements persistence.Nodes. One process has the file, so there is
// nobody to hear of: it is Load.
func (s *Store) Attach(ctx context.Context, key persistence.Key, _ persistence.Holder, r persistence.Range) (persistence.Snapshot, []persistence.Event, error) {
	return s.Load(ctx, key, r)
}

// Detach implements persistence.Nodes.
func (s *Store) Detach(context.Context, persistence.Key, persistence.Holder) error { return nil }

// Beat implements persistence.Nodes.
func (s *Store) Beat(ctx context.Context, _ persistence.Holder, keys []persistence.Key) ([]persistence.Position, error) {
	return s.Positions(ctx, keys)
}

// Listen implements persistence.Nodes. There are no news of other nodes; nothing
// can be missed either.
func (s *Store) Listen(ctx context.Context, _ string, _ func(persistence.News)) error {
	<-ctx.Done()
	return nil
}

// Probe implements persistence.Nodes. There is no channel that could be broken.
func (s *Store) Probe(context.Context, string, string) error { return nil }
