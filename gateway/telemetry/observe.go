package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// noticeLength is how much of a notice's hash is a label.
const noticeLength = 12

// background is what is recorded without a trace.
var background = context.Background()

// Begin begins the turn of an input: a span, and at its end a count and a time that
// points at it. It is no child of origin, the page's context: whoever makes a page must
// not decide what is recorded here.
func (p *Provider) Begin(ctx context.Context, site, input, origin string) (_ context.Context, end func(outcome string)) {
	site, began := p.site(site), time.Now()
	ctx, span := p.tracer.Start(ctx, "turn", asTurn(origin)...)
	return ctx, func(outcome string) {
		p.turns.Add(background, 1, p.labels.of(keySite, site, keyOutcome, outcome).add...)
		p.turnDuration.Record(ctx, time.Since(began).Seconds(), p.labels.of(keyInput, input, keyOutcome, outcome).record...)
		if span.IsRecording() {
			span.SetAttributes(keySite.String(site), keyInput.String(input), keyOutcome.String(outcome))
			if failed(outcome) {
				span.SetStatus(codes.Error, "")
			}
		}
		span.End()
	}
}

var server = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}

func asTurn(origin string) []trace.SpanStartOption {
	if links := linkTo(origin); links != nil {
		return []trace.SpanStartOption{server[0], trace.WithLinks(links...)}
	}
	return server
}

// failed says which outcomes are this program's or a store's fault.
func failed(outcome string) bool {
	switch outcome {
	case "unavailable", "unknown", "failed", "internal":
		return true
	}
	return false
}

// Decide begins the span of a decision, where the turn's is recorded.
func (p *Provider) Decide(ctx context.Context) (end func()) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return nothingToEnd
	}
	_, span := p.tracer.Start(ctx, "decide")
	return func() { span.End() }
}

func nothingToEnd() {}

// Commit begins a commit to the conversation store; end counts its answer.
func (p *Provider) Commit(ctx context.Context, site string) (_ context.Context, end func(outcome string)) {
	began, span := time.Now(), trace.Span(nil)
	if trace.SpanFromContext(ctx).IsRecording() {
		ctx, span = p.tracer.Start(ctx, "commit", trace.WithSpanKind(trace.SpanKindClient))
	}
	return ctx, func(outcome string) {
		p.commits.Add(background, 1, p.labels.of(keySite, p.site(site), keyOutcome, outcome).add...)
		p.commitDuration.Record(ctx, time.Since(began).Seconds(), p.labels.of(keyOutcome, outcome, "", "").record...)
		if outcome == "stale" {
			p.conflicts.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site))))
		}
		if span == nil {
			return
		}
		span.SetAttributes(keyOutcome.String(outcome))
		if failed(outcome) {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Upgrade begins the span of a request for a socket. It ends with the handshake: the
// socket has none.
func (p *Provider) Upgrade(ctx context.Context, audience string) (end func(outcome string)) {
	_, span := p.tracer.Start(ctx, "upgrade", trace.WithSpanKind(trace.SpanKindServer))
	return func(outcome string) {
		if span.IsRecording() {
			span.SetAttributes(keyAudience.String(audience), keyOutcome.String(outcome))
		}
		span.End()
	}
}

// Hear begins the span of another node's news, in the trace of the turn that made them.
func (p *Provider) Hear(ctx context.Context, site, from string) (_ context.Context, end func()) {
	there, ok := parse(from)
	if !ok {
		return ctx, nothingToEnd
	}
	ctx, span := p.tracer.Start(trace.ContextWithRemoteSpanContext(ctx, there), "deliver",
		trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(keySite.String(p.site(site))))
	return ctx, func() { span.End() }
}

// Flush begins the span of a batch on its way to the contact store. It is linked to the
// turns that made the records: one trace for a batch of many visitors would be nobody's.
func (p *Provider) Flush(ctx context.Context, site string, records int, traces []string) (_ context.Context, end func(blocked int, err error)) {
	var links []trace.Link
	for _, t := range traces {
		links = append(links, linkTo(t)...)
	}
	ctx, span := p.tracer.Start(ctx, "flush", trace.WithSpanKind(trace.SpanKindConsumer), trace.WithLinks(links...),
		trace.WithAttributes(keySite.String(p.site(site)), keyRecords.Int(records)))
	return ctx, func(blocked int, err error) {
		if blocked > 0 {
			p.blocked.Add(background, int64(blocked), metric.WithAttributes(keySite.String(p.site(site)), keyPath.String("store")))
		}
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Trace names the trace of ctx for those who go on with it.
func (p *Provider) Trace(ctx context.Context) string {
	here := trace.SpanContextFromContext(ctx)
	if !here.IsSampled() || !here.IsValid() {
		return ""
	}
	return "00-" + here.TraceID().String() + "-" + here.SpanID().String() + "-01"
}

// parse reads a traceparent of version 00; anything else is not one.
func parse(traceparent string) (trace.SpanContext, bool) {
	if traceparent == "" {
		return trace.SpanContext{}, false
	}
	ctx := propagation.TraceContext{}.Extract(background, propagation.MapCarrier{"traceparent": traceparent})
	there := trace.SpanContextFromContext(ctx)
	return there, there.IsValid()
}

// linkTo is a link to a trace that was named elsewhere, or none.
func linkTo(traceparent string) []trace.Link {
	there, ok := parse(traceparent)
	if !ok {
		return nil
	}
	return []trace.Link{{SpanContext: there}}
}

// Decision counts a consent event. notice is the hash of the text that was shown.
func (p *Provider) Decision(site, purpose, decision, notice string) {
	p.decisions.Add(background, 1, metric.WithAttributes(
		keySite.String(p.site(site)), keyPurpose.String(purpose), keyDecision.String(decision), keyNotice.String(notice[:min(len(notice), noticeLength)])))
}

// Blocked counts contact details that were not kept; path is gate or masked.
func (p *Provider) Blocked(site, path string) {
	p.blocked.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site)), keyPath.String(path)))
}

// Taken counts a conversation that an operator got from before, where it was for so
// long.
func (p *Provider) Taken(site, before string, after time.Duration) {
	p.takeovers.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site)), keyOwner.String(before)))
	if before == "queue" {
		p.waiting.Record(background, after.Seconds(), metric.WithAttributes(keyOutcome.String("operator")))
	}
}

// GaveUp records how long somebody waited for a person in vain.
func (p *Provider) GaveUp(after time.Duration) {
	p.waiting.Record(background, after.Seconds(), metric.WithAttributes(keyOutcome.String("bot")))
}

// Opened and Closed count sockets; audience is visitor or operator.
func (p *Provider) Opened(site, audience string) {
	p.connections.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site)), keyAudience.String(audience)))
}

// Closed is Opened's end; code says how.
func (p *Provider) Closed(site, audience, code string) {
	p.connections.Add(background, -1, metric.WithAttributes(keySite.String(p.site(site)), keyAudience.String(audience)))
	p.closes.Add(background, 1, metric.WithAttributes(keyClose.String(code)))
}

// Refused counts requests for a socket that were refused.
func (p *Provider) Refused(reason string) {
	p.refusals.Add(background, 1, metric.WithAttributes(keyReason.String(reason)))
}

// Resumed counts how clients went on.
func (p *Provider) Resumed(site, outcome string) {
	p.resumes.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site)), keyOutcome.String(outcome)))
}

// Called counts an attempt at a webhook.
func (p *Provider) Called(site, outcome string, took time.Duration) {
	p.webhooks.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site)), keyOutcome.String(outcome)))
	p.webhookDuration.Record(background, took.Seconds(), metric.WithAttributes(keyOutcome.String(outcome)))
}

// Receipt counts receipts that were asked for.
func (p *Provider) Receipt(site, outcome string) {
	p.receipts.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site)), keyOutcome.String(outcome)))
}

// Retained counts a look at a site's clocks and what they have ended, by subject.
func (p *Provider) Retained(site string, ok bool, ended map[string]int) {
	outcome := "ok"
	if !ok {
		outcome = "failed"
	}
	p.retentionRuns.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site)), keyOutcome.String(outcome)))
	for subject, n := range ended {
		if n > 0 {
			p.retentionEnded.Add(background, int64(n), metric.WithAttributes(keySite.String(p.site(site)), keySubject.String(subject)))
		}
	}
}
