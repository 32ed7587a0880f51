package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"zgoda/botengine"
	"zgoda/persistence"
)

// Bounds of asking the ledger. Whoever waits for it is a visitor; after a failure
// nobody asks for a while, so that a ledger that hangs costs one wait and not one
// with every line.
const (
	ledgerTimeout = time.Second
	ledgerPause   = 2 * time.Second
)

// errBehind: records of the visitor have not reached the ledger yet.
var errBehind = fmt.Errorf("%w: the ledger does not have the visitor's newest records yet", persistence.ErrUnavailable)

// doubtful reports whether the view's profile must be compared with the ledger
// before anything is decided on it: the store was restarted or failed over since
// it was written, or it is missing although the visitor was here before.
func doubtful(v *View, in *Input) bool {
	return v.snap.Doubt || in.Returning && v.snap.Version == 0 && v.snap.Life != "" && !v.settled
}

// settleDoubt rebuilds the profile of the view from the ledger. The error is
// persistence.ErrUnavailable where the ledger cannot tell now; then the view is as
// it was, and stays in doubt.
//
// The pending outbox comes first: it holds what the profile knows and the ledger
// does not. Once the ledger has caught up, its numbers are moved on, so that a
// record which the store forgot and a flusher still holds cannot be taken for the
// visitor's next one.
func (s *Service) settleDoubt(ctx context.Context, v *View, key persistence.Key) error {
	if s.ledger == nil {
		v.snap.Doubt, v.settled = false, true
		return nil
	}
	if until := s.ledgerAway.Load(); until > s.now().UnixNano() {
		return persistence.ErrUnavailable
	}
	ctx, cancel := context.WithTimeout(ctx, ledgerTimeout)
	defer cancel()
	visitor := VisitorOf(key.Conversation)
	record, err := s.ledger.Visitor(ctx, key.Site, visitor)
	if errors.Is(err, persistence.ErrNotFound) {
		record, err = persistence.VisitorRecord{}, nil
	}
	if err == nil && !record.Erased && record.AppliedVSeq < v.profile.VSeq {
		s.wake()
		return errBehind
	}
	if err == nil && !record.Erased {
		record, err = s.ledger.Fence(ctx, key.Site, visitor, v.snap.Life)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", persistence.ErrUnavailable, err)
		}
		s.ledgerAway.Store(s.now().Add(ledgerPause).UnixNano())
		return fmt.Errorf("ask the ledger: %w", err)
	}
	s.rebuild(v, &record)
	return nil
}

// rebuild makes the view's profile and contact values what the ledger says.
func (s *Service) rebuild(v *View, record *persistence.VisitorRecord) {
	v.snap.Doubt, v.settled, v.contactChanged = false, true, true
	if record.Erased {
		v.forgotten = true
		return
	}
	v.profile = botengine.Profile{VSeq: record.AppliedVSeq, Consents: map[string]botengine.Consent{}}
	v.snap.VSeq = record.AppliedVSeq
	for purpose, status := range record.Consents {
		if status.Status == persistence.StatusNotAsked {
			continue
		}
		v.profile.Consents[purpose] = botengine.Consent{
			Status: status.Status, At: milli(status.Since), Entry: status.Event, Request: status.Request,
			Notice: status.Notice, Locale: status.Locale, Method: status.Method,
			Grant: status.Grant, GrantVSeq: status.GrantVSeq, ValidUntil: milli(status.ValidUntil), DeclinedAt: milli(status.DeclinedAt),
		}
	}
	if len(record.Fields) == 0 {
		v.values = persistence.ContactValues{}
		return
	}
	v.values = clone(v.values)
	v.profile.Refs = make(map[string]string, len(record.Fields))
	for field, text := range record.Fields {
		ref := v.values.Current[field]
		if ref == "" || v.values.Values[ref] != text {
			ref = s.newID()
			v.values.Values[ref], v.values.Current[field] = text, ref
		}
		v.profile.Held = append(v.profile.Held, field)
		v.profile.Refs[field] = ref
	}
	slices.Sort(v.profile.Held)
	if record.Restricted {
		v.profile.RestrictedAt = s.now().UnixMilli()
	}
}

func milli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// refusing is the profile that the bot decides on while the ledger cannot be
// read: of somebody who has declined everything just now, whom it neither asks
// nor collects from. It is never kept.
func refusing(p *botengine.Profile, now time.Time) botengine.Profile {
	out := botengine.Profile{VSeq: p.VSeq, Consents: make(map[string]botengine.Consent, len(persistence.Purposes))}
	for _, purpose := range persistence.Purposes {
		out.Consents[purpose] = botengine.Consent{Status: persistence.StatusDeclined, At: now.UnixMilli(), DeclinedAt: now.UnixMilli()}
	}
	return out
}

// leaveOpen takes out of a decision what must not be written while the profile is
// in doubt. What would have gone into the ledger cannot be decided at all.
func (d *decision) leaveOpen(v *View, entries []botengine.Entry) error {
	for i := range entries {
		if entries[i].Kind != botengine.EntrySeen {
			return errBehind
		}
	}
	c := &d.commit
	c.Doubt, c.Profile, c.Contact, c.DropContact, c.Outbox = true, nil, nil, false, nil
	c.Timers = slices.DeleteFunc(c.Timers, func(t persistence.TimerChange) bool { return t.Name == timerExpiry })
	d.profile, d.values = v.profile, v.values
	return nil
}
