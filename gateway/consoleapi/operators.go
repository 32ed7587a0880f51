package consoleapi

import (
	"net/http"
	"slices"
	"time"

	"zgoda/gateway/staff"
)

// InvitationPath is where a link leads. The secret is in the fragment, which
// browsers send to nobody.
const InvitationPath = "/console/#invitation="

type link struct {
	Link      string    `json:"link"`
	ExpiresAt time.Time `json:"expires_at"`
}

func linkOf(l *staff.Link) link {
	return link{Link: InvitationPath + l.Secret, ExpiresAt: l.ExpiresAt.UTC()}
}

func (a *api) operators(c *call) {
	members, err := a.Staff.Members(c.ctx, c.site.Key)
	if err != nil {
		a.fail(c.w, err)
		return
	}
	there := a.Desk.Present(c.site.Key)
	type row struct {
		staff.Member
		Online bool `json:"online"`
	}
	rows := []row{}
	for _, m := range members {
		rows = append(rows, row{Member: m, Online: there[m.ID]})
	}
	a.write(c.w, http.StatusOK, map[string]any{"operators": rows})
}

func (a *api) invite(c *call) {
	var in struct {
		Login string `json:"login"`
		Role  string `json:"role"`
	}
	if !a.read(c.w, c.r, &in) {
		return
	}
	l, err := a.Staff.Invite(c.ctx, in.Login, c.site.Key, in.Role, "operator:"+c.who.ID)
	if err != nil {
		a.fail(c.w, err)
		return
	}
	a.write(c.w, http.StatusOK, linkOf(l))
}

// member finds an operator of the site.
func (a *api) member(c *call) (*staff.Member, error) {
	members, err := a.Staff.Members(c.ctx, c.site.Key)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(members, func(m staff.Member) bool { return m.ID == c.r.PathValue("id") })
	if i < 0 {
		return nil, staff.ErrForbidden
	}
	return &members[i], nil
}

var errOwnRole = staff.BadInputError("you cannot take the administration from yourself: somebody else must")

func (a *api) setRoles(c *call) {
	var in struct {
		Roles []string `json:"roles"`
	}
	if !a.read(c.w, c.r, &in) {
		return
	}
	m, err := a.member(c)
	if err == nil && m.ID == c.who.ID && !slices.Contains(in.Roles, staff.RoleAdministrator) {
		err = errOwnRole
	}
	if err == nil {
		err = a.Staff.SetRoles(c.ctx, m.ID, c.site.Key, in.Roles)
	}
	a.done(c, err)
}

func (a *api) disable(c *call) { a.setDisabled(c, true) }

func (a *api) enable(c *call) { a.setDisabled(c, false) }

func (a *api) setDisabled(c *call, disabled bool) {
	m, err := a.governed(c)
	if err == nil && m.ID == c.who.ID {
		err = errOwnRole
	}
	if err == nil {
		err = a.Staff.Disable(c.ctx, m.ID, disabled)
	}
	a.done(c, err)
}

// governed finds an operator whose account this administrator may touch.
func (a *api) governed(c *call) (*staff.Member, error) {
	m, err := a.member(c)
	if err != nil {
		return nil, err
	}
	ok, err := a.Staff.Governs(c.ctx, c.who, m.ID)
	if err == nil && !ok {
		err = staff.ErrForbidden
	}
	return m, err
}

func (a *api) reset(c *call) {
	m, err := a.governed(c)
	if err != nil {
		a.fail(c.w, err)
		return
	}
	l, err := a.Staff.Reset(c.ctx, m.ID, "operator:"+c.who.ID)
	if err != nil {
		a.fail(c.w, err)
		return
	}
	a.write(c.w, http.StatusOK, linkOf(l))
}

func (a *api) done(c *call, err error) {
	if err != nil {
		a.fail(c.w, err)
		return
	}
	c.w.WriteHeader(http.StatusNoContent)
}
