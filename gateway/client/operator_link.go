package client

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway/protocol"
)

// An outbox of a socket keeps frames in order and writes them from one goroutine
// that exists while there are any.
type outbox struct {
	operator *Operator
	conn     *websocket.Conn
	nc       net.Conn

	mu      sync.Mutex // guards the fields below
	frames  [][]byte
	writing bool
}

// out returns the outbox of the present socket. mu is held.
func (o *Operator) out(conn *websocket.Conn) *outbox {
	if o.box == nil || o.box.conn != conn {
		o.box = &outbox{operator: o, conn: conn, nc: o.nc}
	}
	return o.box
}

func (b *outbox) add(data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.frames = append(b.frames, data)
	if !b.writing {
		b.writing = true
		b.operator.wg.Go(b.write)
	}
}

func (b *outbox) write() {
	for {
		b.mu.Lock()
		if len(b.frames) == 0 {
			b.writing = false
			b.mu.Unlock()
			return
		}
		data := b.frames[0]
		b.frames = b.frames[1:]
		b.mu.Unlock()
		if b.operator.opts.OnFrame != nil {
			b.operator.opts.OnFrame("out", data)
		}
		err := b.nc.SetWriteDeadline(time.Now().Add(writeTimeout))
		if err == nil {
			err = b.conn.Write(context.Background(), websocket.MessageText, data)
		}
		if err != nil {
			_ = b.nc.Close() // the reader sees it
			b.mu.Lock()
			b.frames, b.writing = nil, false
			b.mu.Unlock()
			return
		}
	}
}

// read is the reader of a socket.
func (o *Operator) read(conn *websocket.Conn, nc net.Conn) {
	for {
		kind, data, err := conn.Read(context.Background())
		if err != nil {
			_ = conn.CloseNow()
			o.lost(nc, err)
			return
		}
		if o.opts.OnFrame != nil {
			o.opts.OnFrame("in", data)
		}
		o.mu.Lock()
		if kind != websocket.MessageText {
			o.violate("the server sent a binary message")
		} else {
			o.receive(data)
		}
		o.notify()
		o.mu.Unlock()
	}
}

func (o *Operator) lost(nc net.Conn, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.nc == nc {
		o.conn, o.nc = nil, nil
	}
	var end websocket.CloseError
	if errors.As(err, &end) && !protocol.MayReturn(int(end.Code)) {
		o.ended = ErrEnded{Code: int(end.Code), Reason: end.Reason}
		for _, w := range o.watched {
			for _, i := range w.inputs.pending {
				i.finish(Receipt{N: i.frame.N}, o.ended)
			}
			w.inputs.pending = nil
		}
	}
	for _, w := range o.watched {
		w.live = false
		w.inputs.resend(0)
	}
	o.notify()
}

// receive handles one frame. mu is held.
func (o *Operator) receive(data []byte) {
	frame, err := protocol.DecodeServer(data)
	var fe *protocol.FrameError
	switch {
	case errors.As(err, &fe) && fe.Code == protocol.CodeUnknownType:
		return
	case err != nil:
		o.violate("the server sent what is no frame: %v", err)
		return
	}
	switch f := frame.(type) {
	case *protocol.Welcome:
		o.welcome = *f
	case *protocol.Inbox:
		o.onInbox(f)
	case *protocol.Presence:
		o.presence[f.Site] = f.Operators
	case *protocol.Watching:
		o.onWatching(f)
	case *protocol.Log:
		o.onLog(f)
	case *protocol.Notes:
		o.onNotes(f)
	case *protocol.Ack:
		o.onAck(f)
	case *protocol.Error:
		o.onError(f)
	case *protocol.Gone:
		if w := o.watched[ConversationKey{f.Site, f.Conversation}]; w != nil {
			w.gone, w.live = f.Reason, false
		}
	case *protocol.Seen:
		if w := o.watched[ConversationKey{f.Site, f.Conversation}]; w != nil {
			if f.Seq <= w.read[f.From] {
				o.violate("the read mark of %s went from %d to %d", f.From, w.read[f.From], f.Seq)
			}
			w.read[f.From] = f.Seq
		}
	case *protocol.Typing:
		if w := o.watched[ConversationKey{f.Site, f.Conversation}]; w != nil {
			w.typing[f.From] = f.On
		}
	case *protocol.Older:
		if w := o.watched[ConversationKey{f.Site, f.Conversation}]; w != nil {
			select {
			case w.older <- *f:
			default:
			}
		}
	case *protocol.Beat:
		o.onBeat(f)
	}
}

func (o *Operator) onInbox(f *protocol.Inbox) {
	in := o.inboxes[f.Site]
	if in == nil {
		return
	}
	if f.Reset {
		in.rows, in.complete = map[string]protocol.Row{}, false
	}
	if in.complete {
		in.frames++
	}
	if !f.Reset && in.epoch == f.Epoch && f.Seq < in.seq && in.complete {
		o.violate("the inbox of %s went from %d to %d", f.Site, in.seq, f.Seq)
	}
	for _, r := range f.Rows {
		if r.Gone {
			delete(in.rows, r.Conversation)
		} else {
			in.rows[r.Conversation] = r
		}
	}
	if !f.More {
		in.epoch, in.seq, in.complete = f.Epoch, f.Seq, true
	}
}

func (o *Operator) onWatching(f *protocol.Watching) {
	w := o.watched[ConversationKey{f.Site, f.Conversation}]
	if w == nil {
		return
	}
	if f.Resume == protocol.ResumeReset {
		w.journal.reset(&protocol.Reset{Epoch: f.Epoch, Seq: f.Seq, First: f.First})
	}
	w.seen, w.state = w.journal.top(), f.State
	if w.inputs.next <= f.LastN {
		w.inputs.next = f.LastN + 1
	}
}

func (o *Operator) onLog(f *protocol.Log) {
	w := o.watched[ConversationKey{f.Site, f.Conversation}]
	if w == nil {
		return
	}
	if f.Epoch != w.journal.epoch {
		o.violate("the epoch changed from %q to %q without a reset", w.journal.epoch, f.Epoch)
		return
	}
	if f.Removed {
		w.journal.remove()
	}
	for _, e := range f.Events {
		if _, violation := w.journal.add(e, &w.seen); violation != "" {
			o.violate("%s: %s", f.Conversation, violation)
		}
	}
	if f.State != nil {
		w.state = *f.State
	}
}

// onNotes ends the replay of a watch: notes come last.
func (o *Operator) onNotes(f *protocol.Notes) {
	w := o.watched[ConversationKey{f.Site, f.Conversation}]
	if w == nil {
		return
	}
	if f.Reset {
		w.notes = nil
	}
	for _, n := range f.Notes {
		if k := len(w.notes); k > 0 && n.Seq != w.notes[k-1].Seq+1 {
			o.violate("%s: note %d follows %d", f.Conversation, n.Seq, w.notes[k-1].Seq)
		}
		w.notes = append(w.notes, n)
	}
	w.live = true
	o.push(w)
}

func (o *Operator) onAck(f *protocol.Ack) {
	w := o.watched[ConversationKey{f.Site, f.Conversation}]
	if w == nil {
		return
	}
	i := w.inputs.find(f.N)
	if i == nil {
		if f.N >= w.inputs.next {
			o.violate("ack of input %d, which was never sent", f.N)
		}
		return
	}
	w.inputs.drop(i)
	r := Receipt{N: f.N, Seq: f.Seq, ID: f.ID}
	if f.Refused != nil {
		i.finish(r, ErrRefused{N: f.N, Code: f.Refused.Code, Message: f.Refused.Message})
		return
	}
	i.finish(r, nil)
}

func (o *Operator) onError(f *protocol.Error) {
	if o.errors = append(o.errors, *f); len(o.errors) > 100 {
		o.errors = o.errors[1:]
	}
	w := o.watched[ConversationKey{f.Site, f.Conversation}]
	if w == nil {
		return
	}
	refused := ErrRefused{N: f.N, Code: f.Code, Message: f.Message}
	if f.N == 0 {
		if !w.live {
			w.gone = f.Code // the watch was refused
			if f.Code == protocol.CodeUnavailable {
				w.gone = ""
				o.later(w.ask())
			}
		}
		return
	}
	i := w.inputs.find(f.N)
	if i == nil {
		return
	}
	switch f.Code {
	case protocol.CodeUnavailable, protocol.CodeRateLimited, protocol.CodeInternal, protocol.CodeNGap, protocol.CodeNotWatched:
		w.inputs.resend(min(f.N, max(f.Expected, 1)))
		w.inputs.hold(time.Now(), max(time.Duration(f.RetryAfterMS)*time.Millisecond, 50*time.Millisecond))
	default:
		w.inputs.drop(i)
		i.finish(Receipt{N: f.N}, refused)
	}
}

// onBeat asks again for what is behind; the server repairs it by itself, so this is
// the second line.
func (o *Operator) onBeat(f *protocol.Beat) {
	for _, top := range f.Logs {
		w := o.watched[ConversationKey{top.Site, top.Conversation}]
		if w != nil && w.live && (top.Epoch != w.journal.epoch || top.Seq < w.journal.top()) {
			w.live = false
			o.later(w.ask())
		}
	}
}
