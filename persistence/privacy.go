package persistence

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// An Access says who asks for personal data and why. Every read through Privacy
// leaves an audit entry with it, without the data.
type Access struct {
	// Actor is operator:<id>, command:<user>, visitor or system.
	Actor string
	// Reason is free text for the audit, at most MaxReason bytes; it must not hold
	// personal data.
	Reason string
}

// MaxReason is how many bytes the reason of an access may have.
const MaxReason = 500

// Validate reports why nothing may be read in the name of a.
func (a Access) Validate() error {
	switch {
	case a.Actor == "":
		return errors.New("who asks for personal data must be said: Access.Actor is empty")
	case len(a.Actor) > MaxReason, len(a.Reason) > MaxReason:
		return fmt.Errorf("actor and reason of an access may have %d bytes", MaxReason)
	}
	return nil
}

// What audit entries of the stores say was done.
const (
	ActionListed     = "contacts.listed"    // a page of an overview that showed contacts
	ActionMarketing  = "contacts.marketing" // a marketing list
	ActionRead       = "contact.read"
	ActionSought     = "contact.sought"     // by address
	ActionObjected   = "marketing.objected" // to marketing, by address
	ActionProved     = "proof.read"
	ActionRestricted = "contact.restricted"
	ActionFreed      = "contact.freed" // from a restriction
	ActionPurged     = "ledgers.purged"
	ActionBuried     = "visitors.buried"
	ActionLost       = "records.lost"
)

// Privacy is what people ask the contact store: site owners, privacy officers,
// commands, and a visitor about themselves. Nothing in it ends or changes a
// grant or a contact: that is an input, goes through Commit and arrives by
// Contacts.Apply; Bury alone repeats erasures that a restored store has lost.
// What shows personal data is answered after its audit entry is kept. All methods
// may be called concurrently. Errors are ErrUnavailable, ErrNotFound where
// stated, ErrNeedsPostgres where a store cannot do it, or a wrapped defect.
type Privacy interface {
	// Overview returns who agreed and who did not. A page that shows contacts
	// leaves one audit entry with their number.
	Overview(ctx context.Context, site string, access Access, q OverviewQuery) (Overview, error)
	// Marketing returns the contacts that may be written to over the channel of
	// purpose, and nobody else. purpose must be one of the marketing purposes.
	Marketing(ctx context.Context, site string, access Access, purpose string) (MarketingList, error)
	// Person returns all that is held about one visitor, ErrNotFound where the
	// store knows nothing of them.
	Person(ctx context.Context, site, visitor string, access Access) (Person, error)
	// Find returns visitors whose contact has exactly this address or number,
	// whatever its spelling that does not matter to the channel. At most MaxFound.
	Find(ctx context.Context, site string, access Access, address string) ([]string, error)
	// Object keeps an address or number off every marketing list of the site from now
	// on, whoever gave it and whatever they agree to later (GDPR art. 21(2)-(3)): an
	// e-mail address off the e-mail list, a number off calls and text messages. Only a
	// hash of it is kept, which outlives erasure. It returns the visitors whose contact
	// has it, as Find does: their marketing consents are ended by inputs. Again is no error.
	Object(ctx context.Context, site string, access Access, address string) ([]string, error)
	// Proof returns the ledger of one visitor with the texts that were shown. It
	// holds no contact data and works after an erasure; ErrNotFound where there
	// is no ledger.
	Proof(ctx context.Context, site, visitor string, access Access) (Proof, error)
	// Audit returns what was done with personal data, newest first.
	Audit(ctx context.Context, site string, q AuditQuery) (AuditPage, error)
	// Note adds an audit entry for what happened outside of the store.
	Note(ctx context.Context, site string, entry AuditEntry) error
	// Due returns what the clocks say must end or go by now. It changes nothing.
	Due(ctx context.Context, site string, clocks Clocks, now time.Time, limit int) (RetentionPlan, error)
	// Purge deletes whole ledgers whose time to prove is over and returns how many.
	// Grants and contacts are never ended here: their due ones are inputs.
	Purge(ctx context.Context, site string, clocks Clocks, now time.Time, limit int) (int, error)
	// Tombstones returns the visitors whose erasure reached the store since a time,
	// oldest first, for safe-keeping outside of the database.
	Tombstones(ctx context.Context, site string, since time.Time) ([]Tombstone, error)
	// Bury applies tombstones to a store that was restored from before, before
	// anything is served from it, and returns how many it did not know. All or none;
	// applying them again changes nothing. One that makes no sense or contradicts
	// the ledger is an error that names it.
	Bury(ctx context.Context, site string, stones []Tombstone) (int, error)
}

// ObjectedTo are the marketing purposes that an objection of an address is to.
func ObjectedTo(address string) []string {
	if strings.Contains(address, "@") {
		return []string{PurposeMarketingEmail}
	}
	return []string{PurposeMarketingPhone, PurposeMarketingSMS}
}

// MaxFound is how many visitors Find returns.
const MaxFound = 1000

// A Person is all that is held about one visitor.
type Person struct {
	Visitor   string    `json:"visitor"`
	FirstSeen time.Time `json:"first_seen"`
	ErasedAt  time.Time `json:"erased_at,omitzero"`
	// Fields are the contact values, nil where there is no contact.
	Fields      map[string]string `json:"fields,omitzero"`
	CollectedAt time.Time         `json:"collected_at,omitzero"`
	// Grant or Policy is what the contact rests on.
	Grant  string `json:"grant,omitzero"`
	Policy string `json:"policy,omitzero"`
	// RestrictedAt is set while processing is restricted (GDPR art. 18).
	RestrictedAt time.Time                `json:"restricted_at,omitzero"`
	Consents     map[string]ConsentStatus `json:"consents"`
	Proof        Proof                    `json:"proof"`
}

// An AuditEntry says that somebody did something with personal data.
type AuditEntry struct {
	ID      string    `json:"id"`
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Action  string    `json:"action"`
	Visitor string    `json:"visitor,omitzero"`
	Reason  string    `json:"reason,omitzero"`
	// Count is how many people a list held.
	Count int `json:"count,omitzero"`
}

// An AuditQuery selects audit entries. Before is the Next of the page before.
type AuditQuery struct {
	Visitor string
	Actor   string
	Before  string
	Limit   int
}

// An AuditPage is a page of the audit, newest first.
type AuditPage struct {
	Entries []AuditEntry `json:"entries"`
	Next    string       `json:"next,omitzero"`
}

// Clocks say how long what is kept. Zero keeps.
type Clocks struct {
	// Contact is counted from the last time the person gave a value. A contact goes
	// earlier where the notice under which it was given promised that, whatever the
	// clock says today.
	Contact time.Duration
	// Proof is counted from the last entry of the ledger, as the store's clock
	// recorded it; a ledger with a grant in force or a contact stays.
	Proof time.Duration
}

// A RetentionPlan is what the clocks ask for at one moment.
type RetentionPlan struct {
	AsOf time.Time `json:"as_of"`
	// Contacts and Grants are visitors whose contact is too old or whose grant has
	// run out, the oldest first; they end by an input.
	Contacts []DueContact   `json:"contacts"`
	Grants   []ExpiredGrant `json:"grants"`
	// Proofs are visitors whose whole ledger may go.
	Proofs []string `json:"proofs"`
	// More is set where there was more than the limit.
	More bool `json:"more,omitzero"`
}

// A DueContact is a contact that was kept for as long as the clock of today or the
// promise of its notice allows, whichever ends first.
type DueContact struct {
	Visitor string `json:"visitor"`
	// CollectedAt is when a value was given last.
	CollectedAt time.Time `json:"collected_at"`
	DueAt       time.Time `json:"due_at"`
}

// An ExpiredGrant is a grant whose ValidUntil has passed.
type ExpiredGrant struct {
	Visitor    string    `json:"visitor"`
	Purpose    string    `json:"purpose"`
	Grant      string    `json:"grant"`
	ValidUntil time.Time `json:"valid_until"`
}

// A Tombstone is the proof that a visitor was erased.
type Tombstone struct {
	Site    string `json:"site"`
	Visitor string `json:"visitor"`
	// Entry is the id of the ledger's entry and VSeq the number of the record.
	Entry    string    `json:"entry"`
	VSeq     uint64    `json:"vseq"`
	Actor    string    `json:"actor"`
	Method   string    `json:"method"`
	ErasedAt time.Time `json:"erased_at"`
}

// Validate reports why the tombstone cannot be one of the site.
func (t *Tombstone) Validate(site string) error {
	switch {
	case t.Site != site:
		return fmt.Errorf("it is of site %q", t.Site)
	case t.Visitor == "", t.Entry == "", t.Actor == "", t.Method == "":
		return errors.New("visitor, entry, actor and method must be set")
	case t.VSeq == 0 || t.VSeq > math.MaxInt64:
		return fmt.Errorf("vseq is %d", t.VSeq)
	case t.ErasedAt.IsZero():
		return errors.New("erased_at must be set")
	}
	for _, s := range []string{t.Visitor, t.Entry, t.Actor, t.Method} {
		if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
			return errors.New("a text is not UTF-8 or holds a zero byte")
		}
	}
	return nil
}
