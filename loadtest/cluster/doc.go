// Package cluster brings up a deployment of the tool's own and hurts it on
// schedule: Redis, PostgreSQL and gateways from a built program, as processes on
// free loopback ports with everything they keep in one folder. All of it dies
// with the tool and is removed at the end.
//
//	visitors ─▶ [proxy] ─▶ gateway 1..N ─▶ [proxy] ─▶ Redis
//	                                   └─▶ [proxy] ─▶ PostgreSQL
//
// Proxies are there only where some fault needs them.
package cluster
