package effects

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

var errBlocked = errors.New("the address is not a public one")

// A reachable says which addresses one call may connect to.
type reachable struct {
	host  string // of the URL
	plain bool   // http, which is for this machine alone
	// private are networks that the site allows beside public ones.
	private []netip.Prefix
}

const dialTimeout = 5 * time.Second

// transport connects to allowed addresses alone. It is made for one call: a kept
// connection would be used without being checked again.
func (r reachable) transport() *http.Transport {
	dialer := &net.Dialer{
		Timeout: dialTimeout,
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !r.allows(to.Addr()) {
				return errBlocked
			}
			return nil
		},
	}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    dialTimeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableKeepAlives:      true,
		DisableCompression:     true, // a small answer must not become a large one
		ForceAttemptHTTP2:      true,
	}
}

// allows tells whether a connection to the address may be made.
func (r reachable) allows(to netip.Addr) bool {
	to = to.Unmap()
	named := r.host == "localhost"
	if literal, err := netip.ParseAddr(r.host); err == nil {
		named = literal.Unmap().IsLoopback()
	}
	if to.IsLoopback() {
		return named // never where a name of the Internet leads to it
	}
	if r.plain {
		return false
	}
	if slices.ContainsFunc(r.private, func(n netip.Prefix) bool { return n.Contains(to) }) {
		return true
	}
	return public(to)
}

// special are networks that no public server is in (RFC 6890 and its registries),
// beside those that netip knows. Those that embed an IPv4 address lead to it.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),   // shared by carriers
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
	netip.MustParsePrefix("::/96"),
	netip.MustParsePrefix("64:ff9b::/96"), // NAT64
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("100::/64"),      // discard
	netip.MustParsePrefix("2001::/23"),     // protocol assignments, Teredo
	netip.MustParsePrefix("2001:db8::/32"), // documentation
	netip.MustParsePrefix("2002::/16"),     // 6to4
	netip.MustParsePrefix("3fff::/20"),     // documentation
	netip.MustParsePrefix("5f00::/16"),     // segment routing
	netip.MustParsePrefix("fec0::/10"),     // site-local
}

func public(to netip.Addr) bool {
	return to.IsGlobalUnicast() && !to.IsPrivate() && to.Zone() == "" &&
		!slices.ContainsFunc(special, func(n netip.Prefix) bool { return n.Contains(to) })
}
