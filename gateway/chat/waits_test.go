package chat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// deskNode is a node whose site has a handoff and an earlier version of its flow.
// Its clock stands until the test moves it.
func deskNode(t *testing.T) (*node, *time.Time) {
	t.Helper()
	const flow = `flow: desk
locales: [en]
fallback: en
steps:
  - {id: menu, choices: {text: {en: GREETING}, options: [{id: person, label: {en: A person}}, {id: ask, label: {en: Ask}, goto: number}]}}
  - {id: person, handoff: {queue: desk, text: {en: Calling.}, away: away, after_ms: 60000, unanswered: busy}}
  - {id: back, say: {en: Back.}, goto: questions}
  - {id: away, say: {en: Nobody is there.}, goto: questions}
  - {id: busy, say: {en: Nobody is free.}, goto: questions}
  - {id: number, ask: {field: number, type: number, text: {en: GREETING number?}, invalid: {en: Which?}, failed: questions}}
  - id: questions
    answers: {text: {en: Ask away.}, entries: [{id: hours, title: {en: Hours}, match: {en: [hours]}, say: {en: Nine.}}], nomatch: {text: {en: No idea.}}}
`
	n := newNode(t)
	demo, err := os.ReadFile(filepath.Join("..", "..", "configs", "sites", "demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"old.flow": strings.ReplaceAll(flow, "GREETING", "Old"), "new.flow": strings.ReplaceAll(flow, "GREETING", "New"),
		"old.yaml":  strings.Replace(string(demo), "../flows/lead.yaml", "old.flow", 1),
		"both.yaml": strings.Replace(string(demo), "flow: ../flows/lead.yaml", "flow: new.flow\nearlier_flows: [old.flow]", 1),
		"new.yaml":  strings.Replace(string(demo), "../flows/lead.yaml", "new.flow", 1),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n.dir = dir
	n.use(t, "old.yaml")
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC) // a Tuesday, when the demo shop is open
	n.now = func() time.Time { return now }
	n.operators = func(string) int { return 1 }
	return n, &now
}

// use puts the node on another site file.
func (n *node) use(t *testing.T, file string) {
	t.Helper()
	var err error
	if n.site, err = site.Load(filepath.Join(n.dir, file), site.Options{Processor: site.Party{Name: "P", Address: "A", Contact: "p@p.example"}}); err != nil {
		t.Fatal(err)
	}
}

func press(n uint64, of, choice string) Input {
	return Input{Client: client, N: n, Digest: []byte(choice), Bot: botengine.Input{Kind: botengine.InputChoice, Of: of, Choice: choice}}
}

func owned(name, by string) Input {
	return Input{Client: persistence.ServerClient + "owner-" + name + by, N: 1, Digest: []byte(name), Owner: name}
}

// fire fires what is due and returns how many timers were.
func (n *node) fire(t *testing.T, v *View, now time.Time) (fired int, texts []string) {
	t.Helper()
	due, err := n.store.DueTimers(t.Context(), now, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, timer := range due {
		out := n.applied(t, v, Input{
			Client: persistence.ServerClient + "timer-" + timer.Name + timer.Due.String(), N: 1, Digest: []byte("t"),
			Timer: timer.Name, Bot: botengine.Input{Kind: botengine.InputTimer, Actor: "system"},
		})
		texts = append(texts, said(out)...)
	}
	return len(due), texts
}

func said(out Outcome) []string {
	var texts []string
	for _, e := range out.Events {
		if e.From == botengine.FromBot && len(e.Text) > 0 {
			texts = append(texts, e.Text[0].Text)
		}
	}
	return texts
}

func wantSaid(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%s says %q, want %q", what, got, want)
	}
}

// A handoff makes the queue the owner; nobody answers, and the bot takes the
// conversation back, once.
func TestHandoffUnanswered(t *testing.T) {
	t.Parallel()
	n, now := deskNode(t)
	var v View
	out := n.applied(t, &v, press(1, protocol.OfGreeting, "person"))
	if out.State.Owner != protocol.OwnerQueue {
		t.Fatalf("the owner is %s", out.State.Owner)
	}
	if got := said(n.applied(t, &v, line(2, "hello?"))); len(got) > 0 {
		t.Errorf("the bot says %q while a person is waited for", got)
	}
	*now = now.Add(59 * time.Second)
	if fired, _ := n.fire(t, &v, *now); fired != 0 {
		t.Error("the timer fired too early")
	}
	*now = now.Add(time.Second)
	fired, texts := n.fire(t, &v, *now)
	if fired != 1 {
		t.Fatalf("%d timers fired", fired)
	}
	wantSaid(t, "the timer", texts, "Nobody is free.", "Ask away.")
	if v.state.Owner != protocol.OwnerBot {
		t.Errorf("the owner is %s", v.state.Owner)
	}
	if fired, _ := n.fire(t, &v, now.Add(time.Hour)); fired != 0 {
		t.Error("the timer fired again")
	}
}

// P5: whoever takes over cancels the wait's timers; handed back, the flow goes on
// where it says.
func TestP5_TakeoverCancelsTimers(t *testing.T) {
	t.Parallel()
	n, now := deskNode(t)
	var v View
	n.applied(t, &v, press(1, protocol.OfGreeting, "person"))
	n.applied(t, &v, owned(protocol.OwnerOperator+":anna", "1"))
	if fired, texts := n.fire(t, &v, now.Add(time.Hour)); fired != 0 {
		t.Errorf("after the take-over a timer fired and said %q", texts)
	}
	back := n.applied(t, &v, owned(protocol.OwnerBot, "2"))
	wantSaid(t, "handing back", said(back), "Back.", "Ask away.")
	if back.State.Owner != protocol.OwnerBot {
		t.Errorf("the owner is %s", back.State.Owner)
	}
}

// Nobody online: the conversation stays the bot's.
func TestHandoffNobodyThere(t *testing.T) {
	t.Parallel()
	n, _ := deskNode(t)
	n.operators = func(string) int { return 0 }
	var v View
	out := n.applied(t, &v, press(1, protocol.OfGreeting, "person"))
	wantSaid(t, "the handoff", said(out)[1:], "Nobody is there.", "Ask away.")
	if out.State.Owner != protocol.OwnerBot {
		t.Errorf("the owner is %s", out.State.Owner)
	}
}

// A closed conversation is opened again by the visitor's next line, and by
// nothing less.
func TestClosedReopens(t *testing.T) {
	t.Parallel()
	n, _ := deskNode(t)
	var v View
	n.applied(t, &v, press(1, protocol.OfGreeting, "ask"))
	if out := n.applied(t, &v, owned(protocol.OwnerClosed, "1")); out.State.Owner != protocol.OwnerClosed {
		t.Fatalf("the owner is %s", out.State.Owner)
	}
	out := n.applied(t, &v, line(2, "one more thing"))
	wantSaid(t, "the next line", said(out), "Old")
	if out.State.Owner != protocol.OwnerBot {
		t.Errorf("the owner is %s", out.State.Owner)
	}
}

// A running conversation stays on its version while the site file lists it, goes
// on at the same step where it does not, and begins anew on the present one.
func TestConversationStaysOnItsVersion(t *testing.T) {
	t.Parallel()
	n, _ := deskNode(t)
	var v View
	wantSaid(t, "the first version", said(n.applied(t, &v, press(1, protocol.OfGreeting, "ask"))), "Old", "Old number?")
	n.use(t, "both.yaml")
	v.Forget()
	wantSaid(t, "a version that is listed", said(n.applied(t, &v, line(2, "hours"))), "Nine.", "Old number?")
	fresh := View{}
	other := Key{Site: "demo", Conversation: "c_bbbbbbbbbbbbbbbbbbbbbbbbbb"}
	in := press(1, protocol.OfGreeting, "ask")
	begun := n.Apply(t.Context(), n.site, &fresh, other, in)
	wantSaid(t, "a new conversation", said(begun), "New", "New number?")
	n.use(t, "new.yaml")
	v.Forget()
	wantSaid(t, "a version that is not listed", said(n.applied(t, &v, line(3, "hours"))), "Nine.", "New number?")
	wantSaid(t, "the next step", said(n.applied(t, &v, line(4, "7"))), "Ask away.")
}

// The greeting that was seen is the one that is committed, also of an earlier
// version that the node still knows.
func TestGreetingOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	n, _ := deskNode(t)
	old := n.site.Flow.Hash
	n.use(t, "both.yaml")
	var v View
	in := press(1, protocol.OfGreeting, "ask")
	in.Flow = old
	wantSaid(t, "the first act", said(n.applied(t, &v, in)), "Old", "Old number?")
}
