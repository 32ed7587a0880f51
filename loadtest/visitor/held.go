package visitor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"runtime/debug"
	"sync"
	"time"

	"zgoda/gateway/protocol"
	"zgoda/loadtest/measure"
	"zgoda/loadtest/scenario"
	"zgoda/loadtest/verdict"
)

const (
	heldWrite = 10 * time.Second
	heldOpen  = 15 * time.Second
	// decoders are the goroutines that look into frames. Readers do not: a stack
	// that has once grown stays grown while its goroutine sleeps.
	decoders = 4
)

// Held are idle sockets: each has a conversation attached, beats as a client
// does, and comes back when it is lost.
type Held struct {
	crowd *Crowd
	to    *url.URL
	count int
	rate  float64
	drops []scenario.Drop

	frames  chan *heldSocket
	running sync.WaitGroup
	ctx     context.Context // of Run

	mu      sync.Mutex // guards the fields below
	sockets []*heldSocket
	leaving bool
}

// A heldSocket is one of them.
type heldSocket struct {
	held  *Held
	index int
	visit verdict.Visit
	epoch string
	last  uint64 // newest event, and its name
	id    string
	// data is the frame that a decoder looks at; seen is told when it is done.
	data []byte
	seen chan struct{}
	head [8]byte

	mu     sync.Mutex // guards the fields below
	conn   net.Conn
	lostAt time.Time
	beatAt time.Time
}

// NewHeld prepares this process's part of the scenario's idle sockets.
func NewHeld(c *Crowd) (*Held, error) {
	to, err := url.Parse(c.Balancer.Base())
	if err != nil {
		return nil, err
	}
	to.Path, to.RawQuery = "/v1/ws", url.Values{"site": {c.Scenario.Site}}.Encode()
	idle := c.Scenario.Idle
	count := idle.Sockets / max(c.Of, 1)
	if c.Part < idle.Sockets%max(c.Of, 1) {
		count++
	}
	if count > 0 && c.Balancer.secure {
		return nil, errors.New("idle sockets are held without TLS only: name the gateways by ws:// addresses behind the proxy that ends TLS")
	}
	return &Held{
		crowd: c, to: to, count: count, rate: idle.Rate / float64(max(c.Of, 1)), drops: idle.Drops,
		frames: make(chan *heldSocket),
	}, nil
}

// Run opens the sockets from start on and holds them until ctx ends.
func (h *Held) Run(ctx context.Context, start time.Time) {
	if h.count == 0 {
		return
	}
	opening, cancel := context.WithCancel(ctx)
	defer cancel()
	h.ctx = opening
	decoding := make(chan struct{})
	var looking sync.WaitGroup
	for range decoders {
		looking.Go(func() { h.decode(decoding) })
	}
	h.running.Go(func() { h.openAll(opening, start) })
	h.running.Go(func() { h.beatAll(opening) })
	h.running.Go(func() { h.dropAll(opening, start) })
	<-ctx.Done()
	h.mu.Lock()
	h.leaving = true
	sockets := h.sockets
	h.mu.Unlock()
	for _, s := range sockets {
		s.close()
	}
	h.running.Wait()
	close(decoding)
	looking.Wait()
}

// Visits returns the records of all idle sockets. Call it after Run.
func (h *Held) Visits() []*verdict.Visit {
	out := make([]*verdict.Visit, len(h.sockets))
	for i, s := range h.sockets {
		out[i] = &s.visit
	}
	return out
}

// openAll opens them at the scenario's rate.
func (h *Held) openAll(ctx context.Context, start time.Time) {
	r := rand.New(rand.NewPCG(h.crowd.Scenario.Seed, uint64(h.crowd.Part)))
	for i := range h.count {
		due := start.Add(time.Duration(float64(i) / h.rate * float64(time.Second)))
		if !sleep(ctx, time.Until(due)) {
			return
		}
		s := &heldSocket{held: h, index: i, seen: make(chan struct{}, 1)}
		s.visit = verdict.Visit{Index: -1, Kind: "idle", Secret: fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())}
		s.visit.Clients = []string{fmt.Sprintf("idle-%06d-%08x", i, r.Uint32())}
		s.visit.Screens = make([]verdict.Screen, 1)
		h.mu.Lock()
		h.sockets = append(h.sockets, s)
		h.mu.Unlock()
		h.running.Go(func() { s.keep(ctx, due) })
	}
	// What opening needed is given back: from now on little happens.
	if sleep(ctx, time.Second) {
		debug.FreeOSMemory()
	}
}

// keep opens the socket, again and again until it is there. It then returns: the
// reader that it started keeps the socket, in a goroutine of its own with a stack
// that has never been deep.
func (s *heldSocket) keep(ctx context.Context, due time.Time) {
	v := &s.held.crowd.Scenario.Visitors
	window := v.ReconnectFirst
	for {
		err := s.open(ctx, due)
		if err == nil || ctx.Err() != nil {
			return
		}
		s.held.crowd.Recorder.Count(heldReason(err), 1)
		if !sleep(ctx, rand.N(window+1)) {
			return
		}
		window = min(2*window, v.ReconnectMax)
	}
}

func heldReason(err error) string {
	var closed closeError
	var status statusError
	if errors.As(err, &closed) || errors.As(err, &status) {
		return err.Error()
	}
	return reason(err)
}

// open makes one attempt.
func (s *heldSocket) open(ctx context.Context, due time.Time) error {
	c, err := s.held.crowd.Balancer.Dial(ctx, "tcp", "")
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if err := c.SetDeadline(time.Now().Add(heldOpen)); err != nil {
		return errors.Join(err, c.Close())
	}
	began := s.last > 0
	if err := s.greet(c); err != nil {
		return errors.Join(err, c.Close())
	}
	if err := c.SetDeadline(time.Time{}); err != nil {
		return errors.Join(err, c.Close())
	}
	rec := s.held.crowd.Recorder
	rec.Count(measure.Opened, 1)
	s.mu.Lock()
	lost := s.lostAt
	s.conn = c
	s.beatAt = time.Now().Add(rand.N(time.Duration(protocol.BeatMS) * time.Millisecond))
	s.mu.Unlock()
	if began {
		rec.Time(measure.Resume, time.Since(lost))
	} else {
		rec.Time(measure.Connect, time.Since(due))
	}
	rec.Idle.Add(1)
	s.held.running.Go(func() { s.read(c) })
	return nil
}

// greet opens the protocol: at first with a line, later with what is known.
func (s *heldSocket) greet(c net.Conn) error {
	crowd := s.held.crowd
	if err := upgrade(c, s.held.to, crowd.Origin); err != nil {
		return err
	}
	open := protocol.ClientFrame{
		T: protocol.TypeOpen, Client: s.visit.Clients[0], Secret: s.visit.Secret,
		Locale: crowd.Scenario.Locale, Page: "/load", Flow: crowd.Flow,
	}
	if s.last > 0 {
		open.Have = &protocol.Have{Epoch: s.epoch, Seq: s.last, ID: s.id}
	}
	if err := s.send(c, open); err != nil {
		return err
	}
	if s.last == 0 {
		const line = "Hello!"
		if len(s.visit.Inputs) == 0 {
			s.visit.Inputs = []verdict.Input{{N: 1, Kind: protocol.TypeSay, Text: verdict.Hash(line)}}
		}
		if err := s.send(c, protocol.ClientFrame{T: protocol.TypeSay, N: 1, Text: line}); err != nil {
			return err
		}
	}
	for ready := false; !ready; {
		op, data, err := readMessage(c, &s.head, nil)
		if err != nil {
			return err
		}
		if op != opText {
			continue
		}
		if ready, err = s.take(data); err != nil {
			return err
		}
	}
	return nil
}

func (s *heldSocket) send(c net.Conn, f protocol.ClientFrame) error {
	data, err := protocol.Encode(f)
	if err != nil {
		return err
	}
	return s.write(c, opText, data)
}

func (s *heldSocket) write(c net.Conn, op byte, data []byte) error {
	if err := c.SetWriteDeadline(time.Now().Add(heldWrite)); err != nil {
		return err
	}
	_, err := c.Write(appendFrame(make([]byte, 0, len(data)+14), op, data))
	return err
}

// beatEvery is how often the sockets are looked through for those that beat.
const beatEvery = 200 * time.Millisecond

// beatAll beats for all of them: a timer each would cost more than the socket.
func (h *Held) beatAll(ctx context.Context) {
	for sleep(ctx, beatEvery) {
		h.mu.Lock()
		sockets := h.sockets
		h.mu.Unlock()
		now := time.Now()
		for _, s := range sockets {
			s.beat(now)
		}
	}
}

// beat sends a beat where one is due.
func (s *heldSocket) beat(now time.Time) {
	s.mu.Lock()
	c := s.conn
	due := c != nil && !now.Before(s.beatAt)
	if due {
		s.beatAt = now.Add(protocol.BeatMS * time.Millisecond)
	}
	s.mu.Unlock()
	if due && s.send(c, protocol.ClientFrame{T: protocol.TypeBeat}) != nil {
		s.cut()
	}
}

// dropAll cuts sockets when the scenario says so.
func (h *Held) dropAll(ctx context.Context, start time.Time) {
	for _, d := range h.drops {
		if !sleep(ctx, time.Until(start.Add(d.At))) {
			return
		}
		h.mu.Lock()
		sockets := h.sockets
		h.mu.Unlock()
		for i, s := range sockets {
			if i%100 < d.Percent {
				s.cut()
				h.crowd.Recorder.Count(measure.Cut, 1)
			}
		}
	}
}

// close ends the socket for good.
func (s *heldSocket) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		_ = s.conn.Close()
	}
}
