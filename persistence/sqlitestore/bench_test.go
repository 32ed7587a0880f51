package sqlitestore

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"zgoda/persistence"
)

// BenchmarkCommit is a bot turn, the question and the answer, of many visitors
// at the same time: group commit shares one wait for the disk among them.
func BenchmarkCommit(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("Goroutines=%d", writers), func(b *testing.B) {
			s, err := Open(b.Context(), filepath.Join(b.TempDir(), "zgoda.db"), Options{})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() {
				if err := s.Close(); err != nil {
					b.Error(err)
				}
			})
			turns := make(chan struct{}, b.N)
			for range b.N {
				turns <- struct{}{}
			}
			close(turns)
			b.ResetTimer()
			var wg sync.WaitGroup
			for g := range writers {
				wg.Go(func() { takeTurns(b, s, fmt.Sprintf("v%d", g), turns) })
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}

func takeTurns(b *testing.B, s *Store, visitor string, turns <-chan struct{}) {
	var n, version, profile uint64
	for range turns {
		n++
		c := &persistence.Commit{
			Key: persistence.Key{Site: "shop", Conversation: visitor}, Visitor: visitor, Now: time.Now(), Epoch: "e",
			Version: version, ProfileVersion: profile, State: make([]byte, 600),
			Input: persistence.Input{Client: "c", N: n, Digest: make([]byte, 16), Answer: make([]byte, 60)},
			Rate:  &persistence.Rate{Max: 1 << 30, Window: time.Minute},
		}
		for i := range uint64(2) {
			c.Events = append(c.Events, persistence.Event{Seq: 2*n - 1 + i, ID: fmt.Sprint(n, i), At: c.Now, Body: make([]byte, 250)})
		}
		res, err := s.Commit(context.Background(), c)
		if err != nil || res.Outcome != persistence.Committed {
			b.Errorf("commit: %v %v", res.Outcome, err)
			return
		}
		version, profile = res.Snapshot.Version, res.Snapshot.ProfileVersion
	}
}
