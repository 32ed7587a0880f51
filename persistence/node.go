package persistence

import (
	"context"
	"time"
)

// HolderLifetime is how long a node's entry in a conversation's list of holders
// lives without being renewed. A node that is gone is told nothing any more; one
// that was only paused finds its entry missing at the next beat.
const HolderLifetime = 120 * time.Second

// A Holder is a node's entry in the list of nodes that hold sockets of a
// conversation.
type Holder struct {
	// Node is "<name>:<boot>": a node that was restarted is another one.
	Node string
	// Count grows with every attachment a process makes, so that a late Detach
	// cannot undo a later Attach.
	Count uint64
}

// News is what another node committed, or that something may have been missed.
type News struct {
	// Subscribed is set, alone, when the node's channel was subscribed, for the
	// first time or again: whatever was said meanwhile is lost, and every held
	// conversation must be checked.
	Subscribed bool
	// Probe is set, alone, on the node's own probe.
	Probe string

	// Snapshot is the conversation after the commit. Base is the version the
	// commit was based on: who has another one must read. State, Profile and
	// Contact are nil where the commit did not change them; ContactDropped says
	// that the contact values were deleted.
	Snapshot       Snapshot
	Base           uint64
	ContactDropped bool
	Events         []Event
	Staff          []StaffEntry
	// Trace is the commit's, empty where it has none.
	Trace string

	// Signal is set, with the Key of Snapshot, where somebody at another node types
	// or has read.
	Signal *Signal

	// Desk is set, with the Site of Snapshot, where it changed who works on a site.
	Desk bool

	// Inbox is set, with InboxTop, where a row of a watched inbox changed. The
	// site is Snapshot.Site.
	Inbox    *InboxRow
	InboxTop Position
}

// Nodes is how several gateways share one conversation store. All methods may be
// called concurrently. Errors are those of Conversations.
type Nodes interface {
	// Attach enters h into the list of key's holders and reads, in one step:
	// what is committed after the read reaches the node as News.
	Attach(ctx context.Context, key Key, h Holder, r Range) (Snapshot, []Event, error)
	// Detach removes h unless a later Attach of the same node has replaced it.
	Detach(ctx context.Context, key Key, h Holder) error
	// Signal tells the other living holders of key, and keeps read marks. Where
	// nothing is stored under key it does nothing.
	Signal(ctx context.Context, key Key, node string, s Signal) error
	// Beat returns the top of each log and renews the node's entries, or enters
	// them again where they are gone.
	Beat(ctx context.Context, h Holder, keys []Key) ([]Position, error)
	// Listen calls hear for everything that is told to the node, in order, until
	// ctx is over. It outlives every outage of the store.
	Listen(ctx context.Context, node string, hear func(News)) error
	// Probe sends a probe to the node's own channel.
	Probe(ctx context.Context, node, probe string) error
}

// A TimerChange sets a conversation's timer, or cancels it.
type TimerChange struct {
	// Name is the timer's; a conversation has one of each name.
	Name string
	// Due is when it fires. The zero time cancels it.
	Due time.Time
}

// A Timer is due, or will be. It stays until the commit of the input that it
// causes cancels or moves it, so it is never lost; that input is deduplicated
// like any other, so it takes effect once, whichever node fires it.
type Timer struct {
	Key
	Name string
	Due  time.Time
}

// Timers finds what is due. Methods may be called concurrently.
type Timers interface {
	// DueTimers returns up to limit timers of any site that are due at now, the
	// oldest first.
	DueTimers(ctx context.Context, now time.Time, limit int) ([]Timer, error)
}

// An InboxRow is a conversation as a site's operators see it in their list.
type InboxRow struct {
	Conversation string
	// Seq numbers the changes of the site's inbox; the store gives it.
	Seq uint64
	// Body is sealed.
	Body []byte
	// Gone: the conversation has left the inbox.
	Gone bool
	// Seen is the newest event that an operator has read; the store fills it in.
	Seen uint64
}

// Inbox is the list of conversations of a site. It has numbers and an epoch of
// its own; consoles resume it as visitors resume a conversation. Methods may be
// called concurrently.
type Inbox interface {
	// InboxRows returns up to limit rows that changed after a number, in the order
	// of Seq, and the inbox's top.
	InboxRows(ctx context.Context, site string, after uint64, limit int) ([]InboxRow, Position, error)
	// Watch enters h into the site's list of watching nodes, which are told each
	// changed row as News. Watching again renews the entry.
	Watch(ctx context.Context, site string, h Holder) error
	// Unwatch removes h unless a later Watch of the same node has replaced it.
	Unwatch(ctx context.Context, site string, h Holder) error
}
