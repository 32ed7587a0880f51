package widget

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// A tab drives the widget of one browser tab. Browser contexts do not share storage.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func chromium(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "headless-shell", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium found (chromium, headless-shell or google-chrome): apt-get install chromium")
	return ""
}

// newBrowser starts a browser for one test.
func newBrowser(t *testing.T) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.ExecPath(chromium(t)),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("lang", "pl"),
		chromedp.WindowSize(1280, 860))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		cancel()
		stop()
	})
	b := &tab{t: t, ctx: ctx}
	b.hurry()
	return b
}

// hurry makes every random wait short: the jitter of real life would make tests slow.
func (b *tab) hurry() {
	b.t.Helper()
	params := page.AddScriptToEvaluateOnNewDocumentParams{Source: "Math.random = () => 0.02"}
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, params); err != nil {
		b.t.Fatal(err)
	}
}

// tab opens another tab of the same browser: it shares the storage.
func (b *tab) tab() *tab {
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.t.Cleanup(cancel)
	other := &tab{t: b.t, ctx: ctx}
	other.hurry()
	return other
}

func (b *tab) visit(url string) *tab {
	b.t.Helper()
	b.goTo(url)
	b.wait("launcher", "!!launcher()")
	return b
}

func (b *tab) goTo(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("navigate to %s: %v", url, err)
	}
}

func (b *tab) size(width, height int64) {
	b.t.Helper()
	params := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1}
	if _, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, params); err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) feature(name, value string) {
	b.t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: name, Value: value}}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, params); err != nil {
		b.t.Fatal(err)
	}
}

// media makes the page believe that it is printed, or on a screen.
func (b *tab) media(kind string) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: kind}); err != nil {
		b.t.Fatal(err)
	}
}

// helpers find things inside the shadow root.
const helpers = `
const root = () => document.querySelector('zgoda-chat')?.shadowRoot;
const launcher = () => root()?.querySelector('.launcher');
const q = s => root()?.querySelector(s);
const all = s => [...(root()?.querySelectorAll(s) ?? [])];
const lines = () => all('.bubble').map(e => e.textContent);
const keys = () => Object.keys(localStorage);
const say = t => { const f = q('textarea'); f.value = t; f.dispatchEvent(new Event('input')); q('.send').click(); };
`

func script(code string) string {
	return "(() => {" + helpers + "return (" + code + ")})()"
}

func (b *tab) eval(code string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[any]("(() => {"+helpers+code+"; return 0})()")); err != nil {
		b.t.Fatalf("%s: %v", code, err)
	}
}

func value[T any](b *tab, code string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script(code)))
	if err != nil {
		b.t.Fatalf("%s: %v", code, err)
	}
	return v
}

// wait polls until an expression is true.
func (b *tab) wait(what, code string) {
	b.t.Helper()
	deadline := time.Now().Add(12 * time.Second)
	for !value[bool](b, "(() => { try { return !!("+code+") } catch { return false } })()") {
		if time.Now().After(deadline) {
			b.shot("failed")
			b.t.Fatalf("waited in vain for %s; lines: %q", what, value[[]string](b, "lines()"))
		}
		time.Sleep(30 * time.Millisecond)
	}
}

// open opens the panel by its launcher and waits for the greeting.
func (b *tab) open() {
	b.t.Helper()
	b.eval("launcher().click()")
	b.wait("the open panel", "!!q('.panel') && !q('.panel').hidden && lines().length > 0 && q('.panel').getAnimations().length === 0")
}

func (b *tab) say(text string) {
	b.t.Helper()
	b.eval(fmt.Sprintf("say(%q)", text))
}

// acked waits until a line is there and its tick is too.
func (b *tab) acked(text string) {
	b.t.Helper()
	b.wait("the committed line "+text, fmt.Sprintf("all('.own[data-seq] .bubble').some(e => e.textContent === %q)", text))
}

// shot writes a picture where ZGODA_SHOTS says, for people to look at.
func (b *tab) shot(name string) {
	dir := os.Getenv("ZGODA_SHOTS")
	if dir == "" {
		return
	}
	time.Sleep(300 * time.Millisecond) // let animations end
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Logf("screenshot: %v", err)
		return
	}
	file := strings.NewReplacer("/", "-", " ", "-").Replace(b.t.Name()+"-"+name) + ".png"
	if err := os.WriteFile(filepath.Join(dir, file), png, 0o644); err != nil {
		b.t.Log(err)
	}
}
