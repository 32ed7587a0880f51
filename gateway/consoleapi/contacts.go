package consoleapi

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"zgoda/gateway/staff"
	"zgoda/persistence"
)

const (
	defaultPage = 50
	maxPage     = 200
)

var errNoContacts = fmt.Errorf("there is no contact store: %w", persistence.ErrNeedsPostgres)

// page reads the size of a page.
func page(q url.Values) (int, error) {
	text := q.Get("limit")
	if text == "" {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		return 0, staff.BadInputError(fmt.Sprintf("limit must be 1 to %d", maxPage))
	}
	return n, nil
}

// people returns the contact store, or answers that there is none.
func (a *api) people(c *call) (persistence.Privacy, bool) {
	if a.People == nil {
		a.fail(c.w, errNoContacts)
		return nil, false
	}
	return a.People, true
}

// contacts is the overview. Contact values are for those whose work they are.
func (a *api) contacts(c *call) {
	people, ok := a.people(c)
	if !ok {
		return
	}
	q := c.r.URL.Query()
	limit, err := page(q)
	if err != nil {
		a.fail(c.w, err)
		return
	}
	purpose := q.Get("purpose")
	if purpose != "" && !slices.Contains(persistence.Purposes, purpose) {
		a.fail(c.w, staff.BadInputError(fmt.Sprintf("there is no such purpose; there are %v", persistence.Purposes)))
		return
	}
	overview, err := people.Overview(c.ctx, c.site.Key, c.by("console: overview"), persistence.OverviewQuery{
		Purpose: purpose, Status: q.Get("status"), After: q.Get("after"), Limit: limit,
	})
	if err != nil {
		a.fail(c.w, err)
		return
	}
	if !c.who.Has(c.site.Key, staff.RolePrivacyOfficer, staff.RoleAdministrator) {
		for i := range overview.Rows {
			overview.Rows[i].Fields = nil
		}
	}
	a.write(c.w, http.StatusOK, overview)
}

func (a *api) person(c *call) {
	people, ok := a.people(c)
	if !ok {
		return
	}
	p, err := people.Person(c.ctx, c.site.Key, c.r.PathValue("visitor"), c.by("console: one person"))
	if err != nil {
		a.fail(c.w, err)
		return
	}
	a.write(c.w, http.StatusOK, p)
}

func (a *api) receipt(c *call) {
	token, err := a.Receipt(c.ctx, c.site.Key, c.r.PathValue("visitor"), c.by("console: receipt"))
	if err != nil {
		a.fail(c.w, err)
		return
	}
	c.w.Header().Set("Content-Type", "application/jose")
	_, _ = c.w.Write([]byte(token))
}

// access is what a person is sent who asks what is held about them: one JSON
// document, or one page that opens without a network.
func (a *api) access(c *call) {
	q := c.r.URL.Query()
	format, visitor := q.Get("format"), c.r.PathValue("visitor")
	if format != "" && format != "json" && format != "html" {
		a.fail(c.w, staff.BadInputError("format can be json or html"))
		return
	}
	d, err := a.Access(c.ctx, c.site.Key, visitor, q.Get("language"), c.by("console: access"))
	if err != nil {
		a.fail(c.w, err)
		return
	}
	kind, extension := "application/json; charset=utf-8", "json"
	if format == "html" {
		kind, extension = "text/html; charset=utf-8", "html"
		// What visitors wrote is in the page: nothing of it may run, wherever it opens.
		c.w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'")
	}
	c.w.Header().Set("Content-Type", kind)
	c.w.Header().Set("Content-Disposition", `attachment; filename="`+c.site.Key+"-"+visitor+"."+extension+`"`)
	if format == "html" {
		_ = d.WriteHTML(c.w) // the client is gone; there is nobody to tell
		return
	}
	_ = json.NewEncoder(c.w).Encode(d)
}

const maxAddress = 320 // of an e-mail address (RFC 5321 section 4.5.3.1)

func (a *api) find(c *call) {
	people, ok := a.people(c)
	if !ok {
		return
	}
	var in struct {
		Address string `json:"address"`
	}
	if !a.read(c.w, c.r, &in) {
		return
	}
	if in.Address == "" || len(in.Address) > maxAddress {
		a.fail(c.w, staff.BadInputError("address must be a whole e-mail address or phone number"))
		return
	}
	visitors, err := people.Find(c.ctx, c.site.Key, c.by("console: search"), in.Address)
	if err != nil {
		a.fail(c.w, err)
		return
	}
	a.write(c.w, http.StatusOK, map[string]any{"visitors": append([]string{}, visitors...)})
}

// marketing is the list of those who may be written to, as CSV (RFC 4180).
func (a *api) marketing(c *call) {
	people, ok := a.people(c)
	if !ok {
		return
	}
	purpose := c.r.PathValue("purpose")
	if !slices.Contains(persistence.Purposes, purpose) || purpose == persistence.PurposeLead {
		a.fail(c.w, staff.ErrForbidden)
		return
	}
	list, err := people.Marketing(c.ctx, c.site.Key, c.by("console: export"), purpose)
	if err != nil {
		a.fail(c.w, err)
		return
	}
	c.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	c.w.Header().Set("Content-Disposition", `attachment; filename="`+c.site.Key+"-"+purpose+`.csv"`)
	w := csv.NewWriter(c.w)
	_ = w.Write([]string{"visitor", "name", "email", "phone", "purpose", "consent_event", "consented_at", "as_of"})
	for _, row := range list.Rows {
		_ = w.Write([]string{
			row.Visitor, cell(row.Fields["name"]), cell(row.Fields["email"]), cell(row.Fields["phone"]), list.Purpose,
			row.Consent, row.ConsentedAt.UTC().Format(time.RFC3339), list.AsOf.UTC().Format(time.RFC3339),
		})
	}
	w.Flush() // the client is gone; there is nobody to tell
}

// cell keeps a spreadsheet from taking what a visitor typed for a formula (OWASP,
// CSV injection). A phone number's plus sign stays.
func cell(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if s[0] == '+' && strings.Trim(s[1:], "0123456789 ") == "" {
		return s
	}
	return "'" + s
}

func (a *api) audit(c *call) {
	people, ok := a.people(c)
	if !ok {
		return
	}
	q := c.r.URL.Query()
	limit, err := page(q)
	if err != nil {
		a.fail(c.w, err)
		return
	}
	entries, err := people.Audit(c.ctx, c.site.Key, persistence.AuditQuery{
		Visitor: q.Get("visitor"), Actor: q.Get("actor"), Before: q.Get("after"), Limit: limit,
	})
	if err != nil {
		a.fail(c.w, err)
		return
	}
	if entries.Entries == nil {
		entries.Entries = []persistence.AuditEntry{}
	}
	a.write(c.w, http.StatusOK, entries)
}

// change ends or changes what is kept about a visitor.
func (a *api) change(c *call) {
	var in struct {
		Purposes []string          `json:"purposes,omitempty"`
		Fields   map[string]string `json:"fields,omitempty"`
		Reason   string            `json:"reason,omitempty"`
	}
	if !a.read(c.w, c.r, &in) {
		return
	}
	kind := c.r.PathValue("kind")
	switch kind {
	case "withdraw", "erase", "correct", "restrict":
	case "free":
		kind = "unrestrict"
	default:
		a.fail(c.w, staff.ErrForbidden)
		return
	}
	a.done(c, a.Change(c.ctx, Change{
		Site: c.site.Key, Visitor: c.r.PathValue("visitor"), Kind: kind, Purposes: in.Purposes, Fields: in.Fields,
		Actor: "operator:" + c.who.ID, Reason: in.Reason,
	}))
}
