package httpapi

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"zgoda/gateway/auth"
	"zgoda/gateway/chat"
	"zgoda/gateway/live"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/gateway/socket"
)

// maxBadFrames is how many frames that are none of this protocol a socket may
// send before it is closed.
const maxBadFrames = 20

// maxFloods is how many frames beyond the rate a socket may send.
const maxFloods = 200

// A session speaks the protocol over one socket. Its socket's reader drives it;
// Deliver is called by whoever commits, with the conversation locked.
type session struct {
	server *Server
	key    string // of the site
	socket *socket.Socket
	from   netip.Prefix

	// Owned by the socket's reader.
	open         bool
	known        bool // the conversation exists, or may be begun
	bad, floods  int
	client       string
	locale, page string
	flow         string
	origin       string // trace context of the page
	identity     string // keyed hash of the owner's name of the visitor
	returning    bool   // it showed a token, or what it has
	budget       bucket
	conversation *live.Conversation[chat.View]

	// Guarded by the conversation's lock once the session is attached; the
	// reader's before that.
	sent uint64
}

// site is the site as it is now: a revision of it holds for sockets that are open, too.
func (s *session) site() *site.Site {
	st, _ := s.server.Sites.Get(s.key) // sites do not go
	return st
}

// Frame implements socket.Handler.
func (s *session) Frame(data []byte, text bool) {
	if !text {
		s.badFrame(&protocol.FrameError{Code: protocol.CodeBadFrame, Message: "frames are text messages with JSON, not binary messages"})
		return
	}
	f, err := protocol.Decode(data)
	if err != nil {
		var fe *protocol.FrameError
		if !errors.As(err, &fe) {
			fe = &protocol.FrameError{Code: protocol.CodeBadFrame, Message: "not a frame of this protocol"}
		}
		if fe.Final() && s.open {
			s.refuseInput(f, fe)
			return
		}
		s.badFrame(fe)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.server.Timeout)
	defer cancel()
	switch {
	case f.T == protocol.TypeOpen:
		s.openFrame(ctx, f)
	case !s.open:
		s.badFrame(&protocol.FrameError{Code: protocol.CodeNotOpen, Message: "send open first"})
	case !s.budget.take(s.server.Now(), s.server.Limits.FramesPerSecond):
		s.flooded(f)
	default:
		s.frame(ctx, f)
	}
}

func (s *session) frame(ctx context.Context, f protocol.ClientFrame) {
	switch f.T {
	case protocol.TypeBeat:
		s.beat(ctx)
	case protocol.TypeHistory:
		s.history(ctx, f)
	case protocol.TypeAskReceipt:
		s.giveReceipt(ctx)
	case protocol.TypeAskExport:
		s.giveExport(ctx)
	case protocol.TypeTyping:
		s.signal(ctx, chat.Signal{From: chat.SignalVisitor, Typing: true, On: f.On})
	case protocol.TypeSeen:
		s.signal(ctx, chat.Signal{From: chat.SignalVisitor, Seen: f.Seq})
	default:
		s.input(ctx, f)
	}
}

// flooded answers a client that sends faster than anybody types. Its input is
// not applied and may come again; one that goes on is closed.
func (s *session) flooded(f protocol.ClientFrame) {
	e := protocol.NewError(f.N, protocol.CodeRateLimited, "too many frames; send again later")
	e.RetryAfterMS = time.Second.Milliseconds()
	s.send(e)
	if s.floods++; s.floods > maxFloods {
		s.socket.Close(protocol.CloseAbuse, "too many frames")
	}
}

// badFrame answers what is no frame. The socket survives a client's mistakes,
// but not a client that makes nothing else.
func (s *session) badFrame(e *protocol.FrameError) {
	s.fail(e.N, e.Code, e.Message)
	if s.bad++; s.bad > maxBadFrames {
		s.socket.Close(protocol.CloseAbuse, "too many bad frames")
	}
}

func (s *session) fail(n uint64, code protocol.Code, message string) {
	s.send(protocol.NewError(n, code, message))
}

// send queues a frame of ours. One that cannot be encoded is a defect.
func (s *session) send(frame any) {
	data, err := protocol.Encode(frame)
	if err != nil {
		s.server.Log.Error("encode frame", "site", s.site().Key, "error", err)
		return
	}
	s.socket.Send(data)
}

// Closed implements socket.Handler. The transport is closed by now: a slow store
// must not keep the socket of a client that is already opening a new one.
func (s *session) Closed(error) {
	s.server.admission.leave(s.from)
	s.server.Observer.Closed(s.key, "visitor", s.socket.Why())
	if s.conversation == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), s.server.Timeout)
	defer cancel()
	s.conversation.Do(func(l live.Locked[chat.View]) {
		l.Detach(s)
		if l.Members() > 0 {
			return
		}
		if err := s.server.Chat.Leave(ctx, l.Value(), s.conversation.Key); err != nil {
			// The entry ends by itself when nobody renews it.
			s.server.Log.Debug("leave conversation", "site", s.site().Key, "error", err)
		}
	})
	s.conversation.Release()
	s.conversation = nil
}

// Deliver implements live.Member.
func (s *session) Deliver(d live.Delivery) {
	switch {
	case d.Erased:
		s.fail(0, protocol.CodeErased, "this visitor was erased; drop the secret and begin anew")
		s.socket.Close(protocol.CloseErased, "erased")
	case d.Restarted:
		s.socket.Close(protocol.CloseGoAway, "resume")
	case d.Frame == nil:
	case d.Last == 0 || d.First == s.sent+1:
		s.socket.Send(d.Frame)
		s.sent = max(s.sent, d.Last)
	case d.Last <= s.sent:
		// The replay has brought it already.
	default:
		// A hole must never be silent: the client comes back and resumes.
		s.socket.Close(protocol.CloseGoAway, "resume")
	}
}

// identify finds out who opens. A token that is good or only expired names the
// visitor; an expired one needs the secret to be renewed; the secret alone makes
// a visitor, or finds the one it made before.
func (s *session) identify(f protocol.ClientFrame) (visitor string, shown shownToken, refused *protocol.Error) {
	if f.Secret != "" {
		visitor = s.server.IDs.Visitor(s.site().Key, f.Secret)
	}
	if f.Token == "" {
		if visitor == "" {
			return "", shown, protocol.NewError(0, protocol.CodeBadFrame, "open needs a secret, a token, or both")
		}
		return visitor, shownToken{renew: true}, nil
	}
	claims, err := s.server.Tokens.Verify(f.Token, s.site().Key, s.server.Now())
	switch {
	case errors.Is(err, auth.ErrTokenExpired) && visitor == "":
		return "", shown, protocol.NewError(0, protocol.CodeTokenExpired, "the token has expired; open with the secret to renew it")
	case err != nil && !errors.Is(err, auth.ErrTokenExpired):
		return "", shown, protocol.NewError(0, protocol.CodeTokenInvalid, "the token is not one of this site; drop it and open with the secret")
	case visitor != "" && visitor != claims.Visitor:
		return "", shown, protocol.NewError(0, protocol.CodeTokenInvalid, "token and secret belong to different visitors; drop the token")
	}
	return claims.Visitor, shownToken{token: f.Token, expires: claims.ExpiresAt, renew: visitor != ""}, nil
}

// shownToken is what becomes of the token in hello: it is renewed, or given back
// as it was shown.
type shownToken struct {
	token   string
	expires time.Time
	renew   bool
}
