package widget

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// hosted serves a page of testdata/hosts from an origin of its own, as a site
// does, and opens it at /host.
func hosted(t *testing.T, name string) (*fake, *tab) {
	t.Helper()
	f := newFake(t)
	host := template.Must(template.ParseFiles("testdata/hosts/" + name))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := map[string]any{"Nonce": nonce(), "Gateway": f.srv.URL}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if name == "strict.html" {
			socket := strings.Replace(f.srv.URL, "http:", "ws:", 1)
			w.Header().Set("Content-Security-Policy", fmt.Sprintf(
				"default-src 'none'; script-src 'nonce-%s'; connect-src %s %s; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
				page["Nonce"], f.srv.URL, socket))
		}
		_ = host.Execute(w, page)
	}))
	t.Cleanup(srv.Close)
	return f, newBrowser(t).visit(srv.URL + "/host")
}

const hosts = "document.querySelectorAll('zgoda-chat').length"

func TestStrictPageOfAnotherOrigin(t *testing.T) {
	_, b := hosted(t, "strict.html")
	b.open()
	b.shot("strict")
	b.say("kontakt")
	b.wait("the card", "all('.decide').length === 2")
	b.eval("q('.decide[data-answer=grant]').click()")
	b.wait("the question", "q('textarea').autocomplete === 'email'")
	b.eval("q('.head .tool').click()")
	b.wait("the privacy item", "q('.purpose')?.dataset.status === 'granted'")
	b.eval("zgoda('locale', 'he')")
	b.wait("another language", "q('.panel').lang === 'he'")
	if got := value[[]string](b, "violations"); len(got) != 0 {
		t.Errorf("the page's policy was violated: %q", got)
	}
}

func TestResetFromHell(t *testing.T) {
	_, b := hosted(t, "reset.html")
	b.wait("the launcher's place", "launcher().getBoundingClientRect().height === 60")
	b.open()
	b.shot("reset")
	const got = `(() => { const p = getComputedStyle(q('.panel')), h = getComputedStyle(root().host);
		return [p.width, p.fontSize, p.letterSpacing, p.textTransform, p.position, p.direction, p.writingMode, h.opacity, h.transform, h.filter].join(' '); })()`
	if s := value[string](b, got); s != "392px 15.5px normal none fixed ltr horizontal-tb 1 none none" {
		t.Errorf("the panel is %s", s)
	}
	const top = `[q('.panel'), launcher()].every(el => { const r = el.getBoundingClientRect();
		return document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2) === root().host; })`
	if !value[bool](b, top) {
		t.Error("the page lies over the widget")
	}
	if family := value[string](b, "getComputedStyle(q('.send')).fontFamily + getComputedStyle(q('.send')).pointerEvents"); family != "system-ui, sans-serifauto" {
		t.Errorf("a button of the widget is %s", family)
	}
	b.fits("on a page that styles everything")
	b.media("print")
	if value[string](b, "getComputedStyle(root().host).display") != "none" {
		t.Error("the widget is printed")
	}
}

func TestSinglePageApp(t *testing.T) {
	f, b := hosted(t, "app.html")
	if n := value[int](b, hosts); n != 1 {
		t.Errorf("%d widgets from a double snippet", n)
	}
	b.open()
	b.eval("zgoda('close'); visit('/cart')")
	b.wait("the greeting of the new page", "(zgoda('open'), lines()[0]?.startsWith('Widzę'))")
	b.say("Hej")
	b.acked("Hej")
	if open := get(f, func(f *fake) string { return f.opens[0].Page }); open != "/cart" {
		t.Errorf("the conversation began on %s", open)
	}
	for _, how := range []string{"replaceWith", "children"} {
		b.eval(fmt.Sprintf("q('textarea').value = 'W połowie'; visit('/p/%s', %q)", how, how))
		b.wait("the widget after "+how, hosts+" === 1 && !!launcher() && !q('.panel').hidden && lines().length === 4")
		if got := value[string](b, "q('textarea').value"); got != "W połowie" {
			t.Errorf("the draft is %q after %s", got, how)
		}
		b.wait("the end in view", atEnd)
	}
	b.eval("visit('/cart')") // from the cache, with a dead copy of the widget
	b.wait("one living widget", hosts+" === 1 && !!launcher() && lines().length === 4")
	if n := get(f, func(f *fake) int { return f.upgrades }); n != 1 {
		t.Errorf("%d sockets; a swap needs no new one", n)
	}
	b.eval("zgoda('destroy')")
	b.wait("no widget", hosts+" === 0 && typeof zgoda === 'undefined'")
	b.eval("visit('/p/back')")
	b.wait("the conversation again", hosts+" === 1 && lines().length === 4")
	b.say("Jestem")
	b.acked("Jestem")
}
