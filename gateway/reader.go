package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"zgoda/persistence"
	"zgoda/persistence/seal"
	"zgoda/persistence/sqlitestore"
)

// OpenContacts opens the contact store that o names for reading, beside the
// gateways that may be running on it. The caller closes it with the function that
// is returned.
func OpenContacts(ctx context.Context, o Options) (persistence.Privacy, func() error, error) {
	dataDir := o.DataDir
	path := filepath.Join(dataDir, StoreFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("there is no data file %s yet; start the gateway once, or name its folder with --data", path)
	}
	keys, err := seal.Load(filepath.Join(dataDir, KeyFile))
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlitestore.Open(ctx, path, sqlitestore.Options{ReadOnly: true, CheckValue: keys.Check()})
	if err != nil {
		return nil, nil, err
	}
	privacy, ok := any(store).(persistence.Privacy)
	if !ok {
		return nil, nil, errors.Join(persistence.ErrNeedsPostgres, store.Close())
	}
	return privacy, store.Close, nil
}
