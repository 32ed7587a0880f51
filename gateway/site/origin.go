package site

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// An origin is a web origin (RFC 6454 section 4), or a pattern of them, with
// scheme and host in lower case.
type origin struct {
	scheme string
	host   string // without brackets
	port   int
	// subdomains: host is what follows "*."; exactly one label stands before it,
	// as in a certificate.
	subdomains bool
	// anyPort is for a developer's own machine only.
	anyPort bool
}

// errNotOrigin is for what a browser sent; nobody reads more about it.
var errNotOrigin = errors.New("not an origin")

// defaultPorts are left out of an origin by browsers.
var defaultPorts = map[string]int{"http": 80, "https": 443}

// loopback hosts may be configured with any port.
var loopback = map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}

// ValidOriginPattern says what is wrong with an entry of a site's origins, and
// what would be right. It returns nil for a good one: scheme://host with an
// optional port, where the leftmost label of the host may be "*" and the port
// may be "*" on the own machine.
func ValidOriginPattern(pattern string) error {
	_, err := parsePattern(pattern)
	return err
}

func parsePattern(s string) (origin, error) {
	if s == "*" {
		return origin{}, errors.New(`"*" would let every website open this site's chat; ` +
			`list the site's own addresses, as https://shop.example or https://*.shop.example`)
	}
	scheme, rest, ok := strings.Cut(s, "://")
	scheme = strings.ToLower(scheme)
	if !ok || defaultPorts[scheme] == 0 {
		return origin{}, fmt.Errorf("%q has no scheme; write https:// in front of the host", s)
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return origin{}, fmt.Errorf("%q has a path; an origin ends after the host: %s://%s", s, scheme, rest[:i])
	}
	if strings.Contains(rest, "@") {
		return origin{}, fmt.Errorf("%q has a user name; an origin is only scheme and host", s)
	}
	o := origin{scheme: scheme}
	rest, o.anyPort = strings.CutSuffix(rest, ":*")
	if err := o.setHostPort(rest); err != nil {
		return origin{}, fmt.Errorf("%q %w", s, err)
	}
	if o.anyPort && !loopback[o.host] {
		return origin{}, fmt.Errorf("%q allows every port; that is only for http://localhost:* and http://127.0.0.1:*", s)
	}
	var wildcard bool
	if o.host, wildcard = strings.CutPrefix(o.host, "*."); wildcard {
		o.subdomains = true
		if strings.Count(o.host, ".") < 1 {
			return origin{}, fmt.Errorf("%q would allow a whole top-level domain; put the site's domain after the *, as https://*.shop.example", s)
		}
	}
	if err := checkHost(o.host); err != nil {
		return origin{}, fmt.Errorf("%q %w", s, err)
	}
	return o, nil
}

// parseOrigin reads an Origin header. Browsers send one spelling, but the rules
// are those of RFC 6454: scheme and host ignore case, the default port may be
// left out.
func parseOrigin(s string) (origin, error) {
	scheme, rest, ok := strings.Cut(s, "://")
	o := origin{scheme: strings.ToLower(scheme)}
	if !ok || defaultPorts[o.scheme] == 0 || o.setHostPort(rest) != nil || checkHost(o.host) != nil {
		return origin{}, errNotOrigin
	}
	return o, nil
}

// setHostPort splits host and port; the port may be missing.
func (o *origin) setHostPort(s string) error {
	o.port = defaultPorts[o.scheme]
	host, port, hasPort := s, "", false
	if rest, v6 := strings.CutPrefix(s, "["); v6 {
		var closed bool
		if host, port, closed = strings.Cut(rest, "]"); !closed || !isIPv6(host) {
			return errors.New("has no valid IPv6 address in its brackets")
		}
		if port, hasPort = strings.CutPrefix(port, ":"); !hasPort && port != "" {
			return errors.New("has something after the address that is no port")
		}
	} else {
		host, port, hasPort = strings.Cut(s, ":")
	}
	o.host = strings.ToLower(host)
	if !hasPort {
		return nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || port[0] == '+' {
		return fmt.Errorf("has the port %q; a port is a number from 1 to 65535", port)
	}
	o.port = int(n)
	return nil
}

func isIPv6(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Is6() && addr.Zone() == ""
}

// checkHost accepts what a browser can send as the host of an origin.
func checkHost(host string) error {
	if host == "" {
		return errors.New("has no host")
	}
	if isIPv6(host) {
		return nil
	}
	if len(host) > 253 {
		return errors.New("has a host of more than 253 characters")
	}
	for label := range strings.SplitSeq(host, ".") {
		if err := checkLabel(label); err != nil {
			return err
		}
	}
	return nil
}

func checkLabel(label string) error {
	if label == "" || len(label) > 63 {
		return errors.New("has an empty or too long part between the dots of its host")
	}
	for _, c := range label {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		case c == '*':
			return errors.New("has a * in the wrong place; it may only stand for the leftmost part, as https://*.shop.example")
		case c > 127:
			return errors.New("has letters that browsers send in another form; write the host in punycode (xn--…), as the browser's network view shows it")
		default:
			return fmt.Errorf("has %q in its host", c)
		}
	}
	return nil
}

// matches says whether an origin a browser sent is this one or one of these.
func (o origin) matches(sent origin) bool {
	if o.scheme != sent.scheme || (!o.anyPort && o.port != sent.port) {
		return false
	}
	if !o.subdomains {
		return o.host == sent.host
	}
	label, parent, _ := strings.Cut(sent.host, ".")
	return label != "" && parent == o.host
}

// String prints an origin as it is written in a file.
func (o origin) String() string {
	host := o.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if o.subdomains {
		host = "*." + host
	}
	switch {
	case o.anyPort:
		host += ":*"
	case o.port != defaultPorts[o.scheme]:
		host += ":" + strconv.Itoa(o.port)
	}
	return o.scheme + "://" + host
}
