// Package gateway is the app: it wires the stores, the use cases and the sockets
// of one node, and owns their life.
//
//	New ──▶ (commands may use the App now) ──▶ Start ──▶ Addr ──▶ Stop
//
// New opens and checks everything and serves nothing; Start listens. Whatever
// comes up registers how it goes down, and Stop runs that list backwards, bounded
// by its context. The package reads no environment and no flags, so a test can
// run several gateways in one process.
package gateway
