package gateway

import (
	"context"
	"maps"
	"slices"
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
	timerPause  = time.Minute
)

// fireTimers turns what is due into inputs, on every node. A timer stays in the
// store until the commit of its input, and that input is named after the time it
// was due: whichever nodes fire it, it takes effect once, and one whose node
// dies in between is fired by another.
func (a *App) fireTimers(ctx context.Context) {
	ticker := time.NewTicker(timersEvery)
	defer ticker.Stop()
	later := map[persistence.Timer]time.Time{} // those that could not be fired
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		due, err := a.stores.timers.DueTimers(ctx, now, timersBatch+len(later))
		if err != nil {
			continue // the store is away; the timers are not
		}
		maps.DeleteFunc(later, func(t persistence.Timer, _ time.Time) bool {
			return !slices.Contains(due, t) // another node has fired it
		})
		for _, t := range due {
			if now.Before(later[t]) {
				continue
			}
			if delete(later, t); !a.fire(ctx, t) {
				later[t] = now.Add(timerPause)
			}
		}
	}
}

// fire reports whether the timer's input was answered.
func (a *App) fire(ctx context.Context, t persistence.Timer) bool {
	st, ok := a.sites.Get(t.Site)
	if !ok {
		return false // a site that another node still serves
	}
	out := a.server.Apply(ctx, st, chat.VisitorOf(t.Conversation), chat.Input{
		Client: persistence.ServerClient + "timer-" + t.Name + "-" + strconv.FormatInt(t.Due.UnixMilli(), 36), N: 1,
		Digest: []byte(t.Name), Timer: t.Name, Bot: botengine.Input{Kind: botengine.InputTimer, Actor: "system"},
	})
	return out.Ack != nil || out.Erased
}
