package widget

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/coder/websocket"
)

const atEnd = "q('.scroll').scrollHeight - q('.scroll').scrollTop - q('.scroll').clientHeight < 4"

// onNew runs code in every new document of the tab.
func (b *tab) onNew(code string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: code}); err != nil {
		b.t.Fatal(err)
	}
}

func TestReloadShowsTheEndNotAnAnsweredCard(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t)
	b.size(320, 640)
	b.visit(f.srv.URL + "/demo/")
	b.open()
	b.say("kontakt")
	b.wait("the card", "all('.decide').length === 2")
	b.visit(f.srv.URL + "/demo/")
	b.wait("the open card's beginning", "Math.abs(q('.card h2').getBoundingClientRect().top - q('.scroll').getBoundingClientRect().top) < 140")
	b.say("hm")
	const line = "all('.bubble').find(e => e.textContent.startsWith('Wolę'))"
	b.wait("the line above the card that came again", "(() => { const r = "+line+".getBoundingClientRect(), s = q('.scroll').getBoundingClientRect(); return all('.card').length === 2 && r.top >= s.top - 1 && r.bottom <= s.bottom })()")
	b.eval("q('.decide[data-answer=decline]').click()")
	b.wait("the answer", "lines().at(-1).includes('Pytaj śmiało')")
	if got := value[string](b, "all('.card').at(-1).querySelector('.answer').textContent"); got != "Bez zgody" {
		t.Errorf("the declined card says %q", got)
	}
	b.visit(f.srv.URL + "/demo/")
	b.wait("the end", "lines().length > 4 && "+atEnd)
}

func TestTheSitesLookShowsAtOnce(t *testing.T) {
	f := newFake(t)
	f.look = Look{Color: "#123456", On: "#ffffff", Dark: "#abcdef", OnDark: "#000000", Left: true, Icon: "letter", Text: map[string]string{"pl": "Zapytaj nas"}}
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	const look = "(() => { const s = getComputedStyle(launcher()); return s.backgroundColor + s.color + (launcher().getBoundingClientRect().left < 100) + launcher().textContent + launcher().ariaLabel; })()"
	if got, want := value[string](b, look), "rgb(18, 52, 86)rgb(255, 255, 255)trueZapytaj nasZapytaj nas – Otwórz czat"; got != want {
		t.Errorf("before the first use: %s, want %s", got, want)
	}
	b.shot("launcher")
	b.feature("prefers-color-scheme", "dark")
	if got := value[string](b, "getComputedStyle(launcher()).backgroundColor"); got != "rgb(171, 205, 239)" {
		t.Errorf("with a dark page: %s", got)
	}
	b.open()
	if got := value[bool](b, "q('.panel').getBoundingClientRect().left < 100"); !got {
		t.Error("the panel is not on the launcher's side")
	}
}

func TestCardKeepsItsLanguage(t *testing.T) {
	for locale, want := range map[string]string{"pl": "Po co|Jakie dane: |Bez zgody", "de": "Wofür|Welche Angaben: |Sie haben nicht eingewilligt", "fr": "|You did not agree"} {
		f := newFake(t)
		f.speaks = locale
		b := newBrowser(t).visit(f.srv.URL + "/demo/en")
		b.open()
		b.say("kontakt")
		b.wait("the card", "all('.decide').length === 2")
		b.eval("q('.decide[data-answer=decline]').click()")
		b.wait("labels in "+locale, "all('.card .caption').map(e => e.textContent).join('|') + '|' + q('.card .answer').textContent === '"+want+"'")
	}
}

func TestRefusedPageIsNeutralAndTellsTheDeveloper(t *testing.T) {
	for _, code := range []string{"unknown_site", "origin_refused"} {
		f, b := newFake(t), newBrowser(t)
		b.onNew("window.warned = []; console.warn = (...a) => warned.push(a.join(' '))")
		site := "demo"
		if code == "unknown_site" {
			site = "nowhere"
		}
		f.set(func(f *fake) {
			f.shut = code == "origin_refused"
			f.host = "<!doctype html><html lang=pl><body><script async src='/widget.js' data-site='" + site + "'></script>"
		})
		b.visit(f.srv.URL + "/host")
		b.eval("launcher().click()")
		b.wait("an honest sentence", "q('.banner').textContent.includes('nie działa')")
		if got := value[string](b, "q('.status').textContent + getComputedStyle(q('.status'), '::before').content"); got != "none" {
			t.Errorf("%s: the status is %q", code, got)
		}
		if got := value[string](b, "warned.length + ': ' + warned[0]"); got != "1: zgoda: "+code+`: check the site "`+site+`" and its origins (here: `+f.srv.URL+")" {
			t.Errorf("warned %s", got)
		}
	}
}

func TestTheVisitorMayHurry(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Hej")
	b.acked("Hej")
	b.eval("Math.random = () => 0.99") // retries are far away
	f.closeAll(websocket.StatusGoingAway)
	b.wait("the way to try now", "q('.banner button')?.textContent === 'Spróbuj teraz'")
	b.eval("q('.banner button').click()")
	start := time.Now()
	b.wait("the line back", "q('.status').dataset.phase === 'online'")
	f.closeAll(websocket.StatusGoingAway)
	b.wait("waiting", "q('.status').dataset.phase === 'waiting'")
	b.say("Szybko")
	b.acked("Szybko")
	if d := time.Since(start); d > 4500*time.Millisecond {
		t.Errorf("two hurried attempts took %v", d)
	}
}

func TestAfterTheSheet(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("kontakt")
	b.wait("the card", "all('.decide').length === 2")
	b.eval("q('.decide[data-answer=decline]').click()")
	b.wait("the answer", "q('.card').dataset.state === 'declined'")
	b.eval("q('.head .tool').click()")
	b.wait("the choice", "q('.purpose')?.dataset.status === 'declined'")
	b.eval("q('.purpose .quiet').click()")
	b.wait("focus on the new card", "root().activeElement?.dataset.state === 'open' && q('.sheet').hidden")
	b.eval("q('.head .tool').click()")
	b.wait("the privacy item", "q('[data-key=erase]') && !q('.sheet').hidden")
	b.eval("[...all('.sheet .quiet')].find(e => e.textContent.includes('Usuń')).click()")
	b.eval("q('[data-focus]').click()")
	b.wait("the chat with the news", "q('.sheet').hidden && !q('.main').closest('[inert]') && q('.banner').textContent === 'Twoje dane zostały usunięte.'")
}

func TestTimesFollowTheVisitorsRegion(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t)
	b.onNew("Object.defineProperty(navigator, 'languages', {get: () => ['pl', 'en-GB']})")
	b.visit(f.srv.URL + "/demo/en")
	b.open()
	b.say("Hi")
	b.acked("Hi")
	if got := value[string](b, "q('.own time').textContent"); len(got) != 5 {
		t.Errorf("in Britain it is %q", got)
	}
}
