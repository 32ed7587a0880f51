package e2e

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"zgoda/persistence"
)

// storeGate makes commits fail as a store does.
type storeGate struct{ err atomic.Pointer[error] }

// set makes every commit fail with err; nil lets them through.
func (g *storeGate) set(err error) {
	if err == nil {
		g.err.Store(nil)
		return
	}
	g.err.Store(&err)
}

func (g *storeGate) wrap(c persistence.Conversations) persistence.Conversations {
	return gatedStore{c, g}
}

type gatedStore struct {
	persistence.Conversations
	gate *storeGate
}

func (s gatedStore) Commit(ctx context.Context, c *persistence.Commit) (persistence.Result, error) {
	if err := s.gate.err.Load(); err != nil {
		return persistence.Result{}, *err
	}
	return s.Conversations.Commit(ctx, c)
}

// get returns the status of a GET.
func get(t *testing.T, addr, path string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}
