// Package access puts together what a person is told who asks what is held about
// them (GDPR art. 15 and 20): one document, as JSON for machines and as one page
// of HTML for people, made from the same object. The page needs nothing else: no
// script, no font, no picture, no network.
package access

import (
	"maps"
	"slices"
	"time"

	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// A Document is all that is held about one visitor of one site, and what the
// person must be told beside it.
type Document struct {
	AsOf     time.Time `json:"as_of"`
	Site     string    `json:"site"`
	SiteName string    `json:"site_name"`
	Visitor  string    `json:"visitor"`
	// Language of the page; the texts that were shown keep their own.
	Language   string         `json:"language"`
	ErasedAt   time.Time      `json:"erased_at,omitzero"`
	Controller site.Party     `json:"controller"`
	Processor  site.Party     `json:"processor"`
	Authority  site.Authority `json:"authority,omitzero"`
	PolicyURL  string         `json:"policy_url,omitzero"`
	Recipients []string       `json:"recipients"`
	Storage    []string       `json:"storage_locations"`
	Retention  site.Retention `json:"retention"`
	Contact    *Contact       `json:"contact,omitzero"`
	Consents   []Consent      `json:"consents"`
	// Ledger is every question and answer, with the texts that were shown.
	Ledger     persistence.Proof `json:"ledger"`
	Transcript Transcript        `json:"transcript"`
}

// Contact is the contact as it is kept.
type Contact struct {
	Fields       map[string]string `json:"fields"`
	CollectedAt  time.Time         `json:"collected_at,omitzero"`
	RestrictedAt time.Time         `json:"restricted_at,omitzero"`
	// Grant is the consent it rests on; without one Policy says why it is kept.
	Grant  string `json:"grant,omitzero"`
	Policy string `json:"policy,omitzero"`
}

// Consent is where one purpose stands.
type Consent struct {
	Purpose    string    `json:"purpose"`
	Status     string    `json:"status"`
	Since      time.Time `json:"since,omitzero"`
	ValidUntil time.Time `json:"valid_until,omitzero"`
	Method     string    `json:"method,omitzero"`
	Notice     string    `json:"notice,omitzero"`
}

// Transcript is the log of the conversation, oldest first, as far as it is kept.
type Transcript struct {
	// Complete is false where older events are kept than those that are here.
	Complete bool             `json:"complete"`
	Events   []protocol.Event `json:"events"`
}

// Sources are what a Document is made of.
type Sources struct {
	Site    *site.Site
	Visitor string
	AsOf    time.Time
	// Language is wanted for the page; the nearest of the site's is taken.
	Language string
	// Values are the contact values, GivenAt when the newest was given, and
	// RestrictedAt when using them was restricted.
	Values                map[string]string
	GivenAt, RestrictedAt time.Time
	// Ledger and Person as the contact store has them; Person may be nil.
	Ledger   persistence.Proof
	Person   *persistence.Person
	Events   []protocol.Event
	Complete bool
}

// New makes the document.
func New(s Sources) *Document {
	d := &Document{
		AsOf: s.AsOf.UTC(), Site: s.Site.Key, SiteName: s.Site.Name, Visitor: s.Visitor, Language: s.Site.Bot.Locale(s.Language),
		Controller: s.Site.Controller, Processor: s.Site.Processor, Authority: s.Site.Authority,
		Recipients: append([]string{}, s.Site.Recipients...), Storage: append([]string{}, s.Site.Storage...),
		Retention: s.Site.Retention, Ledger: s.Ledger,
		Transcript: Transcript{Complete: s.Complete, Events: append([]protocol.Event{}, s.Events...)},
	}
	d.PolicyURL = s.Site.PolicyURL(d.Language)
	if d.Ledger.Entries == nil {
		d.Ledger.Entries = []persistence.ProofEntry{}
	}
	if d.Ledger.Notices == nil {
		d.Ledger.Notices = []persistence.Notice{}
	}
	d.Consents = consents(&d.Ledger)
	if len(s.Values) > 0 {
		d.Contact = &Contact{Fields: s.Values, CollectedAt: s.GivenAt, RestrictedAt: s.RestrictedAt}
	}
	if p := s.Person; p != nil {
		d.ErasedAt = p.ErasedAt
		if d.Contact != nil {
			d.Contact.Grant, d.Contact.Policy = p.Grant, p.Policy
			if d.Contact.CollectedAt.IsZero() {
				d.Contact.CollectedAt = p.CollectedAt
			}
			if d.Contact.RestrictedAt.IsZero() {
				d.Contact.RestrictedAt = p.RestrictedAt
			}
		}
	}
	return d
}

// consents says where each purpose stands by the events: the newest that is no
// mere question decides.
func consents(ledger *persistence.Proof) []Consent {
	at := map[string]Consent{}
	for i := range ledger.Entries {
		e := &ledger.Entries[i]
		c := Consent{Purpose: e.Purpose, Status: e.Kind, Since: e.OccurredAt, ValidUntil: e.ValidUntil, Method: e.Method, Notice: e.Notice}
		before := at[e.Purpose]
		open := e.Kind == persistence.KindRequested || e.Kind == persistence.KindDeferred
		switch {
		case e.Kind == persistence.KindErased:
			for p, old := range at {
				old.Status, old.Since, old.ValidUntil = e.Kind, e.OccurredAt, time.Time{}
				at[p] = old
			}
			continue
		case open && before.Status == persistence.KindGranted:
			continue // asked again while the consent is in force
		case e.Kind == persistence.KindGranted && before.Status == persistence.KindGranted:
			c.Since = before.Since // renewed
		}
		at[e.Purpose] = c
	}
	list := []Consent{}
	for _, p := range slices.Sorted(maps.Keys(at)) {
		list = append(list, at[p])
	}
	return list
}
