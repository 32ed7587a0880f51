package telemetry

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// traced is a provider whose spans a test can read.
func traced(t *testing.T) (*Provider, *tracetest.InMemoryExporter) {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	p, err := New(t.Context(), Options{Spans: kept, Sites: []string{"shop"}, Node: "n"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Shutdown(context.Background()) })
	return p, kept
}

// spans are those that have left.
func spans(t *testing.T, p *Provider, kept *tracetest.InMemoryExporter) map[string]tracetest.SpanStub {
	t.Helper()
	if err := p.flushSpans(t.Context()); err != nil {
		t.Fatal(err)
	}
	out := map[string]tracetest.SpanStub{}
	for _, s := range kept.GetSpans() {
		out[s.Name] = s
	}
	return out
}

// TestP9_SpansAreSieved: whoever records it, what nobody listed does not leave: keys,
// values, events, texts of errors, names, trace states.
func TestP9_SpansAreSieved(t *testing.T) {
	t.Parallel()
	p, kept := traced(t)
	const secret = "anna@example.com"
	state, err := trace.ParseTraceState("vendor=anna")
	if err != nil {
		t.Fatal(err)
	}
	linked := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceState: state})
	_, span := p.tracer.Start(t.Context(), "ask "+secret, trace.WithLinks(trace.Link{SpanContext: linked, Attributes: []attribute.KeyValue{attribute.String("who", secret)}}))
	span.SetAttributes(keyOutcome.String("ok"), keyReason.String(secret), attribute.String("conversation", "c_abc"), attribute.String("db.statement", secret))
	span.AddEvent(secret)
	span.RecordError(context.Canceled)
	span.SetStatus(codes.Error, secret)
	span.End()
	all := spans(t, p, kept)
	got, ok := all["unnamed"]
	if !ok || len(all) != 1 {
		t.Fatalf("the spans are %v", all)
	}
	if len(got.Attributes) != 1 || got.Attributes[0].Key != keyOutcome || len(got.Events) != 0 || got.Status.Description != "" || got.Status.Code != codes.Error {
		t.Errorf("what left is %+v", got)
	}
	if len(got.Links) != 1 || len(got.Links[0].Attributes) != 0 || got.Links[0].SpanContext.TraceState().Len() != 0 {
		t.Errorf("the link is %+v", got.Links)
	}
	if n := p.sieve.spans.Load(); n != 3 {
		t.Errorf("%d attributes were counted as stopped, want 3: a statement is expected and is not", n)
	}
}

// A turn, its parts, another node's delivery and the flush belong together as the
// collector needs it; a page's context is a link and decides nothing.
func TestSpansBelongTogether(t *testing.T) {
	t.Parallel()
	p, kept := traced(t)
	const page = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"
	ctx, end := p.Begin(t.Context(), "shop", "text", page)
	p.Decide(ctx)()
	_, committed := p.Commit(ctx, "shop")
	committed("unavailable")
	name := p.Trace(ctx)
	_, heard := p.Hear(t.Context(), "shop", name)
	heard()
	_, flushed := p.Flush(t.Context(), "shop", 2, []string{name, "garbage"})
	flushed(0, context.DeadlineExceeded)
	end("unavailable")
	p.Upgrade(t.Context(), "visitor")("ok")
	all := spans(t, p, kept)
	turn := all["turn"]
	if len(turn.Links) != 1 || turn.Links[0].SpanContext.TraceID().String() != page[3:35] || turn.Parent.IsValid() || turn.Status.Code != codes.Error {
		t.Errorf("the turn is %+v", turn)
	}
	for _, part := range []string{"decide", "commit", "deliver"} {
		if all[part].Parent.SpanID() != turn.SpanContext.SpanID() || all[part].SpanContext.TraceID() != turn.SpanContext.TraceID() {
			t.Errorf("%s is not a part of the turn", part)
		}
	}
	if f := all["flush"]; len(f.Links) != 1 || f.Links[0].SpanContext.TraceID() != turn.SpanContext.TraceID() || f.SpanContext.TraceID() == turn.SpanContext.TraceID() {
		t.Errorf("the batch is %+v", f)
	}
	if len(all) != 6 {
		t.Errorf("%d kinds of spans", len(all))
	}
}

// Hostile names of traces are none, and news without one make no span.
func TestTracesOfOthersAreParsed(t *testing.T) {
	t.Parallel()
	p, kept := traced(t)
	for _, hostile := range []string{
		"", "x", strings.Repeat("0", 55), "00-00000000000000000000000000000000-0000000000000000-01", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nx", strings.Repeat("a", 1<<20),
	} {
		_, end := p.Hear(t.Context(), "shop", hostile)
		end()
	}
	if all := spans(t, p, kept); len(all) != 0 {
		t.Errorf("there are %v", all)
	}
}

// A turn that is not sampled costs its parts nothing and names no trace.
func TestTurnsThatAreNotSampledHaveNoParts(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "traceidratio")
	t.Setenv("OTEL_TRACES_SAMPLER_ARG", "0")
	p, kept := traced(t)
	ctx, end := p.Begin(t.Context(), "shop", "text", "")
	if n := testing.AllocsPerRun(100, func() { p.Decide(ctx)() }); n != 0 {
		t.Errorf("a decision costs %g allocations", n)
	}
	if name := p.Trace(ctx); name != "" {
		t.Errorf("its trace is named %q", name)
	}
	end("ok")
	if all := spans(t, p, kept); len(all) != 0 {
		t.Errorf("there are %v", all)
	}
}

// Lines that are logged in a turn name its trace, others do not.
func TestLogLinesNameTheTrace(t *testing.T) {
	t.Parallel()
	p, _ := traced(t)
	var out bytes.Buffer
	log := slog.New(LogHandler(slog.NewTextHandler(&out, nil))).With("node", "n").WithGroup("g")
	ctx, end := p.Begin(t.Context(), "shop", "text", "")
	log.ErrorContext(ctx, "with")
	id := trace.SpanContextFromContext(ctx).TraceID().String()
	end("ok")
	log.Error("without")
	with, without, _ := strings.Cut(out.String(), "\n")
	if !strings.Contains(with, "trace_id="+id) || strings.Contains(without, "trace_id") {
		t.Errorf("the lines are %s", out.String())
	}
}

// BenchmarkTurn is what telemetry adds to a turn: nothing switched on is the floor of
// the other three.
func BenchmarkTurn(b *testing.B) {
	turn := func(b *testing.B, p *Provider) {
		for b.Loop() {
			ctx, end := p.Begin(context.Background(), "shop", "text", "")
			p.Decide(ctx)()
			ctx, committed := p.Commit(ctx, "shop")
			_ = p.Trace(ctx)
			committed("committed")
			end("ok")
		}
	}
	for _, ratio := range []string{"0", "0.1", "1"} {
		b.Run("sampled/"+ratio, func(b *testing.B) {
			b.Setenv("OTEL_TRACES_SAMPLER", "traceidratio")
			b.Setenv("OTEL_TRACES_SAMPLER_ARG", ratio)
			p, err := New(b.Context(), Options{Spans: tracetest.NewNoopExporter(), Prometheus: true, Sites: []string{"shop"}})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = p.Shutdown(context.Background()) }()
			b.ReportAllocs()
			turn(b, p)
		})
	}
}
