package gateway

import (
	"context"
	"strconv"
	"time"

	"zgoda/botengine"
	"zgoda/gateway/chat"
	"zgoda/gateway/effects"
	"zgoda/persistence"
)

// runEffect makes a call that a turn has committed and hands its result back as
// an input.
func (a *App) runEffect(e *chat.Effect) {
	call := effects.Call{
		ID: e.ID, Attempt: e.Call.Attempt, Site: e.Site.Key, Flow: e.Call.Flow, Step: e.Call.Step, URL: e.Call.URL,
		Timeout: time.Duration(e.Call.TimeoutMS) * time.Millisecond,
		Fields:  e.Fields, Keys: e.Call.Keys, Secret: e.Site.Webhooks.Secret, Private: e.Site.Webhooks.Private,
	}
	a.effects.Go(call, func(ctx context.Context, r effects.Result) { a.effectResult(ctx, e, r) })
}

// How often a result is handed in where the store is away. After that it is
// lost, and the timer makes another attempt under the same id.
const (
	resultTries = 3
	resultPause = 500 * time.Millisecond
)

// effectResult commits what a call has led to. The input is named after the
// attempt, so that it takes effect once.
func (a *App) effectResult(ctx context.Context, e *chat.Effect, r effects.Result) {
	in := chat.Input{
		Client: persistence.ServerClient + "effect-" + e.Call.ID + "-" + strconv.Itoa(e.Call.Attempt), N: 1, Digest: []byte(e.ID),
		Bot: botengine.Input{Kind: botengine.InputResult, Actor: botengine.FromSystem, Result: &botengine.EffectResult{
			ID: e.Call.ID, Attempt: e.Call.Attempt, OK: r.OK, Final: r.Final, Values: r.Values,
		}},
	}
	for range resultTries {
		if out := a.server.Apply(ctx, e.Site, e.Visitor, in); out.Err == nil || out.Erased {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(resultPause):
		}
	}
}
