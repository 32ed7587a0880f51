package socket

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// Buffer sizes in bytes. A visitor's frames fit in them; the net/http server's own
// 4 KB buffers are freed as soon as the handler returns.
const (
	readBuffer  = 512
	writeBuffer = 1 << 10
)

// slimHijacker hands coder/websocket smaller buffers than net/http's and keeps
// the connection, whose deadlines cost nothing, unlike a context's.
type slimHijacker struct {
	http.ResponseWriter
	conn net.Conn
}

// Hijack implements http.Hijacker. Bytes that came with the upgrade request are
// kept: they must sit in the buffer of the new reader, because Accept peeks
// them there and resets the reader past anything beneath it.
func (h *slimHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	reader := bufio.NewReaderSize(conn, readBuffer)
	if n := brw.Reader.Buffered(); n > 0 {
		early, err := brw.Reader.Peek(n)
		if err != nil {
			return nil, nil, fmt.Errorf("keep early bytes: %w", err)
		}
		reader = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(early)), conn), max(readBuffer, n))
		if _, err := reader.Peek(n); err != nil {
			return nil, nil, fmt.Errorf("keep early bytes: %w", err)
		}
	}
	h.conn = conn
	return conn, bufio.NewReadWriter(reader, bufio.NewWriterSize(conn, writeBuffer)), nil
}

// Upgrade turns a request into a socket. The caller has checked the origin and
// every limit before: this is the point from which a connection costs. On an
// error the response is written already. Serve must be called on the socket.
func (g *Group) Upgrade(w http.ResponseWriter, r *http.Request, subprotocol string) (*Socket, error) {
	h := &slimHijacker{ResponseWriter: w}
	conn, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol},
		// The origin was checked against the site's own list.
		InsecureSkipVerify: true,
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, err
	}
	return g.adopt(conn, h.conn)
}
