package site

import (
	"fmt"
	"net/netip"
	"strings"
)

// Webhooks are the site's rules for webhooks of its flow.
type Webhooks struct {
	// Secret signs what is sent.
	Secret []byte
	// Private are networks inside the own house that webhooks may reach. Empty:
	// public addresses alone.
	Private []netip.Prefix
}

// minSecret is how many characters a secret has at least.
const minSecret = 24

// envSecret begins a secret that stands in the environment.
const envSecret = "env:"

// webhooks reads the site's webhook rules. env looks a name up in the
// environment.
func (r *reader) webhooks(root mapping, env func(string) string) Webhooks {
	m := r.mapping(root.vals["webhooks"], "webhooks", "secret", "private_networks")
	var w Webhooks
	if s := m.text("secret"); s != "" {
		if name, found := strings.CutPrefix(s, envSecret); found {
			if s = env(name); s == "" {
				r.problem(at(m.vals["secret"]), "webhooks.secret: the environment variable %s is not set", short(name))
			}
		}
		if s != "" && len(s) < minSecret {
			r.problem(at(m.vals["secret"]), "webhooks.secret has less than %d characters; take a long random one, or env:NAME to read it from the environment", minSecret)
		}
		w.Secret = []byte(s)
	}
	items, _ := m.list("private_networks")
	for i, n := range items {
		path := fmt.Sprintf("webhooks.private_networks[%d]", i)
		s := r.text(n, path)
		if s == "" {
			continue
		}
		network, err := netip.ParsePrefix(s)
		if err != nil || network.Masked() != network {
			r.problem(at(n), "%s: %q is no network; write it as 10.1.0.0/16", path, short(s))
			continue
		}
		w.Private = append(w.Private, network)
	}
	return w
}
