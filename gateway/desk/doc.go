// Package desk is where operators work, as one node sees it: who is there, and the
// inboxes of its sites.
//
// News of the store are wake-ups only. Whatever they say, the node reads what
// changed after what it has told its followers, in order, so that lost or
// overtaken news cost a moment and never a row:
//
//	news ─▶ dirty ─▶ (at most every CoalesceMS) InboxRows(after position) ─▶ one frame ─▶ every follower
//
// A follower that comes is read to, without a lock, until nothing is left, and then
// joins under the inbox's lock. A row may reach it twice; it replaces itself.
//
// Who is there is a lease for each socket, kept in the store. Every node looks at
// the leases; an operator who was missing for the grace time, longer than a socket
// needs to come back or to renew its lease after the store was away, has gone, and
// their conversations go back to the queue. All nodes may find that at the same
// time: the commit takes effect once.
package desk
