package gateway

import (
	"context"
	"strconv"
	"time"

	"zgoda/botengine"
	"zgoda/gateway/chat"
	"zgoda/persistence"
)

// Bounds of the timers' sweep.
const (
	timersEvery = time.Second
	timersBatch = 100
)

// fireTimers turns what is due into inputs, on every node. A timer stays in the
// store until the commit of its input, and that input is named after the time it
// was due: whichever nodes fire it, it takes effect once, and one whose node
// dies in between is fired by another.
func (a *App) fireTimers(ctx context.Context) {
	ticker := time.NewTicker(timersEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		due, err := a.stores.timers.DueTimers(ctx, time.Now(), timersBatch)
		if err != nil {
			continue // the store is away; the timers are not
		}
		for _, t := range due {
			a.fire(ctx, t)
		}
	}
}

func (a *App) fire(ctx context.Context, t persistence.Timer) {
	st, ok := a.sites.Get(t.Site)
	if !ok {
		return // a site that another node still serves
	}
	a.server.Apply(ctx, st, chat.VisitorOf(t.Conversation), chat.Input{
		Client: persistence.ServerClient + "timer-" + t.Name + "-" + strconv.FormatInt(t.Due.UnixMilli(), 36), N: 1,
		Digest: []byte(t.Name), Timer: t.Name, Bot: botengine.Input{Kind: botengine.InputTimer, Actor: "system"},
	})
}
