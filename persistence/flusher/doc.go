// Package flusher moves the outbox of the conversation store to the contact
// store.
//
// # One pass
//
//	Pending ─▶ open, decode ─▶ fetch contact values ─▶ Apply ─▶ Acknowledge
//	           (per record)    (per contact record)   (per site)
//
// A record leaves the outbox only after the contact store said what became of
// it. A pass that dies anywhere is repeated as a whole: the contact store knows
// each visitor's number and answers AlreadyApplied. So any number of flushers
// may run, on any number of nodes, without asking one another.
//
// # What stands in the way
//
//   - A store that is away: the pass is tried again, with growing and jittered
//     pauses, for as long as it takes. Nothing is kept in memory meanwhile.
//   - A record that does not open or decode, or whose visitor's contact record
//     does not open: it is never acknowledged, and it blocks its visitor and
//     nobody else. It is tried again with every pass, so putting the missing key
//     back is all that is needed.
//   - A record that can never be applied: the contact store sets it aside with
//     its reason, and the flusher acknowledges it.
//   - A record that never comes, because the contact store was restored and the
//     outbox no longer has what was acknowledged since: when every pass that saw the
//     whole outbox has missed it for Options.GapAfter, it is recorded as lost and
//     passed.
//
// # A contact whose values are gone
//
// A withdrawal deletes the values in the same commit that writes its outbox
// record. The values may therefore be gone while the contact that names them is
// still pending, and then the withdrawal is pending too, behind it. The contact
// store shreds such a contact on the proof that is in the same batch, so the
// flusher hands the two over together: where the proof is not in what it read,
// it holds the visitor back and reads again. What it reads then is younger than
// the loss of the values and must contain it.
//
// # Memory
//
// Records that are held back stand at the front of the outbox, so each pass
// reads as many more as the last one held back, up to maxHeld batches. With
// more than that the flusher says so and the rest waits.
package flusher
