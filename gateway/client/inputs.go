package client

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"zgoda/gateway/protocol"
)

// A Receipt is the server's answer to an input that is in the log.
type Receipt struct {
	N uint64
	// Seq and ID name the input's own event, 0 and empty where it made none.
	Seq uint64
	ID  string
}

// inputs numbers what the visitor does and keeps it until it is answered.
type inputs struct {
	next    uint64 // the number of the next input
	pending []*input
	// answered keeps what was acknowledged, to compare and to verify.
	answered map[inputName]Receipt
	// holdUntil: nothing is sent before; holds counts transient errors in a row.
	holdUntil time.Time
	holds     int
}

type inputName struct {
	client string
	n      uint64
}

// An input waits for its answer.
type input struct {
	frame protocol.ClientFrame
	data  []byte
	sent  bool
	// skipped: the caller has its answer, and a skip takes the number's place.
	skipped bool
	done    chan struct{}
	receipt Receipt
	err     error
}

func (i *input) finish(r Receipt, err error) {
	if i.skipped {
		return
	}
	i.receipt, i.err = r, err
	close(i.done)
}

// Say sends a line.
func (c *Client) Say(ctx context.Context, text string) (Receipt, error) {
	return c.do(ctx, protocol.ClientFrame{T: protocol.TypeSay, Text: text})
}

// Press presses an option of the event named of.
func (c *Client) Press(ctx context.Context, of, choice string) (Receipt, error) {
	return c.do(ctx, protocol.ClientFrame{T: protocol.TypePress, Of: of, Choice: choice})
}

// Decide answers a consent card: protocol.AnswerGrant or protocol.AnswerDecline.
func (c *Client) Decide(ctx context.Context, request, answer string) (Receipt, error) {
	return c.do(ctx, protocol.ClientFrame{T: protocol.TypeDecide, Request: request, Answer: answer})
}

// AskCard asks for the consent card; no purposes means the base purpose.
func (c *Client) AskCard(ctx context.Context, purposes ...string) (Receipt, error) {
	return c.do(ctx, protocol.ClientFrame{T: protocol.TypeAskCard, Purposes: purposes})
}

// Withdraw withdraws purposes; none means all that are granted.
func (c *Client) Withdraw(ctx context.Context, purposes ...string) (Receipt, error) {
	return c.do(ctx, protocol.ClientFrame{T: protocol.TypeWithdraw, Purposes: purposes})
}

// Erase erases the visitor.
func (c *Client) Erase(ctx context.Context) (Receipt, error) {
	return c.do(ctx, protocol.ClientFrame{T: protocol.TypeErase})
}

// do numbers an input and waits for its answer. When ctx ends first the input
// stays on its way.
func (c *Client) do(ctx context.Context, f protocol.ClientFrame) (Receipt, error) {
	i, err := c.number(f)
	if err != nil {
		return Receipt{}, err
	}
	select {
	case <-i.done:
		return i.receipt, i.err
	case <-ctx.Done():
		n := c.numberOf(i)
		return Receipt{N: n}, fmt.Errorf("wait for the answer to input %d: %w", n, ctx.Err())
	case <-c.stopped:
		return Receipt{N: c.numberOf(i)}, ErrClosed
	}
}

// numberOf returns the number an input has now: on an instance of another name it
// gets a new one.
func (c *Client) numberOf(i *input) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return i.frame.N
}

// number checks the limits before it gives a number: what the server would
// refuse for its size would otherwise hold up every later input.
func (c *Client) number(f protocol.ClientFrame) (*input, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if c.ended != nil {
		return nil, c.ended
	}
	f.N = c.inputs.next
	data, err := protocol.Encode(f)
	if err != nil {
		return nil, err
	}
	if runes := utf8.RuneCountInString(f.Text); runes > c.limits.TextRunes || len(data) > c.limits.FrameBytes {
		return nil, ErrRefused{Code: protocol.CodeTooLong, Message: fmt.Sprintf(
			"%d characters, %d bytes: at most %d and %d are taken", runes, len(data), c.limits.TextRunes, c.limits.FrameBytes)}
	}
	c.inputs.next++
	i := &input{frame: f, data: data, done: make(chan struct{})}
	c.inputs.pending = append(c.inputs.pending, i)
	c.notify()
	return i, nil
}

// find returns the pending input with this number.
func (q *inputs) find(n uint64) *input {
	for _, i := range q.pending {
		if i.frame.N == n {
			return i
		}
	}
	return nil
}

// drop takes an input off the list.
func (q *inputs) drop(gone *input) {
	for k, i := range q.pending {
		if i == gone {
			q.pending = append(q.pending[:k:k], q.pending[k+1:]...)
			return
		}
	}
}

// resend marks the inputs from n on as not sent.
func (q *inputs) resend(n uint64) {
	for _, i := range q.pending {
		if i.frame.N >= n {
			i.sent = false
		}
	}
}

// takeUnsent returns the frames to send now, at most window in flight.
func (q *inputs) takeUnsent(now time.Time, window int) [][]byte {
	if now.Before(q.holdUntil) {
		return nil
	}
	var frames [][]byte
	for k, i := range q.pending {
		if k >= window {
			break
		}
		if !i.sent {
			i.sent = true
			frames = append(frames, i.data)
		}
	}
	return frames
}

// skip answers the caller and lets a skip take the number's place.
func (q *inputs) skip(i *input, err error) {
	i.finish(Receipt{N: i.frame.N}, err)
	i.skipped = true
	i.sent = false
	i.frame = protocol.ClientFrame{T: protocol.TypeSkip, N: i.frame.N}
	i.data, _ = protocol.Encode(i.frame) // a skip has nothing that could fail
}

// hold waits before inputs are sent again.
func (q *inputs) hold(now time.Time, after time.Duration) {
	if until := now.Add(after); until.After(q.holdUntil) {
		q.holdUntil = until
	}
}

// skipOversize replaces the input after which the server closed for its size.
func (q *inputs) skipOversize(limit int) {
	var big *input
	for _, i := range q.pending {
		if i.sent && (big == nil || len(i.data) > len(big.data)) {
			big = i
		}
		if i.sent && len(i.data) > limit {
			break // the first above the stated limit is the one
		}
	}
	if big != nil {
		q.skip(big, ErrRefused{N: big.frame.N, Code: protocol.CodeTooLong, Message: "the frame is too big"})
	}
}

// rename gives the pending inputs numbers of a new instance.
func (q *inputs) rename() {
	q.next = 1
	kept := q.pending[:0]
	for _, i := range q.pending {
		if i.skipped {
			continue // there is no number to give up any more
		}
		i.frame.N, i.sent = q.next, false
		i.data, _ = protocol.Encode(i.frame) // it was encoded before
		q.next++
		kept = append(kept, i)
	}
	q.pending = kept
}
