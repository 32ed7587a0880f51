package chat

import (
	"context"
	"fmt"
	"time"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// storedNote is what is sealed as an entry of the staff log.
type storedNote struct {
	Kind     string           `json:"kind"`
	Operator string           `json:"operator,omitzero"`
	Name     string           `json:"name,omitzero"`
	To       string           `json:"to,omitzero"`
	Text     []botengine.Span `json:"text,omitzero"`
}

// note writes an operator's note into the staff log. Contact details are masked
// whatever was agreed: a note is not where they are kept (C25).
func (s *Service) note(st *site.Site, v *View, d *decision, in *Input, now time.Time) (bool, error) {
	a := in.Act
	note := protocol.Note{ID: s.newID() + "-n", At: now.UnixMilli(), Kind: protocol.NoteText, Operator: a.By.ID, Name: a.By.Name}
	spans := botengine.MaskContacts(a.Text, st.Settings.Region)
	note.Text = wireText(spans, &persistence.ContactValues{})
	d.addNote(v, note)
	d.changed, d.aside = true, true
	d.ack.ID = note.ID
	return false, s.sealNotes(d, spans)
}

// noteCard notes that an operator has sent the consent card.
func (s *Service) noteCard(v *View, d *decision, in *Input, now time.Time) error {
	a := in.Act
	d.addNote(v, protocol.Note{ID: s.newID() + "-n", At: now.UnixMilli(), Kind: protocol.NoteCard, Operator: a.By.ID, Name: a.By.Name})
	return nil
}

func (d *decision) addNote(v *View, n protocol.Note) {
	n.Seq = v.snap.StaffSeq + uint64(len(d.notes)) + 1
	d.notes = append(d.notes, n)
}

// sealNotes puts the decision's notes into the commit; text is that of the first.
func (s *Service) sealNotes(d *decision, text []botengine.Span) error {
	c := &d.commit
	for _, n := range d.notes {
		stored := storedNote{Kind: n.Kind, Operator: n.Operator, Name: n.Name, To: n.To, Text: text}
		body, err := s.seal(persistence.Scope{Site: c.Site, Subject: c.Conversation, Item: itemNote + n.ID}, &stored)
		if err != nil {
			return err
		}
		c.Staff = append(c.Staff, persistence.StaffEntry{Seq: n.Seq, ID: n.ID, At: c.Now, Body: body})
		text = nil
	}
	return nil
}

func (s *Service) openNotes(key persistence.Key, entries []persistence.StaffEntry) ([]protocol.Note, error) {
	var out []protocol.Note
	for i := range entries {
		var n storedNote
		e := &entries[i]
		if err := s.open(persistence.Scope{Site: key.Site, Subject: key.Conversation, Item: itemNote + e.ID}, e.Body, &n); err != nil {
			return nil, fmt.Errorf("open note %d: %w", e.Seq, err)
		}
		out = append(out, protocol.Note{
			Seq: e.Seq, ID: e.ID, At: e.At.UnixMilli(), Kind: n.Kind, Operator: n.Operator, Name: n.Name, To: n.To,
			Text: wireText(n.Text, &persistence.ContactValues{}),
		})
	}
	return out, nil
}

// Notes returns the newest entries of the staff log after a number, oldest first,
// and the newest number.
func (s *Service) Notes(ctx context.Context, key persistence.Key, after uint64) ([]protocol.Note, uint64, error) {
	entries, top, err := s.desk.StaffLog(ctx, key, after, protocol.MaxNotes)
	if err != nil {
		return nil, 0, fmt.Errorf("read staff log: %w", err)
	}
	notes, err := s.openNotes(key, entries)
	return notes, top, err
}

// NotesTop is the number of the newest entry of the staff log that the view knows
// of.
func (v *View) NotesTop() uint64 { return v.snap.StaffSeq }
