package client

import (
	"context"
	"time"

	"zgoda/gateway/protocol"
)

// duty is what the keeper has to do next.
type duty int

const (
	dutyWait   duty = iota // nothing before the time given
	dutyWrite              // frames are to be written
	dutyReturn             // no socket: come back
	dutyMove               // open a new socket, then drop this one
	dutyGiveUp             // the socket is silent
)

// keep is the keeper. It alone writes to a live socket.
func (c *Client) keep(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		what, l, frames, in := c.next(time.Now())
		switch what {
		case dutyWrite:
			for _, data := range frames {
				if err := c.write(l, data); err != nil {
					l.cut(err)
					break
				}
			}
			continue
		case dutyReturn:
			c.comeBack(ctx)
			continue
		case dutyMove:
			c.move(ctx, l)
			continue
		case dutyGiveUp:
			l.cut(errSilent)
			<-l.done
			continue
		}
		timer.Reset(in)
		select {
		case <-c.kick:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// next decides what is due now, or in how long something may be.
func (c *Client) next(now time.Time) (what duty, l *link, frames [][]byte, in time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l = c.link
	if l == nil {
		if c.retryAt.IsZero() || c.ended != nil || !c.opts.AutoReconnect {
			return dutyWait, nil, nil, time.Hour
		}
		if now.Before(c.retryAt) {
			return dutyWait, nil, nil, c.retryAt.Sub(now)
		}
		return dutyReturn, nil, nil, 0
	}
	silent := l.heard.Add(time.Duration(c.limits.SilenceMS) * time.Millisecond)
	if l.owed <= c.journal.top() && !now.Before(l.owedUntil) {
		l.owed = 0
	}
	switch {
	case !now.Before(silent):
		return dutyGiveUp, l, nil, 0
	case !l.movedAt.IsZero() && !now.Before(l.movedAt), l.owed > 0 && !now.Before(l.owedUntil):
		return dutyMove, l, nil, 0
	}
	if !now.Before(l.beatAt) {
		l.beatAt = now.Add(time.Duration(c.limits.BeatMS) * time.Millisecond)
		l.queue = append(l.queue, outFrame{beat: &beatCall{done: make(chan protocol.Beat, 1)}})
	}
	frames = append(c.takeQueue(l), c.inputs.takeUnsent(now, c.limits.InFlight)...)
	if len(frames) > 0 {
		return dutyWrite, l, frames, 0
	}
	due := earliest(silent, l.beatAt, l.movedAt)
	if l.owed > 0 {
		due = earliest(due, l.owedUntil)
	}
	if now.Before(c.inputs.holdUntil) {
		due = earliest(due, c.inputs.holdUntil)
	}
	return dutyWait, l, nil, due.Sub(now)
}

// earliest returns the first of the times that are set.
func earliest(times ...time.Time) time.Time {
	first := time.Time{}
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// takeQueue returns the frames of a socket that have no number. mu is held.
func (c *Client) takeQueue(l *link) [][]byte {
	var frames [][]byte
	for _, f := range l.queue {
		data := f.data
		if f.beat != nil {
			f.beat.asked = c.journal.top()
			l.beats = append(l.beats, f.beat)
			beat := protocol.ClientFrame{T: protocol.TypeBeat}
			if f.beat.asked > 0 {
				beat.Epoch, beat.Seq = c.journal.epoch, f.beat.asked
			}
			data, _ = protocol.Encode(beat) // the server's own epoch came as JSON
		}
		frames = append(frames, data)
	}
	l.queue = nil
	return frames
}

// move opens a new socket beside the old one, which is dropped when the new one
// has resumed. Where that fails the old one stays as long as it lasts, and the
// next attempt waits as after any failure.
func (c *Client) move(ctx context.Context, l *link) {
	c.mu.Lock()
	url := c.url
	c.mu.Unlock()
	if err := c.connect(ctx, url); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		l.movedAt = time.Now().Add(max(c.opts.Reconnect.wait(1), 100*time.Millisecond))
		l.owed = 0
	}
}
