package widget

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// everything shows one of each: a card that was answered, lines of both sides, an
// ask, a refused line.
func everything(b *tab) {
	b.t.Helper()
	b.open()
	b.say("kontakt")
	b.wait("the card", "all('.decide').length === 2")
	b.eval("q('.decide[data-answer=grant]').click()")
	b.wait("the question", "q('textarea').autocomplete === 'email'")
	b.say("refuse")
	b.wait("the reason", "q('.own.refused .reason')")
	b.say("ola@example.com")
	b.acked("ola@example.com")
	b.wait("the thanks", "lines().some(l => l.startsWith('Dziękuję!'))")
}

const overflow = `(() => { const p = q('.panel').getBoundingClientRect();
	return [...q('.panel').querySelectorAll('*')].filter(e => !e.closest('.sr') && e.getClientRects().length)
		.filter(e => { const r = e.getBoundingClientRect(); return r.left < p.left - 1 || r.right > p.right + 1; }).map(e => e.className + ':' + e.textContent.slice(0, 20)); })()`

const small = `all('button, textarea').filter(e => e.getClientRects().length && !e.classList.contains('link'))
	.filter(e => { const r = e.getBoundingClientRect(); return r.width < 44 || r.height < 44; }).map(e => e.className)`

func TestLooks(t *testing.T) {
	looks := []struct {
		name          string
		width, height int64
		dir           string
		scheme        string
	}{
		{"320", 320, 640, "ltr", "light"},
		{"768", 768, 900, "ltr", "light"},
		{"1280-dark", 1280, 860, "ltr", "dark"},
		{"320-rtl-dark", 320, 640, "rtl", "dark"},
		{"1280-rtl", 1280, 860, "rtl", "light"},
		{"640-zoomed", 640, 400, "ltr", "light"}, // 1280 by 800 at 200 %
	}
	for _, look := range looks {
		t.Run(look.name, func(t *testing.T) {
			f := newFake(t)
			f.dir = look.dir
			b := newBrowser(t)
			b.size(look.width, look.height)
			b.feature("prefers-color-scheme", look.scheme)
			b.visit(f.srv.URL + "/demo/")
			b.shot("page")
			everything(b)
			b.shot("chat")
			if got := value[[]string](b, overflow); len(got) != 0 {
				t.Errorf("sticks out of the panel: %q", got)
			}
			if got := value[[]string](b, small); len(got) != 0 {
				t.Errorf("touch targets under 44 px: %q", got)
			}
			if !value[bool](b, "document.documentElement.scrollWidth <= innerWidth") {
				t.Error("the page scrolls sideways")
			}
			b.eval("q('.head .tool').click()")
			b.wait("the privacy item", "!q('.sheet').hidden && q('.sheet').getAnimations().length === 0")
			b.shot("privacy")
			if !value[bool](b, "q('.scroll').closest('[inert]') !== null") {
				t.Error("what the privacy item covers can still get the focus")
			}
			if got := value[[]string](b, overflow); len(got) != 0 {
				t.Errorf("sticks out of the privacy item: %q", got)
			}
		})
	}
}

func TestForcedColours(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t)
	b.feature("forced-colors", "active")
	b.visit(f.srv.URL + "/demo/")
	b.shot("page")
	everything(b)
	b.shot("chat")
	const outlined = "all('.bubble, .send').every(e => getComputedStyle(e).borderTopStyle !== 'none')"
	if !value[bool](b, outlined) {
		t.Error("a bubble or button has no outline when backgrounds are gone")
	}
}

func (b *tab) press(keys string, options ...chromedp.KeyOption) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent(keys, options...)); err != nil {
		b.t.Fatal(err)
	}
}

// The whole lead flow without a pointer.
func TestKeyboardOnly(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.eval("launcher().focus()")
	b.press(kb.Enter)
	b.wait("focus in the composer", "root().activeElement === q('textarea')")
	b.press("kontakt" + kb.Enter)
	b.wait("the card", "all('.decide').length === 2")
	b.press(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))
	b.wait("the answers right before the composer", "root().activeElement?.dataset.answer === 'decline'")
	b.press(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift))
	b.wait("accept beside decline", "root().activeElement?.dataset.answer === 'grant'")
	b.press(kb.Enter)
	b.wait("the question", "q('textarea').autocomplete === 'email'")
	b.wait("focus kept inside", "q('.panel').contains(root().activeElement)")
	b.eval("q('textarea').focus()")
	b.press("ola@example.com" + kb.Enter)
	b.acked("ola@example.com")
	b.press(kb.Escape)
	b.wait("focus back on the launcher", "q('.panel').hidden && root().activeElement === launcher()")
}

// Only what is new is spoken: not the greeting, not a replay.
func TestSpokenIsOnlyWhatIsNew(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Hej")
	b.wait("the spoken answer", "q('[aria-live=polite]').textContent === 'Asystent: Rozumiem: Hej'")
	b.visit(f.srv.URL + "/demo/")
	b.wait("the conversation", "lines().length === 4")
	if got := value[string](b, "q('[aria-live=polite]').textContent"); got != "" {
		t.Errorf("a replay was spoken: %q", got)
	}
	if got := value[string](b, "q('.scroll').getAttribute('aria-live')"); got != "off" {
		t.Errorf("aria-live of the log = %q", got)
	}
}
