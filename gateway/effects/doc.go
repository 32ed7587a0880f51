// Package effects calls other servers for the bot: the webhooks of its flow.
//
// A call was committed with the turn that made it, is run by the node that made
// that commit, and its result goes back as an input. Runner makes one attempt and
// remembers nothing; that an attempt is made again, elsewhere if need be, is the
// conversation's timer's work.
//
//	commit ─▶ Runner.Go ─▶ POST, signed, with an idempotency key ─▶ Result ─▶ input
//
// What a call may reach is decided where the connection is dialled, on the
// address that the name has led to: a name that changes its address between a
// check and the call reaches nothing new. Public addresses only, but for this
// machine where the flow's address says so, and networks that the site lists.
// Redirects are not followed: the body was signed for one server, and may hold
// what one visitor agreed to give to it.
//
// The request is POST with a JSON body:
//
//	{"id": "…", "site": "demo", "flow": "orders", "step": "lookup", "fields": {"number": "A-17"}}
//
// and the headers Idempotency-Key, which is the same for every attempt, and
//
//	Zgoda-Signature: t=<Unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>" in hex>
//
// Any 2xx answer is a success; its JSON object's members become variables where
// the flow names them. 408, 425, 429, 5xx and a broken connection may be tried
// again; everything else is a no.
package effects
