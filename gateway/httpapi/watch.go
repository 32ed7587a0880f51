package httpapi

import (
	"context"
	"sync/atomic"

	"zgoda/gateway/chat"
	"zgoda/gateway/live"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
)

// A watch is a conversation that is open in an operator's socket.
type watch struct {
	operator     *operator
	conversation *live.Conversation[chat.View]
	// ended: nothing follows any more. It is set with the conversation locked.
	ended atomic.Bool
	noted bool // the staff log was sent; the reader's

	// Guarded by the conversation's lock once the watch is attached; the reader's
	// before that.
	sent, notes uint64
}

// site is the site as it is now.
func (w *watch) site() *site.Site {
	st, _ := w.operator.server.Sites.Get(w.conversation.Key.Site) // sites do not go
	return st
}

// Deliver implements live.Member.
func (w *watch) Deliver(d live.Delivery) {
	socket := w.operator.socket
	if w.ended.Load() {
		return
	}
	if d.Erased {
		w.ended.Store(true)
		w.operator.send(&protocol.Gone{Site: w.conversation.Key.Site, Conversation: w.conversation.Key.Conversation, Reason: protocol.CodeErased})
		return
	}
	switch {
	case d.Restarted:
		socket.Close(protocol.CloseGoAway, "resume")
		return
	case d.Staff == nil:
	case d.Last == 0 || d.First == w.sent+1:
		socket.Send(d.Staff)
		w.sent = max(w.sent, d.Last)
	case d.Last <= w.sent:
	default:
		socket.Close(protocol.CloseGoAway, "resume")
		return
	}
	if d.Notes != nil && d.LastNote > w.notes {
		if d.FirstNote != w.notes+1 {
			socket.Close(protocol.CloseGoAway, "resume")
			return
		}
		socket.Send(d.Notes)
		w.notes = d.LastNote
	}
}

// watch opens a conversation from what the client has.
func (o *operator) watch(ctx context.Context, f *protocol.OperatorFrame) {
	key := chat.Key{Site: f.Site, Conversation: f.Conversation}
	if o.works(f.Site) == nil {
		o.fail(f, protocol.CodeForbidden, forbidden)
		return
	}
	o.drop(ctx, key)
	o.sweepEnded(ctx)
	if len(o.watched) >= protocol.MaxWatched {
		o.fail(f, protocol.CodeTooManyWatched, "unwatch some conversations first")
		return
	}
	w := &watch{operator: o, conversation: o.server.Conversations.Acquire(key)}
	o.watched[key] = w
	if !w.resume(ctx, f) {
		o.drop(ctx, key)
		return
	}
	o.present(ctx)
}

// resume answers with the position, what the client has missed and the staff log,
// and attaches the watch. Compare session.resume.
func (w *watch) resume(ctx context.Context, f *protocol.OperatorFrame) bool {
	s, o := w.operator.server, w.operator
	client := chat.OperatorClient(o.who.Load().ID, o.client)
	frame := protocol.Watching{Site: f.Site, Conversation: f.Conversation}
	var err error
	exists := false
	w.conversation.Do(func(l live.Locked[chat.View]) {
		v := l.Value()
		before := v.Position()
		var replay chat.Replay
		if replay, err = s.Chat.Resume(ctx, v, w.conversation.Key, client, f.Have); err != nil {
			return
		}
		s.moved(ctx, w.site(), l, before)
		state := s.Chat.StaffState(w.site(), v)
		if exists = state != nil; !exists {
			return
		}
		p := v.Position()
		frame.Visitor, frame.Resume, frame.LastN, frame.State = chat.VisitorOf(f.Conversation), replay.Resume, replay.LastN, *state
		frame.Epoch, frame.Seq = p.Epoch, p.Seq
		if w.sent = replay.After; replay.Resume == protocol.ResumeReset && p.Seq > replay.After {
			frame.First = replay.After + 1
		}
	})
	switch {
	case err != nil:
		o.unavailable(f, err)
		return false
	case !exists:
		o.fail(f, protocol.CodeForbidden, forbidden)
		return false
	}
	o.send(&frame)
	if frame.Resume == protocol.ResumeResumed {
		w.notes = f.NotesSeq
	}
	return w.replay(ctx, f, frame.Epoch)
}

// replay sends the log after w.sent in chunks, then the staff log, and attaches.
func (w *watch) replay(ctx context.Context, f *protocol.OperatorFrame, epoch string) bool {
	first := true
	for {
		frame, notes, err, over := w.chunk(ctx, epoch, first)
		switch {
		case err != nil:
			w.operator.unavailable(f, err)
			return false
		case over:
			w.operator.socket.Close(protocol.CloseGoAway, "resume")
			return false
		case frame == nil && notes == nil:
			return true
		}
		first = false
		for _, x := range []any{frame, notes} {
			if l, ok := x.(*protocol.Log); ok && l == nil {
				continue
			}
			if n, ok := x.(*protocol.Notes); ok && n == nil {
				continue
			}
			data, err := protocol.Encode(x)
			if err != nil {
				w.operator.server.Log.Error("encode frame", "site", f.Site, "error", err)
				return false
			}
			if w.operator.socket.SendAll(data) != nil {
				return false
			}
		}
	}
}

// chunk returns what is to be sent next; nothing where everything was sent and the
// watch is attached. The first one comes even where nothing was missed.
func (w *watch) chunk(ctx context.Context, epoch string, first bool) (frame *protocol.Log, notes *protocol.Notes, err error, over bool) {
	s, key := w.operator.server, w.conversation.Key
	w.conversation.Do(func(l live.Locked[chat.View]) {
		v := l.Value()
		before := v.Position()
		if err = s.Chat.Hold(ctx, v, key); err != nil {
			return
		}
		s.moved(ctx, w.site(), l, before)
		if over = v.Erased() || v.Position().Epoch != epoch; over {
			return
		}
		var events []protocol.Event
		if events, err = s.Chat.Next(ctx, v, key, w.sent); err != nil {
			return
		}
		if len(events) > 0 || first {
			frame = &protocol.Log{Site: key.Site, Conversation: key.Conversation, Epoch: epoch, Events: events}
			if n := len(events); n > 0 {
				w.sent = events[n-1].Seq
			} else {
				w.sent = v.Position().Seq // what is missing below the top was trimmed
			}
			if frame.More = w.sent < v.Position().Seq; !frame.More {
				frame.State = s.Chat.StaffState(w.site(), v)
			}
		}
		// The staff log comes last: it says that everything is there.
		if whole := frame == nil || !frame.More; whole && (!w.noted || v.NotesTop() > w.notes) {
			w.noted = true
			var top uint64
			reset := w.notes == 0
			notes = &protocol.Notes{Site: key.Site, Conversation: key.Conversation, Reset: reset}
			if notes.Notes, top, err = s.Chat.Notes(ctx, key, w.notes); err != nil {
				return
			}
			if top < w.notes || len(notes.Notes) > 0 && !reset && notes.Notes[0].Seq != w.notes+1 {
				// It does not go on from what the client has: all of it.
				notes.Reset = true
				if notes.Notes, top, err = s.Chat.Notes(ctx, key, 0); err != nil {
					return
				}
			}
			notes.Seq, w.notes = top, top
		}
		if frame != nil || notes != nil {
			return
		}
		w.sent = v.Position().Seq
		l.Attach(w)
	})
	return frame, notes, err, over
}

// top returns the top of the log as the store has it, and repairs what this node
// has missed.
func (w *watch) top(ctx context.Context) (chat.Position, error) {
	s, key := w.operator.server, w.conversation.Key
	var top chat.Position
	var err error
	w.conversation.Do(func(l live.Locked[chat.View]) {
		if top, err = s.Chat.Top(ctx, l.Value(), key); err == nil && top != l.Value().Position() {
			s.refresh(ctx, w.site(), l, key)
		}
		if l.Value().NotesTop() > w.notes {
			s.deliver(ctx, w.site(), l, &chat.Outcome{})
		}
	})
	return top, err
}

// unwatch closes a conversation again.
func (o *operator) unwatch(ctx context.Context, key chat.Key) {
	if o.watched[key] == nil {
		return
	}
	o.drop(ctx, key)
	o.present(ctx)
}

// drop detaches a watch. The node leaves the conversation's holders with the last
// member.
func (o *operator) drop(ctx context.Context, key chat.Key) {
	w := o.watched[key]
	if w == nil {
		return
	}
	delete(o.watched, key)
	w.conversation.Do(func(l live.Locked[chat.View]) {
		l.Detach(w)
		if l.Members() > 0 {
			return
		}
		if err := o.server.Chat.Leave(ctx, l.Value(), key); err != nil {
			o.server.Log.Debug("leave conversation", "site", key.Site, "error", err) // the entry ends by itself
		}
	})
	w.conversation.Release()
}

// sweepEnded drops watches of conversations that are gone.
func (o *operator) sweepEnded(ctx context.Context) {
	for key, w := range o.watched {
		if w.ended.Load() {
			o.drop(ctx, key)
		}
	}
}

// watching returns the watch that a frame is about, nil after it was refused.
func (o *operator) watching(f *protocol.OperatorFrame) *watch {
	if o.works(f.Site) == nil {
		o.fail(f, protocol.CodeForbidden, forbidden)
		return nil
	}
	w := o.watched[chat.Key{Site: f.Site, Conversation: f.Conversation}]
	if w == nil || w.ended.Load() {
		o.fail(f, protocol.CodeNotWatched, "watch the conversation first")
		return nil
	}
	return w
}

// staffFrame encodes an outcome for operators.
func (s *Server) staffFrame(st *site.Site, l live.Locked[chat.View], out *chat.Outcome) ([]byte, error) {
	key := l.Key()
	return protocol.Encode(&protocol.Log{
		Site: key.Site, Conversation: key.Conversation, Epoch: l.Value().Position().Epoch, Events: out.Events,
		State: s.Chat.StaffState(st, l.Value()), Removed: out.Removed,
	})
}

// addNotes adds to a delivery what is new of the staff log. Where the view has moved
// on by a read, the notes that came with it are read, too.
func (s *Server) addNotes(ctx context.Context, l live.Locked[chat.View], notes []protocol.Note, d *live.Delivery) error {
	known := uint64(0)
	l.Each(func(m live.Member) {
		if w, ok := m.(*watch); ok {
			known = max(known, w.notes)
		}
	})
	top, key := l.Value().NotesTop(), l.Key()
	if top <= known {
		return nil
	}
	if len(notes) == 0 || notes[0].Seq != known+1 || notes[len(notes)-1].Seq != top {
		var err error
		if notes, _, err = s.Chat.Notes(ctx, key, known); err != nil || len(notes) == 0 {
			return err
		}
	}
	d.FirstNote, d.LastNote = notes[0].Seq, notes[len(notes)-1].Seq
	var err error
	d.Notes, err = protocol.Encode(&protocol.Notes{Site: key.Site, Conversation: key.Conversation, Seq: d.LastNote, Notes: notes})
	return err
}
