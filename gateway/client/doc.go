// Package client speaks zgoda.v1 from the visitor's side, for end-to-end tests
// and load tests. It does what the protocol's document asks of a client, and it
// distrusts the server: what breaks a promise is kept as a violation.
//
//	callers            keeper (one goroutine)         reader (one for each socket)
//	Say ─▶ number ─▶ pending ─▶ write, 16 in flight      read ─▶ receive
//	  ◀────────────── ack ◀──────────────────────────────────────┤
//	WaitFor ◀──────── journal (the log, checked) ◀───────────────┘
//
// The keeper alone writes, beats, watches for silence and connects again. A
// reader alone reads its socket. All state is behind one lock that is never held
// over I/O. While a new socket takes over from an old one (goaway), both have a
// reader; frames are then handled one at a time, under a second lock that is
// taken before the first.
//
// An input keeps its number until the server has answered it for good: it is
// sent again after every reconnect and every transient error, and the server
// answers a repetition as it answered before. A caller whose context ends has
// stopped waiting, not sending.
//
//	dialing ──▶ open sent ──▶ hello ──▶ replay ──▶ live ──▶ lost ──▶ (retry)
//	                 │ error                                 │ code 4500–4999
//	                 ▼                                       ▼
//	              refused                                  ended
//
// An Operator is the same for the people who answer: one socket for all of a site's
// conversations, an inbox for each site, and numbers for each conversation.
package client
