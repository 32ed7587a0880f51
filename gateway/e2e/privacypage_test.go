package e2e

import (
	"strings"
	"testing"

	"zgoda/gateway"
	"zgoda/gateway/protocol"
)

// The privacy page: an administrator sees what is in force, changes it with the card in
// sight, is told what a change means, and cannot overwrite a colleague's. A privacy
// officer looks on.
func TestPrivacyPage(t *testing.T) {
	t.Parallel()
	app, addr := startApp(t, gateway.Options{})
	c := &cluster{t: t, apps: []*gateway.App{app}}
	boss := c.cookieOf("zofia", "administrator")
	b := c.staffPage(0, boss, "/console/privacy/demo")
	b.sees("Revision 1 in force")
	b.sees("asks for your consent to keep them")
	b.accessible("the privacy page")
	b.looks("privacy")

	// Something that the checks of a site file refuse.
	b.fill("Contact for questions about data", "nowhere")
	b.sees("neither an e-mail address nor an https:// address")
	if !ask[bool](b, "[...document.querySelectorAll('button')].find(e => e.textContent === 'Save as a new revision').disabled") {
		t.Error("settings with a problem can be saved")
	}
	b.accessible("with a problem")
	b.fill("Contact for questions about data", "dane@nowy.example")
	b.until("no problem", "!document.querySelector('.aside .problems, .aside .error')")
	b.do(`const f = [...document.querySelectorAll('textarea')][0]; f.value = 'Courier GmbH\nMail House'; f.dispatchEvent(new Event('input', {bubbles: true}))`)
	b.sees("are asked anew at their next visit")
	b.do("[...document.querySelectorAll('input[type=radio]')][1].click()")
	b.until("one card for both purposes", "document.querySelector('.card-shown ul').children.length === 4")
	b.accessible("changed")
	b.shot("privacy-changed")
	b.click("Save as a new revision")
	b.accessible("ask anew?")
	b.clickAmong("document.querySelector('dialog')", "Save as a new revision")
	b.sees("Revision 2 in force")
	b.until("nothing left to save", "[...document.querySelectorAll('button')].find(e => e.textContent === 'Save as a new revision').disabled")
	b.click("Look at revision 1")
	b.until("what was", "document.querySelector('dialog del, dialog ins')")
	b.accessible("an old revision")
	b.looks("privacy-old")
	b.clickAmong("document.querySelector('dialog')", "Put this into the form")

	// A colleague was faster.
	now := c.privacy(boss)
	now.Settings["reask_after_days"] = 365
	if status, answer := c.change(boss, 2, now.Settings); status != 200 {
		t.Fatalf("change: %d %s", status, answer)
	}
	b.click("Save as a new revision")
	b.clickAmong("document.querySelector('dialog')", "Save as a new revision")
	b.sees("Somebody else has saved a revision meanwhile")
	b.click("Show theirs")
	b.sees("Revision 3 in force")

	p := visit(t, addr, "en")
	press(t, p, protocol.OfGreeting, "offer")
	if card := newest(p, "card").Card; len(card.Purposes) != 2 {
		t.Errorf("visitors are shown %+v", card)
	}

	o := c.staffPage(0, c.cookieOf("olga", "privacy_officer"), "/console/privacy/demo")
	o.sees("Only administrators can change")
	if n := ask[int](o, "[...document.querySelectorAll('main input, main textarea')].filter(e => !e.matches(':disabled')).length"); n != 0 {
		t.Errorf("a privacy officer has %d fields to change", n)
	}
	o.accessible("for a privacy officer")
	o.click("Polski")
	o.sees("Administrator danych")
	if strings.Contains(ask[string](o, "document.body.innerText"), "undefined") {
		t.Error("a word is missing in Polish")
	}
}
