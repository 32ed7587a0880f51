package e2e

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	collectormetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collectortrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// A seenSpan is what the tests ask of a span that left a gateway.
type seenSpan struct {
	Node, Name, Trace, Span, Parent string
	Kind                            string
	Took                            time.Duration
	Attributes                      map[string]string
	Links                           []string // traces
	Events                          int
	Message                         string
}

// A collector is an OTLP receiver. It keeps all that was sent to it.
type collector struct {
	mu      sync.Mutex // guards the fields below
	spans   []seenSpan
	metrics map[string]bool
	raw     []byte
}

// runCollector is the process of a collector. It prints its address and runs until
// standard input is closed.
func runCollector() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c := &collector{metrics: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		c.receive(w, r, &collectortrace.ExportTraceServiceRequest{}, &collectortrace.ExportTraceServiceResponse{})
	})
	mux.HandleFunc("POST /v1/metrics", func(w http.ResponseWriter, r *http.Request) {
		c.receive(w, r, &collectormetrics.ExportMetricsServiceRequest{}, &collectormetrics.ExportMetricsServiceResponse{})
	})
	mux.HandleFunc("GET /seen", func(w http.ResponseWriter, _ *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		_ = json.NewEncoder(w).Encode(seen{Spans: c.spans, Metrics: c.metrics, Raw: c.raw})
	})
	go func() { _ = http.Serve(listener, mux) }()
	fmt.Println("listening", listener.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// seen is what a collector tells.
type seen struct {
	Spans   []seenSpan
	Metrics map[string]bool
	Raw     []byte
}

func (c *collector) receive(w http.ResponseWriter, r *http.Request, into, answer proto.Message) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = proto.Unmarshal(body, into)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = append(c.raw, body...)
	switch m := into.(type) {
	case *collectortrace.ExportTraceServiceRequest:
		c.addSpans(m)
	case *collectormetrics.ExportMetricsServiceRequest:
		for _, of := range m.ResourceMetrics {
			for _, scope := range of.ScopeMetrics {
				for _, metric := range scope.Metrics {
					c.metrics[metric.Name] = true
				}
			}
		}
	}
	out, _ := proto.Marshal(answer)
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(out)
}

func (c *collector) addSpans(m *collectortrace.ExportTraceServiceRequest) {
	for _, of := range m.ResourceSpans {
		node := ""
		for _, kv := range of.Resource.Attributes {
			if kv.Key == "service.instance.id" {
				node = kv.Value.GetStringValue()
			}
		}
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				out := seenSpan{
					Node: node, Name: s.Name, Trace: hex.EncodeToString(s.TraceId), Span: hex.EncodeToString(s.SpanId),
					Parent: hex.EncodeToString(s.ParentSpanId), Kind: s.Kind.String(), Took: time.Duration(s.EndTimeUnixNano - s.StartTimeUnixNano), //nolint:gosec // a test's
					Attributes: map[string]string{}, Events: len(s.Events), Message: s.Status.GetMessage(),
				}
				for _, kv := range s.Attributes {
					out.Attributes[kv.Key] = kv.Value.String()
				}
				for _, l := range s.Links {
					out.Links = append(out.Links, hex.EncodeToString(l.TraceId))
				}
				c.spans = append(c.spans, out)
			}
		}
	}
}

// askCollector returns what a collector has seen.
func askCollector(t *testing.T, addr string) seen {
	t.Helper()
	res, err := http.Get("http://" + addr + "/seen")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var s seen
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}
