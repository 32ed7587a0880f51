package botengine

import "slices"

// A PastEntry is a consent event that the profile remembers, so that a visitor
// can be given a receipt at once. It holds what the ledger's entry holds; the
// text that was shown is named by the request alone.
type PastEntry struct {
	VSeq       uint64 `json:"v"`
	ID         string `json:"id"`
	Purpose    string `json:"p"`
	Kind       string `json:"k"`
	At         int64  `json:"at"` // Unix milliseconds
	Request    string `json:"r,omitzero"`
	Grant      string `json:"g,omitzero"`
	Notice     string `json:"n,omitzero"`
	Locale     string `json:"l,omitzero"`
	Actor      string `json:"a"`
	Method     string `json:"m"`
	ValidUntil int64  `json:"u,omitzero"`
}

// maxPast bounds what a profile remembers: it travels with every commit. The
// ledger has what is older.
const maxPast = 24

// remember adds a consent event to the profile.
func (t *turn) remember(e *Entry) {
	past := PastEntry{
		VSeq: e.VSeq, ID: e.ID, Purpose: e.Purpose, Kind: e.Kind, At: e.At, Request: e.Request, Grant: e.Grant,
		Notice: e.Notice, Locale: e.Locale, Actor: e.Actor, Method: e.Method, ValidUntil: e.ValidUntil,
	}
	if asked := t.p.asked(e.Request); asked != nil && asked.Notice == e.Notice && asked.Locale == e.Locale {
		past.Notice, past.Locale = "", ""
	}
	keep := t.p.Past
	if len(keep) >= maxPast {
		keep = keep[len(keep)-maxPast+1:]
	}
	t.p.Past = append(append(make([]PastEntry, 0, len(keep)+1), keep...), past)
}

func (p *Profile) asked(request string) *PastEntry {
	if request == "" {
		return nil
	}
	for i := range p.Past {
		if p.Past[i].ID == request {
			return &p.Past[i]
		}
	}
	return nil
}

// Remembered returns the consent events that the profile remembers, oldest first
// and filled in, and whether these are all there were. They are not where some
// were too many to keep, or where the profile was rebuilt from the ledger.
func (p *Profile) Remembered() (past []PastEntry, whole bool) {
	past, whole = slices.Clone(p.Past), true
	known := make(map[string]bool, len(past))
	for i := range past {
		e := &past[i]
		known[e.ID] = true
		whole = whole && (e.Request == "" || known[e.Request]) && (e.Grant == "" || known[e.Grant])
		if asked := p.asked(e.Request); asked != nil && e.Notice == "" {
			e.Notice, e.Locale = asked.Notice, asked.Locale
		}
	}
	for _, c := range p.Consents {
		whole = whole && known[c.Entry]
	}
	return past, whole && len(past) < maxPast
}
