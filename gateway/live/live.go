// Package live knows which conversations have somebody attached on this node.
//
// A Conversation here is the node's one meeting point for a conversation that is
// in use: it serialises the inputs that arrive on this node, so they do not
// conflict with one another, it keeps what the last use case decoded, so a turn
// needs no read, and it hands new events to everybody attached. It is dropped
// when nobody uses it any more; nothing in it is the truth.
//
//	Registry ──▶ Conversation[V] ──▶ Member, Member, …
//	             mu: one use case at a time
//
// Lock order: Conversation.Lock before Registry's own lock, which is held for
// map operations only.
package live

import (
	"sync"

	"zgoda/persistence"
)

// A Member is attached to a conversation, typically through a socket. Deliver is
// called with the conversation locked, in the order of the log, and must not
// block.
type Member interface {
	Deliver(d Delivery)
}

// A Delivery is what a commit, or another node's commit, brought. It is shared
// by all members and must not be changed.
type Delivery struct {
	// First and Last are the numbers of the first and the last event; both are 0
	// where there is none.
	First, Last uint64
	// Frame is the encoded frame for a visitor that has everything before First,
	// Staff that for an operator; nil where there is nothing for them.
	Frame []byte
	Staff []byte
	// Notes is the frame of new entries of the staff log, FirstNote and LastNote
	// their numbers. It is for operators alone.
	Notes               []byte
	FirstNote, LastNote uint64
	// Except is who caused it and needs it not.
	Except Member
	// Erased: the visitor is gone; nothing follows.
	Erased bool
	// Restarted: what follows does not continue what was delivered before. Every
	// member must resume.
	Restarted bool
}

// A Conversation is in use on this node. V is what use cases keep between turns.
// Value and the members are guarded by the conversation's lock.
type Conversation[V any] struct {
	Key persistence.Key

	registry *Registry[V]

	// Guarded by the registry.
	refs    int
	news    []*persistence.News
	hearing bool

	mu      sync.Mutex // guards the fields below
	value   V
	members map[Member]struct{}
}

// A Registry holds the conversations in use on this node. Its methods may be
// called concurrently.
type Registry[V any] struct {
	hearing sync.WaitGroup

	mu            sync.Mutex // guards the fields below
	conversations map[persistence.Key]*Conversation[V]
}

// NewRegistry returns an empty registry.
func NewRegistry[V any]() *Registry[V] {
	return &Registry[V]{conversations: map[persistence.Key]*Conversation[V]{}}
}

// Acquire returns the conversation of key and keeps it until Release. Every
// Acquire needs one Release.
func (r *Registry[V]) Acquire(key persistence.Key) *Conversation[V] {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.conversations[key]
	if c == nil {
		c = &Conversation[V]{Key: key, registry: r}
		r.conversations[key] = c
	}
	c.refs++
	return c
}

// Len returns how many conversations are in use.
func (r *Registry[V]) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conversations)
}

// Release gives up one Acquire. The conversation must not be used afterwards.
func (c *Conversation[V]) Release() {
	r := c.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.refs--; c.refs == 0 {
		delete(r.conversations, c.Key)
	}
}

// Do runs f with the conversation locked. f may change the value, attach and
// detach members and deliver. It may take as long as a commit takes.
func (c *Conversation[V]) Do(f func(l Locked[V])) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(Locked[V]{c})
}

// Locked is a conversation whose lock is held. It must not outlive Do.
type Locked[V any] struct{ c *Conversation[V] }

// Key names the conversation.
func (l Locked[V]) Key() persistence.Key { return l.c.Key }

// Value returns the place of the kept value.
func (l Locked[V]) Value() *V { return &l.c.value }

// Attach adds m; it gets every delivery from now on.
func (l Locked[V]) Attach(m Member) {
	if l.c.members == nil {
		l.c.members = make(map[Member]struct{}, 1)
	}
	l.c.members[m] = struct{}{}
}

// Detach removes m.
func (l Locked[V]) Detach(m Member) { delete(l.c.members, m) }

// Members returns how many are attached.
func (l Locked[V]) Members() int { return len(l.c.members) }

// Deliver hands d to every member.
func (l Locked[V]) Deliver(d Delivery) {
	for m := range l.c.members {
		if m != d.Except {
			m.Deliver(d)
		}
	}
}

// Each calls f for every member.
func (l Locked[V]) Each(f func(Member)) {
	for m := range l.c.members {
		f(m)
	}
}
