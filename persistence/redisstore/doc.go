// Package redisstore keeps conversations, outbox, inbox, timers and the nodes'
// channels in Redis 7.0 or newer: standalone, behind Sentinels, or a Cluster.
package redisstore
