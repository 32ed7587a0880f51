package persistence

import (
	"context"
	"errors"
	"time"
)

// Errors that callers branch on. Everything else a store returns is wrapped
// with what it was doing and means "a defect or a broken disk".
var (
	// ErrUnavailable means that the store could not be asked and that nothing
	// was changed. The same call may be made again.
	ErrUnavailable = errors.New("store unavailable")
	// ErrUnknown means that the store did not answer in time: the change may or
	// may not have been made. Every commit is safe to repeat.
	ErrUnknown = errors.New("outcome unknown")
	// ErrFull means that the disk or the memory of the store is used up. Nothing
	// was changed. It is a kind of ErrUnavailable.
	ErrFull = full{}
	// ErrNotFound means that what was asked for does not exist.
	ErrNotFound = errors.New("not found")
	// ErrInUse means that another process holds the store.
	ErrInUse = errors.New("store in use by another process")
	// ErrSchema means that the store was written by a version that this one
	// does not know.
	ErrSchema = errors.New("unknown schema version")
	// ErrExists means that something of that name is there already.
	ErrExists = errors.New("exists already")
	// ErrMisconfigured means that the store as a whole is not set up as this
	// program needs it, and that waiting does not cure it. The error says what to
	// do.
	ErrMisconfigured = errors.New("store is not set up as it must be")
	// ErrNeedsPostgres means that the file store cannot do what was asked.
	ErrNeedsPostgres = errors.New("this needs PostgreSQL: set postgres (and redis) in the configuration")
	// ErrWrongKey means that sealed data names a key this process does not have.
	ErrWrongKey = errors.New("sealed with a key that is not loaded")
	// ErrTampered means that sealed data does not open where it was found: it
	// was changed, or moved from another place.
	ErrTampered = errors.New("sealed data does not belong here")
)

type full struct{}

func (full) Error() string        { return "store is full" }
func (full) Is(target error) bool { return target == ErrUnavailable }

// Limits every store keeps, so that no client can make a record grow.
const (
	// MaxClients is the number of client instances a visitor may have at a
	// time. Instances unused for ClientLifetime are forgotten first.
	MaxClients = 64
	// ClientLifetime is how long a client instance is remembered after its last
	// accepted input.
	ClientLifetime = 7 * 24 * time.Hour
	// AnswerWindow is how many answers are kept for each client instance: a
	// client may have at most this many inputs without an answer.
	AnswerWindow = 16
)

// ServerClient begins the client names of inputs that the server makes itself
// (timers, commands). They are deduplicated like any other and do not count
// towards MaxClients.
const ServerClient = "$"

// A Key names a conversation. Site is the tenant: nothing is ever found under
// another site's key.
type Key struct {
	Site         string
	Conversation string
}

// A Snapshot is a conversation at one version, without its log.
type Snapshot struct {
	Key
	Visitor string
	// Version is 0 where nothing is stored. It rises with every commit that
	// changes anything but the record of the client's input.
	Version uint64
	// Epoch is a random name given when the log was begun. Numbers of another
	// epoch mean nothing in this one.
	Epoch string
	// Seq is the number of the newest event, 0 before the first.
	Seq uint64
	// First is the number of the oldest event still kept, 0 where there is none.
	First uint64
	// State is the sealed state of the conversation.
	State []byte
	// Profile is the sealed profile of the visitor: consents and what is held.
	Profile        []byte
	ProfileVersion uint64
	// VSeq is the number of the visitor's newest outbox record.
	VSeq uint64
	// Contact is the visitor's one sealed record of contact values, nil where
	// none is held.
	Contact []byte
	// StaffSeq is the number of the newest entry of the staff log.
	StaffSeq uint64
	// SeenVisitor and SeenOperator are the newest events that each side has read.
	SeenVisitor, SeenOperator uint64
	// Erased is set where the visitor was erased: only this marker is left.
	Erased bool
	// Doubt is set where the store may have lost what it had acknowledged (it was
	// restarted or failed over since the profile was written): the consents must
	// be compared with the ledger before anything is asked.
	Doubt bool
	// Life names the store's time since its last restart or failover; empty where
	// the store loses nothing.
	Life string
}

// An Event is one entry of a conversation's log.
type Event struct {
	Seq uint64
	// ID is the event's random name. A client that resumes shows it, so that a
	// log that was rolled back and grew again is not taken for the same one.
	ID   string
	At   time.Time
	Body []byte // sealed
}

// An Input names the client input that a commit answers.
type Input struct {
	// Client is the instance that sent it and N its number there, from 1.
	Client string
	N      uint64
	// Digest tells this input from another one sent under the same number.
	Digest []byte
	// Answer is kept and given back when the input is sent again.
	Answer []byte
}

// An OutboxRecord must reach the contact store. Records of one visitor are
// numbered from 1 without holes and applied in that order.
type OutboxRecord struct {
	Site    string
	Visitor string
	VSeq    uint64
	At      time.Time
	Payload []byte // sealed Record
}

// A Rate bounds the inputs of one visitor.
type Rate struct {
	Max    int
	Window time.Duration
}

// A Commit is everything that one input changes.
type Commit struct {
	Key
	Visitor string
	// Now is the time of the decision. It is recorded, never used for order.
	Now time.Time
	// Input is the input that is answered; required.
	Input Input
	// Version and ProfileVersion are what the decision was based on.
	Version        uint64
	ProfileVersion uint64
	// Log is the epoch of the log the decision was based on. Another one is as
	// stale as another version: a store that came back empty counts up from the
	// same beginning. Empty compares nothing.
	Log string
	// Epoch is used when this commit begins the log (Version is 0).
	Epoch string
	// Life is the Life of the Snapshot whose Doubt the decision has settled. A
	// commit that writes the profile or the outbox on a profile in doubt is Stale
	// without it, whatever its versions: equal ones may be of what was lost.
	Life string
	// Doubt leaves the profile in doubt: the decision could not settle it. Profile,
	// Contact and Outbox must be empty.
	Doubt bool
	// Events are appended. Their Seq must continue the log; a wrong one is a
	// defect of the caller and an error.
	Events []Event
	// State and Profile replace what is stored; nil keeps it.
	State   []byte
	Profile []byte
	// Contact replaces the visitor's record of contact values; nil keeps it.
	Contact []byte
	// DropContact deletes the visitor's record of contact values.
	DropContact bool
	// Erase deletes the log, the state, the profile, the contact values, the staff
	// log and the assignment and leaves the marker. Events, State, Profile, Contact,
	// Staff and Assigned must be empty.
	Erase bool
	// Outbox is appended in the same transaction. VSeq must continue the
	// visitor's numbers.
	Outbox []OutboxRecord
	// Timers are set, moved or cancelled.
	Timers []TimerChange
	// Inbox replaces the conversation's row in the site's inbox; nil keeps it.
	Inbox *InboxRow
	// Staff is appended to the staff log. Seq must continue it.
	Staff []StaffEntry
	// Assigned names the operator who has the conversation from now on, empty:
	// nobody. Nil keeps it.
	Assigned *string
	// Node is the committing node. The other holders of the conversation are told
	// the news; Node delivers it itself.
	Node string
	// Safe asks for the confirmation of replicas before the commit is answered,
	// where the store has any (a decision, a contact, a withdrawal, a change of
	// owner). A commit that was not confirmed is ErrUnknown.
	Safe bool
	// Trace is the trace that the commit belongs to, as W3C traceparent; empty: none.
	// The news carry it.
	Trace string
	// Rate is checked for a new input, after duplicates were answered.
	Rate *Rate
	// Since is the newest event the caller has; on Stale the later ones are
	// returned.
	Since uint64
}

// An Outcome says what became of a commit.
type Outcome int

// The outcomes of a commit, in the order in which they are looked for.
const (
	// Committed: everything was written.
	Committed Outcome = iota + 1
	// Erased: the visitor was erased before; nothing is written any more.
	Erased
	// Duplicate: the input was applied before. Result.Answer is its answer.
	Duplicate
	// NumberConflict: another input was applied under this number.
	NumberConflict
	// NumberTooOld: the number is below the answers that are kept.
	NumberTooOld
	// NumberGap: an earlier input is missing. Result.Expected is its number.
	NumberGap
	// TooManyClients: the visitor has MaxClients instances already.
	TooManyClients
	// RateLimited: too many inputs. Result.RetryAfter says when to try again.
	RateLimited
	// Stale: the decision was based on an older version. Result.Snapshot and
	// Result.Missed carry what is needed to decide again without reading.
	Stale
)

var outcomeNames = map[Outcome]string{
	Committed: "committed", Erased: "erased", Duplicate: "duplicate",
	NumberConflict: "number_conflict", NumberTooOld: "number_too_old", NumberGap: "number_gap",
	TooManyClients: "too_many_clients", RateLimited: "rate_limited", Stale: "stale",
}

// String returns the outcome's name as logs and metrics show it.
func (o Outcome) String() string {
	if n, ok := outcomeNames[o]; ok {
		return n
	}
	return "unknown"
}

// A Result is the store's answer to a commit.
type Result struct {
	Outcome    Outcome
	Answer     []byte        // Duplicate
	Expected   uint64        // NumberGap
	RetryAfter time.Duration // RateLimited
	// Committed: the new version numbers are in Snapshot.Version,
	// Snapshot.ProfileVersion and Snapshot.Epoch; other fields are not set.
	// Stale: the whole snapshot.
	Snapshot Snapshot
	Missed   []Event // Stale: events after Commit.Since, at most 1000, oldest first
}

// A Range selects events of a log. The zero Range selects nothing.
type Range struct {
	// From is the first number wanted. 0 means the oldest kept.
	From uint64
	// Before is the first number not wanted any more. 0 means no bound.
	Before uint64
	// Limit is the largest number of events returned; 0 returns none.
	Limit int
	// Newest keeps the newest Limit events of the range, not the oldest.
	Newest bool
}

// A Position is the top of a log. Where no log is (nothing stored, or erased) it
// is the zero Position.
type Position struct {
	Epoch string
	Seq   uint64
	// Version is the conversation's: it tells of changes that have no event, such
	// as another owner. It is 0 in positions of an inbox.
	Version uint64
}

// Conversations is the conversation store. All methods may be called
// concurrently. Errors are ErrUnavailable (nothing happened), ErrUnknown (only
// from Commit), or a wrapped defect.
type Conversations interface {
	// Load returns the conversation and the events of r, oldest first. A
	// conversation that does not exist is a Snapshot of Version 0, no error.
	// Snapshot and events are of one moment.
	Load(ctx context.Context, key Key, r Range) (Snapshot, []Event, error)
	// Commit applies c whole or not at all. The order of the checks is the order
	// of the Outcome constants. It keeps nothing of c after it returns.
	Commit(ctx context.Context, c *Commit) (Result, error)
	// LastInput returns the number of the newest input applied for a client
	// instance, 0 where the instance is not known.
	LastInput(ctx context.Context, key Key, client string) (uint64, error)
	// Positions returns the top of each log, in the order of keys; the zero
	// Position where a conversation does not exist.
	Positions(ctx context.Context, keys []Key) ([]Position, error)
}

// Outbox is the flusher's side of the conversation store. All methods may be
// called concurrently.
type Outbox interface {
	// Pending returns up to limit records that are not acknowledged, each
	// visitor's in the order of VSeq.
	Pending(ctx context.Context, limit int) ([]OutboxRecord, error)
	// Acknowledge removes records that the contact store has taken. Removing one
	// again is no error.
	Acknowledge(ctx context.Context, records []OutboxRecord) error
	// ContactValues returns the visitor's sealed record of contact values, or
	// ErrNotFound where none is held any more.
	ContactValues(ctx context.Context, site, visitor string) ([]byte, error)
}

// A Backlog is what waits in an outbox, for all sites.
type Backlog struct {
	Records int
	// Oldest is when the oldest of them was committed; zero where none waits.
	Oldest time.Time
}

// An OutboxMeter is an Outbox that can say how much waits without reading it.
type OutboxMeter interface {
	Backlog(ctx context.Context) (Backlog, error)
}

// A Scope says where sealed data belongs. Data sealed for one scope does not
// open in another.
type Scope struct {
	Site string
	// Subject is the conversation or the visitor; keys are derived for it.
	Subject string
	// Item is what it is: "state", "profile", "contact", "event/<id>",
	// "outbox/<vseq>".
	Item string
}

// ItemContact is the Item of a visitor's record of contact values. Its writer and
// the flusher, which reads it, are different packages.
const ItemContact = "contact"

// ItemOutbox begins the Item of an outbox record's payload; the record's VSeq in
// decimal follows. Its Subject is the visitor.
const ItemOutbox = "outbox/"

// A Sealer encrypts what leaves the process. All methods may be called
// concurrently.
type Sealer interface {
	// Seal encrypts plain for scope with the current write key.
	Seal(scope Scope, plain []byte) ([]byte, error)
	// Open decrypts. It returns ErrWrongKey where the key is not loaded and
	// ErrTampered where the data was changed or belongs elsewhere.
	Open(scope Scope, sealed []byte) ([]byte, error)
}
