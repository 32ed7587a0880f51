package chat

import (
	"fmt"
	"maps"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// storedRow is what is sealed as a conversation's row in the inbox.
type storedRow struct {
	protocol.Row
	// Last is the visitor's newest line then: a read mark that reaches it makes all
	// of them read.
	Last uint64 `json:"last,omitzero"`
}

// rowOf is the row of a state. It has nothing that changes with every turn but
// what is not compared.
func rowOf(conversation string, s *state, consents map[string]string) storedRow {
	r := storedRow{Last: s.Last, Row: protocol.Row{
		Conversation: conversation, Owner: publicOwner(s.Owner), Operator: operatorOf(s.Owner), Since: s.Since,
		Unread: s.Unread, Preview: s.Preview, Locale: s.Bot.Locale, Page: s.Bot.Page, Consents: consents,
	}}
	if s.Owner == protocol.OwnerQueue {
		r.Queue = s.Bot.Queue
	}
	return r
}

// sameRow reports whether two rows say the same to those who look for what there
// is to do. Preview, page and locale follow with the next change.
func sameRow(a, b *storedRow) bool {
	return a.Owner == b.Owner && a.Operator == b.Operator && a.Queue == b.Queue && a.Since == b.Since && a.Unread == b.Unread &&
		maps.Equal(a.Consents, b.Consents)
}

// sealRow changes the conversation's row where it says something else now. A
// closed conversation leaves the inbox.
func (s *Service) sealRow(v *View, d *decision) error {
	if err := s.sealNotes(d, nil); err != nil {
		return err
	}
	c := &d.commit
	now := rowOf(c.Conversation, &d.state, statuses(&d.profile))
	before := rowOf(c.Conversation, &v.state, statuses(&v.profile))
	if v.snap.Version > 0 && sameRow(&before, &now) {
		return nil
	}
	now.At = c.Now.UnixMilli()
	c.Inbox = &persistence.InboxRow{Conversation: c.Conversation, Gone: d.state.Owner == protocol.OwnerClosed}
	if c.Inbox.Gone {
		return nil
	}
	var err error
	c.Inbox.Body, err = s.seal(persistence.Scope{Site: c.Site, Subject: c.Conversation, Item: itemRow}, &now)
	return err
}

func statuses(p *botengine.Profile) map[string]string {
	out := make(map[string]string, len(p.Consents))
	for purpose, c := range p.Consents {
		out[purpose] = c.Status
	}
	return out
}

// Row opens a row of a site's inbox.
func (s *Service) Row(siteKey string, row *InboxRow) (protocol.Row, error) {
	if row.Gone {
		return protocol.Row{Conversation: row.Conversation, Owner: protocol.OwnerClosed, Gone: true}, nil
	}
	var r storedRow
	scope := persistence.Scope{Site: siteKey, Subject: row.Conversation, Item: itemRow}
	if err := s.open(scope, row.Body, &r); err != nil {
		return protocol.Row{}, fmt.Errorf("open row: %w", err)
	}
	r.Conversation = row.Conversation
	if row.Seen >= r.Last {
		r.Unread = 0
	}
	return r.Row, nil
}

// StaffState returns what an operator needs beside the log.
func (s *Service) StaffState(st *site.Site, v *View) *protocol.StaffState {
	public := s.PublicState(st, v)
	if public == nil {
		return nil
	}
	row := rowOf("", &v.state, nil)
	if v.snap.SeenOperator >= v.state.Last {
		row.Unread = 0
	}
	return &protocol.StaffState{
		Owner: row.Owner, Operator: row.Operator, Name: v.state.Name, Queue: row.Queue, Since: row.Since, Unread: row.Unread,
		Locale: row.Locale, Page: row.Page, Consents: public.Consents, Expect: public.Expect, Held: public.Held,
		CardSent: v.state.Bot.OperatorCard, SeenVisitor: v.snap.SeenVisitor, SeenOperator: v.snap.SeenOperator,
	}
}
