package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence/servers"
)

// makeKeys makes the key file that gateways of a test share.
func makeKeys(t *testing.T, redisURL string) string {
	t.Helper()
	keys := t.TempDir()
	seed, err := gateway.New(t.Context(), gateway.Options{Redis: redisURL, DataDir: keys, SitesDir: sitesDir(), Processor: processor})
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return keys
}

// lasting opens a page that comes back by itself.
func lasting(ctx context.Context, addr string) (*client.Client, error) {
	return client.Dial(ctx, client.Options{
		URL: "ws://" + addr, Site: "demo", Locale: "en", Origin: "http://" + addr, AutoReconnect: true,
		Reconnect: client.Backoff{First: 200 * time.Millisecond, Max: 2 * time.Second}, Grace: 100 * time.Millisecond,
	})
}

// card waits for a card that is not request and returns its request.
func card(ctx context.Context, p *client.Client, request string) (string, error) {
	e, err := p.WaitFor(ctx, func(e protocol.Event) bool { return e.Card != nil && e.Card.Request != request })
	if err != nil {
		return "", err
	}
	return e.Card.Request, nil
}

// firstCard waits for the card that the press leads to. A visitor whom the gateway's end
// met between the greeting and the press shows a token and has no profile: while the
// ledger is away the bot then talks as to somebody who declined, and the visitor asks
// for the card, which waits until the ledger is back.
func firstCard(ctx context.Context, p *client.Client) (string, error) {
	soon, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if request, err := card(soon, p, ""); err == nil {
		return request, nil
	}
	if botAsked := slices.ContainsFunc(p.Events(), func(e protocol.Event) bool { return e.From == "bot" && e.Seq > 1 }); !botAsked {
		return "", fmt.Errorf("the bot said nothing: %v", kinds(p.Events()))
	}
	if _, err := p.AskCard(ctx); err != nil {
		return "", fmt.Errorf("ask for the card: %w", err)
	}
	return card(ctx, p, "")
}

// converse leads one visitor through the flow, whatever happens to the servers.
func converse(ctx context.Context, p *client.Client, email string) error {
	if _, err := p.Press(ctx, protocol.OfGreeting, "offer"); err != nil {
		return fmt.Errorf("press: %w", err)
	}
	request, err := firstCard(ctx, p)
	if err != nil {
		return fmt.Errorf("wait for the card: %w", err)
	}
	if email == "" {
		_, err = p.Decide(ctx, request, "decline")
		return err
	}
	if _, err := p.Decide(ctx, request, "grant"); err != nil {
		return fmt.Errorf("decide: %w", err)
	}
	for _, line := range []string{"Ann", email} {
		if _, err := p.Say(ctx, line); err != nil {
			return fmt.Errorf("say: %w", err)
		}
	}
	if request, err = card(ctx, p, request); err != nil {
		return fmt.Errorf("wait for the marketing card: %w", err)
	}
	_, err = p.Decide(ctx, request, "decline")
	return err
}

// P7, P8: visitors agree and decline while PostgreSQL is stopped and the gateway
// is killed twice. Afterwards contacts equal grants, to the row.
func TestP7P8_ContactsEqualGrantsThroughOutages(t *testing.T) {
	t.Parallel()
	agree, decline := proveSize(40, 2000), proveSize(20, 1000)
	outage := time.Duration(proveSize(3, 60)) * time.Second
	db := startPostgres(t)
	r := startRedis(t, servers.RedisOptions{AppendOnly: true, Extra: []string{"--appendfsync", "always"}})
	start := child{redis: "redis://" + r.Addr(), postgres: db.url(), data: makeKeys(t, "redis://"+r.Addr())}
	node := startChild(t, start)
	start.addr = node.addr

	wanted := make(map[string]string, agree) // the address of every visitor who agreed
	declined := make(map[string]bool, decline)
	var mu sync.Mutex // guards the two
	var visitors sync.WaitGroup
	slots := make(chan struct{}, 100)
	began := time.Now()
	visitors.Go(func() { // arrivals, spread over the outage
		for i := range agree + decline {
			time.Sleep(time.Until(began.Add(time.Duration(i) * (outage + 2*time.Second) / time.Duration(agree+decline))))
			slots <- struct{}{}
			visitors.Go(func() {
				defer func() { <-slots }()
				email := ""
				if i%3 != 2 {
					email = fmt.Sprintf("visitor%d@example.com", i)
				}
				visitor, err := visitOnce(t.Context(), start.addr, email)
				if err != nil {
					t.Errorf("visitor %d: %v", i, err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if email == "" {
					declined[visitor] = true
				} else {
					wanted[visitor] = email
				}
			})
		}
	})
	time.Sleep(500 * time.Millisecond)
	db.Kill()
	for range 2 {
		time.Sleep(outage / 3)
		node.kill()
		node = startChild(t, start)
	}
	time.Sleep(outage / 3)
	if err := db.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	visitors.Wait()
	db.eventually(t, len(wanted), `SELECT count(*) FROM zgoda.contact`)
	db.eventually(t, len(declined), `SELECT count(*) FROM zgoda.consent_event WHERE kind = 'declined' AND purpose = 'lead_contact'`)
	db.compare(t, wanted, declined)
	t.Logf("P7, P8: %d visitors agreed and %d declined; PostgreSQL was away for %v, the gateway was killed twice", len(wanted), len(declined), outage)
}

// visitOnce opens a page, converses and returns who the visitor was.
func visitOnce(ctx context.Context, addr, email string) (visitor string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	var p *client.Client
	for { // the gateway may be away just now
		if p, err = lasting(ctx, addr); err == nil || ctx.Err() != nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	if err != nil {
		return "", err
	}
	defer p.Close()
	if err := converse(ctx, p, email); err != nil {
		return "", err
	}
	if v := p.Violations(); len(v) > 0 {
		return "", fmt.Errorf("saw: %v", v)
	}
	return p.Hello().Visitor, nil
}

// compare holds contacts and grants to what visitors did, to the row.
func (p postgres) compare(t *testing.T, wanted map[string]string, declined map[string]bool) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	rows, _ := conn.Query(t.Context(), `SELECT g.visitor, coalesce(c.email, '') FROM zgoda.active_grant g
		LEFT JOIN zgoda.contact c USING (site, visitor) WHERE g.purpose = 'lead_contact'`)
	var visitor, email string
	found := 0
	_, err = pgx.ForEachRow(rows, []any{&visitor, &email}, func() error {
		if found++; wanted[visitor] != email {
			t.Errorf("%s has the contact %q, want %q", visitor, email, wanted[visitor])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found != len(wanted) {
		t.Errorf("there are %d grants, want %d", found, len(wanted))
	}
	for visitor := range declined {
		if email, ok := wanted[visitor]; ok {
			t.Errorf("%s both agreed (%s) and declined", visitor, email)
		}
	}
	for _, sql := range []string{
		`SELECT count(*) FROM zgoda.set_aside`,
		`SELECT count(*) FROM zgoda.contact c LEFT JOIN zgoda.active_grant g ON g.site = c.site AND g.visitor = c.visitor
			AND g.purpose = 'lead_contact' WHERE g.visitor IS NULL`,
	} {
		if n := p.count(t, sql); n != 0 {
			t.Errorf("%s: %d, want none", sql, n)
		}
	}
}

// P3: a node is paused and woken; its entries were pruned meanwhile. Whatever it
// missed, its clients have after their next beat. A client gives a socket up that
// was silent for 100 s, so a longer pause shows nothing more.
func TestP3_PausedNodeCatchesUp(t *testing.T) {
	t.Parallel()
	pause := time.Duration(proveSize(2, 90)) * time.Second
	r := startRedis(t, servers.RedisOptions{AppendOnly: true})
	url := "redis://" + r.Addr()
	keys := makeKeys(t, url)
	paused, awake := startNodeOn(t, url, keys, "", ""), startNodeOn(t, url, keys, "", "")
	here, err := client.Dial(t.Context(), client.Options{
		URL: "ws://" + paused.addr, Site: "demo", Locale: "en", Origin: "http://" + paused.addr,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	say(t, here, "before the pause")
	secret, _, token := here.Identity()
	there, err := client.Dial(t.Context(), client.Options{
		URL: "ws://" + awake.addr, Site: "demo", Locale: "en", Origin: "http://" + awake.addr, Secret: secret, Token: token,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	if err := paused.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	raw := r.Client()
	defer func() { _ = raw.Close() }()
	time.Sleep(pause)
	if pruneHolders(t, raw) == 0 {
		t.Fatal("there is no entry to prune: the test proves nothing")
	}
	say(t, there, "nobody there hears this")
	if err := paused.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if !here.Connected() {
		t.Fatal("the page was given up: the test proves nothing")
	}
	if _, err := here.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := sameLog(t, here, there)
	say(t, there, "everybody hears this")
	t.Logf("P3: a node paused for %v; %d, then %d events on both pages", pause, n, sameLog(t, here, there))
}

// P2, P4: the primary dies and the Sentinels promote its replica. The gateway
// finds it by itself, sockets stay, and what was confirmed is there.
func TestP2P4_SentinelFailover(t *testing.T) {
	t.Parallel()
	primary := startRedis(t, servers.RedisOptions{AppendOnly: true})
	startRedis(t, servers.RedisOptions{ReplicaOf: primary.Addr()})
	raw := primary.Client()
	defer func() { _ = raw.Close() }()
	watcher, err := servers.Sentinel(t.Context(), servers.SentinelOptions{Name: "main", Primary: primary.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = watcher.Stop() })
	sentinel := watcher.Client()
	defer func() { _ = sentinel.Close() }()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if n, _ := sentinel.Do(t.Context(), "sentinel", "replicas", "main").Slice(); len(n) == 1 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the Sentinel does not see the replica")
		}
	}
	_, addr := startApp(t, gateway.Options{Redis: "redis-sentinel://" + watcher.Addr() + "/main", RedisReplicas: 1})
	p, err := lasting(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	press(t, p, protocol.OfGreeting, "offer")
	answerCard(t, p, "grant") // confirmed by the replica
	sockets := p.Sockets()
	primary.Kill()
	// With one server left nothing can be confirmed; talk does not have to be.
	sayWhenBack(t, p, "when do you open?")
	if got := p.State().Consents["lead_contact"].Status; got != "granted" {
		t.Errorf("after the failover the confirmed consent is %q", got)
	}
	if p.Sockets() != sockets {
		t.Error("the socket was closed")
	}
	for _, v := range p.Violations() {
		t.Errorf("the page saw: %s", v)
	}
}
