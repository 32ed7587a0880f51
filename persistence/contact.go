package persistence

import (
	"context"
	"time"
)

// Purposes a visitor can agree to. PurposeLead carries the contact; the others
// are asked after it and end with it.
const (
	PurposeLead           = "lead_contact"
	PurposeMarketingEmail = "marketing_email"
	PurposeMarketingPhone = "marketing_phone"
	PurposeMarketingSMS   = "marketing_sms"
)

// Purposes lists every purpose, the base first.
var Purposes = []string{PurposeLead, PurposeMarketingEmail, PurposeMarketingPhone, PurposeMarketingSMS}

// Kinds of consent events (DPV consent states; research/consent.md section 4).
const (
	KindRequested = "requested"
	KindGranted   = "granted"
	KindDeclined  = "declined"
	KindDeferred  = "deferred"
	KindWithdrawn = "withdrawn"
	KindExpired   = "expired"
	KindErased    = "erased"
)

// A Record is an opened outbox record. Exactly one of Seen, Entry, Contact,
// Restrict and Erase is set.
type Record struct {
	Site    string    `json:"site"`
	Visitor string    `json:"visitor"`
	VSeq    uint64    `json:"vseq"`
	At      time.Time `json:"at"`

	// Seen: the visitor acted for the first time. Makes the pseudonym known.
	Seen bool `json:"seen,omitzero"`
	// Entry is a consent event for the ledger.
	Entry *LedgerEntry `json:"entry,omitzero"`
	// Contact says which contact values the visitor gave under which grant.
	Contact *ContactRecord `json:"contact,omitzero"`
	// Restrict: processing of the contact is restricted, or free again.
	Restrict *Restriction `json:"restrict,omitzero"`
	// Erase: the visitor is erased.
	Erase *Erasure `json:"erase,omitzero"`

	// Trace is the trace of the turn that made the record, as W3C traceparent; empty
	// where it has none. It says nothing about the visitor and is not stored.
	Trace string `json:"trace,omitzero"`
}

// A Restriction says on whose word a contact is kept but not used (GDPR art. 18).
type Restriction struct {
	ID     string `json:"id"`
	On     bool   `json:"on"`
	Actor  string `json:"actor"`
	Method string `json:"method"`
}

// A LedgerEntry is one consent event, append-only.
type LedgerEntry struct {
	// ID names the entry; for a request it is also the id the decision names.
	ID      string `json:"id"`
	Purpose string `json:"purpose"`
	Kind    string `json:"kind"`
	// Request is the id of the requested entry that is answered.
	Request string `json:"request,omitzero"`
	// Grant is the id of the entry that opened the grant: the entry's own ID
	// for the first grant, kept by a renewal, named by what ends it.
	Grant string `json:"grant,omitzero"`
	// Notice is the hash of the text that was shown.
	Notice string `json:"notice,omitzero"`
	// NoticeText is the text itself, sent along with a request.
	NoticeText *Notice `json:"notice_text,omitzero"`
	Locale     string  `json:"locale,omitzero"`
	// Actor is visitor, operator:<id>, system or command.
	Actor string `json:"actor"`
	// Method is button, phrase, widget, command or timer.
	Method     string    `json:"method"`
	OccurredAt time.Time `json:"occurred_at"`
	// ValidUntil is when a grant ends by itself; zero where it does not.
	ValidUntil time.Time `json:"valid_until,omitzero"`
}

// A Notice is an immutable text version that a visitor is shown. Hash is the
// SHA-256 of its canonical JSON, in hex.
type Notice struct {
	Hash   string `json:"hash"`
	Locale string `json:"locale"`
	// Canonical is the JSON that Hash was computed over.
	Canonical string `json:"canonical"`
}

// A ContactRecord names contact values given under a grant. Values are not in
// the outbox: the flusher fetches them from the visitor's sealed record and
// fills Values, so that a withdrawal reaches what is still on its way.
type ContactRecord struct {
	// Grant and GrantedVSeq name the grant of PurposeLead. Both are empty where
	// the site does not require consent; then Policy is set.
	Grant       string `json:"grant,omitzero"`
	GrantedVSeq uint64 `json:"granted_vseq,omitzero"`
	Policy      string `json:"policy,omitzero"`
	// KeepDays is for how long the notice said that contacts are kept; 0 where a grant
	// is named, since the ledger knows its notice.
	KeepDays int `json:"keep_days,omitzero"`
	// Fields maps a field (name, email, phone, …) to the reference of its value.
	Fields map[string]string `json:"fields"`
	// Conversation is where it was given.
	Conversation string `json:"conversation"`
	// GivenAt is when the visitor gave a value last, from when on the contact ages; zero
	// where that is the record's own time. Somebody else's correction does not move it.
	GivenAt time.Time `json:"given_at,omitzero"`
	// Values maps fields to values. Nil means that they are gone: the record that
	// took them away follows, and where it is in the same batch it is the proof
	// for Shredded. Empty means that they were replaced since; nothing is written.
	Values map[string]string `json:"-"`
}

// Given returns when the visitor gave a value last; at is the time of the record.
func (c *ContactRecord) Given(at time.Time) time.Time {
	if c.GivenAt.IsZero() || c.GivenAt.After(at) {
		return at
	}
	return c.GivenAt
}

// An Erasure says on whose word a visitor was erased.
type Erasure struct {
	ID     string `json:"id"`
	Actor  string `json:"actor"`
	Method string `json:"method"`
}

// A ContactValues record is what a visitor's one sealed record opens to.
type ContactValues struct {
	// Values maps references to what was typed.
	Values map[string]string `json:"values"`
	// Current maps a field to the reference of its newest valid value.
	Current map[string]string `json:"current"`
}

// A Verdict says what the contact store did with a record.
type Verdict int

// What becomes of an outbox record.
const (
	// Applied: it is in the store.
	Applied Verdict = iota + 1
	// AlreadyApplied: it was in the store before.
	AlreadyApplied
	// NotYet: an earlier record of the visitor is missing; it stays pending.
	NotYet
	// Shredded: the grant it names was opened and has ended, or the visitor was
	// erased; the values must not be kept. Acknowledged, never retried. The ledger
	// shows it, or a later record of the same batch that ends the grant.
	Shredded
	// Poisoned: it can never be applied. It was set aside with its reason, and
	// so is every later record of the visitor, in order.
	Poisoned
)

// Contacts is the contact store: ledger, grants in force, contacts. All methods
// may be called concurrently. Errors are ErrUnavailable, ErrNotFound where
// stated, or a wrapped defect.
type Contacts interface {
	// Apply applies records of one site in the order given, in one transaction,
	// and returns a verdict for each. An error means that none was applied.
	Apply(ctx context.Context, site string, records []Record) ([]Verdict, error)
	// Pass records that the visitor's records up to and including upTo are lost, and
	// lets what follows them be applied. It returns how many are missing: 0 where the
	// store is that far already. A caller must be sure that none of them is on its
	// way. Until the visitor agrees anew, they are on no marketing list, since what
	// is lost may be a withdrawal.
	Pass(ctx context.Context, site, visitor string, upTo uint64) (uint64, error)
	// Visitor returns what the ledger knows of one visitor, ErrNotFound where it
	// knows nothing. A lost profile is rebuilt from it.
	Visitor(ctx context.Context, site, visitor string) (VisitorRecord, error)
}

// A Rebuilder is a contact store from which profiles are rebuilt that the
// conversation store may have lost. All methods may be called concurrently.
type Rebuilder interface {
	// Visitor is that of Contacts.
	Visitor(ctx context.Context, site, visitor string) (VisitorRecord, error)
	// Fence returns what the ledger knows of a visitor and voids every record that
	// was numbered and has not arrived: one that a conversation store forgot may
	// still be on its way, and must not take the number of another one. life names
	// the life of the conversation store that asks; repeating the call with the
	// same one voids nothing more. The visitor's next record follows AppliedVSeq of
	// the answer. A visitor that is not known becomes known.
	Fence(ctx context.Context, site, visitor, life string) (VisitorRecord, error)
}

// An OverviewQuery selects rows of an overview.
type OverviewQuery struct {
	// Purpose and Status filter; empty selects all.
	Purpose string
	Status  string
	// After is the visitor id after which to go on, Limit the page size.
	After string
	Limit int
}

// Statuses of a purpose in an overview.
const (
	StatusGranted   = "granted"
	StatusDeclined  = "declined"
	StatusDeferred  = "deferred"
	StatusWithdrawn = "withdrawn"
	StatusExpired   = "expired"
	StatusRequested = "requested"
	StatusNotAsked  = "not_asked"
	StatusErased    = "erased"
)

// An Overview is a page of visitors and the counts of the whole site.
type Overview struct {
	AsOf time.Time `json:"as_of"`
	// Counts maps purpose to status to visitors, over the whole site. Statuses that
	// nobody has are left out.
	Counts map[string]map[string]int `json:"counts"`
	Rows   []OverviewRow             `json:"rows"`
	// Next goes into OverviewQuery.After for the next page; empty at the end.
	Next string `json:"next,omitzero"`
}

// An OverviewRow is one visitor. People without a grant have a pseudonym and
// nothing else, since nothing else exists.
type OverviewRow struct {
	Visitor   string                   `json:"visitor"`
	FirstSeen time.Time                `json:"first_seen"`
	Consents  map[string]ConsentStatus `json:"consents"`
	Fields    map[string]string        `json:"fields,omitzero"`
	// Restricted: the contact is kept and must not be used (GDPR art. 18).
	Restricted bool `json:"restricted,omitzero"`
}

// A ConsentStatus is where one purpose stands for one visitor.
type ConsentStatus struct {
	Status string    `json:"status"`
	Since  time.Time `json:"since,omitzero"`
	// Event is the ledger entry that made it so, Notice the text shown.
	Event      string    `json:"event,omitzero"`
	Notice     string    `json:"notice,omitzero"`
	Locale     string    `json:"locale,omitzero"`
	Method     string    `json:"method,omitzero"`
	Grant      string    `json:"grant,omitzero"`
	GrantVSeq  uint64    `json:"grant_vseq,omitzero"`
	Request    string    `json:"request,omitzero"`
	ValidUntil time.Time `json:"valid_until,omitzero"`
	// DeclinedAt is when the visitor last declined or withdrew, zero where they
	// never did or have agreed since. Only Fence fills it.
	DeclinedAt time.Time `json:"declined_at,omitzero"`
}

// A MarketingList is who may be written to, at one moment.
type MarketingList struct {
	AsOf    time.Time          `json:"as_of"`
	Purpose string             `json:"purpose"`
	Rows    []MarketingContact `json:"rows"`
}

// A MarketingContact is one contact with the consent event that allows it.
type MarketingContact struct {
	Visitor     string            `json:"visitor"`
	Fields      map[string]string `json:"fields"`
	Consent     string            `json:"consent_event"`
	ConsentedAt time.Time         `json:"consented_at"`
}

// A VisitorRecord is what the ledger knows of one visitor.
type VisitorRecord struct {
	Visitor     string
	AppliedVSeq uint64
	Erased      bool
	Consents    map[string]ConsentStatus
	Fields      map[string]string
	// Restricted: the contact is kept and must not be used (GDPR art. 18).
	Restricted bool
}
