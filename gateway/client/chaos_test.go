package client

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zgoda/gateway/protocol"
)

// Clients of one visitor talk while their connections are cut and answers are
// lost. In the end everybody has the same log, with every line once.
func TestChaos(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { chaos(t, rand.New(rand.NewPCG(seed, seed))) }) //nolint:gosec // reproducible
		})
	}
}

func chaos(t *testing.T, random *rand.Rand) {
	const clients, lines = 3, 20
	f := newFake(t)
	var mu sync.Mutex
	roll := func(n int) int {
		mu.Lock()
		defer mu.Unlock()
		return random.IntN(n)
	}
	f.setHook(func(p *peer, in protocol.ClientFrame) bool {
		if !protocol.Numbered(in.T) {
			return false
		}
		switch roll(12) {
		case 0: // applied, and the answer is lost with the connection
			f.apply(p.open.Client, in)
			_ = p.conn.CloseNow()
		case 1:
			p.send(protocol.NewError(in.N, protocol.CodeUnavailable, "later"))
		case 2: // lost before it is applied
			_ = p.conn.CloseNow()
		default:
			return false
		}
		return true
	})
	var wg sync.WaitGroup
	all := make([]*Client, clients)
	for i := range all {
		o := f.options()
		o.AutoReconnect = true
		o.Reconnect = Backoff{First: 100 * time.Millisecond, Max: time.Second}
		all[i] = f.dial(o)
		for k := range lines {
			wg.Go(func() {
				if _, err := all[i].Say(t.Context(), fmt.Sprint(i, " ", k)); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	f.setHook(nil)
	for _, c := range all {
		if err := c.WaitConnected(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Wait()
	f.mu.Lock()
	want := f.log
	f.mu.Unlock()
	if len(want) != 2*clients*lines {
		t.Errorf("the log has %d events, want %d", len(want), 2*clients*lines)
	}
	for i, c := range all {
		got := c.Events()
		if len(got) != len(want) {
			t.Errorf("client %d has %d events of %d", i, len(got), len(want))
			continue
		}
		for k := range got {
			if got[k].Seq != want[k].Seq || got[k].ID != want[k].ID {
				t.Errorf("client %d has %s at %d, want %s", i, got[k].ID, want[k].Seq, want[k].ID)
			}
		}
		wantClean(t, c)
	}
}
