package scenario

import "time"

// What a fault can be done to.
const (
	WhatGateway  = "gateway"
	WhatRedis    = "redis"
	WhatPostgres = "postgres"
)

// What a fault does.
const (
	DoKill      = "kill"      // SIGKILL, started again after the time
	DoRestart   = "restart"   // an orderly stop (of a gateway: a drain), then started again
	DoFreeze    = "freeze"    // SIGSTOP for the time
	DoPartition = "partition" // unreachable for the gateways for the time
	DoSlow      = "slow"      // every answer comes later for the time
	DoFull      = "full"      // no room to write for the time
)

// Deeds maps what is hurt to what can be done to it.
var Deeds = map[string][]string{
	WhatGateway:  {DoKill, DoRestart, DoFreeze, DoPartition, DoSlow},
	WhatRedis:    {DoKill, DoFreeze, DoPartition, DoSlow, DoFull},
	WhatPostgres: {DoKill, DoFreeze, DoPartition, DoSlow, DoFull},
}

// A Fault hurts the tool's own cluster on schedule.
type Fault struct {
	At time.Duration
	// Every repeats it until the end of the arrivals; 0 does not.
	Every time.Duration
	Do    string
	What  string
	// Which gateway, from 1; 0 takes them in turn.
	Which int
	// For is how long it lasts.
	For time.Duration
	// Slow is how much later answers come.
	Slow time.Duration
}
