// Package persistence holds the records Zgoda keeps, the contracts every store
// keeps for them, and the errors their callers branch on.
//
// Two halves, two contracts:
//
//   - [Conversations] and [Outbox] are the conversation store: an ordered,
//     sealed log of events for every conversation, one state, one profile of the
//     visitor's consents, one sealed record of contact values, and the outbox.
//     Everything that one input changes goes through one atomic
//     [Conversations.Commit], which checks the version the decision was based
//     on. That check is what makes take-over fenced, retries harmless and nodes
//     interchangeable.
//   - [Contacts] is the contact store: the consent ledger, the grants in force
//     and the contacts. It is written by the flusher alone, from the outbox, in
//     the order of each visitor's records, and it cannot hold a contact without
//     a grant that is in force and precedes it.
//
// What this package calls sealed was encrypted by a [Sealer] before it got
// here; a store never sees the plaintext of it. Stores know no socket, no flow
// and no protocol. Implementations live in sub-packages and do not know one
// another; persistence/storetest is the suite that each of them passes.
package persistence
