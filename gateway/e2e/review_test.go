package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
	"zgoda/persistence/sqlitestore"
)

// P3: of a log that was trimmed whole only the top is known. A returning visitor
// gets an empty reset, with the state, and can go on.
func TestP3_WhollyTrimmedLogCanBeResumed(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	first, addr := startApp(t, gateway.Options{DataDir: data})
	c := visit(t, addr, "pl")
	say(t, c, "dzień dobry")
	secret, _, token := c.Identity()
	c.Close()
	if err := first.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	store, err := sqlitestore.Open(t.Context(), filepath.Join(data, gateway.StoreFile), sqlitestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := store.Trim(t.Context(), time.Now().Add(time.Hour)); err != nil || n == 0 {
		t.Fatalf("trimmed %d events, %v", n, err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	_, addr = startApp(t, gateway.Options{DataDir: data})
	again, err := client.Dial(t.Context(), client.Options{URL: "ws://" + addr, Site: "demo", Origin: "http://" + addr, Secret: secret, Token: token})
	if err != nil {
		t.Fatalf("resume: %v", err)
	}
	defer again.Close()
	if again.State().Owner != protocol.OwnerBot {
		t.Errorf("the state is %+v", again.State())
	}
	say(t, again, "mam pytanie")
	if events := again.Events(); len(events) < 2 || plain(events[0]) != "mam pytanie" {
		t.Errorf("the log is %v", kinds(events))
	}
	for _, v := range again.Violations() {
		t.Errorf("the client saw: %s", v)
	}
}

// P12: a peer that never ends its request does not hold up an orderly stop.
func TestP12_StopIsNotHeldUpByARequest(t *testing.T) {
	t.Parallel()
	app, err := gateway.New(t.Context(), gateway.Options{Listen: "127.0.0.1:0", DataDir: t.TempDir(), SitesDir: sitesDir(), Processor: processor})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", app.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprint(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	c := visit(t, app.Addr().String(), "pl")
	say(t, c, "dzień dobry")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := app.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// unknownOnce makes the answer of the next commit be lost after it was made.
type unknownOnce struct {
	persistence.Conversations
	armed chan struct{}
}

func (u unknownOnce) Commit(ctx context.Context, c *persistence.Commit) (persistence.Result, error) {
	r, err := u.Conversations.Commit(ctx, c)
	select {
	case <-u.armed:
		return persistence.Result{}, persistence.ErrUnknown
	default:
		return r, err
	}
}

// P3, P7: the answer of a commit is lost, of the first act and of a withdrawal.
// Everybody still sees what was committed, and that the contact is gone.
func TestP3P7_LostAnswersHideNothing(t *testing.T) {
	t.Parallel()
	armed := make(chan struct{}, 1)
	_, addr := startApp(t, gateway.Options{WrapStore: func(c persistence.Conversations) persistence.Conversations {
		return unknownOnce{c, armed}
	}})
	c := visit(t, addr, "en")
	armed <- struct{}{}
	press(t, c, protocol.OfGreeting, "offer")
	if newest(c, "card") == nil {
		t.Fatalf("after a first act with a lost answer the log is %v", kinds(c.Events()))
	}
	answerCard(t, c, "grant")
	say(t, c, "Dora Dunkel")
	say(t, c, "dora.dunkel@example.com")
	answerCard(t, c, "decline")
	armed <- struct{}{}
	if _, err := c.Withdraw(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.State().Consents[persistence.PurposeLead].Status; got != persistence.StatusWithdrawn {
		t.Errorf("after the withdrawal the state says %q", got)
	}
	for _, e := range c.Events() {
		if strings.Contains(plain(e), "unkel") {
			t.Errorf("the log still shows %q", plain(e))
		}
	}
}

// A token that is shown without the secret is not renewed: a stolen one ends.
func TestTokenWithoutTheSecretIsNotRenewed(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	c := visit(t, addr, "pl")
	say(t, c, "dzień dobry")
	_, _, token := c.Identity()
	r, _ := dialRaw(t, addr, "demo", "http://"+addr)
	r.send(websocket.MessageText, fmt.Sprintf(`{"t":"open","client":%q,"token":%q}`, instanceA, token))
	h, ok := r.next().(*protocol.Hello)
	if !ok || h.Token != token {
		t.Errorf("the token was renewed without the secret")
	}
}

// The subprotocol is part of the contract: a client of another version is told.
func TestSubprotocolIsRequired(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	for _, offered := range [][]string{nil, {"zgoda.v2"}} {
		_, res, err := websocket.Dial(t.Context(), "ws://"+addr+"/v1/ws?site=demo", &websocket.DialOptions{
			Subprotocols: offered, HTTPHeader: http.Header{"Origin": {"http://" + addr}},
		})
		if err == nil || res == nil || res.StatusCode != http.StatusBadRequest {
			t.Errorf("subprotocols %v: %v, want status 400", offered, err)
		}
	}
}

// A client that floods is slowed down and, when it goes on, closed; another
// visitor does not notice.
func TestFloodsAreBounded(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	r, _ := dialRaw(t, addr, "demo", "http://"+addr)
	r.send(websocket.MessageText, openFrame(""))
	r.next()
	for range 1000 {
		if r.c.Write(t.Context(), websocket.MessageText, []byte(`{"t":"history","before_seq":1}`)) != nil {
			break
		}
	}
	limited := 0
	for {
		_, data, err := r.c.Read(t.Context())
		if err != nil {
			if code := websocket.CloseStatus(err); int(code) != protocol.CloseAbuse {
				t.Errorf("closed with %d (%v), want %d", code, err, protocol.CloseAbuse)
			}
			break
		}
		if strings.Contains(string(data), string(protocol.CodeRateLimited)) {
			limited++
		}
	}
	if limited == 0 {
		t.Error("nothing was limited")
	}
	other := visit(t, addr, "pl")
	say(t, other, "dzień dobry")
}

// A greeting of another flow version is not answered by accident: the press is
// refused and the greeting of today is shown.
func TestPressOnAnotherFlowsGreetingIsStale(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	c, err := client.Dial(t.Context(), client.Options{
		URL: "ws://" + addr, Site: "demo", Locale: "pl", Origin: "http://" + addr, Flow: "sha256:" + strings.Repeat("0", 64),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Press(t.Context(), protocol.OfGreeting, "offer")
	if err == nil || !strings.Contains(err.Error(), string(protocol.CodeChoiceStale)) {
		t.Errorf("the press was answered %v", err)
	}
	if newest(c, "choices") == nil {
		t.Errorf("the greeting of today is missing: %v", kinds(c.Events()))
	}
}
