package gateway

import (
	"context"
	"net/http"
	"time"

	"zgoda/persistence"
)

// RetainAt is RunRetention at another time.
func (a *App) RetainAt(ctx context.Context, siteKey string, now time.Time) (Retained, error) {
	return a.retainAt(ctx, siteKey, now)
}

// Metrics is what Prometheus gets.
func (a *App) Metrics() http.Handler { return a.telemetry.Handler() }

// ForgetDue makes the contact store answer err when it is asked what is due, before
// Start.
func (a *App) ForgetDue(err error) { a.privacy = noDue{a.privacy, err} }

type noDue struct {
	persistence.Privacy
	err error
}

func (n noDue) Due(context.Context, string, persistence.Clocks, time.Time, int) (persistence.RetentionPlan, error) {
	return persistence.RetentionPlan{}, n.err
}

// GarbagePercent is the pace that PaceCollector sets.
func GarbagePercent(live uint64) int { return garbagePercent(live) }
