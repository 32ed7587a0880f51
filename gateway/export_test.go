package gateway

import (
	"context"
	"time"
)

// RetainAt is RunRetention at another time.
func (a *App) RetainAt(ctx context.Context, siteKey string, now time.Time) (Retained, error) {
	return a.retainAt(ctx, siteKey, now)
}
