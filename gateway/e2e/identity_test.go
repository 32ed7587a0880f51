package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"zgoda/gateway"
	"zgoda/gateway/protocol"
)

const identitySecret = "an identity secret of the demo shop"

// signedIn is the demo site with an identity secret.
func signedIn(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(filepath.Join(root, "flows"), os.DirFS(filepath.Join(sitesDir(), "..", "flows"))); err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(filepath.Join(sitesDir(), "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	sites := filepath.Join(root, "sites")
	if err := os.MkdirAll(sites, 0o755); err != nil {
		t.Fatal(err)
	}
	src = append(src, "\nidentity: {secret: env:DEMO_IDENTITY}\n"...)
	if err := os.WriteFile(filepath.Join(sites, "demo.yaml"), src, 0o600); err != nil {
		t.Fatal(err)
	}
	return sites
}

func proofOf(id string) string {
	mac := hmac.New(sha256.New, []byte(identitySecret))
	mac.Write([]byte(id))
	return hex.EncodeToString(mac.Sum(nil))
}

// opens sends open with an identity and returns the codes and types that answer
// it, up to hello or the first refusal of the open itself.
func opens(t *testing.T, addr, secret, id, proof string) (*rawSocket, string) {
	t.Helper()
	r, _ := dialRaw(t, addr, "demo", "http://localhost:1")
	if r == nil {
		t.Fatal("no socket")
	}
	who := ""
	if id != "" {
		who = `,"identity":{"id":"` + id + `","proof":"` + proof + `"}`
	}
	r.send(websocket.MessageText, `{"t":"open","client":"`+strings.Repeat(secret[:4], 4)+`","secret":"`+secret+`","page":"/u/ala@example.com"`+who+`}`)
	var got []string
	for {
		switch f := r.next().(type) {
		case *protocol.Error:
			got = append(got, string(f.Code))
			if f.Code != protocol.CodeIdentityInvalid {
				return r, strings.Join(got, " ")
			}
		case *protocol.Hello:
			return r, strings.Join(append(got, "hello "+f.Resume), " ")
		}
	}
}

func (r *rawSocket) acked(frame string) {
	r.t.Helper()
	r.send(websocket.MessageText, frame)
	for {
		if ack, ok := r.next().(*protocol.Ack); ok {
			if ack.Refused != nil {
				r.t.Fatalf("%s was refused: %v", frame, ack.Refused)
			}
			return
		}
	}
}

// A name counts only with the proof of the owner's server, is never stored in
// clear, moves no consent, and keeps two people at one browser apart.
func TestP9P10_Identity(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	app, addr := startApp(t, gateway.Options{DataDir: data, SitesDir: signedIn(t), Env: func(name string) string {
		return map[string]string{"DEMO_IDENTITY": identitySecret}[name]
	}})
	const id, secret = "customer-4711-canary", "00112233445566778899aabbccddeeff"
	for name, c := range map[string]struct{ proof, want string }{
		"no proof of ours": {strings.Repeat("ab", 32), "identity_invalid hello new"},
		"another's proof":  {proofOf("customer-4712"), "identity_invalid hello new"},
		"proved":           {proofOf(id), "hello new"},
	} {
		if _, got := opens(t, addr, "ffff2233445566778899aabbccddeeff", id, c.proof); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}

	first, _ := opens(t, addr, secret, id, proofOf(id))
	first.acked(`{"t":"say","n":1,"text":"Dzień dobry"}`)
	if _, got := opens(t, addr, secret, id, proofOf(id)); got != "hello reset" {
		t.Errorf("the same person comes back: %s", got)
	}
	if _, got := opens(t, addr, secret, "", ""); got != "hello reset" {
		t.Errorf("without a name: %s", got)
	}
	if _, got := opens(t, addr, secret, "customer-4712", proofOf("customer-4712")); got != "identity_other" {
		t.Errorf("another person at the same browser: %s, want identity_other and nothing of the conversation", got)
	}
	if _, got := opens(t, addr, secret, "customer-4712", strings.Repeat("ab", 32)); got != "identity_invalid hello reset" {
		t.Errorf("a false claim must change nothing: %s", got)
	}
	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	holdsNothingOf(t, data, id, "ala@example.com")
}

// holdsNothingOf looks for texts in every file of the data folder.
func holdsNothingOf(t *testing.T, dir string, texts ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, text := range texts {
			if strings.Contains(string(content), text) {
				t.Errorf("%s holds %s", filepath.Base(path), text)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
