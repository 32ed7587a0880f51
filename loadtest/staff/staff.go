// Package staff plays the operators of a load run, through the protocol that a
// console speaks: they see the inbox, take conversations from the bot or the queue,
// answer, and let go again. Several go for the same conversations, so that takeovers
// meet each other.
package staff

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/loadtest/measure"
	"zgoda/loadtest/scenario"
	"zgoda/loadtest/verdict"
	"zgoda/loadtest/visitor"
)

// patience is how long an operator waits for one answer.
const patience = 30 * time.Second

// auditPause keeps the audit within what one socket may ask for.
const auditPause = 50 * time.Millisecond

// choices is among how many conversations an operator picks: few, so that two press at
// once now and then.
const choices = 4

// An Account is somebody who may sign in as an operator of the site.
type Account struct {
	Login    string `json:"login"`
	Password string `json:"password,omitempty"`
	// Cookie is a session that is open already; empty: one is opened.
	Cookie string `json:"cookie,omitempty"`
}

// A Team are the operators of a run. They are all in one process.
type Team struct {
	Scenario *scenario.Scenario
	Balancer *visitor.Balancer
	Recorder *measure.Recorder
	Accounts []Account
	// OnViolation is told of each broken promise as it is found.
	OnViolation func(verdict.Violation)

	mu   sync.Mutex        // guards said
	said map[string][]said // by conversation
}

// said is a line that an operator was told is accepted.
type said struct {
	seq  uint64
	id   string
	text string
}

// An operator is one of them at work.
type operator struct {
	team *Team
	op   *client.Operator
	rand *rand.Rand
	id   string
	site string
	due  time.Time
	// gave says when a conversation was let go: its row may say otherwise for a moment.
	gave map[string]time.Time
}

// Run lets the operators work until ctx ends. An error says who could not sign in.
func (t *Team) Run(ctx context.Context) error {
	t.said = map[string][]said{}
	var working sync.WaitGroup
	failed := make([]error, len(t.Accounts))
	for i, a := range t.Accounts {
		working.Go(func() { failed[i] = t.work(ctx, i, a) })
	}
	working.Wait()
	return errors.Join(failed...)
}

func (t *Team) work(ctx context.Context, i int, a Account) error {
	op, err := t.open(ctx, a)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("operator %s: %w", a.Login, err)
	}
	defer op.Close()
	o := &operator{
		team: t, op: op, rand: rand.New(rand.NewPCG(t.Scenario.Seed, uint64(i))), id: op.Welcome().Operator.ID, site: t.Scenario.Site, gave: map[string]time.Time{}, //nolint:gosec // a plan, no secret
	}
	for ctx.Err() == nil {
		row, mine, ok := o.pick()
		if !ok {
			sleep(ctx, 100*time.Millisecond)
			continue
		}
		o.due = time.Now()
		o.deal(ctx, row.Conversation, mine)
	}
	for _, what := range op.Violations() {
		t.violate("", what)
	}
	return nil
}

// open signs in and follows the site's inbox.
func (t *Team) open(ctx context.Context, a Account) (*client.Operator, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cookie := a.Cookie
	if cookie == "" {
		var err error
		if cookie, err = client.SignIn(ctx, t.Balancer.Base(), a.Login, a.Password); err != nil {
			return nil, err
		}
	}
	op, err := client.DialOperator(ctx, client.OperatorOptions{
		URL: t.Balancer.URL(), Cookie: cookie, Dial: t.Balancer.Dial, AutoReconnect: true,
		Reconnect: client.Backoff{First: t.Scenario.Visitors.ReconnectFirst, Max: t.Scenario.Visitors.ReconnectMax},
	})
	if err != nil {
		return nil, err
	}
	if err := op.Follow(ctx, t.Scenario.Site); err != nil {
		op.Close()
		return nil, err
	}
	return op, nil
}

// pick chooses what to do next: what a colleague has passed on, then who waits, then one
// of those that the bot has.
func (o *operator) pick() (row protocol.Row, mine, ok bool) {
	rows := slices.Collect(maps.Values(o.op.Rows(o.site)))
	rank := func(r protocol.Row) int {
		switch {
		case r.Owner == protocol.OwnerOperator && r.Operator == o.id && time.UnixMilli(r.Since).After(o.gave[r.Conversation]):
			return 0
		case r.Owner == protocol.OwnerQueue:
			return 1
		case r.Owner == protocol.OwnerBot:
			return 2
		}
		return 3
	}
	rows = slices.DeleteFunc(rows, func(r protocol.Row) bool { return r.Gone || rank(r) == 3 })
	if len(rows) == 0 {
		return row, false, false
	}
	// Whoever waits longest comes first; of the bot's the newest, who are still there.
	slices.SortFunc(rows, func(a, b protocol.Row) int {
		if c := cmp.Compare(rank(a), rank(b)); c != 0 {
			return c
		}
		if rank(a) == 2 {
			return cmp.Compare(b.At, a.At)
		}
		return cmp.Compare(a.Since, b.Since)
	})
	best := rank(rows[0])
	same := slices.IndexFunc(rows, func(r protocol.Row) bool { return rank(r) != best })
	if same < 0 {
		same = len(rows)
	}
	row = rows[o.rand.IntN(min(same, choices))]
	return row, best == 0, true
}

// deal takes a conversation, answers and lets go of it.
func (o *operator) deal(ctx context.Context, conversation string, mine bool) {
	r, s := o.team.Recorder, &o.team.Scenario.Operators
	if !mine && !o.wait(ctx, s.TakeAfter.Draw(o.rand)) {
		return
	}
	working, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*patience)
	defer cancel()
	if err := o.op.Watch(working, o.site, conversation); err != nil {
		r.Count("operator: not watched", 1)
		return
	}
	defer func() { _ = o.op.Unwatch(o.site, conversation) }()
	if !mine {
		if !o.take(working, conversation) {
			return
		}
	}
	for range 1 + o.rand.IntN(s.Lines) {
		if ctx.Err() != nil || !o.say(working, conversation) {
			break
		}
	}
	o.letGo(working, conversation)
	o.gave[conversation] = time.Now()
}

// take presses the button. Somebody else may have been faster: that is no failure.
func (o *operator) take(ctx context.Context, conversation string) bool {
	_, err := o.op.Take(ctx, o.site, conversation)
	var refused client.ErrRefused
	switch {
	case errors.As(err, &refused):
		o.team.Recorder.Count("takeover refused: "+string(refused.Code), 1)
		return false
	case err != nil:
		o.team.Recorder.Count("takeover not answered", 1)
		return false
	}
	o.team.Recorder.Time(measure.Takeover, time.Since(o.due))
	o.team.Recorder.Count(measure.Taken, 1)
	return true
}

var lines = []string{
	"Good morning, this is a person. How can I help?", "Let me look that up for you.", "We have it in stock, in three sizes.",
	"It likes half shade and not too much water.", "You are welcome. Anything else?",
}

// say says a line that carries when it was due, so that whoever sees it knows how long
// it took.
func (o *operator) say(ctx context.Context, conversation string) bool {
	s := &o.team.Scenario.Operators
	line := lines[o.rand.IntN(len(lines))]
	_ = o.op.Typing(o.site, conversation, true)
	if !o.wait(ctx, s.Think.Draw(o.rand)+time.Duration(len(line))*s.Typing.Draw(o.rand)) {
		return false
	}
	text := visitor.Stamp(line, o.due)
	receipt, err := o.op.Say(ctx, o.site, conversation, text)
	if err != nil {
		o.team.Recorder.Count("operator's line not taken", 1)
		return false
	}
	o.team.Recorder.Count(measure.Spoken, 1)
	o.team.mu.Lock()
	o.team.said[conversation] = append(o.team.said[conversation], said{receipt.Seq, receipt.ID, text})
	o.team.mu.Unlock()
	return true
}

// letGo hands back to the bot, passes on, or closes.
func (o *operator) letGo(ctx context.Context, conversation string) {
	s := &o.team.Scenario.Operators
	at := o.rand.IntN(max(s.HandBack+s.Transfer+s.Close, 1))
	var err error
	switch colleague := o.colleague(); {
	case at < s.Transfer && colleague != "":
		_, err = o.op.Transfer(ctx, o.site, conversation, colleague)
	case at < s.Transfer+s.Close && at >= s.Transfer:
		_, err = o.op.CloseConversation(ctx, o.site, conversation)
	default:
		_, err = o.op.Release(ctx, o.site, conversation, protocol.OwnerBot)
	}
	if err != nil {
		o.team.Recorder.Count("operator could not let go", 1)
	}
}

// colleague is somebody else who is there and not away.
func (o *operator) colleague() string {
	there := slices.DeleteFunc(o.op.Presence(o.site), func(c protocol.Colleague) bool { return c.ID == o.id || c.Away })
	if len(there) == 0 {
		return ""
	}
	return there[o.rand.IntN(len(there))].ID
}

// wait moves on to when the next act is due and waits until then.
func (o *operator) wait(ctx context.Context, d time.Duration) bool {
	o.due = o.due.Add(d)
	return sleep(ctx, time.Until(o.due))
}

func (t *Team) violate(conversation, what string) {
	t.Recorder.Count(measure.Broken, 1)
	t.OnViolation(verdict.Violation{Promise: verdict.PromiseOf(what), What: what, Conversation: conversation, Kind: "operator", At: time.Now()})
}

// Audit reads every conversation in which something was said once more and finds each
// line where its acknowledgement says (P2). The other operators' promises are read from
// the visitors' logs.
func (t *Team) Audit(ctx context.Context) (checks verdict.Checks, unread int64, why string) {
	checks = verdict.Checks{}
	if len(t.said) == 0 {
		return checks, 0, ""
	}
	op, err := t.open(ctx, t.Accounts[0])
	if err != nil {
		return checks, int64(len(t.said)), "an operator could not sign in again: " + err.Error()
	}
	defer op.Close()
	for conversation, all := range t.said {
		sleep(ctx, auditPause)
		reading, cancel := context.WithTimeout(ctx, patience)
		err := op.Watch(reading, t.Scenario.Site, conversation)
		cancel()
		if err != nil {
			unread, why = unread+1, fmt.Sprintf("an operator could not read %s again: %v", conversation, err)
			continue
		}
		t.compare(conversation, all, op.Events(t.Scenario.Site, conversation), checks)
		_ = op.Unwatch(t.Scenario.Site, conversation)
	}
	return checks, unread, why
}

func (t *Team) compare(conversation string, all []said, log []protocol.Event, checks verdict.Checks) {
	for _, s := range all {
		checks["P2"]++
		i := slices.IndexFunc(log, func(e protocol.Event) bool { return e.Seq == s.seq })
		if i < 0 && len(log) > 0 && log[0].Seq > s.seq {
			continue // older than what was sent
		}
		if i < 0 || log[i].ID != s.id || log[i].From != "operator" || textOf(&log[i]) != s.text {
			t.violate(conversation, "false acknowledgement: an operator's line was acknowledged as event "+strconv.FormatUint(s.seq, 10)+", which is another or none")
			continue
		}
		if n := len(slices.DeleteFunc(slices.Clone(log), func(e protocol.Event) bool { return textOf(&e) != s.text })); n != 1 {
			t.violate(conversation, fmt.Sprintf("an operator's line is in the log %d times", n))
		}
	}
}

func textOf(e *protocol.Event) string {
	var b strings.Builder
	for _, s := range e.Text {
		b.WriteString(s.Text)
	}
	return b.String()
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
