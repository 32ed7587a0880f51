package desk

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// A Follower gets the frames of a site's inbox. The methods must not block, and
// are called with the inbox locked.
type Follower interface {
	// Deliver gets an encoded frame that continues what was delivered before.
	Deliver(frame []byte)
	// Restart says that what follows would not continue it.
	Restart()
}

// An inbox is one site's, with its followers on this node.
type inbox struct {
	desk *Desk
	site string

	dirty  atomic.Bool // rows may have changed
	stale  atomic.Bool // who is there may have changed
	online atomic.Int64
	// looking is held while presence is read, so that an older read does not
	// overwrite a newer one. It is taken before mu.
	looking sync.Mutex

	mu        sync.Mutex // guards the fields below
	followers map[Follower]struct{}
	watch     persistence.Holder
	position  Position // up to which the followers were told
	presence  []byte   // the newest frame
	there     map[string]bool
	missing   map[string]time.Time // since when an operator with conversations is missing
}

// Follow brings a follower up to date and lets it follow. send takes the frames of
// the replay; it may block and is called without a lock. have is what the follower
// has; zero for nothing.
func (d *Desk) Follow(ctx context.Context, site string, have Position, f Follower, send func([]byte) error) error {
	i := d.inboxes[site]
	if i == nil {
		return errNoSite
	}
	if err := i.watched(ctx); err != nil {
		return err
	}
	pos, err := i.replay(ctx, have, send)
	if err != nil {
		return err
	}
	for {
		frames, next, more, err := i.changes(ctx, pos)
		if err != nil {
			return err
		}
		if !continues(pos, next) {
			// It was begun anew meanwhile.
			if pos, err = i.replay(ctx, Position{}, send); err != nil {
				return err
			}
			continue
		}
		if !more {
			if i.join(ctx, f, next) {
				return i.showPresence(ctx, f)
			}
			pos = next
			continue
		}
		for _, frame := range frames {
			if err := send(frame); err != nil {
				return err
			}
		}
		pos = next
	}
}

// join lets a follower that has everything up to pos follow. Where the others are
// behind it gets what they get, once more; where they are ahead it must catch up.
func (i *inbox) join(ctx context.Context, f Follower, pos Position) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case len(i.followers) == 0:
		i.position = pos
	case !continues(pos, i.position) && !continues(i.position, pos) || i.position.Seq > pos.Seq:
		if ctx.Err() != nil {
			return true // the next read says so
		}
		return false
	}
	i.followers[f] = struct{}{}
	i.dirty.Store(true) // what changed between the last read and here
	return true
}

// Unfollow ends what Follow began.
func (d *Desk) Unfollow(site string, f Follower) {
	i := d.inboxes[site]
	if i == nil {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.followers, f)
}

// watched enters the node among those that are told of changes.
func (i *inbox) watched(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.watch.Node != "" && len(i.followers) > 0 {
		return nil
	}
	h := persistence.Holder{Node: i.desk.o.Node, Count: i.desk.count.Add(1)}
	if err := i.desk.o.Inbox.Watch(ctx, i.site, h); err != nil {
		return fmt.Errorf("watch inbox: %w", err)
	}
	i.watch = h
	return nil
}

// replay sends what follows have, or everything after a reset.
func (i *inbox) replay(ctx context.Context, have Position, send func([]byte) error) (Position, error) {
	_, top, err := i.desk.o.Inbox.InboxRows(ctx, i.site, 0, 0)
	if err != nil {
		return Position{}, fmt.Errorf("read inbox: %w", err)
	}
	if have.Epoch != "" && have.Epoch == top.Epoch && have.Seq <= top.Seq {
		frames, pos, _, err := i.changes(ctx, have)
		if err != nil {
			return Position{}, err
		}
		if pos.Epoch == have.Epoch {
			if len(frames) == 0 {
				// The answer says that nothing was missed.
				frames, err = i.encode(have, nil, false)
			}
			return pos, sendAll(frames, send, err)
		}
	}
	rows, pos, err := i.everything(ctx)
	if err != nil {
		return Position{}, err
	}
	frames, err := i.encode(pos, rows, true)
	return pos, sendAll(frames, send, err)
}

func sendAll(frames [][]byte, send func([]byte) error, err error) error {
	for _, frame := range frames {
		if err == nil {
			err = send(frame)
		}
	}
	return err
}

// everything reads the whole inbox: all that people have or that waits, and of what
// the bot has the newest.
func (i *inbox) everything(ctx context.Context) ([]protocol.Row, Position, error) {
	var rows []protocol.Row
	bots, after := 0, Position{}
	for {
		page, next, more, err := i.page(ctx, after)
		if err != nil {
			return nil, Position{}, err
		}
		if next.Epoch != after.Epoch && after.Seq > 0 {
			rows, bots, after = nil, 0, Position{} // it was begun anew
			continue
		}
		for _, r := range page {
			if r.Gone {
				continue
			}
			if r.Owner == protocol.OwnerBot {
				bots++
			}
			rows = append(rows, r)
		}
		after = next
		if !more {
			break
		}
	}
	out := rows[:0]
	for _, r := range rows {
		if r.Owner == protocol.OwnerBot {
			if bots--; bots >= protocol.BotRows {
				continue
			}
		}
		out = append(out, r)
	}
	return out, after, nil
}

// page reads the rows after a position, and where they end; more says that others
// may follow.
func (i *inbox) page(ctx context.Context, after Position) (rows []protocol.Row, next Position, more bool, err error) {
	stored, top, err := i.desk.o.Inbox.InboxRows(ctx, i.site, after.Seq, protocol.InboxRows)
	if err != nil {
		return nil, Position{}, false, fmt.Errorf("read inbox: %w", err)
	}
	next = Position{Epoch: top.Epoch, Seq: after.Seq}
	rows = make([]protocol.Row, 0, len(stored))
	for k := range stored {
		next.Seq = stored[k].Seq
		row, err := i.desk.o.Row(i.site, &stored[k])
		if err != nil {
			// One row that does not open must not hide the others.
			i.desk.o.Log.Error("row of the inbox", "site", i.site, "error", err)
			continue
		}
		rows = append(rows, row)
	}
	if len(stored) == 0 {
		// Numbers of rows that changed again are used up.
		next.Seq = max(top.Seq, after.Seq)
		if top.Epoch != after.Epoch {
			next.Seq = top.Seq
		}
	}
	return rows, next, len(stored) > 0, nil
}

// changes reads the rows after a position as frames, up to a bound, and where they
// end; more says that others may follow.
func (i *inbox) changes(ctx context.Context, after Position) (frames [][]byte, next Position, more bool, err error) {
	rows, next, more, err := i.page(ctx, after)
	if err != nil || !continues(after, next) || len(rows) == 0 {
		return nil, next, more, err
	}
	frames, err = i.encode(next, rows, false)
	return frames, next, more, err
}

// continues reports whether a position is of the same inbox as an earlier one. The
// first row of all begins it.
func continues(before, after Position) bool {
	return before.Epoch == after.Epoch || before == Position{}
}

// encode makes frames of rows; pos is the position after the last of them.
func (i *inbox) encode(pos Position, rows []protocol.Row, reset bool) ([][]byte, error) {
	var frames [][]byte
	for first := true; first || len(rows) > 0; first = false {
		n := min(len(rows), protocol.InboxRows)
		frame := protocol.Inbox{
			Site: i.site, Epoch: pos.Epoch, Seq: pos.Seq, Rows: rows[:n], Reset: reset && first, More: n < len(rows),
		}
		data, err := protocol.Encode(&frame)
		if err != nil {
			return nil, fmt.Errorf("encode inbox: %w", err)
		}
		frames, rows = append(frames, data), rows[n:]
	}
	return frames, nil
}

// tick tells the followers what is new.
func (i *inbox) tick(ctx context.Context, renew bool) {
	i.mu.Lock()
	followed, watching := len(i.followers) > 0, i.watch.Node != ""
	i.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, i.desk.o.Timeout)
	defer cancel()
	if !followed {
		if watching && renew {
			i.leave(ctx)
		}
		return
	}
	if renew {
		// Where the store is away, the next time: the entry outlives some.
		_ = i.desk.o.Inbox.Watch(ctx, i.site, i.watch)
		i.dirty.Store(true)
	}
	if i.dirty.Swap(false) {
		i.flush(ctx)
	}
	if i.stale.Swap(false) {
		if err := i.look(ctx); err != nil {
			i.stale.Store(true)
		}
	}
}

// leave takes the node out of those that are told, when nobody follows any more.
func (i *inbox) leave(ctx context.Context) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.followers) > 0 {
		return
	}
	if i.desk.o.Inbox.Unwatch(ctx, i.site, i.watch) == nil {
		i.watch = persistence.Holder{}
	}
}

// flush reads what changed and tells every follower.
func (i *inbox) flush(ctx context.Context) {
	i.mu.Lock()
	defer i.mu.Unlock()
	frames, next, more, err := i.changes(ctx, i.position)
	if err != nil {
		i.dirty.Store(true) // the store is away: later
		return
	}
	if !continues(i.position, next) {
		// The inbox is another one: everybody begins anew.
		for f := range i.followers {
			f.Restart()
			delete(i.followers, f)
		}
		return
	}
	for _, frame := range frames {
		for f := range i.followers {
			f.Deliver(frame)
		}
	}
	if i.position = next; more {
		i.dirty.Store(true)
	}
}

// Top returns the top of a site's inbox as the store has it; where the followers
// were told less, they soon are.
func (d *Desk) Top(ctx context.Context, site string) (Position, error) {
	i := d.inboxes[site]
	if i == nil {
		return Position{}, errNoSite
	}
	_, top, err := d.o.Inbox.InboxRows(ctx, site, 0, 0)
	if err != nil {
		return Position{}, fmt.Errorf("read inbox: %w", err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if top != i.position {
		i.dirty.Store(true)
	}
	return top, nil
}
