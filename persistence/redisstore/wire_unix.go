//go:build unix

package redisstore

import (
	"crypto/tls"
	"syscall"
)

// closedByPeer reports whether Redis has closed the connection, as after a
// restart: what is sent on it then is lost for certain, but only a look before
// sending tells. Nothing is read; a connection that cannot be looked at counts
// as open.
func (w *wire) closedByPeer() bool {
	conn := w.Conn
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	s, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return true
	}
	closed := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		again := err == syscall.EAGAIN || err == syscall.EWOULDBLOCK || err == syscall.EINTR
		closed = n == 0 && err == nil || err != nil && !again
		return true
	})
	return closed || err != nil
}
