package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// noticeLength is how much of a notice's hash is a label.
const noticeLength = 12

// background is what is recorded without a trace.
var background = context.Background()

// Turn counts an answered input.
func (p *Provider) Turn(site, input, outcome string, took time.Duration) {
	p.turns.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site)), keyOutcome.String(outcome)))
	p.turnDuration.Record(background, took.Seconds(), metric.WithAttributes(keyInput.String(input), keyOutcome.String(outcome)))
}

// Commit counts an answer of the conversation store.
func (p *Provider) Commit(site, outcome string, took time.Duration) {
	p.commits.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site)), keyOutcome.String(outcome)))
	p.commitDuration.Record(background, took.Seconds(), metric.WithAttributes(keyOutcome.String(outcome)))
	if outcome == "stale" {
		p.conflicts.Add(background, 1, metric.WithAttributes(keySite.String(p.site(site))))
	}
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
