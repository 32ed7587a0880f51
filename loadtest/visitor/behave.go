package visitor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/loadtest/measure"
	"zgoda/loadtest/scenario"
)

// behave plays a visitor of a kind. Its error says that the visit could not be
// gone through with.
func (v *visitor) behave(ctx context.Context, kind scenario.Kind) error {
	t := v.first
	var err error
	switch kind {
	case scenario.Agrees:
		err = v.agree(ctx, t, nil)
	case scenario.Declines:
		err = chain(ctx, t, t.enter, func(ctx context.Context) error { return t.decide(ctx, protocol.AnswerDecline) }, t.askSome)
	case scenario.WrongAnswers:
		err = v.wrongAnswers(ctx, t)
	case scenario.Abandons:
		return v.abandon(ctx, t)
	case scenario.Reloads:
		err = v.agree(ctx, t, v.reload)
	case scenario.SecondTab:
		return v.secondTab(ctx, t)
	case scenario.Withdraws:
		err = v.agree(ctx, t, nil)
		if err == nil {
			err = t.withdraw(ctx)
		}
	case scenario.AsksPerson:
		err = chain(ctx, t, func(ctx context.Context) error { return t.say(ctx, v.crowd.Scenario.Visitors.Person) }, v.awaitPerson(t), t.askOne)
	case scenario.ReadsSlowly:
		err = v.readSlowly(ctx, t)
	case scenario.SendsGarbage:
		err = chain(ctx, t, t.garbage, t.askOne)
	default:
		err = t.askSome(ctx)
	}
	if err != nil {
		return err
	}
	v.first.leave(ctx)
	return nil
}

// chain does one thing after the other.
func chain(ctx context.Context, _ *tab, acts ...func(context.Context) error) error {
	for _, act := range acts {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// act is due after some thinking; the first act of a visit was due when the
// visitor came.
func (t *tab) act(ctx context.Context, kind, text string, send func(context.Context) (client.Receipt, error)) error {
	of := measure.Turn
	t.v.mu.Lock()
	first := len(t.v.visit.Inputs) == 0
	t.v.mu.Unlock()
	if first {
		of = measure.First
	} else if err := t.think(ctx, len([]rune(text))); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return t.do(ctx, of, kind, text, send)
}

func (t *tab) say(ctx context.Context, text string) error {
	return t.act(ctx, protocol.TypeSay, text, func(ctx context.Context) (client.Receipt, error) { return t.client.Say(ctx, text) })
}

// enter goes to the consent card: by the option of the menu, or as the privacy
// item does.
func (t *tab) enter(ctx context.Context) error {
	option := t.v.crowd.Scenario.Visitors.Enter
	of := t.option(option)
	if t.client.Position() == nil {
		of = protocol.OfGreeting
	}
	if option == "" || of == "" {
		return t.act(ctx, protocol.TypeAskCard, "", func(ctx context.Context) (client.Receipt, error) { return t.client.AskCard(ctx) })
	}
	err := t.act(ctx, protocol.TypePress, "", func(ctx context.Context) (client.Receipt, error) { return t.client.Press(ctx, of, option) })
	if err == nil && t.card() == "" {
		// The option was stale, or leads elsewhere.
		return t.act(ctx, protocol.TypeAskCard, "", func(ctx context.Context) (client.Receipt, error) { return t.client.AskCard(ctx) })
	}
	return err
}

// decide answers the card that waits, if one does.
func (t *tab) decide(ctx context.Context, answer string) error {
	request := t.card()
	if request == "" {
		return nil
	}
	return t.act(ctx, protocol.TypeDecide, "", func(ctx context.Context) (client.Receipt, error) {
		return t.client.Decide(ctx, request, answer)
	})
}

func (t *tab) withdraw(ctx context.Context) error {
	err := t.act(ctx, protocol.TypeWithdraw, "", func(ctx context.Context) (client.Receipt, error) { return t.client.Withdraw(ctx) })
	if err == nil {
		t.v.mu.Lock()
		t.v.visit.Contact = nil
		t.v.mu.Unlock()
	}
	return err
}

func (t *tab) askOne(ctx context.Context) error {
	questions := t.v.crowd.Scenario.Visitors.Questions
	return t.say(ctx, questions[t.rand.IntN(len(questions))])
}

func (t *tab) askSome(ctx context.Context) error {
	for range 1 + t.rand.IntN(3) {
		if err := t.askOne(ctx); err != nil {
			return err
		}
	}
	return nil
}

// agree goes through the whole job of a lead: the card, the contact, the card
// for marketing. between is called after each step, nil for nothing.
func (v *visitor) agree(ctx context.Context, t *tab, between func(context.Context) error) error {
	if between == nil {
		between = func(context.Context) error { return nil }
	}
	grant := func(ctx context.Context) error { return v.first.decide(ctx, protocol.AnswerGrant) }
	if err := chain(ctx, t, t.enter, between, grant, between); err != nil {
		return err
	}
	const most = 12 // steps of any sane flow
	for range most {
		tab := v.first // a reload may have replaced it
		field, kind := tab.asked()
		switch {
		case kind != "":
			if err := tab.answer(ctx, field, value(tab.rand, kind, v.visit.Index)); err != nil {
				return err
			}
		case tab.card() != "":
			answer := protocol.AnswerDecline
			if tab.rand.IntN(100) < v.crowd.Scenario.Visitors.MarketingPercent {
				answer = protocol.AnswerGrant
			}
			if err := tab.decide(ctx, answer); err != nil {
				return err
			}
		default:
			return nil
		}
		if err := between(ctx); err != nil {
			return err
		}
	}
	return nil
}

// answer types a contact detail and notes it as held where the bot took it.
func (t *tab) answer(ctx context.Context, field, value string) error {
	if err := t.say(ctx, value); err != nil {
		return err
	}
	t.hold(field, value)
	return nil
}

// hold notes a detail that was typed, where the bot took it.
func (t *tab) hold(field, value string) {
	if !slices.Contains(t.client.State().Held, field) {
		return
	}
	t.v.mu.Lock()
	defer t.v.mu.Unlock()
	contact := map[string]string{field: value}
	for f, old := range t.v.visit.Contact {
		if f != field {
			contact[f] = old
		}
	}
	t.v.visit.Contact = contact
}

var (
	firstNames = []string{"Anna", "Jan", "Zofia", "Piotr", "Łucja", "Józef", "Maria", "Wojciech", "Ewa", "Grażyna"}
	areas      = []string{"202", "212", "312", "415"}
	lastNames  = []string{"Nowak", "Kowalska", "Wiśniewski", "Zając", "Lis", "Wróbel", "Żuk", "Sowa"}
)

// value is what a visitor of this number answers to a question.
func value(r *rand.Rand, kind string, index int64) string {
	switch kind {
	case "name":
		return firstNames[r.IntN(len(firstNames))] + " " + lastNames[r.IntN(len(lastNames))]
	case "email":
		return fmt.Sprintf("visitor.%d.%06x@example.com", max(index, 0), r.IntN(1<<24))
	case "phone":
		// 555-0100 to 555-0199 have no subscribers: they are kept for fiction.
		return fmt.Sprintf("+1%s55501%02d", areas[r.IntN(len(areas))], r.IntN(100))
	case "number":
		return fmt.Sprint(1 + r.IntN(100))
	case "date":
		return "2031-05-17"
	}
	return "Something green for the balcony"
}

// wrongAnswers types an address where nothing was agreed to, "ok" to a card,
// and half an address.
func (v *visitor) wrongAnswers(ctx context.Context, t *tab) error {
	secret := fmt.Sprintf("hidden.%d.%06x@example.com", v.visit.Index, t.rand.IntN(1<<24))
	v.mu.Lock()
	v.visit.Secrets = append(v.visit.Secrets, secret)
	v.mu.Unlock()
	err := chain(ctx, t,
		func(ctx context.Context) error { return t.say(ctx, "Write to me at "+secret) },
		t.enter,
		func(ctx context.Context) error { return t.say(ctx, "ok") },
		func(ctx context.Context) error { return t.decide(ctx, protocol.AnswerGrant) })
	if err != nil {
		return err
	}
	for range 6 {
		field, kind := t.asked()
		if kind == "" {
			return nil
		}
		right := value(t.rand, kind, v.visit.Index)
		if kind == "email" || kind == "phone" {
			if err := t.say(ctx, right[:len(right)/2]); err != nil {
				return err
			}
		}
		if err := t.answer(ctx, field, right); err != nil {
			return err
		}
	}
	return nil
}

// abandon leaves somewhere on the way: at the card, after agreeing, after the
// first answer; politely, or with an answer still to come.
func (v *visitor) abandon(ctx context.Context, t *tab) error {
	if err := t.enter(ctx); err != nil {
		return err
	}
	far := t.rand.IntN(3)
	if far > 0 {
		if err := t.decide(ctx, protocol.AnswerGrant); err != nil {
			return err
		}
	}
	if field, kind := t.asked(); far > 1 && kind != "" {
		if err := t.answer(ctx, field, value(t.rand, kind, v.visit.Index)); err != nil {
			return err
		}
	}
	if t.rand.IntN(2) == 0 {
		t.leave(ctx)
		return nil
	}
	return v.vanish(ctx, t)
}

// vanish types a line and is gone. It may or may not get through; nobody is told.
func (v *visitor) vanish(ctx context.Context, t *tab) error {
	const line = "Ewa"
	if err := t.think(ctx, len(line)); err != nil {
		return err
	}
	field, _ := t.asked()
	gone, cancel := context.WithTimeout(ctx, time.Duration(t.rand.IntN(5))*time.Millisecond)
	defer cancel()
	if t.do(gone, "", protocol.TypeSay, line, func(ctx context.Context) (client.Receipt, error) { return t.client.Say(ctx, line) }) == nil {
		t.hold(field, line)
	}
	t.leaving.Store(true)
	t.client.Drop()
	return nil
}

// reload loses the connection, or loads the page anew: another instance of the
// same visitor that has seen nothing.
func (v *visitor) reload(ctx context.Context) error {
	t := v.first
	if err := t.think(ctx, 0); err != nil {
		return err
	}
	if t.rand.IntN(2) == 0 {
		t.client.Drop()
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return t.client.WaitConnected(ctx)
	}
	t.leave(ctx)
	began := t.due
	next, err := v.newTab(ctx, t.rand, t.due)
	if err != nil {
		return err
	}
	v.crowd.Recorder.Time(measure.Resume, time.Since(began))
	v.first = next
	return nil
}

// secondTab goes on in two tabs at once. Both must show the same.
func (v *visitor) secondTab(ctx context.Context, t *tab) error {
	if err := t.askOne(ctx); err != nil {
		return err
	}
	if err := t.think(ctx, 0); err != nil {
		return err
	}
	other, err := v.newTab(ctx, rand.New(rand.NewPCG(t.rand.Uint64(), t.rand.Uint64())), t.due)
	if err != nil {
		return err
	}
	defer other.close()
	errs := make([]error, 2)
	var asking sync.WaitGroup
	for i, tab := range []*tab{t, other} {
		asking.Go(func() { errs[i] = chain(ctx, tab, tab.askOne, tab.askOne) })
	}
	asking.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	other.leave(ctx)
	t.leave(ctx)
	return nil
}

// readSlowly types several lines and reads nothing for a while. The wait is the
// visitor's own doing and is not measured.
func (v *visitor) readSlowly(ctx context.Context, t *tab) error {
	if err := t.askOne(ctx); err != nil {
		return err
	}
	if err := t.think(ctx, 0); err != nil {
		return err
	}
	open := t.gate.shut()
	defer open()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var asking sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		text := strings.TrimSpace(strings.Repeat(v.crowd.Scenario.Visitors.Questions[0]+" ", i+1))
		asking.Go(func() {
			errs[i] = t.do(ctx, "", protocol.TypeSay, text, func(ctx context.Context) (client.Receipt, error) { return t.client.Say(ctx, text) })
		})
	}
	sleep(ctx, time.Second+time.Duration(t.rand.IntN(3000))*time.Millisecond)
	open()
	asking.Wait()
	t.due = time.Now()
	return errors.Join(errs...)
}

// garbage is what a server must survive; it closes a socket after twenty.
var garbage = []string{
	"", "hello", "{", `{"t":7}`, `{"t":"say"}`, `{"t":"say","n":-1,"text":"x"}`, `{"t":"shout","n":1}`, `[[[[[[[[[[`,
	`{"t":"say","n":1,"text":"\ud800"}`, `{"t":"beat","seq":1e99}`, `{"t":"press","n":18446744073709551615,"of":"x","choice":"y"}`,
	`{"t":"open","client":"0123456789abcdef","secret":"00000000000000000000000000000000"}`, `{"t":"say","t":"say","n":1,"text":"x"}`,
}

// garbage sends some of it.
func (t *tab) garbage(ctx context.Context) error {
	for range 1 + t.rand.IntN(5) {
		_ = t.client.Raw([]byte(garbage[t.rand.IntN(len(garbage))])) // it may be away just now
		if err := t.think(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}
