package visitor

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"zgoda/gateway/protocol"
	"zgoda/loadtest/measure"
	"zgoda/loadtest/verdict"
)

var errBehind = errors.New("behind the store")

// read is the reader of an idle socket. Its stack stays small: what a frame says
// is looked at by a decoder.
func (s *heldSocket) read(c net.Conn) {
	for {
		err := s.readOne(c)
		if err == nil {
			continue
		}
		s.lost(c, err)
		return
	}
}

// readOne takes one message. It waits without a buffer.
func (s *heldSocket) readOne(c net.Conn) error {
	op, data, err := readMessage(c, &s.head, nil)
	switch {
	case err != nil:
		return err
	case op == opPing:
		return s.write(c, opPong, data)
	case op != opText:
		return nil
	}
	s.data = data
	s.held.frames <- s
	<-s.seen
	return nil
}

// decode looks into the frames of all idle sockets.
func (h *Held) decode(done <-chan struct{}) {
	for {
		select {
		case s := <-h.frames:
			if _, err := s.take(s.data); err != nil {
				s.cut()
			}
			s.data = nil
			s.seen <- struct{}{}
		case <-done:
			return
		}
	}
}

// lost is called by the reader of a connection that has ended.
func (s *heldSocket) lost(c net.Conn, why error) {
	h := s.held
	_ = c.Close()
	s.mu.Lock()
	current := s.conn == c
	if current {
		s.conn, s.lostAt = nil, time.Now()
	}
	s.mu.Unlock()
	if !current {
		return // another one took over
	}
	rec := h.crowd.Recorder
	rec.Idle.Add(-1)
	h.mu.Lock()
	leaving := h.leaving
	h.mu.Unlock()
	if leaving {
		return
	}
	rec.Count(measure.Lost, 1)
	rec.Count(heldReason(why), 1)
	h.running.Go(func() {
		first := h.crowd.Scenario.Visitors.ReconnectFirst
		if sleep(h.ctx, rand.N(first+1)) {
			s.keep(h.ctx, time.Now())
		}
	})
}

// take handles one frame. ready says that the socket is open and has everything.
func (s *heldSocket) take(data []byte) (ready bool, err error) {
	frame, err := protocol.DecodeServer(data)
	if err != nil {
		return false, nil // a newer server
	}
	v := &s.visit
	switch f := frame.(type) {
	case *protocol.Hello:
		v.Visitor, v.Conversation = f.Visitor, f.Conversation
		if s.last > 0 && f.Resume == protocol.ResumeNew {
			s.violate("P3", fmt.Sprintf("the log of %d events is gone without a reset", s.last))
		}
	case *protocol.Reset:
		s.held.crowd.Recorder.Count(measure.Resets, 1)
		v.Screens[0].Forget()
		s.epoch, s.last, s.id = f.Epoch, max(f.First, 1)-1, ""
	case *protocol.Events:
		s.events(f)
		return !f.More && v.Inputs[0].Answered, nil
	case *protocol.Ack:
		if f.N == 1 && f.Refused == nil {
			in := &v.Inputs[0]
			in.Answered, in.Seq, in.ID, in.ShownAtAck = true, f.Seq, verdict.Hash(f.ID), s.last
			return true, nil
		}
	case *protocol.Error:
		s.held.crowd.Recorder.Count("error "+string(f.Code), 1)
		return false, fmt.Errorf("error %s", f.Code)
	case *protocol.Beat:
		if f.Epoch != "" && (f.Epoch != s.epoch || f.Seq != s.last) {
			return false, errBehind // what is missing comes with the next socket
		}
	case *protocol.GoAway:
		// The protocol lets a client close first and come back as after a loss.
		s.held.running.Go(func() {
			if sleep(s.held.ctx, time.Duration(f.AfterMS)*time.Millisecond) {
				s.cut()
			}
		})
	}
	return false, nil
}

// events checks what came against what is known.
func (s *heldSocket) events(f *protocol.Events) {
	if s.epoch == "" {
		s.epoch = f.Epoch
	}
	for i := range f.Events {
		e := &f.Events[i]
		switch {
		case e.Seq <= s.last:
			s.violate("P1", fmt.Sprintf("event %d was sent twice over one socket", e.Seq))
		case e.Seq > s.last+1:
			s.violate("P1", fmt.Sprintf("hole: event %d follows %d", e.Seq, s.last))
		}
		s.last, s.id = e.Seq, e.ID
		s.visit.Screens[0].Show(e)
	}
	s.held.crowd.Recorder.Count(measure.Events, int64(len(f.Events)))
}

func (s *heldSocket) violate(promise, what string) {
	s.held.crowd.Recorder.Count(measure.Broken, 1)
	s.held.crowd.OnViolation(verdict.Violation{
		Promise: promise, What: what, Conversation: s.visit.Conversation, Visitor: s.visit.Visitor,
		Index: -1, Kind: "idle", At: time.Now(),
	})
}

// cut ends the connection as a network would.
func (s *heldSocket) cut() {
	s.mu.Lock()
	c := s.conn
	s.mu.Unlock()
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	if c != nil {
		_ = c.Close()
	}
}
