package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway"
	"zgoda/gateway/chat"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
	"zgoda/persistence/redisstore"
	"zgoda/persistence/seal"
	"zgoda/persistence/servers"
)

// observed is two gateways, an OTLP receiver and a Prometheus, each a process.
type observed struct {
	t            *testing.T
	redis, data  string
	postgres     postgres
	a, b         *node
	sink         *node
	prometheus   string
	staffCookies []string // of two operators
}

// freePort returns an address that nobody listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

func startObserved(t *testing.T) *observed {
	t.Helper()
	r := startRedis(t, servers.RedisOptions{AppendOnly: true})
	o := &observed{t: t, redis: "redis://" + r.Addr(), postgres: startPostgres(t), data: t.TempDir()}
	o.sink = startChild(t, child{data: "collector", env: []string{envBare + "=collector"}})
	start := func(name string) (*node, string) {
		metrics := freePort(t)
		return startChild(t, child{redis: o.redis, postgres: o.postgres.url(), data: o.data, env: []string{
			envProm + "=" + metrics, envNode + "=" + name, envDrain + "=3s", envBuffer + "=16384", "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_METRIC_EXPORT_INTERVAL=200",
			"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + o.sink.addr,
		}}), metrics
	}
	var first, second string
	seed, err := gateway.New(t.Context(), gateway.Options{
		Redis: o.redis, Postgres: o.postgres.url(), DataDir: o.data, SitesDir: sitesDir(), Processor: processor,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = seed.Stop(context.Background()) }()
	o.a, first = start("a")
	o.b, second = start("b")
	for _, login := range []string{"anna", "bert"} {
		answer, err := seed.Operator(t.Context(), gateway.OperatorCommand{Kind: "add", Login: login, Site: "demo", Role: "operator"})
		if err != nil {
			t.Fatal(err)
		}
		cookie, err := client.Accept(t.Context(), "http://"+o.a.addr, answer.Path, login, passphrase)
		if err != nil {
			t.Fatal(err)
		}
		o.staffCookies = append(o.staffCookies, cookie)
	}
	o.prometheus = startPrometheus(t, first, second)
	return o
}

// startPrometheus starts a Prometheus that asks the targets ten times a second.
func startPrometheus(t *testing.T, targets ...string) string {
	t.Helper()
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Fatal("prometheus is not installed: make needs installs the Debian package prometheus")
	}
	dir, addr := t.TempDir(), freePort(t)
	config := "global: {scrape_interval: 100ms, scrape_timeout: 100ms}\nscrape_configs:\n  - job_name: zgoda\n    static_configs:\n      - targets: [" +
		strings.Join(targets, ", ") + "]\n"
	file := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	cmd := exec.Command(program, "--config.file", file, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", addr,
		"--enable-feature", "exemplar-storage")
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus: %s", log)
		}
	})
	return addr
}

// answer is what Prometheus says to a question.
type answer struct {
	Data json.RawMessage
}

func (o *observed) ask(path string, q url.Values, into any) error {
	res, err := http.Get("http://" + o.prometheus + "/api/v1/" + path + "?" + q.Encode())
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var a answer
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
		return err
	}
	return json.Unmarshal(a.Data, into)
}

// most is the largest value that any series of a query has had; -1 where there is none.
func (o *observed) most(query string) float64 {
	var found struct {
		Result []struct{ Value []any }
	}
	if err := o.ask("query", url.Values{"query": {"max(max_over_time(" + query + "[10m]))"}}, &found); err != nil || len(found.Result) != 1 {
		return -1
	}
	text, _ := found.Result[0].Value[1].(string)
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return -1
	}
	return v
}

// moves waits until Prometheus has seen a metric above 0.
func (o *observed) moves(query string) {
	o.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		v := o.most(query)
		if v > 0 {
			return
		}
		if time.Now().After(end) {
			o.t.Errorf("%s did not move: %g", query, v)
			return
		}
	}
}

func (o *observed) page(n *node, like *client.Client, trace string) *client.Client {
	o.t.Helper()
	opts := client.Options{URL: "ws://" + n.addr, Site: "demo", Locale: "en", Origin: "http://" + n.addr, Trace: trace}
	if like != nil {
		opts.Secret, _, opts.Token = like.Identity()
	}
	p, err := client.Dial(o.t.Context(), opts)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(p.Close)
	return p
}

func (o *observed) operator(n *node, who int) *client.Operator {
	o.t.Helper()
	op, err := client.DialOperator(o.t.Context(), client.OperatorOptions{URL: "ws://" + n.addr, Cookie: o.staffCookies[who]})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(op.Close)
	return op
}

// conflicts lets two pages of one visitor speak at once on two nodes.
func (o *observed) conflict() {
	one := o.page(o.a, nil, "")
	say(o.t, one, "hello")
	two := o.page(o.b, one, "")
	for end := time.Now().Add(patience); o.most("zgoda_gateway_commit_conflicts_total") < 1 && time.Now().Before(end); {
		var both sync.WaitGroup
		for _, p := range []*client.Client{one, two} {
			both.Go(func() {
				for range 5 {
					_, _ = p.Say(o.t.Context(), "when do you open?") // the rate may bound it
				}
			})
		}
		both.Wait()
	}
}

// poison leaves a record in the outbox that no store can apply: a question in a text
// that nobody knows.
func (o *observed) poison() {
	o.t.Helper()
	keys, err := seal.Load(filepath.Join(o.data, gateway.KeyFile))
	if err != nil {
		o.t.Fatal(err)
	}
	ring, err := keys.Keyring()
	if err != nil {
		o.t.Fatal(err)
	}
	store, err := redisstore.New(o.t.Context(), redisstore.Options{URL: o.redis, Sites: []string{"demo"}})
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	const visitor = "v_poisonpoisonpoisonpoisonpo"
	record := persistence.Record{Site: "demo", Visitor: visitor, VSeq: 1, At: time.Now().UTC(), Entry: &persistence.LedgerEntry{
		ID: "ev_poison", Purpose: persistence.PurposeLead, Kind: persistence.KindRequested, Notice: "sha256:" + strings.Repeat("0", 64),
		Locale: "en", Actor: "visitor", Method: "card", OccurredAt: time.Now().UTC(),
	}}
	plain, err := persistence.EncodeRecord(record)
	if err != nil {
		o.t.Fatal(err)
	}
	sealed, err := ring.Seal(persistence.Scope{Site: "demo", Subject: visitor, Item: persistence.ItemOutbox + "1"}, plain)
	if err != nil {
		o.t.Fatal(err)
	}
	res, err := store.Commit(o.t.Context(), &persistence.Commit{
		Key: persistence.Key{Site: "demo", Conversation: chat.ConversationOf(visitor)}, Visitor: visitor, Now: time.Now(), Epoch: "e", State: []byte("x"),
		Input:  persistence.Input{Client: persistence.ServerClient, N: 1, Digest: []byte("d")},
		Outbox: []persistence.OutboxRecord{{Site: "demo", Visitor: visitor, VSeq: 1, At: record.At, Payload: sealed}},
	})
	if err != nil || res.Outcome != persistence.Committed {
		o.t.Fatalf("%v, %v", res.Outcome, err)
	}
}

// stall opens a page that reads nothing and lets another write until it is cut.
func (o *observed) stall() {
	o.t.Helper()
	talker := o.page(o.a, nil, "")
	say(o.t, talker, "hello")
	secret, _, token := talker.Identity()
	dialer := &net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) { failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
		return errors.Join(err, failed)
	}}
	deaf, _, err := websocket.Dial(o.t.Context(), "ws://"+o.a.addr+"/v1/ws?site=demo", &websocket.DialOptions{
		Subprotocols: []string{protocol.Subprotocol}, HTTPHeader: http.Header{"Origin": {"http://" + o.a.addr}},
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}},
	})
	if err != nil {
		o.t.Fatal(err)
	}
	defer func() { _ = deaf.CloseNow() }()
	open := fmt.Sprintf(`{"t":"open","client":"deafdeafdeafdeaf","secret":%q,"token":%q}`, secret, token)
	if err := deaf.Write(o.t.Context(), websocket.MessageText, []byte(open)); err != nil {
		o.t.Fatal(err)
	}
	long := strings.Repeat("🌱", protocol.MaxTextRunes)
	for end := time.Now().Add(patience); o.most(`zgoda_gateway_closes_total{zgoda_close_code=~"slow|stalled"}`) < 1 && time.Now().Before(end); {
		for range 20 {
			_, _ = talker.Say(o.t.Context(), long)
		}
	}
}
