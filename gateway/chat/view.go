package chat

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/go-json-experiment/json"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// state is what is sealed as the conversation's state.
type state struct {
	Owner string `json:"owner"`
	// Greeting is the event a press on the greeting means.
	Greeting string `json:"greeting,omitzero"`
	// Identity is the keyed hash of the owner's own name of the visitor.
	Identity string          `json:"identity,omitzero"`
	Bot      botengine.State `json:"bot"`
	// Name is the display name of the operator who owns it, Since when the owner
	// became this one.
	Name  string `json:"name,omitzero"`
	Since int64  `json:"since,omitzero"`
	// Last is the visitor's newest line and Preview what of it an inbox shows;
	// Unread counts those that no operator has read.
	Last    uint64 `json:"last,omitzero"`
	Preview string `json:"preview,omitzero"`
	Unread  int    `json:"unread,omitzero"`
}

// storedEvent is what is sealed as an event's body.
type storedEvent struct {
	botengine.Event
	Client string `json:"client,omitzero"`
	N      uint64 `json:"n,omitzero"`
	// Operator is the id, and Name the display name then, of an operator who speaks,
	// joined or left.
	Operator string `json:"operator,omitzero"`
	Name     string `json:"name,omitzero"`
}

// A View is a conversation as this node last saw it, decoded. The caller keeps it
// between calls and guards it; the zero View loads itself at the first use. It is
// never the truth: a commit checks it.
type View struct {
	loaded  bool
	holder  persistence.Holder   // this node's entry, zero while it has none
	snap    persistence.Snapshot // without the sealed parts
	state   state
	profile botengine.Profile
	values  persistence.ContactValues
	// settled: the profile was rebuilt from the ledger since it was read, and
	// contactChanged the contact values with it. forgotten: the ledger knows that
	// the visitor was erased, and the store does not.
	settled, contactChanged, forgotten bool
}

// Exists reports whether anything is stored.
func (v *View) Exists() bool { return v.loaded && v.snap.Version > 0 }

// Erased reports whether only the marker of an erased visitor is left.
func (v *View) Erased() bool { return v.snap.Erased }

// Position returns the top of the log.
func (v *View) Position() persistence.Position {
	if v.snap.Epoch == "" {
		return persistence.Position{}
	}
	return persistence.Position{Epoch: v.snap.Epoch, Seq: v.snap.Seq, Version: v.snap.Version}
}

// Key names the conversation.
func (v *View) Key() persistence.Key { return v.snap.Key }

// First returns the number of the oldest event that is kept.
func (v *View) First() uint64 { return v.snap.First }

// Locale returns the conversation's language, empty before it exists.
func (v *View) Locale() string { return v.state.Bot.Locale }

// Identity returns the keyed hash of the owner's name of the visitor, empty where
// the visitor was never identified.
func (v *View) Identity() string { return v.state.Identity }

// Forget makes the next use read the store.
func (v *View) Forget() { v.loaded = false }

// Load reads the conversation into v and returns the events of r as participants
// see them. Errors are the store's, or that something does not open.
func (s *Service) Load(ctx context.Context, v *View, key persistence.Key, r persistence.Range) ([]protocol.Event, error) {
	snap, events, err := s.store.Load(ctx, key, r)
	if err != nil {
		return nil, fmt.Errorf("load conversation: %w", err)
	}
	return s.take(v, snap, events)
}

// take moves v to a snapshot and opens the events that came with it; on an error
// v is as it was, so that nothing is taken for delivered.
func (s *Service) take(v *View, snap persistence.Snapshot, events []persistence.Event) ([]protocol.Event, error) {
	next := *v
	if err := s.adopt(&next, snap); err != nil {
		return nil, err
	}
	opened, err := s.openEvents(&next, events)
	if err != nil {
		return nil, err
	}
	*v = next
	return opened, nil
}

// attach enters this node into the conversation's holders and reads, in one
// step: what is committed after the read reaches the node as news.
func (s *Service) attach(ctx context.Context, v *View, key persistence.Key, r persistence.Range) ([]protocol.Event, error) {
	holder := persistence.Holder{Node: s.node, Count: s.holds.Add(1)}
	snap, events, err := s.nodes.Attach(ctx, key, holder, r)
	if err != nil {
		return nil, fmt.Errorf("attach to conversation: %w", err)
	}
	v.holder = holder
	return s.take(v, snap, events)
}

// Leave takes this node out of the conversation's holders when nobody is
// attached here any more. A node that does not get around to it is forgotten by
// the store after a while.
func (s *Service) Leave(ctx context.Context, v *View, key persistence.Key) error {
	v.Forget()
	if v.holder.Node == "" {
		return nil
	}
	holder := v.holder
	v.holder = persistence.Holder{}
	return s.nodes.Detach(ctx, key, holder)
}

// Past returns events of the log that the view is of, and leaves the view as it is.
// Where the store has lost that log and begun another, its numbers mean other events:
// the error is ErrUnavailable, and the next Resume tells the client.
func (s *Service) Past(ctx context.Context, v *View, key persistence.Key, r persistence.Range) ([]protocol.Event, error) {
	snap, events, err := s.store.Load(ctx, key, r)
	if err != nil {
		return nil, fmt.Errorf("load events: %w", err)
	}
	if snap.Epoch != v.snap.Epoch {
		return nil, fmt.Errorf("load events: the log was begun anew: %w", ErrUnavailable)
	}
	return s.openEvents(v, events)
}

// adopt decodes a snapshot into v.
func (s *Service) adopt(v *View, snap persistence.Snapshot) error {
	next := View{loaded: true, holder: v.holder, snap: snap}
	next.snap.State, next.snap.Profile, next.snap.Contact = nil, nil, nil
	visitor := VisitorOf(snap.Conversation)
	next.snap.Visitor = visitor
	scope := persistence.Scope{Site: snap.Site, Subject: snap.Conversation, Item: itemState}
	if err := s.open(scope, snap.State, &next.state); err != nil {
		return fmt.Errorf("open state: %w", err)
	}
	scope = persistence.Scope{Site: snap.Site, Subject: visitor, Item: itemProfile}
	if err := s.open(scope, snap.Profile, &next.profile); err != nil {
		return fmt.Errorf("open profile: %w", err)
	}
	scope.Item = persistence.ItemContact
	if err := s.open(scope, snap.Contact, &next.values); err != nil {
		return fmt.Errorf("open contact values: %w", err)
	}
	*v = next
	return nil
}

// open decodes sealed JSON into out; nothing sealed leaves out as it is.
func (s *Service) open(scope persistence.Scope, sealed []byte, out any) error {
	if len(sealed) == 0 {
		return nil
	}
	plain, err := s.sealer.Open(scope, sealed)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(plain, out); err != nil {
		// The error of a decoder may quote its input, which is personal data.
		return fmt.Errorf("decode %s: not what this version writes", scope.Item)
	}
	return nil
}

func (s *Service) seal(scope persistence.Scope, value any) ([]byte, error) {
	plain, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", scope.Item, err)
	}
	sealed, err := s.sealer.Seal(scope, plain)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", scope.Item, err)
	}
	return sealed, nil
}

// shown are the values that lines are resolved against. While the contact is
// restricted, lines of the bot that name a field show nothing in its place.
func shown(p *botengine.Profile, values *persistence.ContactValues) *persistence.ContactValues {
	if p.RestrictedAt == 0 {
		return values
	}
	return &persistence.ContactValues{Values: values.Values}
}

func (s *Service) openEvents(v *View, events []persistence.Event) ([]protocol.Event, error) {
	out := make([]protocol.Event, 0, len(events))
	values := shown(&v.profile, &v.values)
	for i := range events {
		var e storedEvent
		scope := persistence.Scope{Site: v.snap.Site, Subject: v.snap.Conversation, Item: itemEvent + events[i].ID}
		if err := s.open(scope, events[i].Body, &e); err != nil {
			return nil, fmt.Errorf("open event %d: %w", events[i].Seq, err)
		}
		out = append(out, wireEvent(&e, events[i].Seq, events[i].At.UnixMilli(), values))
	}
	return out, nil
}

// PublicState returns what a client needs beside the log; nil before the
// conversation exists.
func (s *Service) PublicState(st *site.Site, v *View) *protocol.State {
	if !v.Exists() || v.snap.Erased {
		return nil
	}
	expect := botFor(st, &v.state.Bot).Inputs(v.state.Bot, v.profile)
	out := &protocol.State{
		Owner:    publicOwner(v.state.Owner),
		Consents: make(map[string]protocol.Consent, len(v.profile.Consents)),
		Expect:   protocol.Expect{Kind: expect.Kind, Type: expect.Type, Prompt: expect.Prompt},
		Held:     append([]string{}, v.profile.Held...),
		Name:     v.state.Name, Seen: v.snap.SeenOperator,
	}
	for purpose, c := range v.profile.Consents {
		out.Consents[purpose] = protocol.Consent{Status: c.Status, At: c.At, Notice: c.Notice, Locale: c.Locale, Method: c.Method}
	}
	return out
}

// publicOwner hides which operator it is.
func publicOwner(owner string) string {
	kind, _, _ := strings.Cut(owner, ":")
	return kind
}

// clone returns a copy whose maps may be changed.
func clone(values persistence.ContactValues) persistence.ContactValues {
	out := persistence.ContactValues{Values: maps.Clone(values.Values), Current: maps.Clone(values.Current)}
	if out.Values == nil {
		out.Values = map[string]string{}
	}
	if out.Current == nil {
		out.Current = map[string]string{}
	}
	return out
}
