// Package visitor plays the visitors of a load run: they come when the plan says
// so, whatever the server does, behave as their kind does, and keep a record
// that package verdict judges.
//
//	Plan ─▶ Crowd ─▶ visitor ─ act, act, act ─▶ verdict.Visit ─▶ Audit
//	                   │ due = arrival + thinking + typing, drawn from the seed
//	                   └ latency = answer − due
//
// An act is due when the visitor would have done it had every answer come at
// once. Where an answer is late the next act is late too, and its own latency
// counts from when it was due: a server that stalls cannot hide the wait of those
// who came meanwhile (coordinated omission).
//
// Idle sockets are held by Held, which costs a few KB a socket.
package visitor
