package visitor

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"zgoda/gateway/protocol"
)

// The few lines of RFC 6455 that an idle socket needs. A general client keeps
// buffers of several KB and two goroutines for each socket; thousands of sockets
// on which nothing happens need neither.

// Opcodes (RFC 6455 section 5.2).
const (
	opContinuation = 0x0
	opText         = 0x1
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

// maxMessage is far above what a server sends at once.
const maxMessage = 1 << 20

// A closeError is a close frame of the server.
type closeError struct{ code int }

func (e closeError) Error() string { return fmt.Sprintf("close %d", e.code) }

// A statusError is a refused handshake.
type statusError struct{ status int }

func (e statusError) Error() string { return fmt.Sprintf("handshake status %d", e.status) }

// upgrade makes a connection a WebSocket (RFC 6455 section 4.1). The server says
// nothing before the first frame of the client, so nothing read can be lost.
func upgrade(c net.Conn, to *url.URL, origin string) error {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails since Go 1.24
	key := base64.StdEncoding.EncodeToString(nonce[:])
	_, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: %s\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
		to.RequestURI(), to.Host, origin, key, protocol.Subprotocol)
	if err != nil {
		return err
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return err
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusSwitchingProtocols {
		return statusError{res.StatusCode}
	}
	return nil
}

// appendFrame appends a frame as a client sends it, masked.
func appendFrame(dst []byte, op byte, payload []byte) []byte {
	dst = append(dst, 0x80|op)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, 0x80|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, 0x80|127), uint64(n))
	}
	var mask [4]byte
	_, _ = rand.Read(mask[:])
	dst = append(dst, mask[:]...)
	for i, b := range payload {
		dst = append(dst, b^mask[i%4])
	}
	return dst
}

var errTooBig = errors.New("the server sent a message that is too big")

// readMessage reads one message or control frame into buf, which it may grow.
// header is scratch space of the caller: on the stack it would escape.
func readMessage(r io.Reader, header *[8]byte, buf []byte) (op byte, message []byte, err error) {
	message = buf[:0]
	for {
		if _, err := io.ReadFull(r, header[:2]); err != nil {
			return 0, buf, err
		}
		final, kind, size := header[0]&0x80 != 0, header[0]&0x0f, uint64(header[1]&0x7f)
		if header[1]&0x80 != 0 {
			return 0, buf, errors.New("the server sent a masked frame")
		}
		switch size {
		case 126:
			if _, err := io.ReadFull(r, header[:2]); err != nil {
				return 0, buf, err
			}
			size = uint64(binary.BigEndian.Uint16(header[:2]))
		case 127:
			if _, err := io.ReadFull(r, header[:8]); err != nil {
				return 0, buf, err
			}
			size = binary.BigEndian.Uint64(header[:8])
		}
		if size > maxMessage || uint64(len(message))+size > maxMessage {
			return 0, buf, errTooBig
		}
		at := len(message)
		message = append(message, make([]byte, size)...)
		if _, err := io.ReadFull(r, message[at:]); err != nil {
			return 0, buf, err
		}
		if kind == opClose {
			code := 1005 // no code (RFC 6455 section 7.4.1)
			if size >= 2 {
				code = int(binary.BigEndian.Uint16(message[at:]))
			}
			return kind, message, closeError{code}
		}
		if kind != opContinuation {
			op = kind
		}
		if final {
			return op, message, nil
		}
	}
}
