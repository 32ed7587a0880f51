package protocol

// Types of frames that an operator's client sends beside those of a visitor's
// with the same name (open, say, ask_card, skip, beat, history, typing).
const (
	TypeInbox    = "inbox" // both directions
	TypeWatch    = "watch"
	TypeUnwatch  = "unwatch"
	TypeTake     = "take"
	TypeRelease  = "release"
	TypeTransfer = "transfer"
	TypeClose    = "close"
	TypeNote     = "note"
	TypeAway     = "away"
)

// TypeSeen is a read mark: both directions, of visitors and operators.
const TypeSeen = "seen"

// Types of frames that the server sends to operators alone.
const (
	TypeWelcome  = "welcome"
	TypeWatching = "watching"
	TypeLog      = "log"
	TypeOlder    = "older"
	TypeNotes    = "notes"
	TypePresence = "presence"
	TypeGone     = "gone"
)

// Limits of operators' sockets.
const (
	// MaxWatched is how many conversations one socket may watch.
	MaxWatched = 32
	// MaxNotes is how many entries of the staff log a client is given.
	MaxNotes = 200
	// InboxRows is the largest number of rows in one inbox frame, BotRows that of
	// bot-led conversations in a reset: the newest.
	InboxRows = 200
	BotRows   = 2000
	// LeaseMS is how long an operator counts as present after the last beat.
	LeaseMS = 60_000
	// CoalesceMS is the shortest time between two inbox or presence frames of one
	// site over one socket.
	CoalesceMS = 250
)

// Roles of an operator on a site.
const (
	RoleOperator       = "operator"
	RoleAdministrator  = "administrator"
	RolePrivacyOfficer = "privacy_officer"
)

// An OperatorFrame is any frame of an operator's client, decoded. It has the
// members of a ClientFrame; DecodeOperator has checked them.
type OperatorFrame ClientFrame

// Welcome answers an operator's open.
type Welcome struct {
	T        string      `json:"t"`
	Operator Colleague   `json:"operator"`
	Sites    []StaffSite `json:"sites"`
	// Now and SessionExpiresAt are Unix milliseconds.
	Now              int64  `json:"now"`
	SessionExpiresAt int64  `json:"session_expires_at"`
	LeaseMS          int64  `json:"lease_ms"`
	Limits           Limits `json:"limits"`
}

// StaffSite is a site on which the operator works.
type StaffSite struct {
	Site    string   `json:"site"`
	Name    string   `json:"name"`
	Roles   []string `json:"roles"`
	Locales []string `json:"locales"`
	// Purposes the site asks for, the base purpose first.
	Purposes []string `json:"purposes"`
}

// Inbox carries rows that changed, in the order of their changes. Epoch and Seq
// are the position after the last of them.
type Inbox struct {
	T     string `json:"t"`
	Site  string `json:"site"`
	Epoch string `json:"epoch"`
	Seq   uint64 `json:"seq"`
	Rows  []Row  `json:"rows"`
	// Reset: forget the rows of this site first. More: another chunk follows at
	// once.
	Reset bool `json:"reset,omitzero"`
	More  bool `json:"more,omitzero"`
}

// Row is a conversation in the inbox. One that has Gone has left it; its other
// members mean nothing.
type Row struct {
	Conversation string `json:"conversation"`
	Owner        string `json:"owner"` // bot, queue, operator or closed
	// Operator is the id of the one who has it.
	Operator string `json:"operator,omitzero"`
	// Queue is the queue it waits in.
	Queue string `json:"queue,omitzero"`
	// Since is when the owner became this one, At when the row changed, both Unix
	// milliseconds.
	Since int64 `json:"since"`
	At    int64 `json:"at"`
	// Unread counts the visitor's lines that no operator has read since the bot
	// let go.
	Unread  int    `json:"unread"`
	Preview string `json:"preview,omitzero"`
	Locale  string `json:"locale,omitzero"`
	Page    string `json:"page,omitzero"`
	// Consents is the status of each purpose that was asked for.
	Consents map[string]string `json:"consents"`
	Gone     bool              `json:"gone,omitzero"`
}

// Watching answers watch.
type Watching struct {
	T            string `json:"t"`
	Site         string `json:"site"`
	Conversation string `json:"conversation"`
	Visitor      string `json:"visitor"`
	// Resume is "resumed" or "reset". On a reset the log begins anew with First.
	Resume string `json:"resume"`
	Epoch  string `json:"epoch"`
	Seq    uint64 `json:"seq"`
	First  uint64 `json:"first"`
	// LastN is the newest number applied for this client instance in this
	// conversation.
	LastN uint64     `json:"last_n"`
	State StaffState `json:"state"`
}

// StaffState is what an operator needs beside the log.
type StaffState struct {
	Owner    string `json:"owner"`
	Operator string `json:"operator,omitzero"`
	// Name is the operator's display name, as the visitor was told it.
	Name     string             `json:"name,omitzero"`
	Queue    string             `json:"queue,omitzero"`
	Since    int64              `json:"since"`
	Unread   int                `json:"unread"`
	Locale   string             `json:"locale"`
	Page     string             `json:"page,omitzero"`
	Consents map[string]Consent `json:"consents"`
	Expect   Expect             `json:"expect"`
	Held     []string           `json:"held"`
	// CardSent: an operator has sent the consent card in this conversation.
	CardSent bool `json:"card_sent,omitzero"`
	// SeenVisitor and SeenOperator are the newest seq that each side has read.
	SeenVisitor  uint64 `json:"seen_visitor,omitzero"`
	SeenOperator uint64 `json:"seen_operator,omitzero"`
}

// Log carries log entries of a watched conversation; compare Events.
type Log struct {
	T            string      `json:"t"`
	Site         string      `json:"site"`
	Conversation string      `json:"conversation"`
	Epoch        string      `json:"epoch"`
	Events       []Event     `json:"events"`
	More         bool        `json:"more,omitzero"`
	State        *StaffState `json:"state,omitzero"`
	Removed      bool        `json:"removed,omitzero"`
}

// Older answers an operator's history; compare Past.
type Older struct {
	T            string  `json:"t"`
	Site         string  `json:"site"`
	Conversation string  `json:"conversation"`
	BeforeSeq    uint64  `json:"before_seq"`
	Events       []Event `json:"events"`
	More         bool    `json:"more"`
}

// Notes carries entries of a conversation's staff log, which has numbers of its
// own. The visitor never sees them.
type Notes struct {
	T            string `json:"t"`
	Site         string `json:"site"`
	Conversation string `json:"conversation"`
	// Seq is the newest number.
	Seq   uint64 `json:"seq"`
	Notes []Note `json:"notes"`
	// Reset: forget the notes of this conversation first.
	Reset bool `json:"reset,omitzero"`
}

// Kinds of notes: what somebody wrote, and what was done.
const (
	NoteText        = "note"
	NoteTaken       = "taken"
	NoteReleased    = "released"
	NoteTransferred = "transferred"
	NoteClosed      = "closed"
	NoteReturned    = "returned" // the operator was gone for too long
	NoteCard        = "card"
)

// Note is an entry of the staff log.
type Note struct {
	Seq uint64 `json:"seq"`
	ID  string `json:"id"`
	At  int64  `json:"at"`
	// Kind is one of the Note constants.
	Kind string `json:"kind"`
	// Operator is who did it, Name the display name then; empty: the gateway.
	Operator string `json:"operator,omitzero"`
	Name     string `json:"name,omitzero"`
	// To is who has the conversation now: bot, queue, closed or an operator's id.
	To   string `json:"to,omitzero"`
	Text []Part `json:"text,omitzero"`
}

// Presence says who works on a site now.
type Presence struct {
	T         string      `json:"t"`
	Site      string      `json:"site"`
	Operators []Colleague `json:"operators"`
}

// Colleague is an operator as others see them.
type Colleague struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Away bool   `json:"away,omitzero"`
	// Conversations is how many they have, Watching what they look at.
	Conversations int      `json:"conversations,omitzero"`
	Watching      []string `json:"watching,omitzero"`
}

// Gone ends a watch: the visitor was erased, or the operator may not see the
// conversation any more.
type Gone struct {
	T            string `json:"t"`
	Site         string `json:"site"`
	Conversation string `json:"conversation"`
	Reason       Code   `json:"reason"` // erased or forbidden
}

// Seen is a read mark: everything up to Seq was read by the other side. Marks only
// grow. Site and Conversation are on operators' sockets.
type Seen struct {
	T            string `json:"t"`
	From         string `json:"from"` // visitor or operator
	Seq          uint64 `json:"seq"`
	Site         string `json:"site,omitzero"`
	Conversation string `json:"conversation,omitzero"`
}

// InboxTop is the top of a site's inbox in a beat.
type InboxTop struct {
	Site  string `json:"site"`
	Epoch string `json:"epoch"`
	Seq   uint64 `json:"seq"`
}

// LogTop is the top of a watched conversation's log in a beat.
type LogTop struct {
	Site         string `json:"site"`
	Conversation string `json:"conversation"`
	Epoch        string `json:"epoch"`
	Seq          uint64 `json:"seq"`
}
