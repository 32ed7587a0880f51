package client

import (
	"context"
	"testing"
	"testing/synctest"

	"zgoda/gateway/protocol"
)

// Every broken promise is seen.
func TestViolations(t *testing.T) {
	t.Parallel()
	event := func(seq uint64, id string) protocol.Event {
		return protocol.Event{Seq: seq, ID: id, From: "bot", Kind: "message"}
	}
	events := func(list ...protocol.Event) *protocol.Events { return protocol.NewEvents("e1", list, nil) }
	for name, c := range map[string]struct {
		send []any
		says string
	}{
		"hole":           {[]any{events(event(1, "a"), event(3, "c"))}, "hole: event 3 follows 1"},
		"hole at start":  {[]any{events(event(2, "b"))}, "hole: event 2 follows 0"},
		"repeat":         {[]any{events(event(1, "a")), events(event(1, "a"))}, "event 1 was sent twice"},
		"changed":        {[]any{events(event(1, "a")), events(event(1, "b"))}, "event 1 was a and is now b"},
		"other epoch":    {[]any{events(event(1, "a")), protocol.NewEvents("e2", nil, nil)}, "the epoch changed"},
		"ack of nothing": {[]any{protocol.NewAck(7, 1, "a")}, "ack of input 7, which was never sent"},
		"second hello":   {[]any{&protocol.Hello{Visitor: "v1", Conversation: "c1"}}, "a second hello"},
		"late reset":     {[]any{&protocol.Reset{Epoch: "e2"}}, "a reset in the middle"},
		"binary":         {[]any{[]byte("{}")}, "binary message"},
		"no frame":       {[]any{"}"}, "what is no frame"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.setHook(func(p *peer, in protocol.ClientFrame) bool {
					if in.T == protocol.TypeTyping {
						for _, frame := range c.send {
							p.send(frame)
						}
					}
					return in.T == protocol.TypeTyping
				})
				o := f.options()
				reported := 0
				o.OnViolation = func(string) { reported++ }
				client := f.dial(o)
				if err := client.Typing(true); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				wantViolation(t, client, c.says)
				if reported == 0 {
					t.Error("OnViolation was not called")
				}
			})
		})
	}
}

func TestViolationsOfAcks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(p *peer, in protocol.ClientFrame)
		says   string
	}{
		"not in the log": {func(p *peer, in protocol.ClientFrame) {
			p.send(protocol.NewAck(in.N, 9, "x"))
		}, "which is not in the log"},
		"other id": {func(p *peer, in protocol.ClientFrame) {
			p.fake.apply(p.open.Client, in)
			p.send(protocol.NewAck(in.N, 1, "x"))
		}, "acknowledged as event 1 x, which is ev-e1-1"},
		"another's event": {func(p *peer, in protocol.ClientFrame) {
			p.fake.apply(p.open.Client, in)
			p.send(protocol.NewAck(in.N, 2, "ev-e1-2"))
		}, "which belongs to another input"},
		"two answers": {func(p *peer, in protocol.ClientFrame) {
			p.fake.apply(p.open.Client, in)
			p.send(protocol.NewAck(in.N, 1, "ev-e1-1"))
			p.send(protocol.NewAck(in.N, 2, "ev-e1-2"))
		}, "and then as 2"},
		"twice in the log": {func(p *peer, in protocol.ClientFrame) {
			p.fake.apply(p.open.Client, in)
			p.fake.mu.Lock()
			clear(p.fake.answers)
			p.fake.mu.Unlock()
			p.send(p.fake.apply(p.open.Client, in))
		}, "is in the log twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(t)
				f.setHook(func(p *peer, in protocol.ClientFrame) bool {
					if in.T == protocol.TypeSay {
						c.answer(p, in)
					}
					return in.T == protocol.TypeSay
				})
				client := f.dial(f.options())
				if _, err := client.Say(t.Context(), "x"); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				wantViolation(t, client, c.says)
			})
		})
	}
}

// A server that forgot what it answered is seen, and the client goes on.
func TestForgottenInstance(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.dial(f.options())
		if _, err := c.Say(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		_, before, _ := c.Identity()
		c.Drop()
		f.mu.Lock()
		clear(f.answers)
		f.mu.Unlock()
		if err := c.Reconnect(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		wantViolation(t, c, "the server answered 1 inputs and knows 0, without a reset")
		if _, after, _ := c.Identity(); after == before {
			t.Error("the instance was not renamed")
		}
		if r, err := c.Say(t.Context(), "y"); err != nil || r.N != 1 {
			t.Errorf("Say: %+v, %v", r, err)
		}
	})
}

// Whoever gives up waiting is told the number the input has by then, also while it is
// given another: the race detector looks on.
func TestGivenUpWhileRenamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.dial(f.options())
		for range 2 {
			if _, err := c.Say(t.Context(), "x"); err != nil {
				t.Fatal(err)
			}
		}
		f.setHook(func(_ *peer, in protocol.ClientFrame) bool { return in.T != protocol.TypeOpen })
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		given := make(chan Receipt)
		go func() {
			r, _ := c.Say(ctx, "y")
			given <- r
		}()
		synctest.Wait()
		c.Drop()
		f.mu.Lock()
		clear(f.answers)
		f.mu.Unlock()
		go cancel()
		if err := c.Reconnect(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if r := <-given; r.N != 1 && r.N != 3 {
			t.Errorf("the input is number %d", r.N)
		}
	})
}

func TestRemovedContactValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.dial(f.options())
		e := protocol.Event{Seq: 1, ID: "a", From: "visitor", Kind: "message", Text: []protocol.Part{{Text: "me@example.com", Contact: true}, {Text: "!"}}}
		f.mu.Lock()
		f.log = append(f.log, e)
		f.mu.Unlock()
		f.deliver(e)
		for p := range f.peers {
			frame := protocol.NewEvents("e1", nil, nil)
			frame.Removed = true
			p.send(frame)
		}
		synctest.Wait()
		got := c.Events()[0].Text
		if len(got) != 2 || got[0] != (protocol.Part{Removed: true}) || got[1].Text != "!" {
			t.Errorf("text after removal: %+v", got)
		}
		wantClean(t, c)
	})
}

// While one socket takes over from another and has begun the log anew, what the
// older one still brings belongs to the log that is gone.
func TestOldSocketAfterReset(t *testing.T) {
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
			if in.T != protocol.TypeOpen {
				return false
			}
			p.send(&protocol.Hello{Visitor: "v1", Conversation: "c1", Resume: protocol.ResumeReset, LastN: 1})
			p.send(&protocol.Reset{Epoch: "e2", Seq: 2, First: 2})
			synctest.Wait()
			old.send(protocol.NewEvents("e1", []protocol.Event{{Seq: 3, ID: "late", From: "bot", Kind: "message"}}, nil))
			synctest.Wait()
			p.send(protocol.NewEvents("e2", []protocol.Event{{Seq: 2, ID: "new", From: "bot", Kind: "message"}}, nil))
			return true
		})
		if err := c.Reconnect(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if events := c.Events(); len(events) != 1 || events[0].ID != "new" {
			t.Errorf("events %+v", events)
		}
		wantClean(t, c)
	})
}
