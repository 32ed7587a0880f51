package client

import (
	"errors"
	"fmt"
	"time"

	"zgoda/gateway/protocol"
)

// receive handles one frame of the server.
func (c *Client) receive(l *link, text bool, data []byte) {
	c.receiving.Lock()
	defer c.receiving.Unlock()

	frame, err := protocol.DecodeServer(data)
	c.mu.Lock()
	l.heard = time.Now()
	var fresh []protocol.Event
	var unknown *protocol.FrameError
	switch {
	case !text:
		c.violate("the server sent a binary message")
	case errors.As(err, &unknown) && unknown.Code == protocol.CodeUnknownType:
		// A newer server; nothing here depends on it.
	case err != nil:
		c.violate("the server sent what is no frame: %v", err)
	default:
		fresh = c.apply(l, frame)
	}
	c.notify()
	c.mu.Unlock()

	if c.opts.OnEvent != nil {
		for _, e := range fresh {
			c.opts.OnEvent(e)
		}
	}
}

// apply changes the client by one frame and returns the events that are new. mu
// is held.
func (c *Client) apply(l *link, frame any) []protocol.Event {
	switch f := frame.(type) {
	case *protocol.Hello:
		c.onHello(l, f)
	case *protocol.Reset:
		c.onReset(l, f)
	case *protocol.Events:
		return c.onEvents(l, f)
	case *protocol.Ack:
		c.onAck(l, f)
	case *protocol.Error:
		c.onError(l, f)
	case *protocol.Beat:
		c.onBeat(l, f)
	case *protocol.Past:
		c.onPast(f)
	case *protocol.Receipt:
		c.onReceipt(f)
	case *protocol.Export:
		c.onExport(f)
	case *protocol.GoAway:
		l.movedAt = time.Now().Add(time.Duration(f.AfterMS) * time.Millisecond)
	case *protocol.Typing:
		// Nothing is kept of it.
	}
	return nil
}

func (c *Client) onHello(l *link, f *protocol.Hello) {
	if l.hello {
		c.violate("a second hello over one socket")
		return
	}
	l.hello, l.resets = true, f.Resume == protocol.ResumeReset
	if c.hello.Visitor != "" && (c.hello.Visitor != f.Visitor || c.hello.Conversation != f.Conversation) {
		c.violate("visitor or conversation changed: %s %s became %s %s",
			c.hello.Visitor, c.hello.Conversation, f.Visitor, f.Conversation)
	}
	c.hello, c.token, c.limits = *f, f.Token, orDefault(f.Limits)
	if f.Resume == protocol.ResumeNew && c.journal.top() > 0 {
		c.violate("the log of %d events is gone without a reset", c.journal.top())
		c.journal.restart()
	}
	if c.forgotten(f) {
		l.err = errRenamed
		l.cut(errRenamed)
		return
	}
	c.inputs.next = max(c.inputs.next, f.LastN+1)
	if f.Resume == protocol.ResumeNew {
		c.replayed(l)
		return
	}
	// Where nothing was missed, a server may have no events to end the replay
	// with. The answer to a beat says that there are none.
	l.queue = append(l.queue, outFrame{beat: &beatCall{done: make(chan protocol.Beat, 1)}})
}

// forgotten deals with a server that knows fewer inputs than it has answered: it
// forgot the instance, or went back in time. The numbers cannot be continued, so
// what is not answered goes on as a new instance.
func (c *Client) forgotten(f *protocol.Hello) bool {
	answered := c.inputs.next - 1
	if len(c.inputs.pending) > 0 {
		answered = c.inputs.pending[0].frame.N - 1
	}
	if f.LastN >= answered {
		return false
	}
	if f.Resume != protocol.ResumeReset {
		c.violate("the server answered %d inputs and knows %d, without a reset", answered, f.LastN)
	}
	c.instance = randomHex(protocol.MinClientLen)
	c.inputs.rename()
	return true
}

func orDefault(l protocol.Limits) protocol.Limits {
	d := protocol.DefaultLimits()
	fill := func(v *int, otherwise int) {
		if *v <= 0 {
			*v = otherwise
		}
	}
	fill(&l.FrameBytes, d.FrameBytes)
	fill(&l.TextRunes, d.TextRunes)
	fill(&l.InFlight, d.InFlight)
	if l.BeatMS <= 0 {
		l.BeatMS = d.BeatMS
	}
	if l.SilenceMS <= 0 {
		l.SilenceMS = d.SilenceMS
	}
	return l
}

// replayed ends the replay of a socket.
func (c *Client) replayed(l *link) {
	if !l.replayed {
		l.replayed = true
		close(l.ready)
	}
}

func (c *Client) onReset(l *link, f *protocol.Reset) {
	if l.replayed {
		c.violate("a reset in the middle of a live socket")
	}
	l.resets = false
	c.journal.reset(f)
	l.seen = c.journal.base
	for _, other := range []*link{c.link, c.opening} {
		if other != nil && other != l {
			other.stale = true
		}
	}
}

func (c *Client) onEvents(l *link, f *protocol.Events) []protocol.Event {
	if l.stale {
		return nil
	}
	if !l.hello {
		c.violate("events before hello")
	}
	if c.journal.epoch == "" {
		c.journal.epoch = f.Epoch
	}
	if f.Epoch != c.journal.epoch {
		c.violate("the epoch changed from %q to %q without a reset", c.journal.epoch, f.Epoch)
		l.cut(errHole)
		return nil
	}
	if f.Removed {
		c.journal.remove()
	}
	var fresh []protocol.Event
	for _, e := range f.Events {
		isNew, violation := c.journal.add(e, &l.seen)
		if violation != "" {
			c.violate("%s", violation)
		}
		if e.Seq > l.seen {
			l.cut(errHole)
			return fresh
		}
		if isNew {
			fresh = append(fresh, e)
		}
	}
	if f.State != nil && l.seen >= c.journal.top() {
		c.journal.state = *f.State
	}
	if !f.More && l.hello && !l.resets {
		c.replayed(l)
	}
	return fresh
}

func (c *Client) onAck(l *link, f *protocol.Ack) {
	name := inputName{l.instance, f.N}
	r := Receipt{N: f.N, Seq: f.Seq, ID: f.ID}
	if f.Refused == nil {
		if before, known := c.inputs.answered[name]; known && before != r {
			c.violate("input %d was acknowledged as event %d %s and then as %d %s", f.N, before.Seq, before.ID, r.Seq, r.ID)
		}
		if c.inputs.answered == nil {
			c.inputs.answered = map[inputName]Receipt{}
		}
		c.inputs.answered[name] = r
	}
	if l.instance != c.instance {
		return // of before the instance was renamed
	}
	c.inputs.holds = 0
	i := c.inputs.find(f.N)
	if i == nil {
		if f.N >= c.inputs.next {
			c.violate("ack of input %d, which was never sent", f.N)
		}
		return // a repetition was answered again
	}
	c.inputs.drop(i)
	if f.Refused != nil {
		i.finish(r, ErrRefused{N: f.N, Code: f.Refused.Code, Message: f.Refused.Message})
		return
	}
	i.finish(r, nil)
}

// onBeat compares the server's top with ours. What arrives before the answer is
// already in the journal.
func (c *Client) onBeat(l *link, f *protocol.Beat) {
	asked := uint64(0)
	if len(l.beats) > 0 {
		// A server may beat unasked, to keep the connection alive. Such a beat
		// has no epoch, as one whose store could not be asked.
		asked = l.beats[0].asked
		l.beats[0].done <- *f
		l.beats = l.beats[1:]
	}
	if f.Epoch == "" || l.stale {
		return // the store could not be asked
	}
	switch {
	case c.journal.epoch != "" && f.Epoch != c.journal.epoch, f.Seq < asked:
		// The log is another one, or went back in time: open again at once.
		l.owed, l.owedUntil = asked+1, time.Now()
	case f.Seq > c.journal.top():
		if l.owed <= c.journal.top() {
			l.owedUntil = time.Now().Add(c.opts.Grace)
		}
		l.owed = f.Seq
	case l.hello && !l.resets:
		c.replayed(l)
	}
}

// onError sorts error frames by what is to be done about them.
func (c *Client) onError(l *link, f *protocol.Error) {
	const kept = 100
	c.lastErrors = append(c.lastErrors, *f)
	if len(c.lastErrors) > kept {
		c.lastErrors = c.lastErrors[1:]
	}
	if f.N == 0 {
		c.onOtherError(l, f)
		return
	}
	if l.instance != c.instance {
		return // of before the instance was renamed
	}
	i := c.inputs.find(f.N)
	if i == nil {
		return
	}
	refused := ErrRefused{N: f.N, Code: f.Code, Message: f.Message}
	switch f.Code {
	case protocol.CodeNGap:
		c.onGap(l, f)
	case protocol.CodeBadFrame, protocol.CodeUnknownType, protocol.CodeTooLong, protocol.CodeBadInput:
		// It never will be applied, and its number must not hold up the others.
		c.inputs.skip(i, refused)
	case protocol.CodeNTooOld:
		c.inputs.drop(i)
		i.finish(Receipt{N: f.N}, refused)
	case protocol.CodeNConflict, protocol.CodeTooManyClients, protocol.CodeErased,
		protocol.CodeTokenInvalid, protocol.CodeTokenExpired:
		c.inputs.drop(i)
		i.finish(Receipt{N: f.N}, refused)
	default:
		// Transient, or of a newer server: the order is kept by sending
		// everything from here again.
		c.inputs.resend(f.N)
		c.inputs.hold(time.Now(), c.pause(f.RetryAfterMS))
	}
}

// pause is what the server asks for, otherwise one that doubles.
func (c *Client) pause(afterMS int64) time.Duration {
	if afterMS > 0 {
		return time.Duration(afterMS) * time.Millisecond
	}
	const first, most = 100 * time.Millisecond, 10 * time.Second
	window := min(most, first<<min(c.inputs.holds, 10))
	c.inputs.holds++
	return window/2 + time.Duration(c.opts.Reconnect.Rand()*float64(window/2))
}

func (c *Client) onGap(l *link, f *protocol.Error) {
	if f.Expected > 0 && f.Expected < c.inputs.pending[0].frame.N {
		// The server lacks an input that it has answered.
		if c.forgotten(&protocol.Hello{LastN: f.Expected - 1, Resume: c.hello.Resume}) {
			l.cut(errRenamed)
		}
		return
	}
	c.inputs.resend(min(f.N, max(f.Expected, 1)))
	c.inputs.hold(time.Now(), 20*time.Millisecond)
}

// onOtherError deals with errors that name no input.
func (c *Client) onOtherError(l *link, f *protocol.Error) {
	refused := ErrRefused{Code: f.Code, Message: f.Message}
	switch {
	case !l.hello:
		// The answer to open. Nothing else was asked.
		l.err = refused
		if f.Code == protocol.CodeErased {
			c.secret, c.token = "", ""
		}
		if f.RetryAfterMS > 0 {
			c.retryAt = time.Now().Add(time.Duration(f.RetryAfterMS) * time.Millisecond)
		}
		l.cut(refused)
	case f.Code == protocol.CodeTokenExpired:
		l.movedAt = time.Now() // a new socket shows the secret
	case c.asked != nil:
		c.answered(fmt.Errorf("asked for something: %w", refused))
	}
}
