package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"zgoda/gateway/protocol"
)

func TestTalk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		o := f.options()
		var mu sync.Mutex
		var seen []uint64
		dirs := map[string]int{}
		o.OnEvent = func(e protocol.Event) { seen = append(seen, e.Seq) }
		o.OnFrame = func(dir string, _ []byte) { mu.Lock(); dirs[dir]++; mu.Unlock() }
		c := f.dial(o)
		r, err := c.Say(t.Context(), "Dzień dobry")
		if err != nil || r.N != 1 || r.Seq != 1 || r.ID != "ev-e1-1" {
			t.Fatalf("Say: %+v, %v", r, err)
		}
		if r, err = c.Press(t.Context(), protocol.OfGreeting, "buy"); err != nil || r.N != 2 || r.Seq != 3 {
			t.Fatalf("Press: %+v, %v", r, err)
		}
		e, err := c.WaitFor(t.Context(), func(e protocol.Event) bool { return e.From == "bot" && e.Seq > 2 })
		if err != nil || e.Seq != 4 {
			t.Fatalf("WaitFor: %+v, %v", e, err)
		}
		b, err := c.Beat(t.Context())
		if err != nil || b.Seq != 4 || b.Epoch != "e1" {
			t.Fatalf("Beat: %+v, %v", b, err)
		}
		past, more, err := c.History(t.Context(), 4, 2)
		if err != nil || !more || len(past) != 2 || past[0].Seq != 2 {
			t.Fatalf("History: %+v, %v, %v", past, more, err)
		}
		if err := c.Typing(true); err != nil {
			t.Fatal(err)
		}
		if s := c.State(); s.Owner != protocol.OwnerBot || s.Expect.Kind != "text" {
			t.Errorf("state %+v", s)
		}
		synctest.Wait()
		if !slices.Equal(seen, []uint64{1, 2, 3, 4}) || len(c.Events()) != 4 {
			t.Errorf("events seen %v, kept %d", seen, len(c.Events()))
		}
		mu.Lock()
		if dirs["in"] == 0 || dirs["out"] == 0 {
			t.Errorf("frames seen: %v", dirs)
		}
		mu.Unlock()
		if got := f.queries[0]; got != "/v1/ws?site=demo https://shop.example" {
			t.Errorf("handshake %q", got)
		}
		wantClean(t, c)
		c.Close()
		if _, err := c.Say(t.Context(), "x"); !errors.Is(err, ErrClosed) {
			t.Errorf("Say after Close: %v", err)
		}
	})
}

// More callers than may be without an answer: the others wait their turn, and
// nobody's input is lost when the server has not answered at all.
func TestManyCallersKeepTheWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		unanswered := make(map[uint64]bool)
		f.setHook(func(_ *peer, in protocol.ClientFrame) bool {
			if in.T == protocol.TypeSay {
				unanswered[in.N] = true
			}
			return in.T == protocol.TypeSay
		})
		c := f.dial(f.options())
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				if _, err := c.Say(t.Context(), fmt.Sprint(i)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if len(unanswered) != protocol.MaxInFlight {
			t.Errorf("%d inputs without an answer, want %d", len(unanswered), protocol.MaxInFlight)
		}
		f.setHook(nil)
		if err := c.Reconnect(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		synctest.Wait()
		if len(c.Events()) != 120 {
			t.Errorf("%d events", len(c.Events()))
		}
		wantClean(t, c)
	})
}

// An input whose ack is lost with the connection is sent again and applied once.
func TestResendAfterDrop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		swallow := true
		f.setHook(func(p *peer, in protocol.ClientFrame) bool {
			if in.T == protocol.TypeSay && swallow {
				swallow = false
				f.apply(p.open.Client, in) // applied, delivered, and its ack never sent
				return true
			}
			return false
		})
		c := f.dial(f.options())
		answered := make(chan error, 1)
		go func() {
			_, err := c.Say(t.Context(), "once")
			answered <- err
		}()
		if _, err := c.WaitFor(t.Context(), func(e protocol.Event) bool { return e.Seq == 2 }); err != nil {
			t.Fatal(err)
		}
		c.Drop()
		if c.Connected() {
			t.Error("connected after Drop")
		}
		f.say("while away 1")
		f.say("while away 2")
		f.say("while away 3")
		if err := c.Reconnect(t.Context(), "ws://other"); err != nil {
			t.Fatal(err)
		}
		if err := <-answered; err != nil {
			t.Fatal(err)
		}
		if n := len(c.Events()); n != 5 {
			t.Errorf("%d events, want 5", n)
		}
		if c.Resets() != 0 || c.Sockets() != 2 {
			t.Errorf("resets %d, sockets %d", c.Resets(), c.Sockets())
		}
		wantClean(t, c)
	})
}

func TestReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.dial(f.options())
		for range 3 {
			if _, err := c.Say(t.Context(), "x"); err != nil {
				t.Fatal(err)
			}
		}
		c.Drop()
		f.mu.Lock()
		f.log, f.first = f.log[4:], 5 // trimmed by age
		f.epoch = "e2"
		f.mu.Unlock()
		if err := c.Reconnect(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		events := c.Events()
		if c.Resets() != 1 || len(events) != 2 || events[0].Seq != 5 {
			t.Errorf("resets %d, events %+v", c.Resets(), events)
		}
		if h := c.Position(); h == nil || h.Epoch != "e2" || h.Seq != 6 {
			t.Errorf("position %+v", h)
		}
		wantClean(t, c)
	})
}

// A failover that loses an acknowledged event shows, reset or not.
func TestLostAfterReset(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.dial(f.options())
		for range 2 {
			if _, err := c.Say(t.Context(), "x"); err != nil {
				t.Fatal(err)
			}
		}
		c.Drop()
		f.mu.Lock()
		f.log = f.log[:2]
		clear(f.answers)
		f.mu.Unlock()
		if err := c.Reconnect(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		wantViolation(t, c, "input 2 was acknowledged as event 3, which is not in the log")
		// The instance was forgotten, so the client goes on as a new one.
		if r, err := c.Say(t.Context(), "y"); err != nil || r.N != 1 || r.Seq != 3 {
			t.Errorf("Say: %+v, %v", r, err)
		}
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.setHook(func(p *peer, in protocol.ClientFrame) bool {
			switch {
			case in.T == protocol.TypePress:
				ack := protocol.NewRefusal(in.N, protocol.CodeChoiceStale, "it was pressed")
				f.mu.Lock()
				if f.answers[p.open.Client] == nil {
					f.answers[p.open.Client] = map[uint64]*protocol.Ack{}
				}
				f.answers[p.open.Client][in.N] = ack
				f.mu.Unlock()
				p.send(ack)
			case in.T == protocol.TypeErase:
				p.send(protocol.NewError(in.N, protocol.CodeBadFrame, "this server has no erase"))
			case in.T == protocol.TypeWithdraw:
				p.send(protocol.NewError(in.N, protocol.CodeNConflict, "another input has this number"))
			default:
				return false
			}
			return true
		})
		c := f.dial(f.options())
		var refused ErrRefused
		if _, err := c.Press(t.Context(), "ev-1", "a"); !errors.As(err, &refused) || refused.Code != protocol.CodeChoiceStale || refused.N != 1 {
			t.Errorf("press: %v", err)
		}
		if _, err := c.Erase(t.Context()); !errors.As(err, &refused) || refused.Code != protocol.CodeBadFrame {
			t.Errorf("erase: %v", err)
		}
		// The number of what was no frame is skipped, so the next input is applied.
		if r, err := c.Say(t.Context(), "x"); err != nil || r.N != 3 {
			t.Errorf("say: %+v, %v", r, err)
		}
		if _, err := c.Withdraw(t.Context()); !errors.As(err, &refused) || refused.Code != protocol.CodeNConflict {
			t.Errorf("withdraw: %v", err)
		}
		if _, err := c.Say(t.Context(), strings.Repeat("ż", protocol.MaxTextRunes+1)); !errors.As(err, &refused) || refused.Code != protocol.CodeTooLong || refused.N != 0 {
			t.Errorf("a text that is too long must be refused before it gets a number: %v", err)
		}
		wantClean(t, c)
	})
}

// Transient errors are waited out; the order of the inputs behind is kept.
func TestTransientErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		away := 2
		f.setHook(func(p *peer, in protocol.ClientFrame) bool {
			if in.T != protocol.TypeSay || in.N != 1 || away == 0 {
				return false
			}
			away--
			e := protocol.NewError(in.N, protocol.CodeUnavailable, "later")
			e.RetryAfterMS = 3000
			p.send(e)
			return true
		})
		c := f.dial(f.options())
		began := time.Now()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if _, err := c.Say(t.Context(), "x"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if waited := time.Since(began); waited < 6*time.Second || waited > 7*time.Second {
			t.Errorf("waited %s, want a little over 6 s", waited)
		}
		if n := len(c.Errors()); n < 2 || n > 12 {
			t.Errorf("%d error frames", n)
		}
		wantClean(t, c)
	})
}

func TestGoAwayMakesBeforeItBreaks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.dial(f.options())
		if _, err := c.Say(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		f.mu.Lock()
		var old *peer
		for p := range f.peers {
			old = p
		}
		f.mu.Unlock()
		f.setHook(func(p *peer, in protocol.ClientFrame) bool {
			if in.T == protocol.TypeOpen {
				f.mu.Lock()
				if !f.peers[old] {
					t.Error("the old socket was closed before the new one was open")
				}
				f.mu.Unlock()
				f.say("between") // reaches the old socket live and the new one by replay
			}
			return false
		})
		began := time.Now()
		old.send(&protocol.GoAway{AfterMS: 4000})
		if err := c.wait(t.Context(), func() bool { return c.opened == 2 }); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited != 4*time.Second {
			t.Errorf("moved after %s", waited)
		}
		f.setHook(nil)
		if _, err := c.Say(t.Context(), "y"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		f.mu.Lock()
		if f.peers[old] || len(f.peers) != 1 {
			t.Error("the old socket is still there")
		}
		f.mu.Unlock()
		if len(c.Events()) != 5 {
			t.Errorf("%d events", len(c.Events()))
		}
		wantClean(t, c)
	})
}

// A gateway closes the older socket of an instance when the newer is attached.
func TestSupersededByItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.setHook(func(p *peer, in protocol.ClientFrame) bool {
			if in.T != protocol.TypeOpen || p.no == 1 {
				return false
			}
			f.mu.Lock()
			for other := range f.peers {
				go other.conn.Close(protocol.CloseSuperseded, "a newer socket took over")
			}
			f.mu.Unlock()
			synctest.Wait()
			return false
		})
		c := f.dial(f.options())
		if err := c.Reconnect(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Say(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		wantClean(t, c)
	})
}

func TestBeatFindsTheLostLastEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.dial(f.options())
		if _, err := c.Say(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		f.mu.Lock()
		f.append(protocol.Event{From: "bot", Kind: "message"}) // delivered to nobody
		f.mu.Unlock()
		began := time.Now()
		if _, err := c.WaitFor(t.Context(), func(e protocol.Event) bool { return e.Seq == 3 }); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited > (protocol.BeatMS+3000)*time.Millisecond {
			t.Errorf("found after %s", waited)
		}
		if err := c.wait(t.Context(), func() bool { return c.opened == 2 }); err != nil {
			t.Error(err)
		}
		wantClean(t, c)
	})
}

func TestAutoReconnect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		var at []time.Duration
		var asked int
		began := time.Now()
		f.handshake = func(w http.ResponseWriter, r *http.Request, count int) bool {
			if r.URL.Path == "/v1/status" {
				asked++
				fmt.Fprint(w, `{"reason":"overloaded","retry_after_ms":60000}`)
				return true
			}
			at = append(at, time.Since(began))
			if len(at) == 2 || len(at) == 3 {
				http.Error(w, "full", http.StatusServiceUnavailable)
				return true
			}
			return false
		}
		o := f.options()
		o.AutoReconnect = true
		c := f.dial(o)
		c.Drop()
		if err := c.WaitConnected(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Half of 5 s; half of 10 s; then the minute that status asks for and half of 20 s.
		want := []time.Duration{0, 2500 * time.Millisecond, 7500 * time.Millisecond, 77500 * time.Millisecond}
		if !slices.Equal(at, want) || asked != 1 {
			t.Errorf("attempts at %v, want %v; status asked %d times", at, want, asked)
		}
		if _, err := c.Say(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		wantClean(t, c)
	})
}

func TestSilenceIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.setHook(func(p *peer, in protocol.ClientFrame) bool { return in.T == protocol.TypeBeat && p.no == 1 })
		o := f.options()
		o.AutoReconnect = true
		c := f.dial(o)
		began := time.Now()
		if err := c.wait(t.Context(), func() bool { return c.opened == 2 }); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(began); waited < 100*time.Second || waited > 106*time.Second {
			t.Errorf("came back after %s", waited)
		}
	})
}

func TestCloseCodes(t *testing.T) {
	t.Parallel()
	for code, ends := range map[int]bool{
		protocol.CloseSlow: false, protocol.CloseRestart: false, protocol.CloseGoAway: false,
		protocol.CloseSuperseded: true, protocol.CloseErased: true, 4999: true,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.setHook(func(p *peer, in protocol.ClientFrame) bool {
					if in.T != protocol.TypeSay || p.no > 1 {
						return false
					}
					_ = p.conn.Close(websocket.StatusCode(code), "because")
					return true
				})
				o := f.options()
				o.AutoReconnect = true
				c := f.dial(o)
				_, err := c.Say(t.Context(), "x")
				var ended ErrEnded
				switch {
				case ends && (!errors.As(err, &ended) || ended.Code != code):
					t.Errorf("Say: %v; want it to end with %d", err, code)
				case !ends && err != nil:
					t.Errorf("Say: %v; want the client to come back", err)
				}
				if secret, _, _ := c.Identity(); (secret == "") != (code == protocol.CloseErased) {
					t.Errorf("secret %q after %d", secret, code)
				}
			})
		})
	}
}

// After an oversize close the number is given up, so that the next input passes.
func TestOversizeIsSkipped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.setHook(func(p *peer, in protocol.ClientFrame) bool {
			if len(in.Text) > 100 {
				_ = p.conn.Close(websocket.StatusMessageTooBig, "too big")
				return true
			}
			return false
		})
		o := f.options()
		o.AutoReconnect = true
		c := f.dial(o)
		var refused ErrRefused
		if _, err := c.Say(t.Context(), strings.Repeat("x", 200)); !errors.As(err, &refused) || refused.Code != protocol.CodeTooLong {
			t.Errorf("Say: %v", err)
		}
		if r, err := c.Say(t.Context(), "short"); err != nil || r.N != 2 {
			t.Errorf("Say: %+v, %v", r, err)
		}
		wantClean(t, c)
	})
}

func TestOpenRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.setHook(func(p *peer, in protocol.ClientFrame) bool {
			p.send(protocol.NewError(0, protocol.CodeTokenInvalid, "forged"))
			return true
		})
		o := f.options()
		o.Token = "forged"
		_, err := Dial(t.Context(), o)
		var refused ErrRefused
		if !errors.As(err, &refused) || refused.Code != protocol.CodeTokenInvalid {
			t.Errorf("Dial: %v", err)
		}
		f.setHook(nil)
		f.handshake = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
			http.Error(w, "no such site", http.StatusNotFound)
			return true
		}
		var handshake ErrHandshake
		if _, err := Dial(t.Context(), o); !errors.As(err, &handshake) || handshake.Status != http.StatusNotFound {
			t.Errorf("Dial: %v", err)
		}
		if _, err := Dial(t.Context(), Options{URL: "ws://fake"}); err == nil || !strings.Contains(err.Error(), "Site") {
			t.Errorf("Dial without a site: %v", err)
		}
	})
}

func TestContexts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.setHook(func(_ *peer, in protocol.ClientFrame) bool { return in.T != protocol.TypeOpen })
		c := f.dial(f.options())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Say(ctx, "x"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Say: %v", err)
		}
		if _, err := c.Beat(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Beat: %v", err)
		}
		if _, _, err := c.History(ctx, 9, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("History: %v", err)
		}
		if _, err := c.WaitFor(ctx, func(protocol.Event) bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitFor: %v", err)
		}
		c.Drop()
		if _, err := c.Beat(t.Context()); !errors.Is(err, ErrNotConnected) {
			t.Errorf("Beat without a socket: %v", err)
		}
		go c.Close()
		if _, err := c.WaitFor(t.Context(), func(protocol.Event) bool { return false }); !errors.Is(err, ErrClosed) {
			t.Errorf("WaitFor: %v", err)
		}
	})
}

// A beat that ends a replay may be on its way to the socket when the replay ends
// without it. The answers to later beats are then still their own.
func TestBeatsRightAfterAReplay(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	o := f.options()
	first := f.dial(o)
	if _, err := first.Say(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	o.Secret, _, _ = first.Identity()
	for range 200 {
		c := f.dial(o)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		_, err := c.Beat(ctx)
		cancel()
		c.Close()
		if err != nil {
			t.Fatalf("a beat right after the replay: %v", err)
		}
	}
}
