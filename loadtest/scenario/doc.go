// Package scenario reads scenario files and turns them into a plan: who arrives
// when, and how they behave. The same file and seed give the same plan on every
// machine.
//
//	file ─▶ Parse ─▶ Scenario ─▶ Arrivals: 0 s agrees, 0.04 s declines, …
//	          │
//	          └─▶ Problems: every mistake with line, column and what would be right
//
// Arrivals are an open loop: their times come from the rate alone. A server that
// stalls does not slow them down.
package scenario
