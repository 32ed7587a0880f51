package visitor

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"zgoda/gateway/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The few lines of RFC 6455 here speak with the library that servers use: short,
// middle and long messages both ways, a refusal, and a close code.
func TestWireSpeaksWebSocket(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("site") != "demo" {
			http.Error(w, "no such site", http.StatusNotFound)
			return
		}
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}, InsecureSkipVerify: true})
		if err != nil {
			t.Error(err)
			return
		}
		c.SetReadLimit(maxMessage)
		for {
			kind, data, err := c.Read(context.Background())
			if err != nil {
				return
			}
			if string(data) == "bye" {
				_ = c.Close(protocol.CloseGoAway, "resume")
				return
			}
			if err := c.Write(context.Background(), kind, data); err != nil {
				t.Error(err)
			}
		}
	}))
	defer server.Close()
	to, err := url.Parse(server.URL + "/v1/ws?site=demo")
	if err != nil {
		t.Fatal(err)
	}
	c := dialTest(t, to.Host)
	if err := upgrade(c, to, server.URL); err != nil {
		t.Fatal(err)
	}
	var header [8]byte
	for _, size := range []int{0, 1, 125, 126, 4000, 65535, 65536, 300000} {
		sent := []byte(strings.Repeat("ł", size/2) + strings.Repeat("x", size%2))
		if _, err := c.Write(appendFrame(nil, opText, sent)); err != nil {
			t.Fatal(err)
		}
		op, got, err := readMessage(c, &header, nil)
		if err != nil || op != opText || !bytes.Equal(got, sent) {
			t.Fatalf("%d bytes came back as %d: %v", len(sent), len(got), err)
		}
	}
	if _, err := c.Write(appendFrame(nil, opText, []byte("bye"))); err != nil {
		t.Fatal(err)
	}
	var closed closeError
	if _, _, err := readMessage(c, &header, nil); !errors.As(err, &closed) || closed.code != protocol.CloseGoAway {
		t.Errorf("the close is %v", err)
	}
	to.RawQuery = "site=other"
	var refused statusError
	if err := upgrade(dialTest(t, to.Host), to, server.URL); !errors.As(err, &refused) || refused.status != http.StatusNotFound {
		t.Errorf("the refusal is %v", err)
	}
}

func dialTest(t *testing.T, host string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// A balancer takes gateways in turn, leaves out those that are down, and comes
// from its source addresses in turn.
func TestBalancer(t *testing.T) {
	t.Parallel()
	var urls []string
	for range 2 {
		s := httptest.NewServer(http.NotFoundHandler())
		defer s.Close()
		urls = append(urls, s.URL)
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	urls = append(urls, closed.URL)
	closed.Close()
	b, err := NewBalancer(urls, []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(127, 0, 0, 2)})
	if err != nil {
		t.Fatal(err)
	}
	to, from := map[string]int{}, map[string]int{}
	for range 12 {
		c, err := b.Dial(t.Context(), "tcp", "elsewhere:1")
		if err != nil {
			t.Fatal(err)
		}
		to[c.RemoteAddr().String()]++
		host, _, _ := net.SplitHostPort(c.LocalAddr().String())
		from[host]++
		_ = c.Close()
	}
	if len(to) != 2 || len(from) != 2 || !b.Loopback() {
		t.Errorf("to %v from %v", to, from)
	}
	for _, bad := range [][]string{nil, {"gateway"}, {"ftp://x"}, {"ws://a", "wss://b"}, {"wss://a", "wss://b"}} {
		if _, err := NewBalancer(bad, nil); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
	if b, err := NewBalancer([]string{"ws://127.0.0.1:1", "ws://192.0.2.1:1"}, nil); err != nil || b.Loopback() {
		t.Errorf("an address elsewhere was taken for this machine: %v", err)
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte{0x81, 2, 'h', 'i'})
	f.Add([]byte{0x01, 1, 'h', 0x80, 1, 'i'})
	f.Add([]byte{0x88, 2, 0x0f, 0xa3})
	f.Add([]byte{0x81, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		var header [8]byte
		r := bytes.NewReader(data)
		for {
			_, message, err := readMessage(r, &header, nil)
			if err != nil {
				return
			}
			if len(message) > len(data) {
				t.Fatalf("%d bytes came of %d", len(message), len(data))
			}
		}
	})
}
