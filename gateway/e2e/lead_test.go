package e2e

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// visit opens a visitor's page.
func visit(t *testing.T, addr, locale string) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), client.Options{
		URL: "ws://" + addr, Site: "demo", Locale: locale, Page: "/demo/", Origin: "http://" + addr,
		OnFrame: fitsTheDocument(t),
	})
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() {
		c.Close()
		for _, v := range c.Violations() {
			t.Errorf("the client saw: %s", v)
		}
	})
	return c
}

func newest(c *client.Client, kind string) *protocol.Event {
	events := c.Events()
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Kind == kind {
			return &events[i]
		}
	}
	return nil
}

func say(t *testing.T, c *client.Client, text string) {
	t.Helper()
	if _, err := c.Say(t.Context(), text); err != nil {
		t.Fatalf("say %q: %v", text, err)
	}
}

func press(t *testing.T, c *client.Client, of, choice string) {
	t.Helper()
	if _, err := c.Press(t.Context(), of, choice); err != nil {
		t.Fatalf("press %s: %v", choice, err)
	}
}

// answerCard waits for the open card and answers it.
func answerCard(t *testing.T, c *client.Client, answer string) {
	t.Helper()
	card := newest(c, "card")
	if card == nil || card.Card == nil {
		t.Fatalf("there is no card; the log is %v", kinds(c.Events()))
	}
	if _, err := c.Decide(t.Context(), card.Card.Request, answer); err != nil {
		t.Fatalf("decide %s: %v", answer, err)
	}
}

func kinds(events []protocol.Event) []string {
	out := make([]string, 0, len(events))
	for _, e := range events {
		out = append(out, e.From+"/"+e.Kind+" "+plain(e))
	}
	return out
}

// lead plays a visitor who agrees to the base purpose, gives name and e-mail,
// and answers the marketing card.
func lead(t *testing.T, c *client.Client, name, email, marketing string) {
	t.Helper()
	press(t, c, protocol.OfGreeting, "offer")
	if ask := newest(c, "ask"); ask != nil {
		t.Fatalf("asked for %s before consent", ask.Field)
	}
	answerCard(t, c, "grant")
	if ask := newest(c, "ask"); ask == nil || ask.Field != "name" {
		t.Fatalf("after the grant the log is %v", kinds(c.Events()))
	}
	say(t, c, name)
	say(t, c, "anna@")
	if ask := newest(c, "ask"); ask == nil || ask.Field != "email" {
		t.Fatalf("a wrong address was not asked again: %v", kinds(c.Events()))
	}
	say(t, c, email)
	answerCard(t, c, marketing)
}

// asTest is who reads contacts in these tests.
var asTest = persistence.Access{Actor: "operator:test"}

// settled waits until the outbox is in the contact store and returns it.
func contactsOf(t *testing.T, data string) persistence.Privacy {
	t.Helper()
	contacts, closeStore, err := gateway.OpenContacts(t.Context(), gateway.Options{DataDir: data})
	if err != nil {
		t.Fatalf("open contacts: %v", err)
	}
	t.Cleanup(func() { _ = closeStore() })
	return contacts
}

// Who agreed is in the store with a contact, who declined as a pseudonym, and only
// who agreed to marketing may be written to (C5, C35, C36, E20).
func TestP6P8_LeadGrantedAndDeclined(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	app, addr := startApp(t, gateway.Options{DataDir: data})
	yes, no, half := visit(t, addr, "pl"), visit(t, addr, "en"), visit(t, addr, "pl")
	lead(t, yes, "Anna Nowak", "anna.nowak@example.com", "grant")
	lead(t, half, "Jan Kos", "jan.kos@example.com", "decline")

	press(t, no, protocol.OfGreeting, "offer")
	answerCard(t, no, "decline")
	say(t, no, "What are your opening hours?")
	if newest(no, "ask") != nil {
		t.Errorf("asked after a decline: %v", kinds(no.Events()))
	}
	if got := yes.State().Consents[persistence.PurposeLead].Status; got != "granted" {
		t.Errorf("the state says %q, want granted", got)
	}
	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}

	contacts := contactsOf(t, data)
	overview, err := contacts.Overview(t.Context(), "demo", asTest, persistence.OverviewQuery{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	counts := overview.Counts[persistence.PurposeLead]
	if counts["granted"] != 2 || counts["declined"] != 1 {
		t.Errorf("counts are %v, want 2 granted and 1 declined", counts)
	}
	for _, row := range overview.Rows {
		granted := row.Consents[persistence.PurposeLead].Status == "granted"
		if granted != (len(row.Fields) > 0) {
			t.Errorf("row %s has status %s and fields %v", row.Visitor, row.Consents[persistence.PurposeLead].Status, row.Fields)
		}
	}
	list, err := contacts.Marketing(t.Context(), "demo", asTest, persistence.PurposeMarketingEmail)
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Rows) != 1 || list.Rows[0].Fields["email"] != "anna.nowak@example.com" {
		t.Errorf("marketing list is %v, want Anna alone", list.Rows)
	}
}

// A withdrawal takes the contact out of the log, the lists and the files (C28).
func TestP7_WithdrawalRemovesTheContactEverywhere(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	app, addr := startApp(t, gateway.Options{DataDir: data})
	c := visit(t, addr, "en")
	lead(t, c, "Berta Braun", "berta.braun@example.com", "grant")
	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Withdraw(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, e := range c.Events() {
		if strings.Contains(plain(e), "erta") {
			t.Errorf("the log still shows %q", plain(e))
		}
	}
	contacts := contactsOf(t, data)
	list, err := contacts.Marketing(t.Context(), "demo", asTest, persistence.PurposeMarketingEmail)
	if err != nil || len(list.Rows) != 0 {
		t.Errorf("marketing list is %v, %v; want nobody", list.Rows, err)
	}
	if left := filesWith(t, data, "berta.braun@example.com"); len(left) > 0 {
		t.Errorf("the address is still in %v", left)
	}
}

// An erasure reaches the files and the open pages, and is no error a second time (C32).
func TestErasureReachesTheFileAndTheOpenPages(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	app, addr := startApp(t, gateway.Options{DataDir: data})
	c := visit(t, addr, "pl")
	lead(t, c, "Celina Czarna", "celina.czarna@example.com", "decline")
	visitor := c.Hello().Visitor
	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := filesWith(t, data, "celina.czarna@example.com"); len(left) == 0 {
		t.Fatal("the canary is nowhere before the erasure: the test would prove nothing")
	}
	if err := app.Apply(t.Context(), gateway.Change{ID: "e1", Site: "demo", Visitor: visitor, Kind: gateway.ChangeErase}); err != nil {
		t.Fatalf("erase: %v", err)
	}
	var ended client.ErrEnded
	if err := c.WaitLost(t.Context()); !errors.As(err, &ended) || ended.Code != protocol.CloseErased {
		t.Errorf("the open page was not told: %v, want close code %d", err, protocol.CloseErased)
	}
	for _, canary := range []string{"celina.czarna@example.com", "Celina Czarna"} {
		if left := filesWith(t, data, canary); len(left) > 0 {
			t.Errorf("%q is still in %v", canary, left)
		}
	}
	if err := app.Apply(t.Context(), gateway.Change{ID: "e2", Site: "demo", Visitor: visitor, Kind: gateway.ChangeErase}); err != nil {
		t.Errorf("erasing again: %v", err)
	}
	err := app.Apply(t.Context(), gateway.Change{ID: "e3", Site: "demo", Visitor: "v_aaaaaaaaaaaaaaaaaaaaaaaaaa", Kind: gateway.ChangeErase})
	if !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("erasing a visitor that never was: %v, want ErrNotFound", err)
	}
}

// P9: what the detector finds in a line typed before consent is in no file of
// the data folder and in no log line, while the gateway runs and after it (C21, C24).
func TestP9_CanaryTypedBeforeConsent(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	logs := &logBuffer{}
	app, err := gateway.New(t.Context(), gateway.Options{
		Listen: "127.0.0.1:0", DataDir: data, SitesDir: sitesDir(), Processor: processor,
		Log: slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	addr := app.Addr().String()
	canaries := []string{"canary-7d1d3b1e@example.com", "canary-second@example.pl", "+48 601 234 567", "601234567"}
	for i, locale := range []string{"pl", "en"} {
		c := visit(t, addr, locale)
		say(t, c, "Napisz do mnie: "+canaries[i]+" albo "+canaries[i+2])
		answerCard(t, c, "decline") // the bot has said that it masks, and shows the card
		say(t, c, canaries[i])
		for _, e := range c.Events() {
			for _, canary := range canaries {
				if strings.Contains(plain(e), canary) {
					t.Errorf("the log shows %q", plain(e))
				}
			}
		}
	}
	check := func(when string) {
		for _, canary := range canaries {
			if left := filesWith(t, data, canary); len(left) > 0 {
				t.Errorf("%s: %q is in %v", when, canary, left)
			}
			if strings.Contains(logs.String(), canary) {
				t.Errorf("%s: %q is in the log", when, canary)
			}
		}
	}
	check("while it runs")
	if err := app.Stop(context.Background()); err != nil {
		t.Error(err)
	}
	check("after it stopped")
}

// filesWith lists the files below dir that hold text, in any common encoding of
// a database file: as it is.
func filesWith(t *testing.T, dir, text string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(text)) {
			found = append(found, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestSecondGatewayOnTheSameFileIsRefused(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	startApp(t, gateway.Options{DataDir: data})
	_, err := gateway.New(t.Context(), gateway.Options{DataDir: data, SitesDir: sitesDir(), Processor: processor})
	if !errors.Is(err, persistence.ErrInUse) {
		t.Errorf("a second gateway got %v, want ErrInUse", err)
	}
}
