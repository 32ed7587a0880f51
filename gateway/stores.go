package gateway

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"zgoda/persistence"
	"zgoda/persistence/seal"
	"zgoda/persistence/sqlitestore"
)

// stores are the contracts a node works with, whatever keeps them.
type stores struct {
	conversations persistence.Conversations
	outbox        persistence.Outbox
	nodes         persistence.Nodes
	timers        persistence.Timers
	// contacts is nil where no contact store is configured: then records wait in
	// the outbox.
	contacts persistence.Contacts
	// shared says that other nodes work on the same conversations.
	shared bool
	// ready reports why the node should get no new sockets.
	ready func(context.Context) error
	// trim removes events older than a time; nil where the store does it itself.
	trim func(context.Context, time.Time) (int, error)
}

// openStores opens what the options name: one SQLite file, or the servers.
func (a *App) openStores(ctx context.Context, keys *seal.KeyFile, node string) error {
	if a.opts.Redis == "" {
		if a.opts.Postgres != "" {
			return errors.New("postgres is set without redis: one machine keeps everything in its data file; set both for several machines")
		}
		return a.openFile(ctx, keys)
	}
	return a.openServers(ctx, keys, node)
}

func (a *App) openFile(ctx context.Context, keys *seal.KeyFile) error {
	path := filepath.Join(a.opts.DataDir, StoreFile)
	store, err := sqlitestore.Open(ctx, path, sqlitestore.Options{CheckValue: keys.Check(), Log: a.opts.Log})
	if err != nil {
		return err
	}
	a.onStop("close store", func(context.Context) error { return store.Close() })
	a.stores = stores{
		conversations: store, outbox: store, nodes: store, timers: store, contacts: store,
		trim: store.Trim,
		ready: func(ctx context.Context) error {
			if _, err := store.Positions(ctx, nil); err != nil {
				return fmt.Errorf("the data file cannot be read: %w", err)
			}
			return nil
		},
	}
	return nil
}

// openServers opens the stores that several nodes share.
func (a *App) openServers(context.Context, *seal.KeyFile, string) error {
	return errors.New("redis is set, but this version keeps everything in its data folder: unset it")
}
