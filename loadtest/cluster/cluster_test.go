package cluster

import (
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zgoda/loadtest/scenario"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Repeated faults go on until visitors stop coming, and take gateways in turn.
func TestSchedule(t *testing.T) {
	t.Parallel()
	got := schedule([]scenario.Fault{
		{At: 20 * time.Second, Do: scenario.DoFreeze, What: scenario.WhatRedis},
		{At: 10 * time.Second, Every: 20 * time.Second, Do: scenario.DoKill, What: scenario.WhatGateway},
		{At: 5 * time.Second, Which: 3, Do: scenario.DoRestart, What: scenario.WhatGateway},
		{At: 100 * time.Second, Do: scenario.DoKill, What: scenario.WhatRedis},
	}, 95*time.Second, 3)
	var at []int
	var which []int
	for _, o := range got {
		at = append(at, int(o.at.Seconds()))
		which = append(which, o.which)
	}
	if !slices.Equal(at, []int{5, 10, 20, 30, 50, 70, 90}) || !slices.Equal(which, []int{2, 0, 0, 1, 2, 0, 1}) {
		t.Errorf("at %v to %v", at, which)
	}
}
