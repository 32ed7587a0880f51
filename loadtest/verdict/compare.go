package verdict

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"zgoda/persistence"
)

// A Row is what the contact store holds of one visitor.
type Row struct {
	FirstSeen time.Time
	Erased    bool
	// Ledger is in the order of its numbers.
	Ledger []LedgerRow
	// Contacts are the visitor's contact rows: one at most where all is well.
	Contacts []map[string]string
}

// A LedgerRow is one entry of the ledger.
type LedgerRow struct {
	VSeq    uint64
	ID      string
	Purpose string
	Kind    string
	Request string
}

// Rows are a site's, by visitor.
type Rows map[string]*Row

// A Comparison says how rows are compared.
type Comparison struct {
	// Alone says that nobody else uses the site: a visitor of the store who came
	// after Since and is none of the run's was invented.
	Alone bool
	Since time.Time
}

// A comparing collects what Compare finds.
type comparing struct {
	checks Checks
	found  []Violation
}

// Compare holds the contact store to what visitors did, row by row (P7, P8).
func Compare(expected []Expectation, rows Rows, how Comparison) ([]Violation, Checks) {
	c := &comparing{checks: Checks{}}
	ours := make(map[string]bool, len(expected))
	for i := range expected {
		e := &expected[i]
		if e.Visitor == "" {
			continue // never got as far as to have a name
		}
		ours[e.Visitor] = true
		row := rows[e.Visitor]
		if row == nil {
			row = &Row{}
		}
		c.ledger(e, row)
		c.contact(e, row)
	}
	for _, visitor := range slices.Sorted(maps.Keys(rows)) {
		row := rows[visitor]
		if ours[visitor] || !how.Alone || row.FirstSeen.Before(how.Since) {
			continue
		}
		e := &Expectation{Index: -1, Visitor: visitor}
		c.check("P7", len(row.Contacts) == 0, e, row, "the store has a contact of a visitor who never came")
		c.check("P8", len(row.Ledger) == 0, e, row, "the ledger has entries of a visitor who never came")
	}
	return c.found, c.checks
}

func (c *comparing) check(promise string, ok bool, e *Expectation, row *Row, format string, args ...any) {
	c.checks[promise]++
	if ok {
		return
	}
	v := Violation{
		Promise: promise, What: fmt.Sprintf(format, args...), Conversation: e.Conversation, Visitor: e.Visitor,
		Index: e.Index, Kind: e.Kind, At: time.Now(),
	}
	for _, l := range row.Ledger {
		v.Events = append(v.Events, fmt.Sprintf("ledger %d  %s  %s %s  request %s", l.VSeq, l.ID, l.Purpose, l.Kind, l.Request))
	}
	for _, f := range row.Contacts {
		v.Events = append(v.Events, fmt.Sprintf("contact with %v", slices.Sorted(maps.Keys(f))))
	}
	c.found = append(c.found, v)
}

// ledger compares decisions and requests.
func (c *comparing) ledger(e *Expectation, row *Row) {
	var decisions []Decision
	requested := map[string]int{}
	requests := map[string]string{} // id → purpose
	answers := map[string]string{}  // request → entry
	for _, l := range row.Ledger {
		switch l.Kind {
		case persistence.KindRequested:
			requested[l.Purpose]++
			requests[l.ID] = l.Purpose
			continue
		case persistence.KindGranted, persistence.KindDeclined:
			c.check("P7", requests[l.Request] == l.Purpose, e, row, "ledger entry %d answers a request that does not precede it", l.VSeq)
			c.check("P8", answers[l.Request] == "", e, row, "ledger entries %s and %s answer the same request", answers[l.Request], l.ID)
			answers[l.Request] = l.ID
		case persistence.KindWithdrawn:
		default:
			continue // put off, or ended by time: nothing a visitor does
		}
		decisions = append(decisions, Decision{l.Purpose, l.Kind})
	}
	c.check("P8", slices.Equal(decisions, e.Ledger), e, row, "the visitor decided %s; the ledger has %s", list(e.Ledger), list(decisions))
	for _, p := range persistence.Purposes {
		c.check("P8", requested[p] == e.Requested[p], e, row, "the visitor was asked %d times for %s; the ledger has %d requests", e.Requested[p], p, requested[p])
	}
}

// contact compares what is held.
func (c *comparing) contact(e *Expectation, row *Row) {
	in := inForce(row)
	c.check("P7", len(row.Contacts) == 0 || in, e, row, "the store holds a contact without a grant in force")
	c.check("P8", len(row.Contacts) <= 1, e, row, "the store holds %d contacts of one visitor", len(row.Contacts))
	if e.Unsure {
		return
	}
	switch {
	case e.Contact == nil:
		c.check("P7", len(row.Contacts) == 0, e, row, "the store holds a contact that the visitor did not leave")
	case len(row.Contacts) == 0:
		c.check("P8", false, e, row, "the visitor left a contact with %v; the store has none", slices.Sorted(maps.Keys(e.Contact)))
	default:
		got := row.Contacts[0]
		for _, field := range fields(e.Contact, got) {
			c.check("P8", got[field] == e.Contact[field], e, row, "the contact's %s is not what the visitor left", field)
		}
	}
}

// inForce says whether the ledger's last word on the base purpose is a grant.
func inForce(row *Row) bool {
	granted := false
	for _, l := range row.Ledger {
		if l.Purpose != persistence.PurposeLead {
			continue
		}
		switch l.Kind {
		case persistence.KindGranted:
			granted = true
		case persistence.KindWithdrawn, persistence.KindExpired, persistence.KindErased:
			granted = false
		}
	}
	return granted
}

// fields are the names of both.
func fields(a, b map[string]string) []string {
	all := maps.Clone(a)
	for k := range b {
		all[k] = ""
	}
	return slices.Sorted(maps.Keys(all))
}

func list(ds []Decision) string {
	if len(ds) == 0 {
		return "nothing"
	}
	var out string
	for i, d := range ds {
		if i > 0 {
			out += ", "
		}
		out += d.Purpose + " " + d.Kind
	}
	return out
}
