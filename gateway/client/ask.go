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

// A question waits for the answer to a frame without a number: history, a
// receipt, an export. One is asked at a time, so errors without a number are its.
type question struct {
	before uint64 // of history
	done   chan struct{}
	past   *protocol.Past
	text   []byte // a receipt, or what has come of an export
	parts  int
	err    error
}

func (q *question) answer(err error) {
	q.err = err
	close(q.done)
}

// ask sends a question when it is its turn and waits for the answer.
func (c *Client) ask(ctx context.Context, q *question, f protocol.ClientFrame) error {
	data, err := protocol.Encode(f)
	if err != nil {
		return err
	}
	q.done = make(chan struct{})
	err = c.wait(ctx, func() bool {
		if c.asked != nil {
			return false
		}
		c.asked = q
		return true
	})
	if err != nil {
		return err
	}
	defer c.forget(q)
	if err := c.send(outFrame{data: data}); err != nil {
		return err
	}
	select {
	case <-q.done:
		return q.err
	case <-ctx.Done():
		return fmt.Errorf("wait for the answer to %s: %w", f.T, ctx.Err())
	case <-c.stopped:
		return ErrClosed
	}
}

// History returns at most limit events before seq, oldest first, and whether
// there are still older ones.
func (c *Client) History(ctx context.Context, beforeSeq uint64, limit int) ([]protocol.Event, bool, error) {
	q := &question{before: beforeSeq}
	if err := c.ask(ctx, q, protocol.ClientFrame{T: protocol.TypeHistory, BeforeSeq: beforeSeq, Limit: limit}); err != nil {
		return nil, false, err
	}
	return q.past.Events, q.past.More, nil
}

// Receipt returns a signed receipt of every consent question and answer so far, a
// compact JWS.
func (c *Client) Receipt(ctx context.Context) (string, error) {
	q := &question{}
	if err := c.ask(ctx, q, protocol.ClientFrame{T: protocol.TypeAskReceipt}); err != nil {
		return "", err
	}
	return string(q.text), nil
}

// Export returns all that is held about the visitor, as JSON.
func (c *Client) Export(ctx context.Context) ([]byte, error) {
	q := &question{}
	if err := c.ask(ctx, q, protocol.ClientFrame{T: protocol.TypeAskExport}); err != nil {
		return nil, err
	}
	return q.text, nil
}

// forget gives the turn to the next caller.
func (c *Client) forget(q *question) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asked == q {
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
	c.asked.past = f
	c.answered(nil)
}

func (c *Client) onReceipt(f *protocol.Receipt) {
	if c.asked == nil {
		return // its caller has gone
	}
	c.asked.text = []byte(f.Receipt)
	c.answered(nil)
}

// onExport checks that no piece is missing.
func (c *Client) onExport(f *protocol.Export) {
	if c.asked == nil {
		return // its caller has gone
	}
	c.asked.parts++
	if f.Part != c.asked.parts {
		c.violate("part %d of an export came where %d belongs", f.Part, c.asked.parts)
	}
	c.asked.text = append(c.asked.text, f.Text...)
	if !f.More {
		c.answered(nil)
	}
}

// answered ends the question that is asked. mu is held.
func (c *Client) answered(err error) {
	c.asked.answer(err)
	c.asked = nil
}
