package telemetry

import (
	"slices"

	"go.opentelemetry.io/otel/attribute"
)

// A Kind is how a metric behaves.
type Kind string

// The kinds. A gauge is asked for when somebody collects; a level goes up and down
// with what happens.
const (
	Counter   Kind = "counter"
	Level     Kind = "updowncounter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// A Metric is one that this program emits. Units are those of UCUM.
type Metric struct {
	Name string
	Kind Kind
	Unit string
	// Help says what is counted, in a sentence.
	Help   string
	Labels []attribute.Key
	// Buckets are the upper bounds of a histogram, in Unit.
	Buckets []float64
}

// Labels.
const (
	keySite     = attribute.Key("zgoda.site")
	keyAudience = attribute.Key("zgoda.audience")
	keyOutcome  = attribute.Key("zgoda.outcome")
	keyInput    = attribute.Key("zgoda.input")
	keyReason   = attribute.Key("zgoda.reason")
	keyClose    = attribute.Key("zgoda.close.code")
	keyPath     = attribute.Key("zgoda.path")
	keyPurpose  = attribute.Key("zgoda.consent.purpose")
	keyDecision = attribute.Key("zgoda.consent.decision")
	keyNotice   = attribute.Key("zgoda.consent.notice")
	keyOwner    = attribute.Key("zgoda.owner")
	keyVerdict  = attribute.Key("zgoda.verdict")
	keySubject  = attribute.Key("zgoda.subject")
	keySignal   = attribute.Key("zgoda.signal")
	keyVersion  = attribute.Key("zgoda.version")
	keyRevision = attribute.Key("zgoda.revision")
	keyGo       = attribute.Key("zgoda.go.version")
	keyRecords  = attribute.Key("zgoda.records")
	keyEvents   = attribute.Key("zgoda.events")
)

// Buckets in seconds: of what a machine does, and of what people wait for.
var (
	quick = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	slow  = []float64{1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200}
)

// The metrics of sockets.
var (
	ready = Metric{
		Name: "zgoda.gateway.ready", Kind: Gauge, Unit: "{node}",
		Help: "1 while this node should get new sockets, as /readyz says; 0 while a store does not answer or the node stops.",
	}
	connections = Metric{
		Name: "zgoda.gateway.connections", Kind: Level, Unit: "{connection}", Labels: labels(keySite, keyAudience),
		Help: "Sockets that are open on this node.",
	}
	closes = Metric{
		Name: "zgoda.gateway.closes", Kind: Counter, Unit: "{connection}", Labels: labels(keyClose),
		Help: "Sockets that have ended, by the code this node closed them with; peer: the client left, slow: its queue was full, stalled: a write did not end in time.",
	}
	refusals = Metric{
		Name: "zgoda.gateway.refusals", Kind: Counter, Unit: "{connection}", Labels: labels(keyReason),
		Help: "Requests for a socket that were refused before it cost anything.",
	}
	queueSize = Metric{
		Name: "zgoda.gateway.queue.size", Kind: Gauge, Unit: "By",
		Help: "Bytes that wait to be written to sockets.",
	}
	queueLargest = Metric{
		Name: "zgoda.gateway.queue.largest", Kind: Gauge, Unit: "By",
		Help: "Bytes that wait for the slowest client.",
	}
	resumes = Metric{
		Name: "zgoda.gateway.resumes", Kind: Counter, Unit: "{resume}", Labels: labels(keySite, keyOutcome),
		Help: "How clients went on: new, whole (it came with nothing, as after a reload), continued (nothing missed), replayed, reset (what it had is not in the log any more).",
	}
	drainProgress = Metric{
		Name: "zgoda.gateway.drain.progress", Kind: Gauge, Unit: "1",
		Help: "The part of the clients that a stopping node has asked to leave; 0 while it does not stop.",
	}
	drainPending = Metric{
		Name: "zgoda.gateway.drain.pending", Kind: Gauge, Unit: "{connection}",
		Help: "Clients that a stopping node has yet to ask to leave.",
	}
)

// The metrics of turns.
var (
	turns = Metric{
		Name: "zgoda.gateway.turns", Kind: Counter, Unit: "{turn}", Labels: labels(keySite, keyOutcome),
		Help: "Inputs of visitors, operators, timers and commands that were answered, by the answer.",
	}
	turnDuration = Metric{
		Name: "zgoda.gateway.turn.duration", Kind: Histogram, Unit: "s", Labels: labels(keyInput, keyOutcome), Buckets: quick,
		Help: "From the input until its answer is queued for everybody on this node.",
	}
	commits = Metric{
		Name: "zgoda.gateway.commits", Kind: Counter, Unit: "{commit}", Labels: labels(keySite, keyOutcome),
		Help: "Answers of the conversation store: committed, duplicate, erased, stale, refused (a number or a limit), unknown (it did not answer), unavailable, failed (a defect).",
	}
	commitDuration = Metric{
		Name: "zgoda.gateway.commit.duration", Kind: Histogram, Unit: "s", Labels: labels(keyOutcome), Buckets: quick,
		Help: "How long the conversation store took.",
	}
	conflicts = Metric{
		Name: "zgoda.gateway.commit.conflicts", Kind: Counter, Unit: "{conflict}", Labels: labels(keySite),
		Help: "Decisions that were thrown away because the conversation had moved on, and made again.",
	}
)

// The metrics of the outbox.
var (
	outboxRecords = Metric{
		Name: "zgoda.outbox.records", Kind: Gauge, Unit: "{record}",
		Help: "Records that wait for the contact store, as this node saw it last. Nodes share one outbox: take the largest.",
	}
	outboxAge = Metric{
		Name: "zgoda.outbox.oldest.age", Kind: Gauge, Unit: "s",
		Help: "How long the oldest of them has waited.",
	}
	flushRate = Metric{
		Name: "zgoda.outbox.flush.rate", Kind: Gauge, Unit: "{record}/s",
		Help: "Records that this node moves, over about ten seconds.",
	}
	flushed = Metric{
		Name: "zgoda.outbox.flushed", Kind: Counter, Unit: "{record}", Labels: labels(keyVerdict),
		Help: "Records that left the outbox: applied, repeated, shredded, set_aside (no store can ever apply it: look at it), lost (it never came).",
	}
	flushFailures = Metric{
		Name: "zgoda.outbox.flush.failures", Kind: Counter, Unit: "{pass}",
		Help: "Passes over the outbox that met a store that was away.",
	}
	outboxBlocked = Metric{
		Name: "zgoda.outbox.blocked", Kind: Gauge, Unit: "{visitor}",
		Help: "Visitors whose next record does not open: a key is missing.",
	}
	outboxGaps = Metric{
		Name: "zgoda.outbox.gaps", Kind: Gauge, Unit: "{visitor}",
		Help: "Visitors of whom an earlier record is missing.",
	}
	outboxHeld = Metric{
		Name: "zgoda.outbox.held", Kind: Gauge, Unit: "{record}",
		Help: "Records that the last pass read and left.",
	}
)

// The metrics of consent (C58).
var (
	decisions = Metric{
		Name: "zgoda.consent.events", Kind: Counter, Unit: "{event}", Labels: labels(keySite, keyPurpose, keyDecision, keyNotice),
		Help: "Consent events by what was decided and the version of the notice that was shown.",
	}
	blocked = Metric{
		Name: "zgoda.consent.blocked", Kind: Counter, Unit: "{write}", Labels: labels(keySite, keyPath),
		Help: "Contact details that were not kept: gate (an input was refused without a grant), masked (typed without a grant), store (the contact store found no grant in force).",
	}
)

// The metrics of people.
var (
	takeovers = Metric{
		Name: "zgoda.operator.takeovers", Kind: Counter, Unit: "{takeover}", Labels: labels(keySite, keyOwner),
		Help: "Conversations that an operator got, by who had them before.",
	}
	waiting = Metric{
		Name: "zgoda.operator.wait.duration", Kind: Histogram, Unit: "s", Labels: labels(keyOutcome), Buckets: slow,
		Help: "How long visitors waited for a person, by who got the conversation.",
	}
	operatorsOnline = Metric{
		Name: "zgoda.operator.online", Kind: Gauge, Unit: "{operator}", Labels: labels(keySite),
		Help: "Operators who take conversations, for sites where anybody does.",
	}
)

// The metrics of what happens besides.
var (
	webhooks = Metric{
		Name: "zgoda.webhook.calls", Kind: Counter, Unit: "{call}", Labels: labels(keySite, keyOutcome),
		Help: "Attempts to call a site's webhook: ok, retry (it failed, another attempt follows), failed (for good), dropped (too many were under way).",
	}
	webhookDuration = Metric{
		Name: "zgoda.webhook.duration", Kind: Histogram, Unit: "s", Labels: labels(keyOutcome), Buckets: quick,
		Help: "How long the called server took.",
	}
	receipts = Metric{
		Name: "zgoda.receipts", Kind: Counter, Unit: "{receipt}", Labels: labels(keySite, keyOutcome),
		Help: "Receipts of consent that visitors and operators asked for: issued, nothing (nobody was asked yet), failed.",
	}
	retentionRuns = Metric{
		Name: "zgoda.retention.runs", Kind: Counter, Unit: "{run}", Labels: labels(keySite, keyOutcome),
		Help: "Looks at the clocks of a site: ok, failed.",
	}
	retentionEnded = Metric{
		Name: "zgoda.retention.ended", Kind: Counter, Unit: "{item}", Labels: labels(keySite, keySubject),
		Help: "What the clocks have ended: contact, grant, proof, and failed for those that stay due.",
	}
	buildInfo = Metric{
		Name: "zgoda.build.info", Kind: Gauge, Unit: "{build}", Labels: labels(keyVersion, keyRevision, keyGo),
		Help: "1, with what runs here as labels.",
	}
	dropped = Metric{
		Name: "zgoda.telemetry.dropped", Kind: Counter, Unit: "{attribute}", Labels: labels(keySignal),
		Help: "Attributes that are not in the allow-list and did not leave the process: a defect of this program.",
	}
	exportFailures = Metric{
		Name: "zgoda.telemetry.export.failures", Kind: Counter, Unit: "{export}", Labels: labels(keySignal),
		Help: "Exports that the collector did not take.",
	}
)

// Metrics is every metric of ours, in the order of METRICS.md.
var Metrics = []Metric{
	ready, connections, closes, refusals, queueSize, queueLargest, resumes, drainProgress, drainPending,
	turns, turnDuration, commits, commitDuration, conflicts,
	outboxRecords, outboxAge, flushRate, flushed, flushFailures, outboxBlocked, outboxGaps, outboxHeld,
	decisions, blocked,
	takeovers, waiting, operatorsOnline,
	webhooks, webhookDuration, receipts, retentionRuns, retentionEnded, buildInfo, dropped, exportFailures,
}

func labels(keys ...attribute.Key) []attribute.Key { return keys }

func (m Metric) has(key attribute.Key) bool { return slices.Contains(m.Labels, key) }
