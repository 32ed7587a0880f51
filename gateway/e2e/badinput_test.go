package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// rawSocket is a client that may send anything.
type rawSocket struct {
	t *testing.T
	c *websocket.Conn
}

func dialRaw(t *testing.T, addr, siteKey, origin string) (*rawSocket, *http.Response) {
	t.Helper()
	c, res, err := websocket.Dial(t.Context(), "ws://"+addr+"/v1/ws?site="+siteKey, &websocket.DialOptions{
		Subprotocols: []string{protocol.Subprotocol}, HTTPHeader: http.Header{"Origin": {origin}},
	})
	if err != nil {
		return nil, res
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return &rawSocket{t, c}, res
}

func (r *rawSocket) send(kind websocket.MessageType, data string) {
	r.t.Helper()
	if err := r.c.Write(r.t.Context(), kind, []byte(data)); err != nil {
		r.t.Fatalf("write: %v", err)
	}
}

// next returns the next frame.
func (r *rawSocket) next() any {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	_, data, err := r.c.Read(ctx)
	if err != nil {
		r.t.Fatalf("read: %v", err)
	}
	f, err := protocol.DecodeServer(data)
	if err != nil {
		r.t.Fatalf("frame %s: %v", data, err)
	}
	return f
}

// refusedWith reads frames until an error or a refusal comes and checks its code.
func (r *rawSocket) refusedWith(what string, code protocol.Code) {
	r.t.Helper()
	for {
		switch f := r.next().(type) {
		case *protocol.Error:
			if f.Code != code || f.Message == "" {
				r.t.Errorf("%s: got %s %q, want %s with a message", what, f.Code, f.Message, code)
			}
			return
		case *protocol.Ack:
			if f.Refused == nil || f.Refused.Code != code {
				r.t.Errorf("%s: got ack %+v, want refusal %s", what, f, code)
			}
			return
		}
	}
}

const (
	secretA   = "0123456789abcdef0123456789abcdef"
	instanceA = "instance-0000000001"
)

func openFrame(extra string) string {
	return fmt.Sprintf(`{"t":"open","client":%q,"secret":%q%s}`, instanceA, secretA, extra)
}

// Every mistake gets a clear error, the socket survives it, and the good input
// behind it is applied.
func TestBadFramesAreRefusedAndTheSocketSurvives(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	r, _ := dialRaw(t, addr, "demo", "http://"+addr)
	r.send(websocket.MessageText, `{"t":"say","n":1,"text":"too early"}`)
	r.refusedWith("input before open", protocol.CodeNotOpen)
	r.send(websocket.MessageBinary, "\x00\x01")
	r.refusedWith("binary", protocol.CodeBadFrame)
	r.send(websocket.MessageText, openFrame(`,"token":"e30.e30.e30"`))
	r.refusedWith("forged token", protocol.CodeTokenInvalid)

	r, _ = dialRaw(t, addr, "demo", "http://"+addr)
	r.send(websocket.MessageText, openFrame(""))
	if h, ok := r.next().(*protocol.Hello); !ok || h.Resume != protocol.ResumeNew {
		t.Fatalf("open was answered with %+v", h)
	}
	for _, bad := range []struct {
		name, frame string
		code        protocol.Code
	}{
		{"not JSON", `hello`, protocol.CodeBadFrame},
		{"not an object", `[1]`, protocol.CodeBadFrame},
		{"unknown type", `{"t":"dance"}`, protocol.CodeUnknownType},
		{"unknown member", `{"t":"say","n":1,"text":"x","admin":true}`, protocol.CodeBadFrame},
		{"invalid UTF-8", "{\"t\":\"say\",\"n\":1,\"text\":\"\xff\"}", protocol.CodeBadFrame},
		{"no number", `{"t":"say","text":"x"}`, protocol.CodeBadFrame},
		{"a gap", `{"t":"say","n":3,"text":"x"}`, protocol.CodeNGap},
		{"opened twice", openFrame(""), protocol.CodeAlreadyOpen},
		{"10,000 characters", `{"t":"say","n":1,"text":"` + strings.Repeat("x", 10_000) + `"}`, protocol.CodeTooLong},
		{"a stale card", `{"t":"decide","n":2,"request":"nothing","answer":"grant"}`, protocol.CodeConsentStale},
		{"only spaces", `{"t":"say","n":3,"text":"   "}`, protocol.CodeBadInput},
		{"the number again with other content", `{"t":"say","n":3,"text":"other"}`, protocol.CodeNConflict},
	} {
		r.send(websocket.MessageText, bad.frame)
		r.refusedWith(bad.name, bad.code)
	}
	// The refusals have consumed 1 to 3; the good one behind them is applied.
	r.send(websocket.MessageText, `{"t":"say","n":4,"text":"good"}`)
	for {
		if a, ok := r.next().(*protocol.Ack); ok {
			if a.N != 4 || a.Refused != nil || a.Seq == 0 {
				t.Errorf("the good input was answered %+v", a)
			}
			return
		}
	}
}

func TestOversizedFrameClosesAndSkipGoesOn(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	r, _ := dialRaw(t, addr, "demo", "http://"+addr)
	r.send(websocket.MessageText, openFrame(""))
	r.next()
	r.send(websocket.MessageText, `{"t":"say","n":1,"text":"`+strings.Repeat("x", protocol.MaxFrameBytes)+`"}`)
	_, _, err := r.c.Read(t.Context())
	if code := websocket.CloseStatus(err); int(code) != protocol.CloseTooBig {
		t.Errorf("closed with %d (%v), want %d", code, err, protocol.CloseTooBig)
	}
	r, _ = dialRaw(t, addr, "demo", "http://"+addr)
	r.send(websocket.MessageText, openFrame(""))
	r.next()
	r.send(websocket.MessageText, `{"t":"skip","n":1}`)
	r.refusedWith("skip", protocol.CodeSkipped)
	r.send(websocket.MessageText, `{"t":"say","n":2,"text":"short"}`)
	for {
		if a, ok := r.next().(*protocol.Ack); ok {
			if a.Refused != nil {
				t.Errorf("after a skip: %+v", a)
			}
			return
		}
	}
}

func TestUpgradeIsRefusedBeforeItCosts(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	for _, c := range []struct {
		name, site, origin string
		status             int
	}{
		{"a foreign origin", "demo", "https://evil.example", http.StatusForbidden},
		{"no origin", "demo", "", http.StatusForbidden},
		{"an unknown site", "nosuchsite", "http://" + addr, http.StatusNotFound},
		{"a hostile site", "..%2F..%2Fetc", "http://" + addr, http.StatusNotFound},
	} {
		s, res := dialRaw(t, addr, c.site, c.origin)
		if s != nil || res == nil || res.StatusCode != c.status {
			t.Errorf("%s: %v, want status %d", c.name, res, c.status)
		}
	}
}

// P10: a token of one site is nothing on another, and the same secret is another
// visitor there (C49, C50).
func TestP10_TokensAndSecretsDoNotCrossSites(t *testing.T) {
	t.Parallel()
	sites := withoutPolicy(t)
	src, err := os.ReadFile(filepath.Join(sites, "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(src), "key: demo", "key: other", 1)
	if err := os.WriteFile(filepath.Join(sites, "other.yaml"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	_, addr := startApp(t, gateway.Options{SitesDir: sites})
	here := visit(t, addr, "pl")
	say(t, here, "mam pytanie")
	secret, _, token := here.Identity()
	_, err = client.Dial(t.Context(), client.Options{URL: "ws://" + addr, Site: "other", Origin: "http://" + addr, Token: token, Client: instanceA})
	if err == nil {
		t.Error("another site took the token")
	}
	there, err := client.Dial(t.Context(), client.Options{URL: "ws://" + addr, Site: "other", Origin: "http://" + addr, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	if there.Hello().Visitor == here.Hello().Visitor || len(there.Events()) != 0 {
		t.Error("the same secret is the same visitor on two sites")
	}
}

// A token that is good names its visitor without the secret; what becomes of an
// expired one is tested where time can be moved, in gateway/auth.
func TestTokenAloneResumes(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	c := visit(t, addr, "pl")
	say(t, c, "dzień dobry")
	secret, _, token := c.Identity()
	if token == "" || secret == "" {
		t.Fatal("the client has no token")
	}
	again, err := client.Dial(t.Context(), client.Options{URL: "ws://" + addr, Site: "demo", Origin: "http://" + addr, Token: token, Client: instanceA})
	if err != nil {
		t.Fatalf("open with the token alone: %v", err)
	}
	defer again.Close()
	if again.Hello().Visitor != c.Hello().Visitor {
		t.Error("the token named another visitor")
	}
}

// P11: with no room on the disk nothing is acknowledged, the socket stays, and
// when there is room again the client's resend is applied (C33).
func TestP11_FullStoreKeepsSocketsAndFalseTicksAway(t *testing.T) {
	t.Parallel()
	var gate storeGate
	_, addr := startApp(t, gateway.Options{WrapStore: gate.wrap})
	c := visit(t, addr, "pl")
	say(t, c, "pierwsza")
	gate.set(persistence.ErrFull)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := c.Say(ctx, "druga"); err == nil {
		t.Error("a line was acknowledged while the store was full")
	}
	if !c.Connected() {
		t.Error("the socket was closed")
	}
	gate.set(nil)
	say(t, c, "trzecia")
	var said []string
	for _, e := range c.Events() {
		if e.From == "visitor" {
			said = append(said, plain(e))
		}
	}
	if strings.Join(said, " ") != "pierwsza druga trzecia" {
		t.Errorf("the log has %q", said)
	}
}

func TestControlSocketIsPrivate(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	startApp(t, gateway.Options{DataDir: data})
	for name, want := range map[string]os.FileMode{gateway.ControlFile: 0o600, gateway.KeyFile: 0o600, gateway.StoreFile: 0o600} {
		info, err := os.Stat(filepath.Join(data, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok && int(stat.Uid) != os.Getuid() {
			t.Errorf("%s belongs to user %d", name, stat.Uid)
		}
	}
}
