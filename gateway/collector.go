package gateway

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How much garbage may gather before it is collected. Go's own rule, as much as is in
// use, is dear at both ends: with few sockets a few megabytes of garbage are collected
// many times a second, and with many sockets half of the memory is garbage.
const (
	leastGarbage = 32 << 20 // bytes
	garbageShare = 4        // of what is in use, a quarter
	paceEvery    = time.Second
)

// PaceCollector sets the garbage collector's pace by what is in use, until ctx is over.
// It is the whole process's: a program calls it once, and not where GOGC was set by
// whoever runs it. GOMEMLIMIT stays in force.
//
// Source: runtime/debug.SetGCPercent; runtime/metrics, /gc/heap/live:bytes.
func PaceCollector(ctx context.Context) {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	now := 100
	for {
		metrics.Read(sample)
		// Each change stops the world for a moment: small ones are not worth it.
		if want := garbagePercent(sample[0].Value.Uint64()); want*10 < now*9 || want*9 > now*10 {
			debug.SetGCPercent(want)
			now = want
		}
		select {
		case <-ctx.Done():
			debug.SetGCPercent(100)
			return
		case <-tick.C:
		}
	}
}

// garbagePercent is how much garbage may gather, in percent of the bytes in use.
func garbagePercent(live uint64) int {
	const most = 800
	if live == 0 {
		return most
	}
	return int(min(max(leastGarbage, live/garbageShare)*100/live, most)) //nolint:gosec // bounded
}
