package client

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"zgoda/gateway/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pipeListener is a network in memory, so that tests run on fake time.
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

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

func (l *pipeListener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "fake:80" }

// fake is a gateway of a few lines that keeps its promises until a test tells it
// otherwise: hook sees every frame first and says whether it dealt with it.
type fake struct {
	t      *testing.T
	listen *pipeListener
	server *httptest.Server
	// handshake, where set, may refuse a socket.
	handshake func(w http.ResponseWriter, r *http.Request, count int) bool

	// order is held while events are made and sent, and through a replay, so
	// that every socket gets them in order. It is taken before mu.
	order sync.Mutex

	mu      sync.Mutex // guards the fields below
	hook    func(p *peer, f protocol.ClientFrame) bool
	epoch   string
	first   uint64 // the oldest event kept
	log     []protocol.Event
	answers map[string]map[uint64]*protocol.Ack
	peers   map[*peer]bool
	sockets int
	queries []string
	limits  protocol.Limits
}

// peer is one socket of the fake.
type peer struct {
	fake *fake
	conn *websocket.Conn
	open protocol.ClientFrame
	no   int // counted from 1
}

func newFake(t *testing.T) *fake {
	f := &fake{
		t: t, listen: newPipeListener(), epoch: "e1", first: 1,
		answers: map[string]map[uint64]*protocol.Ack{}, peers: map[*peer]bool{}, limits: protocol.DefaultLimits(),
	}
	f.server = &httptest.Server{Listener: f.listen, Config: &http.Server{Handler: f}}
	f.server.Start()
	t.Cleanup(func() {
		f.mu.Lock()
		for p := range f.peers {
			_ = p.conn.CloseNow()
		}
		f.mu.Unlock()
		f.server.Close()
	})
	return f
}

func (f *fake) setHook(hook func(p *peer, f protocol.ClientFrame) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

func (f *fake) options() Options {
	return Options{
		URL: "ws://fake", Site: "demo", Dial: f.listen.Dial, Locale: "pl", Page: "/", Origin: "https://shop.example",
		Reconnect: Backoff{Rand: func() float64 { return 0.5 }},
	}
}

// dial connects a client that a failed test explains.
func (f *fake) dial(o Options) *Client {
	f.t.Helper()
	c, err := Dial(f.t.Context(), o)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(c.Close)
	return c
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.sockets++
	no := f.sockets
	f.queries = append(f.queries, r.URL.String()+" "+r.Header.Get("Origin"))
	f.mu.Unlock()
	if f.handshake != nil && f.handshake(w, r, no) {
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{protocol.Subprotocol}, InsecureSkipVerify: true,
	})
	if err != nil {
		f.t.Errorf("accept: %v", err)
		return
	}
	p := &peer{fake: f, conn: conn, no: no}
	defer func() {
		f.mu.Lock()
		delete(f.peers, p)
		f.mu.Unlock()
		_ = conn.CloseNow()
	}()
	for {
		_, data, err := conn.Read(context.Background())
		if err != nil {
			return
		}
		frame, err := protocol.Decode(data)
		if err != nil {
			p.send(protocol.NewError(frame.N, err.(*protocol.FrameError).Code, err.Error()))
			continue
		}
		f.mu.Lock()
		hook := f.hook
		f.mu.Unlock()
		if hook != nil && hook(p, frame) {
			continue
		}
		p.handle(frame)
	}
}

// send writes a frame; a client that has gone is no concern.
func (p *peer) send(frame any) {
	switch raw := frame.(type) {
	case string:
		_ = p.conn.Write(context.Background(), websocket.MessageText, []byte(raw))
		return
	case []byte:
		_ = p.conn.Write(context.Background(), websocket.MessageBinary, raw)
		return
	}
	data, err := protocol.Encode(frame)
	if err != nil {
		p.fake.t.Errorf("encode: %v", err)
		return
	}
	_ = p.conn.Write(context.Background(), websocket.MessageText, data)
}

func (p *peer) handle(f protocol.ClientFrame) {
	switch {
	case f.T == protocol.TypeOpen:
		p.begin(f)
	case f.T == protocol.TypeBeat:
		p.fake.mu.Lock()
		b := &protocol.Beat{Epoch: p.fake.epoch, Seq: p.fake.top()}
		p.fake.mu.Unlock()
		p.send(b)
	case f.T == protocol.TypeHistory:
		p.send(p.fake.past(f))
	case protocol.Numbered(f.T):
		ack := p.fake.apply(p.open.Client, f)
		if gap, ok := ack.(*protocol.Error); ok {
			p.send(gap)
			return
		}
		p.send(ack)
	}
}

func (f *fake) top() uint64 { return f.first - 1 + uint64(len(f.log)) }

// begin answers open: hello, and what was missed.
func (p *peer) begin(open protocol.ClientFrame) {
	f := p.fake
	f.order.Lock()
	defer f.order.Unlock()
	f.mu.Lock()
	p.open = open
	lastN := uint64(len(f.answers[open.Client]))
	resume, after := protocol.ResumeReset, f.first-1
	switch have := open.Have; {
	case have == nil && f.top() == 0:
		resume = protocol.ResumeNew
	case have != nil && have.Epoch == f.epoch && have.Seq >= f.first && have.Seq <= f.top() && f.log[have.Seq-f.first].ID == have.ID:
		resume, after = protocol.ResumeResumed, have.Seq
	}
	missed := append([]protocol.Event(nil), f.log[after+1-f.first:]...)
	first, top, epoch := f.first, f.top(), f.epoch
	f.peers[p] = true
	f.mu.Unlock()

	p.send(&protocol.Hello{
		Visitor: "v1", Conversation: "c1", Token: "token-of-v1", Resume: resume, LastN: lastN, Limits: f.limits,
	})
	if resume == protocol.ResumeReset {
		p.send(&protocol.Reset{Epoch: epoch, Seq: top, First: first})
	}
	if resume == protocol.ResumeNew {
		return
	}
	const chunk = 2
	for len(missed) > chunk {
		frame := protocol.NewEvents(epoch, missed[:chunk], nil)
		frame.More = true
		p.send(frame)
		missed = missed[chunk:]
	}
	p.send(protocol.NewEvents(epoch, missed, &protocol.State{Owner: protocol.OwnerBot}))
}

// apply applies an input once and returns its ack, or the error where a number
// is missing.
func (f *fake) apply(client string, in protocol.ClientFrame) any {
	f.order.Lock()
	defer f.order.Unlock()
	f.mu.Lock()
	answers := f.answers[client]
	if answers == nil {
		answers = map[uint64]*protocol.Ack{}
		f.answers[client] = answers
	}
	if known, ok := answers[in.N]; ok {
		f.mu.Unlock()
		return known
	}
	if expected := uint64(len(answers)) + 1; in.N != expected {
		f.mu.Unlock()
		e := protocol.NewError(in.N, protocol.CodeNGap, "a number is missing")
		e.Expected = expected
		return e
	}
	if in.T == protocol.TypeSkip {
		answers[in.N] = protocol.NewRefusal(in.N, protocol.CodeSkipped, "skipped")
		f.mu.Unlock()
		return answers[in.N]
	}
	own := f.append(protocol.Event{From: "visitor", Kind: "message", Client: client, N: in.N, Text: []protocol.Part{{Text: in.Text}}, Choice: in.Choice})
	bot := f.append(protocol.Event{From: "bot", Kind: "message", Text: []protocol.Part{{Text: "answer"}}})
	answers[in.N] = protocol.NewAck(in.N, own.Seq, own.ID)
	f.mu.Unlock()
	f.deliver(own, bot)
	return answers[in.N]
}

// append adds an event to the log. mu is held.
func (f *fake) append(e protocol.Event) protocol.Event {
	e.Seq = f.top() + 1
	e.ID = fmt.Sprintf("ev-%s-%d", f.epoch, e.Seq)
	e.At = time.Now().UnixMilli()
	f.log = append(f.log, e)
	return e
}

// deliver sends events to every socket.
func (f *fake) deliver(events ...protocol.Event) {
	f.mu.Lock()
	peers := make([]*peer, 0, len(f.peers))
	for p := range f.peers {
		peers = append(peers, p)
	}
	epoch := f.epoch
	f.mu.Unlock()
	for _, p := range peers {
		p.send(protocol.NewEvents(epoch, events, &protocol.State{
			Owner: protocol.OwnerBot, Expect: protocol.Expect{Kind: "text"}, Held: []string{"email"},
		}))
	}
}

// say appends a line of the bot and delivers it.
func (f *fake) say(text string) protocol.Event {
	f.order.Lock()
	defer f.order.Unlock()
	f.mu.Lock()
	e := f.append(protocol.Event{From: "bot", Kind: "message", Text: []protocol.Part{{Text: text}}})
	f.mu.Unlock()
	f.deliver(e)
	return e
}

func (f *fake) past(in protocol.ClientFrame) *protocol.Past {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := max(f.first, in.BeforeSeq-min(in.BeforeSeq-1, uint64(in.Limit)))
	return &protocol.Past{BeforeSeq: in.BeforeSeq, Events: f.log[from-f.first : in.BeforeSeq-f.first], More: from > f.first}
}

// wantClean fails the test for every violation.
func wantClean(t *testing.T, c *Client) {
	t.Helper()
	for _, v := range c.Violations() {
		t.Errorf("violation: %s", v)
	}
}

// wantViolation fails the test where none of the violations says this.
func wantViolation(t *testing.T, c *Client, says string) {
	t.Helper()
	for _, v := range c.Violations() {
		if strings.Contains(v, says) {
			return
		}
	}
	t.Errorf("violations %q: none says %q", c.Violations(), says)
}
