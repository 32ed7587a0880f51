package verdict

import (
	"slices"

	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// An Expectation is what the contact store should hold of one visitor.
type Expectation struct {
	Index        int64  `json:"index"`
	Kind         string `json:"kind"`
	Visitor      string `json:"visitor"`
	Conversation string `json:"conversation"`
	// Ledger are the decisions, in order; Requested how often each purpose was
	// asked for.
	Ledger    []Decision     `json:"ledger,omitempty"`
	Requested map[string]int `json:"requested,omitempty"`
	// Contact is what must be held, nil where nothing may be.
	Contact map[string]string `json:"contact,omitempty"`
	// Unsure: some input was never answered, so that the contact may hold more
	// or less.
	Unsure bool `json:"unsure,omitempty"`
}

// A Decision is an entry of the ledger that the visitor caused.
type Decision struct {
	Purpose string `json:"purpose"`
	Kind    string `json:"kind"` // granted, declined, withdrawn
}

// contactTypes are the questions that ask for a contact.
var contactTypes = []string{"name", "email", "phone"}

// consent walks through the log as the visitor's consent stands at each event:
// nothing about the visitor is asked for or kept before the grant (P6). It
// returns what the contact store should hold.
func (x *examination) consent() Expectation {
	e := Expectation{
		Index: x.v.Index, Kind: x.v.Kind, Visitor: x.v.Visitor, Conversation: x.v.Conversation,
		Requested: map[string]int{}, Contact: x.v.Contact, Unsure: x.v.Unsure,
	}
	granted := map[string]bool{}
	asked := map[string]bool{}
	required := true
	for i := range x.log {
		event := &x.log[i]
		switch {
		case event.Card != nil && event.Card.NoAnswer:
			required = false
		case event.Card != nil && !asked[event.Card.Request]:
			asked[event.Card.Request] = true
			for _, p := range event.Card.Purposes {
				e.Requested[p.Code]++
			}
		case event.Kind == "decision":
			x.decision(event, granted, asked, &e)
		case event.Kind == "withdrawal":
			for _, p := range event.Purposes {
				granted[p] = false
				e.Ledger = append(e.Ledger, Decision{p, persistence.KindWithdrawn})
			}
		}
		if !required {
			continue
		}
		base := granted[persistence.PurposeLead]
		if event.Kind == "ask" && slices.Contains(contactTypes, event.Type) {
			x.check("P6", base, around(event.Seq), "event %d asks for %s before consent", event.Seq, event.Type)
		}
		if slices.ContainsFunc(event.Text, func(p protocol.Part) bool { return p.Contact || p.Removed }) {
			x.check("P6", base, around(event.Seq), "event %d keeps a contact value without consent", event.Seq)
		}
	}
	return e
}

// decision takes one answer to a card into account.
func (x *examination) decision(event *protocol.Event, granted, asked map[string]bool, e *Expectation) {
	x.check("P6", asked[event.Request], around(event.Seq), "event %d answers a card that was never shown", event.Seq)
	kind := persistence.KindDeclined
	if event.Answer == protocol.AnswerGrant {
		kind = persistence.KindGranted
	}
	for _, p := range event.Purposes {
		if kind == persistence.KindDeclined && granted[p] {
			continue // a grant in force outlives a no to asking again
		}
		granted[p] = kind == persistence.KindGranted
		e.Ledger = append(e.Ledger, Decision{p, kind})
	}
	x.checks["P6"]++
}
