package gateway

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"zgoda/gateway/chat"
	"zgoda/gateway/consoleapi"
	"zgoda/gateway/desk"
	"zgoda/gateway/httpapi"
	"zgoda/gateway/receipt"
	"zgoda/gateway/site"
	"zgoda/gateway/staff"
	"zgoda/persistence"
)

// openDesk makes what operators need, where there is a store for their accounts.
func (a *App) openDesk(ctx context.Context, talk *chat.Service, node string) error {
	if a.opts.Staff != nil {
		a.stores.staff = a.opts.Staff
	}
	if a.stores.staff == nil {
		return nil
	}
	a.revisions = newRevisions(a.sites, a.stores.staff, a.opts.DataDir, a.opts.Log)
	warnings, err := a.revisions.open(ctx)
	var problems site.Problems
	switch {
	case errors.As(err, &problems):
		return err
	case err != nil:
		a.revisions = nil
		a.warn("nobody can sign in to the console, and sites have the privacy settings of their files: " + err.Error())
		return nil
	}
	for _, w := range warnings {
		a.warn(w)
	}
	if a.staff, err = staff.New(staff.Options{Store: a.stores.staff, Sites: a.sites.Keys()}); err != nil {
		return err
	}
	a.desk = desk.New(desk.Options{
		Inbox: a.stores.inbox, Desk: a.stores.desk, Node: node, Sites: a.sites.Keys(), Lease: a.opts.OperatorLease,
		Row: talk.Row, Names: a.staff.Names, Return: a.returnConversation, Log: a.opts.Log,
	})
	first, err := a.staff.FirstLink(ctx)
	switch {
	case errors.Is(err, persistence.ErrUnavailable):
		a.warn("the store of operators' accounts is away: nobody can sign in now")
	case err != nil:
		// Visitors do not need operators: the gateway serves them all the same.
		a.staff, a.desk = nil, nil
		a.warn("nobody can sign in to the console: " + err.Error())
	case first != nil:
		a.firstLink = consoleapi.InvitationPath + first.Secret
	}
	return nil
}

// FirstLogin is the name with which the first administrator signs in.
const FirstLogin = staff.FirstLogin

// FirstLink returns the path of the link that makes the first administrator, empty
// where there is somebody already. It is good once, for a day.
func (a *App) FirstLink() string { return a.firstLink }

// online is how many operators take conversations on a site.
func (a *App) online(siteKey string) int {
	if a.desk == nil {
		return 0
	}
	return a.desk.Online(siteKey)
}

// consoleAPI makes the console's HTTP routes, nil where nobody can sign in.
func (a *App) consoleAPI(talk *chat.Service, signer *receipt.Signer) http.Handler {
	if a.staff == nil {
		return nil
	}
	return consoleapi.Handler(consoleapi.Options{
		Revisions: a.revisions, History: a.stores.staff.Revisions, Revision: a.stores.staff.Revision,
		Staff: a.staff, Sites: a.sites, Desk: a.desk, People: a.privacy, StaffSite: httpapi.StaffSite, Log: a.opts.Log,
		Address: func(r *http.Request) string { return httpapi.ClientAddress(r, a.opts.Limits.TrustedHops).String() },
		Change: func(ctx context.Context, c consoleapi.Change) error {
			return a.Apply(ctx, Change{
				ID: rand.Text(), Site: c.Site, Visitor: c.Visitor, Kind: c.Kind, Purposes: c.Purposes, Fields: c.Fields,
				Actor: c.Actor, Reason: c.Reason,
			})
		},
		Access: func(ctx context.Context, siteKey, visitor, language string, by persistence.Access) (consoleapi.Document, error) {
			st, ok := a.sites.Get(siteKey)
			if !ok {
				return nil, persistence.ErrNotFound
			}
			return accessOf(ctx, talk, st, visitor, language, by)
		},
		Receipt: func(ctx context.Context, siteKey, visitor string, by persistence.Access) (string, error) {
			st, ok := a.sites.Get(siteKey)
			if !ok {
				return "", persistence.ErrNotFound
			}
			ledger, err := talk.Ledger(ctx, st, chat.KeyOf(siteKey, visitor), by)
			if err != nil {
				return "", err
			}
			r, err := receipt.Build(receipt.Order{Site: st, Ledger: ledger, ID: rand.Text(), Now: time.Now()})
			if errors.Is(err, receipt.ErrNothing) {
				return "", persistence.ErrNotFound
			}
			if err != nil {
				return "", err
			}
			return signer.Receipt(r)
		},
	})
}

// returnConversation gives the conversation of an operator who is gone back to the
// queue. Every node may find that they are gone; the commit takes effect once.
func (a *App) returnConversation(ctx context.Context, siteKey, conversation, operator string) {
	st, ok := a.sites.Get(siteKey)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	out := a.server.Apply(ctx, st, chat.VisitorOf(conversation), chat.ReturnOf(operator, strings.ToLower(rand.Text())))
	if out.Ack != nil && out.Ack.Refused == nil {
		a.opts.Log.Info("an operator is gone: the conversation waits again", "site", siteKey, "conversation", conversation, "operator", operator)
	}
}

// Times of the look at operators' sessions.
const (
	recheckEvery = 2 * time.Second
	forgetEvery  = time.Hour
)

// recheck closes the sockets of sessions that have ended, and forgets those that
// are over.
func (a *App) recheck(ctx context.Context) {
	ticker := time.NewTicker(recheckEvery)
	defer ticker.Stop()
	forget := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		a.server.Recheck(ctx)
		if time.Since(forget) < forgetEvery {
			continue
		}
		forget = time.Now()
		if _, err := a.staff.Forget(ctx); err != nil && !errors.Is(err, persistence.ErrUnavailable) && ctx.Err() == nil {
			a.opts.Log.Error("forget sessions", "error", err)
		}
	}
}

// An OperatorCommand is what a command does to accounts.
type OperatorCommand struct {
	// Kind is add, list, disable, enable or reset.
	Kind  string `json:"kind"`
	Login string `json:"login,omitempty"`
	Site  string `json:"site,omitempty"`
	Role  string `json:"role,omitempty"`
}

// An OperatorAnswer is what came of it.
type OperatorAnswer struct {
	// Path of the link that lets somebody in, of add and reset.
	Path      string         `json:"path,omitempty"`
	ExpiresAt time.Time      `json:"expires_at,omitzero"`
	Members   []staff.Member `json:"members,omitempty"`
	Error     string         `json:"error,omitempty"`
}

// ErrNoAccounts means that there is no store for accounts.
var ErrNoAccounts = errors.New("there is no store for operators' accounts: set postgres beside redis")

// Operator carries a command out. Errors say what to do.
func (a *App) Operator(ctx context.Context, c OperatorCommand) (OperatorAnswer, error) {
	if a.staff == nil {
		return OperatorAnswer{}, ErrNoAccounts
	}
	if c.Site != "" {
		if _, ok := a.sites.Get(c.Site); !ok {
			return OperatorAnswer{}, fmt.Errorf("no site %q; there are %s", c.Site, strings.Join(a.sites.Keys(), ", "))
		}
	}
	switch c.Kind {
	case "add":
		l, err := a.staff.Invite(ctx, c.Login, c.Site, c.Role, "command")
		return linked(l, err)
	case "list":
		members, err := a.members(ctx, c.Site)
		return OperatorAnswer{Members: members}, err
	}
	m, err := a.staff.Find(ctx, c.Login)
	if errors.Is(err, staff.ErrForbidden) {
		return OperatorAnswer{}, fmt.Errorf("nobody signs in as %q; `zgoda operator list` shows who does", c.Login)
	}
	if err != nil {
		return OperatorAnswer{}, err
	}
	switch c.Kind {
	case "disable", "enable":
		return OperatorAnswer{}, a.staff.Disable(ctx, m.ID, c.Kind == "disable")
	case "reset":
		l, err := a.staff.Reset(ctx, m.ID, "command")
		return linked(l, err)
	}
	return OperatorAnswer{}, fmt.Errorf("there is no command %q for operators", c.Kind)
}

func (a *App) members(ctx context.Context, site string) ([]staff.Member, error) {
	if site != "" {
		return a.staff.Members(ctx, site)
	}
	return a.staff.Everybody(ctx)
}

func linked(l *staff.Link, err error) (OperatorAnswer, error) {
	if err != nil {
		return OperatorAnswer{}, err
	}
	return OperatorAnswer{Path: consoleapi.InvitationPath + l.Secret, ExpiresAt: l.ExpiresAt}, nil
}

// handleOperator answers the control socket.
func (a *App) handleOperator(w http.ResponseWriter, r *http.Request) {
	var c OperatorCommand
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	var answer OperatorAnswer
	err := dec.Decode(&c)
	if err == nil {
		answer, err = a.Operator(r.Context(), c)
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		answer = OperatorAnswer{Error: err.Error()}
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
	_ = json.NewEncoder(w).Encode(answer) // the command is gone; there is nobody to tell
}
