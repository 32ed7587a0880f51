package httpapi

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zgoda/gateway/chat"
	"zgoda/gateway/desk"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/gateway/socket"
	"zgoda/gateway/staff"
)

// An operator speaks the operators' protocol over one socket. Its socket's reader
// drives it.
type operator struct {
	server *Server
	socket *socket.Socket
	from   netip.Prefix
	// name is unique among the sockets of all nodes.
	name string
	// who is replaced by whoever checks the session.
	who atomic.Pointer[staff.Identity]
	// opened is the instance, once it is known; others read it.
	opened atomic.Pointer[string]

	// Owned by the socket's reader.
	open        bool
	bad, floods int
	client      string
	away        bool
	budget      bucket
	watched     map[chat.Key]*watch
	followed    map[string]*following
}

func (o *operator) instance() string {
	if name := o.opened.Load(); name != nil {
		return *name
	}
	return ""
}

// operators are the sockets of operators on this node.
type operators struct {
	mu  sync.Mutex // guards all
	all map[*operator]struct{}
}

func (o *operators) add(op *operator) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all == nil {
		o.all = map[*operator]struct{}{}
	}
	o.all[op] = struct{}{}
}

func (o *operators) remove(op *operator) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.all, op)
}

func (o *operators) list() []*operator {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]*operator, 0, len(o.all))
	for op := range o.all {
		out = append(out, op)
	}
	return out
}

// noOperators is the answer where there is no store for accounts.
var noOperators = refusal{Code: "no_operators", Message: "nobody can sign in here: set postgres"}

// upgradeOperator checks cookie and origin before anything costs. A page of
// another origin must not open a socket with the operator's cookie.
func (s *Server) upgradeOperator(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.Staff == nil || s.Desk == nil:
		refuse(w, http.StatusNotFound, &noOperators)
		return
	case !sameOrigin(r):
		refuse(w, http.StatusForbidden, &refusal{Code: "origin_refused", Message: "operators connect from the gateway's own pages"})
		return
	case !offers(r, protocol.Subprotocol):
		refuse(w, http.StatusBadRequest, &refusal{Code: "subprotocol", Message: "ask for the WebSocket subprotocol " + protocol.Subprotocol})
		return
	case s.draining.Load():
		refuse(w, http.StatusServiceUnavailable, &refusal{Code: "draining", Message: "this node is being restarted", RetryAfterMS: drainRetry.Milliseconds()})
		return
	}
	from := clientAddress(r, s.Limits.TrustedHops)
	if reason, retry := s.admission.enter(from); reason != "" {
		refuse(w, http.StatusServiceUnavailable, &refusal{Code: reason, Message: "too many connections; try again later", RetryAfterMS: retry.Milliseconds()})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
	defer cancel()
	who, err := s.Staff.Verify(ctx, staff.Cookie(r))
	if err == nil {
		var sock *socket.Socket
		if sock, err = s.Sockets.Upgrade(w, r, protocol.Subprotocol); err == nil {
			op := &operator{server: s, socket: sock, from: from, name: strings.ToLower(rand.Text()), watched: map[chat.Key]*watch{}, followed: map[string]*following{}}
			op.who.Store(who)
			s.operators.add(op)
			s.Observer.Opened("", "operator")
			sock.Serve(op)
			return
		}
		s.Log.Debug("upgrade refused", "error", err)
		s.admission.leave(from)
		return
	}
	s.admission.leave(from)
	if errors.Is(err, staff.ErrSignedOut) {
		refuse(w, http.StatusUnauthorized, &refusal{Code: "signed_out", Message: "sign in first"})
		return
	}
	refuse(w, http.StatusServiceUnavailable, &refusal{Code: "unavailable", Message: "the session could not be looked up; try again", RetryAfterMS: retryOpenMS})
}

// sameOrigin reports whether a request comes from a page of this gateway. The
// scheme is not compared: a proxy may have ended TLS.
func sameOrigin(r *http.Request) bool {
	scheme, host, ok := strings.Cut(r.Header.Get("Origin"), "://")
	return ok && (scheme == "https" || scheme == "http") && strings.EqualFold(host, r.Host)
}

// Recheck looks every operator's session up and closes the sockets of those that
// have ended, or whose rights are others now. Where the store cannot be asked they
// stay.
func (s *Server) Recheck(ctx context.Context) {
	for _, op := range s.operators.list() {
		before := op.who.Load()
		ask, cancel := context.WithTimeout(ctx, s.Timeout)
		now, err := s.Staff.Recheck(ask, before.Session)
		cancel()
		switch {
		case errors.Is(err, staff.ErrSignedOut):
			op.socket.Close(protocol.CloseSignedOut, "signed out")
		case err != nil:
			return // the store is away; nobody is signed out for that
		case !before.Same(now):
			op.who.Store(now)
			op.socket.Close(protocol.CloseGoAway, "your rights are others now")
		}
	}
}

// Frame implements socket.Handler.
func (o *operator) Frame(data []byte, text bool) {
	if !text {
		o.badFrame(&protocol.FrameError{Code: protocol.CodeBadFrame, Message: "frames are text messages with JSON, not binary messages"})
		return
	}
	f, err := protocol.DecodeOperator(data)
	ctx, cancel := context.WithTimeout(context.Background(), o.server.Timeout)
	defer cancel()
	if err != nil {
		var fe *protocol.FrameError
		if !errors.As(err, &fe) {
			fe = &protocol.FrameError{Code: protocol.CodeBadFrame, Message: "not a frame of this protocol"}
		}
		if fe.Final() && o.open {
			o.refuseInput(ctx, &f, fe)
			return
		}
		o.badFrame(fe)
		return
	}
	switch {
	case f.T == protocol.TypeOpen:
		o.openFrame(ctx, &f)
	case !o.open:
		o.badFrame(&protocol.FrameError{Code: protocol.CodeNotOpen, Message: "send open first"})
	case !o.budget.take(o.server.Now(), o.server.Limits.FramesPerSecond):
		o.flooded(&f)
	default:
		o.frame(ctx, &f)
	}
}

func (o *operator) frame(ctx context.Context, f *protocol.OperatorFrame) {
	switch f.T {
	case protocol.TypeBeat:
		o.beat(ctx)
	case protocol.TypeAway:
		o.away = f.On
		o.present(ctx)
	case protocol.TypeInbox:
		o.follow(ctx, f)
	case protocol.TypeWatch:
		o.watch(ctx, f)
	case protocol.TypeUnwatch:
		o.unwatch(ctx, chat.Key{Site: f.Site, Conversation: f.Conversation})
	case protocol.TypeHistory:
		o.history(ctx, f)
	case protocol.TypeTyping:
		o.signal(ctx, f, chat.Signal{Typing: true, On: f.On})
	case protocol.TypeSeen:
		o.signal(ctx, f, chat.Signal{Seen: f.Seq})
	default:
		o.input(ctx, f)
	}
}

// openFrame introduces the client.
func (o *operator) openFrame(ctx context.Context, f *protocol.OperatorFrame) {
	if o.open {
		o.fail(f, protocol.CodeAlreadyOpen, "this socket is open already; use a new one to resume")
		return
	}
	who, now := o.who.Load(), o.server.Now()
	o.client = f.Client
	for _, other := range o.server.operators.list() {
		if other != o && other.who.Load().ID == who.ID && other.instance() == f.Client {
			other.socket.Close(protocol.CloseSuperseded, "a newer socket took over")
		}
	}
	lease := o.server.Desk.Lease().Milliseconds()
	limits := protocol.DefaultLimits()
	limits.BeatMS = min(limits.BeatMS, lease/3)
	welcome := protocol.Welcome{
		Operator: protocol.Colleague{ID: who.ID, Name: who.Name}, Sites: []protocol.StaffSite{},
		Now: now.UnixMilli(), SessionExpiresAt: who.ExpiresAt.UnixMilli(), LeaseMS: lease, Limits: limits,
	}
	for _, key := range who.Sites() {
		if st, ok := o.server.Sites.Get(key); ok {
			welcome.Sites = append(welcome.Sites, StaffSite(st, who.Roles[key]))
		}
	}
	o.opened.Store(&f.Client)
	o.open = true
	o.socket.Opened()
	o.send(&welcome)
	o.present(ctx)
}

// StaffSite is what an operator is told of a site.
func StaffSite(st *site.Site, roles []string) protocol.StaffSite {
	return protocol.StaffSite{
		Site: st.Key, Name: st.Name, Roles: roles, Locales: st.Settings.Locales, Purposes: st.Settings.Purposes,
	}
}

// works returns the site where the operator may deal with conversations, nil where
// not. The answer to a site that does not exist is the same.
func (o *operator) works(key string) *site.Site {
	if !o.who.Load().Has(key, staff.RoleOperator, staff.RoleAdministrator) {
		return nil
	}
	st, ok := o.server.Sites.Get(key)
	if !ok {
		return nil
	}
	return st
}

const forbidden = "there is no such conversation, or it is not yours to see"

// present enters this socket on every site, with what is open in it.
func (o *operator) present(ctx context.Context) {
	watching := map[string][]string{}
	for key, w := range o.watched {
		if !w.ended.Load() {
			watching[key.Site] = append(watching[key.Site], key.Conversation)
		}
	}
	for _, key := range o.who.Load().Sites() {
		if o.works(key) == nil {
			continue
		}
		err := o.server.Desk.Enter(ctx, key, desk.Presence{Operator: o.who.Load().ID, Socket: o.name, Away: o.away, Watching: watching[key]})
		if err != nil {
			// The next beat says it again.
			o.server.Log.Debug("enter presence", "site", key, "error", err)
		}
	}
}

// following is a followed inbox.
type following struct {
	operator *operator
	site     string
}

// Deliver implements desk.Follower.
func (f *following) Deliver(frame []byte) { f.operator.socket.Send(frame) }

// Restart implements desk.Follower.
func (f *following) Restart() { f.operator.socket.Close(protocol.CloseGoAway, "resume") }

// follow follows a site's inbox from what the client has.
func (o *operator) follow(ctx context.Context, f *protocol.OperatorFrame) {
	if o.works(f.Site) == nil {
		o.fail(f, protocol.CodeForbidden, "there is no such site, or it is not yours to see")
		return
	}
	if old := o.followed[f.Site]; old != nil {
		o.server.Desk.Unfollow(f.Site, old)
		delete(o.followed, f.Site)
	}
	follower := &following{operator: o, site: f.Site}
	err := o.server.Desk.Follow(ctx, f.Site, desk.Position{Epoch: f.Epoch, Seq: f.Seq}, follower, o.socket.SendAll)
	if err != nil {
		if !errors.Is(err, socket.ErrClosed) {
			o.unavailable(f, err)
		}
		return
	}
	o.followed[f.Site] = follower
}

// beat renews the lease and answers with every top as the store has it; what this
// node has missed is repaired at once.
func (o *operator) beat(ctx context.Context) {
	o.present(ctx)
	var frame protocol.Beat
	for key := range o.followed {
		top, err := o.server.Desk.Top(ctx, key)
		if err != nil {
			o.send(&protocol.Beat{})
			return
		}
		frame.Inboxes = append(frame.Inboxes, protocol.InboxTop{Site: key, Epoch: top.Epoch, Seq: top.Seq})
	}
	for key, w := range o.watched {
		if w.ended.Load() {
			continue
		}
		top, err := w.top(ctx)
		if err != nil {
			o.send(&protocol.Beat{})
			return
		}
		frame.Logs = append(frame.Logs, protocol.LogTop{Site: key.Site, Conversation: key.Conversation, Epoch: top.Epoch, Seq: top.Seq})
	}
	o.send(&frame)
}

// Closed implements socket.Handler.
func (o *operator) Closed(error) {
	o.server.operators.remove(o)
	o.server.admission.leave(o.from)
	o.server.Observer.Closed("", "operator", o.socket.Why())
	ctx, cancel := context.WithTimeout(context.Background(), o.server.Timeout)
	defer cancel()
	for key, f := range o.followed {
		o.server.Desk.Unfollow(key, f)
	}
	for key := range o.watched {
		o.drop(ctx, key)
	}
	if !o.open {
		return
	}
	who := o.who.Load()
	for _, key := range who.Sites() {
		if err := o.server.Desk.Leave(ctx, key, who.ID, o.name); err != nil {
			o.server.Log.Debug("leave presence", "site", key, "error", err) // the lease ends by itself
		}
	}
}

// flooded answers a client that sends faster than people do.
func (o *operator) flooded(f *protocol.OperatorFrame) {
	e := o.error(f, protocol.CodeRateLimited, "too many frames; send again later")
	e.RetryAfterMS = time.Second.Milliseconds()
	o.send(e)
	if o.floods++; o.floods > maxFloods {
		o.socket.Close(protocol.CloseAbuse, "too many frames")
	}
}

func (o *operator) badFrame(e *protocol.FrameError) {
	o.send(protocol.NewError(e.N, e.Code, e.Message))
	if o.bad++; o.bad > maxBadFrames {
		o.socket.Close(protocol.CloseAbuse, "too many bad frames")
	}
}

// error makes an error frame about what a frame was about.
func (o *operator) error(f *protocol.OperatorFrame, code protocol.Code, message string) *protocol.Error {
	e := protocol.NewError(f.N, code, message)
	e.Site, e.Conversation = f.Site, f.Conversation
	return e
}

func (o *operator) fail(f *protocol.OperatorFrame, code protocol.Code, message string) {
	o.send(o.error(f, code, message))
}

// unavailable answers what the store could not do.
func (o *operator) unavailable(f *protocol.OperatorFrame, err error) {
	if !errors.Is(err, chat.ErrUnavailable) && !errors.Is(err, context.DeadlineExceeded) {
		o.server.Log.Error("operator", "site", f.Site, "error", err)
	}
	e := o.error(f, protocol.CodeUnavailable, "it could not be read now; try again")
	e.RetryAfterMS = retryOpenMS
	o.send(e)
}

// send queues a frame of ours. One that cannot be encoded is a defect.
func (o *operator) send(frame any) {
	data, err := protocol.Encode(frame)
	if err != nil {
		o.server.Log.Error("encode frame", "error", err)
		return
	}
	o.socket.Send(data)
}
