// Package redisstore keeps conversations, outbox, inbox, timers and the nodes'
// channels in Redis 7.0 or newer: standalone, behind Sentinels, or a Cluster.
//
// # Keys
//
// Everything of a site carries the hash tag {site}, so that one script may
// change it together, on a Cluster too. P is Options.Prefix.
//
//	P{site}c:<conversation>  hash    h: packed head, st: state           Transcript
//	P{site}e:<conversation>  stream  <seq>-0: id, time, body             Transcript
//	P{site}i:<conversation>  hash    m:<client> number and last use,     7 days
//	                                 a<slot>:<client> digest and answer
//	P{site}o:<conversation>  string  its visitor                         ProfileTTL
//	P{site}h:<conversation>  string  the nodes that hold its sockets     2 minutes
//	P{site}p:<visitor>       hash    h: packed head, pr: profile,        ProfileTTL, none
//	                                 ct: contact values, o:<vseq> the    while a record is
//	                                 id of a record in the outbox, its   unflushed
//	                                 conversations and timers
//	P{site}outbox            stream  records, never trimmed by length
//	P{site}timers            zset    by time, microseconds
//	P{site}inbox:…           rows, their order, their ages, the top
//	P{site}watchers          string  the nodes that watch the inbox
//	Pn:<node>                channel of a node, classic PUBLISH
//
// Lifetimes begin with the last commit and are renewed at most hourly. The
// scripts in scripts/ are the only writers; heads.lua describes the packed
// heads.
//
// # A commit
//
// One EVALSHA, one round trip. commit_check.lua answers everything that is no
// Committed before the first write, in the order of the Outcome constants;
// commit_write.lua writes; commit_tell.lua changes the inbox and publishes to
// the other holders. The same script exists twice: a commit that is Safe,
// erases or drops contact values runs the one flagged allow-oom.
//
// # On the wire
//
//	caller ─▶ lane ─▶ link ─▶ primary        lane: plain, and safe where Replicas > 0
//	            └──▶ link ─▶                  link: one connection, one batch at a time
//
// A call that finds the lane idle goes at once, by its caller's hand. Calls that
// come while two batches are under way share the next one. A caller's deadline
// holds in the queue: who leaves before the call was taken gets ErrUnavailable,
// who leaves later ErrUnknown. A link counts the bytes it sent, so a failure
// before the first byte is ErrUnavailable and tried once more on a new
// connection. The driver retries nothing; a read is made once more where its
// connection broke, a commit never: that is its caller's decision.
//
// On the safe lane every batch ends with one WAIT on the same connection. A
// repeat writes too, since WAIT promises no more than what its connection
// wrote. A short count is ErrUnknown.
//
// # What Redis loses
//
// A profile remembers the run id of the process it was written on; another one
// answers with Snapshot.Doubt until the profile is committed again. The first
// commit of a conversation, and of a profile, on another process jumps to a
// version nobody has seen: a node that still holds what was lost gets Stale and
// never a match by chance. With a profile that is committed in doubt, or where
// there is none, the visitor's next outbox number may lie higher than the
// stored one: the ledger may know of records that Redis lost.
//
// A slot that moves is answered MOVED and followed, TRYAGAIN and ASK are
// ErrUnavailable.
//
// # Locks
//
// A lane's mu is never held while anything is sent or waited for, and no other
// lock is taken under it. The store's own locks guard one map each and are
// never nested.
package redisstore
