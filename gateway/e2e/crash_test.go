package e2e

import (
	"fmt"
	"testing"
	"time"

	"zgoda/gateway"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence/servers"
)

// The process is killed at every step between "load" and "the visitor has seen
// the answer", started again, and the client goes on by itself. Afterwards the
// log must hold each line once, in order, without holes, and the bot's answers
// that belong to them; and what was acknowledged must be there (P1, P2, P3).
func TestP1P2P3_KilledBetweenTheSteps(t *testing.T) {
	t.Parallel()
	for _, step := range []string{
		"commit:1", "committed:1", // the first act, which makes the conversation
		"commit:3", "committed:3",
		`write:2:"t":"events"`, `write:4:"t":"events"`,
		`write:1:"t":"ack"`, `write:3:"t":"ack"`,
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			killedAt(t, "", t.TempDir(), step)
		})
	}
}

// The same on Redis, where another node could have taken over.
func TestP1P2P3_KilledBetweenTheStepsOnRedis(t *testing.T) {
	t.Parallel()
	r := startRedis(t, servers.RedisOptions{AppendOnly: true})
	keys := t.TempDir()
	seed, err := gateway.New(t.Context(), gateway.Options{Redis: "redis://" + r.Addr(), DataDir: keys, SitesDir: sitesDir(), Processor: processor})
	if err != nil {
		t.Fatal(err)
	}
	if err := seed.Stop(t.Context()); err != nil { // it has made the keys
		t.Fatal(err)
	}
	for _, step := range []string{"commit:1", "committed:1", "committed:3", `write:2:"t":"events"`, `write:3:"t":"ack"`} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			killedAt(t, "redis://"+r.Addr(), keys, step)
		})
	}
}

func killedAt(t *testing.T, redisURL, data, step string) {
	first := startNodeOn(t, redisURL, data, "", step)
	c, err := client.Dial(t.Context(), client.Options{
		URL: "ws://" + first.addr, Site: "demo", Locale: "en", Page: "/demo/en", Origin: "http://" + first.addr,
		AutoReconnect: true,
		Reconnect:     client.Backoff{First: 200 * time.Millisecond, Max: 400 * time.Millisecond},
	})
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	defer c.Close()
	died := make(chan *node, 1)
	go func() {
		first.wait() // it dies at the step
		died <- startNodeOn(t, redisURL, data, first.addr, "")
	}()
	lines := []string{"first line", "second line", "third line", "fourth line", "fifth line"}
	for _, line := range lines {
		receipt, err := c.Say(t.Context(), line)
		if err != nil {
			t.Fatalf("say %q: %v", line, err)
		}
		if receipt.Seq == 0 {
			t.Errorf("the answer to %q names no event", line)
		}
	}
	second := <-died
	defer second.stop()
	if _, err := c.Say(t.Context(), "after the restart"); err != nil {
		t.Fatalf("say after the restart: %v", err)
	}
	for _, v := range c.Violations() {
		t.Errorf("the client saw: %s", v)
	}
	checkLog(t, c.Events(), append(lines, "after the restart"))

	// A second page of the same visitor, which has seen nothing, gets the same.
	secret, _, token := c.Identity()
	fresh, err := client.Dial(t.Context(), client.Options{
		URL: "ws://" + second.addr, Site: "demo", Origin: "http://" + second.addr, Secret: secret, Token: token,
	})
	if err != nil {
		t.Fatalf("dial again: %v", err)
	}
	defer fresh.Close()
	checkLog(t, fresh.Events(), append(lines, "after the restart"))
	t.Logf("checked %d events twice", len(fresh.Events()))
}

// checkLog holds a whole log to P1 and P2.
func checkLog(t *testing.T, events []protocol.Event, lines []string) {
	t.Helper()
	var said []string
	answered := true
	for i, e := range events {
		if e.Seq != uint64(i)+1 {
			t.Fatalf("event %d has seq %d", i+1, e.Seq)
		}
		if e.From == "visitor" {
			if !answered {
				t.Errorf("the line before seq %d has no answer of the bot", e.Seq)
			}
			said, answered = append(said, plain(e)), false
		} else {
			answered = true
		}
	}
	if !answered {
		t.Errorf("the last line has no answer of the bot")
	}
	if fmt.Sprint(said) != fmt.Sprint(lines) {
		t.Errorf("the log has the lines %q, want %q", said, lines)
	}
}

// plain is the text of an event.
func plain(e protocol.Event) string {
	var s string
	for _, p := range e.Text {
		switch {
		case p.Masked:
			s += "[masked]"
		case p.Removed:
			s += "[removed]"
		default:
			s += p.Text
		}
	}
	return s
}
