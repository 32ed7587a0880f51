package pgstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"zgoda/persistence"
	"zgoda/persistence/servers"
)

// TestP8_PostgresKilled kills every process of PostgreSQL in the middle of Apply
// again and again. Flushers hand each record over until it is taken; afterwards
// contacts equal grants, to the row (C28, E11).
func TestP8_PostgresKilled(t *testing.T) {
	t.Parallel()
	server, err := servers.Postgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := prepare(t.Context(), server); err != nil {
		t.Fatal(err)
	}
	d := &database{addr: server.Addr(), name: template}
	s := d.open(t)
	kills, flushers := rounds(4, 60), 3
	stop := make(chan struct{})
	done := make([]int, flushers)
	var wg sync.WaitGroup
	for f := range flushers {
		wg.Go(func() { done[f] = flushUntil(t, s, f, stop) })
	}
	for range kills {
		// Let some batches through, so that a kill meets the flushers at work.
		waitForMore(t, s)
		restart(t, server)
	}
	waitForMore(t, s)
	close(stop)
	wg.Wait()

	d.mustBeConsistent(t)
	people, declined := 0, 0
	for _, n := range done {
		people += n
		declined += n / 3
	}
	if n := d.number(t, `SELECT count(*) FROM zgoda.contact`); n != people-declined {
		t.Errorf("%d people gave a contact, %d contacts are there", people-declined, n)
	}
	if n := d.number(t, `SELECT count(*) FROM zgoda.active_grant`); n != people-declined {
		t.Errorf("%d people agreed, %d grants are there", people-declined, n)
	}
	if n := d.number(t, `SELECT count(*) FROM zgoda.set_aside`); n != 0 {
		t.Errorf("nothing was wrong with any record, %d were set aside", n)
	}
	for f := range flushers {
		if err := s.VerifyChain(t.Context(), "shop", fmt.Sprintf("f%d-%d", f, 1)); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d kills, %d people", kills, people)
}

// restart kills the server and starts it again. A process that was killed holds
// the shared memory a moment longer, and until then a new server refuses to start.
func restart(t *testing.T, server *servers.PostgresServer) {
	t.Helper()
	server.Kill()
	var err error
	for range 100 {
		if err = server.Restart(t.Context()); err == nil {
			return
		}
	}
	t.Fatal(err)
}

// flushUntil hands over people after people, each until every record is taken,
// and returns how many. Every third one declines.
func flushUntil(t *testing.T, s *Store, flusher int, stop <-chan struct{}) int {
	for n := 1; ; n++ {
		select {
		case <-stop:
			return n - 1
		default:
		}
		v := fmt.Sprintf("f%d-%d", flusher, n)
		records := gave("shop", v, map[string]string{"name": v, "email": v + "@example.test"})
		if n%3 == 0 {
			records[2].Entry.Kind, records[2].Entry.Grant = persistence.KindDeclined, ""
			records = records[:3]
		}
		for !taken(t, s, v, records) {
			select {
			case <-t.Context().Done():
				return n - 1
			default:
			}
		}
	}
}

// taken hands the records over and reports whether the store has them all.
func taken(t *testing.T, s *Store, visitor string, records []persistence.Record) bool {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	verdicts, err := s.Apply(ctx, "shop", records)
	if errors.Is(err, persistence.ErrUnavailable) {
		return false
	}
	if err != nil {
		t.Errorf("a server that is away is unavailable and nothing else, got %v", err)
		return true
	}
	for _, v := range verdicts {
		// After a commit whose answer was lost the records are there already, all
		// of them or none.
		if v != verdicts[0] || v != persistence.Applied && v != persistence.AlreadyApplied {
			t.Errorf("%s: verdicts %v, want all applied or all there already", visitor, verdicts)
		}
	}
	return true
}

// waitForMore returns when the store has taken ten people more.
func waitForMore(t *testing.T, s *Store) {
	t.Helper()
	count := func() int {
		o, err := s.Overview(t.Context(), "shop", asTest, persistence.OverviewQuery{Limit: 1})
		if err != nil && !errors.Is(err, persistence.ErrUnavailable) {
			t.Fatal(err)
		}
		n := 0
		for _, of := range o.Counts[persistence.PurposeLead] {
			n += of
		}
		return n
	}
	began := 0
	for n := 0; began == 0 || n < began+10; {
		if t.Context().Err() != nil {
			t.Fatal("the store does not come back")
		}
		if n = count(); began == 0 {
			began = n
		}
	}
}
