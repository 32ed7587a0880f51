package persistence

import (
	"context"
	"time"
)

// An Access says who asks for personal data and why. Every read through Privacy
// leaves an audit entry with it, without the data.
type Access struct {
	// Actor is operator:<id>, command:<user>, visitor or system.
	Actor string
	// Reason is free text for the audit; it must not hold personal data.
	Reason string
}

// Privacy is what people ask the contact store: site owners, privacy officers,
// commands, and a visitor about themselves. Nothing in it ends or changes a
// grant or a contact: that is an input, goes through Commit and arrives by
// Contacts.Apply. All methods may be called concurrently. Errors are
// ErrUnavailable, ErrNotFound where stated, ErrNeedsPostgres where a store cannot
// do it, or a wrapped defect.
type Privacy interface {
	// Overview returns who agreed and who did not.
	Overview(ctx context.Context, site string, access Access, q OverviewQuery) (Overview, error)
	// Marketing returns the contacts that may be written to over the channel of
	// purpose, and nobody else. purpose must be one of the marketing purposes.
	Marketing(ctx context.Context, site string, access Access, purpose string) (MarketingList, error)
	// Person returns all that is held about one visitor, ErrNotFound where the
	// store knows nothing of them.
	Person(ctx context.Context, site, visitor string, access Access) (Person, error)
	// Find returns visitors whose contact has exactly this address or number.
	Find(ctx context.Context, site string, access Access, address string) ([]string, error)
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
	// Purge deletes whole ledgers whose time to prove is over. Grants and contacts
	// are never ended here: their due ones are inputs.
	Purge(ctx context.Context, site string, clocks Clocks, now time.Time, limit int) (int, error)
	// Tombstones returns the visitors erased since a time, for safe-keeping outside
	// of the database; Bury applies them to a store that was restored from before.
	Tombstones(ctx context.Context, site string, since time.Time) ([]Tombstone, error)
	Bury(ctx context.Context, site string, stones []Tombstone) (int, error)
}

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

// A Proof is the ledger of one visitor as it stands, in the order of its chain.
type Proof struct {
	Site    string       `json:"site"`
	Visitor string       `json:"visitor"`
	AsOf    time.Time    `json:"as_of"`
	Entries []ProofEntry `json:"entries"`
	// Notices are the texts the entries point at, each once.
	Notices []Notice `json:"notices"`
	// Head is the hash of the newest entry of the chain, in hex; each entry's Hash
	// is over the one before and itself.
	Head string `json:"head"`
}

// A ProofEntry is one entry of the ledger with its place in the chain.
type ProofEntry struct {
	LedgerEntry
	Seq        uint64    `json:"seq"`
	VSeq       uint64    `json:"vseq"`
	RecordedAt time.Time `json:"recorded_at"`
	// Hash is in hex; empty where the store keeps no chain.
	Hash string `json:"hash,omitzero"`
	// ClockAhead and ClockBack flag a gateway's clock that disagreed with the
	// database's or with what it had said before.
	ClockAhead bool `json:"clock_ahead,omitzero"`
	ClockBack  bool `json:"clock_back,omitzero"`
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
	// Contact is counted from the last time the person gave a value.
	Contact time.Duration
	// Proof is counted from the end of the last grant, or the last decision.
	Proof time.Duration
}

// A RetentionPlan is what the clocks ask for at one moment.
type RetentionPlan struct {
	AsOf time.Time `json:"as_of"`
	// Contacts and Grants are visitors whose contact is too old or whose grant has
	// run out; they end by an input.
	Contacts []string       `json:"contacts"`
	Grants   []ExpiredGrant `json:"grants"`
	// Proofs are visitors whose whole ledger may go.
	Proofs []string `json:"proofs"`
	// More is set where there was more than the limit.
	More bool `json:"more,omitzero"`
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
	Site     string    `json:"site"`
	Visitor  string    `json:"visitor"`
	Entry    string    `json:"entry"`
	Actor    string    `json:"actor"`
	Method   string    `json:"method"`
	ErasedAt time.Time `json:"erased_at"`
}
