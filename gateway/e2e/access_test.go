package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"zgoda/gateway"
	"zgoda/persistence"
)

// C43: the page of what is held opens from a file, with no network, and is
// readable on a narrow screen, in the dark and on paper.
func TestC43_PageOfWhatIsHeld(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	app, addr := startApp(t, gateway.Options{DataDir: data})
	c := visit(t, addr, "pl")
	lead(t, c, "Anna Nowak", "anna.nowak@example.com", "decline")
	say(t, c, "Jak długo czeka się na odpowiedź? "+"Baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaardzo długo?")
	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := gateway.OpenReader(t.Context(), gateway.Options{DataDir: data, SitesDir: sitesDir(), Processor: processor})
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Access(t.Context(), "demo", c.Hello().Visitor, "", persistence.Access{Actor: "operator:test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	var html bytes.Buffer
	if err := d.WriteHTML(&html); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dane.html")
	if err := os.WriteFile(file, html.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newBrowser(t)
	for _, look := range []struct {
		name, scheme string
		width        int64
	}{{"access-320", "light", 320}, {"access-1280", "light", 1280}, {"access-dark-320", "dark", 320}} {
		features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
			t.Fatal(err)
		}
		b.size(look.width, 900)
		if err := chromedp.Do(b.ctx, chromedp.Navigate("file://"+file)); err != nil {
			t.Fatal(err)
		}
		if wide := ask[int](b, "document.documentElement.scrollWidth"); int64(wide) > look.width {
			t.Errorf("%s: the page is %d wide, the screen %d", look.name, wide, look.width)
		}
		if n := ask[int](b, "performance.getEntriesByType('resource').length"); n != 0 {
			t.Errorf("%s: the page loads %d things", look.name, n)
		}
		b.shot(look.name)
	}
	if lang := ask[string](b, "document.documentElement.lang"); lang != "pl" {
		t.Errorf("the page is in %q, the conversation was in Polish", lang)
	}
	printed, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{})
	if err != nil || len(printed.Data) == 0 {
		t.Errorf("print: %v", err)
	}
}
