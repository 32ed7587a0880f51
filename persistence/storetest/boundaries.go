package storetest

import (
	"errors"
	"testing"

	"zgoda/persistence"
)

func erasureLeavesTheMarker(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	in := c.withOutbox(c.say("tab", 3), 1)
	in.Profile, in.Contact = []byte("profile"), []byte("contact")
	c.commit(in, persistence.Committed)
	old := c.say("tab", 1)

	erase := c.withOutbox(c.say("tab", 0), 1)
	erase.Erase = true
	c.commit(erase, persistence.Committed)
	snap, events := c.load(everything)
	if !snap.Erased || len(events) != 0 || snap.State != nil || snap.Profile != nil || snap.Contact != nil || snap.Seq != 0 || snap.First != 0 {
		t.Errorf("an erasure must leave the marker and nothing else, got %+v with %d events", snap, len(events))
	}
	if got, err := s.ContactValues(t.Context(), "shop", c.visitor); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("an erasure must delete the contact record, got %q %v", got, err)
	}
	if n := c.lastInput("tab"); n != 0 {
		t.Errorf("an erasure must forget the clients, got last %d", n)
	}
	for _, later := range []*persistence.Commit{erase, in, old, c.say("new tab", 1)} {
		c.commit(later, persistence.Erased)
	}
	if p := pending(t, s, 10); len(p) != 2 || p[1].VSeq != 2 {
		t.Errorf("the contact store must still learn of the erasure, in order, got %v", p)
	}
	other := newChat(t, s, "shop", "b")
	other.commit(other.say("tab", 1), persistence.Committed)
}

func erasureOfAStranger(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	in := c.withOutbox(c.say("$command", 0), 1)
	in.Erase, in.Epoch = true, ""
	c.commit(in, persistence.Committed)
	if snap, _ := c.load(everything); !snap.Erased {
		t.Errorf("a visitor who never wrote can be erased too, got %+v", snap)
	}
	c.commit(c.say("tab", 1), persistence.Erased)
}

func sitesDoNotMeet(t *testing.T, s ConversationStore) {
	a, b := newChat(t, s, "shop", "same"), newChat(t, s, "other", "same")
	in := a.withOutbox(a.say("tab", 2), 1)
	in.Profile, in.Contact = []byte("profile"), []byte("contact")
	a.commit(in, persistence.Committed)

	if snap, events := b.load(everything); snap.Version != 0 || len(events) != 0 || snap.Profile != nil {
		t.Errorf("a conversation must not be found under another site's key, got %+v", snap)
	}
	if n := b.lastInput("tab"); n != 0 {
		t.Errorf("a client must not be found under another site's key, got %d", n)
	}
	if _, err := s.ContactValues(t.Context(), "other", b.visitor); !errors.Is(err, persistence.ErrNotFound) {
		t.Errorf("contact values must not be found under another site's key, got %v", err)
	}
	b.commit(b.withOutbox(b.say("tab", 1), 1), persistence.Committed)
	if err := s.Acknowledge(t.Context(), []persistence.OutboxRecord{{Site: "other", Visitor: b.visitor, VSeq: 1}}); err != nil {
		t.Fatal(err)
	}
	if p := pending(t, s, 10); len(p) != 1 || p[0].Site != "shop" {
		t.Errorf("acknowledging one site's record must not touch another's, got %v", p)
	}
	erase := b.say("tab", 0)
	erase.Erase = true
	b.commit(erase, persistence.Committed)
	if snap, events := a.load(everything); snap.Erased || len(events) != 2 || string(snap.Contact) != "contact" {
		t.Errorf("erasing on one site must not touch another, got %+v with %d events", snap, len(events))
	}
	// Names that run into each other when they are merely joined.
	c := newChat(t, s, "shop:c-x", "y")
	c.key.Conversation, c.visitor = "z", "z"
	d := newChat(t, s, "shop", "y")
	d.key.Conversation, d.visitor = "c-x:z", "c-x:z"
	c.commit(c.say("tab", 1), persistence.Committed)
	if snap, _ := d.load(everything); snap.Version != 0 {
		t.Errorf("site and conversation must be bound unambiguously, got %+v", snap)
	}
}

func endedContextChangesNothing(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	ctx := cancelled()
	calls := map[string]func() error{
		"commit":   func() error { _, err := s.Commit(ctx, c.withOutbox(c.say("tab", 1), 1)); return err },
		"load":     func() error { _, _, err := s.Load(ctx, c.key, everything); return err },
		"last":     func() error { _, err := s.LastInput(ctx, c.key, "tab"); return err },
		"position": func() error { _, err := s.Positions(ctx, []persistence.Key{c.key}); return err },
		"pending":  func() error { _, err := s.Pending(ctx, 10); return err },
		"contact":  func() error { _, err := s.ContactValues(ctx, "shop", c.visitor); return err },
		"acknowledge": func() error {
			return s.Acknowledge(ctx, []persistence.OutboxRecord{{Site: "shop", Visitor: c.visitor, VSeq: 1}})
		},
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("%s with a context that has ended must be unavailable, got %v", name, err)
		}
	}
	if snap, _ := c.load(everything); snap.Version != 0 {
		t.Errorf("a commit with a context that has ended must change nothing, got %+v", snap)
	}
	c.commit(c.say("tab", 1), persistence.Committed)
}

func defectsAreRefused(t *testing.T, s ConversationStore) {
	c := newChat(t, s, "shop", "a")
	tests := map[string]func(*persistence.Commit){
		"no site":              func(in *persistence.Commit) { in.Site = "" },
		"no conversation":      func(in *persistence.Commit) { in.Conversation = "" },
		"no visitor":           func(in *persistence.Commit) { in.Visitor = "" },
		"no client":            func(in *persistence.Commit) { in.Input.Client = "" },
		"no number":            func(in *persistence.Commit) { in.Input.N = 0 },
		"erase with events":    func(in *persistence.Commit) { in.Erase, in.State = true, nil },
		"erase with state":     func(in *persistence.Commit) { in.Erase, in.Events = true, nil },
		"erase with profile":   func(in *persistence.Commit) { in.Erase, in.Events, in.State, in.Profile = true, nil, nil, []byte("p") },
		"erase with contact":   func(in *persistence.Commit) { in.Erase, in.Events, in.State, in.Contact = true, nil, nil, []byte("c") },
		"contact put and drop": func(in *persistence.Commit) { in.Contact, in.DropContact = []byte("c"), true },
	}
	for name, spoil := range tests {
		in := c.say("tab", 1)
		spoil(in)
		c.refuse(in, "a commit with a defect ("+name+") must be refused")
	}
	c.commit(c.say("tab", 1), persistence.Committed)
	other := c.say("tab", 1)
	other.Visitor = "v-other"
	c.refuse(other, "a conversation must not change hands")
}
