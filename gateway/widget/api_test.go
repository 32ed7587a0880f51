package widget

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zgoda/gateway/protocol"
)

const stub = `<script>window.zgoda=window.zgoda||function(){(zgoda.q=zgoda.q||[]).push(arguments)};
	window.events = []; for (const e of ['ready', 'opened', 'closed', 'error', 'unread', 'consent:changed']) zgoda('on', e, d => events.push(e + (d?.code ? '=' + d.code : '')));</script>`

// A page whose cookie banner comes first shows, reads and fetches nothing until it
// says so, whatever was kept and whatever was pressed (E27).
func TestE27_GatedLoadWaits(t *testing.T) {
	f := newFake(t)
	f.host = `<!doctype html><html lang=pl><body><button id=help>?</button>` + stub + `<script>
		localStorage.setItem('zgoda:demo', JSON.stringify({secret: '0'.repeat(32)}));
		window.reads = []; const read = Storage.prototype.getItem; Storage.prototype.getItem = function (k) { reads.push(k); return read.call(this, k); };
		zgoda('open'); </script><script async src="/widget.js?site=demo" data-wait data-launcher="#help"></script>`
	b := newBrowser(t)
	b.goTo(f.srv.URL + "/host")
	b.wait("the loader", "zgoda.v === 1")
	b.eval("document.querySelector('#help').click(); document.querySelector('#help').click()")
	time.Sleep(300 * time.Millisecond)
	if n := value[int](b, hosts+" + events.length + reads.length"); n != 0 {
		t.Errorf("before zgoda('load') something has happened: %q, read %q", value[[]string](b, "events"), value[[]string](b, "reads"))
	}
	for _, path := range get(f, func(f *fake) []string { return f.requests }) {
		if path != "/host" && path != "/widget.js" && path != "/favicon.ico" {
			t.Errorf("fetched %s before zgoda('load')", path)
		}
	}
	b.eval("zgoda('load'); zgoda('load')")
	b.wait("the open panel", "!!q('.panel') && !q('.panel').hidden")
	b.wait("events", "events.join() === 'ready,opened'")
}

func TestIdentify(t *testing.T) {
	f := newFake(t)
	f.host = "<!doctype html><html lang=pl><body>" + stub + `<script>zgoda('identify', 'user-42', '` + goodProof + `')</script><script async src="/widget.js?site=demo"></script>`
	b := newBrowser(t).visit(f.srv.URL + "/host")
	b.open()
	if n := get(f, func(f *fake) int { return f.upgrades }) + value[int](b, "keys().length"); n != 0 {
		t.Error("to identify began a conversation or stored something")
	}
	b.say("Hej")
	b.acked("Hej")
	if who := get(f, func(f *fake) *protocol.Identity { return f.opens[0].Identity }); who == nil || who.ID != "user-42" || who.Proof != goodProof {
		t.Errorf("open names %v", who)
	}
	if kept := value[string](b, "JSON.stringify(localStorage)"); strings.Contains(kept, "user-42") {
		t.Errorf("the browser keeps the name: %s", kept)
	}

	b.eval("events.length = 0; zgoda('identify', 'user-42', 'abc')")
	b.wait("the refusal of what is no proof", "events.join() === 'error=identity_invalid'")
	b.eval("events.length = 0; zgoda('identify', 'user-42', '" + strings.Repeat("cd", 32) + "')")
	b.wait("the gateway's refusal", "events.join() === 'error=identity_invalid'")
	b.say("Dalej")
	b.acked("Dalej")

	// Another person signs in at the same browser.
	b.eval("events.length = 0; zgoda('identify', 'user-43', '" + goodProof + "')")
	b.wait("nothing of the first person", "keys().length === 0 && lines().length === 2")
	f.set(func(f *fake) { f.log, f.who, f.epoch = nil, "", "e2" }) // another visitor
	b.say("Dzień dobry")
	b.acked("Dzień dobry")
	opens := get(f, func(f *fake) []protocol.ClientFrame { return f.opens })
	if last := opens[len(opens)-1]; last.Secret == opens[0].Secret || last.Identity == nil || last.Identity.ID != "user-43" {
		t.Errorf("the second person opens with %+v", last)
	}
	b.eval("zgoda('reset')")
	b.say("Ktoś")
	b.acked("Ktoś")
	opens = get(f, func(f *fake) []protocol.ClientFrame { return f.opens })
	if last := opens[len(opens)-1]; last.Identity != nil {
		t.Errorf("after reset the widget still names %v", last.Identity)
	}
}

// The widget masks paths as the gateway does: what it sends is left as it is.
func TestP9_PagesAreMaskedInTheBrowser(t *testing.T) {
	f := newFake(t)
	b := newBrowser(t).visit(f.srv.URL + "/demo/")
	b.open()
	for _, page := range []string{
		"/cart?email=ala@example.com#x", "/u/ala@example.com/orders", "/p/1234567", "/p/123456", "/reset/dGhpc0lzQVNlY3JldEtleQ",
		"/rośliny/lawenda-2", "/reset/aB3-xYz_QwErTyUiOp-Lk", "/a/%zz/b", "https://elsewhere.example/tel/600%20100%20200",
	} {
		before := len(get(f, func(f *fake) []string { return f.pages }))
		quoted, _ := json.Marshal(page)
		b.eval("zgoda('page', " + string(quoted) + ")")
		deadline := time.Now().Add(5 * time.Second)
		for len(get(f, func(f *fake) []string { return f.pages })) == before {
			if time.Now().After(deadline) {
				t.Fatalf("the page %s is not named", page)
			}
			time.Sleep(10 * time.Millisecond)
		}
		got := get(f, func(f *fake) string { return f.pages[len(f.pages)-1] })
		if protocol.MaskPath(got) != got || strings.ContainsAny(got, "@?#") || strings.Contains(got, "ala") || !strings.HasPrefix(got, "/") {
			t.Errorf("%s is sent as %s", page, got)
		}
	}
	b.eval("window.bad = []; zgoda('on', 'error', e => bad.push(e.code)); zgoda('page', 'http://[')")
	b.wait("an error", "bad.join() === 'page'")
}

func TestFocusReturnsToThePagesOwnButton(t *testing.T) {
	_, b := embedded(t, `<button id=help>?</button>`+stub+`<script async src="/widget.js?site=demo" data-launcher="#help"></script>`)
	b.eval("const h = document.querySelector('#help'); h.focus(); h.click(); h.click()")
	b.wait("the open panel", "!!q('.panel') && !q('.panel').hidden && root().activeElement === q('textarea')")
	b.press("\x1b")
	b.wait("focus on the page's button", "q('.panel').hidden && document.activeElement.id === 'help'")
	b.eval("zgoda('show')")
	b.wait("the launcher beside it", "!launcher().hidden && launcher().getClientRects().length === 1")
	b.eval("zgoda('hide')")
	b.wait("no launcher", "launcher().getClientRects().length === 0")
}

// The types that are published name every command and event that there is.
func TestTypesNameWhatThereIs(t *testing.T) {
	app, err := os.ReadFile("src/app.ts")
	if err != nil {
		t.Fatal(err)
	}
	load, err := os.ReadFile("src/loader.ts")
	if err != nil {
		t.Fatal(err)
	}
	session, err := os.ReadFile("src/session.ts")
	if err != nil {
		t.Fatal(err)
	}
	types := string(declarations)
	commands := find(`case '([a-z]+)': return`, string(app))
	commands = append(commands, find(`command === '([a-z]+)'`, string(load))...)
	commands = append(commands, "on", "once", "show", "open", "close", "toggle")
	for _, c := range commands {
		if c == "moved" || c == "unread" || c == "state" || c == "consents" {
			continue // the loader's own word, and names of values
		}
		if !strings.Contains(types, "'"+c+"'") {
			t.Errorf("zgoda.d.ts has no command %s", c)
		}
	}
	for _, e := range find(`emit\('([a-z:]+)'`, string(app)+string(load)+string(session)) {
		if !regexp.MustCompile(`(?m)^  '?` + e + `'?: `).MatchString(types) {
			t.Errorf("zgoda.d.ts has no event %s", e)
		}
	}
	f := newFake(t)
	res, err := http.Get(f.srv.URL + "/widget.d.ts")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("the types are not served: %v, %v", res, err)
	}
	_ = res.Body.Close()
}

func find(pattern, text string) []string {
	var out []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		if !slices.Contains(out, m[1]) {
			out = append(out, m[1])
		}
	}
	return out
}
