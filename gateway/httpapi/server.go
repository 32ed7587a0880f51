package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"zgoda/gateway/auth"
	"zgoda/gateway/chat"
	"zgoda/gateway/console"
	"zgoda/gateway/desk"
	"zgoda/gateway/live"
	"zgoda/gateway/protocol"
	"zgoda/gateway/receipt"
	"zgoda/gateway/site"
	"zgoda/gateway/socket"
	"zgoda/gateway/staff"
	"zgoda/gateway/widget"
)

// Options of a Server. All fields but Limits, Now and Timeout are required.
type Options struct {
	Sites         *site.Sites
	Chat          *chat.Service
	Conversations *live.Registry[chat.View]
	Sockets       *socket.Group
	IDs           auth.IDs
	Tokens        *auth.Tokens
	// Receipts signs what visitors take away.
	Receipts *receipt.Signer
	// Desk and Staff serve operators; nil where nobody can sign in. ConsoleAPI answers
	// /console/api/.
	Desk       *desk.Desk
	Staff      *staff.Service
	ConsoleAPI http.Handler
	// DigestKey keys the digests of inputs that are kept for deduplication.
	DigestKey []byte
	// Ready reports why the node should get no new sockets; nil when it may.
	Ready  func(context.Context) error
	Log    *slog.Logger
	Limits Limits
	// Observer is told of sockets; nil is nobody.
	Observer Observer
	// Timeout bounds what one frame may wait for the store. Default 5 s.
	Timeout time.Duration
	Now     func() time.Time
}

// An Observer is told of sockets and of what visitors take away, in words that name
// nobody. It must not block. All methods may be called concurrently.
type Observer interface {
	// Opened and Closed: audience is visitor or operator, code how it ended (see
	// socket.Why).
	Opened(site, audience string)
	Closed(site, audience, code string)
	// Refused: a request did not become a socket.
	Refused(reason string)
	// Resumed: new, continued (nothing was missed), replayed, reset.
	Resumed(site, outcome string)
	// Receipt: issued, nothing, failed.
	Receipt(site, outcome string)
	// Upgrade: a request for a socket is being answered; end is called once, at the
	// latest when the socket is open.
	Upgrade(ctx context.Context, audience string) (end func(outcome string))
	// Hear: news of another node's commit arrived and are told to those who are
	// attached here. trace is the commit's.
	Hear(ctx context.Context, site, trace string) (_ context.Context, end func())
}

// nobody observes where nothing is switched on.
type nobody struct{}

func (nobody) Opened(string, string)         {}
func (nobody) Closed(string, string, string) {}
func (nobody) Refused(string)                {}
func (nobody) Resumed(string, string)        {}
func (nobody) Receipt(string, string)        {}

func (nobody) Upgrade(context.Context, string) func(string) { return func(string) {} }

func (nobody) Hear(ctx context.Context, _, _ string) (context.Context, func()) {
	return ctx, func() {}
}

// A Server answers HTTP requests and serves sockets. It may be used from any
// goroutine.
type Server struct {
	Options
	admission *admission
	operators operators
	asked     askers
	unready   atomic.Bool
	draining  atomic.Bool
}

// New returns a Server.
func New(o Options) *Server {
	if o.Timeout == 0 {
		o.Timeout = 5 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	o.Limits = o.Limits.WithDefaults()
	return &Server{Options: o, admission: newAdmission(o.Limits, o.Now)}
}

// Handler returns the routes.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/ws", s.upgrade)
	mux.HandleFunc("GET /v1/operator", s.upgradeOperator)
	mux.Handle("/console/api/", s.consoleAPI())
	mux.Handle("/console/", console.Handler())
	mux.Handle("GET /console", http.RedirectHandler("/console/", http.StatusPermanentRedirect))
	mux.HandleFunc("GET /v1/sites/{site}/widget", s.widgetConfig)
	mux.HandleFunc("GET /v1/status", s.status)
	mux.HandleFunc("GET /v1/asyncapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
		_, _ = w.Write(protocol.AsyncAPI)
	})
	mux.HandleFunc("GET "+receipt.JWKSPath, s.jwks)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"alive": true})
	})
	mux.HandleFunc("GET /readyz", s.readyz)
	assets := widget.Handler(s.look)
	mux.Handle("GET /widget.js", assets)
	mux.Handle("GET /widget.d.ts", assets)
	mux.Handle("GET /widget/", assets)
	mux.Handle("GET /demo/", assets)
	mux.Handle("GET /demo", http.RedirectHandler("/demo/", http.StatusPermanentRedirect))
	mux.Handle("GET /{$}", http.RedirectHandler("/demo/", http.StatusFound))
	return http.MaxBytesHandler(mux, 64<<10)
}

// consoleAPI says why where nobody can sign in; the page shows it.
func (s *Server) consoleAPI() http.Handler {
	if s.ConsoleAPI != nil {
		return s.ConsoleAPI
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, &noOperators) })
}

// jwks publishes the keys that receipts and proofs are verified with, to
// anybody.
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(s.Receipts.JWKS()) // the client is gone; there is nobody to tell
}

// Unready makes /readyz say that the node should get no new sockets; it still
// takes those that come.
func (s *Server) Unready() { s.unready.Store(true) }

// Drain refuses new sockets from now on.
func (s *Server) Drain() { s.draining.Store(true) }

// refusal is the body of a refused request: what is wrong and what to do.
type refusal struct {
	Code         string `json:"code"`
	Message      string `json:"message"`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty"`
}

const drainRetry = 2 * time.Second

// admit decides whether a request may become a socket of a site.
func (s *Server) admit(r *http.Request) (*site.Site, int, *refusal) {
	st, ok := s.Sites.Get(r.URL.Query().Get("site"))
	switch {
	case !ok:
		return nil, http.StatusNotFound, &refusal{Code: "unknown_site", Message: "no such site; check the key in the snippet"}
	case !st.AllowsOrigin(r.Header.Get("Origin")):
		return nil, http.StatusForbidden, &refusal{Code: "origin_refused", Message: "this origin is not in the site's list of origins"}
	case !offers(r, protocol.Subprotocol):
		return nil, http.StatusBadRequest, &refusal{Code: "subprotocol", Message: "ask for the WebSocket subprotocol " + protocol.Subprotocol}
	case s.draining.Load():
		return nil, http.StatusServiceUnavailable, &refusal{Code: "draining", Message: "this node is being restarted", RetryAfterMS: drainRetry.Milliseconds()}
	}
	return st, http.StatusOK, nil
}

// offers reports whether a request asks for a subprotocol (RFC 6455 section
// 4.1).
func offers(r *http.Request, subprotocol string) bool {
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(name) == subprotocol {
				return true
			}
		}
	}
	return false
}

func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	outcome := "ok"
	end := s.Observer.Upgrade(r.Context(), "visitor")
	defer func() { end(outcome) }()
	st, status, why := s.admit(r)
	if why != nil {
		outcome = why.Code
		s.Observer.Refused(why.Code)
		s.Log.Info("socket refused", "reason", why.Code, "site", shorten(r.URL.Query().Get("site")), "origin", shorten(r.Header.Get("Origin")))
		refuse(w, status, why)
		return
	}
	from := clientAddress(r, s.Limits.TrustedHops)
	if reason, retry := s.admission.enter(from); reason != "" {
		outcome = reason
		s.Observer.Refused(reason)
		refuse(w, http.StatusServiceUnavailable, &refusal{Code: reason, Message: "too many connections; try again later", RetryAfterMS: retry.Milliseconds()})
		return
	}
	sock, err := s.Sockets.Upgrade(w, r, protocol.Subprotocol)
	if err != nil {
		outcome = "failed"
		s.admission.leave(from)
		s.Log.DebugContext(r.Context(), "upgrade refused", "site", st.Key, "error", err)
		return
	}
	s.Observer.Opened(st.Key, "visitor")
	sock.Serve(&session{server: s, key: st.Key, socket: sock, from: from})
	// The handler returns here: the request, its goroutine and its buffers are
	// freed while the socket lives on.
}

// widgetConfig is what a page needs before the visitor's first act. Nothing is
// stored for it.
func (s *Server) widgetConfig(w http.ResponseWriter, r *http.Request) {
	st, ok := s.Sites.Get(r.PathValue("site"))
	if !ok {
		refuse(w, http.StatusNotFound, &refusal{Code: "unknown_site", Message: "no such site; check the key in the snippet"})
		return
	}
	w.Header().Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); origin != "" {
		if !st.AllowsOrigin(origin) {
			refuse(w, http.StatusForbidden, &refusal{Code: "origin_refused", Message: "this origin is not in the site's list of origins"})
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", origin)
	}
	locale := st.Bot.Locale(r.URL.Query().Get("locale"))
	page, _, _ := strings.Cut(r.URL.Query().Get("page"), "?")
	greeting, expect := chat.Greeting(st.Bot, locale, protocol.MaskPath(page[:min(len(page), protocol.MaxPageBytes)]))
	w.Header().Set("Cache-Control", "no-cache")
	writeJSON(w, http.StatusOK, widgetConfig{
		Site: st.Key, Name: st.Name, Locale: locale, Locales: st.Settings.Locales, Dir: direction(locale),
		Flow: st.Flow.Hash, Greeting: greeting, Expect: expect, Limits: protocol.DefaultLimits(),
		GDPR: gdprOf(st.Information(locale)), PolicyURL: st.PolicyURL(locale),
		Look: lookOf(st.Looks),
	})
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "no-store")
	st, ok := s.Sites.Get(r.URL.Query().Get("site"))
	if !ok {
		writeJSON(w, http.StatusOK, map[string]any{"ok": false, "reason": "unknown_site"})
		return
	}
	if origin := r.Header.Get("Origin"); origin != "" && !st.AllowsOrigin(origin) {
		writeJSON(w, http.StatusOK, map[string]any{"ok": false, "reason": "origin_refused"})
		return
	}
	reason, retry := s.admission.would(clientAddress(r, s.Limits.TrustedHops))
	if s.draining.Load() || s.Ready(r.Context()) != nil {
		reason, retry = "unavailable", drainRetry
	}
	if reason != "" {
		writeJSON(w, http.StatusOK, map[string]any{"ok": false, "reason": reason, "retry_after_ms": retry.Milliseconds()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true})
}

func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if why := s.WhyNot(r.Context()); why != "" {
		writeJSON(w, http.StatusServiceUnavailable, map[string]any{"ready": false, "reason": why})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ready": true})
}

// WhyNot says why the node should get no new sockets; nothing where it should. It asks
// the stores.
func (s *Server) WhyNot(ctx context.Context) string {
	if s.unready.Load() {
		return "draining"
	}
	if err := s.Ready(ctx); err != nil {
		return err.Error()
	}
	return ""
}

// look is what the launcher of a site looks like.
func (s *Server) look(key string) (widget.Look, bool) {
	st, ok := s.Sites.Get(key)
	if !ok {
		return widget.Look{}, false
	}
	l := &st.Looks
	return widget.Look{
		Color: l.Color, On: l.On, Dark: l.Dark, OnDark: l.OnDark, Left: l.Position == "left",
		Side: l.Side, Bottom: l.Bottom, Icon: l.Icon, Text: l.Text, Locales: st.Settings.Locales,
	}, true
}

// maxLogged bounds what of a request gets into a log line.
const maxLogged = 100

func shorten(s string) string { return s[:min(len(s), maxLogged)] }

func refuse(w http.ResponseWriter, status int, why *refusal) {
	if why.RetryAfterMS > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt((why.RetryAfterMS+999)/1000, 10))
	}
	writeJSON(w, status, why)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone; there is nobody to tell
}
