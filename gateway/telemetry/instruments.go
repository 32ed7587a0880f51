package telemetry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// instruments are what is recorded as it happens.
type instruments struct {
	connections                                              metric.Int64UpDownCounter
	closes, refusals, resumes                                metric.Int64Counter
	turns, commits, conflicts, decisions, blocked, takeovers metric.Int64Counter
	webhooks, receipts, retentionRuns, retentionEnded        metric.Int64Counter
	turnDuration, commitDuration, waiting, webhookDuration   metric.Float64Histogram
}

// Sources are asked when somebody collects. Nil ones have nothing to say.
type Sources struct {
	// Ready reports whether the node should get new sockets. It may ask the stores.
	Ready func() bool
	// Queue returns the bytes that wait to be written to sockets, and those of the
	// slowest client.
	Queue func() (all, largest int64)
	// Outbox returns what waits for the contact store and what became of the rest.
	Outbox func() Outbox
	// Online returns how many operators take conversations, by site.
	Online func() map[string]int
	// Drain returns the part of the clients that were asked to leave, and how many were
	// not yet.
	Drain func() (part float64, pending int64)
}

// An Outbox is the state of the outbox as this node saw it last.
type Outbox struct {
	Records   int
	OldestAge time.Duration
	Rate      float64 // records a second
	// Applied, Repeated, Shredded, SetAside and Lost count since the start.
	Applied, Repeated, Shredded, SetAside, Lost, Failures uint64
	// Blocked and Gaps are visitors, Held records.
	Blocked, Gaps, Held int
}

// A maker makes instruments and keeps what went wrong.
type maker struct {
	metric.Meter
	err error
}

func (m *maker) counter(x Metric) metric.Int64Counter {
	c, err := m.Int64Counter(x.Name, metric.WithUnit(x.Unit), metric.WithDescription(x.Help))
	m.err = errors.Join(m.err, err)
	return c
}

func (m *maker) level(x Metric) metric.Int64UpDownCounter {
	c, err := m.Int64UpDownCounter(x.Name, metric.WithUnit(x.Unit), metric.WithDescription(x.Help))
	m.err = errors.Join(m.err, err)
	return c
}

func (m *maker) histogram(x Metric) metric.Float64Histogram {
	h, err := m.Float64Histogram(x.Name, metric.WithUnit(x.Unit), metric.WithDescription(x.Help), metric.WithExplicitBucketBoundaries(x.Buckets...))
	m.err = errors.Join(m.err, err)
	return h
}

// gauge is asked when somebody collects.
func (m *maker) gauge(x Metric, tell func(observe func(float64, ...attribute.KeyValue))) {
	_, err := m.Float64ObservableGauge(x.Name, metric.WithUnit(x.Unit), metric.WithDescription(x.Help),
		metric.WithFloat64Callback(func(_ context.Context, o metric.Float64Observer) error {
			tell(func(v float64, labels ...attribute.KeyValue) { o.Observe(v, metric.WithAttributes(labels...)) })
			return nil
		}))
	m.err = errors.Join(m.err, err)
}

// total is a counter that somebody else keeps.
func (m *maker) total(x Metric, tell func(observe func(int64, ...attribute.KeyValue))) {
	_, err := m.Int64ObservableCounter(x.Name, metric.WithUnit(x.Unit), metric.WithDescription(x.Help),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			tell(func(v int64, labels ...attribute.KeyValue) { o.Observe(v, metric.WithAttributes(labels...)) })
			return nil
		}))
	m.err = errors.Join(m.err, err)
}

func (p *Provider) makeInstruments(o *Options) error {
	m := &maker{Meter: p.metrics.Meter(scope)}
	p.instruments = instruments{
		connections: m.level(connections), closes: m.counter(closes), refusals: m.counter(refusals), resumes: m.counter(resumes),
		turns: m.counter(turns), commits: m.counter(commits), conflicts: m.counter(conflicts), decisions: m.counter(decisions),
		blocked: m.counter(blocked), takeovers: m.counter(takeovers), webhooks: m.counter(webhooks), receipts: m.counter(receipts),
		retentionRuns: m.counter(retentionRuns), retentionEnded: m.counter(retentionEnded),
		turnDuration: m.histogram(turnDuration), commitDuration: m.histogram(commitDuration), waiting: m.histogram(waiting), webhookDuration: m.histogram(webhookDuration),
	}
	m.gauge(buildInfo, func(observe func(float64, ...attribute.KeyValue)) {
		observe(1, keyVersion.String(version(o.Version)), keyRevision.String(revision()), keyGo.String(goVersion()))
	})
	m.total(dropped, func(observe func(int64, ...attribute.KeyValue)) {
		observe(p.sieve.spans.Load(), keySignal.String("traces"))
		observe(p.sieve.metrics.Load(), keySignal.String("metrics"))
	})
	m.total(exportFailures, func(observe func(int64, ...attribute.KeyValue)) {
		observe(p.failures.traces.Load(), keySignal.String("traces"))
		observe(p.failures.metrics.Load(), keySignal.String("metrics"))
	})
	if m.err != nil {
		return fmt.Errorf("telemetry: instruments: %w", m.err)
	}
	return nil
}

// Ask makes the metrics that are asked for when somebody collects.
func (p *Provider) Ask(s Sources) error {
	m := &maker{Meter: p.metrics.Meter(scope)}
	if s.Ready != nil {
		m.gauge(ready, func(observe func(float64, ...attribute.KeyValue)) {
			if s.Ready() {
				observe(1)
			} else {
				observe(0)
			}
		})
	}
	if s.Queue != nil {
		m.gauge(queueSize, func(observe func(float64, ...attribute.KeyValue)) { all, _ := s.Queue(); observe(float64(all)) })
		m.gauge(queueLargest, func(observe func(float64, ...attribute.KeyValue)) { _, most := s.Queue(); observe(float64(most)) })
	}
	if s.Drain != nil {
		m.gauge(drainProgress, func(observe func(float64, ...attribute.KeyValue)) { part, _ := s.Drain(); observe(part) })
		m.gauge(drainPending, func(observe func(float64, ...attribute.KeyValue)) { _, left := s.Drain(); observe(float64(left)) })
	}
	if s.Online != nil {
		m.gauge(operatorsOnline, func(observe func(float64, ...attribute.KeyValue)) {
			for site, n := range s.Online() {
				if p.sites[site] {
					observe(float64(n), keySite.String(site))
				}
			}
		})
	}
	if s.Outbox != nil {
		p.askOutbox(m, s.Outbox)
	}
	if m.err != nil {
		return fmt.Errorf("telemetry: instruments: %w", m.err)
	}
	return nil
}

func (p *Provider) askOutbox(m *maker, ask func() Outbox) {
	of := func(x Metric, value func(Outbox) float64) {
		m.gauge(x, func(observe func(float64, ...attribute.KeyValue)) { observe(value(ask())) })
	}
	of(outboxRecords, func(o Outbox) float64 { return float64(o.Records) })
	of(outboxAge, func(o Outbox) float64 { return o.OldestAge.Seconds() })
	of(flushRate, func(o Outbox) float64 { return o.Rate })
	of(outboxBlocked, func(o Outbox) float64 { return float64(o.Blocked) })
	of(outboxGaps, func(o Outbox) float64 { return float64(o.Gaps) })
	of(outboxHeld, func(o Outbox) float64 { return float64(o.Held) })
	m.total(flushed, func(observe func(int64, ...attribute.KeyValue)) {
		o := ask()
		for verdict, n := range map[string]uint64{"applied": o.Applied, "repeated": o.Repeated, "shredded": o.Shredded, "set_aside": o.SetAside, "lost": o.Lost} {
			observe(int64(n), keyVerdict.String(verdict)) //nolint:gosec // it counts
		}
	})
	m.total(flushFailures, func(observe func(int64, ...attribute.KeyValue)) { observe(int64(ask().Failures)) }) //nolint:gosec // it counts
}
