package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"

	"zgoda/gateway"
	"zgoda/gateway/chat"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
	"zgoda/persistence/redisstore"
	"zgoda/persistence/seal"
)

// crowd puts conversations into the inbox without their visitors.
func (c *cluster) crowd(n int) {
	c.t.Helper()
	keys, err := seal.Load(filepath.Join(c.keys, gateway.KeyFile))
	if err != nil {
		c.t.Fatal(err)
	}
	ring, err := keys.Keyring()
	if err != nil {
		c.t.Fatal(err)
	}
	store, err := redisstore.New(c.t.Context(), redisstore.Options{URL: "redis://" + c.redis.Addr(), Sites: []string{"demo"}})
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	now := time.Now()
	for i := range n {
		visitor := fmt.Sprintf("v_crowd%021d", i)
		key := chat.KeyOf("demo", visitor)
		row := protocol.Row{
			Owner: []string{protocol.OwnerBot, protocol.OwnerQueue, protocol.OwnerQueue}[i%3], Since: now.Add(-time.Duration(i) * time.Second).UnixMilli(), At: now.UnixMilli(),
			Unread: i % 3, Preview: fmt.Sprintf("question number %d", i), Locale: "en", Page: "/garden", Consents: map[string]string{persistence.PurposeLead: "granted"},
		}
		plain, err := json.Marshal(row)
		if err != nil {
			c.t.Fatal(err)
		}
		body, err := ring.Seal(persistence.Scope{Site: "demo", Subject: key.Conversation, Item: "inbox"}, plain)
		if err != nil {
			c.t.Fatal(err)
		}
		_, err = store.Commit(c.t.Context(), &persistence.Commit{
			Key: key, Visitor: visitor, Now: now, Epoch: "e", State: []byte("x"), Inbox: &persistence.InboxRow{Conversation: key.Conversation, Body: body},
			Input: persistence.Input{Client: persistence.ServerClient, N: 1, Digest: []byte("d")},
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

// An inbox of 5,000 conversations has only what is seen of it in the page, and neither
// scrolling, searching, choosing nor a line that comes meanwhile holds the page up for
// much longer than with a few of them: both are measured in one run. (Of what the bot
// has an inbox shows the newest 2,000, of what people have everything.)
func TestConsoleInboxOfThousands(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{Rate: fast})
	few := c.measured(20)
	many := c.measured(5000)
	for act, took := range many {
		t.Logf("%-9s 20 conversations %6.1f ms, 5,000 %6.1f ms", act, few[act], took)
		if took > 10*few[act]+100 {
			t.Errorf("%s holds the page up for %.0f ms with 5,000 conversations, %.0f ms with 20", act, took, few[act])
		}
	}
}

// longest is the longest task of the page, in ms, while a script runs; a task is what
// keeps the page from painting.
const longest = `(async act => {
	const frames = []; let on = true, last = performance.now();
	const tick = now => { frames.push(now - last); last = now; if (on) requestAnimationFrame(tick); };
	requestAnimationFrame(tick);
	await act();
	await new Promise(r => setTimeout(r, 100));
	on = false;
	return Math.max(...frames);
})`

// measured opens an inbox of so many conversations and returns how long what people do
// in it holds the page up, in ms: the best of three.
func (c *cluster) measured(conversations int) map[string]float64 {
	c.t.Helper()
	c.crowd(conversations)
	p := c.inbox(0, "anna")
	p.when("all of them", fmt.Sprintf("Number($('.tab-count').textContent) >= %d", conversations))
	visitor := c.page(0, nil, false)
	acts := map[string]string{
		"scroll": `async () => { const l = document.querySelector('.rows'); for (let i = 1; i <= 20; i++) { l.scrollTop = l.scrollHeight * i / 20; await new Promise(requestAnimationFrame); } }`,
		"search": `async () => { const f = document.getElementById('search'); for (const t of ['1', '19', 'number 19', '']) { f.value = t;
			f.dispatchEvent(new Event('input', {bubbles: true})); await new Promise(requestAnimationFrame); } }`,
		"choose": `async () => { for (const b of document.querySelectorAll('.tab')) { b.click(); await new Promise(requestAnimationFrame); } document.querySelector('.tab').click(); }`,
		"line":   `async () => { await new Promise(r => setTimeout(r, 400)); }`,
	}
	out := map[string]float64{}
	for act, script := range acts {
		for range 3 {
			if act == "line" {
				go func() { _, _ = visitor.Say(context.Background(), "a line") }()
			}
			took, err := chromedp.Run(p.ctx, chromedp.Evaluate[float64](longest+"("+script+")", chromedp.EvalAwaitPromise))
			if err != nil {
				c.t.Fatal(err)
			}
			if best, known := out[act]; !known || took < best {
				out[act] = took
			}
			if n := ask[int](p.browserTab, "document.querySelectorAll('li[data-conversation]').length"); n > 60 {
				c.t.Errorf("%d of %d rows are in the page", n, conversations)
			}
		}
	}
	return out
}
