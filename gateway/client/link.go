package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway/protocol"
)

const (
	// writeTimeout bounds one write, closeTimeout a polite close.
	writeTimeout = 10 * time.Second
	closeTimeout = time.Second
	// readLimit is far above what a server sends in one frame.
	readLimit = 8 << 20
)

// A link is one socket.
type link struct {
	conn *websocket.Conn
	nc   net.Conn
	// ready is closed when everything missed has arrived, done when the reader
	// has ended.
	ready chan struct{}
	done  chan struct{}

	causeMu sync.Mutex
	cause   error // why it was cut, where we cut it

	// Guarded by the client's mu.
	instance  string // under which it was opened
	hello     bool
	resets    bool // a reset is announced and has not come
	replayed  bool
	dead      bool
	stale     bool // another socket began the log anew
	seen      uint64
	err       error // why it ended
	heard     time.Time
	beatAt    time.Time // the next beat of its own
	beats     []*beatCall
	queue     []outFrame
	owed      uint64 // a beat announced this seq
	owedUntil time.Time
	movedAt   time.Time // when goaway asks to be elsewhere; zero: not asked
}

// A beatCall waits for the answer to one beat.
type beatCall struct {
	asked uint64 // the seq that was sent
	done  chan protocol.Beat
}

// An outFrame waits to be written. A beat is made when it is written, so that it
// says what is known then.
type outFrame struct {
	data []byte
	beat *beatCall
}

// dialLink opens a socket.
func (c *Client) dialLink(ctx context.Context, to string) (*link, error) {
	l := &link{ready: make(chan struct{}), done: make(chan struct{})}
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := c.opts.Dial(ctx, network, addr)
			l.nc = nc
			return nc, err
		},
	}
	header := http.Header{}
	if c.opts.Origin != "" {
		header.Set("Origin", c.opts.Origin)
	}
	conn, resp, err := websocket.Dial(ctx, socketURL(to, c.opts.Site), &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: transport},
		HTTPHeader:   header,
		Subprotocols: []string{protocol.Subprotocol},
	})
	if err != nil {
		refused := ErrHandshake{Err: err}
		if resp != nil {
			refused.Status = resp.StatusCode
		}
		return nil, refused
	}
	if conn.Subprotocol() != protocol.Subprotocol {
		_ = conn.CloseNow()
		return nil, ErrHandshake{Err: errors.New("the server does not speak " + protocol.Subprotocol)}
	}
	conn.SetReadLimit(readLimit)
	l.conn = conn
	return l, nil
}

// socketURL completes the address of a gateway.
func socketURL(to, site string) string {
	u, err := url.Parse(to)
	if err != nil {
		return to // websocket.Dial says what is wrong with it
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/ws"
	}
	q := u.Query()
	q.Set("site", site)
	u.RawQuery = q.Encode()
	return u.String()
}

// statusURL is the address that says why sockets are refused.
func statusURL(to, site string) string {
	u, err := url.Parse(to)
	if err != nil {
		return to
	}
	u.Scheme = strings.Replace(u.Scheme, "ws", "http", 1)
	u.Path = "/v1/status"
	u.RawQuery = url.Values{"site": {site}}.Encode()
	return u.String()
}

// write sends one frame. Only one goroutine at a time writes to a link.
func (c *Client) write(l *link, data []byte) error {
	if c.opts.OnFrame != nil {
		c.opts.OnFrame("out", data)
	}
	// A deadline on the connection costs nothing; a context costs a timer.
	if err := l.nc.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	return l.conn.Write(context.Background(), websocket.MessageText, data)
}

// cut ends the connection without a word. The reader then ends.
func (l *link) cut(cause error) {
	l.causeMu.Lock()
	if l.cause == nil {
		l.cause = cause
	}
	l.causeMu.Unlock()
	_ = l.nc.Close()
}

// retire closes the socket politely, and cuts it when the server does not answer.
func (l *link) retire() {
	_ = l.nc.SetDeadline(time.Now().Add(closeTimeout))
	_ = l.conn.Close(websocket.StatusNormalClosure, "")
	l.cut(nil)
	<-l.done
}

// read is the reader of a socket.
func (c *Client) read(l *link) {
	defer close(l.done)
	for {
		kind, data, err := l.conn.Read(context.Background())
		if err != nil {
			_ = l.conn.CloseNow()
			l.causeMu.Lock()
			if l.cause != nil {
				err = l.cause
			}
			l.causeMu.Unlock()
			c.lost(l, err)
			return
		}
		if c.opts.OnFrame != nil {
			c.opts.OnFrame("in", data)
		}
		c.receive(l, kind == websocket.MessageText, data)
	}
}
