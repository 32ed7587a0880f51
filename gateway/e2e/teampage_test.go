package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"zgoda/gateway"
)

// staffPage opens an address of the console in a browser that has the cookie; an
// empty one is signed in nowhere.
func (c *cluster) staffPage(i int, cookie, path string) *browserTab {
	c.t.Helper()
	b := newBrowser(c.t)
	b.signIn(c.base(i), cookie)
	b.visit(c.base(i) + path)
	return b
}

// signIn gives the browser a cookie; an empty one signs in nowhere.
func (b *browserTab) signIn(base, cookie string) {
	b.t.Helper()
	if name, value, ok := strings.Cut(cookie, "="); ok {
		params := network.SetCookieParams{Name: name, Value: value, URL: base, HTTPOnly: new(true)}
		if _, err := chromedp.Call(b.ctx, network.SetCookie, params); err != nil {
			b.t.Fatal(err)
		}
	}
}

// visit opens a page and waits for its heading.
func (b *browserTab) visit(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("navigate to %s: %v", url, err)
	}
	b.until("a heading", "document.querySelector('h1')")
}

// sees waits for a text on the page.
func (b *browserTab) sees(text string) {
	b.t.Helper()
	b.until("the text "+text, fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// click presses the newest visible button or menu item with this name.
func (b *browserTab) click(name string) {
	b.t.Helper()
	b.clickAmong("document", name)
}

// clickAmong presses a button inside what the expression among finds.
func (b *browserTab) clickAmong(among, name string) {
	b.t.Helper()
	find := fmt.Sprintf(`[...(%s?.querySelectorAll('button, a') ?? [])].filter(e => !e.disabled && e.getClientRects().length &&
		(e.textContent.trim() === %q || e.getAttribute('aria-label') === %q)).at(-1)`, among, name, name)
	b.until("the button "+name, find)
	b.do(find + ".click()")
}

// fill types into the visible field with this label.
func (b *browserTab) fill(label, value string) {
	b.t.Helper()
	find := fmt.Sprintf("[...document.querySelectorAll('label')].filter(l => l.getClientRects().length && l.textContent.trim() === %q).at(-1)?.control", label)
	b.until("the field "+label, find)
	b.do(fmt.Sprintf(`const f = %s; f.focus(); f.value = %q; f.dispatchEvent(new Event('input', {bubbles: true})); f.dispatchEvent(new Event('change', {bubbles: true}))`, find, value))
}

func (b *browserTab) scheme(scheme string) {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, params); err != nil {
		b.t.Fatal(err)
	}
}

// looks takes pictures in the sizes and schemes that people look at.
func (b *browserTab) looks(name string) {
	b.t.Helper()
	b.shot(name)
	b.size(360, 760)
	b.shot(name + "-360")
	b.scheme("dark")
	b.shot(name + "-360-dark")
	b.size(1280, 860)
	b.shot(name + "-dark")
	b.scheme("light")
}

// accessible runs axe-core over the page as it stands: WCAG 2.2 A and AA and the best
// practices, of which none may be broken either; and nothing may be wider than 360 px.
func (b *browserTab) accessible(what string) {
	b.t.Helper()
	b.size(360, 760)
	b.until("a page that fits into 360 px: "+what, "document.documentElement.scrollWidth <= 360")
	b.size(1280, 860)
	source, err := os.ReadFile("../console/node_modules/axe-core/axe.min.js")
	if errors.Is(err, fs.ErrNotExist) {
		b.t.Log("LOUD: axe-core is not installed: npm ci --prefix gateway/console (make needs does it where npm is)")
		return
	}
	if err != nil {
		b.t.Fatal(err)
	}
	const run = `(async () => { const r = await axe.run(document, {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] });
		if (r.passes.length < 5) throw Error('axe has looked at nothing');
		return r.violations.flatMap(({id, help, nodes}) => nodes.map(n => id + ': ' + help + '\n' + n.html + '\n' + n.failureSummary)); })()`
	b.do("document.body.getAnimations({subtree: true}).forEach(a => a.finish())")
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[any]("window.axe ? 0 : (() => {"+string(source)+"; return 0})()")); err != nil {
		b.t.Fatal(err)
	}
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](run, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range found {
		b.t.Errorf("%s: %s", what, f)
	}
}

// The team page: an administrator invites, gives roles and disables; whoever is
// disabled is out at once. Others are not shown it.
func TestTeamPage(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{})
	boss := c.hire(0, "zofia", "demo", "administrator")
	olga := c.hire(0, "olga", "demo", "operator")
	b := c.staffPage(0, boss, "/console/team/demo")
	b.sees("Zofia")
	b.sees("Olga")
	b.sees("you")
	b.accessible("the team")
	b.looks("team")

	b.click("Invite somebody")
	b.fill("Login", " ")
	b.accessible("invite")
	b.click("Make the link")
	b.until("a refusal", "[...document.querySelectorAll('[role=alert]')].some(e => e.textContent)")
	b.fill("Login", "jan")
	b.fill("First role", "privacy_officer")
	b.click("Make the link")
	b.until("the link", "document.querySelector('.secret')")
	b.accessible("the link")
	b.shot("team-link")
	link := ask[string](b, "document.querySelector('.secret').textContent")
	if !strings.HasPrefix(link, c.base(0)+"/console/#invitation=") {
		t.Fatalf("the link is %s", link)
	}
	b.clickAmong("document.querySelector('.dialog-foot')", "Close")
	if left := ask[string](b, "document.documentElement.outerHTML"); strings.Contains(left, "invitation=") {
		t.Error("the link is still in the page after it was closed")
	}

	jan := c.staffPage(0, "", strings.TrimPrefix(link, c.base(0)))
	jan.fill("Your name", "Jan \u202Enajder <script>alert(1)</script>")
	jan.fill("Password", passphrase)
	jan.fill("Password again", passphrase)
	jan.click("Set up my account")
	jan.until("being signed in", "document.querySelector('nav.nav')")

	b.visit(c.base(0) + "/console/team/demo")
	b.sees("<script>alert(1)</script>")
	b.sees("Privacy officer")
	b.accessible("with a hostile name")

	menu := func(name, item string) {
		t.Helper()
		b.click("Actions for " + name)
		b.click(item)
	}
	menu("Olga", "Change roles")
	b.until("the roles", "document.querySelectorAll('dialog input[type=checkbox]').length === 3")
	b.accessible("roles")
	b.do("document.querySelectorAll('dialog input[type=checkbox]')[2].click()")
	b.click("Save")
	b.until("two roles", "[...document.querySelectorAll('tr')].some(r => r.textContent.includes('Olga') && r.textContent.includes('Privacy officer') && r.textContent.includes('Operator'))")

	menu("Olga", "Disable account")
	b.accessible("disable?")
	b.clickAmong("document.querySelector('.dialog-foot')", "Disable account")
	b.sees("Disabled")
	if status, _ := c.ask("GET", "me", olga, ""); status != 401 {
		t.Errorf("somebody who was disabled is answered %d", status)
	}
	menu("Olga", "Enable account")
	b.clickAmong("document.querySelector('.dialog-foot')", "Enable account")
	b.until("nobody disabled", "![...document.querySelectorAll('.badge')].some(e => e.textContent === 'Disabled')")

	// Who is no administrator has no such page.
	jan.visit(c.base(0) + "/console/team/demo")
	if ask[bool](jan, "document.body.innerText.includes('Zofia')") {
		t.Error("a privacy officer sees the team page")
	}
	// In Polish, too.
	b.click("Polski")
	b.sees("Zaproś")
	b.accessible("in Polish")
}
