package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"zgoda/gateway"
	"zgoda/gateway/protocol"
)

// The contacts page on one file: overview and filters, one person's history with the
// texts that were shown, search, what is done on request, the lists, the audit; and
// what an operator is not shown.
func TestContactsPage(t *testing.T) {
	t.Parallel()
	app, addr := startApp(t, gateway.Options{})
	c := &cluster{t: t, apps: []*gateway.App{app}}
	yes, no := visit(t, addr, "en"), visit(t, addr, "en")
	lead(t, yes, "Ann O'Neill", "ann@example.com", "grant")
	press(t, no, protocol.OfGreeting, "offer")
	answerCard(t, no, "decline")
	ann := yes.Hello().Visitor
	c.eventually("the contact is kept", func() bool {
		_, answer := c.ask("GET", "sites/demo/contacts", c.cookieOf("mila", "administrator"), "")
		return strings.Contains(answer, "ann@example.com")
	})

	b := c.staffPage(0, c.cookieOf("olga", "privacy_officer"), "/console/contacts/demo")
	b.sees("ann@example.com")
	b.sees("Ann O'Neill")
	b.accessible("the overview")
	b.looks("contacts")
	b.do("[...document.querySelectorAll('.count-box')].find(e => e.textContent.includes('Declined')).click()")
	b.until("only who declined", "document.querySelectorAll('tbody tr').length === 1 && !document.body.innerText.includes('ann@example.com')")
	b.accessible("filtered")
	b.fill("Find a person", "nobody@example.com")
	b.click("Find")
	b.sees("0 people")
	b.fill("Find a person", " ANN@example.com ")
	b.click("Find")
	b.until("her page", "location.pathname.endsWith('/v/"+ann+"')")
	b.sees("Consent history")
	b.do("document.querySelectorAll('details').forEach(d => { d.open = true })")
	b.sees("asks for your consent to keep them")
	b.accessible("one person")
	b.looks("person")

	b.click("Correct details")
	b.accessible("correct")
	b.fill("E-mail", "ann@example")
	b.clickAmong("document.querySelector('.dialog-foot')", "Correct details")
	b.until("why not", "document.querySelector('dialog [role=alert]').textContent.includes('dot missing')")
	b.fill("E-mail", "ann@new.example")
	b.clickAmong("document.querySelector('.dialog-foot')", "Correct details")
	b.sees("ann@new.example")
	b.click("Restrict use")
	b.fill("Why", "asked by letter")
	b.clickAmong("document.querySelector('.dialog-foot')", "Restrict use")
	b.sees("Restricted")

	b.click("Marketing lists")
	b.sees("Offers by e-mail")
	b.accessible("the lists")
	b.click("Who did what")
	b.sees("asked by letter")
	b.accessible("the audit")
	b.looks("audit")

	page := c.fetched("/console/api/sites/demo/contacts/"+ann+"/access?format=html", "olga")
	if !strings.Contains(page, "ann@new.example") || !strings.Contains(page, "O&#39;Neill") {
		t.Errorf("what is held, as a page:\n%.400s", page)
	}

	b.visit(c.base(0) + "/console/contacts/demo/v/" + ann)
	b.click("Erase the person")
	b.accessible("erase")
	if !ask[bool](b, "document.querySelector('.dialog-foot .danger').disabled") {
		t.Error("an erasure needs no word")
	}
	b.fill("Type “erase” to go on", "erase")
	b.clickAmong("document.querySelector('.dialog-foot')", "Erase the person")
	b.sees("No contact is kept")
	b.sees("Erased on")
	if ask[bool](b, "document.body.innerText.includes('ann@')") {
		t.Error("an address of somebody who was erased is on the page")
	}

	// An operator sees the counts and no details, also by a link.
	o := c.staffPage(0, c.cookieOf("oskar", "operator"), "/console/contacts/demo")
	o.sees("Contact details are for privacy officers")
	o.accessible("for an operator")
	o.visit(c.base(0) + "/console/contacts/demo/audit")
	if ask[bool](o, "document.body.innerText.includes('asked by letter')") {
		t.Error("an operator sees the audit")
	}
}

// cookieOf signs somebody in who has one role on the site demo, hired when first named.
func (c *cluster) cookieOf(login, role string) string {
	c.t.Helper()
	if c.cookies == nil {
		c.cookies = map[string]string{}
	}
	if c.cookies[login] == "" {
		c.cookies[login] = c.hire(0, login, "demo", role)
	}
	return c.cookies[login]
}

// fetched is what a link of the console downloads.
func (c *cluster) fetched(path, login string) string {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, c.base(0)+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Cookie", c.cookies[login])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %d %v", path, res.StatusCode, err)
	}
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") {
		c.t.Errorf("%s may run scripts: %q", path, csp)
	}
	return string(body)
}
