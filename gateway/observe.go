package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"zgoda/gateway/telemetry"
	"zgoda/persistence"
)

// An observedStore times what the conversation store answers. It is in the way of
// commits alone, and only where somebody looks.
type observedStore struct {
	persistence.Conversations
	seen *telemetry.Provider
}

// Commit implements persistence.Conversations.
func (s observedStore) Commit(ctx context.Context, c *persistence.Commit) (persistence.Result, error) {
	ctx, end := s.seen.Commit(ctx, c.Site)
	res, err := s.Conversations.Commit(ctx, c)
	end(commitOutcome(res.Outcome, err))
	return res, err
}

func commitOutcome(o persistence.Outcome, err error) string {
	switch {
	case errors.Is(err, persistence.ErrUnknown):
		return "unknown"
	case errors.Is(err, persistence.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return "unavailable"
	case err != nil:
		return "failed"
	}
	switch o {
	case persistence.Committed:
		return "committed"
	case persistence.Duplicate:
		return "duplicate"
	case persistence.Erased:
		return "erased"
	case persistence.Stale:
		return "stale"
	}
	return "refused"
}

// openTelemetry switches on what the options and the OTEL_* variables ask for. Without
// either there is nobody to tell, and nothing is measured.
func (a *App) openTelemetry(ctx context.Context) error {
	o, err := telemetry.FromEnvironment(a.opts.Env)
	if err != nil {
		return err
	}
	o.Prometheus, o.Node, o.Sites, o.Log = a.opts.Metrics != "" || a.opts.MetricsListener != nil, a.opts.Node, a.sites.Keys(), a.opts.Log
	if a.telemetry, err = telemetry.New(ctx, o); err != nil {
		return err
	}
	if a.telemetry != nil {
		a.opts.Log = slog.New(telemetry.LogHandler(a.opts.Log.Handler()))
		a.onStop("stop telemetry", a.telemetry.Shutdown)
	}
	return nil
}

// askTelemetry says where the metrics are asked for that are read and not counted.
func (a *App) askTelemetry() error {
	if a.telemetry == nil {
		return nil
	}
	s := telemetry.Sources{
		Queue: a.sockets.Queued, Drain: a.drainProgress,
		Ready: func() bool { return a.server.WhyNot(context.Background()) == "" }, // its time is bounded
	}
	if a.flusher != nil {
		s.Outbox = a.outboxNow
	}
	if a.desk != nil {
		s.Online = func() map[string]int {
			out := map[string]int{}
			for _, key := range a.sites.Keys() {
				if n := a.desk.Online(key); n > 0 {
					out[key] = n
				}
			}
			return out
		}
	}
	a.effects.Seen = a.telemetry.Called
	return a.telemetry.Ask(s)
}

func (a *App) outboxNow() telemetry.Outbox {
	s := a.flusher.Stats()
	out := telemetry.Outbox{
		Records: s.Backlog, Rate: s.Rate, Applied: s.Applied, Repeated: s.Repeated, Shredded: s.Shredded, SetAside: s.Poisoned, Lost: s.Lost,
		Failures: s.Failures, Blocked: s.Blocked, Gaps: s.Gaps, Held: s.Held,
	}
	if !s.Oldest.IsZero() {
		out.OldestAge = max(time.Since(s.Oldest), 0)
	}
	return out
}

// drainProgress is the part of the clients that were asked to leave, and how many were
// not yet.
func (a *App) drainProgress() (part float64, pending int64) {
	all, asked := a.toDrain.Load(), a.drained.Load()
	if all == 0 {
		return 0, 0
	}
	return float64(asked) / float64(all), all - asked
}

// serveMetrics serves Prometheus on a listener of its own: what is asked there is for
// the platform and not for the world.
func (a *App) serveMetrics() error {
	if a.telemetry == nil || a.telemetry.Handler() == nil {
		return nil
	}
	listener := a.opts.MetricsListener
	if listener == nil {
		var err error
		if listener, err = net.Listen("tcp", a.opts.Metrics); err != nil {
			return fmt.Errorf("listen for metrics: %w (choose another address with metrics in the configuration)", err)
		}
	}
	a.metricsAddr = listener.Addr()
	a.serve(&http.Server{
		Handler: a.telemetry.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}, listener)
	return nil
}

// MetricsAddr returns the address where Prometheus asks; nil where it is not switched
// on, and before Start.
func (a *App) MetricsAddr() net.Addr { return a.metricsAddr }
