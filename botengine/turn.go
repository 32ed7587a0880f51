package botengine

// InputKind says what happened.
type InputKind string

// The inputs of a turn.
const (
	InputText     InputKind = "text"     // the visitor typed a line
	InputChoice   InputKind = "choice"   // the visitor pressed an option
	InputDecision InputKind = "decision" // the visitor pressed a button of a consent card
	InputAskCard  InputKind = "card"     // the visitor asks for the consent card ("change my choice")
	InputWithdraw InputKind = "withdraw" // purposes are withdrawn (visitor, console, command)
	InputErase    InputKind = "erase"    // the visitor is to be erased
	InputTimer    InputKind = "timer"    // a time has come: grants end, waits are reminded of or given up
	InputCorrect  InputKind = "correct"  // values of contact fields are corrected (GDPR art. 16)
	InputRestrict InputKind = "restrict" // processing of the contact is restricted, or free again (art. 18)
	InputExpire   InputKind = "expire"   // a contact was kept long enough: its base purpose ends
	InputOwner    InputKind = "owner"    // somebody else speaks for the site from now on
	InputResult   InputKind = "result"   // what a webhook has answered
)

// Who speaks for the site. An operator's owner is OwnerOperator, a colon and the
// operator's id.
const (
	OwnerBot      = "bot"
	OwnerQueue    = "queue" // waits for a person
	OwnerOperator = "operator"
	OwnerClosed   = "closed"
)

// Answers to a consent card.
const (
	AnswerGrant   = "grant"
	AnswerDecline = "decline"
)

// An Input is what one turn decides on.
type Input struct {
	// ID is a random name made by the caller. Names of events and entries are
	// made from it: ID + "-" + their place in the turn.
	ID string
	// At is when it happened, in Unix milliseconds.
	At   int64
	Kind InputKind
	// Actor is "visitor", "operator:<id>", "command:<user>" or "system"; empty
	// means visitor.
	Actor string
	// Text of InputText.
	Text string
	// Of is the id of the event whose option was pressed, Choice the option.
	Of     string
	Choice string
	// Request is the id of the consent card that is answered, Answer one of
	// AnswerGrant and AnswerDecline.
	Request string
	Answer  string
	// Page is the path of the page the visitor is on; empty: unchanged.
	Page string
	// Operators is how many people are online for the site. Branches and handoffs
	// read it; it is part of the input so that a replay takes the same way.
	Operators int
	// Quiet: a person has the conversation, or it waits for one. The visitor's
	// line is masked and recorded, decisions and withdrawals count, the bot says
	// nothing and the flow stays where it is.
	Quiet bool
	// Rebuilt: the profile was rebuilt from the ledger since the state was kept.
	// What the ledger says was answered is not asked again.
	Rebuilt bool
	// Owner is who speaks for the site; of InputOwner, from now on.
	Owner string
	// Result of InputResult.
	Result *EffectResult
	// Purposes are withdrawn; empty means all in force. For InputAskCard the
	// purposes the visitor wants to be asked for; empty means the base purpose.
	Purposes []string
	// Fields are the new values of InputCorrect, by field.
	Fields map[string]string
	// On: InputRestrict restricts; otherwise it frees again.
	On bool
	// Until is up to when a contact must have been given last for InputExpire to
	// end it, Unix milliseconds.
	Until int64
}

// State is where a conversation stands in its flow. It is kept sealed.
type State struct {
	Flow   string `json:"flow"` // content hash of the flow version it runs on
	Locale string `json:"locale"`
	Page   string `json:"page,omitzero"`
	// Step is the step that waits for the visitor; empty: the flow has ended.
	Step string `json:"step,omitzero"`
	// Prompt is the id of the event that asked (choices, topics, ask or card).
	Prompt string `json:"prompt,omitzero"`
	// Kind says what Step is (an ask also: for what), so that a newer version of
	// the flow can tell whether its step of that name is the same one.
	Kind string `json:"kind,omitzero"`
	// Offers are the newest events whose options can still be pressed.
	Offers []Offer `json:"offers,omitzero"`
	// Tries counts refused answers at Step.
	Tries int `json:"tries,omitzero"`
	// Vars are the flow's variables that are no contact details.
	Vars map[string]string `json:"vars,omitzero"`
	// Card is the open consent card.
	Card *OpenCard `json:"card,omitzero"`
	// Due is when the wait's one timer fires, Unix ms; 0: it is not set. An
	// InputTimer that comes earlier does nothing.
	Due int64 `json:"due,omitzero"`
	// WaitAt is when the visitor last did something at Step, Reminded how often
	// they were reminded since.
	WaitAt   int64 `json:"wait_at,omitzero"`
	Reminded int   `json:"reminded,omitzero"`
	// Queue is the queue the conversation waits in for a person.
	Queue string `json:"queue,omitzero"`
	// Effect is the webhook that the flow waits for.
	Effect *OpenEffect `json:"effect,omitzero"`
	// Known are variables that were collected under another version of the flow
	// and are not asked for again.
	Known []string `json:"known,omitzero"`
	// SessionAt is when the session began, LastAt the last input, Unix ms.
	SessionAt int64 `json:"session_at,omitzero"`
	LastAt    int64 `json:"last_at,omitzero"`
	// Prompted: a card was shown by the bot itself in this session.
	Prompted bool `json:"prompted,omitzero"`
	// Asked are the purposes that the bot itself asked for in this session.
	Asked []string `json:"asked,omitzero"`
	// OperatorCard: a person has sent the card in this conversation.
	OperatorCard bool `json:"operator_card,omitzero"`
	// MaskSaid: the visitor was told that details are masked without consent.
	MaskSaid bool `json:"mask_said,omitzero"`
}

// An Offer is an event with options and the step they belong to.
type Offer struct {
	Event string `json:"event"`
	Step  string `json:"step"`
}

// OpenCard is a consent card that waits for its answer.
type OpenCard struct {
	// Request is the card's id on the wire. Entry is the ledger entry that asked,
	// Requests those of a card with several purposes, by purpose.
	Request  string            `json:"request"`
	Entry    string            `json:"entry,omitzero"`
	Requests map[string]string `json:"requests,omitzero"`
	Purposes []string          `json:"purposes"`
	Notice   string            `json:"notice"`
	Locale   string            `json:"locale"`
	// Step is the consent step that showed it; empty when the visitor asked.
	Step string `json:"step,omitzero"`
	// Rerendered: it was shown again once after an unclear answer.
	Rerendered bool `json:"rerendered,omitzero"`
	// Fields are the contact fields that the notice names.
	Fields []string `json:"fields,omitzero"`
	// Aside: a person has been talking since, so a typed phrase is no longer
	// the direct answer to the card.
	Aside bool `json:"aside,omitzero"`
	// Scope is Settings.Scope of when it was shown.
	Scope string `json:"scope,omitzero"`
}

// entryOf is the ledger entry that asked for a purpose.
func (c *OpenCard) entryOf(purpose string) string {
	if e := c.Requests[purpose]; e != "" {
		return e
	}
	return c.Entry
}

// Profile is what a visitor decided, and the names of what is held. It is the
// authority for the running chat, outlives the conversation's log and never
// holds a contact value. It is kept sealed.
type Profile struct {
	// VSeq is the number of the visitor's newest record for the contact store.
	VSeq     uint64             `json:"vseq"`
	Consents map[string]Consent `json:"consents,omitzero"` // by purpose
	// Held lists the contact fields that have a valid value.
	Held []string `json:"held,omitzero"`
	// Refs maps each held field to the reference of its newest valid value.
	Refs map[string]string `json:"refs,omitzero"`
	// HeldAt is when the visitor gave a value last, Unix milliseconds.
	HeldAt int64 `json:"held_at,omitzero"`
	// Past are the newest consent events; see Remembered.
	Past []PastEntry `json:"past,omitzero"`
	// RestrictedAt is when processing of the contact was restricted, Unix ms; 0
	// while it is not. What is held is then kept and not used (GDPR art. 18).
	RestrictedAt int64 `json:"restricted_at,omitzero"`
	// Age is what the visitor said about their age, nil where nobody asked.
	Age *AgeBand `json:"age,omitzero"`
}

// Consent is where one purpose stands.
type Consent struct {
	Status string `json:"status"` // granted, declined, deferred, withdrawn, expired, requested
	At     int64  `json:"at"`
	Entry  string `json:"entry"`
	// Request is the id of the entry that asked.
	Request string `json:"request,omitzero"`
	Notice  string `json:"notice,omitzero"`
	Locale  string `json:"locale,omitzero"`
	Method  string `json:"method,omitzero"`
	// Grant and GrantVSeq name the entry that opened the grant in force.
	Grant      string `json:"grant,omitzero"`
	GrantVSeq  uint64 `json:"grant_vseq,omitzero"`
	ValidUntil int64  `json:"valid_until,omitzero"`
	// DeclinedAt is when the visitor last declined or withdrew; a grant clears
	// it. It outlives later requests, so that an unanswered card cannot shorten
	// the pause before the bot asks again.
	DeclinedAt int64 `json:"declined_at,omitzero"`
	// Fields are the contact fields that the accepted notice named.
	Fields []string `json:"fields,omitzero"`
	// Scope is Settings.Scope of when the card was shown; empty where that is not
	// known.
	Scope string `json:"scope,omitzero"`
}

// A Span is a piece of a line: text, or a reference to a contact value that is
// kept in the visitor's sealed record and not in the log.
type Span struct {
	Text string `json:"t,omitzero"`
	// Ref names a value of the visitor's contact record. Field names a current
	// contact field ("name"): the newest value of it is shown.
	Ref   string `json:"ref,omitzero"`
	Field string `json:"field,omitzero"`
	// Masked: contact details stood here and were not kept.
	Masked bool `json:"masked,omitzero"`
}

// Event kinds in the log.
const (
	EventMessage    = "message"    // a line of anybody
	EventChoices    = "choices"    // a question with options
	EventAsk        = "ask"        // the bot asks for a field
	EventCard       = "card"       // a consent card
	EventDecision   = "decision"   // the visitor's answer to a card
	EventWithdrawal = "withdrawal" // a purpose was withdrawn
	EventCorrection = "correction" // contact fields have new values
	EventRestricted = "restricted" // the contact is kept and no longer used
	EventFreed      = "freed"      // the contact may be used again
	EventEnd        = "end"        // the flow has ended
)

// Who an event is from.
const (
	FromVisitor  = "visitor"
	FromBot      = "bot"
	FromOperator = "operator"
	FromSystem   = "system"
)

// An Event is one entry of the log, as the engine writes it.
type Event struct {
	ID   string `json:"id"`
	From string `json:"from"`
	Kind string `json:"kind"`
	Text []Span `json:"text,omitzero"`
	// Locale is the language of a bot's line.
	Locale string `json:"locale,omitzero"`
	// Link and Image of a bot's line.
	Link  *Link  `json:"link,omitzero"`
	Image *Image `json:"image,omitzero"`
	// Options of EventChoices.
	Options []Option `json:"options,omitzero"`
	// Of and Choice: the visitor pressed this option of that event.
	Of     string `json:"of,omitzero"`
	Choice string `json:"choice,omitzero"`
	// Field and Type of EventAsk ("email"/"email"); Type tells the client which
	// keyboard to show.
	Field string `json:"field,omitzero"`
	Type  string `json:"type,omitzero"`
	// Card of EventCard.
	Card *Card `json:"card,omitzero"`
	// Request, Answer, Purposes and Method of EventDecision and EventWithdrawal.
	Request  string   `json:"request,omitzero"`
	Answer   string   `json:"answer,omitzero"`
	Purposes []string `json:"purposes,omitzero"`
	Method   string   `json:"method,omitzero"`
	// DelayMS is how long the client shows "typing" before the line, as data.
	DelayMS int64 `json:"delay_ms,omitzero"`
}

// A Link is an anchor under a line. URL is https, or relative to the page.
type Link struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// An Image is a picture with its text alternative.
type Image struct {
	URL string `json:"url"`
	Alt string `json:"alt"`
}

// An Option is a button under a question.
type Option struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

// A Card is a consent card as it is shown: it is frozen into the log.
type Card struct {
	Request  string       `json:"request"`
	Notice   string       `json:"notice"` // hash
	Locale   string       `json:"locale"`
	Title    string       `json:"title"`
	Body     string       `json:"body"`
	Purposes []CardText   `json:"purposes"`
	Fields   []CardText   `json:"fields"`
	Withdraw string       `json:"withdraw"` // how to withdraw
	Accept   string       `json:"accept"`
	Decline  string       `json:"decline"`
	Policy   NoticePolicy `json:"policy"`
	// NoAnswer: the notice is shown without buttons (consent is not required).
	NoAnswer bool `json:"no_answer,omitzero"`
}

// A CardText is a code with its words in the card's locale.
type CardText struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// NoticePolicy says where the card points: to the controller's own policy, or to
// the general GDPR information inside the widget.
type NoticePolicy struct {
	Mode  string `json:"mode"` // "link" or "widget"
	URL   string `json:"url,omitzero"`
	Label string `json:"label"`
}

// An Entry is a consent event for the ledger, or another record for the contact
// store. Entries are in order; VSeq continues the profile's numbers.
type Entry struct {
	VSeq uint64
	// Kind is one of the ledger's kinds (requested, granted, …), or EntrySeen,
	// EntryContact, EntryRestrict, EntryErase.
	Kind       string
	ID         string
	Purpose    string
	Request    string
	Grant      string
	Notice     string // hash; the text is in Settings.Notices
	Locale     string
	Actor      string
	Method     string
	At         int64
	ValidUntil int64
	// EntryContact: which references hold the fields' values, under which grant
	// (or under which policy where consent is not required).
	Fields    map[string]string
	GrantVSeq uint64
	Policy    string
	// GivenAt is when the visitor gave a value last: from then on a contact ages.
	GivenAt int64
	// EntryRestrict: on, or off again.
	On bool
}

// Kinds of entries that are no consent events.
const (
	EntrySeen     = "seen"
	EntryContact  = "contact"
	EntryRestrict = "restrict"
	EntryErase    = "erase"
)

// A Value is something the visitor typed that belongs into the visitor's sealed
// record and not into the log.
type Value struct {
	Ref  string // the id of the event it stands in, or that id + "." + n
	Text string
	// Field is set where it is a valid answer for a contact field.
	Field string
}

// A Refusal is the final answer to an input that is not applied.
type Refusal struct {
	Code    string // a code of the protocol: consent_required, consent_stale, …
	Message string
}

// Codes of refusals.
const (
	CodeConsentRequired = "consent_required"
	CodeConsentStale    = "consent_stale"
	CodeChoiceStale     = "choice_stale"
	CodeBadInput        = "bad_input"
	// CodeEffectStale answers a result that is dropped; no client sees it.
	CodeEffectStale = "effect_stale"
)

// A Result is what a turn decided.
type Result struct {
	State   State
	Profile Profile
	Events  []Event
	Entries []Entry
	Values  []Value
	// DropContact: the visitor's contact values are deleted in this commit.
	DropContact bool
	// Erase: everything of the visitor goes.
	Erase bool
	// Owner is set where the turn makes somebody else speak for the site: one of
	// OwnerBot, OwnerQueue and OwnerClosed.
	Owner string
	// Effect is to be run once the turn is committed, by whoever committed it.
	Effect *Effect
	// Refused is set where the input was not applied; then nothing else is.
	Refused *Refusal
}

// Settings are the site's rules that a flow runs under. They are immutable once
// a Bot uses them.
type Settings struct {
	Site string
	// Locales the site speaks, the first is the default; Fallback is used where
	// a notice is missing in a locale, empty: no fallback, nothing is asked.
	Locales  []string
	Fallback string
	// RequireConsent is the owner's switch, on by default.
	RequireConsent bool
	// Bundled asks for all purposes of a consent step with one card.
	Bundled bool
	// Policy names the recorded policy version where consent is not required.
	Policy string
	// Purposes the site collects for, the base purpose first. Empty: lead
	// collection is off.
	Purposes []string
	// Fields are the contact fields the site's notice names.
	Fields []string
	// Scope names who gets the data (controller, processor, recipients). Grants
	// given under another scope are not used any more, and the visitor is asked anew.
	Scope string
	// Notices maps NoticeKey(purposes, locale) to the published text.
	Notices map[string]Notice
	// ReaskAfterMS is the pause after a decline before the bot may ask again by
	// itself; SessionIdleMS ends a session.
	ReaskAfterMS  int64
	SessionIdleMS int64
	// ValidMS is how long a grant holds, by purpose; 0 or missing: until ended.
	ValidMS map[string]int64
	// Region is the default region of phone numbers ("PL").
	Region string
	// AgeLimit is the age from which a visitor can consent alone, in years: whoever
	// is to be shown a card is asked first. 0: nobody is asked.
	AgeLimit int
	// Hours are the opening hours; nil: always open.
	Hours *Hours
}

// A Notice is a published, immutable text version. Hash is over Canonical.
type Notice struct {
	Hash      string
	Canonical string
	Card      Card // without Request
}
