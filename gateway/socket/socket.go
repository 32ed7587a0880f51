package socket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// A Handler gets what a socket's reader reads. The methods are called one at a
// time.
type Handler interface {
	// Frame gets one message. data is valid until Frame returns. text is false
	// for a binary message.
	Frame(data []byte, text bool)
	// Closed is called once, after the last Frame.
	Closed(err error)
}

// A Socket is one open WebSocket. Send, SendAll and Close may be called from any
// goroutine; Serve once.
type Socket struct {
	group   *Group
	conn    *websocket.Conn
	nc      net.Conn
	handler Handler

	// Owned by the reader, and by the worker while it handles a frame.
	frame   *bytes.Buffer
	text    bool
	handled chan struct{}

	mu      sync.Mutex // guards the fields below
	queue   [][]byte
	queued  int // bytes in queue
	writing bool
	closing bool
	opened  bool
	why     uint16        // how this side ended it: a close code, endedSlow, endedStalled; 0: the peer did
	wrote   int64         // when a frame was last queued, Unix seconds
	heard   int64         // when a frame last came, or the socket, Unix seconds
	idle    chan struct{} // closed by the writer when the queue is empty; nil if nobody waits
}

// How a socket was cut, beside close codes, which begin at 1000.
const (
	endedSlow    = 1 // its queue was full
	endedStalled = 2 // a write did not end in time
)

// Why says how the socket ended: the code this side closed it with, slow where its
// queue was full, stalled where a write did not end in time, peer otherwise.
func (s *Socket) Why() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.why {
	case 0:
		return "peer"
	case endedSlow:
		return "slow"
	case endedStalled:
		return "stalled"
	}
	return strconv.Itoa(int(s.why))
}

// ErrClosed is returned for a socket that is closing or closed.
var ErrClosed = errors.New("socket is closed")

// sweepGrace is how much later than EndSilent the read deadline ends a socket.
const sweepGrace = 10 * time.Second

// buffers holds read buffers. A socket has one only while a frame is read, so
// idle sockets share a few.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Serve starts the reader and returns. The handler's methods are called until
// the socket ends.
func (s *Socket) Serve(h Handler) {
	s.handler = h
	go func() {
		defer s.group.wg.Done() // counted by adopt
		s.read()
	}()
}

// Opened tells the socket that its client has introduced itself: from now on the
// longer idle timeout applies.
func (s *Socket) Opened() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = true
}

func (s *Socket) silentSince(unix int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened && !s.closing && s.wrote <= unix
}

// silence returns the code to close with, 0 where the socket may stay.
func (s *Socket) silence(now int64, notOpened, silent int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := time.Duration(now-s.heard) * time.Second
	switch {
	case s.closing:
	case !s.opened && since >= s.group.opts.OpenTimeout:
		return notOpened
	case s.opened && since >= s.group.opts.IdleTimeout:
		return silent
	}
	return 0
}

func (s *Socket) read() {
	err := s.readFrames()
	s.mu.Lock()
	s.closing = true
	s.queue, s.queued = nil, 0
	s.wakeWaiters()
	s.mu.Unlock()
	_ = s.conn.CloseNow() // waits for a close handshake that runs elsewhere
	s.group.remove(s)
	s.handler.Closed(err)
}

func (s *Socket) readFrames() error {
	for {
		if err := s.armRead(); err != nil {
			return err
		}
		kind, r, err := s.conn.Reader(context.Background())
		if err != nil {
			return err
		}
		if err := s.readFrame(kind, r); err != nil {
			return err
		}
	}
}

func (s *Socket) readFrame(kind websocket.MessageType, r io.Reader) error {
	s.frame, s.text = buffers.Get().(*bytes.Buffer), kind == websocket.MessageText
	defer func() {
		buffers.Put(s.frame)
		s.frame = nil
	}()
	s.frame.Reset()
	if _, err := s.frame.ReadFrom(r); err != nil {
		return err
	}
	s.group.workers.handle(s)
	return nil
}

// armRead moves the read deadline. It must not undo the short one that a running
// close handshake has set.
func (s *Socket) armRead() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil
	}
	now := time.Now()
	if !s.opened {
		// Frames before the introduction do not buy time.
		return s.nc.SetReadDeadline(time.Unix(s.heard, 0).Add(s.group.opts.OpenTimeout + sweepGrace))
	}
	s.heard = now.Unix()
	return s.nc.SetReadDeadline(now.Add(s.group.opts.IdleTimeout + sweepGrace))
}

// Send queues one frame and returns at once. The socket keeps data, which must
// not be changed afterwards. It reports false when the socket is closing, or
// when the client reads so slowly that its queue is full: then the socket is cut
// and the client resumes.
func (s *Socket) Send(data []byte) bool {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return false
	}
	if s.queued+len(data) > s.group.opts.QueueBytes && s.queued > 0 {
		s.mu.Unlock()
		s.cut(endedSlow)
		return false
	}
	s.enqueue(data)
	s.mu.Unlock()
	return true
}

// SendAll queues frames for a replay, which is outside the bound: it waits for
// the writer instead of filling the queue. It returns ErrClosed when the socket
// ends meanwhile. Only the handler may call it, in Frame.
func (s *Socket) SendAll(data []byte) error {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return ErrClosed
	}
	s.enqueue(data)
	if !s.writing {
		s.mu.Unlock()
		return nil
	}
	if s.idle == nil {
		s.idle = make(chan struct{})
	}
	idle := s.idle
	s.mu.Unlock()
	<-idle
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return ErrClosed
	}
	return nil
}

// enqueue needs mu. It starts the writer if none runs.
func (s *Socket) enqueue(data []byte) {
	s.wrote = time.Now().Unix()
	s.queue = append(s.queue, data)
	s.queued += len(data)
	if !s.writing {
		s.writing = true
		s.group.wg.Go(s.write)
	}
}

// wakeWaiters needs mu.
func (s *Socket) wakeWaiters() {
	if s.idle != nil {
		close(s.idle)
		s.idle = nil
	}
}

// write drains the queue and ends. It exists only while there is something to
// write.
func (s *Socket) write() {
	for {
		s.mu.Lock()
		if len(s.queue) == 0 {
			s.queue, s.writing = nil, false
			s.wakeWaiters()
			s.mu.Unlock()
			return
		}
		batch := s.queue
		s.queue = nil
		s.mu.Unlock()
		for _, data := range batch {
			if !s.writeFrame(data) {
				s.cut(endedStalled)
				return
			}
		}
	}
}

func (s *Socket) writeFrame(data []byte) bool {
	err := s.nc.SetWriteDeadline(time.Now().Add(s.group.opts.WriteTimeout))
	if err == nil {
		err = s.conn.Write(context.Background(), websocket.MessageText, data)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued = max(0, s.queued-len(data)) // cut has set it to 0
	return err == nil
}

// cut ends a socket that cannot be told: a frame may be half written, so no
// close frame can follow it. The deadline in the past ends every blocked call.
func (s *Socket) cut(why uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.why = why
	}
	s.closing = true
	s.queue, s.queued = nil, 0
	s.writing = false
	s.wakeWaiters()
	past := time.Unix(1, 0)
	_ = s.nc.SetDeadline(past)
}

// Close ends the socket with a code and a reason of at most 123 bytes, after
// what is queued was written. It returns at once; the handshake is bounded by
// CloseTimeout and counted in the group.
func (s *Socket) Close(code int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return
	}
	s.closing, s.why = true, uint16(code) //nolint:gosec // close codes have 16 bits (RFC 6455 section 7.4)
	idle := s.idle
	if s.writing && idle == nil {
		s.idle = make(chan struct{})
		idle = s.idle
	}
	if !s.writing {
		idle = nil
	}
	s.group.wg.Go(func() { s.handshake(code, reason, idle) })
}

func (s *Socket) handshake(code int, reason string, idle <-chan struct{}) {
	timeout := s.group.opts.CloseTimeout
	if idle != nil {
		t := time.NewTimer(timeout)
		defer t.Stop()
		select {
		case <-idle:
		case <-t.C:
			s.cut(endedStalled)
			return
		}
	}
	// The reader sees the peer's answer, or this deadline, and ends the socket.
	_ = s.nc.SetDeadline(time.Now().Add(timeout))
	_ = s.conn.Close(websocket.StatusCode(code), reason)
}
