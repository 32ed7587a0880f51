package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"zgoda/persistence"
)

var (
	_ persistence.Contacts = (*Store)(nil)
	_ persistence.Privacy  = (*Store)(nil)
)

// A poison is why a record can never be applied.
type poison string

func (p poison) Error() string { return string(p) }

// Apply implements persistence.Contacts. The batch is one transaction; a record
// that the schema refuses is set aside under a savepoint of its own, so the rest
// goes on.
func (s *Store) Apply(ctx context.Context, site string, records []persistence.Record) ([]persistence.Verdict, error) {
	for i, r := range records {
		if r.Site != site {
			return nil, fmt.Errorf("apply records: record %d belongs to another site", i)
		}
	}
	if len(records) == 0 {
		return nil, nil
	}
	verdicts := make([]persistence.Verdict, len(records))
	err := s.write(ctx, "apply records", func(t *tx) error {
		for i := range records {
			a := &application{tx: t, r: &records[i], later: records[i+1:], now: time.Now()}
			var err error
			if verdicts[i], err = a.apply(); err != nil {
				return fmt.Errorf("record %d of visitor %s: %w", a.r.VSeq, a.r.Visitor, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return verdicts, nil
}

// An application is one record on its way into the contact half.
type application struct {
	*tx
	r *persistence.Record
	// later are the records of the batch after this one.
	later []persistence.Record
	now   time.Time

	// What the store knows of the visitor.
	known    bool
	applied  uint64
	lastSeq  uint64
	lastHash []byte
	erased   bool
	// aside is the newest record of the visitor that was set aside, 0 where
	// none was.
	aside uint64
}

const (
	sqlGetVisitor = `SELECT applied_vseq, last_seq, last_hash, erased_at IS NOT NULL FROM visitor WHERE site = ? AND visitor = ?`
	sqlGetAside   = `SELECT coalesce(max(vseq), 0) FROM set_aside WHERE site = ? AND visitor = ?`
	sqlAddVisitor = `INSERT INTO visitor (site, visitor, first_seen) VALUES (?, ?, ?)`
	sqlSetApplied = `UPDATE visitor SET applied_vseq = ? WHERE site = ? AND visitor = ?`
	sqlAddAside   = `INSERT INTO set_aside (site, visitor, vseq, at, reason, record) VALUES (?, ?, ?, ?, ?, ?)`
	sqlDelContact = `DELETE FROM contact WHERE site = ? AND visitor = ?`
)

func (a *application) apply() (persistence.Verdict, error) {
	r := a.r
	if err := a.stand(); err != nil {
		return 0, err
	}
	switch {
	case r.VSeq <= a.applied:
		return persistence.AlreadyApplied, nil
	case r.VSeq <= a.aside:
		return persistence.Poisoned, nil
	case r.VSeq > max(a.applied, a.aside)+1:
		return persistence.NotYet, nil
	case a.aside > 0:
		return a.setAside(fmt.Sprintf("follows record %d, which was set aside", a.aside))
	}
	verdict := persistence.Applied
	err := a.attempt(func() error {
		var err error
		verdict, err = a.write()
		return err
	})
	var p poison
	if errors.As(err, &p) || refused(err) {
		return a.setAside(err.Error())
	}
	return verdict, err
}

// stand reads where the visitor stands.
func (a *application) stand() error {
	r := a.r
	var err error
	a.known, err = a.get(sqlGetVisitor, row(r.Site, r.Visitor), row(&a.applied, &a.lastSeq, &a.lastHash, &a.erased))
	if err == nil {
		_, err = a.get(sqlGetAside, row(r.Site, r.Visitor), row(&a.aside))
	}
	if err != nil {
		return fmt.Errorf("read visitor: %w", err)
	}
	return nil
}

// write applies the record and moves the visitor on by one.
func (a *application) write() (persistence.Verdict, error) {
	r := a.r
	if !a.known {
		if _, err := a.exec(sqlAddVisitor, r.Site, r.Visitor, unixNano(r.At)); err != nil {
			return 0, fmt.Errorf("add visitor: %w", err)
		}
	}
	verdict, err := persistence.Applied, error(nil)
	switch {
	case r.Entry != nil:
		err = a.writeEntry(r.Entry)
	case r.Contact != nil:
		verdict, err = a.writeContact(r.Contact)
	case r.Restrict != nil:
		err = a.restrict(r.Restrict)
	case r.Erase != nil:
		err = a.writeErasure(r.Erase)
	case !r.Seen:
		err = poison("the record says nothing")
	}
	if err != nil {
		return 0, err
	}
	if _, err := a.exec(sqlSetApplied, r.VSeq, r.Site, r.Visitor); err != nil {
		return 0, fmt.Errorf("move visitor on: %w", err)
	}
	return verdict, nil
}

// setAside keeps the record with the reason, in order. The ledger cannot take
// it, but what protects the visitor is done even so: contacts go, and the
// marketing view leaves out everybody of whom something was set aside.
func (a *application) setAside(reason string) (persistence.Verdict, error) {
	r := a.r
	b, err := persistence.EncodeRecord(*r)
	if err != nil {
		b = []byte(strings.ToValidUTF8(err.Error(), "\uFFFD"))
	}
	if _, err := a.exec(sqlAddAside, r.Site, r.Visitor, r.VSeq, unixNano(a.now), reason, string(b)); err != nil {
		return 0, fmt.Errorf("set aside: %w", err)
	}
	if endsLead(r) {
		n, err := a.exec(sqlDelContact, r.Site, r.Visitor)
		if err != nil {
			return 0, fmt.Errorf("set aside: %w", err)
		}
		a.erase = a.erase || n > 0
	}
	return persistence.Poisoned, nil
}

// endsLead reports whether the record ends the consent that carries contacts.
func endsLead(r *persistence.Record) bool {
	if r.Erase != nil {
		return true
	}
	return r.Entry != nil && r.Entry.Purpose == persistence.PurposeLead && ends(r.Entry.Kind)
}

// ends reports whether an entry of this kind ends a grant.
func ends(kind string) bool {
	switch kind {
	case persistence.KindDeclined, persistence.KindWithdrawn, persistence.KindExpired, persistence.KindErased:
		return true
	}
	return false
}
