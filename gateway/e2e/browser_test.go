package e2e

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

// A browserTab is a page of a real browser, seen from outside the widget.
type browserTab struct {
	t   *testing.T
	ctx context.Context
}

// newBrowser starts a Chromium of its own: no storage is shared with another.
func newBrowser(t *testing.T) *browserTab {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "headless-shell", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("no Chromium found: `make needs` installs it, or install a package named chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.ExecPath(path), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.WindowSize(1280, 860))
	alloc, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		cancel()
		stop()
	})
	b := &browserTab{t: t, ctx: ctx}
	// Random waits of real life would make the test slow.
	params := page.AddScriptToEvaluateOnNewDocumentParams{Source: "Math.random = () => 0.02"}
	if _, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, params); err != nil {
		t.Fatal(err)
	}
	return b
}

const inPage = `
const root = () => document.querySelector('zgoda-chat')?.shadowRoot;
const q = s => root()?.querySelector(s);
const all = s => [...(root()?.querySelectorAll(s) ?? [])];
const seqs = () => all('[data-seq]').map(e => Number(e.dataset.seq)).filter(Boolean);
const texts = () => all('.bubble').map(e => e.textContent);
const pressable = label => all('button').filter(b => !b.disabled && b.getClientRects().length && b.textContent.trim() === label).at(-1);
const say = t => { const f = q('textarea'); f.value = t; f.dispatchEvent(new Event('input')); q('.send').click(); };
`

func (b *browserTab) do(code string) {
	b.t.Helper()
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[any]("(() => {"+inPage+code+"; return 0})()")); err != nil {
		b.t.Fatalf("%s: %v", code, err)
	}
}

func ask[T any](b *browserTab, code string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T]("(() => {"+inPage+"return ("+code+")})()"))
	if err != nil {
		b.t.Fatalf("%s: %v", code, err)
	}
	return v
}

// patience bounds every wait for something to appear.
const patience = 15 * time.Second

func (b *browserTab) until(what, code string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for !ask[bool](b, "!!("+code+")") {
		if time.Now().After(deadline) {
			b.shot("failed")
			b.t.Fatalf("waited in vain for %s; the page shows %q", what, ask[[]string](b, "texts()"))
		}
		time.Sleep(25 * time.Millisecond)
	}
}

// goTo opens a page and waits for the widget's button.
func (b *browserTab) goTo(url string) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(url)); err != nil {
		b.t.Fatalf("navigate to %s: %v", url, err)
	}
	b.until("the launcher", "!!q('.launcher')")
}

// reload loads the page again and waits until it shows what it showed before.
func (b *browserTab) reload() {
	b.t.Helper()
	before := ask[[]string](b, "texts()")
	if err := chromedp.Do(b.ctx, chromedp.Reload()); err != nil {
		b.t.Fatalf("reload: %v", err)
	}
	b.until("the conversation after a reload", fmt.Sprintf("texts().length >= %d", len(before)))
	b.inOrder()
	if after := ask[[]string](b, "texts()"); strings.Join(after, "|") != strings.Join(before, "|") {
		b.t.Errorf("after a reload the page shows %q, before it showed %q", after, before)
	}
}

// inOrder checks that every event is there once and in order.
func (b *browserTab) inOrder() {
	b.t.Helper()
	for i, seq := range ask[[]int](b, "seqs()") {
		if i > 0 && seq <= ask[[]int](b, "seqs()")[i-1] {
			b.t.Errorf("events are shown as %v", ask[[]int](b, "seqs()"))
			return
		}
	}
}

func (b *browserTab) openWidget() {
	b.t.Helper()
	b.do("q('.launcher').click()")
	b.until("the greeting", "!!q('.panel') && !q('.panel').hidden && texts().length > 0")
}

func (b *browserTab) press(label string) {
	b.t.Helper()
	b.until("the button "+label, fmt.Sprintf("!!pressable(%q)", label))
	b.do(fmt.Sprintf("pressable(%q).click()", label))
}

// say types a line and waits until it is in the log and the bot is silent again.
func (b *browserTab) say(line string) {
	b.t.Helper()
	b.do(fmt.Sprintf("say(%q)", line))
	b.until("the line "+line+" in the log", fmt.Sprintf(
		"all('.own[data-seq] .bubble').at(-1)?.textContent === %q && q('.dots')?.hidden !== false", line))
}

func (b *browserTab) shows(text string) {
	b.t.Helper()
	b.until("the text "+text, fmt.Sprintf("root().textContent.includes(%q)", text))
}

func (b *browserTab) size(width, height int64) {
	b.t.Helper()
	params := emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1}
	if _, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, params); err != nil {
		b.t.Fatal(err)
	}
}

// shot writes a picture into the folder that ZGODA_SHOTS names, for a person to
// look at.
func (b *browserTab) shot(name string) {
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
	if err := os.WriteFile(filepath.Join(dir, "e2e-"+name+".png"), png, 0o600); err != nil {
		b.t.Log(err)
	}
}
