package consoleapi

import (
	"context"
	"net/http"
	"time"

	"zgoda/gateway/protocol"
	"zgoda/gateway/staff"
)

// me is who is signed in.
type me struct {
	Operator  person               `json:"operator"`
	Sites     []protocol.StaffSite `json:"sites"`
	ExpiresAt time.Time            `json:"expires_at"`
	IdleMS    int64                `json:"idle_ms"`
}

type person struct {
	ID    string `json:"id"`
	Login string `json:"login"`
	Name  string `json:"name"`
}

func (a *api) meOf(who *staff.Identity) me {
	m := me{
		Operator: person{ID: who.ID, Login: who.Login, Name: who.Name}, Sites: []protocol.StaffSite{},
		ExpiresAt: who.ExpiresAt.UTC(), IdleMS: who.Idle.Milliseconds(),
	}
	for _, key := range who.Sites() {
		if st, ok := a.Sites.Get(key); ok {
			m.Sites = append(m.Sites, a.StaffSite(st, who.Roles[key]))
		}
	}
	return m
}

// welcome gives the cookie of a new session. One that the browser had before ends:
// a session that was planted there is worth nothing.
func (a *api) welcome(ctx context.Context, w http.ResponseWriter, r *http.Request, secret string, who *staff.Identity) {
	if old, err := a.Staff.Verify(ctx, staff.Cookie(r)); err == nil {
		if err := a.Staff.SignOut(ctx, old); err != nil {
			a.Log.Warn("end the session before", "error", err)
		}
	}
	staff.SetCookie(w, r, secret, who.ExpiresAt)
	a.write(w, http.StatusOK, a.meOf(who))
}

func (a *api) signIn(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Login    string `json:"login"`
		Password string `json:"password"`
	}
	if !a.read(w, r, &in) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.Timeout)
	defer cancel()
	secret, who, err := a.Staff.SignIn(ctx, in.Login, in.Password, a.Address(r))
	if err != nil {
		a.fail(w, err)
		return
	}
	a.welcome(ctx, w, r, secret, who)
}

func (a *api) accept(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Token    string `json:"token"`
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	if !a.read(w, r, &in) {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), a.Timeout)
	defer cancel()
	secret, who, err := a.Staff.Accept(ctx, in.Token, in.Name, in.Password, a.Address(r))
	if err != nil {
		a.fail(w, err)
		return
	}
	a.welcome(ctx, w, r, secret, who)
}

func (a *api) me(c *call) { a.write(c.w, http.StatusOK, a.meOf(c.who)) }

func (a *api) signOut(c *call) { a.leave(c, a.Staff.SignOut(c.ctx, c.who)) }

func (a *api) signOutEverywhere(c *call) { a.leave(c, a.Staff.SignOutEverywhere(c.ctx, c.who)) }

func (a *api) leave(c *call, err error) {
	if err != nil {
		a.fail(c.w, err)
		return
	}
	staff.SetCookie(c.w, c.r, "", time.Time{})
	c.w.WriteHeader(http.StatusNoContent)
}

func (a *api) password(c *call) {
	var in struct {
		Old string `json:"old"`
		New string `json:"new"`
	}
	if !a.read(c.w, c.r, &in) {
		return
	}
	secret, who, err := a.Staff.ChangePassword(c.ctx, c.who, in.Old, in.New, a.Address(c.r))
	if err != nil {
		a.fail(c.w, err)
		return
	}
	staff.SetCookie(c.w, c.r, secret, who.ExpiresAt)
	a.write(c.w, http.StatusOK, a.meOf(who))
}
