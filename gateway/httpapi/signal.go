package httpapi

import (
	"context"

	"zgoda/gateway/chat"
	"zgoda/gateway/live"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
)

// signal says what a visitor does beside the log to the people who have the
// conversation. While the bot has it nobody needs to know.
func (s *session) signal(ctx context.Context, g chat.Signal) {
	s.conversation.Do(func(l live.Locked[chat.View]) {
		if l.Value().WithPeople() {
			s.server.signal(ctx, s.site(), l, s.conversation.Key, g, s)
		}
	})
}

// signal keeps and tells a signal, to the other nodes and to everybody attached
// here but who says it. One that cannot be told is lost: it is said again.
func (s *Server) signal(ctx context.Context, st *site.Site, l live.Locked[chat.View], key chat.Key, g chat.Signal, by live.Member) {
	said, err := s.Chat.Signal(ctx, l.Value(), key, g)
	if err != nil {
		s.Log.Debug("signal", "site", st.Key, "error", err)
		return
	}
	s.tell(ctx, st, l, &said, by)
}

// tell delivers what is new of a signal. A visitor's goes to operators; an
// operator's goes to the visitor and to the other operators.
func (s *Server) tell(ctx context.Context, st *site.Site, l live.Locked[chat.View], g *chat.Signal, by live.Member) {
	visitors, staff := audience(l)
	// The visitor is not told of those who only look.
	visitors = visitors && g.From == chat.SignalOperator && l.Value().WithPeople()
	key := l.Key()
	name := ""
	if g.From == chat.SignalOperator && g.Typing && s.Staff != nil {
		name = s.Staff.Names(ctx, st.Key)[g.Operator]
	}
	deliver := func(public, inside any) {
		d := live.Delivery{Except: by}
		var err error
		if visitors {
			d.Frame, err = protocol.Encode(public)
		}
		if staff && err == nil {
			d.Staff, err = protocol.Encode(inside)
		}
		if err != nil {
			s.Log.Error("encode signal", "site", st.Key, "error", err)
			return
		}
		if d.Frame != nil || d.Staff != nil {
			l.Deliver(d)
		}
	}
	if g.Seen > 0 {
		deliver(&protocol.Seen{From: g.From, Seq: g.Seen},
			&protocol.Seen{From: g.From, Seq: g.Seen, Site: key.Site, Conversation: key.Conversation})
	}
	if g.Typing {
		visitors = visitors && l.Value().OwnedBy(g.Operator)
		deliver(&protocol.Typing{From: g.From, On: g.On, Name: name},
			&protocol.Typing{From: g.From, On: g.On, Name: name, Site: key.Site, Conversation: key.Conversation})
	}
}

// audience reports whether visitors and operators are attached.
func audience(l live.Locked[chat.View]) (visitors, staff bool) {
	l.Each(func(m live.Member) {
		if _, ok := m.(*watch); ok {
			staff = true
		} else {
			visitors = true
		}
	})
	return visitors, staff
}
