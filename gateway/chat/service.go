package chat

import (
	"crypto/rand"
	"strings"
	"sync/atomic"
	"time"

	"zgoda/persistence"
)

// ErrUnavailable is what errors of a store that cannot be asked match.
var ErrUnavailable = persistence.ErrUnavailable

// What sealed data is, for persistence.Scope.Item.
const (
	itemState   = "state"
	itemProfile = "profile"
	itemEvent   = "event/"
	itemRow     = "inbox"
	itemNote    = "staff/"
)

// Options of a Service. Store and Sealer are required.
type Options struct {
	Store  persistence.Conversations
	Sealer persistence.Sealer
	// Nodes is how other gateways on the same store hear of commits, and Node the
	// name of this one; both are required.
	Nodes persistence.Nodes
	Node  string
	// Ledger is asked where the conversation store may have lost a profile.
	// Nil asks nobody: the store loses nothing, or there is no ledger.
	Ledger persistence.Rebuilder
	// Privacy is asked for what is held about a visitor; nil where there is no
	// contact store.
	Privacy persistence.Privacy
	// Desk keeps the staff logs; required where operators work.
	Desk persistence.Desk
	// Rate bounds the inputs of one visitor. Default 20 in 10 s.
	Rate persistence.Rate
	// Wake is called after a commit that wrote to the outbox.
	Wake func()
	// Operators is how many people are online for a site. Default: nobody is.
	Operators func(siteKey string) int
	// Run makes the call of an effect in the background; it must not block.
	// Required where a site's flow has webhooks.
	Run func(*Effect)
	// Observer is told what becomes of inputs; nil is nobody.
	Observer Observer
	// Now and NewID are replaced by tests; NewID returns a random name of at
	// least 80 bits, of [a-z0-9].
	Now   func() time.Time
	NewID func() string
}

// A Service applies inputs to conversations. All methods may be called
// concurrently, each View by one caller at a time.
type Service struct {
	store  persistence.Conversations
	sealer persistence.Sealer
	nodes  persistence.Nodes
	desk   persistence.Desk
	node   string
	ledger persistence.Rebuilder
	// ledgerAway is until when the ledger is not asked, in nanoseconds since 1970.
	ledgerAway atomic.Int64
	holds      atomic.Uint64 // counts attachments of this process
	// privacy is nil where there is no contact store.
	privacy persistence.Privacy
	rate    persistence.Rate
	wake    func()
	run     func(*Effect)
	now     func() time.Time
	newID   func() string

	operators func(siteKey string) int
	observer  Observer
}

// NewService returns a Service.
func NewService(o Options) *Service {
	s := &Service{
		store: o.Store, sealer: o.Sealer, nodes: o.Nodes, node: o.Node, desk: o.Desk, ledger: o.Ledger, privacy: o.Privacy, rate: o.Rate,
		wake: o.Wake, now: o.Now, newID: o.NewID, run: o.Run, operators: o.Operators, observer: o.Observer,
	}
	if s.rate.Max == 0 {
		s.rate = persistence.Rate{Max: 20, Window: 10 * time.Second}
	}
	if s.observer == nil {
		s.observer = unobserved{}
	}
	if s.wake == nil {
		s.wake = func() {}
	}
	if s.run == nil {
		s.run = func(*Effect) {}
	}
	if s.operators == nil {
		s.operators = func(string) int { return 0 }
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.newID == nil {
		s.newID = func() string { return strings.ToLower(rand.Text()[:20]) }
	}
	return s
}

// A visitor has one conversation on a site, and each name gives the other.
const (
	visitorPrefix      = "v_"
	conversationPrefix = "c_"
)

// ConversationOf returns the conversation of a visitor.
func ConversationOf(visitor string) string {
	return conversationPrefix + strings.TrimPrefix(visitor, visitorPrefix)
}

// VisitorOf returns the visitor of a conversation.
func VisitorOf(conversation string) string {
	return visitorPrefix + strings.TrimPrefix(conversation, conversationPrefix)
}

// Names of the store's records for callers that know no store.
type (
	// Key names a conversation.
	Key = persistence.Key
	// Access says who asks for personal data and why.
	Access = persistence.Access
	// Position is the top of a log.
	Position = persistence.Position
	// News is what another node has committed.
	News = persistence.News
	// Signal is said to those who are attached and is no event.
	Signal = persistence.Signal
	// InboxRow is a sealed row of a site's inbox.
	InboxRow = persistence.InboxRow
)

// Sides of a Signal.
const (
	SignalVisitor  = persistence.SignalVisitor
	SignalOperator = persistence.SignalOperator
)
