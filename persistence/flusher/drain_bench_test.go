package flusher

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"zgoda/persistence"
	"zgoda/persistence/pgstore"
	"zgoda/persistence/redisstore"
	"zgoda/persistence/servers"
)

// backlogRecords is how many records wait when the contact store comes back.
func backlogRecords() int {
	if os.Getenv("ZGODA_PROVE") != "" {
		return 100_000
	}
	return 4_000
}

// BenchmarkDrain drains the backlog of an outage from Redis into PostgreSQL: of
// every four records one is a contact whose values have to be fetched and opened.
// It reports how fast, and how much more memory that takes than waiting.
func BenchmarkDrain(b *testing.B) {
	for range b.N {
		b.StopTimer()
		w, contacts := serversWorld(b)
		n := backlogRecords()
		fillOutbox(w, n/4)
		runtime.GC()
		var before runtime.MemStats
		runtime.ReadMemStats(&before)
		f, err := New(Options{Outbox: w.outbox, Contacts: contacts, Sealer: w.sealer})
		if err != nil {
			b.Fatal(err)
		}
		peak := watchHeap(b)
		b.StartTimer()
		began := time.Now()
		if err := f.Flush(b.Context()); err != nil {
			b.Fatal(err)
		}
		took := time.Since(began)
		b.StopTimer()
		most := peak()
		if s := f.Stats(); s.Applied != uint64(n) || s.Backlog != 0 || s.Poisoned+s.Lost+s.Repeated != 0 {
			b.Fatalf("everything must be applied once, got %+v", s)
		}
		o, err := contacts.Overview(b.Context(), "shop", persistence.Access{Actor: "operator:1"}, persistence.OverviewQuery{Limit: 1})
		if err != nil || o.Counts[persistence.PurposeLead][persistence.StatusGranted] != n/4 {
			b.Fatalf("every visitor agreed, got %v %v", o.Counts, err)
		}
		b.ReportMetric(float64(n)/took.Seconds(), "records/s")
		b.ReportMetric(float64(n/4)/took.Seconds(), "contacts/s")
		b.ReportMetric(float64(most-before.HeapAlloc)/(1<<20), "MB-more")
		b.ReportMetric(0, "ns/op")
	}
}

// watchHeap returns a function that ends the watch and says how large the heap
// became.
func watchHeap(b *testing.B) func() uint64 {
	b.Helper()
	var most uint64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	return func() uint64 {
		close(stop)
		wg.Wait()
		return most
	}
}

// serversWorld is a world on private servers.
func serversWorld(b *testing.B) (*world, *pgstore.Store) {
	b.Helper()
	redis, err := servers.Redis(b.Context(), servers.RedisOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = redis.Stop() })
	pg, err := servers.Postgres(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = pg.Stop() })
	dsn := gatewayLogin(b, pg)
	contacts, err := pgstore.Open(b.Context(), pgstore.Options{DSN: dsn, BlindKey: make([]byte, 32)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = contacts.Close() })
	w := &world{t: b}
	w.sealer = newWorld(b).sealer
	outbox, err := redisstore.New(b.Context(), redisstore.Options{URL: "redis://" + redis.Addr(), Sites: []string{"shop"}, Node: "n:1"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = outbox.Close() })
	w.outbox = outbox
	return w, contacts
}

// fillOutbox writes four records of each visitor, as during an outage.
func fillOutbox(w *world, visitors int) {
	w.t.Helper()
	const writers = 16
	var wg sync.WaitGroup
	for from := range writers {
		wg.Go(func() {
			for i := from; i < visitors; i += writers {
				v := &visitor{w: w, site: "shop", name: fmt.Sprintf("v_%08x", i)}
				v.seen()
				v.agree()
				v.give(fmt.Sprintf("anna.%d@example.test", i))
			}
		})
	}
	wg.Wait()
	if b, err := w.outbox.(persistence.OutboxMeter).Backlog(context.Background()); err != nil || b.Records != 4*visitors {
		w.t.Errorf("%d records must wait, got %+v %v", 4*visitors, b, err)
	}
}
