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
