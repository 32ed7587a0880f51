package sqlitestore

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"zgoda/persistence"
)

// blob makes an empty slice stay an empty value and nil NULL, which the driver
// would otherwise treat alike.
func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// unixNano is how times are stored; the zero time, which has no such number,
// is 0.
func unixNano(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func fromNano(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// Load implements persistence.Conversations.
func (s *Store) Load(ctx context.Context, key persistence.Key, r persistence.Range) (persistence.Snapshot, []persistence.Event, error) {
	var snap persistence.Snapshot
	var events []persistence.Event
	err := s.read(ctx, func(c *conn) error {
		var err error
		if snap, err = loadSnapshot(ctx, c, key, ""); err != nil {
			return err
		}
		id, err := conversationID(ctx, c, key)
		if err != nil {
			return err
		}
		events, err = loadEvents(ctx, c, id, r)
		return err
	})
	if err != nil {
		return persistence.Snapshot{}, nil, storeError("load conversation", err)
	}
	return snap, events, nil
}

const (
	sqlGetConversationID = `SELECT id FROM conversation WHERE site = ? AND conversation = ?`
	sqlLoadConversation  = `SELECT visitor, version, epoch, seq, first, state, staff_seq, seen_visitor, seen_operator FROM conversation WHERE site = ? AND conversation = ?`
	sqlLoadProfile       = `SELECT version, vseq, erased, profile, contact FROM profile WHERE site = ? AND visitor = ?`
)

func conversationID(ctx context.Context, c *conn, key persistence.Key) (int64, error) {
	var id int64
	if _, err := c.get(ctx, sqlGetConversationID, row(key.Site, key.Conversation), row(&id)); err != nil {
		return 0, fmt.Errorf("find conversation: %w", err)
	}
	return id, nil
}

// loadSnapshot reads the conversation and its visitor's profile. Where the
// conversation does not exist yet, visitor says whose profile it is.
func loadSnapshot(ctx context.Context, c *conn, key persistence.Key, visitor string) (persistence.Snapshot, error) {
	snap := persistence.Snapshot{Key: key, Visitor: visitor}
	_, err := c.get(ctx, sqlLoadConversation, row(key.Site, key.Conversation),
		row(&snap.Visitor, &snap.Version, &snap.Epoch, &snap.Seq, &snap.First, &snap.State,
			&snap.StaffSeq, &snap.SeenVisitor, &snap.SeenOperator))
	if err != nil {
		return persistence.Snapshot{}, fmt.Errorf("read conversation: %w", err)
	}
	if snap.Visitor == "" {
		return snap, nil
	}
	_, err = c.get(ctx, sqlLoadProfile, row(key.Site, snap.Visitor),
		row(&snap.ProfileVersion, &snap.VSeq, &snap.Erased, &snap.Profile, &snap.Contact))
	if err != nil {
		return persistence.Snapshot{}, fmt.Errorf("read profile: %w", err)
	}
	return snap, nil
}

const (
	sqlOldestEvents = `SELECT seq, id, at, body FROM event WHERE conversation = ? AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?`
	sqlNewestEvents = `SELECT seq, id, at, body FROM event WHERE conversation = ? AND seq >= ? AND seq < ? ORDER BY seq DESC LIMIT ?`
)

func loadEvents(ctx context.Context, c *conn, conversation int64, r persistence.Range) ([]persistence.Event, error) {
	if conversation == 0 || r.Limit <= 0 {
		return nil, nil
	}
	before := uint64(math.MaxInt64)
	if r.Before != 0 {
		before = min(r.Before, before)
	}
	query := sqlOldestEvents
	if r.Newest {
		query = sqlNewestEvents
	}
	var events []persistence.Event
	args := row(conversation, int64(min(r.From, math.MaxInt64)), int64(before), r.Limit)
	err := c.each(ctx, query, args, func(rows *sql.Rows) error {
		var e persistence.Event
		var at int64
		if err := rows.Scan(&e.Seq, &e.ID, &at, &e.Body); err != nil {
			return err
		}
		e.At = fromNano(at)
		events = append(events, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	if r.Newest {
		slices.Reverse(events)
	}
	return events, nil
}

const sqlLastInput = `SELECT client.last_n FROM client JOIN conversation ON conversation.id = client.conversation
	WHERE conversation.site = ? AND conversation.conversation = ? AND client.name = ?`

// LastInput implements persistence.Conversations.
func (s *Store) LastInput(ctx context.Context, key persistence.Key, client string) (uint64, error) {
	var n uint64
	err := s.read(ctx, func(c *conn) error {
		_, err := c.get(ctx, sqlLastInput, row(key.Site, key.Conversation, client), row(&n))
		return err
	})
	if err != nil {
		return 0, storeError("read last input", err)
	}
	return n, nil
}

const sqlGetPosition = `SELECT epoch, seq, version FROM conversation WHERE site = ? AND conversation = ? AND epoch <> ''`

// Positions implements persistence.Conversations.
func (s *Store) Positions(ctx context.Context, keys []persistence.Key) ([]persistence.Position, error) {
	out := make([]persistence.Position, len(keys))
	err := s.read(ctx, func(c *conn) error {
		for i, k := range keys {
			if _, err := c.get(ctx, sqlGetPosition, row(k.Site, k.Conversation), row(&out[i].Epoch, &out[i].Seq, &out[i].Version)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, storeError("read positions", err)
	}
	return out, nil
}
