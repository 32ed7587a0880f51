package sqlitestore

import (
	"fmt"

	"zgoda/persistence"
)

const (
	sqlAddConversation = `INSERT INTO conversation (site, conversation, visitor, version, epoch, seq, first, state)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	sqlSetConversation = `UPDATE conversation SET version = ?, epoch = ?, seq = ?, first = ?, state = coalesce(?, state) WHERE id = ?`
	sqlAddProfile      = `INSERT INTO profile (site, visitor, version, vseq, erased, rate_start, rate_count, profile, contact)
		VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?)`
	sqlSetProfile = `UPDATE profile SET version = ?, vseq = ?, rate_start = ?, rate_count = ?,
		profile = coalesce(?, profile), contact = coalesce(?, contact) WHERE id = ?`
	sqlSetRate     = `UPDATE profile SET rate_start = ?, rate_count = ? WHERE id = ?`
	sqlDropContact = `UPDATE profile SET contact = NULL WHERE id = ?`
)

// apply writes the commit. Every check was made; what fails from here on is
// the disk's fault and undone with the savepoint.
func (c *commit) apply() (persistence.Result, error) {
	if c.changesConversation() {
		c.conv.version++
		if c.conv.epoch == "" {
			c.conv.epoch = c.in.Epoch
		}
	}
	if n := len(c.in.Events); n > 0 {
		if c.conv.first == 0 {
			c.conv.first = c.conv.seq + 1
		}
		c.conv.seq += uint64(n)
	}
	if c.changesProfile() {
		c.prof.version++
		c.prof.vseq += uint64(len(c.in.Outbox))
	}
	for _, step := range []func() error{c.putConversation, c.putProfile, c.putEvents, c.putStaff, c.putOutbox, c.putTimers, c.putInbox, c.putInput} {
		if err := step(); err != nil {
			return persistence.Result{}, err
		}
	}
	if c.in.Erase {
		if err := c.eraseVisitor(); err != nil {
			return persistence.Result{}, err
		}
		c.conv.epoch = ""
	}
	c.erase = c.in.Erase || c.in.DropContact
	return persistence.Result{Outcome: persistence.Committed, Snapshot: persistence.Snapshot{
		Version: c.conv.version, ProfileVersion: c.prof.version, Epoch: c.conv.epoch,
	}}, nil
}

func (c *commit) putConversation() error {
	in, v := c.in, &c.conv
	var err error
	switch {
	case v.id == 0:
		v.id, err = c.insert(sqlAddConversation, in.Site, in.Conversation, in.Visitor, v.version, v.epoch, v.seq, v.first, blob(in.State))
	case c.changesConversation():
		_, err = c.exec(sqlSetConversation, v.version, v.epoch, v.seq, v.first, blob(in.State), v.id)
	}
	if err != nil {
		return fmt.Errorf("write conversation: %w", err)
	}
	return nil
}

func (c *commit) putProfile() error {
	in, p := c.in, &c.prof
	var err error
	switch {
	case p.id == 0:
		p.id, err = c.insert(sqlAddProfile, in.Site, in.Visitor, p.version, p.vseq, p.rateStart, p.rateCount, blob(in.Profile), blob(in.Contact))
	case c.changesProfile():
		_, err = c.exec(sqlSetProfile, p.version, p.vseq, p.rateStart, p.rateCount, blob(in.Profile), blob(in.Contact), p.id)
	case in.Rate != nil:
		_, err = c.exec(sqlSetRate, p.rateStart, p.rateCount, p.id)
	}
	if err == nil && in.DropContact {
		_, err = c.exec(sqlDropContact, p.id)
	}
	if err != nil {
		return fmt.Errorf("write profile: %w", err)
	}
	return nil
}

const (
	sqlAddEvent  = `INSERT INTO event (conversation, seq, id, at, body) VALUES (?, ?, ?, ?, ?)`
	sqlAddOutbox = `INSERT INTO outbox (site, visitor, vseq, at, payload) VALUES (?, ?, ?, ?, ?)`
)

func (c *commit) putEvents() error {
	for _, e := range c.in.Events {
		if _, err := c.exec(sqlAddEvent, c.conv.id, e.Seq, e.ID, unixNano(e.At), blob(e.Body)); err != nil {
			return fmt.Errorf("append event: %w", err)
		}
	}
	return nil
}

const (
	sqlAddStaff = `INSERT INTO staff_entry (conversation, seq, id, at, body) VALUES (?, ?, ?, ?, ?)`
	sqlSetStaff = `UPDATE conversation SET staff_seq = ? WHERE id = ?`
	sqlAssign   = `UPDATE conversation SET assigned = ? WHERE id = ?`
)

// putStaff appends to the staff log and writes who has the conversation.
func (c *commit) putStaff() error {
	for _, e := range c.in.Staff {
		if _, err := c.exec(sqlAddStaff, c.conv.id, e.Seq, e.ID, unixNano(e.At), blob(e.Body)); err != nil {
			return fmt.Errorf("append staff entry: %w", err)
		}
	}
	if n := len(c.in.Staff); n > 0 {
		if _, err := c.exec(sqlSetStaff, c.in.Staff[n-1].Seq, c.conv.id); err != nil {
			return fmt.Errorf("number staff log: %w", err)
		}
	}
	if c.in.Assigned != nil {
		if _, err := c.exec(sqlAssign, *c.in.Assigned, c.conv.id); err != nil {
			return fmt.Errorf("write assignment: %w", err)
		}
	}
	return nil
}

func (c *commit) putOutbox() error {
	for _, r := range c.in.Outbox {
		payload := r.Payload
		if payload == nil {
			payload = []byte{}
		}
		if _, err := c.exec(sqlAddOutbox, r.Site, r.Visitor, r.VSeq, unixNano(r.At), payload); err != nil {
			return fmt.Errorf("append outbox record: %w", err)
		}
	}
	return nil
}

const (
	sqlAddClient = `INSERT INTO client (conversation, name, last_n, used_at) VALUES (?, ?, ?, ?)`
	sqlSetClient = `UPDATE client SET last_n = ?, used_at = ? WHERE id = ?`
	sqlPutAnswer = `INSERT INTO answer (client, slot, n, digest, answer) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (client, slot) DO UPDATE SET n = excluded.n, digest = excluded.digest, answer = excluded.answer`
)

// putInput keeps the answer in the slot of the answer that is now too old.
func (c *commit) putInput() error {
	in := c.in.Input
	var err error
	if c.client.id == 0 {
		c.client.id, err = c.insert(sqlAddClient, c.conv.id, in.Client, in.N, unixNano(c.in.Now))
	} else {
		_, err = c.exec(sqlSetClient, in.N, unixNano(c.in.Now), c.client.id)
	}
	if err != nil {
		return fmt.Errorf("write client: %w", err)
	}
	_, err = c.exec(sqlPutAnswer, c.client.id, in.N%persistence.AnswerWindow, in.N, blob(in.Digest), blob(in.Answer))
	if err != nil {
		return fmt.Errorf("write answer: %w", err)
	}
	return nil
}

const (
	sqlEraseEvents = `DELETE FROM event WHERE conversation IN (SELECT id FROM conversation WHERE site = ? AND visitor = ?)`
	// The answers go with their client.
	sqlEraseClients       = `DELETE FROM client WHERE conversation IN (SELECT id FROM conversation WHERE site = ? AND visitor = ?)`
	sqlEraseStaff         = `DELETE FROM staff_entry WHERE conversation IN (SELECT id FROM conversation WHERE site = ? AND visitor = ?)`
	sqlEraseConversations = `UPDATE conversation SET state = NULL, epoch = '', seq = 0, first = 0, staff_seq = 0, seen_visitor = 0,
		seen_operator = 0, assigned = '' WHERE site = ? AND visitor = ?`
	sqlEraseProfile = `UPDATE profile SET erased = 1, profile = NULL, contact = NULL WHERE site = ? AND visitor = ?`
)

// eraseVisitor leaves the marker: rows without content that answer "erased".
// Outbox records stay, sealed, since the contact store must still learn of
// them in order, this erasure last.
func (c *commit) eraseVisitor() error {
	for _, q := range []string{sqlEraseEvents, sqlEraseStaff, sqlEraseClients, sqlEraseConversations, sqlEraseProfile} {
		if _, err := c.exec(q, c.in.Site, c.in.Visitor); err != nil {
			return fmt.Errorf("erase visitor: %w", err)
		}
	}
	return nil
}
