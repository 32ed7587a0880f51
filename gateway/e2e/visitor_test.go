package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"zgoda/gateway"
	"zgoda/persistence"
)

// The main job in a real browser: a visitor is greeted, asks, is asked for
// consent before any detail, agrees, gives name and e-mail (a wrong address is
// refused kindly) and is thanked. The page is reloaded after every step (C1, C3,
// C39, E27).
func TestP6_VisitorAgreesInTheBrowser(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	app, addr := startApp(t, gateway.Options{DataDir: data})
	b := newBrowser(t)
	b.goTo("http://" + addr + "/demo/")
	if n := ask[int](b, "localStorage.length + sessionStorage.length + document.cookie.length"); n != 0 {
		t.Errorf("something is stored before the visitor's first act: %d", n)
	}
	b.openWidget()
	b.shows("Dzień dobry")
	b.shot("greeting-1280")
	b.press("Poproszę o ofertę")
	b.until("the consent card", "!!q('.card')")
	if ask[bool](b, "q('textarea').type === 'email'") || strings.Contains(ask[string](b, "root().textContent"), "Jak się do Ciebie zwracać") {
		t.Error("a detail was asked for before consent")
	}
	if href := ask[string](b, "q('.card a')?.href ?? ''"); href != "https://sklep-laka.example/polityka-prywatnosci" {
		t.Errorf("the card links to %q, want the owner's policy", href)
	}
	checkEqualButtons(b)
	b.shot("card-1280")
	b.reload()
	b.size(320, 640)
	checkEqualButtons(b)
	b.shot("card-320")
	b.size(1280, 860)

	b.press(ask[string](b, "all('.card button')[0].textContent.trim()"))
	b.shows("Jak się do Ciebie zwracać")
	b.reload()
	b.say("Anna Nowak")
	b.shows("Miło Cię poznać, Anna Nowak!")
	b.reload()
	b.say("anna.nowak@")
	b.shows("niepełny")
	b.say("anna.nowak@example.com")
	b.until("the marketing card", "all('.card').length === 2")
	b.reload()
	b.press(ask[string](b, "all('.card').at(-1).querySelectorAll('button')[0].textContent.trim()"))
	b.shows("Dziękujemy, Anna Nowak!")
	b.reload()
	b.shot("thanked-1280")
	b.inOrder()

	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, err := contactsOf(t, data).Marketing(t.Context(), "demo", asTest, persistence.PurposeMarketingEmail)
	if err != nil || len(list.Rows) != 1 || list.Rows[0].Fields["name"] != "Anna Nowak" || list.Rows[0].Fields["email"] != "anna.nowak@example.com" {
		t.Errorf("the store has %v, %v; want Anna Nowak", list.Rows, err)
	}
}

// Accept and decline are the same component, size, weight and contrast (C3).
func checkEqualButtons(b *browserTab) {
	b.t.Helper()
	const style = `all('.card').at(-1).querySelectorAll('.choices button')`
	same := ask[bool](b, `(() => {
		const [x, y] = [...`+style+`].slice(-2), a = getComputedStyle(x), c = getComputedStyle(y);
		const r = x.getBoundingClientRect(), s = y.getBoundingClientRect();
		return x.className === y.className && Math.abs(r.height - s.height) < 1 && Math.abs(r.width - s.width) < 1 &&
			['fontSize','fontWeight','color','backgroundColor','borderTopColor','borderTopWidth','opacity'].every(p => a[p] === c[p]);
	})()`)
	if !same {
		b.t.Error("accept and decline do not look alike")
	}
}

// Another visitor declines: nothing is collected, and the bot stays useful (C6, C35).
func TestP6_VisitorDeclinesInTheBrowser(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	app, addr := startApp(t, gateway.Options{DataDir: data})
	b := newBrowser(t)
	b.goTo("http://" + addr + "/demo/en")
	b.openWidget()
	b.shows("Hello!")
	b.press("I would like an offer")
	b.until("the consent card", "!!q('.card')")
	b.press(ask[string](b, "all('.card .choices button')[1].textContent.trim()"))
	b.shows("without any details")
	b.reload()
	for question, answer := range map[string]string{
		"When do you open on Saturdays?":   "Saturday 9–14",
		"how much is delivery?":            "16.90 PLN",
		"Can I pay by card or only BLIK??": "BLIK, card",
	} {
		b.say(question)
		if last := ask[string](b, "all('.their .bubble').map(e => e.textContent).slice(-2).join(' ')"); !strings.Contains(last, answer) {
			t.Errorf("%q was answered %q, want %q in it", question, last, answer)
		}
	}
	b.say("Do you sell submarines?")
	b.shows("I do not know that yet")
	b.until("topics", "!!pressable('Returns')")
	b.shot("declined-1280")
	b.press("Returns")
	b.shows("30 days to return")
	b.reload()
	b.inOrder()

	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	overview, err := contactsOf(t, data).Overview(t.Context(), "demo", asTest, persistence.OverviewQuery{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(overview.Rows) != 1 || len(overview.Rows[0].Fields) != 0 || overview.Rows[0].Consents[persistence.PurposeLead].Status != "declined" {
		t.Errorf("the store has %v, want one pseudonym that declined", overview.Rows)
	}
}

// Without a privacy policy the card points to the information inside the widget,
// which names the controller and the processor in their roles (C40) (E29).
func TestCardPointsToTheInformationInTheWidget(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{SitesDir: withoutPolicy(t)})
	b := newBrowser(t)
	b.goTo("http://" + addr + "/demo/")
	b.openWidget()
	b.press("Poproszę o ofertę")
	b.until("the consent card", "!!q('.card')")
	if ask[bool](b, "!!q('.card a')") {
		t.Error("the card has a link although no policy is configured")
	}
	b.do("[...q('.card').querySelectorAll('button')].find(x => !x.closest('.choices')).click()")
	b.shows("Sklep Łąka sp. z o.o.")
	b.shows("Test Platform")
	text := ask[string](b, "root().textContent")
	if !strings.Contains(text, "Administratorem Twoich danych jest Sklep Łąka") || !strings.Contains(text, "jako podmiot przetwarzający") {
		t.Error("the information does not name controller and processor in their roles")
	}
	b.shot("information-1280")
	b.size(320, 640)
	b.shot("information-320")
}

// withoutPolicy is the demo site without its privacy_policy line.
func withoutPolicy(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	sites := filepath.Join(root, "sites")
	if err := os.CopyFS(filepath.Join(root, "flows"), os.DirFS(filepath.Join(sitesDir(), "..", "flows"))); err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(filepath.Join(sitesDir(), "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	cut := regexp.MustCompile(`(?m)^privacy_policy:.*\n`).ReplaceAll(src, nil)
	if len(cut) == len(src) {
		t.Fatal("the demo site has no privacy_policy line to cut")
	}
	if err := os.MkdirAll(sites, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(sites, "demo.yaml"), cut, 0o600); err != nil {
		t.Fatal(err)
	}
	return sites
}
