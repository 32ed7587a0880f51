package client

import (
	"context"
	"fmt"

	"zgoda/gateway/protocol"
)

// send queues a frame that has no number.
func (c *Client) send(f outFrame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return ErrClosed
	case c.link == nil:
		return ErrNotConnected
	}
	c.link.queue = append(c.link.queue, f)
	c.notify()
	return nil
}

// Beat asks the server for the newest seq and returns its answer.
func (c *Client) Beat(ctx context.Context) (protocol.Beat, error) {
	call := &beatCall{done: make(chan protocol.Beat, 1)}
	if err := c.send(outFrame{beat: call}); err != nil {
		return protocol.Beat{}, err
	}
	select {
	case b := <-call.done:
		return b, nil
	case <-ctx.Done():
		return protocol.Beat{}, fmt.Errorf("wait for the answer to a beat: %w", ctx.Err())
	case <-c.stopped:
		return protocol.Beat{}, ErrClosed
	}
}

// Typing says that the visitor is typing, or no longer.
func (c *Client) Typing(on bool) error {
	data, err := protocol.Encode(protocol.ClientFrame{T: protocol.TypeTyping, On: on})
	if err != nil {
		return err
	}
	return c.send(outFrame{data: data})
}

// Raw sends any bytes as a text message, to see what a server makes of them.
func (c *Client) Raw(data []byte) error { return c.send(outFrame{data: data}) }

// A historyCall waits for a past frame.
type historyCall struct {
	before uint64
	done   chan struct{}
	past   *protocol.Past
	err    error
}

func (h *historyCall) answer(p *protocol.Past, err error) {
	h.past, h.err = p, err
	close(h.done)
}

// History returns at most limit events before seq, oldest first, and whether
// there are still older ones. One call is asked at a time; they wait in turn.
func (c *Client) History(ctx context.Context, beforeSeq uint64, limit int) ([]protocol.Event, bool, error) {
	data, err := protocol.Encode(protocol.ClientFrame{T: protocol.TypeHistory, BeforeSeq: beforeSeq, Limit: limit})
	if err != nil {
		return nil, false, err
	}
	call := &historyCall{before: beforeSeq, done: make(chan struct{})}
	err = c.wait(ctx, func() bool {
		if c.asked != nil {
			return false
		}
		c.asked = call
		return true
	})
	if err != nil {
		return nil, false, err
	}
	defer c.forget(call)
	if err := c.send(outFrame{data: data}); err != nil {
		return nil, false, err
	}
	select {
	case <-call.done:
		if call.err != nil {
			return nil, false, call.err
		}
		return call.past.Events, call.past.More, nil
	case <-ctx.Done():
		return nil, false, fmt.Errorf("wait for history: %w", ctx.Err())
	case <-c.stopped:
		return nil, false, ErrClosed
	}
}

// forget gives the turn to the next caller.
func (c *Client) forget(call *historyCall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked == call {
		c.asked = nil
		c.notify()
	}
}

// onPast checks that the page ends where it was asked to, without holes.
func (c *Client) onPast(f *protocol.Past) {
	if c.asked == nil || c.asked.before != f.BeforeSeq {
		return // its caller has gone
	}
	for i, e := range f.Events {
		if want := f.BeforeSeq - uint64(len(f.Events)-i); e.Seq != want {
			c.violate("history before %d holds event %d where %d belongs", f.BeforeSeq, e.Seq, want)
			break
		}
		if known := c.journal.at(e.Seq); known != nil && known.ID != e.ID {
			c.violate("history has event %d as %s, the log has it as %s", e.Seq, e.ID, known.ID)
		}
	}
	c.asked.answer(f, nil)
	c.asked = nil
}
