package chat

import (
	"strings"
	"time"
	"unicode/utf8"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// A Colleague is an operator: the id, and the display name that visitors are told.
type Colleague struct {
	ID   string
	Name string
}

// An Act is what an operator does to a conversation.
type Act struct {
	By Colleague
	// Kind is the type of the protocol's frame: take, release, transfer, close, say,
	// ask_card or note.
	Kind string
	// To is protocol.OwnerBot or OwnerQueue, of release.
	To string
	// Colleague gets the conversation, of transfer.
	Colleague Colleague
	Text      string   // say, note
	Purposes  []string // ask_card
	// Instance is the operator's client, as it is shown to operators.
	Instance string
}

// OperatorClient names an operator's client instance for deduplication. It holds
// the operator, so nobody can use another's, and it does not count among the
// visitor's own instances.
func OperatorClient(operator, instance string) string {
	return persistence.ServerClient + "op-" + operator + "-" + instance
}

// ReturnOf gives the conversation of an operator who is gone back to the queue.
// Whichever nodes apply it, it takes effect once: only where that operator still
// has it.
func ReturnOf(operator, id string) Input {
	return Input{
		Client: persistence.ServerClient + "return-" + id, N: 1, Digest: []byte(operator),
		Owner: protocol.OwnerQueue, From: ownerOf(operator),
	}
}

func ownerOf(operator string) string { return protocol.OwnerOperator + ":" + operator }

// operatorOf is the id in an owner, empty where it is no operator.
func operatorOf(owner string) string {
	id, ok := strings.CutPrefix(owner, protocol.OwnerOperator+":")
	if !ok {
		return ""
	}
	return id
}

// act turns what an operator does into a change of owner, an input for the engine,
// an event or a note. It reports whether there is anything left to decide.
func (s *Service) act(st *site.Site, v *View, d *decision, in *Input, now time.Time) (bool, error) {
	a := in.Act
	mine := d.state.Owner == ownerOf(a.By.ID)
	waiting := d.state.Owner == protocol.OwnerQueue
	refuse := func(code protocol.Code, message string) (bool, error) {
		d.ack.Refused = &protocol.Refused{Code: code, Message: message}
		return false, nil
	}
	if v.snap.Version == 0 {
		return refuse(protocol.CodeForbidden, "there is no such conversation, or it is not yours to see")
	}
	switch a.Kind {
	case protocol.TypeTake:
		in.Owner = ownerOf(a.By.ID)
		return true, nil
	case protocol.TypeNote:
		return s.note(st, v, d, in, now)
	case protocol.TypeRelease, protocol.TypeClose:
		if !mine && !waiting {
			return refuse(protocol.CodeNotOwner, "take the conversation first")
		}
		if in.Owner = a.To; a.Kind == protocol.TypeClose {
			in.Owner = protocol.OwnerClosed
		}
		return true, nil
	}
	if !mine {
		return refuse(protocol.CodeNotOwner, "take the conversation first")
	}
	switch a.Kind {
	case protocol.TypeTransfer:
		in.Owner, in.From = ownerOf(a.Colleague.ID), d.state.Owner
	case protocol.TypeSay:
		s.say(d, in, a)
	case protocol.TypeAskCard:
		in.Bot = botengine.Input{Kind: botengine.InputAskCard, Actor: ownerOf(a.By.ID), Purposes: a.Purposes}
	default:
		return refuse(protocol.CodeBadInput, "an operator cannot do that")
	}
	return true, nil
}

// say adds an operator's line.
func (s *Service) say(d *decision, in *Input, a *Act) {
	d.said = append(d.said, storedEvent{
		Event: botengine.Event{
			ID: s.newID() + "-o", From: botengine.FromOperator, Kind: botengine.EventMessage,
			Text: []botengine.Span{{Text: strings.TrimSpace(a.Text)}},
		},
		Client: a.Instance, N: in.N, Operator: a.By.ID, Name: a.By.Name,
	})
	if card := d.state.Bot.Card; card != nil && !card.Aside {
		// A typed phrase is the answer to a person from now on, not to the card.
		aside := *card
		aside.Aside = true
		d.state.Bot.Card = &aside
	}
	in.Bot = botengine.Input{}
}

// own makes somebody else the owner: what the visitor is told, what the staff log
// keeps and who is counted as having the conversation.
func (d *decision) own(v *View, in *Input, now time.Time, newID func() string) {
	before, after := operatorOf(d.state.Owner), operatorOf(in.Owner)
	tell := func(kind, operator, name string) {
		d.said = append(d.said, storedEvent{
			Event:    botengine.Event{ID: newID() + "-s", From: botengine.FromSystem, Kind: kind},
			Operator: operator, Name: name,
		})
	}
	if before != "" {
		tell(eventLeft, before, d.state.Name)
	}
	d.state.Name = ""
	if after != "" {
		d.state.Name = nameOf(in.Act, after)
		tell(eventJoined, after, d.state.Name)
	}
	d.state.Owner, d.state.Since = in.Owner, now.UnixMilli()
	d.commit.Assigned = &after
	note := protocol.Note{ID: newID() + "-n", At: now.UnixMilli(), Kind: kindOfChange(in), To: in.Owner}
	if after != "" {
		note.To = after
	}
	if in.Act != nil {
		note.Operator, note.Name = in.Act.By.ID, in.Act.By.Name
	}
	d.addNote(v, note)
}

// Kinds of events that say who takes part.
const (
	eventJoined = "joined"
	eventLeft   = "left"
)

// nameOf is the display name of the operator who gets the conversation.
func nameOf(a *Act, operator string) string {
	switch {
	case a == nil:
		return ""
	case a.Kind == protocol.TypeTransfer:
		return a.Colleague.Name
	case a.By.ID == operator:
		return a.By.Name
	}
	return ""
}

func kindOfChange(in *Input) string {
	switch {
	case in.Act == nil && in.From != "":
		return protocol.NoteReturned
	case in.Act != nil && in.Act.Kind == protocol.TypeTransfer:
		return protocol.NoteTransferred
	case in.Owner == protocol.OwnerClosed:
		return protocol.NoteClosed
	case operatorOf(in.Owner) != "":
		return protocol.NoteTaken
	}
	return protocol.NoteReleased
}

// count keeps what the inbox shows of the visitor's lines. Lines count as unread
// while a person has the conversation or it waits for one.
func (d *decision) count(v *View, said []storedEvent) {
	if v.snap.SeenOperator >= d.state.Last {
		d.state.Unread = 0
	}
	for i := range said {
		switch e := &said[i]; {
		case e.From == botengine.FromVisitor && len(e.Text) > 0:
			d.state.Last, d.state.Preview = v.snap.Seq+uint64(i)+1, preview(e.Text)
			d.state.Unread++
		case e.From == botengine.FromOperator:
			d.state.Unread = 0
		}
	}
	if !owns(d.state.Owner) {
		d.state.Unread = 0
	}
}

const previewRunes = 80

// preview is the beginning of a line. A contact value is masked: what it names may
// be deleted, and this would stay.
func preview(spans []botengine.Span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Masked || s.Ref != "" || s.Field != "" {
			b.WriteString("•••")
			continue
		}
		b.WriteString(s.Text)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	if utf8.RuneCountInString(text) <= previewRunes {
		return text
	}
	return string([]rune(text)[:previewRunes-1]) + "…"
}
