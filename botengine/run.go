package botengine

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxStepsPerTurn ends a turn that the load checks should have made impossible.
const maxStepsPerTurn = 100

// Where the settings leave a time open.
const (
	defaultReaskAfterMS  = 180 * 24 * 60 * 60 * 1000
	defaultSessionIdleMS = 30 * 60 * 1000
)

// maxOffers bounds how many events stay pressable, and so the state's size.
const maxOffers = 4

// A turn is one run of Bot.Turn. It works on copies: state and profile are the
// caller's, maps and slices in them are copied before they are changed.
type turn struct {
	b   *Bot
	v   *voice
	in  Input
	s   State
	p   Profile
	now int64

	// Names of the turn are in.ID, suffix and a number; names holds those made
	// ahead, ends their lengths.
	suffix string
	names  string
	ends   [namesAtOnce]uint16
	named  int

	budget  int
	events  []Event
	entries []Entry
	values  []Value
	drop    bool
	erase   bool
	owner   string
	effect  *Effect
	refused *Refusal
	// moved: the wait is another one than before, or the visitor acted at it, so
	// its timer starts anew.
	moved bool

	q     question
	found []detail
	match entryRef
	score int

	ownConsents, ownRefs, ownVars bool
}

func (b *Bot) turn(s State, p Profile, in Input, suffix string) turn {
	return turn{b: b, in: in, s: s, p: p, now: in.At, suffix: suffix, budget: maxStepsPerTurn}
}

// Greet runs the flow from its start to its first wait, before the visitor has
// done anything. The same flow and locale give the same texts. The ids of its
// events begin with in.ID and "-g", so that the first act's turn may carry the
// same ID.
func (b *Bot) Greet(locale string, in Input) Result {
	t := b.turn(State{}, Profile{}, in, "-g")
	t.s.Locale = b.Locale(locale)
	t.begin()
	return t.result(State{}, Profile{})
}

// begin starts a conversation at the flow's start.
func (t *turn) begin() {
	t.s.Flow = t.b.flow.Hash
	t.s.SessionAt, t.s.LastAt = t.now, t.now
	t.speak()
	t.enter(0)
}

// speak picks the voice for the state's locale and takes over the page.
func (t *turn) speak() {
	if t.v = t.b.voices[t.s.Locale]; t.v == nil {
		t.s.Locale = t.b.Locale(t.s.Locale)
		t.v = t.b.voices[t.s.Locale]
	}
	if t.in.Page != "" {
		t.s.Page = t.in.Page
	}
}

// Turn decides on one input. A zero state begins the conversation: its greeting
// comes first. What Turn returns may share slices and maps with what it was
// given and with the flow, so nobody may change them. A refused input changes
// nothing: state and profile come back as they were.
func (b *Bot) Turn(s State, p Profile, in Input) Result {
	t := b.turn(s, p, in, "-")
	t.run()
	return t.result(s, p)
}

func (t *turn) result(s State, p Profile) Result {
	if t.refused != nil {
		return Result{State: s, Profile: p, Refused: t.refused}
	}
	return Result{
		State: t.s, Profile: t.p, Events: t.events, Entries: t.entries, Values: t.values,
		DropContact: t.drop, Erase: t.erase, Owner: t.owner, Effect: t.effect,
	}
}

func (t *turn) run() {
	if t.in.Kind == InputErase {
		t.eraseVisitor()
		return
	}
	if t.p.VSeq == 0 && t.in.Kind != InputWithdraw && t.in.Kind != InputExpire {
		// The first act makes the visitor's pseudonym known. Who has done nothing
		// yet has nothing to withdraw.
		t.entry(Entry{Kind: EntrySeen})
	}
	if t.s.Flow == "" {
		t.begin()
	} else {
		t.speak()
		t.adopt()
	}
	returned := t.session()
	t.expire()
	if !t.cardAnsweredBefore() || !t.goOnFromCard() {
		t.act()
	}
	if returned {
		t.askAnew()
	}
	t.closeWithCard()
	t.schedule()
}

// act carries out the input.
func (t *turn) act() {
	switch t.in.Kind {
	case InputText, InputChoice, InputDecision:
		if !t.byVisitor() {
			t.refuse(CodeBadInput, "only the visitor can do that")
			return
		}
	}
	switch t.in.Kind {
	case InputText:
		t.typed()
	case InputChoice:
		t.pressed()
	case InputDecision:
		t.answered()
	case InputAskCard:
		t.askedForCard()
	case InputWithdraw:
		t.withdraw()
	case InputCorrect:
		t.correct()
	case InputRestrict:
		t.restrict()
	case InputExpire:
		t.outlived()
	case InputTimer:
		t.fired()
	case InputOwner:
		t.ownerChanged()
	case InputResult:
		t.resulted()
	default:
		t.refuse(CodeBadInput, "unknown kind of input")
	}
}

// byVisitor tells whether the visitor acted, and not an operator or a command.
func (t *turn) byVisitor() bool { return t.in.Actor == "" || t.in.Actor == FromVisitor }

func (t *turn) actor() string {
	if t.in.Actor == "" {
		return FromVisitor
	}
	return t.in.Actor
}

// session starts a new session after an idle time. A card that nobody answered
// is neither a yes nor a no: it is recorded as deferred and may be asked again.
// A press on that very card is its answer and comes first. It tells whether a visitor
// has come back.
func (t *turn) session() bool {
	if !t.byVisitor() {
		return false
	}
	idle := t.b.settings.SessionIdleMS
	if idle == 0 {
		idle = defaultSessionIdleMS
	}
	returned := t.s.LastAt > 0 && t.now-t.s.LastAt > idle
	if returned {
		t.s.SessionAt = t.now
		t.s.Asked, t.s.Prompted, t.s.MaskSaid = nil, false, false
		answers := t.in.Kind == InputDecision && t.s.Card != nil && t.in.Request == t.s.Card.Request
		if t.s.Card != nil && !answers {
			t.deferCard()
		}
	}
	t.s.LastAt = max(t.s.LastAt, t.now)
	return returned
}

// park makes the conversation wait at a step without showing it again.
func (t *turn) park(i int) {
	st := &t.b.flow.steps[i]
	t.leave()
	t.s.Step, t.s.Kind = st.id, st.signature
}

// rest ends the flow: the next message opens it again.
func (t *turn) rest() {
	t.leave()
	t.s.Step, t.s.Kind = "", ""
}

// leave forgets what belonged to the wait that is left.
func (t *turn) leave() {
	t.s.Tries, t.s.Due, t.s.Queue, t.s.Effect = 0, 0, "", nil
	t.moved = true
}

// here is the step that waits, or nil where the flow has ended.
func (t *turn) here() (*step, int) {
	i, ok := t.b.flow.index[t.s.Step]
	if !ok {
		return nil, none
	}
	return &t.b.flow.steps[i], i
}

func (t *turn) refuse(code, message string) {
	if t.refused == nil {
		t.refused = &Refusal{Code: code, Message: message}
	}
}

// namesAtOnce is how many names are made in one piece of memory.
const namesAtOnce = 8

// name makes the next name of this turn, for an event or an entry: the turn's
// prefix and a number. Names are cut from one string, since a turn needs several.
func (t *turn) name() string {
	if len(t.names) == 0 {
		var b strings.Builder
		b.Grow(namesAtOnce * (len(t.in.ID) + len(t.suffix) + 3))
		for i := t.named + 1; i <= t.named+namesAtOnce; i++ {
			start := b.Len()
			b.WriteString(t.in.ID)
			b.WriteString(t.suffix)
			b.WriteString(strconv.Itoa(i))
			t.ends[(i-1)%namesAtOnce] = uint16(b.Len() - start)
		}
		t.names = b.String()
	}
	n := t.ends[t.named%namesAtOnce]
	name := t.names[:n]
	t.names = t.names[n:]
	t.named++
	return name
}

// emit appends an event. A bot's event in a quiet turn is a mistake of ours
// that must not reach the log: a person has the conversation.
func (t *turn) emit(e Event) string {
	if t.in.Quiet && e.From == FromBot {
		return ""
	}
	if e.ID == "" {
		e.ID = t.name()
	}
	if t.events == nil {
		t.events = make([]Event, 0, 3)
	}
	t.events = append(t.events, e)
	return e.ID
}

// entry numbers and appends a record for the contact store.
func (t *turn) entry(e Entry) Entry {
	t.p.VSeq++
	e.VSeq, e.At = t.p.VSeq, t.now
	if e.ID == "" {
		e.ID = t.name()
	}
	if e.Actor == "" {
		e.Actor = t.actor()
	}
	if t.entries == nil {
		t.entries = make([]Entry, 0, 2)
	}
	t.entries = append(t.entries, e)
	switch e.Kind {
	case EntrySeen, EntryContact, EntryRestrict, EntryErase:
	default:
		t.remember(&e)
	}
	return e
}

// offer notes that the options of an event can be pressed.
func (t *turn) offer(event, step string) {
	if event == "" {
		return
	}
	offers := make([]Offer, 0, maxOffers+1)
	offers = append(append(offers, t.s.Offers...), Offer{event, step})
	if len(offers) > maxOffers {
		// What the flow waits for stays open; of the rest the oldest goes.
		old := slices.IndexFunc(offers, func(o Offer) bool { return o.Step != t.s.Step })
		offers = slices.Delete(offers, max(old, 0), max(old, 0)+1)
	}
	t.s.Offers = offers
}

// closeOffers forgets the options of a step that was left.
func (t *turn) closeOffers(step string) {
	if !slices.ContainsFunc(t.s.Offers, func(o Offer) bool { return o.Step != step }) {
		t.s.Offers = nil
		return
	}
	t.s.Offers = slices.DeleteFunc(slices.Clone(t.s.Offers), func(o Offer) bool { return o.Step == step })
}

// clean prepares what a visitor typed: no control characters but line breaks and
// tabs, no broken UTF-8, no space around it. Most lines come back as they are.
func clean(s string) string {
	dirty := func(r rune) bool {
		return r == utf8.RuneError || (unicode.IsControl(r) && r != '\n' && r != '\t')
	}
	if strings.IndexFunc(s, dirty) >= 0 {
		s = strings.Map(func(r rune) rune {
			if r != utf8.RuneError && dirty(r) {
				return -1
			}
			return r
		}, strings.ToValidUTF8(s, "\uFFFD"))
	}
	return strings.TrimSpace(s)
}

// eraseVisitor ends everything; nothing is left to say.
func (t *turn) eraseVisitor() {
	method := "widget"
	if !t.byVisitor() {
		method = "command"
	}
	t.entry(Entry{Kind: EntryErase, Method: method})
	t.erase = true
	t.s = State{}
	t.p = Profile{VSeq: t.p.VSeq}
}
