package verdict

import (
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func line(seq uint64, from, kind, text string) protocol.Event {
	e := protocol.Event{Seq: seq, ID: string(rune('a' + seq)), At: int64(1000 * (seq / 2)), From: from, Kind: kind}
	if text != "" {
		e.Text = []protocol.Part{{Text: text}}
	}
	return e
}

// A good visit: greeting, question, consent, name.
func good() (*Visit, []protocol.Event) {
	log := []protocol.Event{
		line(1, "bot", "message", "Hello!"),
		line(2, "visitor", "message", "An offer, please"),
		line(3, "bot", "card", ""),
		line(4, "visitor", "decision", ""),
		line(5, "bot", "ask", "Your name?"),
		line(6, "visitor", "message", ""),
		line(7, "bot", "message", "Thank you"),
	}
	log[2].Card = &protocol.Card{Request: "r1", Notice: "n", Purposes: []protocol.CodeText{{Code: persistence.PurposeLead}}}
	log[3].Request, log[3].Answer, log[3].Purposes = "r1", protocol.AnswerGrant, []string{persistence.PurposeLead}
	log[4].Type, log[4].Field = "name", "name"
	log[5].Text = []protocol.Part{{Text: "Anna", Contact: true}}
	v := &Visit{Visitor: "v_1", Conversation: "c_1", Clients: []string{"instance"}, Contact: map[string]string{"name": "Anna"}, Screens: make([]Screen, 1)}
	kinds := []string{protocol.TypeSay, protocol.TypeDecide, protocol.TypeSay}
	texts := []string{"An offer, please", "", "Anna"}
	for i, seq := range []uint64{2, 4, 6} {
		log[seq-1].Client, log[seq-1].N = "instance", uint64(i+1)
		v.Inputs = append(v.Inputs, Input{
			N: uint64(i + 1), Kind: kinds[i], Text: Hash(texts[i]), Answered: true, Seq: seq, ID: Hash(log[seq-1].ID), ShownAtAck: seq + 1,
		})
	}
	for i := range log {
		v.Screens[0].Show(&log[i])
	}
	v.Screens[0].Complete, v.Screens[0].Top, v.Screens[0].Prompt = true, 7, Hash(log[6].ID)
	return v, log
}

// Each kind of lie is found under its promise, and the truth under none.
func TestExamine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, promise string
		lie           func(v *Visit, log *[]protocol.Event)
	}{
		{"Truth", "", func(*Visit, *[]protocol.Event) {}},
		{"ValuesRemoved", "", func(_ *Visit, log *[]protocol.Event) { (*log)[5].Text = []protocol.Part{{Removed: true}} }},
		{"Hole", "P1", func(_ *Visit, log *[]protocol.Event) { *log = slices.Delete(*log, 2, 3) }},
		{"SameNameTwice", "P1", func(_ *Visit, log *[]protocol.Event) { (*log)[6].ID = (*log)[4].ID }},
		{"Reordered", "P1", func(_ *Visit, log *[]protocol.Event) {
			(*log)[3].N, (*log)[5].N = (*log)[5].N, (*log)[3].N
		}},
		{"ShownAnother", "P1", func(_ *Visit, log *[]protocol.Event) { (*log)[6].Text[0].Text = "Thanks" }},
		{"ShownAndGone", "P1", func(_ *Visit, log *[]protocol.Event) { *log = (*log)[:6] }},
		{"NeverSent", "P2", func(v *Visit, _ *[]protocol.Event) { v.Inputs = v.Inputs[:2] }},
		{"Twice", "P2", func(_ *Visit, log *[]protocol.Event) { (*log)[5].N = 2 }},
		{"OtherWords", "P2", func(_ *Visit, log *[]protocol.Event) { (*log)[1].Text[0].Text = "A refund" }},
		{"RefusedAndKept", "P2", func(v *Visit, _ *[]protocol.Event) { v.Inputs[2].Refused = true }},
		{"AcknowledgedAndGone", "P2", func(v *Visit, log *[]protocol.Event) {
			v.Screens = nil
			*log = (*log)[:5]
		}},
		{"AcknowledgedAsAnother", "P2", func(v *Visit, _ *[]protocol.Event) { v.Inputs[1].ID++ }},
		{"LastNeverShown", "P3", func(v *Visit, _ *[]protocol.Event) { v.Screens[0].Shown = v.Screens[0].Shown[:6] }},
		{"PromptNotThere", "P3", func(v *Visit, _ *[]protocol.Event) { v.Screens[0].Prompt = 7 }},
		{"AcknowledgedBeforeItsEvents", "P3", func(v *Visit, _ *[]protocol.Event) { v.Inputs[2].ShownAtAck = 6 }},
		{"NoAnswer", "P3", func(v *Visit, log *[]protocol.Event) {
			v.Screens = nil
			*log = (*log)[:6]
		}},
		{"BotAfterTakeover", "P5", func(_ *Visit, log *[]protocol.Event) { (*log)[4].From, (*log)[4].Kind = "system", "joined" }},
		{"AskedBeforeConsent", "P6", func(_ *Visit, log *[]protocol.Event) { (*log)[3].Answer = protocol.AnswerDecline }},
		{"DecisionWithoutCard", "P6", func(_ *Visit, log *[]protocol.Event) { (*log)[3].Request = "r2" }},
		{"SecretKept", "P9", func(v *Visit, _ *[]protocol.Event) { v.Secrets = []string{"Hello"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v, log := good()
			c.lie(v, &log)
			found, checks, _ := Examine(v, log)
			if checks.Total() == 0 {
				t.Error("nothing was checked")
			}
			if c.promise == "" {
				for _, f := range found {
					t.Errorf("%s", f)
				}
				return
			}
			if !slices.ContainsFunc(found, func(f Violation) bool { return f.Promise == c.promise }) {
				t.Errorf("found %v, want %s broken", found, c.promise)
			}
		})
	}
}

func TestExpectation(t *testing.T) {
	t.Parallel()
	v, log := good()
	_, _, e := Examine(v, log)
	if want := []Decision{{persistence.PurposeLead, persistence.KindGranted}}; !slices.Equal(e.Ledger, want) || e.Requested[persistence.PurposeLead] != 1 {
		t.Errorf("expects %v and %v", e.Ledger, e.Requested)
	}
}

// row is what the store should hold after the good visit.
func row() *Row {
	return &Row{
		FirstSeen: time.Now(),
		Ledger: []LedgerRow{
			{VSeq: 2, ID: "a", Purpose: persistence.PurposeLead, Kind: persistence.KindRequested},
			{VSeq: 3, ID: "b", Purpose: persistence.PurposeLead, Kind: persistence.KindGranted, Request: "a"},
		},
		Contacts: []map[string]string{{"name": "Anna"}},
	}
}

// The contact store is held to what the visitor did, row by row (P7, P8).
func TestCompare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, promise string
		lie           func(rows Rows, e *Expectation)
	}{
		{"Truth", "", func(Rows, *Expectation) {}},
		{"Unsure", "", func(rows Rows, e *Expectation) { e.Unsure, rows["v_1"].Contacts = true, nil }},
		{"LostContact", "P8", func(rows Rows, _ *Expectation) { rows["v_1"].Contacts = nil }},
		{"OtherValue", "P8", func(rows Rows, _ *Expectation) { rows["v_1"].Contacts[0]["name"] = "Ewa" }},
		{"MoreThanGiven", "P8", func(rows Rows, _ *Expectation) { rows["v_1"].Contacts[0]["email"] = "a@b.c" }},
		{"TwoContacts", "P8", func(rows Rows, _ *Expectation) { rows["v_1"].Contacts = append(rows["v_1"].Contacts, nil) }},
		{"LostGrant", "P8", func(rows Rows, _ *Expectation) { rows["v_1"].Ledger = rows["v_1"].Ledger[:1] }},
		{"GrantTwice", "P8", func(rows Rows, _ *Expectation) {
			rows["v_1"].Ledger = append(rows["v_1"].Ledger, rows["v_1"].Ledger[1])
		}},
		{"Invented", "P7", func(_ Rows, e *Expectation) { e.Contact = nil }},
		{"AfterWithdrawal", "P7", func(rows Rows, e *Expectation) {
			e.Ledger = append(e.Ledger, Decision{persistence.PurposeLead, persistence.KindWithdrawn})
			rows["v_1"].Ledger = append(rows["v_1"].Ledger, LedgerRow{VSeq: 9, ID: "c", Purpose: persistence.PurposeLead, Kind: persistence.KindWithdrawn})
		}},
		{"NoRequest", "P7", func(rows Rows, _ *Expectation) { rows["v_1"].Ledger[0].ID = "z" }},
		{"Stranger", "P7", func(rows Rows, _ *Expectation) { rows["v_2"] = row() }},
		{"EarlierVisitor", "", func(rows Rows, _ *Expectation) {
			rows["v_2"] = row()
			rows["v_2"].FirstSeen = time.Now().Add(-time.Hour)
		}},
		{"NeverArrived", "P8", func(rows Rows, _ *Expectation) { delete(rows, "v_1") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v, log := good()
			_, _, e := Examine(v, log)
			rows := Rows{"v_1": row()}
			c.lie(rows, &e)
			found, checks := Compare([]Expectation{e}, rows, Comparison{Alone: true, Since: time.Now().Add(-time.Minute)})
			if checks.Total() == 0 {
				t.Error("nothing was checked")
			}
			if c.promise == "" && len(found) > 0 || c.promise != "" && !slices.ContainsFunc(found, func(f Violation) bool { return f.Promise == c.promise }) {
				t.Errorf("found %v, want %q broken", found, c.promise)
			}
		})
	}
}
