package chat

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// Held is what is held about a visitor: what the conversation store has, and what
// the contact store has.
type Held struct {
	// Exists: the conversation store knows the visitor. Erased: it knows that they
	// were erased.
	Exists, Erased bool
	Locale         string
	// Fields are the contact values, At when the newest was given and Restricted
	// when using them was restricted, each zero where it is not so.
	Fields         map[string]string
	At, Restricted time.Time
	Consents       map[string]protocol.Consent
	// Ledger holds every consent event known, also those that are still on their
	// way to the ledger, and the texts they point at.
	Ledger persistence.Proof
	// Person is what the contact store has, nil where it knows nothing.
	Person *persistence.Person
	// ahead: the conversation has decisions that the contact store has not yet.
	ahead bool
	// Events are the newest of the log; Complete says that these are all there are.
	Events   []protocol.Event
	Complete bool
}

// maxTranscript bounds the events of an export. What is older comes by history.
const maxTranscript = 5000

// Held reads all that is held about the visitor of a conversation. It reads the
// stores and keeps nothing. Errors are the stores'.
func (s *Service) Held(ctx context.Context, st *site.Site, key persistence.Key, by persistence.Access) (Held, error) {
	var v View
	if _, err := s.Load(ctx, &v, key, persistence.Range{}); err != nil {
		return Held{}, err
	}
	h := Held{Exists: v.Exists() && !v.Erased(), Erased: v.Erased(), Complete: true, Locale: v.Locale()}
	person, err := s.person(ctx, key, by)
	if err != nil {
		return Held{}, err
	}
	h.Person = person
	past, _ := s.remembered(st, &v)
	h.Ledger = past
	if person != nil {
		h.Ledger = merge(person.Proof, past)
		h.ahead = len(h.Ledger.Entries) > len(person.Proof.Entries)
	}
	if !h.Exists {
		return h, nil
	}
	h.Fields = map[string]string{}
	for field, ref := range v.values.Current {
		h.Fields[field] = v.values.Values[ref]
	}
	h.At, h.Restricted = moment(v.profile.HeldAt), moment(v.profile.RestrictedAt)
	h.Consents = s.PublicState(st, &v).Consents
	h.Events, h.Complete, err = s.transcript(ctx, &v, key)
	return h, err
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func (s *Service) person(ctx context.Context, key persistence.Key, by persistence.Access) (*persistence.Person, error) {
	if s.privacy == nil {
		return nil, nil
	}
	p, err := s.privacy.Person(ctx, key.Site, VisitorOf(key.Conversation), by)
	if errors.Is(err, persistence.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read contact store: %w", err)
	}
	return &p, nil
}

// transcript reads the newest events, oldest first.
func (s *Service) transcript(ctx context.Context, v *View, key persistence.Key) (events []protocol.Event, complete bool, err error) {
	before := v.Position().Seq + 1
	for len(events) < maxTranscript && before > 1 {
		page, err := s.Past(ctx, v, key, persistence.Range{Before: before, Limit: protocol.MaxHistory, Newest: true})
		if err != nil {
			return nil, false, err
		}
		if len(page) == 0 {
			return events, true, nil
		}
		events, before = slices.Concat(Public(page), events), page[0].Seq
	}
	return events, before <= max(v.First(), 1), nil
}

// Ledger returns the visitor's consent events with the texts they point at, as
// far as a receipt needs them. The profile has them at once, before the ledger
// has; the ledger is asked where the profile does not remember all, or where a
// text is no longer the site's. Errors are the stores'.
func (s *Service) Ledger(ctx context.Context, st *site.Site, key persistence.Key, by persistence.Access) (persistence.Proof, error) {
	var v View
	if _, err := s.Load(ctx, &v, key, persistence.Range{}); err != nil {
		return persistence.Proof{}, err
	}
	past, whole := s.remembered(st, &v)
	if whole || s.privacy == nil {
		return past, nil
	}
	proof, err := s.privacy.Proof(ctx, key.Site, VisitorOf(key.Conversation), by)
	switch {
	case errors.Is(err, persistence.ErrNotFound):
		return past, nil
	case err != nil:
		return persistence.Proof{}, fmt.Errorf("read ledger: %w", err)
	}
	return merge(proof, past), nil
}

// remembered returns the consent events of the profile in the form of the
// ledger, and whether they and their texts are all there.
func (s *Service) remembered(st *site.Site, v *View) (p persistence.Proof, whole bool) {
	p = persistence.Proof{Site: v.snap.Site, Visitor: VisitorOf(v.snap.Conversation), AsOf: s.now().UTC()}
	past, whole := v.profile.Remembered()
	texts := map[string]bool{"": true}
	for i := range past {
		p.Entries = append(p.Entries, ledgerEntry(&past[i]))
		if hash := past[i].Notice; !texts[hash] {
			if n := noticeText(st.Settings, hash); n != nil {
				p.Notices = append(p.Notices, *n)
				texts[hash] = true
			}
			whole = whole && texts[hash]
		}
	}
	// Of an erased visitor nothing is remembered, and a store that may have gone
	// back in time may have lost the newest.
	return p, whole && v.Exists() && !v.Erased() && !v.snap.Doubt
}

func ledgerEntry(e *botengine.PastEntry) persistence.ProofEntry {
	return persistence.ProofEntry{VSeq: e.VSeq, LedgerEntry: persistence.LedgerEntry{
		ID: e.ID, Purpose: e.Purpose, Kind: e.Kind, Request: e.Request, Grant: e.Grant, Notice: e.Notice, Locale: e.Locale,
		Actor: e.Actor, Method: e.Method, OccurredAt: moment(e.At), ValidUntil: moment(e.ValidUntil),
	}}
}

// merge adds to a proof the events of a profile that the ledger does not have
// yet. The chain ends where the ledger does.
func merge(proof, past persistence.Proof) persistence.Proof {
	last := uint64(0)
	for i := range proof.Entries {
		last = max(last, proof.Entries[i].VSeq)
	}
	out := proof
	out.Entries, out.Notices = slices.Clone(proof.Entries), slices.Clone(proof.Notices)
	texts := map[string]bool{}
	for _, n := range proof.Notices {
		texts[n.Hash] = true
	}
	for i := range past.Entries {
		if past.Entries[i].VSeq > last {
			out.Entries = append(out.Entries, past.Entries[i])
		}
	}
	for _, n := range past.Notices {
		if !texts[n.Hash] {
			out.Notices = append(out.Notices, n)
		}
	}
	return out
}

// Values returns the contact values by field: those of the contact store, and
// over them those that the conversation has now. Where a decision is still on its
// way to the contact store, the conversation alone knows what holds.
func (h *Held) Values() map[string]string {
	out := map[string]string{}
	if h.Person != nil && !(h.Exists && h.ahead) {
		maps.Copy(out, h.Person.Fields)
	}
	maps.Copy(out, h.Fields)
	return out
}
