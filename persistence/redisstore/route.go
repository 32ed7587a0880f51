package redisstore

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// moves is how often a call follows a slot that moved.
	moves     = 4
	movePause = 20 * time.Millisecond
)

// owner returns the primary that holds a site's slot.
func (s *Store) owner(ctx context.Context, st *site) (*owner, error) {
	if s.only != nil {
		return s.only, nil
	}
	client, err := s.cluster.MasterForKey(ctx, st.base)
	if err != nil {
		return nil, &outage{cause: err}
	}
	return s.ownerOf(client)
}

// ownerOf returns the lanes to a node of the Cluster. Lanes outlive the driver's
// client: a node that left and came back is the same address.
func (s *Store) ownerOf(client *redis.Client) (*owner, error) {
	addr := client.Options().Addr
	s.ownersMu.RLock()
	w, ok := s.owners[addr]
	s.ownersMu.RUnlock()
	if ok {
		return w, nil
	}
	s.ownersMu.Lock()
	defer s.ownersMu.Unlock()
	if w, ok = s.owners[addr]; ok {
		return w, nil
	}
	if s.stopping.Err() != nil {
		return nil, errClosed
	}
	w = s.newOwner(client)
	s.owners[addr] = w
	return w, nil
}

// run carries a site's call to the primary that holds it. The call may be made
// again: it reads, or repeating it changes nothing more. So where the connection
// broke under it, it is made once more.
func (s *Store) run(ctx context.Context, st *site, c *call) result {
	res := s.runOn(ctx, st, c, plainLane)
	if brokenOff(res.err) && ctx.Err() == nil {
		return s.runOn(ctx, st, &call{args: c.args, runArg: c.runArg}, plainLane)
	}
	return res
}

func plainLane(w *owner) *lane { return w.plain }

func safeLane(w *owner) *lane { return w.safe }

// brokenOff reports whether a call was lost with its connection, and did not
// run out of time.
func brokenOff(err error) bool {
	var out *outage
	var slow net.Error
	return errors.As(err, &out) && out.sent && !errors.Is(err, errTimeout) && !errors.Is(err, context.Canceled) &&
		!errors.Is(err, context.DeadlineExceeded) && !(errors.As(err, &slow) && slow.Timeout())
}

// runOn carries a call on a lane, and after the slot where it has moved: a
// redirected call did nothing.
func (s *Store) runOn(ctx context.Context, st *site, c *call, pick func(*owner) *lane) result {
	for try := 1; ; try++ {
		if err := ctx.Err(); err != nil {
			return result{err: &outage{cause: err}}
		}
		w, err := s.owner(ctx, st)
		if err != nil {
			return result{err: err}
		}
		res := pick(w).do(ctx, c)
		if res.err == nil || s.cluster == nil {
			return res
		}
		if isReply(res.err) && !says(res.err, "MOVED") {
			return res
		}
		// A node that does not answer may have been replaced.
		s.cluster.ReloadState(ctx)
		if !isReply(res.err) || try == moves || !pause(ctx, movePause) {
			return res
		}
		c = &call{args: c.args, runArg: c.runArg}
	}
}

// runAll carries one call for each of several sites at the same time and
// returns the results in the order of the calls.
func (s *Store) runAll(ctx context.Context, sites []*site, calls []*call) []result {
	out := make([]result, len(calls))
	if len(calls) == 1 {
		out[0] = s.run(ctx, sites[0], calls[0])
		return out
	}
	lanes := make([]*lane, len(calls))
	for i, c := range calls {
		w, err := s.owner(ctx, sites[i])
		if err != nil {
			out[i].err = err
			continue
		}
		lanes[i] = w.plain
		w.plain.enqueue(c)
	}
	for i, c := range calls {
		if lanes[i] == nil {
			continue
		}
		out[i] = lanes[i].wait(ctx, c)
		if says(out[i].err, "MOVED") || brokenOff(out[i].err) {
			out[i] = s.run(ctx, sites[i], &call{args: c.args, runArg: c.runArg})
		}
	}
	return out
}

// pause waits for d and reports whether ctx is still good.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
