// Package measure keeps what a load run measures: latencies in HDR histograms
// and counts, a second at a time and overall, so that several processes can be
// merged into one run without losing a percentile.
//
//	visitors ─▶ Recorder ─Cut, each second─▶ Second ─▶ Series (merged, whole run)
//
// Latencies are counted by the caller from when something should have happened.
package measure
