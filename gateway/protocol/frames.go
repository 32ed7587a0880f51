package protocol

import "github.com/go-json-experiment/json/jsontext"

// Subprotocol is the WebSocket subprotocol (RFC 6455 section 1.9).
const Subprotocol = "zgoda.v1"

// Types of frames that a client sends.
const (
	TypeOpen     = "open"
	TypeSay      = "say"
	TypePress    = "press"
	TypeDecide   = "decide"
	TypeAskCard  = "ask_card"
	TypeWithdraw = "withdraw"
	TypeErase    = "erase"
	TypeSkip     = "skip"
	TypeBeat     = "beat" // both directions
	TypeHistory  = "history"
	// The visitor's own side: answered by receipt and export.
	TypeAskReceipt = "ask_receipt"
	TypeAskExport  = "ask_export"
	TypeTyping     = "typing" // both directions
)

// Types of frames that the server sends.
const (
	TypeHello  = "hello"
	TypeReset  = "reset"
	TypeEvents = "events"
	TypeAck    = "ack"
	TypeError  = "error"
	TypeGoAway = "goaway"
	TypePast   = "past"

	TypeReceipt = "receipt"
	TypeExport  = "export"
)

// Limits that every server of this version keeps; hello states them.
const (
	MaxFrameBytes = 16 << 10
	MaxTextRunes  = 2000
	MaxInFlight   = 16
	ResetEvents   = 100
	MaxHistory    = 100
	// ExportBytes is the longest text of an export frame.
	ExportBytes = 32 << 10
	// BeatMS is the client's beat, SilenceMS how long the client waits for any
	// frame before it gives the socket up, both in milliseconds.
	BeatMS    = 25_000
	SilenceMS = 100_000
)

// A ClientFrame is any frame of a client, decoded. T says which of the other
// members are meaningful; Decode has checked them.
type ClientFrame struct {
	T string `json:"t"`
	// N numbers the inputs of one client instance from 1.
	N uint64 `json:"n,omitzero"`

	// open
	Client string `json:"client,omitzero"` // instance: 16 to 64 of [A-Za-z0-9_-]
	Secret string `json:"secret,omitzero"` // 128 random bits as 32 hex digits
	Token  string `json:"token,omitzero"`
	Flow   string `json:"flow,omitzero"`   // hash of the flow whose greeting was shown
	Locale string `json:"locale,omitzero"` // BCP 47
	Page   string `json:"page,omitzero"`   // path only, masked (MaskPath)
	Have   *Have  `json:"have,omitzero"`
	// Trace is the trace context of the page (W3C Trace Context, traceparent).
	Trace string `json:"traceparent,omitzero"`
	// Identity is the site's own name of the visitor.
	Identity *Identity `json:"identity,omitzero"`

	Text     string   `json:"text,omitzero"`     // say
	Of       string   `json:"of,omitzero"`       // press: id of the event with the option; "greeting" before there is one
	Choice   string   `json:"choice,omitzero"`   // press
	Request  string   `json:"request,omitzero"`  // decide
	Answer   string   `json:"answer,omitzero"`   // decide: grant or decline
	Purposes []string `json:"purposes,omitzero"` // withdraw, ask_card

	Epoch     string `json:"epoch,omitzero"`      // beat
	Seq       uint64 `json:"seq,omitzero"`        // beat
	BeforeSeq uint64 `json:"before_seq,omitzero"` // history
	Limit     int    `json:"limit,omitzero"`      // history
	On        bool   `json:"on,omitzero"`         // typing, away

	// The members below are of operators' frames.
	Site         string `json:"site,omitzero"`
	Conversation string `json:"conversation,omitzero"`
	To           string `json:"to,omitzero"`        // release: bot or queue
	Operator     string `json:"operator,omitzero"`  // transfer
	NotesSeq     uint64 `json:"notes_seq,omitzero"` // watch: the newest note that is known
}

// OfGreeting is what a press names while the greeting is all there is.
const OfGreeting = "greeting"

// Identity is a name that the site's owner has for a visitor. Proof is
// HMAC-SHA-256 of ID under the site's identity secret, as 64 lowercase hex digits,
// made by the owner's server.
type Identity struct {
	ID    string `json:"id"`
	Proof string `json:"proof"`
}

// Have is the newest event a client has.
type Have struct {
	Epoch string `json:"epoch"`
	Seq   uint64 `json:"seq"`
	ID    string `json:"id"`
}

// Hello answers open.
type Hello struct {
	T            string `json:"t"`
	Visitor      string `json:"visitor"`
	Conversation string `json:"conversation"`
	Token        string `json:"token"`
	// TokenExpiresAt and Now are Unix milliseconds.
	TokenExpiresAt int64 `json:"token_expires_at"`
	Now            int64 `json:"now"`
	// Resume is "new" (nothing is stored yet), "resumed" or "reset".
	Resume string `json:"resume"`
	// LastN is the newest number applied for this client instance.
	LastN  uint64 `json:"last_n"`
	Limits Limits `json:"limits"`
}

// Values of Hello.Resume.
const (
	ResumeNew     = "new"
	ResumeResumed = "resumed"
	ResumeReset   = "reset"
)

// Limits are checked by the client before it numbers an input.
type Limits struct {
	FrameBytes int   `json:"frame_bytes"`
	TextRunes  int   `json:"text_runes"`
	InFlight   int   `json:"in_flight"`
	BeatMS     int64 `json:"beat_ms"`
	SilenceMS  int64 `json:"silence_ms"`
}

// Reset tells a client to forget its log. Events from First to Seq follow;
// older ones come by history.
type Reset struct {
	T     string `json:"t"`
	Epoch string `json:"epoch"`
	Seq   uint64 `json:"seq"`
	First uint64 `json:"first"`
	State *State `json:"state,omitzero"`
}

// Events carries log entries in order. More says that this is a chunk of a
// replay and another follows at once.
type Events struct {
	T      string  `json:"t"`
	Epoch  string  `json:"epoch"`
	Events []Event `json:"events"`
	More   bool    `json:"more,omitzero"`
	// State after the last of these events; absent in all but the last chunk.
	State *State `json:"state,omitzero"`
	// Removed: contact values shown before were deleted; replace every part
	// that has "contact" set by the removed mark.
	Removed bool `json:"removed,omitzero"`
}

// State is what a client needs beside the log.
type State struct {
	// Owner speaks for the site: bot, queue, operator or closed.
	Owner    string             `json:"owner"`
	Consents map[string]Consent `json:"consents"`
	Expect   Expect             `json:"expect"`
	// Held lists the contact fields that are kept, names only.
	Held []string `json:"held"`
	// Name is the display name of the operator who has the conversation.
	Name string `json:"name,omitzero"`
	// Seen is the newest seq that an operator has read.
	Seen uint64 `json:"seen,omitzero"`
}

// Owners of a conversation.
const (
	OwnerBot      = "bot"
	OwnerQueue    = "queue"
	OwnerOperator = "operator"
	OwnerClosed   = "closed"
)

// Consent is where one purpose stands.
type Consent struct {
	Status string `json:"status"`
	At     int64  `json:"at,omitzero"`
	Notice string `json:"notice,omitzero"`
	Locale string `json:"locale,omitzero"`
	Method string `json:"method,omitzero"`
}

// Expect says what the bot waits for: text, choices, ask, card or none.
type Expect struct {
	Kind   string `json:"kind"`
	Type   string `json:"type,omitzero"`   // of ask: name, email, phone, text, number, date
	Prompt string `json:"prompt,omitzero"` // id of the event that asked
}

// Event is one log entry as a participant sees it.
type Event struct {
	Seq  uint64 `json:"seq"`
	ID   string `json:"id"`
	At   int64  `json:"at"`
	From string `json:"from"` // visitor, bot, operator, system
	// Kind is message, choices, ask, card, decision, withdrawal, correction,
	// restricted, freed, end, joined or left.
	Kind string `json:"kind"`
	// Client and N name the input of one's own event.
	Client  string   `json:"client,omitzero"`
	N       uint64   `json:"n,omitzero"`
	Text    []Part   `json:"text,omitzero"`
	Locale  string   `json:"locale,omitzero"`
	Link    *Link    `json:"link,omitzero"`
	Image   *Image   `json:"image,omitzero"`
	Options []Option `json:"options,omitzero"`
	Of      string   `json:"of,omitzero"`
	Choice  string   `json:"choice,omitzero"`
	Field   string   `json:"field,omitzero"`
	Type    string   `json:"type,omitzero"`
	Card    *Card    `json:"card,omitzero"`
	Request string   `json:"request,omitzero"`
	Answer  string   `json:"answer,omitzero"`
	// Purposes and Method of a decision or withdrawal.
	Purposes []string `json:"purposes,omitzero"`
	Method   string   `json:"method,omitzero"`
	DelayMS  int64    `json:"delay_ms,omitzero"`
	// Name is the display name of an operator who speaks, joined or left.
	Name string `json:"name,omitzero"`
	// Operator is the operator's id; visitors do not get it.
	Operator string `json:"operator,omitzero"`
}

// Part is a piece of a line. Exactly one of the forms: plain text; a contact
// value (Contact set, Text its value); a removed value (Removed); details that
// were never kept (Masked).
type Part struct {
	Text    string `json:"text,omitzero"`
	Contact bool   `json:"contact,omitzero"`
	Removed bool   `json:"removed,omitzero"`
	Masked  bool   `json:"masked,omitzero"`
}

// Link is an anchor under a line.
type Link struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// Image is a picture with its text alternative.
type Image struct {
	URL string `json:"url"`
	Alt string `json:"alt"`
}

// Option is a button under a question.
type Option struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

// Card is a consent card.
type Card struct {
	Request  string     `json:"request"`
	Notice   string     `json:"notice"`
	Locale   string     `json:"locale"`
	Title    string     `json:"title"`
	Body     string     `json:"body"`
	Purposes []CodeText `json:"purposes"`
	Fields   []CodeText `json:"fields"`
	Withdraw string     `json:"withdraw"`
	Accept   string     `json:"accept"`
	Decline  string     `json:"decline"`
	Policy   Policy     `json:"policy"`
	NoAnswer bool       `json:"no_answer,omitzero"`
}

// CodeText is a code with its words.
type CodeText struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Policy says where a card points: mode "link" has a URL, mode "widget" opens
// the general GDPR information inside the widget.
type Policy struct {
	Mode  string `json:"mode"`
	URL   string `json:"url,omitzero"`
	Label string `json:"label"`
}

// Ack is the final answer to a numbered input. Without Refused the input is in
// the log: Seq is the number of its own event (0 where it made none).
type Ack struct {
	T       string   `json:"t"`
	N       uint64   `json:"n"`
	Seq     uint64   `json:"seq,omitzero"`
	ID      string   `json:"id,omitzero"`
	Refused *Refused `json:"refused,omitzero"`
	// Site and Conversation are on operators' sockets, where each conversation has
	// numbers of its own.
	Site         string `json:"site,omitzero"`
	Conversation string `json:"conversation,omitzero"`
}

// Refused says why an input was not applied and never will be.
type Refused struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Error says that something was not done. With N the input of that number may be
// sent again, after RetryAfterMS where given, from Expected where given.
type Error struct {
	T            string `json:"t"`
	Code         Code   `json:"code"`
	Message      string `json:"message"`
	N            uint64 `json:"n,omitzero"`
	Expected     uint64 `json:"expected,omitzero"`
	RetryAfterMS int64  `json:"retry_after_ms,omitzero"`
	// Site and Conversation say what it is about, on operators' sockets.
	Site         string `json:"site,omitzero"`
	Conversation string `json:"conversation,omitzero"`
}

// Beat answers a beat. Without Epoch the store could not be asked.
type Beat struct {
	T     string `json:"t"`
	Epoch string `json:"epoch,omitzero"`
	Seq   uint64 `json:"seq,omitzero"`
	// Inboxes and Logs are on operators' sockets: the tops of what is followed.
	Inboxes []InboxTop `json:"inboxes,omitzero"`
	Logs    []LogTop   `json:"logs,omitzero"`
}

// Past answers history. The events precede BeforeSeq; More says that there are
// still older ones.
type Past struct {
	T         string  `json:"t"`
	BeforeSeq uint64  `json:"before_seq"`
	Events    []Event `json:"events"`
	More      bool    `json:"more"`
}

// Receipt answers ask_receipt: a compact JWS that says what the visitor was asked
// and answered. There is no contact data in it.
type Receipt struct {
	T       string `json:"t"`
	Receipt string `json:"receipt"`
}

// Export answers ask_export: a piece of a JSON text with all that is held about
// the visitor. Pieces are numbered from 1; More says that another follows at once.
type Export struct {
	T    string `json:"t"`
	Part int    `json:"part"`
	Text string `json:"text"`
	More bool   `json:"more"`
}

// GoAway asks the client to open a new socket after AfterMS and to drop this
// one when the new one has resumed.
type GoAway struct {
	T       string `json:"t"`
	AfterMS int64  `json:"after_ms"`
}

// Typing says that somebody on the other side is typing. It expires by itself
// after six seconds.
type Typing struct {
	T    string `json:"t"`
	From string `json:"from"`
	On   bool   `json:"on"`
	// Name is an operator's display name.
	Name string `json:"name,omitzero"`
	// Site and Conversation are on operators' sockets.
	Site         string `json:"site,omitzero"`
	Conversation string `json:"conversation,omitzero"`
}

// Envelope reads the type of any frame.
type Envelope struct {
	T    string         `json:"t"`
	Rest jsontext.Value `json:",embed"`
}
