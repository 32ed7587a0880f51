// Package verdict judges a load run. A visitor keeps a Visit: what it did, what
// it was told and what it was shown. After the run the log of each conversation
// is read once more by somebody who has seen nothing of it, and Examine compares
// the two. Compare does the same with the rows of the contact store.
//
//	Visit ─┐
//	       ├─ Examine ─▶ Violations, Checks
//	log ───┘      └────▶ Expectation ─┐
//	                                  ├─ Compare ─▶ Violations, Checks
//	contact store ─▶ Rows ────────────┘
//
// Examine and Compare are pure. They take nobody's word: neither the gateway's
// code nor the stores' packages are asked.
package verdict
