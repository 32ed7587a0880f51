package consoleapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"zgoda/gateway/desk"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/gateway/staff"
	"zgoda/persistence"
)

// Options of an API. Staff, Sites, Desk, Address and Log are required.
type Options struct {
	Staff *staff.Service
	Sites *site.Sites
	Desk  *desk.Desk
	// People is asked about visitors; nil where there is no contact store.
	People persistence.Privacy
	// Change changes what is kept about a visitor and returns when the contact
	// store has it.
	Change func(ctx context.Context, c Change) error
	// Access returns all that is held about a visitor, for the visitor (GDPR art. 15);
	// persistence.ErrNotFound where that is nothing. language is of the page, empty for
	// the conversation's.
	Access func(ctx context.Context, siteKey, visitor, language string, by persistence.Access) (Document, error)
	// Revisions are the versions of sites' privacy settings, nil where there is no store
	// for accounts; History and Revision read older ones, as persistence.SiteRevisions.
	Revisions Revisions
	History   func(ctx context.Context, site string, before uint64, limit int) ([]persistence.SiteRevision, error)
	Revision  func(ctx context.Context, site string, n uint64) (persistence.SiteRevision, error)
	// Receipt returns the signed receipt of a visitor; persistence.ErrNotFound where
	// there is none.
	Receipt func(ctx context.Context, siteKey, visitor string, by persistence.Access) (string, error)
	// StaffSite is what an operator is told of a site.
	StaffSite func(st *site.Site, roles []string) protocol.StaffSite
	// Address returns who is asking, for counting.
	Address func(r *http.Request) string
	Log     *slog.Logger
	// Timeout bounds one request. Default 10 s.
	Timeout time.Duration
}

// A Document encodes as JSON and writes itself as one page.
type Document interface {
	WriteHTML(w io.Writer) error
}

// A Change is what a privacy officer changes. Kind is withdraw, erase, correct,
// restrict or unrestrict.
type Change struct {
	Site, Visitor, Kind string
	Purposes            []string
	Fields              map[string]string
	Actor, Reason       string
}

// A RefusedError says that a change was refused, with a code of the protocol.
type RefusedError struct {
	Code    protocol.Code
	Message string
}

func (e RefusedError) Error() string { return string(e.Code) + ": " + e.Message }

// ErrBadChange is wrapped by errors that say what is wrong with a Change.
var ErrBadChange = errors.New("bad request")

type api struct{ Options }

// Handler returns the routes under /console/api/.
func Handler(o Options) http.Handler {
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	a := &api{o}
	mux := http.NewServeMux()
	route := func(pattern string, h func(http.ResponseWriter, *http.Request)) {
		method, path, _ := cutPattern(pattern)
		mux.HandleFunc(method+" /console/api/"+path, h)
	}
	route("POST sign-in", a.signIn)
	route("POST accept", a.accept)
	route("POST sign-out", a.signedIn(a.signOut))
	route("POST sign-out-everywhere", a.signedIn(a.signOutEverywhere))
	route("POST password", a.signedIn(a.password))
	route("GET me", a.signedIn(a.me))
	admin := []string{staff.RoleAdministrator}
	route("GET sites/{site}/operators", a.onSite(a.operators, admin...))
	route("POST sites/{site}/invitations", a.onSite(a.invite, admin...))
	route("PUT sites/{site}/operators/{id}/roles", a.onSite(a.setRoles, admin...))
	route("POST sites/{site}/operators/{id}/disable", a.onSite(a.disable, admin...))
	route("POST sites/{site}/operators/{id}/enable", a.onSite(a.enable, admin...))
	route("POST sites/{site}/operators/{id}/reset", a.onSite(a.reset, admin...))
	route("GET sites/{site}/contacts", a.onSite(a.contacts))
	officers := []string{staff.RolePrivacyOfficer, staff.RoleAdministrator}
	route("GET sites/{site}/contacts/{visitor}", a.onSite(a.person, officers...))
	route("GET sites/{site}/contacts/{visitor}/receipt", a.onSite(a.receipt, officers...))
	route("GET sites/{site}/contacts/{visitor}/access", a.onSite(a.access, officers...))
	route("POST sites/{site}/contacts/find", a.onSite(a.find, officers...))
	route("GET sites/{site}/privacy", a.onSite(a.privacy, officers...))
	route("PUT sites/{site}/privacy", a.onSite(a.setPrivacy, admin...))
	route("POST sites/{site}/privacy/preview", a.onSite(a.preview, officers...))
	route("GET sites/{site}/privacy/revisions", a.onSite(a.privacyRevisions, officers...))
	route("GET sites/{site}/privacy/revisions/{revision}", a.onSite(a.privacyRevision, officers...))
	route("GET sites/{site}/marketing/{purpose}", a.onSite(a.marketing, officers...))
	route("GET sites/{site}/audit", a.onSite(a.audit, officers...))
	route("POST sites/{site}/contacts/{visitor}/{kind}", a.onSite(a.change, staff.RolePrivacyOfficer))
	mux.HandleFunc("/console/api/", func(w http.ResponseWriter, _ *http.Request) { a.fail(w, staff.ErrForbidden) })
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a.refuse(w, http.StatusForbidden, refusal{Code: "origin_refused", Message: "this does not come from the console"})
	}))
	return noStore(protection.Handler(mux))
}

func cutPattern(p string) (method, path string, ok bool) {
	for i := range len(p) {
		if p[i] == ' ' {
			return p[:i], p[i+1:], true
		}
	}
	return "", p, false
}

// noStore keeps answers out of every cache: they are about people.
func noStore(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}

// refusal is the body of every refusal.
type refusal struct {
	Code         string `json:"code"`
	Message      string `json:"message"`
	RetryAfterMS int64  `json:"retry_after_ms,omitempty"`
}

func (a *api) refuse(w http.ResponseWriter, status int, why refusal) {
	if why.RetryAfterMS > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt((why.RetryAfterMS+999)/1000, 10))
	}
	a.write(w, status, why)
}

func (a *api) write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone; there is nobody to tell
}

// retryMS is when to come back while a store is away.
const retryMS = 2000

// fail answers an error. What does not exist and what is not for this operator are
// answered alike.
func (a *api) fail(w http.ResponseWriter, err error) {
	var limit staff.LimitError
	var bad staff.BadInputError
	var refused RefusedError
	switch {
	case errors.As(err, &limit):
		a.refuse(w, http.StatusTooManyRequests, refusal{Code: "rate_limited", Message: "too many attempts; try again later", RetryAfterMS: limit.Retry.Milliseconds()})
	case errors.As(err, &bad):
		a.refuse(w, http.StatusBadRequest, refusal{Code: "bad_request", Message: bad.Error()})
	case errors.As(err, &refused):
		a.refuse(w, http.StatusConflict, refusal{Code: string(refused.Code), Message: refused.Message})
	case errors.Is(err, ErrBadChange):
		a.refuse(w, http.StatusBadRequest, refusal{Code: "bad_request", Message: err.Error()})
	case errors.Is(err, staff.ErrSignedOut):
		a.refuse(w, http.StatusUnauthorized, refusal{Code: "signed_out", Message: "sign in first"})
	case errors.Is(err, staff.ErrCredentials):
		a.refuse(w, http.StatusUnauthorized, refusal{Code: "bad_credentials", Message: "name or password is wrong"})
	case errors.Is(err, staff.ErrKnown):
		a.refuse(w, http.StatusConflict, refusal{Code: "conflict", Message: "you have an account: sign in with its password"})
	case errors.Is(err, staff.ErrForbidden), errors.Is(err, persistence.ErrNotFound):
		a.refuse(w, http.StatusForbidden, refusal{Code: "forbidden", Message: "there is no such thing, or it is not for you"})
	case errors.Is(err, persistence.ErrNeedsPostgres):
		a.refuse(w, http.StatusConflict, refusal{Code: "conflict", Message: "this needs PostgreSQL"})
	case errors.Is(err, persistence.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		a.refuse(w, http.StatusServiceUnavailable, refusal{Code: "unavailable", Message: "it could not be read or written now; try again", RetryAfterMS: retryMS})
	default:
		a.Log.Error("console", "error", err)
		a.refuse(w, http.StatusInternalServerError, refusal{Code: "internal", Message: "a defect of the server"})
	}
}

// read decodes a body strictly.
func (a *api) read(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || d.More() {
		a.refuse(w, http.StatusBadRequest, refusal{Code: "bad_request", Message: "the body is not the JSON object that this needs"})
		return false
	}
	return true
}

// A call is one request of somebody who is signed in.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	ctx  context.Context //nolint:containedctx // it lives as long as the request
	who  *staff.Identity
	site *site.Site // of routes under sites/{site}
}

// by says who asks for personal data.
func (c *call) by(reason string) persistence.Access {
	return persistence.Access{Actor: "operator:" + c.who.ID, Reason: reason}
}

// signedIn lets in whoever has a session.
func (a *api) signedIn(h func(*call)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), a.Timeout)
		defer cancel()
		who, err := a.Staff.Verify(ctx, staff.Cookie(r))
		if err != nil {
			a.fail(w, err)
			return
		}
		h(&call{w: w, r: r, ctx: ctx, who: who})
	}
}

// onSite lets in whoever has one of the roles on the site; without roles, any.
func (a *api) onSite(h func(*call), roles ...string) func(http.ResponseWriter, *http.Request) {
	return a.signedIn(func(c *call) {
		key := c.r.PathValue("site")
		st, ok := a.Sites.Get(key)
		if !ok || !c.who.Has(key, roles...) {
			a.fail(c.w, staff.ErrForbidden)
			return
		}
		c.site = st
		h(c)
	})
}
