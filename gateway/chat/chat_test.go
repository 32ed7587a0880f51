package chat

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
	"zgoda/persistence/seal"
	"zgoda/persistence/sqlitestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a service with a store that a test can disturb.
type node struct {
	*Service
	site  *site.Site
	store *disturbed
	dir   string // of site files that a test has made
}

// disturbed stands before a real store and spoils single commits.
type disturbed struct {
	*sqlitestore.Store

	mu     sync.Mutex // guards spoil
	spoil  func(c *persistence.Commit, r persistence.Result, err error) (persistence.Result, error)
	before func()
}

func (d *disturbed) Commit(ctx context.Context, c *persistence.Commit) (persistence.Result, error) {
	d.mu.Lock()
	before, spoil := d.before, d.spoil
	d.before, d.spoil = nil, nil
	d.mu.Unlock()
	if before != nil {
		before()
	}
	r, err := d.Store.Commit(ctx, c)
	if spoil != nil {
		return spoil(c, r, err)
	}
	return r, err
}

func newNode(t *testing.T) *node {
	t.Helper()
	keys := seal.Generate()
	ring, err := keys.Keyring()
	if err != nil {
		t.Fatal(err)
	}
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "zgoda.db"), sqlitestore.Options{Sites: []string{"demo"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	demo, err := site.Load(filepath.Join("..", "..", "configs", "sites", "demo.yaml"), site.Options{
		Processor: site.Party{Name: "P", Address: "A", Contact: "p@p.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := &disturbed{Store: store}
	return &node{site: demo, store: d, Service: NewService(Options{
		Store: d, Nodes: store, Node: "n", Sealer: ring, Rate: persistence.Rate{Max: 1 << 20, Window: time.Second},
	})}
}

const client = "instance-00000001"

var key = KeyOf("demo", "v_aaaaaaaaaaaaaaaaaaaaaaaaaa")

func line(n uint64, text string) Input {
	return Input{Client: client, N: n, Digest: []byte(text), Locale: "en", Bot: botengine.Input{Kind: botengine.InputText, Text: text}}
}

// applied applies an input and returns its outcome, which must be an ack.
func (n *node) applied(t *testing.T, v *View, in Input) Outcome {
	t.Helper()
	out := n.Apply(t.Context(), n.site, v, key, in)
	if out.Ack == nil || out.Ack.Refused != nil {
		t.Fatalf("input %d: ack %+v, error %+v, defect %v", in.N, out.Ack, out.Err, out.Defect)
	}
	return out
}

func seqs(events []protocol.Event) []uint64 {
	out := make([]uint64, 0, len(events))
	for _, e := range events {
		out = append(out, e.Seq)
	}
	return out
}

func consecutive(t *testing.T, what string, events []protocol.Event, first uint64) {
	t.Helper()
	for i, e := range events {
		if e.Seq != first+uint64(i) {
			t.Fatalf("%s brings the events %v, want them from %d without holes", what, seqs(events), first)
		}
	}
	if len(events) == 0 {
		t.Fatalf("%s brings no events", what)
	}
}

// A commit whose answer was lost may have been made. The node reads the log,
// commits again, gets the first answer, and delivers everything once.
func TestP2_UnknownOutcomeIsAppliedOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var v View
	first := n.applied(t, &v, line(1, "hello"))
	consecutive(t, "the first act", first.Events, 1)
	n.store.spoil = func(*persistence.Commit, persistence.Result, error) (persistence.Result, error) {
		return persistence.Result{}, persistence.ErrUnknown
	}
	top := first.Events[len(first.Events)-1].Seq
	out := n.applied(t, &v, line(2, "when do you open?"))
	consecutive(t, "the repeated commit", out.Events, top+1)
	if out.Ack.Seq != top+1 {
		t.Errorf("the answer names %d, want %d", out.Ack.Seq, top+1)
	}
	var fresh View
	all, err := n.Load(t.Context(), &fresh, key, persistence.Range{From: 1, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	consecutive(t, "the log", all, 1)
	if want := int(top) + len(out.Events); len(all) != want {
		t.Errorf("the log has %d events, want %d", len(all), want)
	}
}

// P5, P1: a decision on a state that another node has changed meanwhile is thrown
// away; what the other committed is delivered first.
func TestP1_StaleDecisionIsMadeAgain(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var here, there View
	first := n.applied(t, &here, line(1, "hello"))
	top := first.Events[len(first.Events)-1].Seq
	n.store.before = func() {
		other := line(1, "how much is delivery?")
		other.Client = "instance-00000002"
		n.applied(t, &there, other)
	}
	out := n.applied(t, &here, line(2, "when do you open?"))
	consecutive(t, "the second decision", out.Events, top+1)
	if out.Ack.Seq <= top+1 {
		t.Errorf("the line got %d although another was before it", out.Ack.Seq)
	}
	if out.State == nil {
		t.Error("the events come without the state after them")
	}
}

// Equal versions of another log are another state.
func TestP3_DecisionOnALostLogIsStale(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var v View
	n.applied(t, &v, line(1, "hello"))
	v.snap.Epoch = "of-a-log-that-was-lost"
	out := n.applied(t, &v, line(2, "when do you open?"))
	if !out.Restarted {
		t.Error("those attached were not told to resume")
	}
}

// What was answered is answered alike, however often it comes.
func TestP2_RepeatedInputGetsItsFirstAnswer(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var v View
	n.applied(t, &v, line(1, "hello"))
	refused := n.Apply(t.Context(), n.site, &v, key, line(2, "  "))
	good := n.applied(t, &v, line(3, "when do you open?"))
	if refused.Ack == nil || refused.Ack.Refused == nil {
		t.Fatalf("an empty line was answered %+v %+v", refused.Ack, refused.Err)
	}
	var fresh View // another node, which knows nothing
	again := n.Apply(t.Context(), n.site, &fresh, key, line(2, "  "))
	if again.Ack == nil || again.Ack.Refused == nil || *again.Ack.Refused != *refused.Ack.Refused {
		t.Errorf("the refusal came again as %+v %+v", again.Ack, again.Err)
	}
	again = n.Apply(t.Context(), n.site, &fresh, key, line(3, "when do you open?"))
	if again.Ack == nil || again.Ack.Seq != good.Ack.Seq || again.Ack.ID != good.Ack.ID {
		t.Errorf("the answer came again as %+v, want %+v", again.Ack, good.Ack)
	}
	other := n.Apply(t.Context(), n.site, &fresh, key, line(3, "something else"))
	if other.Err == nil || other.Err.Code != protocol.CodeNConflict {
		t.Errorf("another input under the same number was answered %+v %+v", other.Ack, other.Err)
	}
}

// A consent that ends by itself does so without the visitor: its timer is an
// input like any other and takes effect once, also when two nodes fire it (C56).
func TestTimerEndsAConsentOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	settings := *n.site.Settings
	settings.ValidMS = map[string]int64{persistence.PurposeLead: 60_000}
	bot, err := botengine.NewBot(n.site.Flow, &settings)
	if err != nil {
		t.Fatal(err)
	}
	short := *n.site
	short.Bot, short.Settings = bot, &settings
	n.site = &short
	now := time.Now()
	n.now = func() time.Time { return now }

	var v View
	card := pressOffer(t, n, &v)
	n.applied(t, &v, Input{Client: client, N: 2, Digest: []byte("d"), Bot: botengine.Input{
		Kind: botengine.InputDecision, Request: card, Answer: botengine.AnswerGrant,
	}})
	if due, _ := n.store.DueTimers(t.Context(), now, 10); len(due) != 0 {
		t.Fatalf("due too early: %v", due)
	}
	now = now.Add(61 * time.Second)
	due, err := n.store.DueTimers(t.Context(), now, 10)
	if err != nil || len(due) != 1 {
		t.Fatalf("due timers are %v, %v; want one", due, err)
	}
	fired := Input{Client: persistence.ServerClient + "timer-x", N: 1, Digest: []byte("x"), Timer: due[0].Name, Bot: botengine.Input{Kind: botengine.InputTimer, Actor: "system"}}
	var other View
	once := n.applied(t, &other, fired)
	n.applied(t, &v, fired)
	if once.State.Consents[persistence.PurposeLead].Status != persistence.StatusExpired {
		t.Errorf("the consent is %v", once.State.Consents)
	}
	if due, _ = n.store.DueTimers(t.Context(), now, 10); len(due) != 0 {
		t.Errorf("the timer is still due: %v", due)
	}
	pending, err := n.store.Pending(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	// seen, requested, granted, expired: the second firing added nothing.
	if len(pending) != 4 {
		t.Errorf("the outbox has %d records, want 4", len(pending))
	}
}

func pressOffer(t *testing.T, n *node, v *View) (request string) {
	t.Helper()
	out := n.applied(t, v, Input{Client: client, N: 1, Digest: []byte("o"), Locale: "en", Bot: botengine.Input{
		Kind: botengine.InputChoice, Of: protocol.OfGreeting, Choice: "offer",
	}})
	for _, e := range out.Events {
		if e.Card != nil {
			return e.Card.Request
		}
	}
	t.Fatalf("no card among %d events", len(out.Events))
	return ""
}

// News of another node move the view on without a read; those that do not
// continue it are repaired by one.
func TestP4_NewsMoveTheViewOn(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var here, there View
	first := n.applied(t, &here, line(1, "hello"))
	version := here.snap.Version
	if _, err := n.Load(t.Context(), &there, key, persistence.Range{}); err != nil {
		t.Fatal(err)
	}
	var commits []persistence.Commit
	var results []persistence.Result
	record := func(c *persistence.Commit, r persistence.Result, err error) (persistence.Result, error) {
		commits, results = append(commits, *c), append(results, r)
		return r, err
	}
	n.store.spoil = record
	n.applied(t, &here, line(2, "when do you open?"))
	n.store.spoil = record
	n.applied(t, &here, line(3, "how much is delivery?"))
	news := func(i int) *persistence.News {
		c := commits[i]
		return &persistence.News{
			Base: c.Version, Events: c.Events,
			Snapshot: persistence.Snapshot{
				Key: c.Key, Version: results[i].Snapshot.Version, ProfileVersion: results[i].Snapshot.ProfileVersion,
				Epoch: results[i].Snapshot.Epoch, Seq: c.Events[len(c.Events)-1].Seq, First: 1, State: c.State, Profile: c.Profile,
			},
		}
	}
	top := first.Events[len(first.Events)-1].Seq
	out := n.Hear(t.Context(), n.site, &there, news(0))
	consecutive(t, "the first news", out.Events, top+1)
	again := n.Hear(t.Context(), n.site, &there, news(0))
	if len(again.Events) != 0 {
		t.Errorf("news that are known bring %v again", seqs(again.Events))
	}
	var behind View
	if _, err := n.Load(t.Context(), &behind, key, persistence.Range{}); err != nil {
		t.Fatal(err)
	}
	behind.snap.Version, behind.snap.Seq = version, top // it missed the first news
	repaired := n.Hear(t.Context(), n.site, &behind, news(1))
	consecutive(t, "the repair", repaired.Events, top+1)
}

// P5: an operator takes the conversation while the bot's turn is between its
// decision and its commit. Whoever commits first, after the take-over no bot
// message enters the log, and after handing back the bot answers again.
func TestP5_FencedTakeover(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	rounds := 50
	if os.Getenv("ZGODA_PROVE") != "" {
		rounds = 2000
	}
	var bot View
	top := n.applied(t, &bot, line(1, "hello")).Ack.Seq
	input := uint64(1)
	owner := func(v *View, name string, k int) Outcome {
		return n.applied(t, v, Input{
			Client: persistence.ServerClient + "owner-" + name + strconv.Itoa(k), N: 1, Digest: []byte(name), Owner: name,
		})
	}
	held, answered := 0, 0
	for k := range rounds {
		var operator View
		takes := func() { owner(&operator, protocol.OwnerOperator+":anna", k) }
		var racing sync.WaitGroup
		if k%2 == 0 {
			n.store.before = takes // exactly between the decision and the commit
			held++
		} else {
			racing.Go(func() {
				time.Sleep(time.Duration(rand.IntN(1000)) * time.Microsecond)
				takes()
			})
		}
		input++
		out := n.applied(t, &bot, line(input, "when do you open?"))
		racing.Wait()
		after := n.applied(t, &bot, line(input+1, "and on Sunday?"))
		input++
		for _, e := range after.Events {
			if e.From == botengine.FromBot && e.Seq > after.Ack.Seq {
				t.Fatalf("round %d: the bot said %d after the take-over", k, e.Seq)
			}
		}
		if k%2 == 0 {
			for _, e := range out.Events {
				if e.From == botengine.FromBot {
					t.Fatalf("round %d: the held turn spoke", k)
				}
			}
		}
		owner(&bot, protocol.OwnerBot, k)
		input++
		back := n.applied(t, &bot, line(input, "when do you open?"))
		if len(back.Events) < 2 {
			t.Fatalf("round %d: after handing back the bot is silent", k)
		}
		answered += len(back.Events) - 1
		top = back.Events[len(back.Events)-1].Seq
	}
	t.Logf("P5: %d take-overs, %d of them with the bot's turn held open; no bot message after any, %d answers after handing back, %d events", rounds, held, answered, top)
}

// Of two operators who press at once one wins, and the other is told.
func TestP5_TwoOperatorsOneWinner(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var v View
	n.applied(t, &v, line(1, "hello"))
	results := make(chan Outcome, 2)
	for _, name := range []string{"anna", "bert"} {
		go func() {
			var own View
			results <- n.Apply(t.Context(), n.site, &own, key, Input{
				Client: persistence.ServerClient + name, N: 1, Digest: []byte(name), Owner: protocol.OwnerOperator + ":" + name,
			})
		}()
	}
	a, b := <-results, <-results
	if a.Ack == nil || b.Ack == nil || (a.Ack.Refused == nil) == (b.Ack.Refused == nil) {
		t.Fatalf("the answers are %+v and %+v, want one winner", a.Ack, b.Ack)
	}
	for _, out := range []Outcome{a, b} {
		if out.Ack.Refused != nil && out.Ack.Refused.Code != protocol.CodeTaken {
			t.Errorf("the loser is told %s", out.Ack.Refused.Code)
		}
	}
}

// P3: another node changed the owner, which has no event, and the news of it were
// lost. The position tells, and a read brings the state.
func TestP3_LostChangeOfOwnerIsFoundByThePosition(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var here, there View
	n.applied(t, &here, line(1, "hello"))
	n.applied(t, &there, Input{Client: persistence.ServerClient + "queue", N: 1, Digest: []byte("queue"), Owner: protocol.OwnerQueue})
	top, err := n.Top(t.Context(), &here, key)
	if err != nil {
		t.Fatal(err)
	}
	if before := here.Position(); top == before || top.Seq != before.Seq {
		t.Fatalf("the top is %+v and the view at %+v", top, before)
	}
	out := n.Refresh(t.Context(), n.site, &here, key)
	if !out.Changed || out.Restarted || out.State == nil || out.State.Owner != protocol.OwnerQueue {
		t.Errorf("the refresh brings %+v with the state %+v", out, out.State)
	}
}
