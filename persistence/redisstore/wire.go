package redisstore

import (
	"net"
	"sync/atomic"
	"syscall"
)

// A wire is a connection that knows how much was sent on it. That tells a call
// that certainly did not reach Redis from one that may have.
type wire struct {
	net.Conn
	sent atomic.Int64
}

// Write implements net.Conn.
func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.sent.Add(int64(n))
	return n, err
}

// SyscallConn shows the driver the socket under the wire.
func (w *wire) SyscallConn() (syscall.RawConn, error) {
	c, ok := w.Conn.(syscall.Conn)
	if !ok {
		return nil, syscall.EINVAL
	}
	return c.SyscallConn()
}
