package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"zgoda/gateway"
	"zgoda/gateway/access"
	"zgoda/gateway/chat"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/gateway/receipt"
	"zgoda/persistence"
	"zgoda/persistence/seal"
)

// publicKeys reads the keys that a gateway publishes, as anybody would.
func publicKeys(t *testing.T, addr string) receipt.Keys {
	t.Helper()
	res, err := http.Get("http://" + addr + receipt.JWKSPath)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	jwks, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := receipt.ParseKeys(jwks)
	if err != nil {
		t.Fatalf("%v\n%s", err, jwks)
	}
	return keys
}

// receiptOf asks for a receipt and verifies it with the public keys.
func receiptOf(t *testing.T, c *client.Client, keys receipt.Keys) *receipt.Receipt {
	t.Helper()
	token, err := c.Receipt(t.Context())
	if err != nil {
		t.Fatalf("ask for a receipt: %v", err)
	}
	v, err := keys.Verify([]byte(token))
	if err != nil || v.Receipt == nil {
		t.Fatalf("the receipt does not verify: %v", err)
	}
	return v.Receipt
}

func states(r *receipt.Receipt) string {
	var all []string
	for _, p := range r.Processing {
		s := p.Purpose + ":"
		for _, e := range p.Events {
			s += " " + e.State
		}
		all = append(all, s)
	}
	return strings.Join(all, ", ")
}

func exportOf(t *testing.T, c *client.Client) access.Document {
	t.Helper()
	text, err := c.Export(t.Context())
	if err != nil {
		t.Fatalf("ask for an export: %v", err)
	}
	var d access.Document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatalf("the export is no JSON: %v\n%s", err, text)
	}
	return d
}

// C19: a receipt can be had right after answering, later, after a decline and
// after a withdrawal, and it verifies with the published key alone. C17: it holds
// no contact data.
func TestC19_ReceiptOverTheProtocol(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	keys := publicKeys(t, addr)
	yes, no := visit(t, addr, "pl"), visit(t, addr, "en")

	say(t, no, "When do you open?")
	var refused client.ErrRefused
	if _, err := no.Receipt(t.Context()); !errors.As(err, &refused) || refused.Code != protocol.CodeBadInput {
		t.Errorf("before anything was asked: %v, want bad_input", err)
	}
	if _, err := no.AskCard(t.Context()); err != nil {
		t.Fatal(err)
	}
	answerCard(t, no, "decline")
	if got := states(receiptOf(t, no, keys)); got != "lead_contact: requested declined" {
		t.Errorf("after a decline the receipt says %s", got)
	}

	lead(t, yes, "Anna Nowak", "anna.nowak@example.com", "decline")
	want := "lead_contact: requested granted, marketing_email: requested declined"
	r := receiptOf(t, yes, keys)
	if got := states(r); got != want {
		t.Errorf("the receipt says %s, want %s", got, want)
	}
	body, _ := json.Marshal(r)
	for _, canary := range []string{"Anna", "anna.nowak"} {
		if strings.Contains(string(body), canary) {
			t.Errorf("the receipt holds %q", canary)
		}
	}
	if _, err := yes.Withdraw(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := states(receiptOf(t, yes, keys)); !strings.HasPrefix(got, "lead_contact: requested granted withdrawn") {
		t.Errorf("after the withdrawal the receipt says %s", got)
	}
}

// C43, C46: what is held can be taken away at every time, in pieces, and it is
// the visitor's own.
func TestC43C46_ExportOverTheProtocol(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	c, other := visit(t, addr, "pl"), visit(t, addr, "pl")
	lead(t, other, "Berta Braun", "berta.braun@example.com", "decline")
	if d := exportOf(t, c); d.Contact != nil || len(d.Transcript.Events) != 0 {
		t.Errorf("before the first act there is %+v", d)
	}
	lead(t, c, "Anna Nowak", "anna.nowak@example.com", "decline")
	// More than one piece.
	for range 12 {
		say(t, c, strings.Repeat("Żółta łąka. ", 150))
	}
	text, err := c.Export(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(text) <= protocol.ExportBytes || strings.Contains(string(text), "Braun") {
		t.Errorf("the export has %d bytes; it must be in pieces, and of nobody else", len(text))
	}
	var d access.Document
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.Contact == nil || d.Contact.Fields["email"] != "anna.nowak@example.com" || d.Contact.Fields["name"] != "Anna Nowak" {
		t.Errorf("contact is %+v", d.Contact)
	}
	if len(d.Ledger.Entries) != 4 || len(d.Ledger.Notices) != 2 || !d.Transcript.Complete || d.Retention.ContactDays == 0 || len(d.Recipients) == 0 {
		t.Errorf("%d events, %d texts, complete: %t, retention %+v, recipients %v",
			len(d.Ledger.Entries), len(d.Ledger.Notices), d.Transcript.Complete, d.Retention, d.Recipients)
	}
	if got, want := len(d.Transcript.Events), len(c.Events()); got != want {
		t.Errorf("the transcript has %d events, the page shows %d", got, want)
	}
}

// Free of charge (DESIGN.md section 9): receipt, export, withdrawal and erasure
// work while a person has the conversation, and where nothing is collected.
func TestC27C43_OwnSideAlwaysWorks(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	var store persistence.Conversations
	app, addr := startApp(t, gateway.Options{DataDir: data, WrapStore: func(c persistence.Conversations) persistence.Conversations {
		store = c
		return c
	}})
	keys := publicKeys(t, addr)
	c := visit(t, addr, "pl")
	lead(t, c, "Anna Nowak", "anna.nowak@example.com", "grant")
	takeOver(t, data, store, app, c.Hello().Visitor)
	say(t, c, "Czy jest tam kto?")
	if got := c.State().Owner; got != protocol.OwnerOperator {
		t.Fatalf("the owner is %s", got)
	}
	receiptOf(t, c, keys)
	if d := exportOf(t, c); d.Contact == nil {
		t.Error("the export lost the contact")
	}
	if _, err := c.Withdraw(t.Context()); err != nil {
		t.Fatalf("withdraw while a person has the conversation: %v", err)
	}
	if got := c.State().Consents[persistence.PurposeLead].Status; got != persistence.StatusWithdrawn {
		t.Errorf("the state says %s", got)
	}
	if d := exportOf(t, c); d.Contact != nil {
		t.Errorf("after the withdrawal the export has %+v", d.Contact)
	}
	if got := states(receiptOf(t, c, keys)); !strings.Contains(got, "withdrawn") {
		t.Errorf("the receipt says %s", got)
	}
	if _, err := c.Erase(t.Context()); err != nil {
		t.Fatalf("erase: %v", err)
	}
	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// takeOver makes an operator the owner of a conversation, as a console does.
func takeOver(t *testing.T, data string, store persistence.Conversations, app *gateway.App, visitor string) {
	t.Helper()
	keys, err := seal.Load(filepath.Join(data, gateway.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keys.Keyring()
	if err != nil {
		t.Fatal(err)
	}
	st, _ := app.Sites().Get("demo")
	console := chat.NewService(chat.Options{Store: store, Nodes: store.(persistence.Nodes), Node: "console", Sealer: ring})
	out := console.Apply(t.Context(), st, &chat.View{}, chat.KeyOf("demo", visitor), chat.Input{
		Client: persistence.ServerClient + "console", N: 1, Digest: []byte("take"), Owner: protocol.OwnerOperator + ":ola",
	})
	if out.Ack == nil || out.Ack.Refused != nil {
		t.Fatalf("take over: %+v", out)
	}
}

// Asking costs reads, so it is bounded; and what cannot be read is said so.
func TestP11_OwnSideIsRateLimitedAndHonest(t *testing.T) {
	t.Parallel()
	store := &switchable{}
	_, addr := startApp(t, gateway.Options{WrapStore: store.wrap})
	c := visit(t, addr, "en")
	press(t, c, protocol.OfGreeting, "offer")
	answerCard(t, c, "decline")
	store.off.Store(true)
	var refused client.ErrRefused
	if _, err := c.Receipt(t.Context()); !errors.As(err, &refused) || refused.Code != protocol.CodeUnavailable {
		t.Errorf("with the store away a receipt is answered %v, want unavailable", err)
	}
	if _, err := c.Export(t.Context()); !errors.As(err, &refused) || refused.Code != protocol.CodeUnavailable {
		t.Errorf("with the store away an export is answered %v, want unavailable", err)
	}
	store.off.Store(false)
	if _, err := c.Receipt(t.Context()); err != nil {
		t.Errorf("with the store back: %v", err)
	}
	limited := false
	for range 20 {
		_, err := c.Export(t.Context())
		limited = limited || errors.As(err, &refused) && refused.Code == protocol.CodeRateLimited
	}
	if !limited {
		t.Error("twenty exports in a row were answered")
	}
	say(t, c, "still here")
}

// A switchable store cannot be read while it is off.
type switchable struct {
	persistence.Conversations
	off atomic.Bool
}

func (s *switchable) wrap(c persistence.Conversations) persistence.Conversations {
	s.Conversations = c
	return s
}

func (s *switchable) Load(ctx context.Context, key persistence.Key, r persistence.Range) (persistence.Snapshot, []persistence.Event, error) {
	if s.off.Load() {
		return persistence.Snapshot{}, nil, persistence.ErrUnavailable
	}
	return s.Conversations.Load(ctx, key, r)
}
