package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var sites = filepath.Join("..", "..", "..", "configs", "sites")

// command runs one command as a person would type it.
func command(t *testing.T, data string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := newRoot()
	root.SetOut(&out)
	root.SetErr(&out)
	root.SetArgs(append(args, "--data", data, "--sites", sites))
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

// start runs a gateway on data and returns how to stop it.
func start(t *testing.T, data string) (addr string, stop func()) {
	t.Helper()
	app, err := gateway.New(t.Context(), gateway.Options{
		Listen: "127.0.0.1:0", DataDir: data, SitesDir: sites,
		Processor: site.Party{Name: "Platform", Address: "Street 1", Contact: "privacy@platform.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return app.Addr().String(), func() {
		if err := app.Stop(t.Context()); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

// newest returns the newest event of a kind.
func newest(t *testing.T, c *client.Client, kind string) protocol.Event {
	t.Helper()
	events := c.Events()
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Kind == kind {
			return events[i]
		}
	}
	t.Fatalf("there is no event of kind %s", kind)
	return protocol.Event{}
}

// leads makes one visitor who agrees to everything, one who declines and one who
// is not asked.
func leads(t *testing.T, addr string) (agreed string) {
	t.Helper()
	must := func(_ client.Receipt, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	page := func() *client.Client {
		c, err := client.Dial(t.Context(), client.Options{URL: "ws://" + addr, Site: "demo", Locale: "en", Origin: "http://" + addr})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	yes, no, silent := page(), page(), page()
	defer yes.Close()
	defer no.Close()
	defer silent.Close()
	must(yes.Press(t.Context(), protocol.OfGreeting, "offer"))
	must(yes.Decide(t.Context(), newest(t, yes, "card").Card.Request, "grant"))
	must(yes.Say(t.Context(), "Ann"))
	must(yes.Say(t.Context(), "ann@example.com"))
	must(yes.Decide(t.Context(), newest(t, yes, "card").Card.Request, "grant"))
	must(no.Press(t.Context(), protocol.OfGreeting, "offer"))
	must(no.Decide(t.Context(), newest(t, no, "card").Card.Request, "decline"))
	must(silent.Say(t.Context(), "when do you open?"))
	return yes.Hello().Visitor
}

// wasAudited expects the store to know who read contacts with which commands, the
// newest first.
func wasAudited(t *testing.T, data string, commands ...string) {
	t.Helper()
	contacts, closeStore, err := gateway.OpenContacts(t.Context(), gateway.Options{DataDir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closeStore() }()
	page, err := contacts.Audit(t.Context(), "demo", persistence.AuditQuery{})
	var got []string
	for _, e := range page.Entries {
		if !strings.HasPrefix(e.Actor, "command:") || e.Actor == "command:" {
			t.Errorf("an entry must name who ran the command, got %q", e.Actor)
		}
		got = append(got, e.Reason)
	}
	if err != nil || !slices.Equal(got, commands) {
		t.Errorf("what commands read must be in the audit, got %v %v, want %v", got, err, commands)
	}
}

func TestContactsBesideALiveGatewayAndWithoutOne(t *testing.T) {
	data := t.TempDir()
	addr, stop := start(t, data)
	ann := leads(t, addr)
	stop() // flushes the outbox
	_, stop = start(t, data)

	out, err := command(t, data, "contacts", "list", "--site", "demo")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "ann@example.com") || strings.Count(out, "v_") != 3 {
		t.Errorf("contacts list printed\n%s", out)
	}
	out, err = command(t, data, "contacts", "list", "--site", "demo", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var overview persistence.Overview
	if err := json.Unmarshal([]byte(out), &overview); err != nil {
		t.Fatal(err)
	}
	lead := overview.Counts[persistence.PurposeLead]
	if lead["granted"] != 1 || lead["declined"] != 1 || lead["not_asked"] != 1 {
		t.Errorf("counts are %v, want one each", lead)
	}
	out, err = command(t, data, "contacts", "export", "--site", "demo", "--for", "marketing_email")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != ann || rows[1][2] != "ann@example.com" {
		t.Fatalf("the export is\n%s%v", out, err)
	}
	wasAudited(t, data, "contacts export", "contacts list", "contacts list")

	if out, err = command(t, data, "consent", "withdraw", "--site", "demo", "--visitor", ann, "--purpose", "marketing_email"); err != nil {
		t.Fatalf("withdraw beside a live gateway: %v\n%s", err, out)
	}
	stop()
	if out, _ = command(t, data, "contacts", "export", "--site", "demo", "--for", "marketing_email"); strings.Contains(out, "ann@") {
		t.Errorf("after the withdrawal the export is\n%s", out)
	}
	if out, err = command(t, data, "contacts", "erase", "--site", "demo", "--visitor", ann); err != nil {
		t.Fatalf("erase without a gateway: %v\n%s", err, out)
	}
	if out, _ = command(t, data, "contacts", "list", "--site", "demo"); strings.Contains(out, "ann@") {
		t.Errorf("after the erasure the list is\n%s", out)
	}
}

func TestMistakesSayWhatToDo(t *testing.T) {
	data := t.TempDir()
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no data yet", []string{"contacts", "list", "--site", "demo"}, "start the gateway once"},
		{"no site", []string{"contacts", "list"}, "--site"},
		{"a purpose that is not marketing", []string{"contacts", "export", "--site", "demo", "--for", "lead_contact"}, "marketing_email"},
		{"no such status", []string{"contacts", "list", "--site", "demo", "--status", "maybe"}, "granted, declined"},
		{"erase without a visitor", []string{"contacts", "erase", "--site", "demo"}, "--visitor"},
		{"erase without data", []string{"contacts", "erase", "--site", "demo", "--visitor", "v_x"}, "--data"},
		{"a configuration that is not there", []string{"run", "--config", "nowhere.yaml"}, "nowhere.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := command(t, data, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestConfigurationIsStrict(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zgoda.yaml")
	for src, want := range map[string]string{
		"lisen: 127.0.0.1:1\n":      "line 1",
		"log: loud\n":               "text or json",
		"processor: {nme: x}\n":     "nme",
		"listen: [a]\nsites: {b}\n": "line 2",
	} {
		if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := (&rootFlags{config: path}).load()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want it to say %q", src, err, want)
		}
	}
}

func TestLaterSourcesOfConfigurationWin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zgoda.yaml")
	if err := os.WriteFile(path, []byte("listen: 127.0.0.1:1\ndata: a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ZGODA_DATA", "b")
	c, err := (&rootFlags{config: path}).load()
	if err != nil || c.Listen != "127.0.0.1:1" || c.Data != "b" || c.Log != "text" {
		t.Errorf("got %+v, %v", c, err)
	}
	if c, _ = (&rootFlags{config: path, data: "c"}).load(); c.Data != "c" {
		t.Errorf("the flag lost to %q", c.Data)
	}
}

func TestCellsAreNoFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"Ann": "Ann", "=1+1": "'=1+1", "@SUM(A1)": "'@SUM(A1)", "-2": "'-2", "+48 601 234 567": "+48 601 234 567", "+1;cmd": "'+1;cmd", "": "",
	} {
		if got := cell(in); got != want {
			t.Errorf("cell(%q) is %q, want %q", in, got, want)
		}
	}
}
