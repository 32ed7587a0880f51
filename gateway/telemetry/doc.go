// Package telemetry makes what a node does visible to standard tools: traces and
// metrics over OTLP, metrics for Prometheus, trace ids in log lines. It alone knows
// the OpenTelemetry SDK. The packages that act tell small observers of their own,
// which this package implements; where nothing is switched on there is no observer,
// and nothing is measured.
//
//	socket, httpapi, chat, flusher, effects ──observers──▶ Provider
//	                                                        ├─ spans ───▶ allow-list ─▶ OTLP
//	                                                        └─ metrics ─▶ allow-list ─▶ OTLP, /metrics
//
// # What may leave
//
// Two tables decide. Metrics lists every metric with its labels; METRICS.md is
// made from it. rules lists every attribute key and the values it may have: a key
// that is not there, or a value that does not fit, is dropped where spans and
// metrics leave the process, whoever recorded it, and counted. Texts of errors,
// events of spans and descriptions of their status never leave. A conversation's or
// visitor's id is no attribute. Of sites, the first MaxSites by name have their key
// as a label and all others are "other".
//
// # What it costs
//
// Recording never waits: spans go to a bounded queue that drops when the collector
// is slow or gone, metrics are sums in memory whose number is bounded. Spans below a
// turn are made only where the turn is sampled. Sockets that are idle cost nothing:
// what is true of them is asked when somebody collects.
package telemetry
