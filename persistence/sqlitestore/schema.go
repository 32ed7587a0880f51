package sqlitestore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"zgoda/persistence"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// A migration brings the schema from version-1 to version.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations returns the embedded migrations in order. A number that is missing
// or out of place is a mistake in this program and an error at every start.
func migrations() ([]migration, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	var out []migration
	for i, name := range names {
		b, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		base := strings.TrimPrefix(name, "migrations/")
		number, _, _ := strings.Cut(base, "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s: want number %d in front", base, i+1)
		}
		out = append(out, migration{version: version, name: base, sql: string(b)})
	}
	return out, nil
}

func schemaVersion(ctx context.Context, c *conn) (int, error) {
	var have int
	if _, err := c.get(ctx, "PRAGMA user_version", nil, row(&have)); err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return have, nil
}

// checkSchema returns ErrSchema for a file this program cannot read.
func checkSchema(path string, have, want int) error {
	if have > want {
		return fmt.Errorf("%s has schema version %d and this program knows versions up to %d: "+
			"start the newer program that wrote it, or restore the copy made before the update: %w",
			path, have, want, persistence.ErrSchema)
	}
	return nil
}

// migrate brings the schema up to date, each version in one transaction with
// its number.
func migrate(ctx context.Context, c *conn, path string) error {
	all, err := migrations()
	if err != nil {
		return err
	}
	have, err := schemaVersion(ctx, c)
	if err != nil {
		return err
	}
	if err := checkSchema(path, have, len(all)); err != nil {
		return err
	}
	for _, m := range all[have:] {
		script := fmt.Sprintf("BEGIN IMMEDIATE;\n%s\nPRAGMA user_version = %d;\nCOMMIT;", m.sql, m.version)
		if _, err := c.c.ExecContext(ctx, script); err != nil {
			// The transaction is open where the script stopped within it; where it
			// is not, there is nothing to roll back and the error says so.
			_, _ = c.c.ExecContext(ctx, "ROLLBACK")
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}
