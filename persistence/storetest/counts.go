package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"zgoda/persistence"
)

var allStatuses = []string{
	persistence.StatusGranted, persistence.StatusDeclined, persistence.StatusDeferred, persistence.StatusWithdrawn,
	persistence.StatusExpired, persistence.StatusRequested, persistence.StatusNotAsked, persistence.StatusErased,
}

// countsAreWhatPagesShow writes visitors at random from several sides at once: the
// counts must be what the filtered pages hold, for every purpose and status.
func countsAreWhatPagesShow(t *testing.T, s ContactStore) {
	var wg sync.WaitGroup
	for side := range 4 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(side), 3))
			for range 6 {
				var batch []persistence.Record
				for range 5 {
					v := newVisit(t, s, "shop", fmt.Sprintf("v%08x", rng.Uint32()))
					batch = append(batch, v.life(rng)...)
				}
				if _, err := s.Apply(t.Context(), "shop", batch); err != nil {
					t.Errorf("apply: %v", err)
				}
				if _, err := s.Overview(t.Context(), "shop", asTest, persistence.OverviewQuery{Limit: 1}); err != nil {
					t.Errorf("overview: %v", err)
				}
			}
		})
	}
	wg.Wait()
	o, err := s.Overview(t.Context(), "shop", asTest, persistence.OverviewQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	everybody := len(pages(t, s, persistence.OverviewQuery{Limit: 50}))
	for _, purpose := range persistence.Purposes {
		all := 0
		for _, status := range allStatuses {
			n := len(pages(t, s, persistence.OverviewQuery{Purpose: purpose, Status: status, Limit: 7}))
			if got := o.Counts[purpose][status]; got != n {
				t.Errorf("%s of %s: %d are counted and %d are shown", status, purpose, got, n)
			}
			all += n
		}
		if all != everybody {
			t.Errorf("everybody has one status for %s, %d of %d do", purpose, all, everybody)
		}
	}
	for _, q := range []persistence.OverviewQuery{{Purpose: "resale"}, {Status: "maybe"}} {
		if _, err := s.Overview(t.Context(), "shop", asTest, q); err == nil || errors.Is(err, persistence.ErrUnavailable) {
			t.Errorf("%+v names nothing there is and must be refused, got %v", q, err)
		}
	}
}

// life is what a visitor may do, up to anywhere.
func (v *visit) life(rng *rand.Rand) []persistence.Record {
	out := []persistence.Record{v.seen()}
	for _, purpose := range rng.Perm(len(persistence.Purposes))[:rng.IntN(4)] {
		asked := v.request(persistence.Purposes[purpose])
		out = append(out, asked)
		switch rng.IntN(5) {
		case 0:
			out = append(out, v.answer(asked, persistence.KindDeclined))
		case 1:
			out = append(out, v.answer(asked, persistence.KindDeferred))
		case 2, 3:
			grant := v.answer(asked, persistence.KindGranted)
			if rng.IntN(3) == 0 {
				grant.Entry.ValidUntil = now().Add(-time.Minute)
			}
			out = append(out, grant)
			if rng.IntN(3) == 0 {
				out = append(out, v.end(grant, []string{persistence.KindWithdrawn, persistence.KindExpired}[rng.IntN(2)]))
			}
		}
	}
	switch rng.IntN(6) {
	case 0:
		out = append(out, v.erase())
	case 1: // nobody knows anything of who is poisoned from the first
		out[0].Seen = false
	}
	return out
}
