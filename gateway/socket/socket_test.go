package socket

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is a Handler that keeps what it gets.
type recorder struct {
	socket *Socket
	onText func(*Socket, string)

	mu     sync.Mutex // guards the fields below
	frames []string
	closed []error
}

func (r *recorder) Frame(data []byte, text bool) {
	r.mu.Lock()
	if text {
		r.frames = append(r.frames, string(data))
	} else {
		r.frames = append(r.frames, "binary")
	}
	r.mu.Unlock()
	if r.onText != nil {
		r.onText(r.socket, string(data))
	}
}

func (r *recorder) Closed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = append(r.closed, err)
}

func (r *recorder) got() ([]string, []error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.frames...), append([]error(nil), r.closed...)
}

// pipeListener hands out one end of in-memory pipes, so that a test may run on
// fake time.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// bench is a group behind a server, and a client's dialer.
type bench struct {
	t        *testing.T
	group    *Group
	listener *pipeListener
	server   *http.Server
	serving  sync.WaitGroup
	handlers chan *recorder
	onText   func(*Socket, string)
}

func newBench(t *testing.T, o Options) *bench {
	b := &bench{t: t, group: NewGroup(o), listener: newPipeListener(), handlers: make(chan *recorder, 8)}
	b.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := b.group.Upgrade(w, r, "test.v1")
		if err != nil {
			return
		}
		h := &recorder{socket: s, onText: b.onText}
		s.Serve(h)
		b.handlers <- h
	})}
	b.serving.Go(func() { _ = b.server.Serve(b.listener) })
	return b
}

func (b *bench) dial() (*websocket.Conn, *recorder) {
	b.t.Helper()
	tr := &http.Transport{DialContext: b.listener.dial}
	c, _, err := websocket.Dial(b.t.Context(), "ws://pipe/", &websocket.DialOptions{
		Subprotocols: []string{"test.v1"}, HTTPClient: &http.Client{Transport: tr},
	})
	if err != nil {
		b.t.Fatalf("dial: %v", err)
	}
	return c, <-b.handlers
}

// end waits until every goroutine of the group has ended.
func (b *bench) end() {
	_ = b.listener.Close()
	_ = b.server.Close()
	b.serving.Wait()
	b.group.Close()
	b.group.Wait()
}

func TestFramesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{})
		b.onText = func(s *Socket, text string) { s.Send([]byte("echo " + text)) }
		c, h := b.dial()
		for _, text := range []string{"one", "two"} {
			if err := c.Write(t.Context(), websocket.MessageText, []byte(text)); err != nil {
				t.Fatal(err)
			}
			_, got, err := c.Read(t.Context())
			if err != nil || string(got) != "echo "+text {
				t.Fatalf("got %q, %v; want echo %s", got, err, text)
			}
		}
		if err := c.Write(t.Context(), websocket.MessageBinary, []byte{1}); err != nil {
			t.Fatal(err)
		}
		_, _, _ = c.Read(t.Context())
		if frames, _ := h.got(); strings.Join(frames, ",") != "one,two,binary" {
			t.Errorf("handler got %q", frames)
		}
		_ = c.Close(websocket.StatusNormalClosure, "")
		b.end()
		if _, closed := h.got(); len(closed) != 1 {
			t.Errorf("Closed was called %d times, want once", len(closed))
		}
	})
}

// A visitor whose browser sleeps keeps the socket for IdleTimeout after the last
// frame; one that never introduces itself only for OpenTimeout.
func TestSilenceEndsTheSocket(t *testing.T) {
	for name, opened := range map[string]bool{"BeforeOpen": false, "AfterOpen": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, Options{})
				b.onText = func(s *Socket, _ string) { s.Opened() }
				c, h := b.dial()
				start, want := time.Now(), 20*time.Second
				if opened {
					time.Sleep(3 * time.Second)
					_ = c.Write(t.Context(), websocket.MessageText, []byte("open"))
					synctest.Wait()
					start, want = time.Now(), 160*time.Second
				}
				_, _, err := c.Read(context.Background())
				if err == nil {
					t.Fatal("the silent socket got a frame")
				}
				if took := time.Since(start); took < want-time.Second || took > want+time.Second {
					t.Errorf("ended after %v, want %v", took, want)
				}
				_ = c.CloseNow()
				b.end()
				if _, closed := h.got(); len(closed) != 1 {
					t.Errorf("Closed was called %d times, want once", len(closed))
				}
			})
		})
	}
}

func TestOversizedFrameClosesWith1009(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{ReadLimit: 64})
		c, h := b.dial()
		_ = c.Write(t.Context(), websocket.MessageText, bytes.Repeat([]byte("x"), 65))
		_, _, err := c.Read(t.Context())
		if got := websocket.CloseStatus(err); got != websocket.StatusMessageTooBig {
			t.Errorf("close code %d (%v), want 1009", got, err)
		}
		b.end()
		if frames, _ := h.got(); len(frames) != 0 {
			t.Errorf("the handler got %d frames of an oversized one", len(frames))
		}
	})
}

// P3: a client that does not read is cut, never skipped.
func TestP3_SlowClientIsCutNotSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{QueueBytes: 1000})
		c, h := b.dial()
		sent := 0
		for h.socket.Send(bytes.Repeat([]byte("x"), 100)) {
			if sent++; sent > 100 {
				t.Fatal("the queue has no bound")
			}
		}
		synctest.Wait()
		if h.socket.Send([]byte("later")) {
			t.Error("a cut socket took a frame")
		}
		_ = c.CloseNow()
		b.end()
		if _, closed := h.got(); len(closed) != 1 {
			t.Errorf("Closed was called %d times, want once", len(closed))
		}
		if sent < 10 {
			t.Errorf("%d frames of 100 bytes filled a queue of 1000 bytes", sent)
		}
	})
}

func TestSlowWriteEndsByItsOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{WriteTimeout: 3 * time.Second})
		c, h := b.dial()
		start := time.Now()
		h.socket.Send([]byte("nobody reads this"))
		b.end()
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("the blocked write ended after %v, want 3s", took)
		}
		_ = c.CloseNow()
	})
}

// A replay is larger than the queue's bound and still arrives whole.
func TestReplayIsOutsideTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{QueueBytes: 100})
		const chunks = 50
		b.onText = func(s *Socket, _ string) {
			for range chunks {
				if err := s.SendAll(bytes.Repeat([]byte("y"), 90)); err != nil {
					t.Errorf("replay: %v", err)
				}
			}
		}
		c, _ := b.dial()
		_ = c.Write(t.Context(), websocket.MessageText, []byte("go"))
		for i := range chunks {
			time.Sleep(time.Second)
			if _, _, err := c.Read(t.Context()); err != nil {
				t.Fatalf("chunk %d: %v", i, err)
			}
		}
		_ = c.CloseNow()
		b.end()
	})
}

func TestReplayEndsWithTheSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{})
		result := make(chan error, 1)
		b.onText = func(s *Socket, _ string) { result <- s.SendAll(bytes.Repeat([]byte("y"), 90)) }
		c, h := b.dial()
		_ = c.Write(t.Context(), websocket.MessageText, []byte("go"))
		synctest.Wait()
		h.socket.Close(4003, "bye")
		if err := <-result; !errors.Is(err, ErrClosed) {
			t.Errorf("SendAll returned %v, want ErrClosed", err)
		}
		_ = c.CloseNow()
		b.end()
	})
}

func TestCloseDeliversWhatWasQueuedAndTheCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{})
		c, h := b.dial()
		h.socket.Send([]byte("last words"))
		h.socket.Close(4003, "restart")
		h.socket.Close(4500, "too late")
		_, got, err := c.Read(t.Context())
		if err != nil || string(got) != "last words" {
			t.Fatalf("got %q, %v", got, err)
		}
		_, _, err = c.Read(t.Context())
		if got := websocket.CloseStatus(err); got != 4003 {
			t.Errorf("close code %d (%v), want the first one, 4003", got, err)
		}
		b.end()
	})
}

// A peer that does not answer the close may hold it up for CloseTimeout only;
// coder/websocket alone waits five seconds.
func TestCloseOfASilentPeerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{})
		c, h := b.dial()
		start := time.Now()
		h.socket.Close(4003, "restart")
		b.end()
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("closing took %v", took)
		}
		_ = c.CloseNow()
	})
}

// A sweep tells a silent client why it is closed; frames before the introduction
// do not buy time.
func TestEndSilentSaysWhy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{})
		b.onText = func(s *Socket, text string) {
			if text == "open" {
				s.Opened()
			}
		}
		never, _ := b.dial()
		quiet, _ := b.dial()
		_ = quiet.Write(t.Context(), websocket.MessageText, []byte("open"))
		for range 3 {
			time.Sleep(4 * time.Second)
			_ = never.Write(t.Context(), websocket.MessageText, []byte("not yet"))
			b.group.EndSilent(4001, 4002)
		}
		_, _, err := never.Read(t.Context())
		if got := websocket.CloseStatus(err); got != 4001 {
			t.Errorf("the socket that was never opened: %d (%v), want 4001", got, err)
		}
		time.Sleep(140 * time.Second)
		b.group.EndSilent(4001, 4002)
		_, _, err = quiet.Read(t.Context())
		if got := websocket.CloseStatus(err); got != 4002 {
			t.Errorf("the silent socket: %d (%v), want 4002", got, err)
		}
		b.end()
	})
}

// A stop between the upgrade and Serve misses no socket.
func TestClosedGroupTakesNoSocket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{})
		b.group.Close()
		tr := &http.Transport{DialContext: b.listener.dial}
		c, _, err := websocket.Dial(t.Context(), "ws://pipe/", &websocket.DialOptions{HTTPClient: &http.Client{Transport: tr}})
		if err == nil {
			if _, _, err = c.Read(t.Context()); err == nil {
				t.Error("a closed group serves a socket")
			}
			_ = c.CloseNow()
		}
		b.end()
	})
}

// One sweep keeps silent sockets alive and leaves the others alone.
func TestKeepAliveReachesSilentSocketsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Options{})
		b.onText = func(s *Socket, text string) {
			s.Opened()
			s.Send([]byte("hello " + text))
		}
		silent, _ := b.dial()
		_ = silent.Write(t.Context(), websocket.MessageText, []byte("one"))
		_, _, _ = silent.Read(t.Context())
		time.Sleep(30 * time.Second)
		busy, _ := b.dial()
		_ = busy.Write(t.Context(), websocket.MessageText, []byte("two"))
		_, _, _ = busy.Read(t.Context())
		time.Sleep(15 * time.Second)
		b.group.KeepAlive([]byte("alive"), 40*time.Second)
		if _, got, err := silent.Read(t.Context()); err != nil || string(got) != "alive" {
			t.Errorf("the silent socket got %q, %v", got, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, got, err := busy.Read(ctx); err == nil {
			t.Errorf("the busy socket got %q", got)
		}
		_ = silent.CloseNow()
		b.end()
	})
}

// Pins what Upgrade relies on in coder/websocket: Accept uses the reader that
// Hijack returned, with the bytes that came along with the request.
func TestEarlyBytesAreKept(t *testing.T) {
	group := NewGroup(Options{})
	got := make(chan string, 1)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := group.Upgrade(w, r, "test.v1")
		if err != nil {
			return
		}
		s.Serve(&recorder{socket: s, onText: func(_ *Socket, text string) { got <- text }})
	})}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	defer serving.Wait()
	defer func() { _ = server.Close() }()

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	early := strings.Repeat("early ", 400) // more than the slim buffer holds
	request := "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: test.v1\r\n\r\n"
	if _, err := io.WriteString(conn, request+maskedText(early)); err != nil {
		t.Fatal(err)
	}
	if text := <-got; text != early {
		t.Errorf("the first frame arrived as %d bytes, want %d", len(text), len(early))
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.Header.Get("Sec-WebSocket-Protocol") != "test.v1" {
		t.Errorf("answer %v, %v", res, err)
	}
	_ = conn.Close()
	group.Close()
	group.Wait()
}

// maskedText is a text frame as a client sends it (RFC 6455 section 5.2), with
// a mask of zeros.
func maskedText(s string) string {
	head := []byte{0x81, 0x80 | 126}
	head = binary.BigEndian.AppendUint16(head, uint16(len(s)))
	return string(append(head, 0, 0, 0, 0)) + s
}
