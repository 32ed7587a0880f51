package widget

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// axe is the accessibility engine, as npm installed it.
func axe(t *testing.T) string {
	t.Helper()
	source, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("axe-core is not installed: npm ci --prefix gateway/widget (make needs does it where npm is)")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// A finding is one rule that the page breaks.
type finding struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML   string          `json:"html"`
		Target json.RawMessage `json:"target"`
		Why    string          `json:"failureSummary"`
	} `json:"nodes"`
}

// accessible runs axe-core over the widget as it stands: WCAG 2.2 A and AA, and
// the best practices, of which none may be broken either.
func (b *tab) accessible(what string) {
	b.t.Helper()
	const run = `(async () => { const r = await axe.run(document.querySelector('zgoda-chat'), {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] });
		if (r.passes.length < 5) throw Error('axe has looked at nothing');
		return r.violations.map(({id, help, nodes}) => ({id, help, nodes: nodes.map(({html, target, failureSummary}) => ({html, target, failureSummary}))})); })()`
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]finding](run, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range found {
		for _, n := range f.Nodes {
			b.t.Errorf("%s: %s (%s): %s\n%s", what, f.Help, f.ID, n.HTML, n.Why)
		}
	}
}

// Every state of the widget, light and dark, in both directions of writing.
func TestAccessible(t *testing.T) {
	source := axe(t)
	for _, c := range []struct{ lang, scheme string }{{"pl", "light"}, {"ar", "dark"}} {
		f := newFake(t)
		b := newBrowser(t)
		b.feature("prefers-color-scheme", c.scheme)
		f.inLanguage("en")
		b.visit(f.inLanguage(c.lang))
		b.eval(source)
		b.accessible("closed")
		b.open()
		b.accessible("greeting")
		b.say("kontakt")
		b.wait("the card", "all('.decide').length === 2")
		b.accessible("card")
		b.eval("q('.decide[data-answer=grant]').click()")
		b.wait("the question", "q('textarea').autocomplete === 'email'")
		b.say("refuse")
		b.wait("the reason", "q('.own.refused .reason')")
		b.say("ola@example.com")
		b.acked("ola@example.com")
		b.eval("q('textarea').value = 'x'.repeat(3000); q('textarea').dispatchEvent(new Event('input'))")
		b.accessible("lines, a refused one, one too long")
		b.eval("q('.head .tool').click()")
		b.wait("the privacy item", "q('.purpose') && q('.sheet').getAnimations().length === 0")
		b.accessible("privacy item")
		b.eval("q('[data-key=erase]').click()")
		b.wait("the question", "q('[data-focus]')")
		b.accessible("erase?")
		b.press(kb.Escape)
		f.set(func(f *fake) { f.refuse = true })
		f.closeAll(4000)
		b.wait("the banner", "q('.banner').textContent")
		b.eval("q('textarea').value = ''")
		b.say("Halo")
		b.wait("a late line", "q('.own.late')")
		b.accessible("no connection")
		b.eval("zgoda('close')")
		b.accessible("closed again")
	}
}

// The whole lead flow, and what follows it, without a pointer: hover, greeting,
// consent, a detail, withdrawal, erasure. Focus never leaves the panel by itself.
func TestKeyboardOnlyLead(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	inside := func(step string) {
		t.Helper()
		b.wait("focus inside the panel after "+step, "q('.panel').contains(root().activeElement)")
	}
	b.eval("launcher().focus()")
	b.press(kb.Enter)
	b.wait("focus in the composer", "root().activeElement === q('textarea')")
	b.wait("the greeting", "lines().length === 2")
	b.tabTo("contact option", "root().activeElement?.dataset.choice === 'contact'", true)
	b.press(kb.Enter)
	b.wait("the answer", "lines().some(l => l.startsWith('Wysyłamy'))")
	inside("a choice")
	b.eval("q('textarea').focus()")
	b.press("kontakt" + kb.Enter)
	b.wait("the card", "all('.decide').length === 2")
	b.tabTo("accept", "root().activeElement?.dataset.answer === 'grant'", true)
	b.press(" ")
	b.wait("the question", "q('textarea').autocomplete === 'email'")
	inside("consent")
	b.tabTo("the composer", "root().activeElement === q('textarea')", false)
	b.press("ola@example.com" + kb.Enter)
	b.acked("ola@example.com")
	b.tabTo("the privacy item's button", "root().activeElement?.ariaLabel === 'Prywatność'", true)
	b.press(kb.Enter)
	b.wait("the privacy item", "q('.purpose')?.dataset.status === 'granted' && root().activeElement?.id === 'privacy'")
	b.tabTo("withdraw", "root().activeElement?.ariaLabel?.startsWith('Wycofaj zgodę')", false)
	b.press(kb.Enter)
	b.wait("the withdrawal", "q('.purpose').dataset.status === 'withdrawn'")
	inside("the withdrawal")
	b.tabTo("erase", "root().activeElement?.dataset.key === 'erase'", false)
	b.press(kb.Enter)
	b.wait("the question", "root().activeElement?.dataset.focus")
	b.press(kb.Enter)
	b.wait("nothing kept", "keys().length === 0")
	inside("the erasure")
	b.press(kb.Escape)
	b.wait("focus back on the launcher", "q('.panel').hidden && root().activeElement === launcher()")
}

// tabTo presses Tab until something is true; what is ringed must be seen.
func (b *tab) tabTo(what, code string, backwards bool) {
	b.t.Helper()
	var options []chromedp.KeyOption
	if backwards {
		options = append(options, chromedp.KeyModifiers(chromedp.ModifierShift))
	}
	for range 25 {
		b.press(kb.Tab, options...)
		if !value[bool](b, `(() => { const e = root().activeElement; if (!e) return true; const r = e.getBoundingClientRect();
			return r.width > 0 && r.bottom > 0 && r.top < innerHeight; })()`) {
			b.t.Errorf("on the way to %s the focus is out of sight on %s", what, value[string](b, "root().activeElement.outerHTML"))
		}
		if value[bool](b, "!!("+code+")") {
			return
		}
	}
	b.t.Fatalf("Tab does not lead to %s; it is on %s", what, strings.TrimSpace(value[string](b, "root().activeElement?.outerHTML ?? 'the page'")))
}
