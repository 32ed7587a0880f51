package chat

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// A decision is a commit and what it means for the view and for those attached.
type decision struct {
	commit  persistence.Commit
	ack     protocol.Ack
	events  []protocol.Event
	state   state
	profile botengine.Profile
	values  persistence.ContactValues
	made    *botengine.Effect // to be run after the commit
	changed bool              // state, profile, values or log; not only the record of the input
	notes   []protocol.Note
	// aside: only the staff log has changed; there is nothing to show to visitors.
	aside bool
	// said are the events of an operator's act. They come before the engine's.
	said []storedEvent
	// entries are the engine's, for whoever observes.
	entries []botengine.Entry
	// contactChanged: the values are not those of the store, whatever the turn did.
	contactChanged bool
}

// decide makes the commit for one input on what the view holds. It changes
// nothing.
func (s *Service) decide(st *site.Site, v *View, key persistence.Key, in Input) (*decision, error) {
	now := s.now()
	visitor := VisitorOf(key.Conversation)
	d := &decision{
		state: v.state, profile: v.profile, values: v.values, contactChanged: v.contactChanged,
		commit: persistence.Commit{
			Key: key, Visitor: visitor, Now: now,
			Input:   persistence.Input{Client: in.Client, N: in.N, Digest: in.Digest},
			Version: v.snap.Version, ProfileVersion: v.snap.ProfileVersion, Log: v.snap.Epoch, Since: v.snap.Seq, Node: s.node, Trace: in.trace,
		},
		ack: protocol.Ack{N: in.N, Refused: in.Refuse},
	}
	if !strings.HasPrefix(in.Client, persistence.ServerClient) {
		d.commit.Rate = &s.rate
	}
	if !doubtful(v, &in) {
		d.commit.Life = v.snap.Life
	}
	switch {
	case v.snap.Erased:
	case v.forgotten:
		// The store forgot that the visitor was erased; the ledger did not.
		d.commit.Erase, d.changed = true, true
	case in.Refuse == nil:
		if err := s.turn(st, v, d, in, now); err != nil {
			return nil, err
		}
	}
	answer, err := json.Marshal(&d.ack)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	d.commit.Input.Answer = answer
	return d, nil
}

// turn lets the engine decide and turns its result into the commit. Everything
// that is decided about a first act is committed with it: the greeting that the
// visitor had seen, and the record that makes the pseudonym known.
func (s *Service) turn(st *site.Site, v *View, d *decision, in Input, now time.Time) error {
	bot := in.Bot
	if in.Act != nil {
		goesOn, err := s.act(st, v, d, &in, now)
		if err != nil || !goesOn {
			return err
		}
		bot = in.Bot
	}
	if in.Owner != "" {
		if !s.changeOwner(v, d, &in) {
			return nil
		}
		d.own(v, &in, now, s.newID)
		bot = botengine.Input{Kind: botengine.InputOwner, Actor: actorOf(in.Owner)}
	}
	bot.ID, bot.At, bot.Operators = s.newID(), now.UnixMilli(), s.operators(st.Key)
	var greeting botengine.Result
	if v.snap.Version == 0 {
		begin := st.BotFor(in.Flow)
		greeting = begin.Greet(begin.Locale(in.Locale), botengine.Input{ID: bot.ID + "-g", At: bot.At, Page: in.Page})
		d.state = state{Owner: protocol.OwnerBot, Bot: greeting.State, Greeting: greeting.State.Prompt, Since: bot.At}
		d.state.Bot.Page = in.Page
		d.commit.Epoch = s.newID()
	}
	if bot.Of == protocol.OfGreeting {
		bot.Of = d.state.Greeting
		if v.snap.Version == 0 && in.Flow != "" && in.Flow != greeting.State.Flow {
			// The flow has changed since the page was shown: what was pressed was
			// an option of another question.
			bot.Of = staleGreeting
		}
	}
	if d.state.Owner == protocol.OwnerClosed && reopens(&bot) {
		d.state.Owner, d.state.Name, d.state.Since, d.commit.Safe = protocol.OwnerBot, "", bot.At, true
	}
	// While a person has the conversation the bot records and keeps silent.
	bot.Owner, bot.Quiet = d.state.Owner, owns(d.state.Owner)
	bot.Rebuilt = v.settled && s.ledger != nil
	open := doubtful(v, &in)
	if open {
		// What is decided about consents waits, and so does time; talk does not.
		switch bot.Kind {
		case botengine.InputText, botengine.InputChoice, botengine.InputOwner, "":
		default:
			return errBehind
		}
		d.profile = refusing(&v.profile, now)
	}
	r := botengine.Result{State: d.state.Bot, Profile: d.profile}
	if bot.Kind != "" {
		r = botFor(st, &d.state.Bot).Turn(d.state.Bot, d.profile, bot)
	}
	if r.Refused != nil {
		d.ack.Refused = &protocol.Refused{Code: protocol.Code(r.Refused.Code), Message: r.Refused.Message}
		r = botengine.Result{State: d.state.Bot, Profile: v.profile}
		if v.snap.Version > 0 {
			return nil
		}
	}
	if r.Erase {
		return s.erasure(st, d, r.Entries)
	}
	d.changed = true
	if in.Identity != "" {
		d.state.Identity = in.Identity
	}
	d.state.Bot, d.profile, d.made, d.entries = r.State, r.Profile, r.Effect, r.Entries
	if r.Owner != "" {
		d.state.Owner, d.state.Name, d.state.Since, d.commit.Safe = r.Owner, "", bot.At, true
	}
	d.setTimers(in.Timer, &v.profile)
	d.setWait(in.Timer, v.state.Bot.Due)
	if in.Act != nil && in.Act.Kind == protocol.TypeAskCard {
		if err := s.noteCard(v, d, &in, now); err != nil {
			return err
		}
	}
	said := d.line(&in, greeting.Events, r.Events)
	d.count(v, said)
	if err := s.sealStates(d, r); err != nil {
		return err
	}
	if err := s.sealEvents(v, d, said); err != nil {
		return err
	}
	if open {
		if err := d.leaveOpen(v, r.Entries); err != nil {
			return err
		}
	} else if err := s.sealRecords(st, d, r.Entries); err != nil {
		return err
	}
	return s.sealRow(v, d)
}

// line puts the events of a turn in their order and names the input's own event
// in the answer.
func (d *decision) line(in *Input, greeting, bot []botengine.Event) []storedEvent {
	said := make([]storedEvent, 0, len(greeting)+len(d.said)+len(bot))
	for i := range greeting {
		said = append(said, storedEvent{Event: greeting[i]})
	}
	said = append(said, d.said...)
	for i := range bot {
		e := storedEvent{Event: bot[i]}
		if e.From == botengine.FromVisitor {
			e.Client, e.N = in.Client, in.N
		}
		said = append(said, e)
	}
	return said
}

// staleGreeting names no event.
const staleGreeting = "greeting-of-another-flow"

// changeOwner is the whole of a take-over: one commit that checks the version. A
// bot's turn that was decided before it is stale after it, and is decided again
// with the bot silent (P5); of two operators one is first, and the other is told.
// It reports whether the owner is another one now, so that the flow must learn.
func (s *Service) changeOwner(v *View, d *decision, in *Input) bool {
	owner := in.Owner
	taken := in.From == "" && strings.HasPrefix(d.state.Owner, protocol.OwnerOperator) && strings.HasPrefix(owner, protocol.OwnerOperator)
	switch {
	case v.snap.Version == 0:
		d.ack.Refused = &protocol.Refused{Code: protocol.CodeBadInput, Message: "there is no such conversation"}
		return false
	case in.From != "" && in.From != d.state.Owner:
		d.ack.Refused = &protocol.Refused{Code: protocol.CodeNotOwner, Message: "somebody else has this conversation"}
		return false
	case taken && owner != d.state.Owner:
		d.ack.Refused = &protocol.Refused{Code: protocol.CodeTaken, Message: "another operator has this conversation"}
		return false
	case owner == d.state.Owner:
		return false
	}
	d.commit.Safe = true
	return true
}

// actorOf is who changes the owner: the operator who takes over, or the system.
func actorOf(owner string) string {
	if strings.HasPrefix(owner, protocol.OwnerOperator+":") {
		return owner
	}
	return botengine.FromSystem
}

// timerExpiry fires when the first grant of the visitor ends by itself.
const timerExpiry = "expiry"

// setTimers moves the visitor's timers to where the profile has them now.
func (d *decision) setTimers(fired string, before *botengine.Profile) {
	next := firstExpiry(&d.profile)
	if fired == timerExpiry || next != firstExpiry(before) {
		d.commit.Timers = append(d.commit.Timers, timerAt(timerExpiry, next))
	}
}

// timerAt sets a timer to a time in Unix milliseconds, or cancels it with 0.
func timerAt(name string, due int64) persistence.TimerChange {
	change := persistence.TimerChange{Name: name}
	if due > 0 {
		change.Due = time.UnixMilli(due)
	}
	return change
}

// firstExpiry returns when the first grant ends by itself, 0 where none does.
func firstExpiry(p *botengine.Profile) int64 {
	var first int64
	for _, c := range p.Consents {
		if c.Status == persistence.StatusGranted && c.ValidUntil > 0 && (first == 0 || c.ValidUntil < first) {
			first = c.ValidUntil
		}
	}
	return first
}

func (s *Service) erasure(st *site.Site, d *decision, entries []botengine.Entry) error {
	d.commit.Erase, d.changed = true, true
	return s.sealRecords(st, d, entries)
}

// sealStates seals state, profile and contact values.
func (s *Service) sealStates(d *decision, r botengine.Result) error {
	var err error
	c := &d.commit
	scope := persistence.Scope{Site: c.Site, Subject: c.Conversation, Item: itemState}
	if c.State, err = s.seal(scope, &d.state); err != nil {
		return err
	}
	scope.Subject, scope.Item = c.Visitor, itemProfile
	if c.Profile, err = s.seal(scope, &d.profile); err != nil {
		return err
	}
	if r.DropContact {
		c.DropContact, d.values = true, persistence.ContactValues{}
	}
	if len(r.Values) == 0 && !d.contactChanged {
		return nil
	}
	if len(r.Values) == 0 && len(d.values.Values) == 0 {
		c.DropContact = true
		return nil
	}
	d.values = clone(d.values)
	for _, value := range r.Values {
		d.values.Values[value.Ref] = value.Text
		if value.Field != "" {
			d.values.Current[value.Field] = value.Ref
		}
	}
	bound(&d.values)
	scope.Item = persistence.ItemContact
	c.DropContact = false // the record is replaced whole
	c.Contact, err = s.seal(scope, &d.values)
	return err
}

// maxValues bounds a visitor's record of contact values.
const maxValues = 128

// bound drops values that are no current field until the record is small enough;
// where they stood, the log shows "removed".
func bound(values *persistence.ContactValues) {
	current := make(map[string]bool, len(values.Current))
	for _, ref := range values.Current {
		current[ref] = true
	}
	for ref := range values.Values {
		if len(values.Values) <= maxValues {
			return
		}
		if !current[ref] {
			delete(values.Values, ref)
		}
	}
}

// sealEvents seals the events and names the sender's own one in the answer.
func (s *Service) sealEvents(v *View, d *decision, events []storedEvent) error {
	c := &d.commit
	c.Events = make([]persistence.Event, 0, len(events))
	d.events = make([]protocol.Event, 0, len(events))
	for i := range events {
		e := &events[i]
		seq := v.snap.Seq + uint64(i) + 1
		if e.Client != "" && d.ack.Seq == 0 {
			d.ack.Seq, d.ack.ID = seq, e.ID
		}
		scope := persistence.Scope{Site: c.Site, Subject: c.Conversation, Item: itemEvent + e.ID}
		body, err := s.seal(scope, e)
		if err != nil {
			return err
		}
		c.Events = append(c.Events, persistence.Event{Seq: seq, ID: e.ID, At: c.Now, Body: body})
		d.events = append(d.events, wireEvent(e, seq, c.Now.UnixMilli(), shown(&d.profile, &d.values)))
	}
	return nil
}

// sealRecords turns the engine's entries into outbox records.
func (s *Service) sealRecords(st *site.Site, d *decision, entries []botengine.Entry) error {
	c := &d.commit
	for i := range entries {
		record := recordOf(st, c, &entries[i])
		plain, err := persistence.EncodeRecord(*record)
		if err != nil {
			return fmt.Errorf("encode outbox record: %w", err)
		}
		scope := persistence.Scope{Site: c.Site, Subject: c.Visitor, Item: persistence.ItemOutbox + strconv.FormatUint(record.VSeq, 10)}
		payload, err := s.sealer.Seal(scope, plain)
		if err != nil {
			return fmt.Errorf("seal outbox record: %w", err)
		}
		c.Outbox = append(c.Outbox, persistence.OutboxRecord{
			Site: c.Site, Visitor: c.Visitor, VSeq: record.VSeq, At: record.At, Payload: payload,
		})
		// Losing the pseudonym of a visitor who has decided nothing costs nothing.
		c.Safe = c.Safe || !record.Seen
	}
	return nil
}

// moveOn makes the view what was committed.
func (d *decision) moveOn(v *View, snap *persistence.Snapshot) {
	if !d.changed {
		return
	}
	v.snap.Version, v.snap.ProfileVersion = snap.Version, snap.ProfileVersion
	if d.commit.Erase {
		*v = View{loaded: true, holder: v.holder, snap: persistence.Snapshot{Key: d.commit.Key, Visitor: d.commit.Visitor, Version: snap.Version, Erased: true}}
		return
	}
	v.snap.Epoch, v.snap.Doubt, v.contactChanged = snap.Epoch, d.commit.Doubt, false
	if n := len(d.commit.Events); n > 0 {
		v.snap.Seq = d.commit.Events[n-1].Seq
		if v.snap.First == 0 {
			v.snap.First = d.commit.Events[0].Seq
		}
	}
	v.snap.VSeq = d.profile.VSeq
	if n := len(d.commit.Staff); n > 0 {
		v.snap.StaffSeq = d.commit.Staff[n-1].Seq
	}
	v.state, v.profile, v.values = d.state, d.profile, d.values
}
