// Package botengine decides for the bot. It runs flows: what the bot says, what
// it asks, when it asks for consent and what it must not ask without one.
//
// It is a pure function of values. A turn takes the conversation's state, the
// visitor's profile and one input, and returns the next state, the next profile,
// the events to append and the records for the contact store. There is no clock,
// no randomness, no store and no socket in here: time and names come with the
// input, so the same inputs replay to the same log.
//
//	           Input (id, time, what the visitor did)
//	             │
//	State ──▶ Bot.Turn ──▶ Result: State', Profile', Events, Entries, Values,
//	Profile ──▶  │                 Owner, Effect
//	             └─ Flow (YAML, content-hashed) + Settings (the site's rules)
//
// Consent is a step with rules and not a message with a button: only a press of
// the open card's button, or one of a short exact list of phrases as the direct
// answer, grants; a contact field is asked for and accepted only while the grant
// for it is in force, whatever the flow says.
//
// # Two gates
//
// NewBot walks every path of a flow and refuses one that could ask for or send a contact
// before a granted consent, under every value of the owner's switches. Turn does
// not rely on that: mayCollect stands in front of every contact question and every
// answer to one. The law tests run flows that NewBot has never seen.
//
// # People, time, other servers
//
// A handoff gives the conversation to people (Result.Owner is OwnerQueue); while
// they have it turns are quiet and the flow stays where it is. Whoever changes the
// owner from outside tells the flow by InputOwner.
//
// A wait has one timer, State.Due: the caller keeps it and sends InputTimer when it
// is due. A timer that comes too early finds Due in the future, or gone, and does
// nothing, so that one too many never hurts.
//
// A webhook is an Effect: the state says which one is awaited, the caller runs it
// once the turn is committed and hands in an InputResult. Every attempt is a turn
// of its own, made by the timer where the one before has failed or was lost with
// its node; a result that is not awaited any more is refused. The gate for contact
// fields stands in front of each attempt.
//
// # Versions
//
// A conversation whose state names another flow goes on at the step of the same
// name and purpose, else at the first answers. What it has collected stays, and a
// question that was answered is passed once.
//
// # Where a requirement left a choice
//
//   - A grant that ended while its question stood (research/consent.md E1, E32): the
//     answer is no refusal but a line like any other, masked, and the chat goes on
//     at the nearest answers step.
//   - A press on the open card after an idle pause is that card's answer; anything
//     else the visitor does first records it as deferred and closes it (E19).
//   - While a person has the conversation (Input.Quiet) a typed phrase is said to
//     the person and grants nothing; the card's button does.
//   - Options stay pressable while the flow waits for them, repeated copies alike,
//     and topics as long as they are among the newest offers.
//   - Marketing consent steps pass as declined where the site does not require
//     consent: nothing may be sent without a grant, and nobody asks for one there.
//   - An open consent card is never followed by a reminder, and idle close records it
//     as deferred (C7, E19).
//   - Where the site sets an age limit (C9) everybody is asked once, in front of the
//     first card; the answer holds, also where it was "younger".
//   - A webhook's answer is shortened and masked: variables outlive a grant.
//   - Withdrawing reaches what was kept under a policy too. Its entry names no grant.
package botengine
