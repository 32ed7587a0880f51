package client

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"zgoda/gateway/protocol"
)

// Follow follows a site's inbox and waits until it is complete.
func (o *Operator) Follow(ctx context.Context, site string) error {
	o.mu.Lock()
	if o.inboxes[site] == nil {
		o.inboxes[site] = &inboxCopy{rows: map[string]protocol.Row{}}
	}
	failed := len(o.errors)
	o.later(&protocol.OperatorFrame{T: protocol.TypeInbox, Site: site})
	o.mu.Unlock()
	var refused error
	err := o.wait(ctx, func() bool {
		for _, e := range o.errors[min(failed, len(o.errors)):] {
			if e.Site == site && e.Conversation == "" {
				refused = ErrRefused{Code: e.Code, Message: e.Message}
			}
		}
		return o.inboxes[site].complete || refused != nil
	})
	if err != nil {
		return fmt.Errorf("follow inbox: %w", err)
	}
	return refused
}

// WaitRow waits until the row of a conversation fits; found says whether there is
// one.
func (o *Operator) WaitRow(ctx context.Context, site, conversation string, fits func(r protocol.Row, found bool) bool) (protocol.Row, error) {
	var row protocol.Row
	err := o.wait(ctx, func() bool {
		in := o.inboxes[site]
		if in == nil {
			return false
		}
		r, found := in.rows[conversation]
		row = r
		return fits(r, found)
	})
	if err != nil {
		return row, fmt.Errorf("wait for a row: %w", err)
	}
	return row, nil
}

// WaitPresence waits until who is there fits.
func (o *Operator) WaitPresence(ctx context.Context, site string, fits func([]protocol.Colleague) bool) error {
	if err := o.wait(ctx, func() bool { return fits(o.presence[site]) }); err != nil {
		return fmt.Errorf("wait for presence: %w", err)
	}
	return nil
}

// Watch opens a conversation and waits until it is live. ErrRefused says that it
// does not exist or is not the operator's to see.
func (o *Operator) Watch(ctx context.Context, site, conversation string) error {
	key := ConversationKey{site, conversation}
	o.mu.Lock()
	w := o.watched[key]
	if w == nil || w.gone != "" {
		w = &watchCopy{key: key, read: map[string]uint64{}, typing: map[string]bool{}, older: make(chan protocol.Older, 1)}
		w.inputs.next = 1
		o.watched[key] = w
	}
	w.live = false
	o.later(w.ask())
	o.mu.Unlock()
	var gone protocol.Code
	if err := o.wait(ctx, func() bool { gone = w.gone; return w.live || gone != "" }); err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	if gone != "" {
		o.mu.Lock()
		delete(o.watched, key)
		o.mu.Unlock()
		return ErrRefused{Code: gone, Message: "the conversation cannot be watched"}
	}
	return nil
}

// Unwatch closes a conversation again.
func (o *Operator) Unwatch(site, conversation string) error {
	o.mu.Lock()
	delete(o.watched, ConversationKey{site, conversation})
	o.mu.Unlock()
	return o.send(&protocol.OperatorFrame{T: protocol.TypeUnwatch, Site: site, Conversation: conversation})
}

// Act sends a numbered input and waits for its answer. The frame's T, To, Operator,
// Text and Purposes say what it is.
func (o *Operator) Act(ctx context.Context, site, conversation string, f protocol.OperatorFrame) (Receipt, error) {
	o.mu.Lock()
	w := o.watched[ConversationKey{site, conversation}]
	if w == nil {
		o.mu.Unlock()
		return Receipt{}, ErrRefused{Code: protocol.CodeNotWatched, Message: "watch the conversation first"}
	}
	f.N, f.Site, f.Conversation = w.inputs.next, site, conversation
	data, err := protocol.Encode(f)
	if err != nil {
		o.mu.Unlock()
		return Receipt{}, err
	}
	w.inputs.next++
	i := &input{frame: protocol.ClientFrame(f), data: data, done: make(chan struct{})}
	w.inputs.pending = append(w.inputs.pending, i)
	o.push(w)
	o.mu.Unlock()
	select {
	case <-i.done:
		return i.receipt, i.err
	case <-ctx.Done():
		return Receipt{N: f.N}, fmt.Errorf("wait for the answer to input %d: %w", f.N, ctx.Err())
	case <-o.ctx.Done():
		return Receipt{N: f.N}, ErrClosed
	}
}

// Take takes a conversation over.
func (o *Operator) Take(ctx context.Context, site, conversation string) (Receipt, error) {
	return o.Act(ctx, site, conversation, protocol.OperatorFrame{T: protocol.TypeTake})
}

// Release gives it to protocol.OwnerBot or OwnerQueue.
func (o *Operator) Release(ctx context.Context, site, conversation, to string) (Receipt, error) {
	return o.Act(ctx, site, conversation, protocol.OperatorFrame{T: protocol.TypeRelease, To: to})
}

// Transfer gives it to a colleague.
func (o *Operator) Transfer(ctx context.Context, site, conversation, operator string) (Receipt, error) {
	return o.Act(ctx, site, conversation, protocol.OperatorFrame{T: protocol.TypeTransfer, Operator: operator})
}

// CloseConversation closes it.
func (o *Operator) CloseConversation(ctx context.Context, site, conversation string) (Receipt, error) {
	return o.Act(ctx, site, conversation, protocol.OperatorFrame{T: protocol.TypeClose})
}

// Say says a line to the visitor.
func (o *Operator) Say(ctx context.Context, site, conversation, text string) (Receipt, error) {
	return o.Act(ctx, site, conversation, protocol.OperatorFrame{T: protocol.TypeSay, Text: text})
}

// Note writes into the staff log.
func (o *Operator) Note(ctx context.Context, site, conversation, text string) (Receipt, error) {
	return o.Act(ctx, site, conversation, protocol.OperatorFrame{T: protocol.TypeNote, Text: text})
}

// AskCard shows the visitor the consent card.
func (o *Operator) AskCard(ctx context.Context, site, conversation string, purposes ...string) (Receipt, error) {
	return o.Act(ctx, site, conversation, protocol.OperatorFrame{T: protocol.TypeAskCard, Purposes: purposes})
}

// Typing says that the operator types.
func (o *Operator) Typing(site, conversation string, on bool) error {
	return o.send(&protocol.OperatorFrame{T: protocol.TypeTyping, Site: site, Conversation: conversation, On: on})
}

// Seen says what the operator has read.
func (o *Operator) Seen(site, conversation string, seq uint64) error {
	return o.send(&protocol.OperatorFrame{T: protocol.TypeSeen, Site: site, Conversation: conversation, Seq: seq})
}

// Away says that the operator takes no new conversations, or does again.
func (o *Operator) Away(on bool) error {
	return o.send(&protocol.OperatorFrame{T: protocol.TypeAway, On: on})
}

// Beat renews the lease now.
func (o *Operator) Beat() error { return o.send(&protocol.OperatorFrame{T: protocol.TypeBeat}) }

// Raw sends any bytes as a text message.
func (o *Operator) Raw(data []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn == nil {
		return ErrNotConnected
	}
	o.out(o.conn).add(data)
	return nil
}

// Events returns the log of a watched conversation as far as this client has it.
func (o *Operator) Events(site, conversation string) []protocol.Event {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w := o.watched[ConversationKey{site, conversation}]; w != nil {
		return slices.Clone(w.journal.events)
	}
	return nil
}

// Notes returns the staff log of a watched conversation.
func (o *Operator) Notes(site, conversation string) []protocol.Note {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w := o.watched[ConversationKey{site, conversation}]; w != nil {
		return slices.Clone(w.notes)
	}
	return nil
}

// StaffState returns the newest state of a watched conversation.
func (o *Operator) StaffState(site, conversation string) protocol.StaffState {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := o.watched[ConversationKey{site, conversation}]
	if w == nil {
		return protocol.StaffState{}
	}
	s := w.state
	s.Consents = maps.Clone(s.Consents)
	return s
}

// WaitFor returns the first event of a watched conversation that fits, now or later.
func (o *Operator) WaitFor(ctx context.Context, site, conversation string, fits func(protocol.Event) bool) (protocol.Event, error) {
	var found protocol.Event
	err := o.wait(ctx, func() bool {
		w := o.watched[ConversationKey{site, conversation}]
		if w == nil {
			return false
		}
		i := slices.IndexFunc(w.journal.events, fits)
		if i >= 0 {
			found = w.journal.events[i]
		}
		return i >= 0
	})
	if err != nil {
		return found, fmt.Errorf("wait for an event: %w", err)
	}
	return found, nil
}

// WaitState waits until the state of a watched conversation fits. read and typing
// are by side: visitor and operator.
func (o *Operator) WaitState(ctx context.Context, site, conversation string, fits func(s protocol.StaffState, read map[string]uint64, typing map[string]bool) bool) error {
	err := o.wait(ctx, func() bool {
		w := o.watched[ConversationKey{site, conversation}]
		return w != nil && fits(w.state, w.read, w.typing)
	})
	if err != nil {
		return fmt.Errorf("wait for a state: %w", err)
	}
	return nil
}

// InboxFrames returns how many frames of changes the inbox of a site had, after it
// was complete.
func (o *Operator) InboxFrames(site string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if in := o.inboxes[site]; in != nil {
		return in.frames
	}
	return 0
}
