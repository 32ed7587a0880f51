package loadtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway/protocol"
	"zgoda/loadtest/report"
)

// An exactServer speaks as much of the protocol as visitors with questions need
// and answers every line after exactly the same time.
type exactServer struct {
	t     *testing.T
	delay time.Duration
	// stall, where it is set, is until when nobody is answered.
	stall func(now time.Time) time.Time

	mu   sync.Mutex // guards logs
	logs map[string][]protocol.Event
}

func startExact(t *testing.T, s *exactServer) string {
	t.Helper()
	s.t, s.logs = t, map[string][]protocol.Event{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

func (s *exactServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/ws") {
		_, _ = w.Write([]byte(`{"flow":"exact","greeting":[]}`))
		return
	}
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{protocol.Subprotocol}, InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer func() { _ = c.CloseNow() }()
	var pending sync.WaitGroup
	defer pending.Wait()
	visitor, instance := "", ""
	for {
		_, data, err := c.Read(context.Background())
		if err != nil {
			return
		}
		var f protocol.ClientFrame
		if json.Unmarshal(data, &f) != nil {
			continue
		}
		switch f.T {
		case protocol.TypeOpen:
			visitor, instance = f.Secret, f.Client
			s.open(c, f)
		case protocol.TypeBeat:
			s.mu.Lock()
			n := len(s.logs[visitor])
			s.mu.Unlock()
			s.send(c, &protocol.Beat{Epoch: "e", Seq: uint64(n)})
		case protocol.TypeSay:
			due := time.Now().Add(s.delay)
			if s.stall != nil && s.stall(due).After(due) {
				due = s.stall(due)
			}
			pending.Add(1)
			time.AfterFunc(time.Until(due), func() {
				defer pending.Done()
				s.answer(c, visitor, instance, f)
			})
		}
	}
}

func (s *exactServer) send(c *websocket.Conn, frames ...any) {
	for _, f := range frames {
		data, err := protocol.Encode(f)
		if err != nil {
			s.t.Error(err)
			return
		}
		_ = c.Write(context.Background(), websocket.MessageText, data) // who is gone is gone
	}
}

func (s *exactServer) open(c *websocket.Conn, f protocol.ClientFrame) {
	s.mu.Lock()
	log := s.logs[f.Secret]
	s.mu.Unlock()
	hello := &protocol.Hello{Visitor: "v_" + f.Secret, Conversation: "c_" + f.Secret, Token: "t", Resume: protocol.ResumeNew, Limits: protocol.DefaultLimits()}
	if len(log) == 0 {
		s.send(c, hello)
		return
	}
	hello.Resume = protocol.ResumeReset
	s.send(c, hello, &protocol.Reset{Epoch: "e", Seq: uint64(len(log)), First: 1, State: exactState()}, protocol.NewEvents("e", log, exactState()))
}

func exactState() *protocol.State {
	return &protocol.State{Owner: "bot", Consents: map[string]protocol.Consent{}, Expect: protocol.Expect{Kind: "text"}, Held: []string{}}
}

func (s *exactServer) answer(c *websocket.Conn, visitor, instance string, f protocol.ClientFrame) {
	s.mu.Lock()
	log := s.logs[visitor]
	n := uint64(len(log))
	said := protocol.Event{Seq: n + 1, ID: fmt.Sprintf("e%d", n+1), From: "visitor", Kind: "message", Client: instance, N: f.N, Text: []protocol.Part{{Text: f.Text}}}
	reply := protocol.Event{Seq: n + 2, ID: fmt.Sprintf("e%d", n+2), From: "bot", Kind: "message", Text: []protocol.Part{{Text: "Hm."}}}
	s.logs[visitor] = append(log, said, reply)
	s.mu.Unlock()
	s.send(c, protocol.NewEvents("e", []protocol.Event{said, reply}, exactState()), protocol.NewAck(f.N, n+1, said.ID))
}

// The tool's own overhead: a server that answers after exactly 10 ms is measured
// as one, with 100 and with 5,000 visitors at a time.
func TestOverhead(t *testing.T) {
	sizes := []int{100}
	if os.Getenv("ZGODA_PROVE") != "" {
		sizes = append(sizes, 5000)
	}
	for _, visitors := range sizes {
		t.Run(fmt.Sprint(visitors), func(t *testing.T) {
			url := startExact(t, &exactServer{delay: 10 * time.Millisecond})
			// Everybody stays about eight seconds and says two lines on average.
			source := fmt.Sprintf(`
name: exact
arrivals: {spacing: even, phases: [{shape: steady, seconds: 8, per_second: %d}]}
visitors:
  mix: {questions: 1}
  questions: ["How late is it?"]
  think_ms: {shape: uniform, from: 3000, to: 5000}
  typing_ms: {shape: fixed, value: 0}
`, visitors/8)
			r := kept(t, Options{File: writeScenario(t, source), URLs: []string{url}})
			for _, m := range r.Measures {
				t.Logf("%-8s %6d  p50 %7.2f ms  p90 %7.2f ms  p99 %7.2f ms  max %7.2f ms", m.Of, m.Count, m.P50, m.P90, m.P99, m.Max)
			}
			turn := measureOf(t, r, "turn")
			if turn.P50 < 10 {
				t.Errorf("half of the answers took %.2f ms or less, and none came before 10 ms", turn.P50)
			}
			// How little more it is says something on a machine that does nothing else.
			if os.Getenv("ZGODA_PROVE") != "" && turn.P50 > 13 {
				t.Errorf("half of the answers took more than %.2f ms, want 10 ms and a little", turn.P50)
			}
		})
	}
}

func measureOf(t *testing.T, r *report.Report, of string) report.Measure {
	t.Helper()
	for _, m := range r.Measures {
		if m.Of == of {
			return m
		}
	}
	t.Fatalf("nothing was measured of %s", of)
	return report.Measure{}
}

// A server that stalls cannot hide its latency: whoever comes meanwhile is
// counted with the wait, though the tool has nothing to send until it ends.
func TestNoCoordinatedOmission(t *testing.T) {
	t.Parallel()
	began := time.Now()
	from, until := began.Add(2*time.Second), began.Add(3*time.Second)
	url := startExact(t, &exactServer{delay: time.Millisecond, stall: func(now time.Time) time.Time {
		if now.After(from) && now.Before(until) {
			return until
		}
		return now
	}})
	source := `
name: stall
arrivals: {spacing: even, phases: [{shape: steady, seconds: 4, per_second: 50}]}
visitors:
  mix: {questions: 1}
  questions: ["How late is it?"]
  think_ms: {shape: fixed, value: 100}
  typing_ms: {shape: fixed, value: 0}
`
	r := kept(t, Options{File: writeScenario(t, source), URLs: []string{url}})
	first := measureOf(t, r, "first")
	// 50 visitors came during the stall, a quarter of all: their waits are spread
	// evenly up to a second.
	if first.Count < 190 || first.Max < 800 || first.P90 < 350 {
		t.Errorf("%d first answers, p90 %.0f ms, max %.0f ms: the stall of a second is hidden", first.Count, first.P90, first.Max)
	}
}
