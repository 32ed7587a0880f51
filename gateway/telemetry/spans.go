package telemetry

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"go.opentelemetry.io/otel/attribute"
)

// A spanExporter lets out of spans what the allow-list names. Whoever made a span,
// this is the last that sees it.
type spanExporter struct {
	sdktrace.SpanExporter
	sieve    *sieve
	failures *failures
}

// ExportSpans implements sdktrace.SpanExporter. A collector that does not take them
// is counted and not told to the SDK, which would write to standard error.
func (e *spanExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	out := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		out[i] = e.sieve.span(s)
	}
	if err := e.SpanExporter.ExportSpans(ctx, out); err != nil {
		e.failures.traces.Add(1)
		e.failures.tell("traces", err)
	}
	return nil
}

// A shownSpan is a span without what must not leave.
type shownSpan struct {
	sdktrace.ReadOnlySpan
	attributes []attribute.KeyValue
	links      []sdktrace.Link
}

func (s *sieve) span(span sdktrace.ReadOnlySpan) sdktrace.ReadOnlySpan {
	out := &shownSpan{ReadOnlySpan: span, attributes: s.attributes(span.Attributes())}
	for _, l := range span.Links() {
		l.SpanContext = l.SpanContext.WithTraceState(trace.TraceState{})
		l.Attributes = s.attributes(l.Attributes)
		out.links = append(out.links, l)
	}
	return out
}

// Name implements sdktrace.ReadOnlySpan.
func (s *shownSpan) Name() string {
	name := s.ReadOnlySpan.Name()
	if len(name) > longest || !word(attribute.StringValue(strings.ReplaceAll(name, " ", "_"))) {
		return "unnamed"
	}
	return name
}

// Attributes implements sdktrace.ReadOnlySpan.
func (s *shownSpan) Attributes() []attribute.KeyValue { return s.attributes }

// Links implements sdktrace.ReadOnlySpan.
func (s *shownSpan) Links() []sdktrace.Link { return s.links }

// Events implements sdktrace.ReadOnlySpan: they hold the texts of errors, which may
// quote what could not be read.
func (s *shownSpan) Events() []sdktrace.Event { return nil }

// Status implements sdktrace.ReadOnlySpan: without the text, for the same reason.
func (s *shownSpan) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}

// SpanContext implements sdktrace.ReadOnlySpan: what others wrote into the trace
// state stays here.
func (s *shownSpan) SpanContext() trace.SpanContext {
	return s.ReadOnlySpan.SpanContext().WithTraceState(trace.TraceState{})
}

// Parent implements sdktrace.ReadOnlySpan.
func (s *shownSpan) Parent() trace.SpanContext {
	return s.ReadOnlySpan.Parent().WithTraceState(trace.TraceState{})
}

// A metricExporter counts what the collector does not take. Labels were sieved
// before they were counted; see Provider.view.
type metricExporter struct {
	sdkmetric.Exporter
	failures *failures
}

// Export implements sdkmetric.Exporter.
func (e *metricExporter) Export(ctx context.Context, m *metricdata.ResourceMetrics) error {
	if err := e.Exporter.Export(ctx, m); err != nil {
		e.failures.metrics.Add(1)
		e.failures.tell("metrics", err)
	}
	return nil
}

// tellEvery is how often a collector that takes nothing is spoken of.
const tellEvery = time.Minute

// failures counts exports that failed.
type failures struct {
	traces, metrics atomic.Int64

	log  *slog.Logger
	mu   sync.Mutex // guards told
	told time.Time
}

func (f *failures) tell(signal string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// A clock that was set back must not silence this for long.
	if since := time.Since(f.told); since >= 0 && since < tellEvery {
		return
	}
	f.told = time.Now()
	text := err.Error()
	f.log.Warn("the collector does not take telemetry; turns are not affected", "signal", signal, "error", text[:min(len(text), longest)])
}
