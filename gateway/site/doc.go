// Package site reads what a site owner configures and says what follows from it:
// which pages may open the chat, what the bot may collect, and what visitors are
// told about it.
//
//	configs/sites/demo.yaml ──Load──▶ Site ─┬─ Bot, Flow, Settings   for the engine
//	        flow: ../flows/lead.yaml ──▲    ├─ AllowsOrigin          for the upgrade
//	        Options.Processor ─────────┘    ├─ Settings.Notices      what a card says
//	                                        └─ Information           the privacy panel
//
// Two kinds of mistakes are told apart. A wrong file (a mistyped key, an address
// that is none) stops the start: Load returns every such place at once, as a
// compiler does. An incomplete file (no controller's address yet) does not: the
// chat answers questions, collects nothing, and Warnings says what is missing
// (C38 of the consent requirements).
//
// The words of a consent card are ours, per locale, in texts/; a site gives the
// facts. A site cannot rename a button: an owner who could call the decline
// button "later" would (E36). A notice is content-addressed: its canonical JSON
// holds the card and the facts behind the privacy panel, so that what a visitor
// was shown can be proven after everything here has changed.
//
// A Site is immutable and may be used from any goroutine. There is no reload: a
// changed file is a restart, and restarts are cheap here.
package site
