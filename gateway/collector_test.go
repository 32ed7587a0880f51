package gateway_test

import (
	"context"
	"runtime/debug"
	"sync"
	"testing"

	"zgoda/gateway"
)

// Garbage gathers to 32 MB, or to a quarter of what is in use, if that is more.
func TestGarbagePercent(t *testing.T) {
	t.Parallel()
	const mb = 1 << 20
	for live, want := range map[uint64]int{
		0: 800, 1: 800, 4 * mb: 800, 8 * mb: 400, 32 * mb: 100, 64 * mb: 50, 128 * mb: 25, 4096 * mb: 25, 1 << 50: 25,
	} {
		if got := gateway.GarbagePercent(live); got != want {
			t.Errorf("with %d MB in use %d %%, want %d %%", live/mb, got, want)
		}
	}
}

// When it ends the collector runs as Go has it.
func TestPaceCollector(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { gateway.PaceCollector(ctx) })
	cancel()
	running.Wait()
	if left := debug.SetGCPercent(100); left != 100 {
		t.Errorf("afterwards the collector runs at %d", left)
	}
}
