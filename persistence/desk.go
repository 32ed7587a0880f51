package persistence

import (
	"context"
	"time"
)

// A Signal is said to the holders of a conversation and is no event: that somebody
// is typing, which is never stored, or that somebody has read, which is kept
// beside the log and does not raise the version.
type Signal struct {
	// From is the side that says it: SignalVisitor or SignalOperator.
	From string
	// Operator is the operator's id.
	Operator string
	// Typing: somebody began (On) to type, or stopped.
	Typing bool
	On     bool
	// Seen is the newest event that was read, 0 where nothing is said of it. Marks
	// only grow and never exceed the top of the log.
	Seen uint64
	// Row gives the conversation's row in the inbox a new number where the mark
	// grew, so that those who watch the inbox learn of it.
	Row bool
}

// Sides of a Signal.
const (
	SignalVisitor  = "visitor"
	SignalOperator = "operator"
)

// A StaffEntry is an entry of a conversation's staff log, which has numbers of its
// own: a visitor never sees a hole.
type StaffEntry struct {
	Seq  uint64
	ID   string
	At   time.Time
	Body []byte // sealed
}

// A Presence is one socket of an operator on a site. It ends by itself when its
// lease is not renewed.
type Presence struct {
	Operator string
	// Socket is unique among all sockets of all nodes.
	Socket string
	// Away: the operator takes no new conversations.
	Away bool
	// Left: the socket is closed, and the operator may be coming back.
	Left bool
	// Watching are the conversations that are open in it.
	Watching []string
}

// An Assignment says which operator has a conversation.
type Assignment struct {
	Conversation string
	Operator     string
}

// Desk is where a site's operators work: who is there, who has which
// conversation, and the staff logs. Names (site, operator, socket, conversation)
// have no control characters and no blanks. Methods may be called concurrently.
// Errors are those of Conversations.
type Desk interface {
	// Present enters a socket for the time of lease, by the store's own clock, or
	// renews it. The nodes that watch the site's inbox are told, as News with
	// Desk, where it changed anything but the time.
	Present(ctx context.Context, site string, p Presence, lease time.Duration) error
	// Absent ends a socket's presence at once. Ending it again is no error.
	Absent(ctx context.Context, site, operator, socket string) error
	// Presences returns the sockets whose lease has not ended, in no order.
	Presences(ctx context.Context, site string) ([]Presence, error)
	// Assignments returns the conversations that operators have, in no order.
	Assignments(ctx context.Context, site string) ([]Assignment, error)
	// StaffLog returns the newest limit entries after a number, oldest first, and
	// the number of the newest there is. limit must be above 0.
	StaffLog(ctx context.Context, key Key, after uint64, limit int) ([]StaffEntry, uint64, error)
}
