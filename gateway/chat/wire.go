package chat

import (
	"slices"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// Public returns events as visitors see them: which operator it was, and over
// which instance, is not theirs to know.
func Public(events []protocol.Event) []protocol.Event {
	out, own := events, false
	for i := range events {
		if e := &events[i]; e.Operator == "" && (e.Client == "" || e.From == botengine.FromVisitor) {
			continue
		}
		if !own {
			out, own = slices.Clone(events), true
		}
		out[i].Operator = ""
		if out[i].From != botengine.FromVisitor {
			out[i].Client, out[i].N = "", 0
		}
	}
	return out
}

// wireEvent renders a stored event for operators; see Public. References to contact
// values are resolved against what is held now, so that a value that was deleted
// shows as removed wherever it stood.
func wireEvent(e *storedEvent, seq uint64, at int64, values *persistence.ContactValues) protocol.Event {
	out := protocol.Event{
		Seq: seq, ID: e.ID, At: at, From: e.From, Kind: e.Kind,
		Client: e.Client, N: e.N, Locale: e.Locale, Name: e.Name, Operator: e.Operator,
		Of: e.Of, Choice: e.Choice, Field: e.Field, Type: e.Type,
		Request: e.Request, Answer: e.Answer, Purposes: e.Purposes, Method: e.Method,
		DelayMS: e.DelayMS,
		Text:    wireText(e.Text, values),
		Link:    (*protocol.Link)(e.Link),
		Image:   (*protocol.Image)(e.Image),
		Card:    wireCard(e.Card),
	}
	for _, o := range e.Options {
		out.Options = append(out.Options, protocol.Option(o))
	}
	return out
}

func wireText(spans []botengine.Span, values *persistence.ContactValues) []protocol.Part {
	if len(spans) == 0 {
		return nil
	}
	parts := make([]protocol.Part, 0, len(spans))
	for _, span := range spans {
		switch {
		case span.Masked:
			parts = append(parts, protocol.Part{Masked: true})
		case span.Ref != "" || span.Field != "":
			ref := span.Ref
			if ref == "" {
				ref = values.Current[span.Field]
			}
			if value, ok := values.Values[ref]; ok {
				parts = append(parts, protocol.Part{Text: value, Contact: true})
			} else {
				parts = append(parts, protocol.Part{Removed: true})
			}
		default:
			parts = append(parts, protocol.Part{Text: span.Text})
		}
	}
	return parts
}

func wireCard(c *botengine.Card) *protocol.Card {
	if c == nil {
		return nil
	}
	return &protocol.Card{
		Request: c.Request, Notice: c.Notice, Locale: c.Locale,
		Title: c.Title, Body: c.Body, Withdraw: c.Withdraw, Accept: c.Accept, Decline: c.Decline,
		Purposes: wireCodes(c.Purposes), Fields: wireCodes(c.Fields),
		Policy: protocol.Policy(c.Policy), NoAnswer: c.NoAnswer,
	}
}

func wireCodes(codes []botengine.CardText) []protocol.CodeText {
	out := make([]protocol.CodeText, 0, len(codes))
	for _, c := range codes {
		out = append(out, protocol.CodeText(c))
	}
	return out
}

// Greeting renders what a visitor sees before the first act. Nothing of it is
// kept: the same lines are committed together with the first act.
func Greeting(bot *botengine.Bot, locale, page string) ([]protocol.Event, protocol.Expect) {
	r := bot.Greet(bot.Locale(locale), botengine.Input{ID: protocol.OfGreeting, Page: page})
	events := make([]protocol.Event, 0, len(r.Events))
	for i := range r.Events {
		events = append(events, wireEvent(&storedEvent{Event: r.Events[i]}, 0, 0, &persistence.ContactValues{}))
	}
	expect := bot.Inputs(r.State, r.Profile)
	return events, protocol.Expect{Kind: expect.Kind, Type: expect.Type, Prompt: expect.Prompt}
}
