package pgstore

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"zgoda/persistence"
)

// longestName is the most bytes that a name may have which an index holds.
const longestName = 512

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

// number is a record's number as the database holds it. No visitor comes near
// the end of it; a number beyond is one that no row has.
func number(n uint64) int64 {
	if n > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(n)
}

// unstorable says why PostgreSQL cannot keep the text of a record, whatever its
// rules are; it is empty where it can.
func unstorable(r *persistence.Record) string {
	var names, texts []string
	if l := r.Entry; l != nil {
		names = []string{l.ID, l.Request, l.Grant, l.Locale}
		texts = []string{l.Purpose, l.Kind, l.Actor, l.Method}
		if n := l.NoticeText; n != nil {
			names = append(names, n.Locale)
			texts = append(texts, n.Canonical)
		}
	}
	if c := r.Contact; c != nil {
		names = []string{c.Grant, c.Policy}
		texts = []string{c.Conversation}
		for field, value := range c.Values {
			texts = append(texts, field, value)
		}
	}
	if x := r.Restrict; x != nil {
		names = []string{x.ID}
		texts = []string{x.Actor, x.Method}
	}
	if e := r.Erase; e != nil {
		names = []string{e.ID}
		texts = []string{e.Actor, e.Method}
	}
	for _, n := range names {
		if len(n) > longestName {
			return fmt.Sprintf("a name of %d bytes is too long", len(n))
		}
	}
	for _, t := range append(texts, names...) {
		if strings.ContainsRune(t, 0) || !utf8.ValidString(t) {
			return "a text is not UTF-8 or holds a zero byte"
		}
	}
	return ""
}
