package widget

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

const snippet = `<script>window.zgoda=window.zgoda||function(){(zgoda.q=zgoda.q||[]).push(arguments)}</script>
<script async src="/widget.js?site=demo"></script>`

// embedded serves a page of our making and opens it.
func embedded(t *testing.T, html string) (*fake, *tab) {
	t.Helper()
	f := newFake(t)
	f.host = "<!doctype html><html lang=pl><meta charset=utf-8><body>" + html
	return f, newBrowser(t).visit(f.srv.URL + "/host")
}

func TestHostStylesDoNotReachIn(t *testing.T) {
	_, b := embedded(t, `<style>html { font-size: 62.5%; letter-spacing: 9px; text-transform: uppercase }
		* { all: revert !important } div { display: none !important; transform: rotate(9deg) !important }
		.top { position: fixed; inset: 0; z-index: 99999; background: pink }</style><div class=top></div>`+snippet)
	b.open()
	b.shot("hostile")
	const got = `(() => { const p = getComputedStyle(q('.panel')); return [p.width, p.fontSize, p.letterSpacing, p.textTransform, p.position].join(' '); })()`
	if s := value[string](b, got); s != "392px 15.5px normal none fixed" {
		t.Errorf("the panel is %s", s)
	}
	const top = `document.elementFromPoint(innerWidth - 40, innerHeight - 40) === root().host`
	if !value[bool](b, top) {
		t.Error("the page lies over the launcher")
	}
}

func TestSnippetLivesWithThePage(t *testing.T) {
	_, b := embedded(t, snippet+snippet)
	const hosts = "[...document.body.children].filter(e => e.shadowRoot).length"
	if n := value[int](b, hosts); n != 1 {
		t.Errorf("%d widgets from a double snippet", n)
	}
	b.open()
	b.eval("document.body = document.createElement('body')")
	b.wait("the widget in the new body", "!!launcher() && !q('.panel').hidden")
	b.eval("zgoda('destroy')")
	b.wait("no widget", hosts+" === 0 && typeof zgoda === 'undefined'")
	b.eval(`const s = document.createElement('script'); s.src = '/widget.js?site=demo'; document.body.append(s)`)
	b.wait("a widget again", hosts+" === 1 && !!launcher()")
	b.open()
	b.say("Hej")
	b.acked("Hej")
}

func TestCommandsAndEvents(t *testing.T) {
	_, b := embedded(t, `<button id=help>?</button><script>window.zgoda=window.zgoda||function(){(zgoda.q=zgoda.q||[]).push(arguments)};
		window.events = [];
		for (const e of ['ready', 'opened', 'closed', 'message:sent', 'message:received', 'consent:changed', 'state', 'error'])
			zgoda('on', e, d => events.push(e + (typeof d === 'string' ? '=' + d : '')));
		zgoda('once', 'opened', () => events.push('once')); zgoda('prefill', 'Dzień dobry');</script>
		<script async src="/widget.js?site=demo" data-launcher="#help"></script>`)
	b.wait("ready", "events.join() === 'ready'")
	if !value[bool](b, "launcher().hidden && (() => { try { zgoda('get', 'open'); } catch { return true } })()") {
		t.Error("the own launcher shows beside the page's, or a getter answered before there was an answer")
	}
	b.eval("document.querySelector('#help').click()")
	b.wait("the open panel with the draft", "!!q('.panel') && !q('.panel').hidden && q('textarea').value === 'Dzień dobry'")
	b.wait("the greeting", "lines().length === 2")
	b.eval("zgoda('close'); zgoda('toggle')")
	b.wait("events", "events.join() === 'ready,opened,once,closed,opened'")
	b.eval("events.length = 0; zgoda('page', '/koszyk?token=1#x'); q('.send').click()")
	b.wait("the line's events", "events.includes('message:sent') && events.includes('message:received') && events.includes('state=online')")
	b.eval("zgoda('off', 'message:sent'); zgoda('locale', 'en')")
	b.wait("English", "q('textarea')?.placeholder === 'Write a message…' && lines().length === 4")
	if !value[bool](b, "zgoda('get', 'open') === true && zgoda('get', 'state') === 'online'") {
		t.Error("getters do not answer")
	}
	b.eval("zgoda('reset')")
	b.wait("nothing kept", "keys().length === 0 && lines().length === 2")
}

func TestWorksWhereStorageIsRefused(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t)
	refuse := page.AddScriptToEvaluateOnNewDocumentParams{
		Source: "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError') }})",
	}
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, refuse); err != nil {
		t.Fatal(err)
	}
	b.visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Hej")
	b.acked("Hej")
	f.closeAll(1001)
	b.say("I znowu")
	b.acked("I znowu")
}

func TestUnknownSiteIsSaidSo(t *testing.T) {
	_, b := embedded(t, strings.Replace(snippet, "?site=demo", `" data-site="nowhere`, 1))
	b.eval("launcher().click()")
	b.wait("an honest sentence", "q('.banner').textContent.includes('nie działa')")
	b.shot("unknown-site")
}
