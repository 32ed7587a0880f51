package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
)

// A consolePage is an operator's inbox in a browser of its own.
type consolePage struct {
	*browserTab
	name string
}

// inbox signs somebody in, as the operator whose name the login is, and waits until the
// inbox is live.
func (c *cluster) inbox(i int, login string) *consolePage {
	c.t.Helper()
	return openInbox(c, c.base(i), login)
}

func openInbox(c *cluster, base, login string) *consolePage {
	c.t.Helper()
	p := &consolePage{newBrowser(c.t), strings.ToUpper(login[:1]) + login[1:]}
	p.signIn(base, c.cookieOf(login, "operator"))
	p.visit(base + "/console/")
	p.until("a live inbox", "document.querySelector('.list') && !document.querySelector('.not-live')")
	return p
}

// finders find things in the console.
const finders = `const $ = s => document.querySelector(s), $$ = s => [...document.querySelectorAll(s)];
	const row = text => $$('li[data-conversation]').find(l => l.textContent.includes(text));
	const bubbles = () => $$('.timeline .bubble').map(e => e.textContent);`

func (p *consolePage) when(what, code string) {
	p.t.Helper()
	p.until(what, "(() => {"+finders+"return ("+code+")})()")
}

// open opens the conversation whose row has the text.
func (p *consolePage) open(text string) {
	p.t.Helper()
	p.when("the row of "+text, fmt.Sprintf("row(%q)", text))
	p.do(finders + fmt.Sprintf("row(%q).querySelector('a').click()", text))
	p.when("the conversation", "$('.conversation')?.dataset.live === 'true' && $$('.timeline [data-seq]').length")
}

func (p *consolePage) owner(is string) {
	p.t.Helper()
	p.when("the owner "+is, fmt.Sprintf("$('.conversation')?.dataset.owner === %q", is))
}

func (p *consolePage) line(text string) {
	p.t.Helper()
	p.when("the line "+text, fmt.Sprintf("bubbles().some(b => b.includes(%q))", text))
}

// types writes into the composer as a person does, without waiting for anything.
func (p *consolePage) types(text string) {
	p.t.Helper()
	p.when("the field", "$('.composer textarea')")
	p.do(finders + fmt.Sprintf(`const f = $('.composer textarea'); f.focus(); f.value = %q; f.dispatchEvent(new Event('input', {bubbles: true}));
		setTimeout(() => f.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true})), 20)`, text))
}

// writes sends a line and waits until it is in the log.
func (p *consolePage) writes(text string) {
	p.t.Helper()
	p.types(text)
	p.when("the tick of "+text, fmt.Sprintf("$$('.line.mine[data-seq]').some(l => l.querySelector('.bubble').textContent === %q && l.querySelector('.delivery'))", text))
}

// shopper opens the demo shop in a browser of its own and says something.
func (c *cluster) shopper(i int, line string) *browserTab {
	c.t.Helper()
	v := newBrowser(c.t)
	v.goTo(c.base(i) + "/demo/en")
	v.openWidget()
	v.say(line)
	return v
}

// Two operators and two visitors on two nodes, each in a browser of their own: take
// over, who looks and types, a note, the consent card, hand back, a race, transfer,
// close, export.
func TestP5_FourPages(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 2, gateway.Options{Rate: fast})
	anna, bert := c.inbox(0, "anna"), c.inbox(1, "bert")
	parcel, roses := c.shopper(1, "where is my parcel?"), c.shopper(0, "do you have roses?")
	anna.when("both conversations", "row('parcel') && row('roses')")
	anna.accessible("the inbox")
	anna.looks("inbox")

	anna.open("parcel")
	bert.open("parcel")
	anna.when("who else looks", "$('.lookers')?.textContent.includes('Bert')")
	anna.click("Take over")
	anna.owner("operator")
	parcel.shows("Anna")
	bert.sees("Taken by Anna")
	anna.writes("Let me look.")
	parcel.shows("Let me look.")
	bert.line("Let me look.")
	parcel.do("q('textarea').value = 'th'; q('textarea').dispatchEvent(new Event('input'))")
	anna.when("that the visitor types", "$('.typing').textContent.includes('typing')")
	parcel.do("say('thank you, my address is hidden@example.com')")
	anna.line("thank you")
	if strings.Contains(ask[string](anna.browserTab, "document.documentElement.outerHTML"), "hidden@example.com") {
		t.Error("what was typed without a consent is in the console")
	}
	parcel.do("q('textarea').focus()")
	anna.when("that it was read", "$('.delivery.read')")
	anna.click("Note")
	anna.types("a **careful** customer")
	bert.line("a **careful** customer")
	anna.click("Reply")
	anna.accessible("a conversation")
	anna.looks("conversation")

	visitor := ask[string](anna.browserTab, `document.querySelector('.facts').textContent.match(/v_[a-z0-9]+/)[0]`)
	anna.click("Send consent card")
	anna.clickAmong("document.querySelector('.dialog-foot')", "Send consent card")
	anna.when("the card", "$('.line.card')?.dataset.state === 'open'")
	parcel.until("the card", "all('.card').length > 0")
	acceptCard(parcel)
	anna.when("the answer", "$('.line.card')?.dataset.state === 'granted' && $('[data-purpose=lead_contact]').dataset.status === 'granted'")
	anna.accessible("a conversation with a consent")
	anna.click("Hand back to the bot")
	anna.owner("bot")
	parcel.say("when do you open?")
	anna.line("when do you open?")
	anna.when("the bot's answer after it", "$$('.line').at(-1)?.classList.contains('from-bot')")

	winner, loser := race(t, anna, bert, "roses")
	roses.shows(winner.name)
	winner.writes("Red ones.")
	roses.shows("Red ones.")
	winner.click("Transfer")
	winner.when("the colleague", "$('dialog .colleague')")
	winner.accessible("transfer")
	winner.do("document.querySelector('dialog .colleague').click()")
	loser.when("that it is theirs", "$('.composer textarea') && $('.conversation-owner').textContent.includes('You have it')")
	loser.writes("And white ones.")
	roses.shows("And white ones.")
	loser.clickAmong("document.querySelector('.conversation-head')", "Close")
	loser.owner("closed")
	winner.when("that it has left the list", "!row('roses')")
	c.cookieOf("olga", "privacy_officer")
	export := c.fetched("/console/api/sites/demo/contacts/"+visitor+"/access?format=html", "olga")
	for _, said := range []string{"where is my parcel?", "Let me look.", "when do you open?"} {
		if !strings.Contains(export, said) {
			t.Errorf("the export of what is held has not %q", said)
		}
	}
}

// acceptCard presses the card's first button in the widget.
func acceptCard(v *browserTab) {
	v.t.Helper()
	v.until("the button", "all('.card').at(-1).querySelector('button:not([disabled])')")
	v.do("all('.card').at(-1).querySelector('button:not([disabled])').click()")
}

// race lets both press at once: one wins, the other is told who did.
func race(t *testing.T, a, b *consolePage, conversation string) (winner, loser *consolePage) {
	t.Helper()
	const press = finders + "$$('button').find(b => b.textContent.startsWith('Take over')).click()"
	for _, p := range []*consolePage{a, b} {
		p.open(conversation)
		p.when("the press", "$$('button').some(b => b.textContent.startsWith('Take over') && !b.disabled)")
	}
	var both sync.WaitGroup
	for _, p := range []*consolePage{a, b} {
		both.Go(func() { p.do(press) })
	}
	both.Wait()
	for _, p := range []*consolePage{a, b} {
		p.owner("operator")
	}
	has := func(p *consolePage) bool {
		return ask[bool](p.browserTab, "!!document.querySelector('.composer textarea')")
	}
	if has(a) == has(b) {
		t.Fatalf("%s has it: %v, %s has it: %v", a.name, has(a), b.name, has(b))
	}
	if winner, loser = a, b; has(b) {
		winner, loser = b, a
	}
	loser.sees("Taken by " + winner.name)
	return winner, loser
}

// The node of an operator goes away under the page. It says that it is not live, and
// comes back by itself: what was written meanwhile is sent once, what was missed is
// there, and a line for a conversation that somebody else has by now is shown as not
// sent, with a way to send it again.
func TestP2P3_ConsoleComesBack(t *testing.T) {
	t.Parallel()
	const lease = 3 * time.Second
	db := startPostgres(t)
	c := startCluster(t, 1, gateway.Options{Postgres: db.url(), OperatorLease: lease, SitesDir: twoSites(t), Rate: fast})
	start := child{sites: c.apps[0].Options().SitesDir, redis: "redis://" + c.redis.Addr(), postgres: db.url(), data: c.keys, lease: lease}
	n := startChild(t, start)
	start.addr = n.addr
	visitor := c.page(0, nil, false)
	say(t, visitor, "is anybody there?")
	anna := openInbox(c, "http://"+n.addr, "anna")
	anna.open("anybody")
	anna.click("Take over")
	anna.owner("operator")
	anna.writes("I am.")

	n.kill()
	anna.when("that it is not live", "$('.not-live')")
	anna.types("One moment.")
	anna.when("the line that waits", "$('.line.pending')")
	anna.shot("console-not-live")
	say(t, visitor, "hello?")
	n = startChild(t, start)
	anna.when("being live again", "!$('.not-live') && $('.conversation').dataset.live === 'true'")
	anna.when("the line once, and what was missed", "bubbles().filter(b => b === 'One moment.').length === 1 && !$('.line.pending') && bubbles().includes('hello?')")
	once(t, visitor, "One moment.")

	n.kill()
	anna.when("that it is not live", "$('.not-live')")
	anna.types("I am back in a minute.")
	bert := c.console(0, c.hire(0, "bert", "demo", "operator"), false)
	conversation := visitor.Hello().Conversation
	if err := bert.Watch(c.soon(), "demo", conversation); err != nil {
		t.Fatal(err)
	}
	c.eventually("the conversation is in the queue again", func() bool {
		_, err := bert.Take(c.soon(), "demo", conversation)
		return err == nil
	})
	c.must(bert.Say(c.soon(), "demo", conversation, "I have it."))
	startChild(t, start)
	anna.when("the line that was not sent", "$('.line.pending')?.dataset.status === 'refused' && $('.line.pending').textContent.includes('Send again')")
	anna.sees("Taken by Bert")
	anna.line("I have it.")
	anna.accessible("a line that was not sent")
	anna.looks("console-refused")
	c.must(bert.Release(c.soon(), "demo", conversation, protocol.OwnerQueue))
	anna.click("Take over")
	anna.when("having it", "$('.conversation-owner').textContent.includes('You have it')")
	anna.click("Send again")
	anna.when("the line", "!$('.line.pending') && bubbles().filter(b => b === 'I am back in a minute.').length === 1")
	once(t, visitor, "I am back in a minute.")
}

// once checks that a visitor was told something exactly once.
func once(t *testing.T, p *client.Client, text string) {
	t.Helper()
	if _, err := p.WaitFor(t.Context(), saidBy("operator", text)); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range p.Events() {
		if plain(e) == text {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the visitor was told %q %d times", text, n)
	}
}

// What people write stays text: no element is made of it and nothing runs, in the
// console or in the widget, and long lines and names of other directions stay in their
// place. The policy forbids the rest.
func TestConsoleShowsTextAsText(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{Rate: fast})
	hostile := []string{
		`<img src=x onerror="window.hurt=1">`, `<script>window.hurt=1</script>`, "\u202Eeht si siht", `<style>*{display:none}</style>`,
		`javascript:alert(1)`, `"><svg onload=window.hurt=1>`, strings.Repeat("w", 1900),
	}
	visitor := c.page(0, nil, false)
	for _, line := range hostile {
		say(t, visitor, line)
	}
	anna := c.inbox(0, "anna")
	anna.when("the row", "$('li[data-conversation]')")
	anna.do("document.querySelector('li[data-conversation] a').click()")
	for _, line := range hostile {
		anna.line(line)
	}
	anna.click("Take over")
	anna.owner("operator")
	anna.writes(hostile[0])
	if ask[bool](anna.browserTab, "window.hurt === 1 || !!document.querySelector('.timeline img, .timeline script, .timeline style, .timeline svg:not(.icon), li[data-conversation] img')") {
		t.Error("what a visitor wrote became an element")
	}
	anna.accessible("hostile lines")
	anna.shot("console-hostile")
	if policy := c.policy("/console/"); strings.Contains(policy, "unsafe-inline") || !strings.Contains(policy, "require-trusted-types-for 'script'") {
		t.Errorf("the policy is %q", policy)
	}
}

// policy is the content security policy of a page.
func (c *cluster) policy(path string) string {
	c.t.Helper()
	res, err := http.Get(c.base(0) + path)
	if err != nil {
		c.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.Header.Get("Content-Security-Policy")
}
