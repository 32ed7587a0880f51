package telemetry

import (
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
)

// A rule says which values of a key may leave.
type rule func(attribute.Value) bool

// longest is the longest text that may leave, in bytes.
const longest = 120

// word admits what programs write: names, numbers, versions, patterns of routes. It
// admits nothing that reads like an address, a telephone number or a sentence.
func word(v attribute.Value) bool {
	if v.Type() != attribute.STRING {
		return false
	}
	s, digits := v.AsString(), 0
	if len(s) > longest {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			if digits++; digits > maxDigits {
				return false
			}
			continue
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', strings.IndexByte("_-.:/{}$*", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// maxDigits is how many digits a word may have: fewer than a telephone number.
const maxDigits = 6

// key admits a site's key as the site files allow it, and "other".
func key(v attribute.Value) bool {
	return v.Type() == attribute.STRING && len(v.AsString()) <= longest && !strings.ContainsAny(v.AsString(), "@ +\"'<>")
}

// hash admits the beginning of a hash in hexadecimal, "other" and nothing.
func hash(v attribute.Value) bool {
	s := v.AsString()
	return v.Type() == attribute.STRING && len(s) <= noticeLength && strings.Trim(s, "0123456789abcdef") == "" || s == other
}

func number(v attribute.Value) bool {
	return v.Type() == attribute.INT64 || v.Type() == attribute.BOOL
}

// host admits the address of a server that the configuration names.
func host(v attribute.Value) bool {
	return v.Type() == attribute.STRING && len(v.AsString()) <= longest && !strings.ContainsAny(v.AsString(), "@ +\"'<>")
}

// rules is the allow-list of attribute and label keys.
var rules = map[attribute.Key]rule{
	keySite: key, keyAudience: word, keyOutcome: word, keyInput: word, keyReason: word, keyClose: word, keyPath: word,
	keyPurpose: word, keyDecision: word, keyNotice: hash, keyOwner: word, keyVerdict: word, keySubject: word, keySignal: word,
	keyVersion: host, keyRevision: host, keyGo: word, keyRecords: number, keyEvents: number,

	// OpenTelemetry's own names: HTTP, databases, messages, and what does not fit.
	"http.request.method": word, "http.response.status_code": number, "http.route": word,
	"db.system": word, "db.system.name": word, "db.operation.name": word, "db.operation": word, "db.namespace": word,
	"db.operation.batch.size": number, "pgx.operation.type": word, "pgx.batch.size": number, "db.response.status_code": word,
	"messaging.system": word, "messaging.operation.type": word, "messaging.batch.message_count": number,
	"error.type": word, "otel.metric.overflow": number,
}

// expected are keys that instrumentations of others set and that do not leave: they
// hold addresses, texts of statements and what a client may write. They are no
// defect and are not counted.
var expected = keySet(
	"server.address", "server.port", "client.address", "client.port", "network.peer.address", "network.peer.port",
	"network.protocol.name", "network.protocol.version", "network.transport", "user_agent.original", "url.scheme", "url.path", "url.full", "url.query",
	"http.request.body.size", "http.response.body.size", "http.request.size", "http.response.size", "http.request.method_original",
	"db.query.text", "db.statement", "db.query.summary", "db.user", "db.response.returned_rows", "db.rows_affected", "pgx.rows_affected",
	"pgx.sql_state", "db.name", "net.peer.name", "net.peer.port", "pgx.prepare_stmt.name", "db.collection.name",
)

func keySet(names ...attribute.Key) map[attribute.Key]bool {
	set := make(map[attribute.Key]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// A sieve applies the rules and counts what they stop. Its methods may be called
// concurrently.
type sieve struct{ spans, metrics atomic.Int64 }

func allowed(kv attribute.KeyValue) (ok, known bool) {
	r, found := rules[kv.Key]
	if found && r(kv.Value) {
		return true, true
	}
	return false, expected[kv.Key]
}

// metric is the filter of metrics' labels.
func (s *sieve) metric(kv attribute.KeyValue) bool {
	ok, known := allowed(kv)
	if !ok && !known {
		s.metrics.Add(1)
	}
	return ok
}

// attributes returns those that may leave. It copies nothing where all may.
func (s *sieve) attributes(all []attribute.KeyValue) []attribute.KeyValue {
	for i := range all {
		if ok, _ := allowed(all[i]); !ok {
			return s.some(all, i)
		}
	}
	return all
}

func (s *sieve) some(all []attribute.KeyValue, first int) []attribute.KeyValue {
	out := append(make([]attribute.KeyValue, 0, len(all)-1), all[:first]...)
	for _, kv := range all[first:] {
		ok, known := allowed(kv)
		switch {
		case ok:
			out = append(out, kv)
		case !known:
			s.spans.Add(1)
		}
	}
	return out
}
