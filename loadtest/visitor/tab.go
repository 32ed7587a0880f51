package visitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/loadtest/measure"
	"zgoda/loadtest/verdict"
)

// A tab is one page that a visitor has open: a client instance and what it
// shows. Its methods are called by one goroutine, but for those the client calls.
type tab struct {
	v      *visitor
	client *client.Client
	rand   *rand.Rand
	// due is when the last act should have been done.
	due time.Time
	// gate holds up reading.
	gate *gate
	// screen is this tab's place in the visit.
	screen int

	// Written by the client's goroutines.
	shown   atomic.Uint64 // newest event shown
	errors  atomic.Int64  // error frames
	up      atomic.Bool   // there is a live socket
	lostAt  atomic.Int64  // when the live socket ended, Unix nanoseconds
	leaving atomic.Bool
}

// newTab opens a page, again and again as a browser does, until ctx ends.
func (v *visitor) newTab(ctx context.Context, r *rand.Rand, due time.Time) (*tab, error) {
	t := &tab{v: v, rand: r, due: due, gate: newGate()}
	v.mu.Lock()
	v.visit.Screens = append(v.visit.Screens, verdict.Screen{})
	t.screen = len(v.visit.Screens) - 1
	v.mu.Unlock()
	window := v.crowd.Scenario.Visitors.ReconnectFirst
	for {
		c, err := client.Dial(ctx, t.options())
		if err == nil {
			t.client = c
			v.named(c)
			return t, nil
		}
		v.crowd.Recorder.Count(reason(err), 1)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !sleep(ctx, time.Duration(r.Float64()*float64(window))) {
			return nil, ctx.Err()
		}
		window = min(2*window, v.crowd.Scenario.Visitors.ReconnectMax)
	}
}

func (t *tab) options() client.Options {
	c := t.v.crowd
	return client.Options{
		URL: c.Balancer.URL(), Site: c.Scenario.Site, Locale: c.Scenario.Locale, Page: "/load", Flow: c.Flow, Origin: c.Origin,
		Secret:        t.v.visit.Secret,
		AutoReconnect: true,
		Reconnect:     client.Backoff{First: c.Scenario.Visitors.ReconnectFirst, Max: c.Scenario.Visitors.ReconnectMax},
		Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := c.Balancer.Dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &gatedConn{Conn: conn, gate: t.gate}, nil
		},
		OnFrame: t.onFrame, OnEvent: t.onEvent, OnLink: t.onLink,
		OnViolation: func(what string) { t.v.violate(what) },
	}
}

var (
	resetFrame = []byte(`{"t":"reset"`)
	errorFrame = []byte(`{"t":"error"`)
)

func (t *tab) onFrame(dir string, data []byte) {
	if dir != "in" {
		return
	}
	switch {
	case bytes.HasPrefix(data, resetFrame):
		t.v.mu.Lock()
		t.v.visit.Screens[t.screen].Forget()
		t.v.mu.Unlock()
		t.v.crowd.Recorder.Count(measure.Resets, 1)
	case bytes.HasPrefix(data, errorFrame):
		t.errors.Add(1)
		if frame, err := protocol.DecodeServer(data); err == nil {
			if e, ok := frame.(*protocol.Error); ok {
				t.v.crowd.Recorder.Count("error "+string(e.Code), 1)
			}
		}
	}
}

func (t *tab) onEvent(e protocol.Event) {
	t.v.mu.Lock()
	t.v.visit.Screens[t.screen].Show(&e)
	t.v.mu.Unlock()
	t.shown.Store(max(t.shown.Load(), e.Seq))
	if e.From == "operator" {
		t.v.hear(&e)
	}
	t.v.crowd.Recorder.Count(measure.Events, 1)
}

// onLink counts sockets and times how long it takes to come back.
func (t *tab) onLink(live bool, why error) {
	r := t.v.crowd.Recorder
	now := time.Now()
	if !live {
		t.up.Store(false)
		r.Active.Add(-1)
		if t.leaving.Load() {
			return
		}
		t.lostAt.Store(now.UnixNano())
		r.Count(measure.Lost, 1)
		r.Count(reason(why), 1)
		return
	}
	r.Count(measure.Opened, 1)
	if lost := t.lostAt.Swap(0); lost != 0 {
		r.Time(measure.Resume, now.Sub(time.Unix(0, lost)))
	}
	if !t.up.Swap(true) { // otherwise it took over from one that is still there
		r.Active.Add(1)
	}
}

// reason names why a socket ended or did not begin, for counting.
func reason(err error) string {
	var closed websocket.CloseError
	var ended client.ErrEnded
	var handshake client.ErrHandshake
	var refused client.ErrRefused
	switch {
	case err == nil:
		return "closed"
	case errors.As(err, &ended):
		return fmt.Sprintf("close %d", ended.Code)
	case errors.As(err, &closed):
		return fmt.Sprintf("close %d", int(closed.Code))
	case errors.As(err, &refused):
		return "open refused: " + string(refused.Code)
	case errors.As(err, &handshake) && handshake.Status != 0:
		return fmt.Sprintf("handshake status %d", handshake.Status)
	case errors.As(err, &handshake):
		return "no connection"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return "no answer in time"
	}
	return "connection lost"
}

// think moves on to when the next act is due, with so many characters typed, and
// waits until then.
func (t *tab) think(ctx context.Context, characters int) error {
	visitors := &t.v.crowd.Scenario.Visitors
	after := visitors.Think.Draw(t.rand)
	if characters > 0 {
		after += time.Duration(characters) * visitors.Typing.Draw(t.rand)
	}
	t.due = t.due.Add(after)
	return t.await(ctx)
}

// await waits until the act is due. How late it then is on account of the tool,
// and not of a late answer, is the tool's lag.
func (t *tab) await(ctx context.Context) error {
	wait := time.Until(t.due)
	if wait <= 0 {
		return ctx.Err()
	}
	if !sleep(ctx, wait) {
		return ctx.Err()
	}
	t.v.crowd.Recorder.Time(measure.Lag, time.Since(t.due))
	return nil
}

// do sends an input, waits for its answer and records both. of is what the
// latency is of; it counts from when the act was due.
func (t *tab) do(ctx context.Context, of, kind, text string, send func(context.Context) (client.Receipt, error)) error {
	r := t.v.crowd.Recorder
	sockets, faults := t.client.Sockets(), t.errors.Load()
	_, instance, _ := t.client.Identity()
	r.Waiting.Add(1)
	receipt, err := send(ctx)
	r.Waiting.Add(-1)
	in := verdict.Input{N: receipt.N, Kind: kind, Text: verdict.Hash(strings.TrimSpace(text))}
	var refused client.ErrRefused
	switch {
	case err == nil:
		in.Answered, in.Seq, in.ID = true, receipt.Seq, verdict.Hash(receipt.ID)
		if t.client.Sockets() == sockets && t.errors.Load() == faults {
			in.ShownAtAck = t.shown.Load()
		}
		r.Count(measure.Acts, 1)
		if of != "" {
			r.Time(of, time.Since(t.due))
		}
	case errors.As(err, &refused):
		in.N, in.Answered, in.Refused = refused.N, true, true
		r.Count("refused "+string(refused.Code), 1)
	}
	_, now, _ := t.client.Identity()
	t.v.record(in, instance, now, !in.Answered)
	if owner := t.client.State().Owner; owner != "" && owner != protocol.OwnerBot {
		t.v.mu.Lock()
		t.v.visit.Handed = true
		t.v.mu.Unlock()
	}
	if in.Refused {
		return nil
	}
	return err
}

// record keeps an input. The client may have had to go on under another name; an
// input may then stand under either.
func (v *visitor) record(in verdict.Input, before, after string, unsure bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if unsure {
		v.visit.Unsure = true
	}
	if in.N == 0 {
		return
	}
	in.Client = v.visit.ClientIndex(after)
	v.visit.Inputs = append(v.visit.Inputs, in)
	if before != after {
		in.Client, in.Answered = v.visit.ClientIndex(before), false
		v.visit.Inputs = append(v.visit.Inputs, in)
	}
}

// leaveTimeout bounds how long a visitor who leaves waits for what the store
// still has.
const leaveTimeout = 10 * time.Second

// leave asks once more whether something is missing and closes the page.
func (t *tab) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	complete := false
	beat, err := t.client.Beat(ctx)
	if err == nil && beat.Epoch != "" {
		_, err := t.client.WaitFor(ctx, func(e protocol.Event) bool { return e.Seq >= beat.Seq })
		have := t.client.Position()
		complete = err == nil && t.client.Connected() && have != nil && have.Epoch == beat.Epoch
	}
	prompt := t.client.State().Expect.Prompt
	t.v.mu.Lock()
	screen := &t.v.visit.Screens[t.screen]
	screen.Complete, screen.Top = complete, beat.Seq
	if complete && prompt != "" {
		screen.Prompt = verdict.Hash(prompt)
	}
	t.v.mu.Unlock()
	if complete {
		for _, what := range t.client.Violations() {
			t.v.violateOnce(what)
		}
	}
	t.close()
}

// close closes the page without a question.
func (t *tab) close() {
	t.leaving.Store(true)
	t.client.Close()
}

// A gate lets reads through, or holds them.
type gate struct {
	mu   sync.Mutex // guards open
	open chan struct{}
}

func newGate() *gate {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	return g
}

// shut holds every read from now on; the function returned opens the gate.
func (g *gate) shut() (open func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
	return sync.OnceFunc(func() { close(g.open) })
}

func (g *gate) pass() {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	<-open
}

type gatedConn struct {
	net.Conn
	gate *gate
}

func (c *gatedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.gate.pass()
	return n, err
}

// card returns the request of the card that waits for an answer, or "".
func (t *tab) card() string {
	if t.client.State().Expect.Kind != "card" {
		return ""
	}
	for _, e := range slices.Backward(t.client.Events()) {
		if e.Card != nil {
			return e.Card.Request
		}
	}
	return ""
}

// option returns the event that offers an option now, or "".
func (t *tab) option(id string) string {
	for _, e := range slices.Backward(t.client.Events()) {
		for _, o := range e.Options {
			if strings.EqualFold(o.ID, id) {
				return e.ID
			}
		}
	}
	return ""
}

// asked returns the field and the type of the question that waits for an answer.
func (t *tab) asked() (field, kind string) {
	expect := t.client.State().Expect
	if expect.Kind != "ask" {
		return "", ""
	}
	field = expect.Type
	for _, e := range slices.Backward(t.client.Events()) {
		if e.ID == expect.Prompt && e.Field != "" {
			field = e.Field
		}
	}
	return field, expect.Type
}

// sleep returns false when ctx is over first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
