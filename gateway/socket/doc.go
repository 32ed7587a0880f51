// Package socket owns the life of one WebSocket.
//
// A socket costs one goroutine while it is idle: the reader. It blocks in a read
// that only a deadline on the connection ends, since a context would cost a
// timer and garbage for every message. A writer exists only while there is
// something to write; it is started by the first Send that finds none.
//
//	      Upgrade                 Close / peer / deadline
//	HTTP ────────▶ open ────────────────────────────────▶ closing ──▶ closed
//	               │ reader: frames to Handler.Frame, one at a time, on a worker
//	               │ writer: on demand, drains a queue bounded in bytes
//
// The reader owns the end: Handler.Closed is called once, by it, after the last
// Frame. Every goroutine is counted in the Group the socket belongs to, and
// Group.Wait returns when all have ended.
//
// A peer that does not read fills its queue; over the bound the socket is cut.
// What it missed is in the log, and it resumes from there, so nothing is dropped
// silently.
package socket
