package chat

import (
	"context"
	"fmt"

	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// Chunk is how many events one frame of a replay carries at most.
const Chunk = 50

// KeyOf names the conversation of a visitor on a site.
func KeyOf(siteKey, visitor string) persistence.Key {
	return persistence.Key{Site: siteKey, Conversation: ConversationOf(visitor)}
}

// A Replay says how a client can go on.
type Replay struct {
	// Resume is one of protocol.ResumeNew, ResumeResumed and ResumeReset.
	Resume string
	// After is the number before the first event that the client is to get.
	After uint64
	// LastN is the newest number applied for the client instance.
	LastN uint64
}

// Resume reads the conversation and decides whether a client that shows have can
// go on from there. Continuity must be proven: the epoch is the same, the event
// is still in the log, under the same number and name, and nothing after it was
// trimmed. Otherwise the client is reset; there is no partial resume.
func (s *Service) Resume(ctx context.Context, v *View, key persistence.Key, client string, have *protocol.Have) (Replay, error) {
	lastN, err := s.store.LastInput(ctx, key, client)
	if err != nil {
		return Replay{}, fmt.Errorf("load client instance: %w", err)
	}
	r := persistence.Range{}
	if have != nil && have.Seq > 0 {
		r = persistence.Range{From: have.Seq, Before: have.Seq + 1, Limit: 1}
	}
	events, err := s.attach(ctx, v, key, r)
	if err != nil {
		return Replay{}, err
	}
	replay := Replay{LastN: lastN}
	switch {
	case v.snap.Version == 0 && have == nil:
		replay.Resume = protocol.ResumeNew
	case have != nil && v.snap.Version > 0 && continues(v, have, events):
		replay.Resume, replay.After = protocol.ResumeResumed, have.Seq
	default:
		replay.Resume = protocol.ResumeReset
		if v.snap.Seq > protocol.ResetEvents {
			replay.After = v.snap.Seq - protocol.ResetEvents
		}
		switch {
		case v.snap.First > 0:
			replay.After = max(replay.After, v.snap.First-1)
		default: // the whole log was trimmed; only its top is known
			replay.After = v.snap.Seq
		}
	}
	return replay, nil
}

func continues(v *View, have *protocol.Have, events []protocol.Event) bool {
	if have.Epoch != v.snap.Epoch || have.Seq > v.snap.Seq {
		return false
	}
	if have.Seq == 0 {
		return v.snap.First <= 1
	}
	return len(events) == 1 && events[0].Seq == have.Seq && events[0].ID == have.ID
}

// Hold makes sure that this node is among the conversation's holders: another
// socket of it, closing just now, may have taken the node out.
func (s *Service) Hold(ctx context.Context, v *View, key persistence.Key) error {
	if v.loaded && v.holder.Node != "" {
		return nil
	}
	_, err := s.attach(ctx, v, key, persistence.Range{})
	return err
}

// Next returns up to Chunk events after a number, as participants see them. It ends
// where the view ends, although the store may be further on by now: what is behind it
// comes as news, with the state that belongs to it, and must not come twice.
func (s *Service) Next(ctx context.Context, v *View, key persistence.Key, after uint64) ([]protocol.Event, error) {
	if after >= v.snap.Seq {
		return nil, nil
	}
	return s.Past(ctx, v, key, persistence.Range{From: after + 1, Before: v.snap.Seq + 1, Limit: Chunk})
}

// Before returns up to limit events before a number, oldest first, and whether
// there are older ones.
func (s *Service) Before(ctx context.Context, v *View, key persistence.Key, before uint64, limit int) ([]protocol.Event, bool, error) {
	events, err := s.Past(ctx, v, key, persistence.Range{Before: before, Limit: limit, Newest: true})
	if err != nil {
		return nil, false, err
	}
	more := len(events) > 0 && events[0].Seq > max(v.snap.First, 1)
	return events, more, nil
}

// Top returns the top of the log as the store has it now, and renews this node's
// entry among the holders: a node's own memory cannot know what it has missed.
func (s *Service) Top(ctx context.Context, v *View, key persistence.Key) (persistence.Position, error) {
	tops, err := s.nodes.Beat(ctx, v.holder, []persistence.Key{key})
	if err != nil {
		return persistence.Position{}, fmt.Errorf("read position: %w", err)
	}
	return tops[0], nil
}

// Hear moves the view on to what another node has committed. The outcome has
// neither Ack nor, when it worked, Err. News that do not continue the view are
// repaired by reading the log.
func (s *Service) Hear(ctx context.Context, st *site.Site, v *View, news *persistence.News) Outcome {
	if !v.loaded || news.Snapshot.Version <= v.snap.Version && news.Snapshot.Epoch == v.snap.Epoch {
		return Outcome{} // known already, or nobody has seen anything here
	}
	if news.Base != v.snap.Version || v.snap.Version == 0 && len(news.Events) == 0 {
		return s.Refresh(ctx, st, v, news.Snapshot.Key)
	}
	out := Outcome{Removed: news.ContactDropped, Erased: news.Snapshot.Erased}
	next := *v
	if err := s.follow(&next, news); err != nil {
		return out.failed(0, err)
	}
	events, err := s.openEvents(&next, news.Events)
	if err != nil {
		return out.failed(0, err)
	}
	if out.Notes, err = s.openNotes(news.Snapshot.Key, news.Staff); err != nil {
		return out.failed(0, err)
	}
	*v = next
	changed := len(events) > 0 || news.Snapshot.State != nil || news.Snapshot.Profile != nil || news.Snapshot.Contact != nil ||
		news.ContactDropped
	if changed || out.Erased {
		out.Events, out.State, out.Changed = events, s.PublicState(st, v), true
	}
	return out
}

// follow decodes what a commit has changed; what it left alone is kept.
func (s *Service) follow(v *View, news *persistence.News) error {
	next := View{}
	if err := s.adopt(&next, news.Snapshot); err != nil {
		return err
	}
	if news.Snapshot.State == nil {
		next.state = v.state
	}
	if news.Snapshot.Profile == nil {
		next.profile = v.profile
	}
	if news.Snapshot.Contact == nil && !news.ContactDropped {
		next.values = v.values
	}
	next.holder = v.holder
	if next.snap.First == 0 {
		next.snap.First = v.snap.First
	}
	// News tell of the staff log where it grew, and of read marks never.
	next.snap.StaffSeq = max(next.snap.StaffSeq, v.snap.StaffSeq)
	next.snap.SeenVisitor, next.snap.SeenOperator = v.snap.SeenVisitor, v.snap.SeenOperator
	*v = next
	return nil
}

// Refresh reads what the view has missed. The outcome has neither Ack nor, when
// it worked, Err.
func (s *Service) Refresh(ctx context.Context, st *site.Site, v *View, key persistence.Key) Outcome {
	var out Outcome
	version := v.snap.Version
	if err := s.reload(ctx, v, key, &out); err != nil {
		return out.failed(0, err)
	}
	out.State, out.Changed = s.PublicState(st, v), v.snap.Version != version
	out.Erased = v.snap.Erased
	return out
}
