package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"zgoda/persistence"
	"zgoda/persistence/pgstore"
	"zgoda/persistence/seal"
	"zgoda/persistence/sqlitestore"
)

// OpenContacts opens the contact store that o names for reading, beside the
// gateways that may be running on it: PostgreSQL where it is set, otherwise the
// data file. All that is written is the audit of what was read. The caller closes
// it with the function that is returned.
func OpenContacts(ctx context.Context, o Options) (persistence.Privacy, func() error, error) {
	path := filepath.Join(o.DataDir, StoreFile)
	if o.Postgres != "" {
		path = filepath.Join(o.DataDir, KeyFile)
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("there is no %s yet; start the gateway once, or name its folder with --data", path)
	}
	keys, err := seal.Load(filepath.Join(o.DataDir, KeyFile))
	if err != nil {
		return nil, nil, err
	}
	if o.Postgres != "" {
		store, err := openPostgres(ctx, o, keys)
		if err != nil {
			return nil, nil, err
		}
		return store, store.Close, nil
	}
	store, err := sqlitestore.Open(ctx, path, sqlitestore.Options{ReadOnly: true, CheckValue: keys.Check()})
	if err != nil {
		return nil, nil, err
	}
	return store, store.Close, nil
}

// Migrate, MigrateDown and MigrationStatus change and read the schema of the
// contact store in PostgreSQL; ownerDSN is a login that may create roles and a
// schema. MigrateDown deletes what the newest migration held.
var (
	Migrate         = pgstore.Migrate
	MigrateDown     = pgstore.MigrateDown
	MigrationStatus = pgstore.Status
	// GrantLogin lets an existing login work as a gateway does.
	GrantLogin = pgstore.GrantLogin
)

// SchemaStatus says how far the schema of a contact store is.
type SchemaStatus = pgstore.SchemaStatus
