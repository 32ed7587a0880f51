package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
)

// shopServer is the other side of a webhook.
type shopServer struct {
	*httptest.Server

	mu    sync.Mutex // guards the fields below
	calls []shopCall
	hold  chan struct{} // where it is set, answers wait for it
}

type shopCall struct {
	Key    string
	Signed bool
	Fields map[string]string `json:"fields"`
}

func newShop(t *testing.T) *shopServer {
	t.Helper()
	s := &shopServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var c shopCall
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			t.Error(err)
		}
		c.Key, c.Signed = r.Header.Get("Idempotency-Key"), strings.HasPrefix(r.Header.Get("Zgoda-Signature"), "t=")
		s.mu.Lock()
		s.calls = append(s.calls, c)
		hold := s.hold
		s.mu.Unlock()
		if hold != nil {
			select {
			case <-hold:
			case <-r.Context().Done():
			}
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"status": "on its way"}`)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shopServer) seen() []shopCall {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]shopCall{}, s.calls...)
}

// deskSites is a folder with the demo site on a flow with a webhook and timers.
func deskSites(t *testing.T, url string) string {
	t.Helper()
	dir := t.TempDir()
	flow := `flow: desk
locales: [en]
fallback: en
steps:
  - {id: menu, choices: {text: {en: Hello}, options: [{id: order, label: {en: My order}}, {id: offer, label: {en: An offer}, goto: consent}]}}
  - {id: number, ask: {field: number, type: text, text: {en: Which number?}, invalid: {en: Which?}}}
  - id: lookup
    webhook: {url: ` + url + `, timeout_ms: 1000, retries: 2, fields: [number], save: {status: status}, failed: sorry}
  - {id: tell, say: {en: "It is {{status}}."}, goto: questions}
  - {id: sorry, say: {en: I cannot look that up.}, goto: questions}
  - id: questions
    answers: {text: {en: Ask away.}, entries: [{id: hours, title: {en: Hours}, match: {en: [hours]}, say: {en: Nine to five.}}], nomatch: {text: {en: I do not know.}}}
    close: {after_ms: 5000, text: {en: Goodbye.}}
  - {id: consent, consent: {purposes: [lead_contact], declined: questions}}
  - {id: email, ask: {field: email, type: email, text: {en: Your address?}, invalid: {en: Which?}, failed: questions}}
  - {id: crm, webhook: {url: ` + url + `, fields: [email], failed: sorry}, goto: questions}
`
	site, err := os.ReadFile(filepath.Join(sitesDir(), "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(site), "flow: ../flows/lead.yaml", "flow: desk.flow\nwebhooks: {secret: a secret of twenty-four characters}", 1)
	for name, content := range map[string]string{"demo.yaml": text, "desk.flow": flow} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// heard waits until the log of a page has a line.
func heard(t *testing.T, c *client.Client, text string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		for _, e := range c.Events() {
			if plain(e) == text {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%q never came; the log is %v", text, kinds(c.Events()))
}

func countLines(c *client.Client, text string) int {
	n := 0
	for _, e := range c.Events() {
		if plain(e) == text {
			n++
		}
	}
	return n
}

// A webhook's answer reaches the visitor; contact fields are sent under a grant,
// and the silence afterwards closes the conversation, which a line opens again.
func TestWebhookAndIdleClose(t *testing.T) {
	t.Parallel()
	shop := newShop(t)
	_, addr := startApp(t, gateway.Options{SitesDir: deskSites(t, shop.URL)})
	c := visit(t, addr, "en")
	press(t, c, protocol.OfGreeting, "order")
	say(t, c, "A-17")
	heard(t, c, "It is on its way.")
	calls := shop.seen()
	if len(calls) != 1 || calls[0].Fields["number"] != "A-17" || !calls[0].Signed || !strings.HasPrefix(calls[0].Key, "demo-") {
		t.Errorf("the shop got %+v", calls)
	}
	heard(t, c, "Goodbye.")
	say(t, c, "wait, one more thing")
	heard(t, c, "Hello")

	lead := visit(t, addr, "en")
	press(t, lead, protocol.OfGreeting, "offer")
	answerCard(t, lead, "grant")
	say(t, lead, "anna@example.pl")
	heard(t, lead, "Ask away.")
	calls = shop.seen()
	if len(calls) != 2 || calls[1].Fields["email"] != "anna@example.pl" || len(calls[1].Fields) != 1 {
		t.Errorf("the shop got %+v", calls)
	}
}

// The node dies between the commit of an effect and its call, and while the call
// is under way: another one makes it again under the same key, and the answer
// takes effect once.
func TestP4_EffectSurvivesItsNode(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"before the call", "during the call"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			shop := newShop(t)
			sites, data := deskSites(t, shop.URL), t.TempDir()
			spec := ""
			if step == "before the call" {
				spec = "committed:2"
			} else {
				shop.hold = make(chan struct{})
			}
			first := startNodeOf(t, sites, "", data, "", spec)
			c, err := client.Dial(t.Context(), client.Options{
				URL: "ws://" + first.addr, Site: "demo", Locale: "en", Page: "/demo/", Origin: "http://" + first.addr,
				AutoReconnect: true, Reconnect: client.Backoff{First: 100 * time.Millisecond, Max: 400 * time.Millisecond},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			press(t, c, protocol.OfGreeting, "order")
			said := make(chan error, 1)
			go func() { _, err := c.Say(t.Context(), "A-17"); said <- err }()
			if step == "before the call" {
				first.wait()
			} else {
				for len(shop.seen()) == 0 {
					time.Sleep(5 * time.Millisecond)
				}
				first.kill()
				close(shop.hold)
			}
			second := startNodeOf(t, sites, "", data, first.addr, "")
			defer second.stop()
			if err := <-said; err != nil {
				t.Fatal(err)
			}
			heard(t, c, "It is on its way.")
			calls := shop.seen()
			want := map[string]int{"before the call": 1, "during the call": 2}[step]
			if len(calls) != want || calls[0].Key != calls[len(calls)-1].Key {
				t.Errorf("the shop got %+v, want %d calls under one key", calls, want)
			}
			if n := countLines(c, "It is on its way."); n != 1 {
				t.Errorf("the answer was told %d times", n)
			}
			for _, v := range c.Violations() {
				t.Errorf("the client saw: %s", v)
			}
		})
	}
}
