package widget

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"zgoda/gateway/protocol"
)

func TestTenThousandCharactersArePastedAndNotLost(t *testing.T) {
	f, b := begun(t)
	b.eval("q('textarea').focus(); q('textarea').value = 'ż'.repeat(10000); q('textarea').dispatchEvent(new InputEvent('input', {inputType: 'insertFromPaste'})); q('.send').click()")
	b.wait("what is wrong", "q('.count').classList.contains('over') && q('.count').textContent.includes('10000 z 2000')")
	if got := value[int](b, "q('textarea').value.length"); got != 10000 {
		t.Errorf("%d characters are left of what was pasted", got)
	}
	b.shot("pasted")
	if n := len(get(f, func(f *fake) []protocol.ClientFrame { return f.inputs })); n != 1 {
		t.Errorf("%d inputs were sent", n)
	}
}

// Emoji count as one, several lines stay several, and half a character does not
// block what follows it.
func TestEmojiLinesAndHalfCharacters(t *testing.T) {
	f, b := begun(t)
	b.eval(`say('👩‍👩‍👧‍👦 raz\ndwa')`)
	b.acked("👩‍👩‍👧‍👦 raz\ndwa")
	b.eval(`say('pół \ud83d znaku')`)
	b.acked("pół � znaku")
	b.eval("q('textarea').focus()")
	b.press("jeden")
	b.press("\r", chromedp.KeyModifiers(8)) // with Shift
	b.press("dwa")
	b.wait("two lines", `q('textarea').value === 'jeden\ndwa'`)
	b.press("\r")
	b.acked("jeden\ndwa")
	in := get(f, func(f *fake) []protocol.ClientFrame { return f.inputs })
	if last := in[len(in)-1]; last.Text != "jeden\ndwa" {
		t.Errorf("sent %q", last.Text)
	}
}

func TestDraftSurvivesClosingAndWalking(t *testing.T) {
	_, b := begun(t)
	b.eval("q('textarea').value = 'W połowie zdania'; zgoda('close'); zgoda('open')")
	b.wait("the draft after closing", "q('textarea').value === 'W połowie zdania'")
	b.visit(value[string](b, "location.href"))
	b.wait("the draft on the next page", "q('textarea')?.value === 'W połowie zdania'")
	b.eval("q('.send').click()")
	b.acked("W połowie zdania")
	b.visit(value[string](b, "location.href"))
	b.wait("the conversation", "lines().includes('W połowie zdania')")
	if got := value[string](b, "q('textarea').value + JSON.stringify(localStorage)"); strings.Contains(got, "zdania") {
		t.Errorf("what was sent is still kept: %s", got)
	}
}

func TestStorageThatIsFull(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t)
	b.onNew("Storage.prototype.setItem = function () { throw new DOMException('full', 'QuotaExceededError') }")
	b.visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Raz")
	b.acked("Raz")
	f.closeAll(4000)
	b.say("Dwa")
	b.acked("Dwa")
	if n := get(f, func(f *fake) int { return len(f.log) }); n != 6 {
		t.Errorf("the log has %d events, want 6", n)
	}
}

func TestThreeTabsSendOnceEach(t *testing.T) {
	f, b := begun(t)
	tabs := []*tab{b}
	for range 2 {
		other := b.tab().visit(f.srv.URL + "/demo/")
		other.wait("the conversation", "lines().length >= 4")
		tabs = append(tabs, other)
	}
	for i, b := range tabs {
		b.say(fmt.Sprint("karta ", i))
	}
	for i, b := range tabs {
		b.acked(fmt.Sprint("karta ", i))
		b.wait("all lines", "lines().length === 10")
	}
	want := value[[]string](b, "lines()")
	for _, b := range tabs[1:] {
		if got := value[[]string](b, "lines()"); strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("one tab shows %q, another %q", want, got)
		}
	}
	tabs[1].eval("zgoda('reset')")
	b.wait("the visitor gone in the other tabs too", "lines().length === 2 && keys().length === 0")
}

func TestBackForwardCache(t *testing.T) {
	f, b := begun(t)
	b.eval("window.kept = true")
	b.goTo("about:blank")
	f.set(func(f *fake) { f.bot("W międzyczasie"); f.deliver(f.log[4:], false) })
	if err := chromedp.Do(b.ctx, chromedp.NavigateBack()); err != nil {
		t.Fatal(err)
	}
	b.wait("what was missed", "lines().includes('W międzyczasie')")
	t.Logf("from the cache: %v", value[bool](b, "window.kept === true"))
	b.say("Jestem")
	b.acked("Jestem")
	// The same walk without the network of the browser's choosing: what the cache does is two events.
	b.eval("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
	f.set(func(f *fake) { n := len(f.log); f.bot("Drugi raz"); f.deliver(f.log[n:], false) })
	b.eval("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
	b.wait("what was missed the second time", "lines().includes('Drugi raz')")
	b.say("Nadal")
	b.acked("Nadal")
}

// A laptop that slept an hour: no timer ran, the socket is half open and says
// nothing, the clock has moved on.
func TestLaptopThatSlept(t *testing.T) {
	f, b := begun(t)
	f.set(func(f *fake) { f.dead = true; f.bot("W nocy") })
	b.eval("const now = Date.now; Date.now = () => now() + 3600e3; document.dispatchEvent(new Event('visibilitychange'))")
	time.Sleep(200 * time.Millisecond)
	f.set(func(f *fake) { f.dead = false })
	f.forgetSockets()
	b.wait("what was said meanwhile", "lines().includes('W nocy')")
	b.say("Dzień dobry")
	b.acked("Dzień dobry")
}

// Times are the gateway's, shown as the visitor's clock would have them: a wrong
// clock makes neither tomorrow's lines nor a divider.
func TestClockADayWrong(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t)
	b.onNew("const now = Date.now.bind(Date); Date.now = () => now() + 864e5")
	b.visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Hej")
	b.acked("Hej")
	b.wait("the answer", "lines().length === 4")
	if n := value[int](b, "all('.day').length"); n != 0 {
		t.Errorf("%d dividers between lines of one minute: %q", n, value[[]string](b, "all('.day').map(e => e.textContent)"))
	}
}

func TestDateDividers(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	now := time.Now()
	f.set(func(f *fake) {
		for _, days := range []int{-40, -1, -1, 0} {
			f.append(protocol.Event{From: "bot", Kind: "message", Text: part(fmt.Sprint("dzień ", days))})
			f.log[len(f.log)-1].At = now.AddDate(0, 0, days).UnixMilli()
		}
	})
	b.eval("localStorage.setItem('zgoda:demo', JSON.stringify({secret: '0'.repeat(32), open: true}))")
	b.visit(f.srv.URL + "/demo/")
	b.wait("the dividers", "all('.day').length === 3")
	if got := value[[]string](b, "all('.day').map(e => e.textContent)"); got[1] != "Wczoraj" || got[2] != "Dzisiaj" {
		t.Errorf("dividers %q", got)
	}
	b.shot("days")
}

// A blocked script: the launcher shows that something is wrong, says so to the
// page, and the next press asks again.
func TestBlockedScriptIsAskedForAgain(t *testing.T) {
	f := newFake(t)
	f.host = "<!doctype html><html lang=pl><body>" + stub + `<script async src="/widget.js?site=demo"></script>`
	f.blocked = true
	b := newBrowser(t).visit(f.srv.URL + "/host")
	b.eval("launcher().click()")
	b.wait("the error", "events.includes('error=load') && root().host.hasAttribute('data-failed')")
	f.set(func(f *fake) { f.blocked = false })
	b.eval("launcher().click()")
	b.wait("the panel", "!!q('.panel') && !q('.panel').hidden && !root().host.hasAttribute('data-failed')")
	b.wait("the greeting", "lines().length === 2")
}

func TestBlockedPrivacyItemSaysSo(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	f.set(func(f *fake) { f.blocked = true })
	b.eval("q('.head .tool').click()")
	b.wait("an honest sentence", "q('.banner').textContent.includes('Nie udało się')")
	f.set(func(f *fake) { f.blocked = false })
	b.eval("q('.banner button').click()")
	b.wait("the privacy item", "q('.sheet') && !q('.sheet').hidden && !q('.banner').textContent")
}

// A proxy that breaks WebSockets: the gateway is well, and the widget says what it
// is.
func TestProxyThatBreaksWebSockets(t *testing.T) {
	f := newFake(t)
	f.refuse, f.well = true, true
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Hej")
	b.wait("what it is", "q('.banner').textContent.includes('WebSocket')")
	b.wait("no false tick", "q('.own.late') && !q('.own .i-check')")
	b.shot("blocked-socket")
	f.set(func(f *fake) { f.refuse = false })
	b.acked("Hej")
}

func TestTypingCannotStick(t *testing.T) {
	f, b := begun(t)
	b.eval("const set = window.setTimeout; window.setTimeout = (f, ms, ...a) => set(f, ms > 5500 && ms < 6100 ? 400 : ms, ...a); window.typingNow = Date.now")
	f.set(func(f *fake) { f.sockets[0].send(protocol.Typing{T: "typing", From: "operator", On: true}) })
	b.wait("the dots", "!q('.dots').hidden")
	b.eval("Date.now = () => typingNow.call(Date) + 6100")
	b.wait("no dots without another word", "q('.dots').hidden")
	f.set(func(f *fake) { f.sockets[0].send(protocol.Typing{T: "typing", From: "operator", On: true}) })
	b.wait("the dots", "!q('.dots').hidden")
	f.set(func(f *fake) { f.sockets[0].send(protocol.Typing{T: "typing", From: "operator", On: false}) })
	b.wait("no dots at the end", "q('.dots').hidden")
	f.set(func(f *fake) { f.sockets[0].send(protocol.Typing{T: "typing", From: "operator", On: true}) })
	b.wait("the dots", "!q('.dots').hidden")
	f.closeAll(4000)
	b.wait("no dots of a lost line", "q('.status').dataset.phase !== 'online' || q('.dots').hidden")
}

// Whatever a hostile gateway or operator writes is text.
func TestHostileTextIsText(t *testing.T) {
	f, b := begun(t)
	const evil = `<img src=x onerror="window.hit=1">\u202Ejavascript`
	f.set(func(f *fake) {
		f.append(protocol.Event{
			From: "operator", Kind: "message", Text: part(evil + strings.Repeat("W", 600)),
			Link: &protocol.Link{Label: evil, URL: "javascript:window.hit=1"}, Image: &protocol.Image{URL: "javascript:window.hit=1", Alt: evil},
		})
		f.append(protocol.Event{From: "bot", Kind: "a_kind_of_tomorrow", Text: part("z przyszłości")})
		f.append(protocol.Event{From: "bot", Kind: "another_kind"})
		f.deliver(f.log[4:], false)
	})
	b.wait("the lines", "lines().includes('z przyszłości')")
	if value[bool](b, "!!window.hit || [...all('.line a')].some(a => a.protocol === 'javascript:') || all('.line img').length > 0") {
		t.Error("what an operator writes can run")
	}
	if got := value[[]string](b, overflow); len(got) != 0 {
		t.Errorf("sticks out of the panel: %q", got)
	}
	b.shot("hostile-text")
}

// Who joins and leaves is told by name, read marks go both ways, and a name that
// wants to be more than a name is not.
func TestOperatorsByName(t *testing.T) {
	f, b := begun(t)
	const evil = "<b>Ola</b>\u202eenA"
	f.set(func(f *fake) {
		f.state.Owner, f.state.Name = protocol.OwnerOperator, evil
		f.append(protocol.Event{From: "system", Kind: "joined", Name: evil})
		f.append(protocol.Event{From: "operator", Kind: "message", Name: evil, Text: part("Dzień dobry")})
		f.deliver(f.log[4:], false)
	})
	b.wait("the line", "lines().includes('Dzień dobry')")
	b.wait("who it is", `q('.note').textContent.startsWith('\u2068<b>Ola</b>\u202eenA\u2069 dołącza do rozmowy') && q('.status').textContent.includes('Ola')`)
	if value[bool](b, "!!q('.note b, .status b, .line b')") {
		t.Error("a name was taken for markup")
	}
	b.shot("joined")
	deadline := time.Now().Add(5 * time.Second)
	for get(f, func(f *fake) uint64 { return f.seen }) != 6 {
		if time.Now().After(deadline) {
			t.Fatal("what was shown is not told to be read")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if value[bool](b, "q('.own .meta').textContent.includes('przeczytano')") {
		t.Error("a line shows as read that nobody has read")
	}
	f.set(func(f *fake) { f.sockets[0].send(protocol.Seen{T: "seen", From: "operator", Seq: 6}) })
	b.wait("read", "q('.own .meta').textContent.includes('przeczytano')")
	f.set(func(f *fake) {
		f.state.Owner, f.state.Name = protocol.OwnerBot, ""
		f.append(protocol.Event{From: "system", Kind: "left", Name: "Ola"})
		f.deliver(f.log[6:], false)
	})
	b.wait("the end of it", "all('.note').at(-1).textContent.includes('opuszcza rozmowę') && !q('.status').textContent.includes('Ola')")
}

// A grant that was given is reported to the page once, and unread lines are
// counted while the panel is closed, across a reload.
func TestConsentAndUnreadEvents(t *testing.T) {
	f := newFake(t)
	f.host = "<!doctype html><html lang=pl><body>" + stub + `<script async src="/widget.js?site=demo"></script>`
	b := newBrowser(t).visit(f.srv.URL + "/host")
	b.open()
	b.say("kontakt")
	b.wait("the card", "all('.decide').length === 2")
	b.eval("events.length = 0; q('.decide[data-answer=grant]').click()")
	b.wait("the event", "events.join() === 'consent:changed'")
	if got := value[string](b, "zgoda('get', 'consents').lead_contact.status"); got != "granted" {
		t.Errorf("the getter says %q", got)
	}
	b.eval("zgoda('close')")
	f.set(func(f *fake) { n := len(f.log); f.bot("Jeszcze jedno"); f.deliver(f.log[n:], false) })
	b.wait("the badge", "!q('.badge').hidden && zgoda('get', 'unread') === 1")
	b.visit(f.srv.URL + "/host")
	b.wait("the badge after a reload", "q('.badge') && !q('.badge').hidden && q('.badge').textContent === '1'")
}
