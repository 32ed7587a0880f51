package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// proveSize returns the size of a proof: small for `make test`, full for `make
// prove`.
func proveSize(small, full int) int {
	if os.Getenv("ZGODA_PROVE") != "" {
		return full
	}
	return small
}

// cluster is several gateways of this process on one real Redis.
type cluster struct {
	t       *testing.T
	redis   *servers.RedisServer
	keys    string // the data folder: the same keys on every node
	apps    []*gateway.App
	cookies map[string]string // of operators, by login
}

func startRedis(t *testing.T, o servers.RedisOptions) *servers.RedisServer {
	t.Helper()
	r, err := servers.Redis(t.Context(), o)
	if err != nil {
		t.Fatalf("redis: %v", err)
	}
	t.Cleanup(func() { _ = r.Stop() })
	return r
}

func startCluster(t *testing.T, nodes int, o gateway.Options) *cluster {
	t.Helper()
	c := &cluster{t: t, redis: startRedis(t, servers.RedisOptions{
		// A killed Redis that syncs every second may lose the last one.
		AppendOnly: true, Extra: []string{"--appendfsync", "always"},
	}), keys: t.TempDir()}
	for range nodes {
		c.add(o)
	}
	return c
}

// add starts one more gateway.
func (c *cluster) add(o gateway.Options) *gateway.App {
	c.t.Helper()
	o.Redis, o.DataDir = "redis://"+c.redis.Addr(), c.keys
	if o.Limits.PerSecond == 0 {
		o.Limits = unlimited
	}
	app, _ := startApp(c.t, o)
	c.apps = append(c.apps, app)
	return app
}

func (c *cluster) addr(i int) string { return c.apps[i].Addr().String() }

// page opens a page of a visitor at node i. same is an earlier page of the same
// visitor, or nil.
func (c *cluster) page(i int, same *client.Client, auto bool) *client.Client {
	c.t.Helper()
	p := c.lossyPage(i, same, auto)
	c.t.Cleanup(func() {
		for _, v := range p.Violations() {
			c.t.Errorf("a client saw: %s", v)
		}
	})
	return p
}

// lossyPage is page for tests in which the store loses what it had acknowledged.
func (c *cluster) lossyPage(i int, same *client.Client, auto bool) *client.Client {
	c.t.Helper()
	o := client.Options{
		URL: "ws://" + c.addr(i), Site: "demo", Locale: "en", Origin: "http://" + c.addr(i), AutoReconnect: auto,
		Reconnect: client.Backoff{First: 100 * time.Millisecond, Max: 500 * time.Millisecond}, Grace: 100 * time.Millisecond,
		OnFrame: fitsTheDocument(c.t),
	}
	if same != nil {
		o.Secret, _, o.Token = same.Identity()
	}
	p, err := client.Dial(c.t.Context(), o)
	if err != nil {
		c.t.Fatalf("open a page at node %d: %v", i, err)
	}
	c.t.Cleanup(p.Close)
	return p
}

// sameLog waits until both pages have the same log and checks it for holes.
func sameLog(t *testing.T, a, b *client.Client) int {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		x, y := a.Events(), b.Events()
		if len(x) == len(y) && len(x) > 0 && x[len(x)-1].ID == y[len(y)-1].ID {
			for i := range x {
				if x[i].Seq != y[i].Seq || x[i].ID != y[i].ID || plain(x[i]) != plain(y[i]) {
					t.Fatalf("event %d differs: %+v and %+v", i, x[i], y[i])
				}
				if i > 0 && x[i].Seq != x[i-1].Seq+1 {
					t.Fatalf("after seq %d comes %d", x[i-1].Seq, x[i].Seq)
				}
			}
			return len(x)
		}
		if time.Now().After(deadline) {
			t.Fatalf("one page has %d events, the other %d", len(x), len(y))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// linesOnce checks that every line is in the log exactly once and in order.
func linesOnce(t *testing.T, events []protocol.Event, lines []string) {
	t.Helper()
	var said []string
	for _, e := range events {
		if e.From == "visitor" {
			said = append(said, plain(e))
		}
	}
	if strings.Join(said, "|") != strings.Join(lines, "|") {
		t.Errorf("the log has the lines %q, want %q", said, lines)
	}
}

// P1, P3, P4: two tabs of one visitor on two nodes race; both see the same.
func TestP1P4_TwoTabsOnTwoNodesSeeTheSame(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, gateway.Options{Rate: persistence.Rate{Max: 1 << 20, Window: time.Second}})
	a := c.page(0, nil, false)
	say(t, a, "hello")
	b := c.page(1, a, false)
	rounds := proveSize(20, 500)
	var wg sync.WaitGroup
	for i, p := range []*client.Client{a, b} {
		wg.Go(func() {
			for k := range rounds {
				if _, err := p.Say(t.Context(), fmt.Sprintf("tab %d line %d", i, k)); err != nil {
					t.Errorf("say: %v", err)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("P1 P4: %d events, the same on both nodes", sameLog(t, a, b))
	for i, p := range []*client.Client{a, b} {
		n := 0
		for _, e := range p.Events() {
			if strings.HasPrefix(plain(e), fmt.Sprintf("tab %d", i)) {
				n++
			}
		}
		if n != rounds {
			t.Errorf("tab %d said %d lines, the log has %d", i, rounds, n)
		}
	}
}

// P2, P4: the client resumes on another node, with what it had not been told.
func TestP4_ResumeOnAnotherNode(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, gateway.Options{})
	p := c.page(0, nil, false)
	lines := []string{"one", "two", "three", "four"}
	for i, line := range lines {
		say(t, p, line)
		p.Drop()
		if err := p.Reconnect(t.Context(), "ws://"+c.addr((i+1)%2)); err != nil {
			t.Fatalf("resume on the other node: %v", err)
		}
		if got := p.Hello().Resume; got != protocol.ResumeResumed {
			t.Errorf("resumed with %q", got)
		}
	}
	linesOnce(t, p.Events(), lines)
}

// P11: Redis is frozen. Sockets stay, nothing is acknowledged, and when it goes
// on the unsent line is applied once.
func TestP11_FrozenRedis(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1, gateway.Options{})
	p := c.page(0, nil, false)
	say(t, p, "before")
	sockets := p.Sockets()
	if err := c.redis.Freeze(); err != nil {
		t.Fatal(err)
	}
	said := make(chan error, 1)
	go func() {
		_, err := p.Say(t.Context(), "while it is frozen")
		said <- err
	}()
	select {
	case err := <-said:
		t.Errorf("a line was answered while Redis was frozen: %v", err)
	case <-time.After(time.Duration(proveSize(3, 10)) * time.Second):
	}
	if b, err := p.Beat(t.Context()); err != nil || b.Epoch != "" {
		t.Errorf("a beat was answered %+v, %v; want one without a position", b, err)
	}
	if err := c.redis.Thaw(); err != nil {
		t.Fatal(err)
	}
	if err := <-said; err != nil {
		t.Errorf("after the thaw: %v", err)
	}
	say(t, p, "after")
	if p.Sockets() != sockets {
		t.Errorf("the client needed %d more sockets", p.Sockets()-sockets)
	}
	linesOnce(t, p.Events(), []string{"before", "while it is frozen", "after"})
}

// P2, P11: Redis is killed and comes back with its data.
func TestP11_RedisKilledAndRestarted(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, gateway.Options{})
	p := c.page(0, nil, true)
	other := c.page(1, nil, true)
	say(t, other, "hello")
	lines := []string{"before"}
	say(t, p, "before")
	for i := range proveSize(2, 10) {
		c.redis.Kill()
		said := make(chan error, 1)
		line := fmt.Sprintf("while it is away %d", i)
		lines = append(lines, line)
		go func() {
			_, err := p.Say(t.Context(), line)
			said <- err
		}()
		time.Sleep(200 * time.Millisecond)
		if err := c.redis.Restart(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if err := <-said; err != nil {
			t.Errorf("after the restart: %v", err)
		}
	}
	linesOnce(t, p.Events(), lines)
	// What one node commits reaches the other again.
	tab := c.page(1, p, true)
	say(t, p, "are you there?")
	sameLog(t, p, tab)
}

// P3: Redis comes back empty. The client is told to reset and can go on.
func TestP3_RedisRestartedEmptyResets(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 1, gateway.Options{})
	p := c.lossyPage(0, nil, true)
	say(t, p, "lost with the disk")
	if err := c.redis.Restart(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	p.Drop()
	if err := p.WaitConnected(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := p.Say(ctx, "after"); err != nil {
		t.Fatalf("say after the loss: %v", err)
	}
	linesOnce(t, p.Events(), []string{"after"})
	if p.Resets() == 0 {
		t.Error("the client was not told to reset")
	}
}

// P3: SCRIPT FLUSH under load costs nothing.
func TestP2_ScriptFlushUnderLoad(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, gateway.Options{})
	raw := redis.NewClient(&redis.Options{Addr: c.redis.Addr()})
	defer func() { _ = raw.Close() }()
	var wg sync.WaitGroup
	for i := range 4 {
		p := c.page(i%2, nil, false)
		wg.Go(func() {
			var lines []string
			for k := range proveSize(10, 200) {
				lines = append(lines, fmt.Sprintf("line %d", k))
				if _, err := p.Say(t.Context(), lines[k]); err != nil {
					t.Errorf("say: %v", err)
				}
				if k%5 == 0 {
					raw.ScriptFlush(t.Context())
				}
			}
			linesOnce(t, p.Events(), lines)
		})
	}
	wg.Wait()
}

// lossy loses one in twenty of the news a node would hear.
type lossy struct {
	persistence.Nodes
	lost *atomic.Int64
}

func (l lossy) Listen(ctx context.Context, node string, hear func(persistence.News)) error {
	return l.Nodes.Listen(ctx, node, func(n persistence.News) {
		if !n.Subscribed && n.Probe == "" && rand.IntN(20) == 0 {
			l.lost.Add(1)
			return
		}
		hear(n)
	})
}

// P3: one in twenty messages between the nodes is lost, the last ones included.
// Holes are repaired at once, a lost last event within one beat.
func TestP3_LostNewsAreFound(t *testing.T) {
	t.Parallel()
	var lost atomic.Int64
	c := startCluster(t, 2, gateway.Options{
		Rate:      persistence.Rate{Max: 1 << 20, Window: time.Second},
		WrapNodes: func(n persistence.Nodes) persistence.Nodes { return lossy{n, &lost} },
	})
	events := 0
	for range proveSize(4, 20) {
		a := c.page(0, nil, false)
		say(t, a, "hello")
		b := c.page(1, a, true)
		for k := range 30 {
			say(t, a, fmt.Sprintf("line %d", k))
		}
		if _, err := b.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
		events += sameLog(t, a, b)
	}
	if lost.Load() == 0 {
		t.Error("nothing was lost: the test proves nothing")
	}
	t.Logf("P3: %d news lost, %d events checked on both nodes", lost.Load(), events)
}

// P3: a node's entry is pruned while the node is paused. Its next beat enters it
// again and finds what it has missed.
func TestP3_PrunedEntryIsFoundByTheBeat(t *testing.T) {
	t.Parallel()
	c := startCluster(t, 2, gateway.Options{})
	a := c.page(0, nil, false)
	say(t, a, "hello")
	b := c.page(1, a, false)
	raw := redis.NewClient(&redis.Options{Addr: c.redis.Addr()})
	defer func() { _ = raw.Close() }()
	pruned := pruneHolders(t, raw)
	if pruned == 0 {
		t.Fatal("no holders were found: the test proves nothing")
	}
	say(t, a, "nobody hears this")
	if len(b.Events()) == len(a.Events()) {
		t.Fatal("the pruned node heard the line: the test proves nothing")
	}
	if _, err := b.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	sameLog(t, a, b)
	say(t, a, "everybody hears this")
	t.Logf("P3: %d entries pruned, %d events on both nodes", pruned, sameLog(t, a, b))
}

// pruneHolders deletes the lists of holders of every conversation.
func pruneHolders(t *testing.T, raw *redis.Client) int {
	t.Helper()
	n := 0
	for iter := raw.Scan(t.Context(), 0, "*", 1000).Iterator(); iter.Next(t.Context()); {
		key := iter.Val()
		if strings.Contains(key, "}h:") {
			n++
			raw.Del(t.Context(), key)
		}
	}
	return n
}

// P12: a rolling restart of three gateways under load loses, repeats and reorders
// nothing; clients are asked to leave, and come back elsewhere before they drop
// the old socket.
func TestP12_RollingRestart(t *testing.T) {
	t.Parallel()
	drain := time.Duration(proveSize(500, 6000)) * time.Millisecond
	c := startCluster(t, 3, gateway.Options{DrainTime: drain})
	visitors := proveSize(30, 2000)
	pages := make([]*client.Client, visitors)
	balancer := &roundRobin{}
	for i := range c.apps {
		balancer.add(c.addr(i))
	}
	var opening sync.WaitGroup
	slots := make(chan struct{}, 50)
	for i := range pages {
		slots <- struct{}{}
		opening.Go(func() {
			defer func() { <-slots }()
			pages[i] = balancer.page(t)
		})
	}
	opening.Wait()
	stop := make(chan struct{})
	said := make([][]string, visitors)
	var talking sync.WaitGroup
	for i, p := range pages {
		talking.Go(func() {
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				case <-time.After(time.Duration(100+rand.IntN(900)) * time.Millisecond * time.Duration(max(1, visitors/250))):
				}
				line := fmt.Sprintf("line %d", k)
				said[i] = append(said[i], line)
				if _, err := p.Say(t.Context(), line); err != nil {
					t.Errorf("visitor %d: %v", i, err)
					return
				}
			}
		})
	}
	for i := range 3 {
		fresh := c.add(gateway.Options{DrainTime: drain})
		balancer.replace(c.addr(i), fresh.Addr().String())
		if err := c.apps[i].Stop(t.Context()); err != nil {
			t.Errorf("stop node %d: %v", i, err)
		}
	}
	time.Sleep(500 * time.Millisecond)
	close(stop)
	talking.Wait()
	events := 0
	for i, p := range pages {
		linesOnce(t, p.Events(), said[i])
		for _, v := range p.Violations() {
			t.Errorf("visitor %d saw: %s", i, v)
		}
		events += len(p.Events())
		p.Close()
	}
	t.Logf("P12: %d visitors, %d events checked, 3 nodes replaced", visitors, events)
}
