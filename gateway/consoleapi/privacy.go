package consoleapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"zgoda/gateway/site"
	"zgoda/gateway/staff"
	"zgoda/persistence"
)

// Revisions are the versions of a site's privacy settings. All methods may be called
// concurrently.
type Revisions interface {
	// Now returns the settings in force on this node.
	Now(st *site.Site) PrivacyRevision
	// Save makes a change the revision after base. It is site.Problems where the
	// settings do not pass the checks of a site file, persistence.ErrExists where base
	// is not the newest, ErrUnchanged where nothing changed.
	Save(ctx context.Context, site string, base uint64, p *site.Privacy, actor string) (uint64, error)
}

// ErrUnchanged says that settings are those in force already.
var ErrUnchanged = errors.New("nothing was changed")

// A PrivacyRevision is a version of a site's privacy settings. Revision 1 is the file.
type PrivacyRevision struct {
	Revision uint64        `json:"revision"`
	Actor    string        `json:"actor"`
	At       time.Time     `json:"at,omitzero"`
	Settings *site.Privacy `json:"settings"`
	// Warnings say what is incomplete or unwise.
	Warnings []string `json:"warnings"`
	Locales  []string `json:"locales"`
}

// ActionPrivacy is what the audit says of a new revision.
const ActionPrivacy = "site.privacy_changed"

const maxSettings = 64 << 10

var errNoRevisions = RefusedError{Code: "conflict", Message: "this gateway has no store for accounts, so the site's file alone says this"}

func (a *api) privacy(c *call) {
	if a.Revisions == nil {
		a.fail(c.w, errNoRevisions)
		return
	}
	a.write(c.w, http.StatusOK, a.now(c))
}

func (a *api) now(c *call) PrivacyRevision {
	now := a.Revisions.Now(c.site)
	now.Locales, now.Warnings = c.site.Locales, append([]string{}, now.Warnings...)
	return now
}

// settings reads a body of privacy settings with what stands beside them.
func (a *api) settings(c *call) (base uint64, p *site.Privacy, ok bool) {
	var in struct {
		Base     uint64          `json:"base,omitempty"`
		Settings json.RawMessage `json:"settings"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxSettings))
	if err == nil {
		err = json.Unmarshal(body, &in)
	}
	if err != nil || in.Settings == nil {
		a.fail(c.w, staff.BadInputError("the body is not the JSON object that this needs: {base, settings}"))
		return 0, nil, false
	}
	if p, err = site.ParsePrivacy(in.Settings); err != nil {
		a.fail(c.w, staff.BadInputError(err.Error()))
		return 0, nil, false
	}
	return in.Base, p, true
}

// problemsOf are the sentences of what is wrong; the places are those of no file.
func problemsOf(err error) []string {
	var list []string
	if problems, ok := errors.AsType[site.Problems](err); ok {
		for _, p := range problems {
			list = append(list, p.Message)
		}
	}
	return list
}

func (a *api) setPrivacy(c *call) {
	if a.Revisions == nil {
		a.fail(c.w, errNoRevisions)
		return
	}
	base, p, ok := a.settings(c)
	if !ok {
		return
	}
	n, err := a.Revisions.Save(c.ctx, c.site.Key, base, p, "operator:"+c.who.ID)
	switch list := problemsOf(err); {
	case len(list) > 0:
		a.write(c.w, http.StatusBadRequest, struct {
			refusal
			Problems []string `json:"problems"`
		}{refusal{Code: "bad_request", Message: list[0]}, list})
		return
	case errors.Is(err, ErrUnchanged):
		a.fail(c.w, staff.BadInputError("nothing was changed"))
		return
	case errors.Is(err, persistence.ErrExists):
		a.refuse(c.w, http.StatusConflict, refusal{Code: "conflict", Message: "somebody else has changed this meanwhile; look at the settings in force and change those"})
		return
	case err != nil:
		a.fail(c.w, err)
		return
	}
	if a.People != nil {
		entry := persistence.AuditEntry{Actor: "operator:" + c.who.ID, Action: ActionPrivacy, Reason: "revision " + strconv.FormatUint(n, 10)}
		if err := a.People.Note(c.ctx, c.site.Key, entry); err != nil {
			// The revision itself says who made it and when.
			a.Log.Warn("note a revision in the audit", "site", c.site.Key, "revision", n, "error", err)
		}
	}
	c.site, _ = a.Sites.Get(c.site.Key)
	a.write(c.w, http.StatusOK, a.now(c))
}

func (a *api) privacyRevisions(c *call) {
	if a.Staff == nil || a.Revisions == nil {
		a.fail(c.w, errNoRevisions)
		return
	}
	before, err := strconv.ParseUint(c.r.URL.Query().Get("after"), 10, 64)
	if c.r.URL.Query().Get("after") != "" && err != nil {
		a.fail(c.w, staff.BadInputError("after must be the number of a revision"))
		return
	}
	list, err := a.History(c.ctx, c.site.Key, before, defaultPage)
	if err != nil {
		a.fail(c.w, err)
		return
	}
	type row struct {
		Revision uint64    `json:"revision"`
		Actor    string    `json:"actor"`
		At       time.Time `json:"at"`
	}
	rows := []row{}
	for _, r := range list {
		rows = append(rows, row{r.Revision, r.Actor, r.At})
	}
	a.write(c.w, http.StatusOK, map[string]any{"revisions": rows})
}

func (a *api) privacyRevision(c *call) {
	n, err := strconv.ParseUint(c.r.PathValue("revision"), 10, 64)
	if err != nil || n == 0 || a.Revisions == nil {
		a.fail(c.w, staff.ErrForbidden)
		return
	}
	rev, err := a.Revision(c.ctx, c.site.Key, n)
	if err != nil {
		a.fail(c.w, err)
		return
	}
	p, err := site.ParsePrivacy([]byte(rev.Document))
	if err != nil {
		a.fail(c.w, err)
		return
	}
	a.write(c.w, http.StatusOK, PrivacyRevision{Revision: rev.Revision, Actor: rev.Actor, At: rev.At, Settings: p, Warnings: []string{}, Locales: c.site.Locales})
}

// shown is what visitors of one language would see.
type shown struct {
	Cards       any              `json:"cards"`
	Information site.Information `json:"information"`
}

// preview shows what settings would look like, and what is wrong with them.
func (a *api) preview(c *call) {
	_, p, ok := a.settings(c)
	if !ok {
		return
	}
	out := struct {
		Problems []string         `json:"problems"`
		Warnings []string         `json:"warnings"`
		Locales  map[string]shown `json:"locales"`
		// Anew: visitors who agreed before are asked again, since who gets the data has
		// changed.
		Anew bool `json:"anew"`
	}{Problems: []string{}, Warnings: []string{}, Locales: map[string]shown{}}
	made, err := c.site.WithPrivacy(p)
	if err != nil {
		out.Problems = append(out.Problems, problemsOf(err)...)
		a.write(c.w, http.StatusOK, out)
		return
	}
	out.Warnings = append(out.Warnings, made.Warnings...)
	out.Anew = made.Settings.Scope != c.site.Settings.Scope
	for _, locale := range made.Locales {
		out.Locales[locale] = shown{Information: made.Information(locale), Cards: made.Cards(locale)}
	}
	a.write(c.w, http.StatusOK, out)
}
