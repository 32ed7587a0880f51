package desk

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"zgoda/gateway/protocol"
	"zgoda/persistence"
)

// look reads who is there on every site, again and again: the end of a lease is no
// news, and a node without followers hears none.
func (d *Desk) look(ctx context.Context) {
	ticker := time.NewTicker(d.o.Every)
	defer ticker.Stop()
	for {
		for _, i := range d.inboxes {
			ask, cancel := context.WithTimeout(ctx, d.o.Timeout)
			// Where the store is away nobody is taken for gone.
			_ = i.look(ask)
			cancel()
			if ctx.Err() != nil {
				return
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look reads who is there, tells the followers where it changed, and gives back
// what operators have who are gone.
func (i *inbox) look(ctx context.Context) error {
	i.looking.Lock()
	defer i.looking.Unlock()
	present, err := i.desk.o.Desk.Presences(ctx, i.site)
	if err != nil {
		return fmt.Errorf("read presence: %w", err)
	}
	assigned, err := i.desk.o.Desk.Assignments(ctx, i.site)
	if err != nil {
		return fmt.Errorf("read assignments: %w", err)
	}
	names := map[string]string{}
	if len(present) > 0 {
		names = i.desk.o.Names(ctx, i.site)
	}
	list := colleagues(present, assigned, names)
	online := 0
	for k := range list {
		if !list[k].Away {
			online++
		}
	}
	i.online.Store(int64(online))
	frame, err := protocol.Encode(&protocol.Presence{Site: i.site, Operators: list})
	if err != nil {
		return fmt.Errorf("encode presence: %w", err)
	}
	i.mu.Lock()
	i.there = map[string]bool{}
	for k := range list {
		i.there[list[k].ID] = true
	}
	remembered := map[string]bool{}
	for k := range present {
		remembered[present[k].Operator] = true
	}
	if !bytes.Equal(frame, i.presence) {
		i.presence = frame
		for f := range i.followers {
			f.Deliver(frame)
		}
	}
	gone := i.gone(assigned, remembered)
	i.mu.Unlock()
	for _, a := range gone {
		i.desk.o.Return(ctx, i.site, a.Conversation, a.Operator)
	}
	return nil
}

// gone returns what operators have who were missing for the grace time; there are
// those who are, or were there lately. mu is held.
func (i *inbox) gone(assigned []persistence.Assignment, there map[string]bool) []persistence.Assignment {
	now := i.desk.o.Now()
	owners := map[string]bool{}
	var gone []persistence.Assignment
	for _, a := range assigned {
		owners[a.Operator] = true
		if there[a.Operator] {
			continue
		}
		since, known := i.missing[a.Operator]
		if !known {
			i.missing[a.Operator] = now
			continue
		}
		if now.Sub(since) >= i.desk.o.Grace {
			gone = append(gone, a)
		}
	}
	for operator := range i.missing {
		if there[operator] || !owners[operator] {
			delete(i.missing, operator)
		}
	}
	return gone
}

// colleagues makes one entry of all sockets of an operator, in the order of ids.
func colleagues(present []persistence.Presence, assigned []persistence.Assignment, names map[string]string) []protocol.Colleague {
	byID := map[string]*protocol.Colleague{}
	for _, p := range present {
		if p.Left {
			continue
		}
		c := byID[p.Operator]
		if c == nil {
			c = &protocol.Colleague{ID: p.Operator, Name: names[p.Operator], Away: true}
			byID[p.Operator] = c
		}
		c.Away = c.Away && p.Away
		c.Watching = append(c.Watching, p.Watching...)
	}
	for _, a := range assigned {
		if c := byID[a.Operator]; c != nil {
			c.Conversations++
		}
	}
	out := make([]protocol.Colleague, 0, len(byID))
	for _, c := range byID {
		slices.Sort(c.Watching)
		c.Watching = slices.Compact(c.Watching)
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b protocol.Colleague) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// showPresence tells a new follower who is there.
func (i *inbox) showPresence(ctx context.Context, f Follower) error {
	i.mu.Lock()
	frame := i.presence
	if frame != nil {
		f.Deliver(frame)
	}
	i.mu.Unlock()
	i.stale.Store(true)
	return ctx.Err()
}
