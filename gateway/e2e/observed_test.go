package e2e

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
)

// pageTrace is what the page of a visitor says of itself.
const pageTrace = "4bf92f3577b34da6a3ce929d0e0e4736"

// canaries are what is typed and must not leave through telemetry.
var canaries = []string{"Ann Canary", "ann.canary@example.com", "hidden.canary@example.com", "601234567", "canary-note", "regrets.canary"}

// busy lets everything happen that is measured, on both nodes.
func (o *observed) busy() (talk *client.Client) {
	o.t.Helper()
	yes := o.page(o.a, nil, "00-"+pageTrace+"-00f067aa0ba902b7-01")
	elsewhere := o.page(o.b, yes, "")
	if err := o.postgres.Freeze(); err != nil {
		o.t.Fatal(err)
	}
	lead(o.t, yes, canaries[0], canaries[1], "grant")
	regrets := o.page(o.a, nil, "")
	lead(o.t, regrets, canaries[0], "regrets.canary@example.com", "decline")
	if _, err := regrets.Withdraw(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	o.moves("zgoda_outbox_oldest_age_seconds")
	o.moves("zgoda_outbox_records")
	if err := o.postgres.Thaw(); err != nil {
		o.t.Fatal(err)
	}
	no := o.page(o.b, nil, "")
	press(o.t, no, protocol.OfGreeting, "offer")
	answerCard(o.t, no, "decline")
	say(o.t, no, "write to "+canaries[2]+" or +48 "+canaries[3])
	yes.Drop()
	if err := yes.Reconnect(o.t.Context(), "ws://"+o.b.addr); err != nil {
		o.t.Fatal(err)
	}
	elsewhere.Close()
	conversation := no.Hello().Conversation
	anna, bert := o.operator(o.a, 0), o.operator(o.b, 1)
	for _, op := range []*client.Operator{anna, bert} {
		if err := op.Follow(o.t.Context(), "demo"); err != nil {
			o.t.Fatal(err)
		}
		if err := op.Watch(o.t.Context(), "demo", conversation); err != nil {
			o.t.Fatal(err)
		}
	}
	must := func(_ client.Receipt, err error) {
		o.t.Helper()
		if err != nil {
			o.t.Fatal(err)
		}
	}
	must(anna.Take(o.t.Context(), "demo", conversation))
	must(anna.Note(o.t.Context(), "demo", conversation, canaries[4]))
	must(anna.Release(o.t.Context(), "demo", conversation, protocol.OwnerQueue))
	must(bert.Take(o.t.Context(), "demo", conversation))
	must(bert.Say(o.t.Context(), "demo", conversation, "good morning"))
	if _, err := no.WaitFor(o.t.Context(), saidBy("operator", "good morning")); err != nil {
		o.t.Fatal(err)
	}
	return no
}

// TestP9_EverythingIsSeenAndNobody: two gateways, an OTLP receiver and a Prometheus as
// processes. Every metric moves, every trace is whole across the nodes, and nothing that
// anybody typed or is has left.
func TestP9_EverythingIsSeenAndNobody(t *testing.T) {
	t.Parallel()
	o := startObserved(t)
	talk := o.busy()
	o.poison()
	o.conflict()
	o.stall()
	for _, metric := range []string{
		`zgoda_gateway_connections{zgoda_audience="visitor"}`, `zgoda_gateway_connections{zgoda_audience="operator"}`,
		`zgoda_gateway_turns_total{zgoda_outcome="ok"}`, `zgoda_gateway_turn_duration_seconds_count`, `zgoda_gateway_commits_total{zgoda_outcome="committed"}`,
		`zgoda_gateway_commits_total{zgoda_outcome="stale"}`, `zgoda_gateway_commit_conflicts_total`, `zgoda_gateway_queue_size_bytes`,
		`zgoda_gateway_closes_total{zgoda_close_code=~"slow|stalled"}`, `zgoda_gateway_resumes_total{zgoda_outcome="new"}`,
		`zgoda_gateway_resumes_total{zgoda_outcome=~"continued|replayed"}`, `zgoda_outbox_flushed_total{zgoda_verdict="applied"}`,
		`zgoda_outbox_flushed_total{zgoda_verdict="set_aside"}`, `zgoda_outbox_flush_rate_per_second`, `zgoda_outbox_flush_failures_total`,
		`zgoda_consent_events_total{zgoda_consent_decision="granted",zgoda_consent_notice!=""}`, `zgoda_consent_events_total{zgoda_consent_decision="declined"}`,
		`zgoda_consent_blocked_total{zgoda_path="masked"}`, `zgoda_consent_blocked_total{zgoda_path="store"}`, `zgoda_operator_takeovers_total{zgoda_owner="bot"}`, `zgoda_operator_takeovers_total{zgoda_owner="queue"}`,
		`zgoda_operator_wait_duration_seconds_count{zgoda_outcome="operator"}`, `zgoda_operator_online`,
	} {
		o.moves(metric)
	}
	o.drain()
	o.exemplars()
	o.traces(talk)
	leaks := []string{talk.Hello().Visitor, talk.Hello().Conversation, "v_poison", "anna"}
	for _, secret := range append(leaks, canaries...) {
		if bytes.Contains(askCollector(t, o.sink.addr).Raw, []byte(secret)) {
			t.Errorf("%q has left over OTLP", secret)
		}
	}
}

// drain stops a node that still has sockets and looks how far it is.
func (o *observed) drain() {
	o.t.Helper()
	for range 4 {
		o.page(o.b, nil, "")
	}
	_ = o.b.stdin.Close()
	o.moves("zgoda_gateway_drain_progress_ratio")
	o.moves("zgoda_gateway_drain_pending")
	o.b.wait()
}

// exemplars finds a turn that a bucket of the histogram points at.
func (o *observed) exemplars() {
	o.t.Helper()
	var found []struct {
		Exemplars []struct{ Labels map[string]string }
	}
	now := time.Now()
	q := url.Values{"query": {"zgoda_gateway_turn_duration_seconds_bucket"}, "start": {now.Add(-time.Hour).Format(time.RFC3339)}, "end": {now.Format(time.RFC3339)}}
	if err := o.ask("query_exemplars", q, &found); err != nil || len(found) == 0 || len(found[0].Exemplars) == 0 {
		o.t.Errorf("no exemplars: %v %v", found, err)
		return
	}
	id := found[0].Exemplars[0].Labels["trace_id"]
	seen := askCollector(o.t, o.sink.addr).Spans
	if !slices.ContainsFunc(seen, func(s seenSpan) bool { return s.Trace == id && s.Name == "turn" }) {
		o.t.Errorf("the exemplar's trace %q has no turn", id)
	}
}

// traces checks what the receiver got.
func (o *observed) traces(talk *client.Client) {
	o.t.Helper()
	all := askCollector(o.t, o.sink.addr)
	byID := map[string]seenSpan{}
	count, across, page, flushed := map[string]int{}, 0, 0, 0
	for _, s := range all.Spans {
		byID[s.Span] = s
		count[s.Name]++
	}
	for _, s := range all.Spans {
		parent, known := byID[s.Parent]
		switch {
		case s.Parent != "" && (!known || parent.Trace != s.Trace):
			o.t.Errorf("%s at %s: its parent %s is not in its trace", s.Name, s.Node, s.Parent)
		case s.Name == "deliver" && parent.Name == "turn" && parent.Node != s.Node:
			across++
		case (s.Name == "decide" || s.Name == "commit") && parent.Name != "turn":
			o.t.Errorf("%s is below %q", s.Name, parent.Name)
		case s.Name == "upgrade" && s.Took > 5*time.Second:
			o.t.Errorf("an upgrade took %v", s.Took)
		}
		if s.Name == "turn" && slices.Contains(s.Links, pageTrace) {
			page++
		}
		if s.Name == "flush" && slices.ContainsFunc(s.Links, func(trace string) bool {
			return slices.ContainsFunc(all.Spans, func(other seenSpan) bool { return other.Name == "turn" && other.Trace == trace })
		}) {
			flushed++
		}
		if s.Events > 0 || s.Message != "" {
			o.t.Errorf("%s has events or a message: %+v", s.Name, s)
		}
		for key := range s.Attributes {
			if !strings.HasPrefix(key, "zgoda.") {
				o.t.Errorf("%s has the attribute %s", s.Name, key)
			}
		}
	}
	for _, name := range []string{"turn", "decide", "commit", "upgrade", "flush", "deliver"} {
		if count[name] == 0 {
			o.t.Errorf("no span %q in %v", name, count)
		}
	}
	if across == 0 || page == 0 || flushed == 0 {
		o.t.Errorf("%d deliveries on another node, %d turns linked to the page, %d batches linked to turns", across, page, flushed)
	}
	if !all.Metrics["zgoda.gateway.turn.duration"] || !all.Metrics["zgoda.outbox.records"] {
		o.t.Errorf("over OTLP came the metrics %v", all.Metrics)
	}
	o.t.Logf("%d spans: %v; %d across nodes, %d linked to the page, %d batches linked to turns", len(all.Spans), count, across, page, flushed)
}
