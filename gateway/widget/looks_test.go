package widget

import (
	"fmt"
	"strings"
	"testing"
	"time"

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
	b.wait("the thanks", "lines().length === 7")
}

const overflow = `(() => { const p = q('.panel').getBoundingClientRect();
	return [...q('.panel').querySelectorAll('*')].filter(e => !e.closest('.sr') && e.getClientRects().length)
		.filter(e => { const r = e.getBoundingClientRect(); return r.left < p.left - 1 || r.right > p.right + 1; }).map(e => e.className + ':' + e.textContent.slice(0, 20)); })()`

// Browsers lay out in 64ths of a pixel and tell it in floats, a hair beside.
const small = `all('button, textarea').filter(e => e.getClientRects().length && !e.classList.contains('link'))
	.map(e => { const r = e.getBoundingClientRect(); return [e.className, Math.round(r.width * 64) / 64, Math.round(r.height * 64) / 64]; })
	.filter(([, width, height]) => width < 44 || height < 44).map(([name, width, height]) => name + ' ' + width + 'x' + height)`

// arabic is what the fake's bot says to a visitor who reads from right to left.
var arabic = map[string]string{
	"Dzień dobry! Tu asystent Sklepu Łąka.": "مرحبًا! هنا مساعد متجر وونكا.",
	"W czym mogę pomóc?":                    "كيف يمكنني مساعدتك؟",
	"Dostawa":                               "التوصيل",
	"Zwroty i reklamacje":                   "الإرجاع والشكاوى",
	"Zostawię kontakt":                      "أترك بيانات الاتصال",
	"Dziękuję. Na jaki adres napisać?":      "شكرًا. إلى أي عنوان نكتب؟",
	"Czy możemy zapisać Twój kontakt?":      "هل يمكننا حفظ بيانات الاتصال؟",
	"Kontakt w sprawie zapytania":           "التواصل بشأن استفسارك",
	"Imię":                                  "الاسم",
	"Adres e-mail":                          "البريد الإلكتروني",
	"Zgadzam się":                           "أوافق",
	"Nie zgadzam się":                       "لا أوافق",
	"Jak chronimy dane":                     "كيف نحمي بياناتك",
	"Zgodę możesz wycofać w każdej chwili: w tym oknie, pod ikoną tarczy.": "يمكنك سحب موافقتك في أي وقت من هذه النافذة، تحت رمز الدرع.",
	"Dziękuję! Odezwiemy się jutro do południa.":                           "شكرًا! سنتواصل معك غدًا قبل الظهر.",
	"Sklep Łąka sp. z o.o., administrator Twoich danych, prosi o zgodę na ich zapisanie, aby odpowiedzieć na Twoje zapytanie. Może się z Tobą w tej sprawie skontaktować także po tej rozmowie.\n" +
		"Dane będą przechowywane najwyżej przez 1 rok, a po wycofaniu zgody zostaną usunięte od razu.\nZgoda jest dobrowolna: bez niej możesz dalej rozmawiać na tym czacie.": "متجر Sklep Łąka sp. z o.o.، المسؤول عن بياناتك، يطلب موافقتك على حفظها للرد على استفسارك، وقد يتواصل معك بهذا الشأن بعد هذه المحادثة أيضًا.\nتُحفظ البيانات سنة واحدة على الأكثر، وتُحذف فور سحب الموافقة.\nالموافقة اختيارية: يمكنك متابعة الدردشة من دونها.",
}

func TestLooks(t *testing.T) {
	looks := []struct {
		name          string
		width, height int64
		lang          string
		scheme        string
	}{
		{"320", 320, 640, "pl", "light"},
		{"768", 768, 900, "pl", "light"},
		{"1280-dark", 1280, 860, "pl", "dark"},
		{"320-rtl-dark", 320, 640, "ar", "dark"},
		{"1280-rtl", 1280, 860, "ar", "light"},
		{"640-zoomed", 640, 400, "pl", "light"}, // 1280 by 800 at 200 %
		{"320-zoomed", 320, 256, "de", "light"}, // 1280 by 1024 at 400 %
	}
	for _, look := range looks {
		t.Run(look.name, func(t *testing.T) {
			f := newFake(t)
			b := newBrowser(t)
			b.size(look.width, look.height)
			b.feature("prefers-color-scheme", look.scheme)
			b.visit(f.inLanguage(look.lang))
			b.shot("page")
			everything(b)
			b.shot("chat")
			b.fits("the panel")
			if !value[bool](b, "document.documentElement.scrollWidth <= innerWidth") {
				t.Error("the page scrolls sideways")
			}
			if got := value[string](b, "getComputedStyle(q('.panel')).direction"); (got == "rtl") != (look.lang == "ar") {
				t.Errorf("the panel runs %s", got)
			}
			b.eval("q('.head .tool').click()")
			b.wait("the privacy item", "!q('.sheet').hidden && q('.sheet').getAnimations().length === 0")
			b.shot("privacy")
			b.fits("the privacy item")
			if !value[bool](b, "q('.scroll').closest('[inert]') !== null") {
				t.Error("what the privacy item covers can still get the focus")
			}
		})
	}
}

// inLanguage makes a page in a language, and the bot's with it, and answers its
// address.
func (f *fake) inLanguage(lang string) string {
	if lang == "pl" {
		return f.srv.URL + "/demo/"
	}
	dir := "ltr"
	if lang == "ar" || lang == "he" {
		dir = "rtl"
	}
	f.set(func(f *fake) {
		if lang == "ar" {
			f.tongue, f.speaks = arabic, "ar"
		}
		f.host = fmt.Sprintf(`<!doctype html><html lang=%s dir=%s><meta charset=utf-8><meta name=viewport content="width=device-width">
			<meta name=color-scheme content="light dark"><link rel=stylesheet href=/demo/shop.css><title>x</title><body><main><h1>Łąka</h1></main>`, lang, dir) + snippet
	})
	return f.srv.URL + "/host"
}

// fits checks what is on screen: nothing sticks out, nothing is too small to hit.
func (b *tab) fits(what string) {
	b.t.Helper()
	// What has just come may still be on its way in, and is smaller until then.
	for range 20 {
		if len(value[[]string](b, small)) == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got := value[[]string](b, overflow); len(got) != 0 {
		b.t.Errorf("%s: sticks out: %q", what, got)
	}
	if got := value[[]string](b, small); len(got) != 0 {
		b.t.Errorf("%s: touch targets under 44 px: %q", what, got)
	}
}

// Every language has all words, says them in its own direction, and fits at 320 px.
func TestEveryLanguageFits(t *testing.T) {
	for lang := range opens {
		f := newFake(t)
		b := newBrowser(t)
		b.size(320, 640)
		b.visit(f.inLanguage(lang))
		if got := value[string](b, "launcher().ariaLabel"); lang != "pl" && lang != "en" && got != "Chat" {
			t.Errorf("%s: the launcher is called %q", lang, got)
		}
		b.open()
		b.shot("greeting-" + lang)
		if got, want := value[string](b, "launcher().ariaLabel + q('.panel').lang"), lang; !strings.HasSuffix(got, want) {
			t.Errorf("the widget speaks %q, want %s", got, want)
		}
		b.say("kontakt")
		b.wait("the card", "all('.decide').length === 2")
		b.eval("q('.decide[data-answer=grant]').click()")
		b.wait("the question", "q('textarea').autocomplete === 'email'")
		b.say("ola@example.com")
		b.acked("ola@example.com")
		f.closeAll(4501)
		b.wait("the banner", "q('.banner button')")
		b.shot("stopped-" + lang)
		b.fits(lang)
		b.eval("q('.head .tool').click()")
		b.wait("the privacy item", "q('.purpose')")
		b.shot("privacy-" + lang)
		b.fits(lang + ", privacy")
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
	const icon = `(() => { const s = getComputedStyle(launcher(), '::before'); return s.backgroundColor !== getComputedStyle(launcher()).backgroundColor; })()`
	if !value[bool](b, icon) {
		t.Error("the launcher's icon cannot be told from its ground")
	}
}

func TestReducedMotion(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t)
	b.feature("prefers-reduced-motion", "reduce")
	b.visit(f.srv.URL + "/demo/")
	b.eval("launcher().click()")
	b.wait("the open panel", "!!q('.panel') && !q('.panel').hidden")
	b.eval("q('.head .tool').click()")
	b.wait("the privacy item", "q('.sheet') && !q('.sheet').hidden")
	if n := value[int](b, "root().getAnimations().length"); n != 0 {
		t.Errorf("%d animations run", n)
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
