package botengine

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// webhook asks another server. What it sends are the fields it names, and
// nothing else; of its answer it keeps the keys it names.
type webhook struct {
	at      position
	url     string
	text    text // said before; nil: nothing
	timeout int64
	retries int
	fields  []sentField
	save    []savedKey
	failed  target
}

// A sentField is a variable or contact field that a webhook sends.
type sentField struct {
	name string
	at   position
}

// A savedKey is a key of a webhook's answer and the variable that keeps it.
type savedKey struct {
	key, name string
	at        position
}

// CallsWebhooks tells whether the flow has a webhook.
func (f *Flow) CallsWebhooks() bool {
	return slices.ContainsFunc(f.steps, func(s step) bool { return s.kind == kindWebhook })
}

// Bounds of a webhook.
const (
	defaultWebhookMS = 5_000
	minWebhookMS     = 100
	maxWebhookMS     = 30_000
	defaultRetries   = 2
	maxRetries       = 5
	maxSent          = 20
)

func (r *reader) webhook(n *yaml.Node) *webhook {
	m, _ := r.shaped(n, "webhook", webhookShape)
	w := &webhook{
		at: at(n), url: m.endpoint("url"), text: m.text("text"), failed: m.target("failed"),
		timeout: int64(m.integer("timeout_ms")),
		retries: m.integer("retries"),
	}
	if v := m.vals["fields"]; v != nil {
		seen := map[string]bool{}
		for _, f := range r.list(v, "webhook.fields") {
			name := r.target(f, "webhook.fields").id
			r.unique(seen, f, "fields", name)
			w.fields = append(w.fields, sentField{name, at(f)})
		}
		if len(w.fields) > maxSent {
			r.problem(at(v), "webhook.fields has more than %d fields", maxSent)
		}
	}
	if v := m.vals["save"]; v != nil {
		w.save = r.savedKeys(v)
	}
	return w
}

// savedKeys reads a mapping of variables to keys of the answer.
func (r *reader) savedKeys(n *yaml.Node) []savedKey {
	if n.Kind != yaml.MappingNode {
		r.problem(at(n), "webhook.save must be a mapping (variable: key of the answer)")
		return nil
	}
	var saved []savedKey
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, key := n.Content[i], n.Content[i+1]
		r.checkName(name, "webhook.save", name.Value)
		r.unique(seen, name, "variables", name.Value)
		k := r.str(key, "webhook.save."+name.Value)
		if key.Kind == yaml.ScalarNode && (k == "" || len(k) > 64) {
			r.problem(at(key), "webhook.save.%s must name a key of the answer, of 1 to 64 characters", name.Value)
		}
		saved = append(saved, savedKey{k, name.Value, at(name)})
	}
	if len(saved) > maxSent {
		r.problem(at(n), "webhook.save has more than %d variables", maxSent)
	}
	return saved
}

// endpoint reads the address of another server: https, or http to this machine
// alone, since what is sent may be personal data.
func (m mapping) endpoint(key string) string {
	v := m.vals[key]
	if v == nil {
		return ""
	}
	s := m.r.str(v, m.what+"."+key)
	if v.Kind != yaml.ScalarNode {
		return ""
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Opaque != "" || strings.ContainsAny(s, " \t\n\"<>"):
		m.r.problem(at(v), "%s.%s is not an address; write it whole, as https://shop.example/hook", m.what, key)
	case u.User != nil:
		m.r.problem(at(v), "%s.%s has a user name in it; what is sent is signed, so remove it", m.what, key)
	case u.Fragment != "":
		m.r.problem(at(v), "%s.%s has a #fragment, which is never sent; remove it", m.what, key)
	case u.Scheme == "https", u.Scheme == "http" && Loopback(u.Hostname()):
	default:
		m.r.problem(at(v), "%s.%s must start with https:// (http:// is for this machine alone: localhost, 127.0.0.1)", m.what, key)
	}
	return s
}

// Loopback tells whether a host name or address means this machine.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
