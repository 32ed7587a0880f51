package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits are checked before a connection costs anything. Zero fields take the
// defaults named; a negative number means no limit.
type Limits struct {
	// Sockets is the largest number of sockets of this node. Default 15000:
	// file limits of 20,000 are common.
	Sockets int
	// SocketsPerAddress bounds one client address. An office behind one address
	// must fit. Default 1000.
	SocketsPerAddress int
	// PerSecond is the rate of new sockets of this node. Default 1000.
	PerSecond int
	// PerSecondPerAddress is the rate of new sockets from one address, after a
	// burst of ten times as many. Default 20.
	PerSecondPerAddress int
	// ConversationsPerMinute bounds new conversations from one address on one
	// site, after a burst of as many. Default 60.
	ConversationsPerMinute int
	// FramesPerSecond bounds what one socket may send, after a burst of twice as
	// many. Default 50.
	FramesPerSecond int
	// TrustedHops is how many proxies stand in front and append to
	// X-Forwarded-For. 0 means none: the header is not looked at.
	TrustedHops int
}

// WithDefaults returns the limits as a server keeps them.
func (l Limits) WithDefaults() Limits {
	for field, value := range map[*int]int{
		&l.Sockets: 15000, &l.SocketsPerAddress: 1000, &l.PerSecond: 1000,
		&l.PerSecondPerAddress: 20, &l.ConversationsPerMinute: 60, &l.FramesPerSecond: 50,
	} {
		if *field == 0 {
			*field = value
		}
	}
	return l
}

// Reasons for which a socket is refused.
const (
	reasonNodeFull    = "node_full"
	reasonNodeRate    = "node_rate"
	reasonAddressFull = "address_full"
	reasonAddressRate = "address_rate"
)

// An admission counts sockets. All methods may be called concurrently.
type admission struct {
	limits Limits
	now    func() time.Time

	mu        sync.Mutex // guards the fields below
	sockets   int
	rate      *rate.Limiter
	addresses map[netip.Prefix]*address
}

// address is what one client address uses.
type address struct {
	sockets       int
	rate          *rate.Limiter
	conversations map[string]*rate.Limiter // by site
	seen          time.Time
}

func newAdmission(l Limits, now func() time.Time) *admission {
	l = l.WithDefaults()
	return &admission{
		limits: l, now: now, addresses: map[netip.Prefix]*address{},
		rate: rate.NewLimiter(limitOf(l.PerSecond), max(l.PerSecond, 1)),
	}
}

func limitOf(perSecond int) rate.Limit {
	if perSecond < 0 {
		return rate.Inf
	}
	return rate.Limit(perSecond)
}

// would says what enter would, and takes nothing.
func (a *admission) would(from netip.Prefix) (reason string, retry time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	use := a.addresses[from]
	if use == nil {
		use = a.newAddress() // not kept: asking must not make the map grow
	}
	return a.refusal(use, now)
}

// enter takes a place for a new socket, or says why there is none and when to
// ask again. Every place taken needs one leave.
func (a *admission) enter(from netip.Prefix) (reason string, retry time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	use := a.use(from, now)
	if reason, retry = a.refusal(use, now); reason != "" {
		return reason, retry
	}
	use.rate.AllowN(now, 1)
	a.rate.AllowN(now, 1)
	a.sockets++
	use.sockets++
	return "", 0
}

// refusal needs mu.
func (a *admission) refusal(use *address, now time.Time) (reason string, retry time.Duration) {
	switch l := a.limits; {
	case l.Sockets >= 0 && a.sockets >= l.Sockets:
		return reasonNodeFull, 10 * time.Second
	case l.SocketsPerAddress >= 0 && use.sockets >= l.SocketsPerAddress:
		return reasonAddressFull, 30 * time.Second
	case use.rate.TokensAt(now) < 1:
		return reasonAddressRate, 5 * time.Second
	case a.rate.TokensAt(now) < 1:
		return reasonNodeRate, 2 * time.Second
	}
	return "", 0
}

// leave gives a place back.
func (a *admission) leave(from netip.Prefix) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sockets--
	a.use(from, a.now()).sockets--
}

// begin takes one of the address's new conversations on a site.
func (a *admission) begin(from netip.Prefix, siteKey string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	use := a.use(from, now)
	limiter := use.conversations[siteKey]
	if limiter == nil {
		perMinute := a.limits.ConversationsPerMinute
		limiter = rate.NewLimiter(limitOf(perMinute)/60, max(perMinute, 1))
		if perMinute < 0 {
			limiter.SetLimit(rate.Inf)
		}
		if use.conversations == nil {
			use.conversations = map[string]*rate.Limiter{}
		}
		use.conversations[siteKey] = limiter
	}
	return limiter.AllowN(now, 1)
}

// forgetAfter is when an address without a socket is forgotten: by then its
// limiters are full again.
const forgetAfter = 2 * time.Minute

// pruneEvery addresses, those that are due are forgotten.
const pruneEvery = 4096

// use needs mu.
func (a *admission) use(from netip.Prefix, now time.Time) *address {
	use := a.addresses[from]
	if use == nil {
		if len(a.addresses) >= pruneEvery && len(a.addresses)%(pruneEvery/4) == 0 {
			a.prune(now)
		}
		use = a.newAddress()
		a.addresses[from] = use
	}
	use.seen = now
	return use
}

func (a *admission) newAddress() *address {
	per := a.limits.PerSecondPerAddress
	return &address{rate: rate.NewLimiter(limitOf(per), max(10*per, 1))}
}

func (a *admission) prune(now time.Time) {
	for from, use := range a.addresses {
		if use.sockets == 0 && now.Sub(use.seen) > forgetAfter {
			delete(a.addresses, from)
		}
	}
}

// ipv6Bits is what one IPv6 customer has at the least.
const ipv6Bits = 64

// ClientAddress is who is asking, as limits count: one customer, not one device.
func ClientAddress(r *http.Request, hops int) netip.Prefix { return clientAddress(r, hops) }

// clientAddress returns who is asking: the peer, or, behind hops trusted proxies,
// what the outermost of them saw. Anything further left in X-Forwarded-For was
// written by the client itself and means nothing.
func clientAddress(r *http.Request, hops int) netip.Prefix {
	addr := parseAddr(r.RemoteAddr)
	if hops > 0 {
		seen := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		if i := len(seen) - hops; i >= 0 {
			if forwarded := parseAddr(strings.TrimSpace(seen[i])); forwarded.IsValid() {
				addr = forwarded
			}
		}
	}
	addr = addr.Unmap()
	bits := addr.BitLen()
	if addr.Is6() {
		bits = ipv6Bits
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{} // unknown peers share one place
	}
	return prefix
}

// parseAddr reads an address with or without a port.
func parseAddr(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr()
	}
	addr, _ := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr
}

// A bucket bounds the frames of one socket. It is small, since every idle socket
// has one.
type bucket struct {
	level float32 // frames taken and not yet forgiven
	at    int64   // when level was computed, Unix milliseconds
}

// take reports whether one more frame fits into perSecond, after a burst of
// twice as many.
func (b *bucket) take(now time.Time, perSecond int) bool {
	if perSecond < 0 {
		return true
	}
	ms := now.UnixMilli()
	forgiven := float32(ms-b.at) / 1000 * float32(perSecond)
	b.level, b.at = max(0, b.level-max(0, forgiven)), ms
	if b.level >= float32(2*perSecond) {
		return false
	}
	b.level++
	return true
}
