package e2e

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
)

// metricsOf asks a node as Prometheus does.
func metricsOf(t *testing.T, app *gateway.App) string {
	t.Helper()
	res, err := http.Get("http://" + app.MetricsAddr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("metrics: %d %v", res.StatusCode, err)
	}
	return string(text)
}

// reload is a page that knows nothing of its visitor's conversation any more.
func reload(c *cluster, like *client.Client) {
	c.t.Helper()
	addr := c.apps[0].Addr().String()
	secret, _, _ := like.Identity()
	p, err := client.Dial(c.t.Context(), client.Options{URL: "ws://" + addr, Site: "demo", Locale: "en", Origin: "http://" + addr, Secret: secret})
	if err != nil {
		c.t.Fatal(err)
	}
	p.Close()
	c.eventually("the reload's socket is gone", func() bool {
		return strings.Contains(metricsOf(c.t, c.apps[0]), `zgoda_gateway_connections{zgoda_audience="visitor",zgoda_site="demo"} 2`)
	})
}

// TestC58_MetricsNameNobody: what a node did is in its metrics, the backlog's length,
// age and rate among it, and nothing that a visitor typed or is.
func TestC58_MetricsNameNobody(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	app, addr := startApp(t, gateway.Options{MetricsListener: listener})
	c := &cluster{t: t, apps: []*gateway.App{app}}
	yes, no := visit(t, addr, "en"), visit(t, addr, "en")
	lead(t, yes, "Ann Canary", "ann.canary@example.com", "grant")
	press(t, no, protocol.OfGreeting, "offer")
	answerCard(t, no, "decline")
	say(t, no, "write to hidden.canary@example.com")
	yes.Drop()
	if err := yes.Reconnect(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	reload(c, yes)
	if _, err := client.Dial(t.Context(), client.Options{URL: "ws://" + addr, Site: "nowhere", Origin: "http://" + addr}); err == nil {
		t.Fatal("a site that does not exist was opened")
	}
	o, err := client.DialOperator(t.Context(), client.OperatorOptions{URL: "ws://" + addr, Cookie: c.cookieOf("olga", "operator")})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	talk := no.Hello().Conversation
	if err := o.Watch(t.Context(), "demo", talk); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Take(t.Context(), "demo", talk); err != nil {
		t.Fatal(err)
	}
	c.eventually("records have left the outbox", func() bool {
		return regexp.MustCompile(`(?m)^zgoda_outbox_flushed_total{.*"applied".*} [1-9]`).MatchString(metricsOf(t, app))
	})
	text := metricsOf(t, app)
	for _, want := range []string{
		`zgoda_gateway_connections{.*zgoda_audience="visitor".*zgoda_site="demo"} 2`,
		`zgoda_gateway_connections{.*zgoda_audience="operator".*} 1`,
		`zgoda_gateway_closes_total{.*code="peer"} [1-9]`,
		`zgoda_gateway_refusals_total{.*unknown_site.*} 1`,
		`zgoda_gateway_resumes_total{.*"new".*} [2-9]`, `zgoda_gateway_resumes_total{.*"(continued|replayed)".*} 1`, `zgoda_gateway_resumes_total{.*"whole".*} 1`,
		`zgoda_gateway_turns_total{.*"ok".*"demo".*} [1-9]`, `zgoda_gateway_turn_duration_seconds_bucket{.*} [1-9]`,
		`zgoda_gateway_commits_total{.*"committed".*} [1-9]`, `zgoda_gateway_commit_duration_seconds_count{.*} [1-9]`,
		`zgoda_gateway_ready 1`, `zgoda_gateway_queue_size_bytes`, `zgoda_outbox_records`, `zgoda_outbox_oldest_age_seconds`, `zgoda_outbox_flush_rate`,
		`zgoda_consent_events_total{.*"granted".*"lead_contact".*} 1`, `zgoda_consent_events_total{.*"declined".*} 1`,
		`zgoda_consent_blocked_total{.*"masked".*} 1`, `zgoda_operator_takeovers_total{.*"bot".*} 1`,
		`zgoda_build_info`, `zgoda_telemetry_dropped_total{.*} 0`,
	} {
		if !regexp.MustCompile("(?m)^" + want).MatchString(text) {
			t.Errorf("no %s", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", text)
	}
	for _, secret := range []string{"canary", "Ann", talk, no.Hello().Visitor, "nowhere", "olga"} {
		if strings.Contains(text, secret) {
			t.Errorf("the metrics name %q", secret)
		}
	}
	checkMetrics(t, text)
}

// checkMetrics asks promtool what is wrong with metrics, where it is installed.
func checkMetrics(t *testing.T, text string) {
	t.Helper()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Log("LOUD: promtool is not installed (Debian package prometheus): the metrics' names were not checked by it")
		return
	}
	cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
