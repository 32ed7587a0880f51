package chat

import (
	"sync"
	"testing"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// E30: two nodes take the two buttons of one card at once. One answer counts and
// is in the ledger; the other is told that the card is answered.
func TestE30_TwoButtonsAtOnce(t *testing.T) {
	t.Parallel()
	granted := 0
	for range 20 {
		n := newNode(t)
		var first View
		request := pressOffer(t, n, &first)
		outcomes := make([]Outcome, 2)
		var pressing sync.WaitGroup
		for i, answer := range []string{botengine.AnswerGrant, botengine.AnswerDecline} {
			pressing.Go(func() {
				var v View
				outcomes[i] = n.Apply(t.Context(), n.site, &v, key, Input{
					Client: "instance-0000001" + answer, N: 1, Digest: []byte(answer),
					Bot: botengine.Input{Kind: botengine.InputDecision, Request: request, Answer: answer},
				})
			})
		}
		pressing.Wait()
		counted, stale := 0, 0
		for _, out := range outcomes {
			switch {
			case out.Ack == nil:
				t.Fatalf("not answered: %+v", out.Err)
			case out.Ack.Refused == nil:
				counted++
			case out.Ack.Refused.Code == protocol.CodeConsentStale:
				stale++
			}
		}
		if counted != 1 || stale != 1 {
			t.Fatalf("%d answers counted and %d were stale, want one each", counted, stale)
		}
		var now View
		if _, err := n.Load(t.Context(), &now, key, persistence.Range{}); err != nil {
			t.Fatal(err)
		}
		decided := now.profile.Consents[persistence.PurposeLead].Status
		if won := outcomes[0].Ack.Refused == nil; won != (decided == persistence.StatusGranted) {
			t.Fatalf("the grant counted: %v, and the profile says %s", won, decided)
		} else if won {
			granted++
		}
	}
	t.Logf("20 races, the grant won %d", granted)
}
