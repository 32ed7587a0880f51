package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Bounds of the HTTP server. A socket's own deadlines begin with its upgrade.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 20 * time.Second
	writeTimeout  = 30 * time.Second
	// shutdownTimeout is how long requests that are being answered may hold up a
	// stop; what comes after it needs its time, too.
	shutdownTimeout = 3 * time.Second
	idleTimeout     = 60 * time.Second
	maxHeader       = 16 << 10
)

const trimEvery = time.Hour

// Start listens and serves until Stop. It returns when connections are accepted.
func (a *App) Start(ctx context.Context) error {
	if err := a.start(ctx); err != nil {
		return errors.Join(err, a.Stop(ctx))
	}
	return nil
}

func (a *App) start(ctx context.Context) error {
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a.onStop("stop background loops", func(ctx context.Context) error {
		cancel()
		return wait(ctx, a.running.Wait)
	})
	if a.flusher != nil {
		a.running.Go(func() {
			if err := a.flusher.Run(background); err != nil {
				a.opts.Log.Error("flush outbox", "error", err)
			}
		})
		a.onStop("flush outbox", a.flushLast)
	}
	if a.stores.trim != nil {
		a.running.Go(func() { a.trim(background) })
	}
	a.onStop("finish hearing news", func(ctx context.Context) error { return wait(ctx, a.server.Conversations.Wait) })
	a.startChannel(background)
	a.running.Go(func() {
		if err := a.keepAlive(background); err != nil {
			a.opts.Log.Error("keep sockets alive", "error", err)
		}
	})

	if !a.stores.shared {
		// On shared servers a command commits by itself, and nodes hear of it.
		if err := a.startControl(); err != nil {
			return err
		}
	}
	if a.revisions != nil {
		a.running.Go(func() { a.revisions.run(background) })
	}
	if a.desk != nil {
		a.running.Go(func() { a.desk.Run(background) })
		a.running.Go(func() { a.recheck(background) })
	}
	a.running.Go(func() { a.effects.Run(background) })
	a.running.Go(func() { a.fireTimers(background) })
	if a.privacy != nil {
		a.running.Go(func() { a.retain(background) })
	}
	listener := a.opts.Listener
	if listener == nil {
		var err error
		if listener, err = net.Listen("tcp", a.opts.Listen); err != nil {
			return fmt.Errorf("listen: %w (choose another address with --listen)", err)
		}
	}
	a.addr = listener.Addr()
	server := &http.Server{
		Handler:           a.server.Handler(),
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
	}
	if err := a.serveMetrics(); err != nil {
		_ = listener.Close()
		return err
	}
	a.onStop("close sockets", a.closeSockets)
	a.serve(server, listener)
	a.onStop("drain", a.drain)
	return nil
}

// startChannel listens to what other nodes commit.
func (a *App) startChannel(ctx context.Context) {
	listening, cancel := context.WithCancel(ctx)
	var loops sync.WaitGroup
	loops.Go(func() {
		if err := a.channel.listen(listening); err != nil {
			a.opts.Log.Error("listen to the node's channel", "error", err)
		}
	})
	loops.Go(func() { a.checkAll(listening) })
	if a.stores.shared {
		loops.Go(func() { a.channel.probe(listening) })
	}
	a.onStop("stop listening to other nodes", func(ctx context.Context) error {
		cancel()
		return wait(ctx, loops.Wait)
	})
}

// serve runs an HTTP server and registers its end. Shutdown leaves upgraded
// connections alone; they have their own end.
func (a *App) serve(server *http.Server, listener net.Listener) {
	a.running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			a.opts.Log.Error("serve", "address", listener.Addr().String(), "error", err)
		}
	})
	a.onStop("stop serving "+listener.Addr().String(), func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
		defer cancel()
		if server.Shutdown(ctx) == nil {
			return nil
		}
		return server.Close() // a peer that does not read its answer, or never asks
	})
}

// trim removes events that are older than the transcript is kept.
func (a *App) trim(ctx context.Context) {
	ticker := time.NewTicker(trimEvery)
	defer ticker.Stop()
	for {
		n, err := a.stores.trim(ctx, time.Now().Add(-a.opts.Transcript))
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			a.opts.Log.Error("trim transcripts", "error", err)
		case n > 0:
			a.opts.Log.Info("trimmed transcripts", "events", n)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
