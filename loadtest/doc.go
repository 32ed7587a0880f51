// Package loadtest puts a deployment under the load of people and ends with a
// verdict: every promise that a client or the contact store can see is checked.
//
//	scenario ─▶ Run ─┬─ play (this process, or children) ─▶ visitors ─▶ gateways
//	                 ├─ cluster: own Redis, PostgreSQL, gateways, and faults
//	                 ├─ audit: every log is read again
//	                 ├─ compare: the rows of the contact store
//	                 └─▶ Report: verdict, percentiles, plots
//
// A run has three parts: visitors come and go; then, when everything that was
// hurt is well again, every log is read once more by a page that has seen
// nothing; then the contact store is compared, for as long as its rows may still
// be on their way.
package loadtest
