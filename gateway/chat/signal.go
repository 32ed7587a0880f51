package chat

import (
	"context"
	"fmt"

	"zgoda/persistence"
)

// Signal keeps a read mark and tells the other nodes, and reports what is new of
// it: those who are attached here are the caller's to tell.
func (s *Service) Signal(ctx context.Context, v *View, key persistence.Key, g Signal) (Signal, error) {
	if !v.Exists() || v.Erased() {
		return Signal{}, nil
	}
	g.Seen = min(g.Seen, v.snap.Seq)
	if g.Seen <= v.seen(g.From) {
		g.Seen = 0
	}
	if g.Seen == 0 && !g.Typing {
		return Signal{}, nil
	}
	g.Row = g.From == persistence.SignalOperator && v.state.Unread > 0 && v.snap.SeenOperator < v.state.Last && g.Seen >= v.state.Last
	if err := s.nodes.Signal(ctx, key, s.node, g); err != nil {
		return Signal{}, fmt.Errorf("signal: %w", err)
	}
	v.HearSignal(&g)
	return g, nil
}

// HearSignal moves the read marks on.
func (v *View) HearSignal(g *Signal) {
	mark := &v.snap.SeenVisitor
	if g.From == persistence.SignalOperator {
		mark = &v.snap.SeenOperator
	}
	*mark = max(*mark, g.Seen)
}

func (v *View) seen(from string) uint64 {
	if from == persistence.SignalOperator {
		return v.snap.SeenOperator
	}
	return v.snap.SeenVisitor
}

// WithPeople reports whether a person has the conversation or is waited for.
func (v *View) WithPeople() bool { return v.Exists() && !v.Erased() && owns(v.state.Owner) }

// OwnedBy reports whether an operator has the conversation.
func (v *View) OwnedBy(operator string) bool { return v.state.Owner == ownerOf(operator) }
