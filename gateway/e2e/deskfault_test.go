package e2e

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
)

// P1 to P5: the visitor is on one node, the operator on another, which is killed.
// The operator comes back on the first, nothing is lost or twice, and the bot stays
// silent. Another one does not come back, and the visitor waits in the queue.
func TestP1P5_NodeOfTheOperatorIsKilled(t *testing.T) {
	t.Parallel()
	const lease = 2 * time.Second
	db := startPostgres(t)
	c := startCluster(t, 1, gateway.Options{Postgres: db.url(), OperatorLease: lease, SitesDir: twoSites(t), Rate: fast})
	anna, bert := c.hire(0, "anna", "demo", "operator"), c.hire(0, "bert", "demo", "operator")
	start := func() *node {
		return startChild(t, child{
			sites: c.apps[0].Options().SitesDir, redis: "redis://" + c.redis.Addr(), postgres: db.url(), data: c.keys, lease: lease,
		})
	}
	for round := range proveSize(2, 10) {
		n := start()
		o, err := client.DialOperator(c.soon(), client.OperatorOptions{URL: "ws://" + n.addr, Cookie: anna})
		if err != nil {
			t.Fatal(err)
		}
		visitor := c.page(0, nil, false)
		say(t, visitor, "hello")
		conversation := visitor.Hello().Conversation
		if err := errors.Join(o.Follow(c.soon(), "demo"), o.Watch(c.soon(), "demo", conversation)); err != nil {
			t.Fatal(err)
		}
		c.must(o.Take(c.soon(), "demo", conversation))
		joined := c.newest(visitor, "joined")
		lines := make(chan error, 1)
		const each = 20
		go func() {
			var err error
			for i := range each {
				_, e := o.Say(c.soon(), "demo", conversation, fmt.Sprintf("line %d", i))
				err = errors.Join(err, e)
			}
			lines <- err
		}()
		for i := range each / 2 {
			say(t, visitor, fmt.Sprintf("question %d", i))
		}
		n.kill()
		say(t, visitor, "are you still there?")
		if err := o.Reconnect(c.soon(), "ws://"+c.addr(0)); err != nil {
			t.Fatal(err)
		}
		if err := <-lines; err != nil {
			t.Fatalf("an unanswered line was lost: %v", err)
		}
		c.sameAs(visitor, o, conversation)
		var said []string
		for _, e := range visitor.Events() {
			if e.From == "operator" {
				said = append(said, plain(e))
			}
		}
		for i := range each {
			if i >= len(said) || said[i] != fmt.Sprintf("line %d", i) {
				t.Fatalf("round %d: the operator's lines are %q", round, said)
			}
		}
		if len(said) != each || botAfter(visitor.Events(), joined.Seq) > 0 {
			t.Errorf("round %d: %d lines of the operator, %d of the bot after the take-over", round, len(said), botAfter(visitor.Events(), joined.Seq))
		}
		t.Logf("round %d: %d events checked", round, len(visitor.Events()))
		o.Close()
		for _, v := range o.Violations() {
			t.Errorf("the console saw: %s", v)
		}
	}
	n := start()
	o, err := client.DialOperator(c.soon(), client.OperatorOptions{URL: "ws://" + n.addr, Cookie: bert})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	visitor := c.page(0, nil, false)
	say(t, visitor, "hello")
	conversation := visitor.Hello().Conversation
	if err := o.Watch(c.soon(), "demo", conversation); err != nil {
		t.Fatal(err)
	}
	c.must(o.Take(c.soon(), "demo", conversation))
	c.must(o.Say(c.soon(), "demo", conversation, "one moment"))
	n.kill()
	began := time.Now()
	if _, err := visitor.WaitFor(c.soon(), kindIs("left", "Bert")); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	c.eventually("the conversation waits", func() bool { return visitor.State().Owner == "queue" })
	if took > 3*lease {
		t.Errorf("it took %v to notice, with a lease of %v", took, lease)
	}
	if _, err := visitor.WaitFor(c.soon(), saidBy("operator", "one moment")); err != nil {
		t.Error(err)
	}
	t.Logf("noticed after %v with a lease of %v", took, lease)
}

// A disabled operator's sockets close within seconds, on every node, and so do those
// of one who signs out everywhere. Who loses a role is told to come back.
func TestDisabledOperatorIsCutEverywhere(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 2, gateway.Options{})
	cookie := c.hire(0, "anna", "demo", "operator")
	bert := c.console(1, c.hire(1, "bert", "demo", "operator"), false)
	consoles := []*client.Operator{c.console(0, cookie, true), c.console(1, cookie, true)}
	began := time.Now()
	if _, err := c.apps[0].Operator(t.Context(), gateway.OperatorCommand{Kind: "disable", Login: "anna"}); err != nil {
		t.Fatal(err)
	}
	for i, o := range consoles {
		var ended client.ErrEnded
		if err := o.WaitEnded(c.soon()); !errors.As(err, &ended) || ended.Code != protocol.CloseSignedOut {
			t.Errorf("the console at node %d ended with %v", i, err)
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	if _, err := client.SignIn(t.Context(), c.base(1), "anna", passphrase); err == nil || !strings.Contains(err.Error(), "bad_credentials") {
		t.Errorf("a disabled operator signs in: %v", err)
	}
	if _, err := client.DialOperator(t.Context(), client.OperatorOptions{URL: "ws://" + c.addr(0), Cookie: cookie}); err == nil {
		t.Error("a disabled operator opens a socket")
	}
	if !strings.Contains(fmt.Sprint(bert.Presence("demo")), "Bert") {
		t.Errorf("a colleague is gone too: %v", bert.Presence("demo"))
	}
	if err := bert.WaitPresence(c.soon(), "demo", func(all []protocol.Colleague) bool { return len(all) == 1 }); err != nil {
		t.Error(err)
	}
}

// The inbox is told at most four times a second, however much happens.
func TestInboxIsCoalesced(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{})
	anna := c.console(0, c.hire(0, "anna", "demo", "operator"), false)
	n := proveSize(40, 400)
	began := time.Now()
	last := ""
	for range n {
		p := c.page(0, nil, false)
		say(t, p, "hello")
		last = p.Hello().Conversation
		p.Close()
	}
	if _, err := anna.WaitRow(c.soon(), "demo", last, func(_ protocol.Row, found bool) bool { return found }); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	frames := anna.InboxFrames("demo")
	if most := int(took/(protocol.CoalesceMS*time.Millisecond)) + 2; frames > most {
		t.Errorf("%d frames in %v, at most %d may come", frames, took, most)
	}
	if got := len(anna.Rows("demo")); got != n {
		t.Errorf("the inbox has %d rows, want %d", got, n)
	}
	t.Logf("%d changed rows came in %d frames within %v", n, frames, took)
	other := c.console(0, c.hire(0, "bert", "demo", "administrator"), false)
	if got := len(other.Rows("demo")); got != n {
		t.Errorf("who comes later sees %d rows, want %d", got, n)
	}
}
