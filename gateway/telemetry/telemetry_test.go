package telemetry

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite METRICS.md")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func page() []byte {
	var b bytes.Buffer
	b.WriteString("# Metrics\n\nMade from the table in `catalog.go` by `go test ./gateway/telemetry -run TestPage -update`. Prometheus has the names with\n" +
		"underscores and the unit at the end: `zgoda.gateway.turn.duration` is `zgoda_gateway_turn_duration_seconds`.\nA label has words of this program, a site's key or the beginning of a notice's hash; " +
		"never what a visitor is or typed.\n\n| name | kind | unit | labels | |\n|---|---|---|---|---|\n")
	for _, m := range Metrics {
		var keys []string
		for _, k := range m.Labels {
			keys = append(keys, "`"+string(k)+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.Name, m.Kind, m.Unit, strings.Join(keys, " "), m.Help)
	}
	return b.Bytes()
}

// The page is what the table says.
func TestPage(t *testing.T) {
	t.Parallel()
	want := page()
	if *update {
		if err := os.WriteFile("METRICS.md", want, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile("METRICS.md"); err != nil || !bytes.Equal(got, want) {
		t.Errorf("METRICS.md is not what the table says (-update writes it): %v", err)
	}
}

func provider(t *testing.T, sites ...string) (*Provider, *sdkmetric.ManualReader) {
	t.Helper()
	reader := sdkmetric.NewManualReader()
	p, err := New(t.Context(), Options{Reader: reader, Sites: sites, Node: "n"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	return p, reader
}

func collected(t *testing.T, r *sdkmetric.ManualReader) map[string]metricdata.Metrics {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := r.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]metricdata.Metrics{}
	for _, s := range all.ScopeMetrics {
		for _, m := range s.Metrics {
			out[m.Name] = m
		}
	}
	return out
}

// everything records each metric once.
func everything(p *Provider) error {
	ctx, end := p.Begin(context.Background(), "shop", "text", "")
	_, answered := p.Commit(ctx, "shop")
	answered("stale")
	end("ok")
	p.Decision("shop", "lead_contact", "granted", strings.Repeat("ab", 32))
	p.Blocked("shop", "masked")
	p.Taken("shop", "queue", time.Minute)
	p.GaveUp(time.Minute)
	p.Opened("shop", "visitor")
	p.Closed("shop", "visitor", "slow")
	p.Refused("draining")
	p.Resumed("shop", "reset")
	p.Called("shop", "retry", time.Second)
	p.Receipt("shop", "issued")
	p.Retained("shop", true, map[string]int{"contact": 1})
	return p.Ask(Sources{
		Ready: func() bool { return true },
		Queue: func() (int64, int64) { return 2, 1 }, Outbox: func() Outbox { return Outbox{Records: 3} },
		Online: func() map[string]int { return map[string]int{"shop": 1} }, Drain: func() (float64, int64) { return .5, 1 },
	})
}

// Every metric of the table is made, with the labels the table has, and no other is.
func TestTableIsWhatThereIs(t *testing.T) {
	t.Parallel()
	p, reader := provider(t, "shop")
	if err := everything(p); err != nil {
		t.Fatal(err)
	}
	found := collected(t, reader)
	for _, m := range Metrics {
		got, ok := found[m.Name]
		if !ok || got.Unit != m.Unit || got.Description != m.Help {
			t.Errorf("%s: %v, unit %q", m.Name, ok, got.Unit)
			continue
		}
		for _, set := range sets(got) {
			for _, kv := range set.ToSlice() {
				if !m.has(kv.Key) {
					t.Errorf("%s has the label %s", m.Name, kv.Key)
				}
			}
		}
		delete(found, m.Name)
	}
	for name := range found {
		t.Errorf("%s is not in the table", name)
	}
	if n := p.sieve.metrics.Load(); n != 0 {
		t.Errorf("%d labels of our own were dropped", n)
	}
}

func sets(m metricdata.Metrics) (out []attribute.Set) {
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			out = append(out, p.Attributes)
		}
	case metricdata.Gauge[float64]:
		for _, p := range d.DataPoints {
			out = append(out, p.Attributes)
		}
	case metricdata.Histogram[float64]:
		for _, p := range d.DataPoints {
			out = append(out, p.Attributes)
		}
	}
	return out
}

// TestP9_LabelsThatAreNotListedStay: a key that nobody listed, or a value that is no
// word, does not leave, and is counted.
func TestP9_LabelsThatAreNotListedStay(t *testing.T) {
	t.Parallel()
	p, reader := provider(t, "shop")
	c, err := p.metrics.Meter(scope).Int64Counter("zgoda.test")
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range []attribute.KeyValue{
		attribute.String("conversation", "c_abc"), keyOutcome.String("anna@example.com"), keyReason.String("+48 600 700 800"), keyInput.String("two words"),
		keyNotice.String("not a hash"), keyReason.String("600700800"), keyOutcome.Int(600700800),
	} {
		c.Add(t.Context(), 1, metric.WithAttributes(kv))
	}
	c.Add(t.Context(), 1, metric.WithAttributes(keyOutcome.String("ok")))
	all := sets(collected(t, reader)["zgoda.test"])
	if len(all) != 2 || !slices.ContainsFunc(all, func(s attribute.Set) bool { return s.Len() == 0 }) {
		t.Errorf("the series are %v", all)
	}
	if n := p.sieve.metrics.Load(); n != 7 {
		t.Errorf("%d labels were dropped, want 7", n)
	}
}

// Ten thousand sites do not make ten thousand series.
func TestSitesAreBounded(t *testing.T) {
	t.Parallel()
	var keys []string
	for i := range 10_000 {
		keys = append(keys, fmt.Sprintf("s%04d", i))
	}
	p, reader := provider(t, keys...)
	for _, key := range append(keys, "what-a-visitor-made-up") {
		_, end := p.Begin(t.Context(), key, "text", "")
		end("ok")
	}
	if n := len(sets(collected(t, reader)[turns.Name])); n != MaxSites+1 {
		t.Errorf("%d series", n)
	}
}

// A collector that is gone, that hangs or that answers garbage holds up nobody.
func TestP11_CollectorIsNotWaitedFor(t *testing.T) {
	hang := make(chan struct{})
	for name, answer := range map[string]http.HandlerFunc{
		"garbage": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"refuses": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
		"hangs":   func(http.ResponseWriter, *http.Request) { <-hang },
		"gone":    nil,
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(answer)
			url := srv.URL
			if answer == nil {
				srv.Close()
			}
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
			t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "20")
			t.Setenv("OTEL_METRIC_EXPORT_TIMEOUT", "200")
			o, err := FromEnvironment(os.Getenv)
			if err != nil || !o.Metrics || !o.Traces {
				t.Fatalf("%+v, %v", o, err)
			}
			p, err := New(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			for range 10_000 {
				_, end := p.Begin(t.Context(), "shop", "text", "")
				end("ok")
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("10,000 turns took %v to be told of", took)
			}
			began = time.Now()
			if err := p.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
			if took := time.Since(began); took > 2*shutdownTimeout {
				t.Errorf("the end took %v", took)
			}
			if name == "hangs" {
				close(hang)
			}
			if answer != nil {
				srv.Close()
			}
			http.DefaultClient.CloseIdleConnections()
		})
	}
}

func TestFromEnvironment(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		want Options
		says string
	}{
		"nothing":        {nil, Options{}, ""},
		"an endpoint":    {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4318"}, Options{Traces: true, Metrics: true}, ""},
		"metrics alone":  {map[string]string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://x:4318"}, Options{Metrics: true}, ""},
		"disabled":       {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, Options{}, ""},
		"none":           {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, Options{Metrics: true}, ""},
		"wrong exporter": {map[string]string{"OTEL_METRICS_EXPORTER": "statsd"}, Options{}, "it can be otlp or none"},
		"grpc":           {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, Options{}, "speaks http/protobuf"},
		"wrong sampler":  {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_SAMPLER": "some"}, Options{}, "traceidratio"},
		"wrong ratio":    {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10%"}, Options{}, "0 to 1"},
	} {
		got, err := FromEnvironment(func(name string) string { return c.env[name] })
		if c.says != "" {
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q in it", name, err, c.says)
			}
			continue
		}
		if err != nil || got.Traces != c.want.Traces || got.Metrics != c.want.Metrics {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}
