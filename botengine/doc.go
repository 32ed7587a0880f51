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
//	State ──▶ Bot.Turn ──▶ Result: State', Profile', Events, Entries, Values
//	Profile ──▶  │
//	             └─ Flow (YAML, content-hashed) + Settings (the site's rules)
//
// Consent is a step with rules and not a message with a button: only a press of
// the open card's button, or one of a short exact list of phrases as the direct
// answer, grants; a contact field is asked for and accepted only while the grant
// for it is in force, whatever the flow says.
package botengine
