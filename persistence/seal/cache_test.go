package seal

import (
	"fmt"
	"sync"
	"testing"

	"zgoda/persistence"
)

func subject(i int) persistence.Scope {
	return persistence.Scope{Site: "shop", Subject: fmt.Sprintf("v%d", i), Item: "state"}
}

// TestP11_CacheIsBounded seals for far more subjects than the cache holds.
func TestP11_CacheIsBounded(t *testing.T) {
	t.Parallel()
	r := newRing(t, NewKey())
	const subjects = 5*cacheHalf + 7
	sealed := make([][]byte, subjects)
	for i := range subjects {
		sealed[i] = mustSeal(t, r, subject(i), []byte(subject(i).Subject))
		if n := r.cache.size(); n > 2*cacheHalf {
			t.Fatalf("the cache must not grow past its two generations, holds %d after %d subjects", n, i+1)
		}
	}
	for i := range subjects {
		if got, err := r.Open(subject(i), sealed[i]); err != nil || string(got) != subject(i).Subject {
			t.Fatalf("a subject that left the cache must still open: %q %v", got, err)
		}
	}
}

// TestP11_CacheKeepsWhatIsInUse passes a crowd by one subject that is used all
// the time.
func TestP11_CacheKeepsWhatIsInUse(t *testing.T) {
	t.Parallel()
	r := newRing(t, NewKey())
	mustSeal(t, r, subject(-1), nil)
	busy := cacheKey{id: r.write, site: "shop", subject: subject(-1).Subject}
	for i := range 4 * cacheHalf {
		mustSeal(t, r, subject(i), nil)
		if _, ok := r.cache.get(busy); !ok {
			t.Fatalf("a subject that is in use must stay, it was dropped after %d others", i+1)
		}
	}
}

// TestP11_CacheUnderConcurrency is run for the race detector: generations change
// while other goroutines read.
func TestP11_CacheUnderConcurrency(t *testing.T) {
	t.Parallel()
	r := newRing(t, NewKey())
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range cacheHalf {
				// Half of the subjects are shared by all, the others are each one's own.
				scope := subject(i)
				if i%2 == 0 {
					scope = subject(g*cacheHalf + i)
				}
				sealed, err := r.Seal(scope, []byte(scope.Subject))
				if err != nil {
					t.Errorf("seal: %v", err)
					return
				}
				if got, err := r.Open(scope, sealed); err != nil || string(got) != scope.Subject {
					t.Errorf("open: %q %v", got, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := r.cache.size(); n > 2*cacheHalf {
		t.Errorf("the cache must stay bounded under concurrency, holds %d", n)
	}
}
