package pgstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"time"

	"zgoda/persistence"
)

// A grantKey names a grant of the base purpose.
type grantKey struct {
	id   string
	vseq uint64
}

// A standing is what is known of a visitor before a record is looked at: what
// the store said, and what the records before it do.
type standing struct {
	applied uint64
	erased  bool
	// aside is the newest record that was set aside, 0 where none was.
	aside uint64
	// inForce is the grant of the base purpose, ended those that were.
	inForce grantKey
	ended   map[grantKey]bool

	// wave counts how often the visitor's records change between entries and
	// contacts, contacts whether the last one was a contact.
	wave     int
	contacts bool
	// restricted says whether the wave restricts the visitor's contact or frees it:
	// nothing of the visitor comes after that in the same wave.
	restricted bool
	// decided says whether the wave has a decision of the visitor: a statement
	// takes one.
	decided bool
	// moved is the record that the ledger's trigger moves the visitor to.
	moved uint64
}

// A refused maps the index of a record to why the schema refuses it.
type refused map[int]string

// A plan is what a batch of records does: the verdicts, and the rows to write.
// Waves are written one after the other, and in each the entries come first, so
// every visitor's rows are written in the order of the records.
type plan struct {
	verdicts map[int]persistence.Verdict
	notices  map[string]*persistence.Notice
	policies map[string]persistence.Record
	waves    []wave
	// moves are the visitors whose last record is no entry of the ledger.
	moves map[string]uint64
	aside []asideRow
	// protect are the visitors whose contacts go although the record that says
	// so was set aside.
	protect []string
}

type wave struct {
	entries   []entryRow
	contacts  []contactRow
	restricts []restrictRow
	// last is the contact row of a visitor and basis, which later records of the
	// wave are added to.
	last map[[2]string]int
}

type entryRow struct {
	record  int
	visitor string
	vseq    uint64
	notice  []byte
	*persistence.LedgerEntry
}

type contactRow struct {
	record int
	persistence.Record
	values map[string]string
}

type restrictRow struct {
	record  int
	visitor string
	at      time.Time
	*persistence.Restriction
}

type asideRow struct {
	record int
	reason string
}

// A planner plans the records of some visitors. It asks nobody: that what it
// assumes is right is checked by the schema when the rows are written.
type planner struct {
	records []persistence.Record
	known   map[string]*standing
	refused refused
	// single puts every row into a wave of its own, so that a refusal names the
	// record.
	single bool

	// endsAt is the last record of each visitor that ends the base consent.
	endsAt map[string]int
	out    plan
}

// plan decides about the records with the given indexes, in order.
func (p *planner) plan(indexes []int) *plan {
	p.out = plan{
		verdicts: map[int]persistence.Verdict{}, notices: map[string]*persistence.Notice{},
		policies: map[string]persistence.Record{}, moves: map[string]uint64{},
	}
	p.endsAt = map[string]int{}
	for _, i := range indexes {
		if endsLead(&p.records[i]) {
			p.endsAt[p.records[i].Visitor] = i
		}
	}
	states := map[string]*standing{}
	for _, i := range indexes {
		r := &p.records[i]
		st, ok := states[r.Visitor]
		if !ok {
			st = p.standingOf(r.Visitor)
			states[r.Visitor] = st
		}
		p.out.verdicts[i] = p.decide(i, r, st)
	}
	for visitor, st := range states {
		if st.applied > st.moved && st.applied > p.known[visitor].applied {
			p.out.moves[visitor] = st.applied
		}
	}
	return &p.out
}

func (p *planner) standingOf(visitor string) *standing {
	st := *p.known[visitor]
	st.ended = maps.Clone(st.ended)
	if st.ended == nil {
		st.ended = map[grantKey]bool{}
	}
	return &st
}

func (p *planner) decide(i int, r *persistence.Record, st *standing) persistence.Verdict {
	switch {
	case r.VSeq <= st.applied:
		return persistence.AlreadyApplied
	case r.VSeq <= st.aside:
		return persistence.Poisoned
	case r.VSeq > max(st.applied, st.aside)+1:
		return persistence.NotYet
	case st.aside > 0:
		return p.setAside(i, r, st, fmt.Sprintf("follows record %d, which was set aside", st.aside))
	}
	verdict, reason := persistence.Applied, p.refused[i]
	if reason == "" {
		reason = unstorable(r)
	}
	if reason == "" {
		switch {
		case r.Entry != nil:
			reason = p.entry(i, r, st)
		case r.Contact != nil:
			verdict, reason = p.contact(i, r, st)
		case r.Restrict != nil:
			p.restrict(i, r, st)
		case r.Erase != nil:
			p.erase(i, r, st)
		case !r.Seen:
			reason = "the record says nothing"
		}
	}
	if reason != "" {
		return p.setAside(i, r, st, reason)
	}
	st.applied = r.VSeq
	return verdict
}

// setAside keeps the record with the reason, in order. The ledger cannot take
// it, but what protects the visitor is done even so: contacts go, and the
// marketing view leaves out everybody of whom something was set aside.
func (p *planner) setAside(i int, r *persistence.Record, st *standing, reason string) persistence.Verdict {
	p.out.aside = append(p.out.aside, asideRow{record: i, reason: reason})
	if endsLead(r) {
		p.out.protect = append(p.out.protect, r.Visitor)
	}
	st.aside = r.VSeq
	return persistence.Poisoned
}

// entry adds a row to the ledger, or says why it cannot be one.
func (p *planner) entry(i int, r *persistence.Record, st *standing) string {
	l := r.Entry
	var hash []byte
	if l.Notice != "" {
		var err error
		if hash, err = hex.DecodeString(l.Notice); err != nil || len(hash) != sha256.Size || hex.EncodeToString(hash) != l.Notice {
			return "the notice is not named by a SHA-256 in hex"
		}
	}
	if n := l.NoticeText; n != nil {
		sum := sha256.Sum256([]byte(n.Canonical))
		if hex.EncodeToString(sum[:]) != n.Hash {
			return "the notice's hash is not the hash of its text"
		}
		if _, known := p.out.notices[n.Hash]; !known {
			p.out.notices[n.Hash] = n
		}
	}
	p.addEntry(st, entryRow{record: i, visitor: r.Visitor, vseq: r.VSeq, notice: hash, LedgerEntry: l})
	if l.Purpose == persistence.PurposeLead {
		st.follow(l, r.VSeq)
	}
	return ""
}

// follow keeps up with what an entry of the base purpose does.
func (st *standing) follow(l *persistence.LedgerEntry, vseq uint64) {
	switch {
	case l.Kind == persistence.KindGranted && l.Grant == l.ID:
		st.inForce = grantKey{l.ID, vseq}
	case ends(l.Kind):
		if st.inForce != (grantKey{}) {
			st.ended[st.inForce] = true
		}
		st.inForce = grantKey{}
		st.erased = st.erased || l.Kind == persistence.KindErased
	}
}

// erase adds the entry that erases. A visitor who was erased before is left as
// is, so that replaying an erasure is harmless.
func (p *planner) erase(i int, r *persistence.Record, st *standing) {
	if st.erased {
		return
	}
	l := &persistence.LedgerEntry{
		ID: r.Erase.ID, Purpose: persistence.PurposeLead, Kind: persistence.KindErased,
		Actor: r.Erase.Actor, Method: r.Erase.Method, OccurredAt: r.At,
	}
	p.addEntry(st, entryRow{record: i, visitor: r.Visitor, vseq: r.VSeq, LedgerEntry: l})
	st.follow(l, r.VSeq)
}

// contact decides about contact values: to be kept, or found to be too late.
// Only a ledger that shows the grant opened and ended proves that; anything else
// is a record that names a grant nobody gave.
func (p *planner) contact(i int, r *persistence.Record, st *standing) (persistence.Verdict, string) {
	c := r.Contact
	if st.erased {
		return persistence.Shredded, ""
	}
	if (c.Grant == "") == (c.Policy == "") {
		return 0, "the contact must name either a grant or a policy"
	}
	if c.Grant != "" {
		switch key := (grantKey{c.Grant, c.GrantedVSeq}); {
		case st.ended[key]:
			return persistence.Shredded, ""
		case key != st.inForce:
			return 0, fmt.Sprintf("the ledger shows no grant %q with number %d of this visitor", c.Grant, c.GrantedVSeq)
		}
	}
	if c.Values == nil {
		// Records are applied in order, so the withdrawal that took the values away
		// comes after the contact it took away.
		if p.endsAt[r.Visitor] > i {
			return persistence.Shredded, ""
		}
		return 0, "the contact's values are gone, and nothing says that they had to go"
	}
	if len(c.Values) > 0 {
		p.addContact(st, contactRow{record: i, Record: *r, values: c.Values})
	}
	return persistence.Applied, ""
}

func (p *planner) addEntry(st *standing, row entryRow) {
	decides := row.Kind != persistence.KindRequested && row.Kind != persistence.KindDeferred
	if st.contacts || st.restricted || decides && st.decided || p.single && st.moved > 0 {
		st.next()
	}
	st.contacts, st.moved, st.decided = false, row.vseq, st.decided || decides
	w := p.waveOf(st)
	w.entries = append(w.entries, row)
}

// addContact adds a row, or adds to the row that the same wave has: one statement
// cannot write a row twice.
func (p *planner) addContact(st *standing, row contactRow) {
	if p.single && st.contacts || st.restricted {
		st.next()
	}
	st.contacts = true
	w := p.waveOf(st)
	if row.Contact.Policy != "" {
		if _, known := p.out.policies[row.Contact.Policy]; !known {
			p.out.policies[row.Contact.Policy] = row.Record
		}
	}
	key := [2]string{row.Visitor, "grant"}
	if row.Contact.Policy != "" {
		key[1] = "policy"
	}
	if at, ok := w.last[key]; ok {
		values := maps.Clone(w.contacts[at].values)
		maps.Copy(values, row.values)
		row.values = values
		w.contacts[at] = row
		return
	}
	w.last[key] = len(w.contacts)
	w.contacts = append(w.contacts, row)
}

// restrict restricts the visitor's contact or frees it. Where there is none, and
// after an erasure, that changes nothing.
func (p *planner) restrict(i int, r *persistence.Record, st *standing) {
	if st.restricted {
		st.next()
	}
	st.restricted = true
	w := p.waveOf(st)
	w.restricts = append(w.restricts, restrictRow{record: i, visitor: r.Visitor, at: r.At, Restriction: r.Restrict})
}

// next begins another wave of the visitor's.
func (st *standing) next() {
	st.wave++
	st.decided, st.contacts, st.restricted = false, false, false
}

func (p *planner) waveOf(st *standing) *wave {
	for len(p.out.waves) <= st.wave {
		p.out.waves = append(p.out.waves, wave{last: map[[2]string]int{}})
	}
	return &p.out.waves[st.wave]
}
