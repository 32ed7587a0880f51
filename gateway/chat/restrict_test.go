package chat

import (
	"testing"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// C45: while a contact is restricted the bot's lines that name the visitor show
// nothing in the name's place, the earlier ones included; the visitor's own words
// stay theirs. The contact store is told on whose word.
func TestC45_RestrictedIsNotShown(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	var v View
	n.applied(t, &v, Input{Client: client, N: 1, Locale: "en", Bot: botengine.Input{Kind: botengine.InputChoice, Of: protocol.OfGreeting, Choice: "offer"}})
	n.applied(t, &v, Input{Client: client, N: 2, Bot: botengine.Input{Kind: botengine.InputDecision, Request: v.state.Bot.Card.Request, Answer: botengine.AnswerGrant}})
	n.applied(t, &v, line(3, "Ann"))
	shows := func() (bot, visitor int) {
		t.Helper()
		events, err := n.Past(t.Context(), &v, key, persistence.Range{From: 1, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			for _, p := range e.Text {
				switch {
				case p.Text != "Ann":
				case e.From == "bot":
					bot++
				default:
					visitor++
				}
			}
		}
		return bot, visitor
	}
	if bot, visitor := shows(); bot != 1 || visitor != 1 {
		t.Fatalf("the log shows the name %d and %d times: the test proves nothing", bot, visitor)
	}
	restrict := func(id string, on bool) {
		t.Helper()
		n.applied(t, &v, Input{Client: persistence.ServerClient + id, N: 1, Bot: botengine.Input{Kind: botengine.InputRestrict, On: on, Actor: "command:root"}})
	}
	restrict("a", true)
	if bot, visitor := shows(); bot != 0 || visitor != 1 {
		t.Errorf("restricted, and the log shows the name %d and %d times", bot, visitor)
	}
	pending, err := n.store.Pending(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	last := pending[len(pending)-1]
	plain, err := n.sealer.Open(persistence.Scope{Site: last.Site, Subject: last.Visitor, Item: persistence.ItemOutbox + "5"}, last.Payload)
	if err != nil {
		t.Fatal(err)
	}
	r, err := persistence.DecodeRecord(plain)
	if err != nil || r.Restrict == nil || !r.Restrict.On || r.Restrict.Actor != "command:root" || r.Restrict.Method != "command" {
		t.Errorf("the record is %+v, %v", r, err)
	}
	restrict("b", false)
	if bot, _ := shows(); bot != 1 {
		t.Error("freed, and the name does not show")
	}
}
