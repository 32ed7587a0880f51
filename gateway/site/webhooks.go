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
	w.Secret = r.secret(m, env)
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

// secret reads m's secret, which may stand in the environment.
func (r *reader) secret(m mapping, env func(string) string) []byte {
	s, path := m.text("secret"), m.child("secret")
	if s == "" {
		return nil
	}
	if name, found := strings.CutPrefix(s, envSecret); found {
		if s = env(name); s == "" {
			r.problem(at(m.vals["secret"]), "%s: the environment variable %s is not set", path, short(name))
		}
	}
	if s != "" && len(s) < minSecret {
		r.problem(at(m.vals["secret"]), "%s has less than %d characters; take a long random one, or env:NAME to read it from the environment", path, minSecret)
	}
	return []byte(s)
}
