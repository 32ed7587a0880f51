package widget

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"zgoda/gateway/protocol"
)

// Nothing is stored in the browser before the first act (E27).
func TestBeforeTheFirstActNothingIsStored(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.shot("closed")
	for _, path := range get(f, func(f *fake) []string { return f.requests }) {
		if path != "/demo/" && path != "/demo/shop.css" && path != "/widget.js" {
			t.Errorf("the page asked for %s before the widget was used", path)
		}
	}
	b.open()
	if got := value[[]string](b, "lines()"); len(got) != 2 || got[0] != "Dzień dobry! Tu asystent Sklepu Łąka." {
		t.Errorf("greeting = %q", got)
	}
	b.shot("greeting")
	if got := value[[]string](b, "keys().concat(Object.keys(sessionStorage), document.cookie || [])"); len(got) != 0 {
		t.Errorf("stored before the first act: %q", got)
	}
	if n := get(f, func(f *fake) int { return f.upgrades }); n != 0 {
		t.Errorf("%d sockets before the first act", n)
	}
}

func TestFirstAct(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/?secret=1#x")
	b.open()
	b.eval("const o = q('[data-choice=delivery]'); window.kept = all('.bubble')[0]; o.click()")
	b.wait("the answer", "lines().some(l => l.startsWith('Wysyłamy'))")
	b.shot("pressed")
	want := []string{"Dzień dobry! Tu asystent Sklepu Łąka.", "W czym mogę pomóc?", "Dostawa", "Wysyłamy w poniedziałki i wtorki. Paczka idzie zwykle dwa dni."}
	if got := value[[]string](b, "lines()"); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("lines = %q", got)
	}
	open := get(f, func(f *fake) protocol.ClientFrame { return f.opens[0] })
	if open.Page != "/demo/" || open.Locale != "pl" || open.Flow == "" || open.Secret == "" {
		t.Errorf("open = %+v", open)
	}
	press := get(f, func(f *fake) protocol.ClientFrame { return f.inputs[0] })
	if press.N != 1 || press.Of != protocol.OfGreeting || press.Choice != "delivery" {
		t.Errorf("press = %+v", press)
	}
	if !value[bool](b, "q('[data-choice=delivery]').classList.contains('on') && q('[data-choice=returns]').disabled") {
		t.Error("the pressed option is not marked, or another can still be pressed")
	}
	if got := value[[]string](b, "keys()"); len(got) != 1 || got[0] != "zgoda:demo" {
		t.Errorf("stored keys = %q, want the visitor only", got)
	}
	if got := value[string](b, "localStorage.getItem('zgoda:demo')"); strings.Contains(got, "Dostawa") {
		t.Errorf("acknowledged text is stored: %s", got)
	}
}

func TestReloadContinues(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Czy lawenda zimuje?")
	b.acked("Czy lawenda zimuje?")
	b.wait("the answer", "lines().length === 4")
	b.visit(f.srv.URL + "/demo/")
	b.wait("the conversation", "!!q('.panel') && !q('.panel').hidden && lines().length === 4")
	b.say("A szałwia?")
	b.acked("A szałwia?")
	in := get(f, func(f *fake) []protocol.ClientFrame { return f.inputs })
	opens := get(f, func(f *fake) []protocol.ClientFrame { return f.opens })
	if last := in[len(in)-1]; last.N != 2 || opens[1].Client != opens[0].Client {
		t.Errorf("after the reload: n = %d as %s, want the same instance to go on with 2", last.N, opens[1].Client)
	}
	if opens[1].Token != "token" {
		t.Error("the returning visitor did not show the token")
	}
}

func TestOfflineLinesAreKeptAndSentOnce(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Pierwsza")
	b.acked("Pierwsza")
	f.set(func(f *fake) { f.refuse = true })
	f.closeAll(websocket.StatusGoingAway)
	b.wait("the lost line", "q('.status').dataset.phase !== 'online'")
	b.say("Druga")
	b.wait("an honest state", "q('.own.late .meta')?.textContent.includes('jeszcze nie wysłano')")
	b.wait("the reason", "q('.banner').textContent.includes('niedostępny')")
	b.shot("offline")
	if value[bool](b, "!!q('.own.late .check')") {
		t.Error("a line that was not sent has a tick")
	}
	b.visit(f.srv.URL + "/demo/")
	b.wait("the unsent line after a reload", "lines().includes('Druga')")
	f.set(func(f *fake) { f.refuse = false })
	b.acked("Druga")
	b.wait("the whole conversation", "lines().length === 6")
	var druga []protocol.ClientFrame
	for _, in := range get(f, func(f *fake) []protocol.ClientFrame { return f.inputs }) {
		if in.Text == "Druga" {
			druga = append(druga, in)
		}
	}
	if len(druga) != 1 || druga[0].N != 2 {
		t.Errorf("sent %+v, want one frame with n=2", druga)
	}
	if got := value[[]string](b, "keys()"); len(got) != 1 {
		t.Errorf("stored keys after all was sent = %q", got)
	}
}

func TestUnavailableIsRetriedUnderItsNumber(t *testing.T) {
	f := newFake(t)
	f.fail = 2
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Raz")
	b.say("Dwa")
	b.acked("Raz")
	b.acked("Dwa")
	log := get(f, func(f *fake) []protocol.Event { return f.log })
	if len(log) != 6 {
		t.Errorf("the log has %d events, want 6", len(log))
	}
}

// Accept and decline are alike in everything, and in view at 320 px (C3).
func TestConsentCardTreatsBothAnswersAlike(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t)
	b.size(320, 640)
	b.visit(f.srv.URL + "/demo/")
	b.open()
	b.say("kontakt")
	b.wait("the card", "all('.decide').length === 2")
	b.shot("card-320")
	const differing = `(() => {
		const [a, d] = all('.decide');
		const x = getComputedStyle(a), y = getComputedStyle(d);
		const out = [...x].filter(p => x[p] !== y[p] && !/origin$/.test(p));
		const r = a.getBoundingClientRect(), s = d.getBoundingClientRect();
		if (r.width !== s.width || r.height !== s.height) out.push('size');
		if (a.tabIndex !== d.tabIndex || a.parentNode !== d.parentNode || a.nextSibling !== d) out.push('order');
		return out;
	})()`
	if got := value[[]string](b, differing); len(got) != 0 {
		t.Errorf("accept and decline differ in %q", got)
	}
	const visible = `(() => { const log = q('.scroll').getBoundingClientRect();
		return all('.decide').every(b => { const r = b.getBoundingClientRect(); return r.top >= log.top && r.bottom <= log.bottom && r.right <= innerWidth && r.height >= 44; }); })()`
	if !value[bool](b, "q('.card').getBoundingClientRect().top >= q('.scroll').getBoundingClientRect().top - 1") {
		t.Error("a long card does not show its beginning")
	}
	if !value[bool](b, visible) {
		t.Error("at 320 px not both answers are in view")
	}
	b.eval("q('.decide[data-answer=decline]').click()")
	b.wait("the answer in the card", "q('.card').dataset.state === 'declined' && !q('.decide')")
	b.wait("a useful chat", "lines().some(l => l.includes('Pytaj śmiało'))")
	b.shot("declined-320")
}

// Withdrawing is in the privacy item, with no reason asked and no other page (C27).
func TestGrantAskAndWithdraw(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("kontakt")
	b.wait("the card", "all('.decide').length === 2")
	b.shot("card")
	b.eval("q('.decide[data-answer=grant]').click()")
	b.wait("an e-mail field", "q('textarea').autocomplete === 'email' && q('textarea').inputMode === 'email'")
	b.say("ola@example.com")
	b.acked("ola@example.com")
	b.shot("asked")
	b.eval("q('.head .tool').click()")
	b.wait("the privacy item", "q('.purpose')?.dataset.status === 'granted'")
	b.shot("privacy")
	b.eval("q('.purpose .quiet').click()")
	b.wait("the withdrawal", "q('.purpose').dataset.status === 'withdrawn'")
	b.eval("q('.sheet .tool').click()")
	b.wait("the value's mark", "lines().includes('usunięto')")
	b.shot("withdrawn")
}

func TestEraseForgetsEverything(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("Hej")
	b.acked("Hej")
	b.eval("q('.head .tool').click()")
	b.wait("the privacy item", "q('[data-key=erase]') && !q('.sheet').hidden")
	b.eval("[...all('.sheet .quiet')].find(e => e.textContent.includes('Usuń')).click()")
	b.eval("q('[data-focus]').click()")
	b.wait("empty storage", "keys().length === 0")
	b.wait("the greeting again", "lines().length === 2")
	b.say("Znowu ja")
	b.acked("Znowu ja")
	opens := get(f, func(f *fake) []protocol.ClientFrame { return f.opens })
	if a, z := opens[0], opens[len(opens)-1]; a.Secret == z.Secret || z.Token != "" || a.Client == z.Client {
		t.Errorf("after the erasure the visitor is still %+v", z)
	}
}

func TestRefusalIsShownKindly(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.say("refuse")
	b.wait("the reason", "q('.own.refused .reason')?.textContent.includes('zgoda')")
	b.shot("refused")
	b.say("Dalej")
	b.acked("Dalej")
	if got := value[[]string](b, "keys()"); len(got) != 1 {
		t.Errorf("stored keys = %q: the refused line is kept", got)
	}
}

func TestTooLongIsRefusedBeforeNumbering(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	b.eval("say('ą'.repeat(2001))")
	b.wait("the counter", "q('.count').textContent.includes('2001 z 2000')")
	b.shot("too-long")
	if got := value[[]string](b, "keys()"); len(got) != 0 {
		t.Errorf("stored keys = %q", got)
	}
	b.eval("say('ą'.repeat(2000))")
	b.wait("the longest line", "all('.own[data-seq]').length === 1")
}

func TestBundlesAreBuiltFromTheSources(t *testing.T) {
	if testing.Short() {
		t.Skip("builds with esbuild")
	}
	out, err := exec.Command("go", "run", "-C", "../../configs/tools", "./bundle", "-check", "gateway/widget").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// DESIGN.md section 11 and the README promise these sizes. SIZES.md is the table.
func TestSizes(t *testing.T) {
	weight := func(name string) int {
		a, ok := assets().by[name]
		if !ok {
			t.Fatalf("there is no bundle %s", name)
		}
		return len(a.gzipped)
	}
	if n := weight(loader); n > 2000 {
		t.Errorf("the loader weighs %d bytes gzipped, want at most 2000", n)
	}
	for locale := range opens {
		if total := weight(loader) + weight("app") + weight(locale); total > 20<<10 {
			t.Errorf("the whole widget in %s weighs %d bytes gzipped, want at most 20 KB", locale, total)
		}
	}
}
