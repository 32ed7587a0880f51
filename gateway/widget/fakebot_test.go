package widget

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"zgoda/gateway/protocol"
)

// input applies a numbered frame as the protocol says: once, in order.
func (f *fake) input(s *fakeSocket, in protocol.ClientFrame) {
	key := fmt.Sprintf("%s/%d", s.client, in.N)
	switch answer, again := f.answers[key]; {
	case f.deaf:
		return
	case f.fail > 0:
		f.fail--
		s.send(protocol.Error{T: "error", N: in.N, Code: protocol.CodeUnavailable, Message: "later", RetryAfterMS: 200})
		return
	case again:
		s.send(answer)
		return
	case in.N != f.lastN[s.client]+1:
		s.send(protocol.Error{T: "error", N: in.N, Code: protocol.CodeNGap, Message: "gap", Expected: f.lastN[s.client] + 1})
		return
	}
	first := len(f.log)
	ack := protocol.Ack{T: "ack", N: in.N}
	if first == 0 {
		for i, e := range f.greeting() {
			e.ID = fmt.Sprintf("g%d", i)
			f.append(e)
		}
		f.state.Expect = protocol.Expect{Kind: "choices", Prompt: "g1"}
	}
	own := len(f.log)
	removed := f.turn(s, in, &ack)
	if len(f.log) > own && f.log[own].From == "visitor" {
		ack.Seq, ack.ID = f.log[own].Seq, f.log[own].ID
	}
	f.lastN[s.client] = in.N
	f.answers[key] = ack
	if len(f.log) > first || removed {
		f.deliver(f.log[first:], removed)
	}
	s.send(ack)
	if in.T == protocol.TypeErase {
		f.log, f.state.Consents, f.epoch = nil, map[string]protocol.Consent{}, "e2"
	}
}

func (f *fake) append(e protocol.Event) string {
	e.Seq, e.At = uint64(len(f.log)+1), time.Now().UnixMilli()
	if e.ID == "" {
		e.ID = fmt.Sprintf("ev%d", e.Seq)
	}
	f.log = append(f.log, e)
	return e.ID
}

func (f *fake) bot(text string) {
	f.append(protocol.Event{From: "bot", Kind: "message", Text: f.tell(text)})
	f.state.Expect = protocol.Expect{Kind: "text"}
}

// turn is the bot. It says whether contact values were removed.
func (f *fake) turn(s *fakeSocket, in protocol.ClientFrame, ack *protocol.Ack) bool {
	own := protocol.Event{From: "visitor", Kind: "message", Client: s.client, N: in.N}
	switch in.T {
	case protocol.TypeSay:
		f.say(own, in.Text, ack)
	case protocol.TypePress:
		own.Of, own.Choice = in.Of, in.Choice
		if in.Of == protocol.OfGreeting {
			own.Of = "g1"
		}
		f.append(own)
		f.bot("Wysyłamy w poniedziałki i wtorki. Paczka idzie zwykle dwa dni.")
	case protocol.TypeDecide:
		f.decide(own, in)
	case protocol.TypeWithdraw:
		for _, p := range in.Purposes {
			f.state.Consents[p] = protocol.Consent{Status: "withdrawn", At: time.Now().UnixMilli()}
		}
		own.Kind, own.Purposes = "withdrawal", in.Purposes
		f.append(own)
		f.state.Held = []string{}
		return true
	case protocol.TypeAskCard:
		f.card(fmt.Sprintf("r%d", len(f.log)))
	}
	return false
}

func (f *fake) say(own protocol.Event, text string, ack *protocol.Ack) {
	own.Text = part(text)
	switch {
	case strings.Contains(text, "refuse"):
		ack.Refused = &protocol.Refused{Code: protocol.CodeConsentRequired, Message: "no grant"}
	case text == "hm": // the card is shown once more under a line, as the real bot does
		f.append(own)
		f.bot("Wolę nie zgadywać.")
		f.card("r1")
	case strings.Contains(text, "kontakt"):
		f.append(own)
		f.card("r1")
	case strings.Contains(text, "@"):
		own.Text = []protocol.Part{{Text: text, Contact: true}}
		f.append(own)
		f.state.Held = []string{"email"}
		f.bot("Dziękuję! Odezwiemy się jutro do południa.")
	default:
		f.append(own)
		f.bot("Rozumiem: " + text)
	}
}

func (f *fake) card(request string) {
	card := &protocol.Card{
		Request: request, Notice: "n1", Locale: cmp.Or(f.speaks, "pl"), Title: "Czy możemy zapisać Twój kontakt?",
		Body: "Sklep Łąka sp. z o.o., administrator Twoich danych, prosi o zgodę na ich zapisanie, aby odpowiedzieć na Twoje zapytanie. Może się z Tobą w tej sprawie skontaktować także po tej rozmowie.\n" +
			"Dane będą przechowywane najwyżej przez 1 rok, a po wycofaniu zgody zostaną usunięte od razu.\nZgoda jest dobrowolna: bez niej możesz dalej rozmawiać na tym czacie.",
		Purposes: []protocol.CodeText{{Code: "lead_contact", Text: "Kontakt w sprawie zapytania"}},
		Fields:   []protocol.CodeText{{Code: "name", Text: "Imię"}, {Code: "email", Text: "Adres e-mail"}},
		Withdraw: "Zgodę możesz wycofać w każdej chwili: w tym oknie, pod ikoną tarczy.",
		Accept:   "Zgadzam się", Decline: "Nie zgadzam się",
		Policy: protocol.Policy{Mode: "widget", Label: "Jak chronimy dane"},
	}
	f.translate(card)
	id := f.append(protocol.Event{From: "bot", Kind: "card", Card: card})
	f.state.Expect = protocol.Expect{Kind: "card", Prompt: id}
}

func (f *fake) decide(own protocol.Event, in protocol.ClientFrame) {
	status := map[string]string{"grant": "granted", "decline": "declined"}[in.Answer]
	f.state.Consents["lead_contact"] = protocol.Consent{Status: status, At: time.Now().UnixMilli()}
	own.Kind, own.Request, own.Answer, own.Purposes, own.Method = "decision", in.Request, in.Answer, []string{"lead_contact"}, "button"
	f.append(own)
	if in.Answer == "decline" {
		f.bot("W porządku, niczego nie zapisuję. Pytaj śmiało.")
		return
	}
	id := f.append(protocol.Event{From: "bot", Kind: "ask", Field: "email", Type: "email", Text: f.tell("Dziękuję. Na jaki adres napisać?")})
	f.state.Expect = protocol.Expect{Kind: "ask", Type: "email", Prompt: id}
}

// translate puts a card into the fake's language.
func (f *fake) translate(c *protocol.Card) {
	for _, text := range []*string{
		&c.Title, &c.Body, &c.Purposes[0].Text, &c.Fields[0].Text, &c.Fields[1].Text, &c.Withdraw, &c.Accept, &c.Decline, &c.Policy.Label,
	} {
		*text = cmp.Or(f.tongue[*text], *text)
	}
}
