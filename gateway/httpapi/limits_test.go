package httpapi

import (
	"net/http"
	"net/netip"
	"testing"
	"time"
)

func TestClientAddressTrustsOnlyTheConfiguredHops(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, remote, forwarded string
		hops                    int
		want                    string
	}{
		{"NoProxy", "203.0.113.9:1234", "198.51.100.1", 0, "203.0.113.9/32"},
		{"OneProxy", "10.0.0.1:1", "198.51.100.1", 1, "198.51.100.1/32"},
		{"ForgedByTheClient", "10.0.0.1:1", "6.6.6.6, 198.51.100.1", 1, "198.51.100.1/32"},
		{"TwoProxies", "10.0.0.1:1", "6.6.6.6, 198.51.100.1, 10.0.0.2", 2, "198.51.100.1/32"},
		{"TooFewEntries", "10.0.0.1:1", "198.51.100.1", 3, "10.0.0.1/32"},
		{"Garbage", "10.0.0.1:1", "unknown", 1, "10.0.0.1/32"},
		{"IPv6CountsByPrefix", "[2001:db8:1:2:3:4:5:6]:9", "", 0, "2001:db8:1:2::/64"},
		{"MappedIPv4", "[::ffff:203.0.113.9]:9", "", 0, "203.0.113.9/32"},
		{"PortInTheHeader", "10.0.0.1:1", "198.51.100.1:4711", 1, "198.51.100.1/32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{RemoteAddr: c.remote, Header: http.Header{}}
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			if got := clientAddress(r, c.hops).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestAdmission(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	a := newAdmission(Limits{Sockets: 5, SocketsPerAddress: 2, PerSecond: 100, PerSecondPerAddress: 1, ConversationsPerMinute: 2}, func() time.Time { return now })
	one, two, three := netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("10.0.0.2/32"), netip.MustParsePrefix("10.0.0.3/32")
	enter := func(from netip.Prefix, want string) {
		t.Helper()
		reason, retry := a.enter(from)
		if reason != want || (want != "") != (retry > 0) {
			t.Errorf("enter %v: %q after %v, want %q", from, reason, retry, want)
		}
	}
	enter(one, "")
	enter(one, "")
	enter(one, reasonAddressFull)
	enter(two, "")
	enter(two, "")
	enter(three, "")
	enter(three, reasonNodeFull)
	a.leave(one)
	enter(three, "")
	for i, want := range []bool{true, true, false} {
		if got := a.begin(one, "x"); got != want {
			t.Errorf("new conversation %d on a site: %v, want %v", i+1, got, want)
		}
	}
	if !a.begin(one, "y") {
		t.Error("conversations on one site count for another")
	}
	now = now.Add(31 * time.Second)
	if !a.begin(one, "x") {
		t.Error("the bound on new conversations never opens again")
	}
}

func TestAdmissionBoundsTheRateOfOneAddress(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	a := newAdmission(Limits{PerSecondPerAddress: 2}, func() time.Time { return now })
	from := netip.MustParsePrefix("10.0.0.1/32")
	for i := range 20 {
		if reason, _ := a.enter(from); reason != "" {
			t.Fatalf("socket %d of the burst: %s", i, reason)
		}
		a.leave(from)
	}
	if reason, _ := a.enter(from); reason != reasonAddressRate {
		t.Errorf("after the burst: %q", reason)
	}
	now = now.Add(time.Second)
	if reason, _ := a.enter(from); reason != "" {
		t.Errorf("a second later: %q", reason)
	}
}

// Memory does not grow with the number of addresses that once came.
func TestAdmissionForgetsAddresses(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 0)
	a := newAdmission(Limits{PerSecond: -1}, func() time.Time { return now })
	for i := range 50_000 {
		from := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		if reason, _ := a.enter(from); reason != "" {
			t.Fatal(reason)
		}
		a.leave(from)
		now = now.Add(50 * time.Millisecond)
	}
	if n := len(a.addresses); n > 2*pruneEvery {
		t.Errorf("%d addresses are remembered", n)
	}
}
