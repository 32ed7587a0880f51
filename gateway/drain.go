package gateway

import (
	"context"
	"math/rand/v2"
	"time"

	"zgoda/gateway/protocol"
)

// drain makes room for a restart that nobody notices. First the node says that
// it is not ready and keeps serving while balancers take note; then it refuses
// new sockets and asks its clients, one after the other over the drain time, to
// open a socket elsewhere, which they do before they drop this one. So they come
// back at a stated rate and not as a herd.
func (a *App) drain(ctx context.Context) error {
	a.server.Unready()
	if !sleep(ctx, a.opts.DrainDelay) {
		return ctx.Err()
	}
	a.server.Drain()
	frame, err := protocol.Encode(&protocol.GoAway{})
	if err != nil {
		return err
	}
	sockets := a.sockets.All()
	if len(sockets) == 0 {
		return nil
	}
	rand.Shuffle(len(sockets), func(i, j int) { sockets[i], sockets[j] = sockets[j], sockets[i] })
	began := time.Now()
	a.toDrain.Store(int64(len(sockets)))
	for i, s := range sockets {
		s.Send(frame)
		a.drained.Add(1)
		due := began.Add(a.opts.DrainTime * time.Duration(i+1) / time.Duration(len(sockets)))
		if !sleep(ctx, time.Until(due)) {
			return ctx.Err()
		}
	}
	return nil
}

// closeSockets ends the sockets that are left. The listener is closed by now, so
// no new one appears. Each handshake is bounded and they run side by side: one
// peer that does not answer holds up nobody.
func (a *App) closeSockets(ctx context.Context) error {
	a.sockets.Close()
	for _, s := range a.sockets.All() {
		s.Close(protocol.CloseGoAway, "this node is being restarted")
	}
	return wait(ctx, a.sockets.Wait)
}

// sleep returns false when ctx is over before d has passed.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
