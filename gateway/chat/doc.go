// Package chat holds the use cases of a conversation: what a visitor, a command
// or a timer does to it.
//
// All of them are one function, [Service.Apply]: load the conversation, let the
// bot engine decide, commit once. The commit checks the version the decision was
// based on; a stale decision is thrown away and made again on the fresh state
// that the store's answer carries.
//
//	View (decoded snapshot) ─▶ decide ─▶ Commit ─▶ Committed: the view moves on
//	      ▲                                 │ Stale: fresh state, decide again
//	      └─────────────────────────────────┘ unknown outcome: read the log, again
//
// The package seals what goes into the store and opens what comes out of it. It
// knows no socket; the caller delivers what an Outcome carries.
package chat
