package client

import (
	"errors"
	"fmt"

	"zgoda/gateway/protocol"
)

// Errors that callers branch on.
var (
	// ErrClosed means that Close was called.
	ErrClosed = errors.New("client closed")
	// ErrNotConnected means that there is no socket to ask over.
	ErrNotConnected = errors.New("not connected")
)

// ErrRefused means that the server refused something for good. N is the number
// of the input, 0 where it was no input.
type ErrRefused struct {
	N       uint64
	Code    protocol.Code
	Message string
}

// Error returns the code and the message.
func (e ErrRefused) Error() string {
	if e.N == 0 {
		return fmt.Sprintf("refused: %s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("input %d refused: %s: %s", e.N, e.Code, e.Message)
}

// ErrEnded means that the server closed the socket with a code after which a
// client does not come back by itself.
type ErrEnded struct {
	Code   int
	Reason string
}

// Error returns the close code and its reason.
func (e ErrEnded) Error() string {
	return fmt.Sprintf("ended by the server: close code %d: %s", e.Code, e.Reason)
}

// ErrHandshake means that the server did not take the socket.
type ErrHandshake struct {
	// Status is the HTTP status, 0 where there was no answer.
	Status int
	Err    error
}

// Error returns the status and the cause.
func (e ErrHandshake) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("handshake: %v", e.Err)
	}
	return fmt.Sprintf("handshake: status %d: %v", e.Status, e.Err)
}

// Unwrap returns the cause.
func (e ErrHandshake) Unwrap() error { return e.Err }

var (
	errSilent  = errors.New("nothing heard for too long")
	errDropped = errors.New("dropped by the caller")
	errRenamed = errors.New("the server forgot this client instance")
	errHole    = errors.New("the log has a hole")
)
