package gateway

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"zgoda/botengine"
	"zgoda/gateway/chat"
	"zgoda/gateway/site"
	"zgoda/persistence"
)

// The clocks are looked at now and then by every node. What is due ends as an
// input that is named after the day, so whichever nodes come to it at the same
// time, it takes effect once; a whole ledger that goes twice is gone once. The
// pause is drawn anew each time, so that nodes do not keep step.
const (
	retentionEvery = time.Hour
	retentionFirst = 5 * time.Minute
	retentionBatch = 500
)

// A Retained says what one look at the clocks of a site has ended.
type Retained struct {
	Site string `json:"site"`
	// Contacts and Grants were ended by an input, Proofs are ledgers that went.
	Contacts int `json:"contacts"`
	Grants   int `json:"grants"`
	Proofs   int `json:"proofs"`
	// ProofsKept are due ledgers that the store cannot remove: that needs PostgreSQL.
	ProofsKept int `json:"proofs_kept,omitzero"`
	// Failed could not be ended now; they stay due.
	Failed int `json:"failed,omitzero"`
	// More is set where there was more than one look takes.
	More bool `json:"more,omitzero"`
}

// ClocksOf returns a site's clocks as the contact store takes them.
func ClocksOf(st *site.Site) persistence.Clocks {
	const day = 24 * time.Hour
	return persistence.Clocks{
		Contact: time.Duration(st.Clocks.ContactDays) * day,
		Proof:   time.Duration(st.Clocks.ProofDays) * day,
	}
}

// RetentionPlan returns what the clocks of a site ask for by now, and changes
// nothing. limit bounds each list.
func (r *Reader) RetentionPlan(ctx context.Context, siteKey string, now time.Time, limit int) (persistence.RetentionPlan, error) {
	st, err := r.site(siteKey)
	if err != nil {
		return persistence.RetentionPlan{}, err
	}
	return r.Contacts.Due(ctx, siteKey, ClocksOf(st), now, limit)
}

// retain looks at the clocks until ctx is over.
func (a *App) retain(ctx context.Context) {
	timer := time.NewTimer(rand.N(retentionFirst)) //nolint:gosec // a pause, no secret
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		more := false
		for _, key := range a.sites.Keys() {
			done, err := a.RunRetention(ctx, key)
			more = more || done.More && done.Failed == 0
			switch {
			case ctx.Err() != nil:
				return
			case errors.Is(err, persistence.ErrNeedsPostgres), errors.Is(err, persistence.ErrUnavailable):
			case err != nil:
				a.opts.Log.Error("retention", "site", key, "error", err)
			case done.Contacts+done.Grants+done.Proofs+done.Failed > 0:
				a.opts.Log.Info("retention", "site", key, "contacts", done.Contacts, "grants", done.Grants, "proofs", done.Proofs, "failed", done.Failed)
			}
		}
		pause := retentionEvery/2 + rand.N(retentionEvery) //nolint:gosec // a pause, no secret
		if more {
			pause = time.Second
		}
		timer.Reset(pause)
	}
}

// RunRetention ends what the clocks of a site ask for by now. It may be called
// concurrently, on several nodes.
func (a *App) RunRetention(ctx context.Context, siteKey string) (Retained, error) {
	return a.retainAt(ctx, siteKey, time.Now())
}

func (a *App) retainAt(ctx context.Context, siteKey string, now time.Time) (out Retained, err error) {
	out.Site = siteKey
	st, ok := a.sites.Get(siteKey)
	if !ok {
		return out, fmt.Errorf("%w: no site %q; there are %v", ErrBadChange, siteKey, a.sites.Keys())
	}
	if a.privacy == nil {
		return out, persistence.ErrNeedsPostgres
	}
	defer func() {
		if a.telemetry != nil && ctx.Err() == nil { // one that was broken off did not fail
			a.telemetry.Retained(siteKey, err == nil && out.Failed == 0, map[string]int{"contact": out.Contacts, "grant": out.Grants, "proof": out.Proofs, "failed": out.Failed})
		}
	}()
	clocks := ClocksOf(st)
	plan, err := a.privacy.Due(ctx, siteKey, clocks, now, retentionBatch)
	if err != nil {
		return out, fmt.Errorf("look at the clocks: %w", err)
	}
	out.More = plan.More
	day := now.UTC().Format(time.DateOnly)
	for _, c := range plan.Contacts {
		out.count(&out.Contacts, a.endOf(ctx, st, c.Visitor, "contact-"+day, botengine.Input{
			Kind: botengine.InputExpire, Until: c.CollectedAt.UnixMilli(),
		}))
	}
	for _, g := range plan.Grants {
		out.count(&out.Grants, a.endOf(ctx, st, g.Visitor, "grant-"+g.Purpose+"-"+day, botengine.Input{Kind: botengine.InputTimer}))
	}
	if err := a.Flush(ctx); err != nil {
		return out, fmt.Errorf("flush outbox: %w", err)
	}
	out.Proofs, err = a.privacy.Purge(ctx, siteKey, clocks, now, retentionBatch)
	switch {
	case errors.Is(err, persistence.ErrNeedsPostgres):
		out.ProofsKept = len(plan.Proofs)
	case err != nil:
		return out, fmt.Errorf("purge proofs: %w", err)
	}
	return out, nil
}

func (r *Retained) count(n *int, ended bool) {
	if ended {
		*n++
		return
	}
	r.Failed++
}

// endOf applies an input of the clocks and reports whether it was answered.
func (a *App) endOf(ctx context.Context, st *site.Site, visitor, name string, in botengine.Input) bool {
	in.Actor = "system"
	out := a.server.Apply(ctx, st, visitor, chat.Input{
		Client: persistence.ServerClient + "retention-" + name, N: 1, Digest: []byte(in.Kind), Bot: in,
	})
	return out.Erased || out.Ack != nil && out.Ack.Refused == nil
}
