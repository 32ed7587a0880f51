package gateway_test

import (
	"context"
	"errors"
	"net"
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
	"zgoda/gateway/site"
	"zgoda/persistence"
)

const day = 24 * time.Hour

// kept is a gateway with a visitor who agreed and gave a contact.
func kept(t *testing.T) (*gateway.App, gateway.Options, *client.Client) {
	t.Helper()
	o := gateway.Options{
		Listen: "127.0.0.1:0", DataDir: t.TempDir(), SitesDir: filepath.Join("..", "configs", "sites"),
		Processor: site.Party{Name: "Platform", Address: "Street 1", Contact: "privacy@platform.example"},
	}
	app, err := gateway.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Stop(context.Background()) })
	addr := app.Addr().String()
	c, err := client.Dial(t.Context(), client.Options{URL: "ws://" + addr, Site: "demo", Locale: "en", Origin: "http://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	done := func(_ client.Receipt, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	done(c.Press(t.Context(), protocol.OfGreeting, "offer"))
	for _, e := range c.Events() {
		if e.Card != nil {
			done(c.Decide(t.Context(), e.Card.Request, protocol.AnswerGrant))
		}
	}
	done(c.Say(t.Context(), "Ann"))
	done(c.Say(t.Context(), "ann@example.com"))
	if err := app.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return app, o, c
}

// C55: what the clocks say is shown before it goes, goes as an input that open
// chats learn of, and once, whichever nodes come to it at the same time. The proof
// is due later, by a clock of its own.
func TestC55_RetentionEndsWhatIsDue(t *testing.T) {
	t.Parallel()
	app, o, c := kept(t)
	visitor := c.Hello().Visitor
	reader, err := gateway.OpenReader(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	now := time.Now()
	plan := func(at time.Time) persistence.RetentionPlan {
		t.Helper()
		p, err := reader.RetentionPlan(t.Context(), "demo", at, 10)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, at := range []time.Time{now, now.Add(364 * day)} {
		if p := plan(at); len(p.Contacts)+len(p.Grants)+len(p.Proofs) != 0 {
			t.Errorf("after %v the plan is %+v", at.Sub(now), p)
		}
		if done, err := app.RetainAt(t.Context(), "demo", at); err != nil || done.Contacts != 0 {
			t.Errorf("after %v retention did %+v, %v", at.Sub(now), done, err)
		}
	}
	later := now.Add(366 * day)
	if p := plan(later); len(p.Contacts) != 1 || p.Contacts[0].Visitor != visitor {
		t.Fatalf("after a year the plan is %+v", p)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := app.RetainAt(t.Context(), "demo", later); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	_, err = c.WaitFor(t.Context(), func(e protocol.Event) bool {
		return e.From == "bot" && len(e.Text) > 0 && len(e.Text[0].Text) > 0 && e.Text[0].Text[:4] == "Your"
	})
	if err != nil {
		t.Errorf("the open chat was not told: %v", err)
	}
	person, err := reader.Contacts.Person(t.Context(), "demo", visitor, persistence.Access{Actor: "system"})
	if err != nil || len(person.Fields) != 0 || person.Consents[persistence.PurposeLead].Status != persistence.StatusExpired {
		t.Errorf("after retention there is %+v, %v", person, err)
	}
	ended := 0
	for _, e := range person.Proof.Entries {
		if e.Kind == persistence.KindExpired {
			ended++
		}
	}
	if ended != 1 {
		t.Errorf("the ledger says %d times that the consent ended", ended)
	}
	if p := plan(later); len(p.Contacts) != 0 {
		t.Errorf("what has ended is still due: %+v", p)
	}
	much := now.Add(2191 * day)
	if p := plan(much); len(p.Proofs) != 1 {
		t.Fatalf("after six years the plan is %+v", p)
	}
	// The file store says what it cannot do; pgstore's own tests purge.
	done, err := app.RetainAt(t.Context(), "demo", much)
	if err != nil || done.Proofs != 0 || done.ProofsKept != 1 {
		t.Errorf("after six years retention did %+v, %v", done, err)
	}
}

// C55: an owner who keeps contacts longer from now on keeps those no longer that
// were given under a notice which promised less.
func TestC55_PromiseOutlivesTheOwnersMind(t *testing.T) {
	t.Parallel()
	app, o, c := kept(t)
	visitor, now := c.Hello().Visitor, time.Now()
	c.Close()
	if err := app.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(o.SitesDir, "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	o.SitesDir = filepath.Join(t.TempDir(), "sites")
	longer := strings.Replace(string(file), "contact_days: 365", "contact_days: 900", 1)
	if longer == string(file) {
		t.Fatal("the demo site's contact_days is not 365 any more")
	}
	flows := os.DirFS(filepath.Join("..", "configs", "flows"))
	if err := errors.Join(os.Mkdir(o.SitesDir, 0o700), os.WriteFile(filepath.Join(o.SitesDir, "demo.yaml"), []byte(longer), 0o600),
		os.CopyFS(filepath.Join(filepath.Dir(o.SitesDir), "flows"), flows)); err != nil {
		t.Fatal(err)
	}
	if app, err = gateway.New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = app.Stop(context.Background()) })
	if done, err := app.RetainAt(t.Context(), "demo", now.Add(364*day)); err != nil || done.Contacts != 0 {
		t.Errorf("before its time retention did %+v, %v", done, err)
	}
	if done, err := app.RetainAt(t.Context(), "demo", now.Add(366*day)); err != nil || done.Contacts != 1 || done.Failed != 0 {
		t.Errorf("after the promised year retention did %+v, %v", done, err)
	}
	reader, err := gateway.OpenReader(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	person, err := reader.Contacts.Person(t.Context(), "demo", visitor, persistence.Access{Actor: "system"})
	if err != nil || len(person.Fields) != 0 || person.Consents[persistence.PurposeLead].Status != persistence.StatusExpired {
		t.Errorf("after retention there is %+v, %v", person, err)
	}
}

// A look at the clocks that could not even begin has failed: somebody has to hear of
// it when it stays so.
func TestC55_RetentionThatCannotLookHasFailed(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	app, err := gateway.New(t.Context(), gateway.Options{
		DataDir: t.TempDir(), SitesDir: filepath.Join("..", "configs", "sites"), MetricsListener: listener,
		Processor: site.Party{Name: "Platform", Address: "Street 1", Contact: "privacy@platform.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = app.Stop(context.Background()) }()
	if _, err := app.RunRetention(t.Context(), "demo"); err != nil {
		t.Fatal(err)
	}
	app.ForgetDue(persistence.ErrUnavailable)
	if _, err := app.RunRetention(t.Context(), "demo"); !errors.Is(err, persistence.ErrUnavailable) {
		t.Fatalf("the store is away, got %v", err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	_, _ = app.RunRetention(stopped, "demo") // a node that stops has not failed
	w := httptest.NewRecorder()
	app.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{`outcome="ok",zgoda_site="demo"} 1`, `outcome="failed",zgoda_site="demo"} 1`} {
		if !strings.Contains(w.Body.String(), "zgoda_retention_runs_total{zgoda_"+want) {
			t.Errorf("no %s", want)
		}
	}
}
