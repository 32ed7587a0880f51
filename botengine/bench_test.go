package botengine

import "testing"

// BenchmarkTurn runs common turns of the demo flow. The budget is in DESIGN.md
// section 14.
func BenchmarkTurn(b *testing.B) {
	bot := mustBot(b, leadFlow, demoSettings())
	menu := bot.Greet("pl", Input{ID: "g", At: 1})
	seen := Profile{VSeq: 1}
	questions := bot.Turn(menu.State, seen, Input{ID: "a", At: 2, Kind: InputText, Text: "Mam pytanie"})
	card := bot.Turn(menu.State, seen, Input{ID: "b", At: 2, Kind: InputChoice, Of: menu.State.Prompt, Choice: "offer"})
	named := bot.Turn(card.State, card.Profile, Input{ID: "c", At: 3, Kind: InputDecision, Request: card.State.Card.Request, Answer: AnswerGrant})
	addressed := bot.Turn(named.State, named.Profile, Input{ID: "d", At: 4, Kind: InputText, Text: "Anna"})
	for _, c := range []struct {
		name string
		from Result
		in   Input
	}{
		{"question", questions, Input{Kind: InputText, Text: "Ile kosztuje dostawa kurierem do Krakowa?"}},
		{"question at menu", menu, Input{Kind: InputText, Text: "o której otwieracie w sobotę?"}},
		{"unknown", questions, Input{Kind: InputText, Text: "czy macie może storczyki albo kaktusy"}},
		{"press", menu, Input{Kind: InputChoice, Of: menu.State.Prompt, Choice: "question"}},
		{"card", menu, Input{Kind: InputChoice, Of: menu.State.Prompt, Choice: "offer"}},
		{"grant", card, Input{Kind: InputDecision, Request: card.State.Card.Request, Answer: AnswerGrant}},
		{"name", named, Input{Kind: InputText, Text: "Anna Nowak"}},
		{"email", addressed, Input{Kind: InputText, Text: "anna@example.pl"}},
		{"masked", questions, Input{Kind: InputText, Text: "mój numer to 600 700 800"}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.in.ID, c.in.At = "0f8e2c1ab47d", 1000
			profile := c.from.Profile
			profile.VSeq = max(profile.VSeq, 1)
			if r := bot.Turn(c.from.State, profile, c.in); r.Refused != nil {
				b.Fatal(r.Refused)
			}
			b.ReportAllocs()
			for b.Loop() {
				bot.Turn(c.from.State, profile, c.in)
			}
		})
	}
}

// BenchmarkFlows runs a whole conversation of each example flow; the figures are
// of one turn of it.
func BenchmarkFlows(b *testing.B) {
	for _, c := range []struct {
		file string
		acts []func(Result) Input
	}{
		{"lead", []func(Result) Input{choose("offer"), decision(AnswerGrant), typing("Anna"), typing("anna@example.pl"), decision(AnswerDecline), typing("ile kosztuje dostawa?")}},
		{"appointment", []func(Result) Input{
			choose("workshop"), typing("2"), typing("24.12.2026"), typing("rano"), decision(AnswerGrant), typing("Anna"), typing("anna@example.pl"), typing("ile kosztuje?"),
		}},
		{"order-status", []func(Result) Input{choose("status"), typing("LA-1207"), answered, choose("talk"), typing("halo?"), back}},
		{"newsletter", []func(Result) Input{choose("send"), decision(AnswerGrant), typing("anna@example.pl"), decision(AnswerGrant), typing("jak często?")}},
	} {
		b.Run(c.file, func(b *testing.B) {
			s := demoSettings()
			s.Locales = []string{"pl", "en", "de", "cs"}
			publish(s)
			bot := mustBot(b, "../configs/flows/"+c.file+".yaml", s)
			play(b, bot, c.acts, true)
			b.ReportAllocs()
			turns := 0
			for b.Loop() {
				turns += play(b, bot, c.acts, false)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(turns), "ns/turn")
			b.ReportMetric(float64(len(c.acts)), "turns/op")
		})
	}
}

func play(b *testing.B, bot *Bot, acts []func(Result) Input, check bool) int {
	r := bot.Greet("pl", Input{ID: "0f8e2c1ab47d", At: 1000})
	for i, act := range acts {
		in := act(r)
		in.ID, in.At, in.Operators = "0f8e2c1ab47d", int64(2000+1000*i), 1
		r = bot.Turn(r.State, r.Profile, in)
		if check && r.Refused != nil {
			b.Fatalf("act %d: %+v", i, r.Refused)
		}
	}
	return len(acts)
}

func choose(option string) func(Result) Input {
	return func(r Result) Input { return Input{Kind: InputChoice, Of: r.State.Prompt, Choice: option} }
}

func decision(answer string) func(Result) Input {
	return func(r Result) Input { return Input{Kind: InputDecision, Request: r.State.Card.Request, Answer: answer} }
}

func typing(text string) func(Result) Input {
	return func(r Result) Input {
		return Input{Kind: InputText, Text: text, Quiet: r.State.Queue != ""}
	}
}

func answered(r Result) Input {
	return Input{Kind: InputResult, Actor: actorSystem, Result: &EffectResult{
		ID: r.State.Effect.ID, Attempt: 1, OK: true, Values: map[string]string{"status": "sent", "days": "2", "total": "249.9"},
	}}
}

func back(Result) Input { return Input{Kind: InputOwner, Actor: actorSystem, Owner: OwnerBot} }

// TestTurnAllocations holds the common turns of the demo flow to the budget of
// DESIGN.md section 14: at most ten allocations. The turn that takes an e-mail
// address is not among them: it looks for details, checks the address by net/mail
// and opens the next card.
func TestTurnAllocations(t *testing.T) {
	bot := mustBot(t, leadFlow, demoSettings())
	for _, acts := range [][]func(Result) Input{
		{choose("offer"), decision(AnswerGrant), typing("Anna Nowak")},
		{choose("offer"), decision(AnswerDecline), typing("czy macie kaktusy"), typing("ile kosztuje dostawa?")},
		{typing("o której otwieracie?"), choose("question")},
	} {
		r := bot.Greet("pl", Input{ID: "0f8e2c1ab47d", At: 1000})
		r.Profile.VSeq = 1 // somebody who has acted before
		for i, act := range acts {
			in := act(r)
			in.ID, in.At = "0f8e2c1ab47d", int64(2000+i)
			if n := testing.AllocsPerRun(100, func() { bot.Turn(r.State, r.Profile, in) }); n > 10 {
				t.Errorf("turn %d (%s %s%s%s) makes %.0f allocations", i, in.Kind, in.Text, in.Choice, in.Answer, n)
			}
			if r = bot.Turn(r.State, r.Profile, in); r.Refused != nil {
				t.Fatalf("turn %d: %+v", i, r.Refused)
			}
		}
	}
}
