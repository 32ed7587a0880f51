package e2e

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// contactLogin is whom gateways log in as: no superuser, no owner.
const contactLogin = "zgoda_gateway"

// postgres is a PostgreSQL of one test with the schema and the login of gateways.
type postgres struct{ *servers.PostgresServer }

func startPostgres(t *testing.T) postgres {
	t.Helper()
	s, err := servers.Postgres(t.Context())
	if err != nil {
		t.Fatalf("postgres: %v", err)
	}
	t.Cleanup(func() { _ = s.Stop() })
	if err := gateway.Migrate(t.Context(), s.DSN()); err != nil {
		t.Fatal(err)
	}
	postgres{s}.exec(t, "CREATE ROLE "+contactLogin+" LOGIN NOINHERIT")
	if err := gateway.GrantLogin(t.Context(), s.DSN(), contactLogin, false); err != nil {
		t.Fatal(err)
	}
	return postgres{s}
}

// url is the connection string of gateways.
func (p postgres) url() string {
	return fmt.Sprintf("postgres://%s@%s/postgres?sslmode=disable&connect_timeout=1", contactLogin, p.Addr())
}

func (p postgres) exec(t *testing.T, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// count returns the number a query of the superuser gives.
func (p postgres) count(t *testing.T, sql string, args ...any) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	var n int
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// eventually waits until a query gives n.
func (p postgres) eventually(t *testing.T, n int, sql string, args ...any) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := p.count(t, sql, args...)
		if got == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s %v: %d, want %d", sql, args, got, n)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

const (
	contactsOfVisitor = `SELECT count(*) FROM zgoda.contact WHERE visitor = $1`
	grantsOfVisitor   = `SELECT count(*) FROM zgoda.active_grant WHERE visitor = $1 AND purpose = 'lead_contact'`
)

// P8, P7: on Redis and PostgreSQL together a consent reaches the contact store
// and its end removes what rested on it.
func TestP7P8_LeadOnRedisAndPostgres(t *testing.T) {
	t.Parallel()
	db := startPostgres(t)
	c := startCluster(t, 2, gateway.Options{Postgres: db.url()})
	yes, no := c.page(0, nil, false), c.page(1, nil, false)
	lead(t, yes, "Ann", "ann@example.com", "decline")
	press(t, no, protocol.OfGreeting, "offer")
	answerCard(t, no, "decline")
	visitor := yes.Hello().Visitor
	db.eventually(t, 1, contactsOfVisitor+` AND email = 'ann@example.com' AND name = 'Ann'`, visitor)
	db.eventually(t, 1, `SELECT count(*) FROM zgoda.consent_event WHERE visitor = $1 AND kind = 'declined'`, no.Hello().Visitor)
	if n := db.count(t, contactsOfVisitor, no.Hello().Visitor); n != 0 {
		t.Errorf("who declined has %d contacts", n)
	}
	other := c.page(1, yes, false)
	if _, err := other.Withdraw(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.eventually(t, 0, contactsOfVisitor, visitor)
	db.eventually(t, 0, grantsOfVisitor, visitor)
}

// rollBack makes Redis come back as it was when keep was called.
func (c *cluster) keep() (rollBack func()) {
	c.t.Helper()
	kept := c.t.TempDir()
	if err := os.CopyFS(kept, os.DirFS(c.redis.Dir())); err != nil {
		c.t.Fatal(err)
	}
	return func() {
		c.t.Helper()
		c.redis.Kill()
		if err := os.RemoveAll(c.redis.Dir()); err != nil {
			c.t.Fatal(err)
		}
		if err := os.CopyFS(c.redis.Dir(), os.DirFS(kept)); err != nil {
			c.t.Fatal(err)
		}
		if err := c.redis.Restart(c.t.Context(), true); err != nil {
			c.t.Fatal(err)
		}
	}
}

// P6, P8: Redis lost a consent that had reached the ledger. The visitor is not
// asked again, and what they give now is kept under the consent they gave.
func TestP6P8_GrantThatRedisLostIsRebuilt(t *testing.T) {
	t.Parallel()
	db := startPostgres(t)
	c := startCluster(t, 1, gateway.Options{Postgres: db.url()})
	p := c.lossyPage(0, nil, false)
	press(t, p, protocol.OfGreeting, "offer")
	rollBack := c.keep()
	answerCard(t, p, "grant")
	visitor := p.Hello().Visitor
	db.eventually(t, 1, grantsOfVisitor, visitor)
	rollBack()

	back := c.lossyPage(0, p, true)
	sayWhenBack(t, back, "hello again")
	if got := back.State().Consents[persistence.PurposeLead].Status; got != persistence.StatusGranted {
		t.Errorf("the consent is %q after the loss, want granted", got)
	}
	if last := newest(back, "ask"); last == nil || last.Field != "name" {
		t.Errorf("the flow does not go on after what the visitor had agreed to: %v", kinds(back.Events()))
	}
	say(t, back, "Ann")
	say(t, back, "ann@example.com")
	db.eventually(t, 1, contactsOfVisitor+` AND email = 'ann@example.com'`, visitor)
	if n := db.count(t, `SELECT count(*) FROM zgoda.set_aside WHERE visitor = $1`, visitor); n != 0 {
		t.Errorf("%d records were set aside", n)
	}
}

// P6, P7: Redis lost a withdrawal that had reached the ledger. Nothing is
// collected after it, and what Redis still holds of the contact goes.
func TestP6P7_WithdrawalThatRedisLostHolds(t *testing.T) {
	t.Parallel()
	db := startPostgres(t)
	c := startCluster(t, 1, gateway.Options{Postgres: db.url()})
	p := c.lossyPage(0, nil, false)
	lead(t, p, "Ann", "ann@example.com", "decline")
	visitor := p.Hello().Visitor
	db.eventually(t, 1, contactsOfVisitor, visitor)
	rollBack := c.keep()
	if _, err := p.Withdraw(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.eventually(t, 0, contactsOfVisitor, visitor)
	rollBack()

	back := c.lossyPage(0, p, true)
	sayWhenBack(t, back, "mail me at ann@example.com")
	if got := back.State(); got.Consents[persistence.PurposeLead].Status != persistence.StatusWithdrawn || len(got.Held) != 0 {
		t.Errorf("after the loss the state is %+v, want the withdrawal and nothing held", got)
	}
	for _, e := range back.Events() {
		if e.From == "visitor" && plain(e) == "mail me at ann@example.com" {
			t.Error("an address was kept although consent had been withdrawn")
		}
	}
	if n := db.count(t, contactsOfVisitor, visitor); n != 0 {
		t.Errorf("there are %d contacts", n)
	}
}

// C32: Redis lost an erasure. Whoever was erased stays so.
func TestC32_ErasureThatRedisLostHolds(t *testing.T) {
	t.Parallel()
	db := startPostgres(t)
	c := startCluster(t, 1, gateway.Options{Postgres: db.url()})
	p := c.lossyPage(0, nil, false)
	lead(t, p, "Ann", "ann@example.com", "decline")
	visitor := p.Hello().Visitor
	db.eventually(t, 1, contactsOfVisitor, visitor)
	rollBack := c.keep()
	secret, _, token := p.Identity()
	if _, err := p.Erase(t.Context()); err != nil {
		t.Fatal(err)
	}
	db.eventually(t, 1, `SELECT count(*) FROM zgoda.tombstone WHERE visitor = $1`, visitor)
	rollBack()

	back, err := client.Dial(t.Context(), client.Options{
		URL: "ws://" + c.addr(0), Site: "demo", Locale: "en", Origin: "http://" + c.addr(0), Secret: secret, Token: token,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer back.Close()
	_, _ = back.Say(t.Context(), "hello?") // it may be answered before the end
	var ended client.ErrEnded
	if err := back.WaitLost(t.Context()); !errors.As(err, &ended) || ended.Code != protocol.CloseErased {
		t.Errorf("who was erased is told %v, want close code %d", err, protocol.CloseErased)
	}
}

// P11, P6: Redis lost data and the ledger is away. Nobody who was here before is
// asked or collected from, but they can talk; new visitors notice nothing; and it
// heals by itself.
func TestP6P11_InDoubtWithoutTheLedger(t *testing.T) {
	t.Parallel()
	db := startPostgres(t)
	c := startCluster(t, 1, gateway.Options{Postgres: db.url()})
	p := c.lossyPage(0, nil, false)
	press(t, p, protocol.OfGreeting, "offer")
	db.eventually(t, 1, `SELECT count(*) FROM zgoda.consent_event WHERE visitor = $1 AND kind = 'requested'`, p.Hello().Visitor)
	rollBack := c.keep()
	rollBack() // another life of Redis
	db.Kill()

	back := c.lossyPage(0, p, true)
	sayWhenBack(t, back, "when do you open?")
	events := back.Events()
	if last := events[len(events)-1]; last.From != "bot" || last.Kind == "ask" || last.Kind == "card" {
		t.Errorf("the bot answers with %+v", last)
	}
	done := make(chan error, 1)
	go func() {
		_, err := back.Decide(t.Context(), newest(back, "card").Card.Request, "grant")
		done <- err
	}()
	select {
	case err := <-done:
		t.Errorf("a decision was answered while nobody knows what was decided: %v", err)
	case <-time.After(time.Second):
	}
	fresh := c.lossyPage(0, nil, true)
	lead(t, fresh, "Ann", "ann@example.com", "decline")

	if err := db.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("after the ledger is back: %v", err)
	}
	say(t, back, "Ann")
	say(t, back, "ann@example.com")
	for _, p := range []*client.Client{back, fresh} {
		db.eventually(t, 1, contactsOfVisitor+` AND email = 'ann@example.com'`, p.Hello().Visitor)
	}
}
