package sqlitestore

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"zgoda/persistence"
)

const (
	basisGrant  = "grant"
	basisPolicy = "policy"

	sqlGrantInForce = `SELECT EXISTS (SELECT 1 FROM active_grant
		WHERE site = ? AND visitor = ? AND purpose = 'lead_contact' AND grant_id = ? AND granted_vseq = ?)`
	sqlGrantEnded = `SELECT EXISTS (SELECT 1 FROM consent_event g JOIN consent_event e ON e.site = g.site AND e.visitor = g.visitor
		WHERE g.site = ?1 AND g.visitor = ?2 AND g.id = ?3 AND g.kind = 'granted' AND g.purpose = 'lead_contact' AND g.vseq = ?4
		AND e.seq > g.seq AND e.purpose = 'lead_contact' AND e.kind IN ('declined', 'withdrawn', 'expired', 'erased'))`
	sqlAddPolicy = `INSERT INTO policy (site, policy, first_used) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
	// How long a contact is kept at the most is what the notice says that was agreed
	// to last, or where there is no grant what the record says.
	sqlPutContact = `INSERT INTO contact (site, visitor, basis, grant_id, granted_vseq, policy, vseq, conversation, collected_at, contact_days)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, coalesce((SELECT n.canonical ->> '$.retention.contact_days'
			FROM active_grant g JOIN consent_event e ON e.site = g.site AND e.id = g.event_id JOIN notice n ON n.site = e.site AND n.hash = e.notice
			WHERE g.site = ?1 AND g.visitor = ?2 AND g.purpose = 'lead_contact' AND g.grant_id = ?4 AND json_valid(n.canonical)
				AND (n.canonical ->> '$.retention.contact_days') BETWEEN 1 AND 100000), ?10))		ON CONFLICT (site, visitor, basis) DO UPDATE SET grant_id = excluded.grant_id, granted_vseq = excluded.granted_vseq,
			policy = excluded.policy, vseq = excluded.vseq, conversation = excluded.conversation, collected_at = excluded.collected_at,
			contact_days = excluded.contact_days`
	sqlGetField = `SELECT value FROM contact_field WHERE site = ? AND visitor = ? AND basis = ? AND field = ?`
	sqlPutField = `INSERT INTO contact_field (site, visitor, basis, field, value, address) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (site, visitor, basis, field) DO UPDATE SET value = excluded.value, address = excluded.address`
)

// writeContact stores contact values under the grant or the policy they name,
// or finds the proof that they must not be kept.
func (a *application) writeContact(c *persistence.ContactRecord) (persistence.Verdict, error) {
	if a.erased {
		return persistence.Shredded, nil
	}
	if (c.Grant == "") == (c.Policy == "") {
		return 0, poison("the contact must name either a grant or a policy")
	}
	if c.Grant != "" {
		inForce, err := a.grantIs(sqlGrantInForce, c)
		if err != nil {
			return 0, err
		}
		if !inForce {
			return a.lateContact(c)
		}
	}
	if c.Values == nil {
		if a.endsLater() {
			return persistence.Shredded, nil
		}
		return 0, poison("the contact's values are gone, and nothing says that they had to go")
	}
	if len(c.Values) == 0 {
		return persistence.Applied, nil
	}
	return persistence.Applied, a.putContact(c)
}

func (a *application) grantIs(query string, c *persistence.ContactRecord) (bool, error) {
	var yes bool
	if _, err := a.get(query, row(a.r.Site, a.r.Visitor, c.Grant, c.GrantedVSeq), row(&yes)); err != nil {
		return false, fmt.Errorf("look for grant: %w", err)
	}
	return yes, nil
}

// lateContact decides about a contact whose grant is not in force. Only a
// ledger that shows the grant opened and ended proves that the contact came too
// late; anything else is a record that names a grant nobody gave.
func (a *application) lateContact(c *persistence.ContactRecord) (persistence.Verdict, error) {
	ended, err := a.grantIs(sqlGrantEnded, c)
	if err != nil {
		return 0, err
	}
	if !ended {
		return 0, poison(fmt.Sprintf("the ledger shows no grant %q with number %d of this visitor", c.Grant, c.GrantedVSeq))
	}
	return persistence.Shredded, nil
}

// endsLater reports whether a later record of the batch ends the visitor's
// consent. Records are applied in order, so the withdrawal that took the values
// away always comes after the contact it took away.
func (a *application) endsLater() bool {
	for i := range a.later {
		if a.later[i].Visitor == a.r.Visitor && endsLead(&a.later[i]) {
			return true
		}
	}
	return false
}

func (a *application) putContact(c *persistence.ContactRecord) error {
	r := a.r
	basis := basisGrant
	var granted any = c.GrantedVSeq
	if c.Policy != "" {
		basis, granted = basisPolicy, nil
		if _, err := a.exec(sqlAddPolicy, r.Site, c.Policy, unixNano(r.At)); err != nil {
			return fmt.Errorf("keep policy: %w", err)
		}
	}
	_, err := a.exec(sqlPutContact, r.Site, r.Visitor, basis, text(c.Grant), granted, text(c.Policy),
		r.VSeq, c.Conversation, unixNano(c.Given(r.At)), c.KeepDays)
	if err != nil {
		return fmt.Errorf("write contact: %w", err)
	}
	for field, value := range c.Values {
		var old string
		had, err := a.get(sqlGetField, row(r.Site, r.Visitor, basis, field), row(&old))
		if err == nil {
			_, err = a.exec(sqlPutField, r.Site, r.Visitor, basis, field, value, address(r.Site, field, value))
		}
		if err != nil {
			return fmt.Errorf("write contact field: %w", err)
		}
		// A value that is corrected is a value that is erased.
		a.erase = a.erase || had && old != value
	}
	return nil
}

// address returns the hash by which an e-mail address or a telephone number is
// recognised, nil for other fields. Spelling that does not matter to the channel
// does not matter to the hash.
func address(site, field, value string) any {
	switch field {
	case "email":
		value = strings.ToLower(strings.TrimSpace(value))
	case "phone":
		value = strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r == '+' {
				return r
			}
			return -1
		}, value)
	default:
		return nil
	}
	sum := sha256.Sum256([]byte(field + "\x00" + site + "\x00" + value))
	return sum[:]
}

const sqlSuppress = `INSERT INTO suppression (site, purpose, address, reason, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

// Suppress keeps an address from ever being listed for a marketing purpose of
// the site, whoever gave it and whatever they agree to later. Only a hash of the
// address is kept.
func (s *Store) Suppress(ctx context.Context, site, purpose, addr, reason string) error {
	field, ok := channelField[purpose]
	if !ok {
		return fmt.Errorf("suppress address: %q is not a marketing purpose", purpose)
	}
	return s.write(ctx, "suppress address", func(t *tx) error {
		_, err := t.exec(sqlSuppress, site, purpose, address(site, field, addr), reason, time.Now().UnixNano())
		return err
	})
}

// channelField is the contact field that a marketing purpose writes to.
var channelField = map[string]string{
	persistence.PurposeMarketingEmail: "email",
	persistence.PurposeMarketingPhone: "phone",
	persistence.PurposeMarketingSMS:   "phone",
}
