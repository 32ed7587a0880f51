package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
)

// settings is what the console sends and gets, as far as these tests look at it.
type settings struct {
	Revision uint64         `json:"revision"`
	Actor    string         `json:"actor"`
	Settings map[string]any `json:"settings"`
}

func (c *cluster) privacy(cookie string) settings {
	c.t.Helper()
	var s settings
	status, answer := c.ask("GET", "sites/demo/privacy", cookie, "")
	if err := json.Unmarshal([]byte(answer), &s); err != nil || status != http.StatusOK {
		c.t.Fatalf("privacy: %d %s", status, answer)
	}
	return s
}

func (c *cluster) change(cookie string, base uint64, all map[string]any) (int, string) {
	c.t.Helper()
	body, err := json.Marshal(map[string]any{"base": base, "settings": all})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.ask("PUT", "sites/demo/privacy", cookie, string(body))
}

// An administrator changes who receives the data on one node; the other shows it within
// seconds, to a conversation that is under way, and whoever agreed before is asked
// anew at the next visit (C42). A change that does not pass, an old one and no change
// are refused, and a restart keeps the newest.
func TestC42_RevisionIsLiveOnEveryNode(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 2, gateway.Options{})
	boss := c.hire(0, "zofia", "demo", "administrator")
	was := c.privacy(boss)
	if was.Revision != 1 || was.Actor != "file" {
		t.Fatalf("before any change the revision is %d by %s", was.Revision, was.Actor)
	}
	ann := c.page(1, nil, false)
	press(t, ann, protocol.OfGreeting, "offer")
	first := newest(ann, "card").Card
	answerCard(t, ann, "grant")

	bob := c.page(1, nil, false)
	press(t, bob, protocol.OfGreeting, "offer")
	open := newest(bob, "card").Card

	was.Settings["recipients"] = []string{"Courier GmbH"}
	was.Settings["fields"] = []string{"name"}
	status, answer := c.change(boss, 1, was.Settings)
	if status != http.StatusBadRequest || !strings.Contains(answer, "problems") || !strings.Contains(answer, "email") {
		t.Errorf("settings that the flow does not hold under: %d %s", status, answer)
	}
	was.Settings["fields"] = []string{"name", "email"}
	status, answer = c.change(boss, 1, was.Settings)
	if status != http.StatusOK || !strings.Contains(answer, `"revision":2`) {
		t.Fatalf("change: %d %s", status, answer)
	}
	if status, answer := c.change(boss, 1, was.Settings); status != http.StatusConflict {
		t.Errorf("a change of an old revision: %d %s", status, answer)
	}
	if status, answer := c.change(boss, 2, was.Settings); status != http.StatusBadRequest || !strings.Contains(answer, "nothing was changed") {
		t.Errorf("no change: %d %s", status, answer)
	}
	if _, answer := c.ask("GET", "sites/demo/privacy/revisions", boss, ""); !strings.Contains(answer, `"actor":"file"`) || !strings.Contains(answer, `"revision":2`) {
		t.Errorf("the revisions are %s", answer)
	}
	c.eventually("the other node has it", func() bool {
		st, _ := c.apps[1].Sites().Get("demo")
		return len(st.Recipients) == 1 && st.Recipients[0] == "Courier GmbH"
	})
	// A yes to the old card is none; the new card is another text.
	if _, err := bob.Decide(t.Context(), open.Request, "grant"); err != nil {
		t.Fatal(err)
	}
	again := newest(bob, "card").Card
	if again.Request == open.Request || again.Notice == open.Notice {
		t.Errorf("a yes to a card of another scope was taken: %+v", newest(bob, "decision"))
	}
	carl := c.page(1, nil, false)
	press(t, carl, protocol.OfGreeting, "offer")
	if card := newest(carl, "card").Card; card.Notice == first.Notice {
		t.Error("a new visitor of the other node is shown the old text")
	}

	c.add(c.apps[0].Options())
	st, _ := c.apps[2].Sites().Get("demo")
	if len(st.Recipients) != 1 || st.Recipients[0] != "Courier GmbH" {
		t.Errorf("a node that starts later works with %v", st.Recipients)
	}
}

// The administrator's preview is what visitors are then shown.
func TestPreviewIsWhatIsShown(t *testing.T) {
	t.Parallel()
	app, addr := startApp(t, gateway.Options{})
	c := &cluster{t: t, apps: []*gateway.App{app}}
	boss := c.cookieOf("zofia", "administrator")
	now := c.privacy(boss)
	now.Settings["mode"] = "bundled"
	now.Settings["controller"].(map[string]any)["name"] = "Łąka 2 <b>sp. z o.o.</b>"
	body, _ := json.Marshal(map[string]any{"settings": now.Settings})
	status, answer := c.ask("POST", "sites/demo/privacy/preview", boss, string(body))
	var preview struct {
		Problems []string `json:"problems"`
		Anew     bool     `json:"anew"`
		Locales  map[string]struct {
			Cards []protocol.Card `json:"cards"`
		} `json:"locales"`
	}
	if err := json.Unmarshal([]byte(answer), &preview); err != nil || status != http.StatusOK || len(preview.Problems) > 0 || !preview.Anew {
		t.Fatalf("preview: %d %s %v", status, answer, err)
	}
	if status, answer := c.change(boss, 1, now.Settings); status != http.StatusOK {
		t.Fatalf("change: %d %s", status, answer)
	}
	p, err := client.Dial(t.Context(), client.Options{URL: "ws://" + addr, Site: "demo", Locale: "pl", Origin: "http://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	press(t, p, protocol.OfGreeting, "offer")
	card := newest(p, "card").Card
	want := preview.Locales["pl"].Cards[0]
	if card.Body != want.Body || card.Title != want.Title || len(card.Purposes) != 2 || card.Notice != want.Notice {
		t.Errorf("shown is\n%+v\nthe preview was\n%+v", card, want)
	}
	if _, answer := c.ask("GET", "sites/demo/audit", boss, ""); !strings.Contains(answer, "site.privacy_changed") {
		t.Errorf("the audit says nothing of a new revision: %s", answer)
	}
}
