package httpapi

import (
	"context"
	"errors"

	"zgoda/botengine"
	"zgoda/gateway/chat"
	"zgoda/gateway/live"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
)

// input applies a numbered input.
func (s *session) input(ctx context.Context, f protocol.ClientFrame) {
	in := s.numbered(f)
	switch f.T {
	case protocol.TypeSay:
		in.Bot = botengine.Input{Kind: botengine.InputText, Text: f.Text}
	case protocol.TypePress:
		in.Bot = botengine.Input{Kind: botengine.InputChoice, Of: f.Of, Choice: f.Choice}
	case protocol.TypeDecide:
		in.Bot = botengine.Input{Kind: botengine.InputDecision, Request: f.Request, Answer: f.Answer}
	case protocol.TypeAskCard:
		in.Bot = botengine.Input{Kind: botengine.InputAskCard, Purposes: f.Purposes}
	case protocol.TypeWithdraw:
		in.Bot = botengine.Input{Kind: botengine.InputWithdraw, Purposes: f.Purposes}
	case protocol.TypeErase:
		in.Bot = botengine.Input{Kind: botengine.InputErase}
	case protocol.TypeSkip:
		in.Refuse = &protocol.Refused{Code: protocol.CodeSkipped, Message: "the client gave this number up"}
	default:
		s.fail(f.N, protocol.CodeUnknownType, "this server does not know "+f.T)
		return
	}
	s.apply(ctx, in)
}

// refuseInput consumes the number of an input that is refused for good before
// anything is decided, so that those behind it are not held up.
func (s *session) refuseInput(f protocol.ClientFrame, e *protocol.FrameError) {
	ctx, cancel := context.WithTimeout(context.Background(), s.server.Timeout)
	defer cancel()
	in := s.numbered(f)
	in.Refuse = &protocol.Refused{Code: e.Code, Message: e.Message}
	s.apply(ctx, in)
}

func (s *session) numbered(f protocol.ClientFrame) chat.Input {
	return chat.Input{
		Client: s.client, N: f.N, Digest: protocol.KeyedDigest(s.server.DigestKey, f),
		Flow: s.flow, Locale: s.locale, Page: s.page, Returning: s.returning, Identity: s.identity, Origin: s.origin,
	}
}

func (s *session) apply(ctx context.Context, in chat.Input) {
	if !s.known && !s.mayBegin() {
		e := protocol.NewError(in.N, protocol.CodeRateLimited, "too many new conversations from this address; send again later")
		e.RetryAfterMS = retryBeginMS
		s.send(e)
		return
	}
	out := s.server.apply(ctx, s.site(), s.conversation, in)
	switch {
	case out.Ack != nil:
		s.send(out.Ack)
	case out.Err.Code != protocol.CodeErased:
		s.send(out.Err)
	}
	if out.Erased {
		s.conversation.Do(func(l live.Locked[chat.View]) { l.Deliver(live.Delivery{Erased: true}) })
	}
}

// retryBeginMS is when a client may try again to begin a conversation.
const retryBeginMS = 5000

// mayBegin reports whether this socket's input may begin a conversation, if it
// would. Only the first input of a socket is asked.
func (s *session) mayBegin() bool {
	s.conversation.Do(func(l live.Locked[chat.View]) { s.known = l.Value().Exists() })
	s.known = s.known || s.server.admission.begin(s.from, s.site().Key)
	return s.known
}

// apply applies an input and delivers what it led to on this node.
func (s *Server) apply(ctx context.Context, st *site.Site, c *live.Conversation[chat.View], in chat.Input) chat.Outcome {
	var out chat.Outcome
	ctx, end := s.Chat.Begin(ctx, st, &in)
	c.Do(func(l live.Locked[chat.View]) {
		out = s.Chat.Apply(ctx, st, l.Value(), c.Key, in)
		s.deliver(ctx, st, l, &out)
	})
	end(&out)
	if out.Defect != nil {
		s.Log.ErrorContext(ctx, "input not applied", "site", st.Key, "conversation", c.Key.Conversation, "error", out.Defect)
	}
	return out
}

// Apply applies an input that did not come over a socket: a command's. Whoever
// is attached learns of it like of any other.
func (s *Server) Apply(ctx context.Context, st *site.Site, visitor string, in chat.Input) chat.Outcome {
	c := s.Conversations.Acquire(chat.KeyOf(st.Key, visitor))
	defer c.Release()
	out := s.apply(ctx, st, c, in)
	if out.Erased {
		c.Do(func(l live.Locked[chat.View]) { l.Deliver(live.Delivery{Erased: true}) })
	}
	return out
}

// deliver hands what a use case brought to everybody attached. It is encoded
// once.
func (s *Server) deliver(ctx context.Context, st *site.Site, l live.Locked[chat.View], out *chat.Outcome) {
	if out.Restarted {
		l.Deliver(live.Delivery{Restarted: true})
		return
	}
	if l.Members() == 0 || out.Erased {
		return // of an erased visitor nothing is left to show
	}
	shows := len(out.Events) > 0 || out.Removed || out.Changed
	d := live.Delivery{}
	if n := len(out.Events); n > 0 {
		d.First, d.Last = out.Events[0].Seq, out.Events[n-1].Seq
	}
	var err error
	visitors, staff := audience(l)
	if shows {
		if visitors {
			frame := protocol.NewEvents(l.Value().Position().Epoch, chat.Public(out.Events), out.State)
			frame.Removed = out.Removed
			d.Frame, err = protocol.Encode(frame)
		}
		if staff && err == nil {
			d.Staff, err = s.staffFrame(st, l, out)
		}
	}
	if staff && err == nil {
		if err = s.addNotes(ctx, l, out.Notes, &d); errors.Is(err, chat.ErrUnavailable) {
			err = nil // the next delivery or beat brings them
		}
	}
	if err != nil {
		s.Log.ErrorContext(ctx, "encode events", "site", st.Key, "error", err)
		d = live.Delivery{Restarted: true}
	}
	if d.Frame != nil || d.Staff != nil || d.Notes != nil || d.Restarted {
		l.Deliver(d)
	}
}

// beat answers with the top of the log as the store has it. Where the store is
// ahead of what this node has sent, the loss is repaired at once.
func (s *session) beat(ctx context.Context) {
	var frame protocol.Beat
	s.conversation.Do(func(l live.Locked[chat.View]) {
		top, err := s.server.Chat.Top(ctx, l.Value(), s.conversation.Key)
		if err != nil {
			return // no number: the store could not be asked
		}
		frame.Epoch, frame.Seq = top.Epoch, top.Seq
		if top != l.Value().Position() {
			s.server.refresh(ctx, s.site(), l, s.conversation.Key)
		}
	})
	s.send(&frame)
}

func (s *session) history(ctx context.Context, f protocol.ClientFrame) {
	limit := f.Limit
	if limit == 0 {
		limit = protocol.MaxHistory
	}
	var past protocol.Past
	var err error
	s.conversation.Do(func(l live.Locked[chat.View]) {
		past.BeforeSeq = f.BeforeSeq
		past.Events, past.More, err = s.server.Chat.Before(ctx, l.Value(), s.conversation.Key, f.BeforeSeq, limit)
		past.Events = chat.Public(past.Events)
	})
	if err != nil {
		s.unavailable(0, err)
		return
	}
	data, err := protocol.Encode(&past)
	if err != nil {
		s.server.Log.Error("encode frame", "site", s.site().Key, "error", err)
		return
	}
	_ = s.socket.SendAll(data) // the reader learns of a closed socket by itself
}

// retryOpenMS is when a client may try again what the store could not answer.
const retryOpenMS = 2000

// unavailable answers what the store could not do. An error that is not the
// store's absence is a defect and is logged.
func (s *session) unavailable(n uint64, err error) {
	if !errors.Is(err, chat.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
		s.server.Log.Error("session", "site", s.site().Key, "error", err)
	}
	e := protocol.NewError(n, protocol.CodeUnavailable, "the conversation could not be read now; try again")
	e.RetryAfterMS = retryOpenMS
	s.send(e)
}
