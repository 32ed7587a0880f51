package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zgoda/gateway"
	"zgoda/gateway/chat"
	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
	"zgoda/persistence/sqlitestore"
)

// fast lets a visitor say as much as a test needs.
var fast = persistence.Rate{Max: 1 << 20, Window: time.Second}

// jitter waits for a random part of d.
func jitter(d time.Duration) { time.Sleep(rand.N(d)) }

const passphrase = "correct horse battery"

// twoSites returns a folder with the sites demo and other.
func twoSites(t *testing.T) string {
	t.Helper()
	demo, err := os.ReadFile(filepath.Join(sitesDir(), "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	flows, err := filepath.Abs(filepath.Join(sitesDir(), "..", "flows"))
	if err != nil {
		t.Fatal(err)
	}
	demo = bytes.ReplaceAll(demo, []byte("../flows"), []byte(flows))
	dir := t.TempDir()
	for _, key := range []string{"demo", "other"} {
		text := bytes.Replace(demo, []byte("key: demo"), []byte("key: "+key), 1)
		if err := os.WriteFile(filepath.Join(dir, key+".yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// startDesk starts gateways on one Redis whose operators' accounts are in one file.
func startDesk(t *testing.T, nodes int, o gateway.Options) *cluster {
	t.Helper()
	accounts, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "staff.db"), sqlitestore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = accounts.Close() })
	o.Staff = accounts
	if o.SitesDir == "" {
		o.SitesDir = twoSites(t)
	}
	return startCluster(t, nodes, o)
}

func (c *cluster) base(i int) string { return "http://" + c.addr(i) }

// hire makes an account with a role on a site and returns its cookie at node i.
func (c *cluster) hire(i int, login, site, role string) string {
	c.t.Helper()
	answer, err := c.apps[i].Operator(c.t.Context(), gateway.OperatorCommand{Kind: "add", Login: login, Site: site, Role: role})
	if err != nil {
		c.t.Fatalf("invite %s: %v", login, err)
	}
	cookie, err := client.Accept(c.t.Context(), c.base(i), answer.Path, strings.ToUpper(login[:1])+login[1:], passphrase)
	if err != nil {
		c.t.Fatalf("accept the invitation of %s: %v", login, err)
	}
	return cookie
}

// console opens an operator's console at node i and follows the site demo.
func (c *cluster) console(i int, cookie string, auto bool) *client.Operator {
	c.t.Helper()
	o, err := client.DialOperator(c.t.Context(), client.OperatorOptions{
		URL: "ws://" + c.addr(i), Cookie: cookie, AutoReconnect: auto,
		Reconnect: client.Backoff{First: 100 * time.Millisecond, Max: 500 * time.Millisecond}, OnFrame: operatorFits(c.t),
	})
	if err != nil {
		c.t.Fatalf("open a console at node %d: %v", i, err)
	}
	c.t.Cleanup(func() {
		o.Close()
		for _, v := range o.Violations() {
			c.t.Errorf("a console saw: %s", v)
		}
	})
	if err := o.Follow(c.soon(), "demo"); err != nil {
		c.t.Fatal(err)
	}
	return o
}

// soon is a context for what must happen before long.
func (c *cluster) soon() context.Context {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	c.t.Cleanup(cancel)
	return ctx
}

func (c *cluster) must(_ client.Receipt, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func refusedWith(err error) protocol.Code {
	var refused client.ErrRefused
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

func kindIs(kind, name string) func(protocol.Event) bool {
	return func(e protocol.Event) bool { return e.Kind == kind && e.Name == name }
}

func saidBy(from, text string) func(protocol.Event) bool {
	return func(e protocol.Event) bool { return e.From == from && plain(e) == text }
}

// botAfter counts what the bot said after an event.
func botAfter(events []protocol.Event, seq uint64) int {
	n := 0
	for _, e := range events {
		if e.Seq > seq && e.From == "bot" {
			n++
		}
	}
	return n
}

// P1, P3, P4, P5: two operators and two visitors over two nodes. One is taken over,
// talked to and handed back; the other is raced for, transferred and closed.
func TestP1P5_TwoOperatorsTwoVisitors(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 2, gateway.Options{})
	anna, bert := c.console(0, c.hire(0, "anna", "demo", "operator"), false), c.console(1, c.hire(1, "bert", "demo", "operator"), false)
	first, second := c.page(1, nil, false), c.page(0, nil, false)
	say(t, first, "my address is ala@example.com")
	say(t, second, "hello")
	one, two := first.Hello().Conversation, second.Hello().Conversation
	for _, o := range []*client.Operator{anna, bert} {
		for _, conversation := range []string{one, two} {
			row, err := o.WaitRow(c.soon(), "demo", conversation, func(r protocol.Row, found bool) bool { return found })
			if err != nil {
				t.Fatal(err)
			}
			if row.Owner != "bot" || strings.Contains(row.Preview, "ala@") {
				t.Errorf("the row is %+v", row)
			}
			if err := o.Watch(c.soon(), "demo", conversation); err != nil {
				t.Fatal(err)
			}
		}
	}

	c.must(anna.Take(c.soon(), "demo", one))
	joined, err := first.WaitFor(c.soon(), kindIs("joined", "Anna"))
	if err != nil {
		t.Fatal(err)
	}
	if joined.Operator != "" || first.State().Owner != "operator" || first.State().Name != "Anna" {
		t.Errorf("the visitor is told %+v, state %+v", joined, first.State())
	}
	c.must(anna.Say(c.soon(), "demo", one, "Good morning!"))
	if _, err := first.WaitFor(c.soon(), saidBy("operator", "Good morning!")); err != nil {
		t.Fatal(err)
	}
	say(t, first, "write to ala@example.com please")
	line, err := bert.WaitFor(c.soon(), "demo", one, func(e protocol.Event) bool { return e.Seq > joined.Seq && e.From == "visitor" })
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(fmt.Sprint(line), "ala@example.com") {
		t.Errorf("an operator is shown what was typed without a grant: %+v", line)
	}
	if n := botAfter(first.Events(), joined.Seq); n > 0 {
		t.Errorf("the bot said %d lines after the take-over", n)
	}
	if _, err := bert.WaitRow(c.soon(), "demo", one, func(r protocol.Row, _ bool) bool { return r.Owner == "operator" && r.Unread == 1 }); err != nil {
		t.Error(err)
	}
	if err := anna.Seen("demo", one, line.Seq); err != nil {
		t.Fatal(err)
	}
	if _, err := bert.WaitRow(c.soon(), "demo", one, func(r protocol.Row, _ bool) bool { return r.Unread == 0 }); err != nil {
		t.Error(err)
	}
	c.must(anna.Note(c.soon(), "demo", one, "call 601 202 303 or ala@example.com"))
	if err := bert.WaitState(c.soon(), "demo", one, func(protocol.StaffState, map[string]uint64, map[string]bool) bool {
		return true
	}); err != nil {
		t.Fatal(err)
	}
	c.eventually("the note reaches the colleague, masked", func() bool {
		notes := bert.Notes("demo", one)
		return len(notes) == 2 && notes[1].Kind == "note" && !strings.Contains(fmt.Sprint(notes), "ala@") && !strings.Contains(fmt.Sprint(notes), "601")
	})
	for _, e := range first.Events() {
		if strings.Contains(fmt.Sprint(e), "call") {
			t.Errorf("a visitor saw a note: %+v", e)
		}
	}

	c.must(anna.Release(c.soon(), "demo", one, "bot"))
	left, err := first.WaitFor(c.soon(), kindIs("left", "Anna"))
	if err != nil {
		t.Fatal(err)
	}
	say(t, first, "when do you open?")
	if _, err := first.WaitFor(c.soon(), func(e protocol.Event) bool { return e.Seq > left.Seq && e.From == "bot" }); err != nil {
		t.Errorf("after handing back the bot is silent: %v", err)
	}

	winner, loser := c.race(two, anna, bert)
	if _, err := loser.Say(c.soon(), "demo", two, "me too"); refusedWith(err) != protocol.CodeNotOwner {
		t.Errorf("who lost may speak: %v", err)
	}
	c.must(winner.Say(c.soon(), "demo", two, "hello"))
	c.must(winner.Transfer(c.soon(), "demo", two, loser.Welcome().Operator.ID))
	if _, err := winner.Say(c.soon(), "demo", two, "still me"); refusedWith(err) != protocol.CodeNotOwner {
		t.Errorf("who gave it away may speak: %v", err)
	}
	if _, err := loser.Transfer(c.soon(), "demo", two, "op_nobody"); refusedWith(err) != protocol.CodeAbsent {
		t.Errorf("a conversation was given to nobody: %v", err)
	}
	c.must(loser.CloseConversation(c.soon(), "demo", two))
	if _, err := winner.WaitRow(c.soon(), "demo", two, func(_ protocol.Row, found bool) bool { return !found }); err != nil {
		t.Errorf("a closed conversation stays in the inbox: %v", err)
	}
	if second.State().Owner != "closed" {
		t.Errorf("the visitor's state is %+v", second.State())
	}
	for conversation, page := range map[string]*client.Client{one: first, two: second} {
		for _, o := range []*client.Operator{anna, bert} {
			c.sameAs(page, o, conversation)
		}
	}
}

func (c *cluster) eventually(sentence string, holds func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			c.t.Fatalf("it did not come to pass: %s", sentence)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// race lets two operators take a conversation at once.
func (c *cluster) race(conversation string, a, b *client.Operator) (winner, loser *client.Operator) {
	c.t.Helper()
	results := make(chan error, 1)
	go func() {
		_, err := a.Take(c.soon(), "demo", conversation)
		results <- err
	}()
	_, errB := b.Take(c.soon(), "demo", conversation)
	errA := <-results
	switch {
	case errA == nil && refusedWith(errB) == protocol.CodeTaken:
		return a, b
	case errB == nil && refusedWith(errA) == protocol.CodeTaken:
		return b, a
	}
	c.t.Fatalf("the answers are %v and %v, want one winner and one %s", errA, errB, protocol.CodeTaken)
	return nil, nil
}

// sameAs waits until a visitor and an operator have the same log.
func (c *cluster) sameAs(page *client.Client, o *client.Operator, conversation string) {
	c.t.Helper()
	c.eventually("visitor and operator see the same log", func() bool {
		x, y := page.Events(), o.Events("demo", conversation)
		if len(x) != len(y) || len(x) == 0 {
			return false
		}
		for i := range x {
			if x[i].ID != y[i].ID || x[i].Seq != y[i].Seq || plain(x[i]) != plain(y[i]) {
				c.t.Fatalf("event %d differs: %+v and %+v", i, x[i], y[i])
			}
		}
		return true
	})
}

// P3, P4: an operator's socket is lost and comes back on the other node: exactly what
// was missed arrives, and unanswered inputs are applied once.
func TestP3P4_OperatorResumesOnAnotherNode(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 2, gateway.Options{})
	anna := c.console(0, c.hire(0, "anna", "demo", "operator"), false)
	visitor := c.page(1, nil, false)
	say(t, visitor, "hello")
	conversation := visitor.Hello().Conversation
	if err := anna.Watch(c.soon(), "demo", conversation); err != nil {
		t.Fatal(err)
	}
	c.must(anna.Take(c.soon(), "demo", conversation))
	var lines []string
	for i := range proveSize(6, 50) {
		line := fmt.Sprintf("line %d", i)
		lines = append(lines, line)
		say(t, visitor, "and "+line)
		c.must(anna.Say(c.soon(), "demo", conversation, line))
		c.must(anna.Note(c.soon(), "demo", conversation, "note "+line))
		anna.Drop()
		say(t, visitor, "while away "+line)
		if err := anna.Reconnect(c.soon(), "ws://"+c.addr((i+1)%2)); err == nil {
			t.Log("resumed on the other node")
		} else {
			t.Fatal(err)
		}
	}
	c.sameAs(visitor, anna, conversation)
	var said []string
	for _, e := range visitor.Events() {
		if e.From == "operator" {
			said = append(said, plain(e))
		}
	}
	if strings.Join(said, "|") != strings.Join(lines, "|") {
		t.Errorf("the operator's lines are %q, want %q", said, lines)
	}
	if notes := anna.Notes("demo", conversation); len(notes) != len(lines)+1 {
		t.Errorf("%d notes, want %d and the take-over", len(notes), len(lines))
	}
}

// An operator whose laptop dies is noticed: the conversation waits again, the visitor
// is told, nothing is lost, and it happens once although every node looks.
func TestOperatorIsGone(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 2, gateway.Options{OperatorLease: 2 * time.Second})
	anna, bert := c.console(0, c.hire(0, "anna", "demo", "operator"), false), c.console(1, c.hire(1, "bert", "demo", "operator"), false)
	visitor := c.page(1, nil, false)
	say(t, visitor, "hello")
	conversation := visitor.Hello().Conversation
	for _, o := range []*client.Operator{anna, bert} {
		if err := o.Watch(c.soon(), "demo", conversation); err != nil {
			t.Fatal(err)
		}
	}
	c.must(anna.Take(c.soon(), "demo", conversation))
	if err := bert.WaitPresence(c.soon(), "demo", func(all []protocol.Colleague) bool {
		return len(all) == 2 && all[0].Conversations+all[1].Conversations == 1 && len(all[0].Watching) == 1
	}); err != nil {
		t.Error(err)
	}
	began := time.Now()
	anna.Drop()
	if _, err := visitor.WaitFor(c.soon(), kindIs("left", "Anna")); err != nil {
		t.Fatal(err)
	}
	t.Logf("noticed after %v", time.Since(began))
	row, err := bert.WaitRow(c.soon(), "demo", conversation, func(r protocol.Row, _ bool) bool { return r.Owner == "queue" })
	if err != nil {
		t.Fatal(err)
	}
	if row.Operator != "" || visitor.State().Owner != "queue" {
		t.Errorf("the row is %+v, the visitor's state %+v", row, visitor.State())
	}
	say(t, visitor, "is anybody there?")
	c.must(bert.Take(c.soon(), "demo", conversation))
	c.sameAs(visitor, bert, conversation)
	lefts := 0
	for _, e := range visitor.Events() {
		if e.Kind == "left" {
			lefts++
		}
	}
	if lefts != 1 {
		t.Errorf("the visitor was told %d times that the operator left", lefts)
	}
	kinds := []string{}
	for _, n := range bert.Notes("demo", conversation) {
		kinds = append(kinds, n.Kind)
	}
	if strings.Join(kinds, " ") != "taken returned taken" {
		t.Errorf("the staff log says %v", kinds)
	}
}

// An operator who reloads the page keeps the conversation.
func TestOperatorComesBackInTime(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 2, gateway.Options{OperatorLease: 4 * time.Second})
	anna := c.console(0, c.hire(0, "anna", "demo", "operator"), false)
	visitor := c.page(1, nil, false)
	say(t, visitor, "hello")
	conversation := visitor.Hello().Conversation
	if err := anna.Watch(c.soon(), "demo", conversation); err != nil {
		t.Fatal(err)
	}
	c.must(anna.Take(c.soon(), "demo", conversation))
	for range 5 {
		anna.Drop()
		time.Sleep(700 * time.Millisecond)
		if err := anna.Reconnect(c.soon(), ""); err != nil {
			t.Fatal(err)
		}
	}
	c.must(anna.Say(c.soon(), "demo", conversation, "still here"))
	if visitor.State().Owner != "operator" {
		t.Errorf("the owner is %s", visitor.State().Owner)
	}
}

// P5: a bot's turn races with a take-over through the public protocol. Whatever the
// order, not one bot message follows it, and after handing back the bot answers.
func TestP5_FencedTakeoverThroughTheProtocol(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 2, gateway.Options{Rate: fast})
	anna := c.console(0, c.hire(0, "anna", "demo", "operator"), false)
	visitor := c.page(1, nil, false)
	say(t, visitor, "hello")
	conversation := visitor.Hello().Conversation
	if err := anna.Watch(c.soon(), "demo", conversation); err != nil {
		t.Fatal(err)
	}
	rounds, before := proveSize(50, 1000), 0
	for k := range rounds {
		said := make(chan error, 1)
		go func() {
			_, err := visitor.Say(c.soon(), fmt.Sprintf("when do you open? %d", k))
			said <- err
		}()
		jitter(2 * time.Millisecond)
		c.must(anna.Take(c.soon(), "demo", conversation))
		if err := <-said; err != nil {
			t.Fatal(err)
		}
		joined := c.newest(visitor, "joined")
		say(t, visitor, "and on Sunday?")
		if n := botAfter(visitor.Events(), joined.Seq); n > 0 {
			t.Fatalf("round %d: the bot said %d lines after the take-over: %+v", k, n, visitor.Events())
		}
		if visitor.Events()[joined.Seq-2].From == "bot" {
			before++
		}
		c.must(anna.Release(c.soon(), "demo", conversation, "bot"))
		back := c.newest(visitor, "left")
		say(t, visitor, "when do you open?")
		if n := botAfter(visitor.Events(), back.Seq); n == 0 {
			t.Fatalf("round %d: after handing back the bot is silent", k)
		}
	}
	c.sameAs(visitor, anna, conversation)
	t.Logf("P5: %d take-overs, %d right after a line of the bot; no bot message after any", rounds, before)
}

// newest waits for the newest event of a kind that is newer than any known before.
func (c *cluster) newest(p *client.Client, kind string) protocol.Event {
	c.t.Helper()
	var found protocol.Event
	c.eventually("the visitor is told "+kind, func() bool {
		state := p.State().Owner
		if (kind == "joined") != (state == "operator") {
			return false
		}
		for _, e := range p.Events() {
			if e.Kind == kind {
				found = e
			}
		}
		return found.Seq > 0
	})
	return found
}

// The consent card is sent by an operator once; nobody but the visitor answers it.
func TestC25_OperatorSendsTheCardOnce(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{})
	anna := c.console(0, c.hire(0, "anna", "demo", "operator"), false)
	visitor := c.page(0, nil, false)
	say(t, visitor, "hello")
	conversation := visitor.Hello().Conversation
	if err := anna.Watch(c.soon(), "demo", conversation); err != nil {
		t.Fatal(err)
	}
	if _, err := anna.AskCard(c.soon(), "demo", conversation); refusedWith(err) != protocol.CodeNotOwner {
		t.Errorf("a card without having the conversation: %v", err)
	}
	c.must(anna.Take(c.soon(), "demo", conversation))
	c.must(anna.AskCard(c.soon(), "demo", conversation))
	card, err := visitor.WaitFor(c.soon(), func(e protocol.Event) bool { return e.Card != nil })
	if err != nil {
		t.Fatal(err)
	}
	if card.From != "system" {
		t.Errorf("the card is from %s", card.From)
	}
	if _, err := anna.AskCard(c.soon(), "demo", conversation); refusedWith(err) != protocol.CodeBadInput {
		t.Errorf("a second card: %v", err)
	}
	if err := anna.Raw([]byte(`{"t":"decide","n":9,"request":"` + card.Card.Request + `","answer":"grant"}`)); err != nil {
		t.Fatal(err)
	}
	c.eventually("a hand-made decision is refused", func() bool {
		errs := anna.Errors()
		return len(errs) > 0 && errs[len(errs)-1].Code == protocol.CodeUnknownType
	})
	// The phrase is no answer to the card once the operator has asked something else.
	c.must(anna.Say(c.soon(), "demo", conversation, "Shall I wrap it?"))
	say(t, visitor, "I agree")
	if got := visitor.State().Consents["lead_contact"].Status; got == "granted" {
		t.Error("a phrase that answers a person has granted consent")
	}
	if _, err := visitor.Decide(c.soon(), card.Card.Request, protocol.AnswerGrant); err != nil {
		t.Fatal(err)
	}
	if err := anna.WaitState(c.soon(), "demo", conversation, func(s protocol.StaffState, _ map[string]uint64, _ map[string]bool) bool {
		return s.Consents["lead_contact"].Status == "granted" && s.CardSent
	}); err != nil {
		t.Error(err)
	}
}

// Typing and read marks cross nodes and are in no log.
func TestTypingAndReadMarksCrossNodes(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 2, gateway.Options{})
	anna := c.console(0, c.hire(0, "anna", "demo", "operator"), false)
	frames := make(chan string, 100)
	fits := fitsTheDocument(t)
	visitor, err := client.Dial(t.Context(), client.Options{
		URL: "ws://" + c.addr(1), Site: "demo", Origin: c.base(1), OnFrame: func(dir string, data []byte) {
			fits(dir, data)
			if dir == "in" && (bytes.HasPrefix(data, []byte(`{"t":"typing"`)) || bytes.HasPrefix(data, []byte(`{"t":"seen"`))) {
				frames <- string(data)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(visitor.Close)
	say(t, visitor, "hello")
	conversation := visitor.Hello().Conversation
	if err := anna.Watch(c.soon(), "demo", conversation); err != nil {
		t.Fatal(err)
	}
	if err := anna.Typing("demo", conversation, true); err != nil {
		t.Fatal(err)
	}
	c.must(anna.Take(c.soon(), "demo", conversation))
	c.newest(visitor, "joined")
	before := len(visitor.Events())
	if err := visitor.Typing(true); err != nil {
		t.Fatal(err)
	}
	if err := anna.WaitState(c.soon(), "demo", conversation, func(_ protocol.StaffState, _ map[string]uint64, typing map[string]bool) bool {
		return typing["visitor"]
	}); err != nil {
		t.Error(err)
	}
	top := visitor.Events()[before-1].Seq
	if err := visitor.Raw(fmt.Appendf(nil, `{"t":"seen","seq":%d}`, top)); err != nil {
		t.Fatal(err)
	}
	if err := anna.WaitState(c.soon(), "demo", conversation, func(_ protocol.StaffState, read map[string]uint64, _ map[string]bool) bool {
		return read["visitor"] == top
	}); err != nil {
		t.Error(err)
	}
	if err := anna.Typing("demo", conversation, true); err != nil {
		t.Fatal(err)
	}
	if err := anna.Seen("demo", conversation, top); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"t":"typing","from":"operator","on":true,"name":"Anna"}`, fmt.Sprintf(`{"t":"seen","from":"operator","seq":%d}`, top)} {
		select {
		case got := <-frames:
			if got != want {
				t.Errorf("the visitor got %s, want %s", got, want)
			}
		case <-time.After(patience):
			t.Fatalf("the visitor did not get %s", want)
		}
	}
	if got := len(visitor.Events()); got != before {
		t.Errorf("typing and reading made %d events", got-before)
	}
}

// A log that does not fit into one frame is complete when the watch begins: the staff
// log, which says so, comes last.
func TestWatchBringsALongLog(t *testing.T) {
	t.Parallel()
	c := startDesk(t, 1, gateway.Options{Rate: fast})
	anna := c.console(0, c.hire(0, "anna", "demo", "operator"), false)
	visitor := c.page(0, nil, false)
	for i := range 80 {
		say(t, visitor, fmt.Sprintf("line %d", i))
	}
	all := visitor.Events()
	if len(all) <= 2*chat.Chunk {
		t.Fatalf("%d events fit into two frames", len(all))
	}
	conversation := visitor.Hello().Conversation
	if err := anna.Watch(c.soon(), "demo", conversation); err != nil {
		t.Fatal(err)
	}
	got := anna.Events("demo", conversation)
	if len(got) != protocol.ResetEvents {
		t.Fatalf("%d events were there when the watch began, want the newest %d", len(got), protocol.ResetEvents)
	}
	for i, e := range all[len(all)-len(got):] {
		if got[i].ID != e.ID {
			t.Fatalf("event %d is %s, the visitor has %s", e.Seq, got[i].ID, e.ID)
		}
	}
}
