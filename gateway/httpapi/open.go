package httpapi

import (
	"context"

	"zgoda/gateway/auth"
	"zgoda/gateway/chat"
	"zgoda/gateway/live"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
)

// maxMembers is how many sockets of one visitor a node takes.
const maxMembers = 64

// openFrame introduces the client: who it is, and where it goes on.
func (s *session) openFrame(ctx context.Context, f protocol.ClientFrame) {
	if s.open {
		s.fail(0, protocol.CodeAlreadyOpen, "this socket is open already; use a new one to resume")
		return
	}
	visitor, shown, refused := s.identify(f)
	if refused != nil {
		s.send(refused)
		if refused.Code == protocol.CodeTokenInvalid {
			s.socket.Close(protocol.CloseToken, "token refused")
		}
		return
	}
	s.client, s.locale, s.page, s.flow, s.origin = f.Client, f.Locale, f.Page, f.Flow, f.Trace
	s.returning = f.Token != "" || f.Have != nil
	s.named(f.Identity)
	s.conversation = s.server.Conversations.Acquire(chat.KeyOf(s.site().Key, visitor))
	if !s.resume(ctx, shown, visitor, f.Have) {
		s.conversation.Release()
		s.conversation = nil
		return
	}
	s.open = true
	s.socket.Opened()
}

// named takes the owner's own name of the visitor where the owner's server has
// proved it. What is not proved is refused, and the visitor goes on without a name.
func (s *session) named(who *protocol.Identity) {
	switch {
	case who == nil:
	case !auth.ProvesIdentity(s.site().IdentitySecret, who.ID, who.Proof):
		s.fail(0, protocol.CodeIdentityInvalid, "the identity is not proved; make its HMAC on your server with the site's identity secret")
	default:
		s.identity = s.server.IDs.Identity(s.site().Key, who.ID)
	}
}

// resume answers with hello, what the client has missed, and attaches it. The
// replay is written without the conversation's lock, so that a slow client holds
// up nobody, and repeated until nothing is left; only then, under the lock, the
// session is attached: between the last read and the attachment nothing fits.
func (s *session) resume(ctx context.Context, shown shownToken, visitor string, have *protocol.Have) bool {
	var replay chat.Replay
	var reset *protocol.Reset
	var epoch string
	var top uint64
	erased, other := false, false
	var err error
	s.conversation.Do(func(l live.Locked[chat.View]) {
		before := l.Value().Position()
		replay, err = s.server.Chat.Resume(ctx, l.Value(), s.conversation.Key, s.client, have)
		if err != nil {
			return
		}
		v := l.Value()
		epoch, erased, top = v.Position().Epoch, v.Erased(), v.Position().Seq
		other = s.identity != "" && v.Identity() != "" && s.identity != v.Identity()
		s.server.moved(ctx, s.site(), l, before)
		if replay.Resume == protocol.ResumeReset {
			p := v.Position()
			reset = &protocol.Reset{Epoch: p.Epoch, Seq: p.Seq, First: replay.After + 1}
			if p.Seq == 0 {
				reset.First = 0
			}
			reset.State = s.server.Chat.PublicState(s.site(), v)
		}
	})
	if err != nil {
		s.unavailable(0, err)
		return false
	}
	if erased {
		s.fail(0, protocol.CodeErased, "this visitor was erased; drop the secret and begin anew")
		s.socket.Close(protocol.CloseErased, "erased")
		return false
	}
	if other {
		// Two people at one browser: the second must not read the first one's words.
		s.fail(0, protocol.CodeIdentityOther, "this conversation is another person's; drop the secret and begin anew")
		return false
	}
	if !s.hello(shown, visitor, replay) {
		return false
	}
	if reset != nil {
		s.send(reset)
	}
	s.sent = replay.After
	s.server.Observer.Resumed(s.key, resumed(have != nil, replay, reset, top))
	return s.replay(ctx, epoch, replay.Resume == protocol.ResumeNew)
}

// resumed names how a client goes on. One that comes with nothing, as after a reload,
// is sent the whole, which is no sign of anything; one whose log is not ours is reset.
func resumed(knew bool, r chat.Replay, reset *protocol.Reset, top uint64) string {
	switch {
	case reset != nil && !knew:
		return "whole"
	case reset != nil:
		return "reset"
	case r.Resume == protocol.ResumeNew:
		return "new"
	case r.After < top:
		return "replayed"
	}
	return "continued"
}

func (s *session) hello(shown shownToken, visitor string, replay chat.Replay) bool {
	now := s.server.Now()
	// Without the secret the token that was shown is not renewed: one that was
	// stolen ends.
	token, expires := shown.token, shown.expires
	if shown.renew {
		var err error
		if token, expires, err = s.server.Tokens.Issue(s.site().Key, visitor, s.conversation.Key.Conversation, now); err != nil {
			s.server.Log.Error("issue token", "site", s.site().Key, "error", err)
			s.fail(0, protocol.CodeInternal, "the token could not be made; open again later")
			return false
		}
	}
	s.send(&protocol.Hello{
		Visitor: visitor, Conversation: s.conversation.Key.Conversation,
		Token: token, TokenExpiresAt: expires.UnixMilli(), Now: now.UnixMilli(),
		Resume: replay.Resume, LastN: replay.LastN, Limits: protocol.DefaultLimits(),
	})
	return true
}

// replay sends the events after s.sent in chunks and attaches the session.
func (s *session) replay(ctx context.Context, epoch string, isNew bool) bool {
	first := true
	for {
		var frame *protocol.Events
		var err error
		over := false
		s.conversation.Do(func(l live.Locked[chat.View]) {
			v := l.Value()
			before := v.Position()
			if err = s.server.Chat.Hold(ctx, v, s.conversation.Key); err != nil {
				return
			}
			s.server.moved(ctx, s.site(), l, before)
			if over = s.overtaken(v, epoch, isNew); over {
				return
			}
			var events []protocol.Event
			if events, err = s.server.Chat.Next(ctx, v, s.conversation.Key, s.sent); err != nil {
				return
			}
			if len(events) == 0 {
				// What is missing below the top was trimmed; there is nothing to
				// wait for.
				s.sent = v.Position().Seq
				if isNew || !first {
					over = !s.attach(l)
					return
				}
			}
			frame = protocol.NewEvents(epoch, chat.Public(events), nil)
			if n := len(events); n > 0 {
				s.sent = events[n-1].Seq
			}
			if frame.More = s.sent < v.Position().Seq; !frame.More {
				frame.State = s.server.Chat.PublicState(s.site(), v)
			}
		})
		if err != nil {
			s.unavailable(0, err)
			s.socket.Close(protocol.CloseGoAway, "resume")
			return false
		}
		if over {
			return false
		}
		if frame == nil {
			return true
		}
		first = false
		data, err := protocol.Encode(frame)
		if err != nil {
			s.server.Log.Error("encode frame", "site", s.site().Key, "error", err)
			return false
		}
		if s.socket.SendAll(data) != nil {
			return false
		}
	}
}

// moved tells those who are attached that a read for somebody else has found the
// conversation further on than what they were sent: nothing will bring it to
// them any more, since the view has it now.
func (s *Server) moved(ctx context.Context, st *site.Site, l live.Locked[chat.View], before chat.Position) {
	now := l.Value().Position()
	switch {
	case now == before || l.Members() == 0:
	case now.Epoch == before.Epoch && now.Seq == before.Seq:
		s.deliver(ctx, st, l, &chat.Outcome{Changed: true, State: s.Chat.PublicState(st, l.Value())})
	default:
		l.Deliver(live.Delivery{Restarted: true})
	}
}

// overtaken ends a session whose conversation was erased or begun anew while it
// was being replayed: what it has seen does not go on.
func (s *session) overtaken(v *chat.View, epoch string, isNew bool) bool {
	switch {
	case v.Erased():
		s.fail(0, protocol.CodeErased, "this visitor was erased; drop the secret and begin anew")
		s.socket.Close(protocol.CloseErased, "erased")
		return true
	case !isNew && v.Position().Epoch != epoch:
		s.socket.Close(protocol.CloseGoAway, "resume")
		return true
	}
	return false
}

// attach makes the session a member. A client instance has one socket: the
// newest wins, since the older one is most likely half dead. Every member gets
// every event, so there is a bound on them.
func (s *session) attach(l live.Locked[chat.View]) bool {
	if l.Members() >= maxMembers {
		s.fail(0, protocol.CodeTooManyClients, "this visitor has too many open pages; close some")
		s.socket.Close(protocol.CloseAbuse, "too many open pages")
		return false
	}
	l.Each(func(m live.Member) {
		if other, ok := m.(*session); ok && other.client == s.client {
			other.socket.Close(protocol.CloseSuperseded, "a newer socket took over")
		}
	})
	l.Attach(s)
	return true
}
