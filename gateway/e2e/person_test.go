package e2e

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// C18, C19, C43–C45, C52, C55 on Redis and PostgreSQL together: receipts, exports and
// proofs are those of both stores, changes come through the one door on any node,
// and ledgers go by the roles of the database.
func TestC18C43C44C45_OnRedisAndPostgres(t *testing.T) {
	t.Parallel()
	db := startPostgres(t)
	c := startCluster(t, 2, gateway.Options{Postgres: db.url()})
	keys := publicKeys(t, c.addr(1))
	p := c.page(0, nil, false)
	lead(t, p, "Ann", "ann@example.com", "grant")
	visitor := p.Hello().Visitor
	if got := states(receiptOf(t, p, keys)); got != "lead_contact: requested granted, marketing_email: requested granted" {
		t.Errorf("the receipt says %s", got)
	}
	change := func(id, kind string, fields map[string]string) {
		t.Helper()
		err := c.apps[1].Apply(t.Context(), gateway.Change{ID: id, Site: "demo", Visitor: visitor, Kind: kind, Fields: fields, Actor: "command:root", Reason: "by letter"})
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
	}
	change("1", gateway.ChangeCorrect, map[string]string{"email": "ann@new.example"})
	change("2", gateway.ChangeRestrict, nil)
	if _, err := p.WaitFor(t.Context(), func(e protocol.Event) bool { return e.Kind == "restricted" }); err != nil {
		t.Errorf("the page at the other node was not told: %v", err)
	}
	if d := exportOf(t, p); d.Contact == nil || d.Contact.Fields["email"] != "ann@new.example" || d.Contact.RestrictedAt.IsZero() {
		t.Errorf("the export has %+v", d.Contact)
	}
	o := gateway.Options{DataDir: c.keys, SitesDir: sitesDir(), Processor: processor, Redis: "redis://" + c.redis.Addr(), Postgres: db.url()}
	r, err := gateway.OpenReader(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	me := persistence.Access{Actor: "operator:ola", Reason: "by letter"}
	if list, err := r.Contacts.Marketing(t.Context(), "demo", me, persistence.PurposeMarketingEmail); err != nil || len(list.Rows) != 0 {
		t.Errorf("restricted, and on the list: %v, %v", list.Rows, err)
	}
	d, err := r.Access(t.Context(), "demo", visitor, "en", me)
	if err != nil || d.Contact == nil || d.Contact.Fields["email"] != "ann@new.example" || len(d.Transcript.Events) != len(p.Events()) {
		t.Errorf("access gives %+v, %v", d, err)
	}
	token, err := r.Proof(t.Context(), "demo", visitor, me)
	if err != nil {
		t.Fatal(err)
	}
	v, err := keys.Verify([]byte(token))
	if err != nil || v.Proof == nil || len(v.Proof.Entries) != 4 || v.Proof.Format != persistence.ChainPostgres {
		t.Errorf("the proof: %+v, %v", v.Proof, err)
	}
	page, err := r.Contacts.Audit(t.Context(), "demo", persistence.AuditQuery{Visitor: visitor, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, e := range page.Entries {
		seen[e.Actor+" "+e.Action] = true
	}
	for _, want := range []string{"visitor " + persistence.ActionRead, "operator:ola " + persistence.ActionRead, "command:root contact.corrected", "operator:ola " + persistence.ActionProved} {
		if !seen[want] {
			t.Errorf("the audit has no %s: %v", want, seen)
		}
	}
}

// E33: a receipt after the profile is gone comes from the ledger; where that cannot
// be read, there is none, and an open question gets no false answer.
func TestE33P11_ReceiptWithoutTheLedger(t *testing.T) {
	t.Parallel()
	db := startPostgres(t)
	c := startCluster(t, 1, gateway.Options{Postgres: db.url()})
	p := c.page(0, nil, false)
	lead(t, p, "Ann", "ann@example.com", "decline")
	db.eventually(t, 1, contactsOfVisitor, p.Hello().Visitor)
	if err := db.Stop(); err != nil {
		t.Fatal(err)
	}
	keys := publicKeys(t, c.addr(0))
	if got := states(receiptOf(t, p, keys)); !strings.HasPrefix(got, "lead_contact: requested granted") {
		t.Errorf("with the ledger away the receipt says %s", got)
	}
	var refused client.ErrRefused
	if _, err := p.Export(t.Context()); !errors.As(err, &refused) || refused.Code != protocol.CodeUnavailable {
		t.Errorf("with the contact store away an export is answered %v, want unavailable", err)
	}
	// The node stops with this in the outbox: nothing is lost, and it is no failure.
	if _, err := p.Withdraw(t.Context()); err != nil {
		t.Errorf("with the ledger away a withdrawal is answered %v", err)
	}
}

// C38: where the owner collects nothing any more, who agreed before has every right
// all the same; the texts of then come from the ledger.
func TestC19C27_CollectingSwitchedOff(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS(filepath.Join(sitesDir(), ".."))); err != nil {
		t.Fatal(err)
	}
	sites := filepath.Join(root, "sites")
	app, err := gateway.New(t.Context(), gateway.Options{Listen: "127.0.0.1:0", DataDir: data, SitesDir: sites, Processor: processor})
	if err != nil {
		t.Fatal(err)
	}
	if err := app.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	c := visit(t, app.Addr().String(), "pl")
	lead(t, c, "Anna Nowak", "anna.nowak@example.com", "decline")
	secret, _, token := c.Identity()
	if err := app.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	src, err := os.ReadFile(filepath.Join(sites, "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	off := regexp.MustCompile(`(?m)^  recipients:\n    - .*\n`).ReplaceAll(src, nil)
	if len(off) == len(src) {
		t.Fatal("the demo site has no recipients to cut")
	}
	if err := os.WriteFile(filepath.Join(sites, "demo.yaml"), off, 0o600); err != nil {
		t.Fatal(err)
	}
	app, addr := startApp(t, gateway.Options{DataDir: data, SitesDir: sites})
	if st, _ := app.Sites().Get("demo"); len(st.Settings.Purposes) > 0 {
		t.Fatal("collecting is not off")
	}
	back, err := client.Dial(t.Context(), client.Options{
		URL: "ws://" + addr, Site: "demo", Locale: "pl", Origin: "http://" + addr, Secret: secret, Token: token, OnFrame: fitsTheDocument(t),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(back.Close)
	keys := publicKeys(t, addr)
	r := receiptOf(t, back, keys)
	if got := states(r); got != "lead_contact: requested granted, marketing_email: requested declined" || len(r.Notices) != 2 {
		t.Errorf("the receipt says %s with %d texts", got, len(r.Notices))
	}
	if d := exportOf(t, back); d.Contact == nil || d.Contact.Fields["name"] != "Anna Nowak" {
		t.Errorf("the export has %+v", d.Contact)
	}
	if _, err := back.Withdraw(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := states(receiptOf(t, back, keys)); !strings.Contains(got, "granted withdrawn") {
		t.Errorf("after the withdrawal the receipt says %s", got)
	}
}

// C16: the state says per purpose where it stands, since when, in which words, in
// which language and how.
func TestC16_StateOfEachPurpose(t *testing.T) {
	t.Parallel()
	_, addr := startApp(t, gateway.Options{})
	c := visit(t, addr, "pl")
	lead(t, c, "Anna Nowak", "anna.nowak@example.com", "decline")
	for purpose, want := range map[string]string{persistence.PurposeLead: "granted", persistence.PurposeMarketingEmail: "declined"} {
		got := c.State().Consents[purpose]
		if got.Status != want || got.Locale != "pl" || got.Method != "button" || len(got.Notice) != 64 || time.Since(time.UnixMilli(got.At)) > time.Minute {
			t.Errorf("%s is %+v, want %s", purpose, got, want)
		}
	}
}

// E8, E9: the same address from two visitors is two contacts with a consent each;
// nothing is merged by a guess, and one's withdrawal ends one.
func TestE8E9_TwoVisitorsOneAddress(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	app, addr := startApp(t, gateway.Options{DataDir: data})
	one, two, three := visit(t, addr, "pl"), visit(t, addr, "pl"), visit(t, addr, "pl")
	lead(t, one, "Anna", "anna@example.com", "grant")
	lead(t, two, "Anna", "anna@example.com", "grant")
	press(t, three, protocol.OfGreeting, "offer")
	answerCard(t, three, "decline")
	listed := func() []string {
		t.Helper()
		if err := app.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := contactsOf(t, data).Marketing(t.Context(), "demo", asTest, persistence.PurposeMarketingEmail)
		if err != nil {
			t.Fatal(err)
		}
		var visitors []string
		for _, row := range list.Rows {
			visitors = append(visitors, row.Visitor)
		}
		return visitors
	}
	if got := listed(); len(got) != 2 {
		t.Errorf("the list has %v, want both", got)
	}
	found, err := contactsOf(t, data).Find(t.Context(), "demo", asTest, "Anna@Example.com")
	if err != nil || len(found) != 2 {
		t.Errorf("the address belongs to %v, %v", found, err)
	}
	if _, err := one.Withdraw(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := listed(); len(got) != 1 || got[0] != two.Hello().Visitor {
		t.Errorf("after one's withdrawal the list has %v, want %s", got, two.Hello().Visitor)
	}
}
