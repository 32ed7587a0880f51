package pgstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"zgoda/persistence"
)

// errSchema is a schema that the store as a whole cannot be used with.
var errSchema = fmt.Errorf("%w: %w", persistence.ErrSchema, persistence.ErrMisconfigured)

//go:embed migrations/*.sql
var migrationFiles embed.FS

const (
	versionTable = "zgoda.schema_version"
	// migrateLock names the advisory lock under which one process migrates.
	migrateLock = 7203942061187
	// The lock is asked for once a second, a minute long.
	lockPeriod, lockTries = 1, 60

	sqlMakeSchema = `CREATE SCHEMA IF NOT EXISTS zgoda`
	sqlHasSchema  = `SELECT to_regclass('zgoda.schema_version') IS NOT NULL`
	sqlGetVersion = `SELECT coalesce(max(version_id), 0) FROM zgoda.schema_version WHERE is_applied`
)

// A SchemaStatus says how far a database's schema is.
type SchemaStatus struct {
	// Version is the database's, Latest the newest that this program knows.
	Version    int64             `json:"version"`
	Latest     int64             `json:"latest"`
	Migrations []MigrationStatus `json:"migrations"`
}

// A MigrationStatus is one migration that this program knows. AppliedAt is zero
// for one that the database does not have.
type MigrationStatus struct {
	Version   int64     `json:"version"`
	Name      string    `json:"name"`
	AppliedAt time.Time `json:"applied_at,omitzero"`
}

// Migrate brings the schema of a database up to date. ownerDSN is a direct
// connection (no transaction pooling) of a login that may create roles and a
// schema, or of a superuser. Of several that migrate at once, one works and the
// others wait. A database that is newer than this program is ErrSchema.
func Migrate(ctx context.Context, ownerDSN string) error {
	return withMigrations(ctx, ownerDSN, func(p *goose.Provider) error {
		have, want, err := p.GetVersions(ctx)
		if err == nil && have > want {
			return newerSchema(have, want)
		}
		if err == nil {
			_, err = p.Up(ctx)
		}
		return storeError("migrate up", err)
	})
}

// MigrateDown takes the newest migration back, with everything it held. The
// roles stay, since they belong to the cluster.
func MigrateDown(ctx context.Context, ownerDSN string) error {
	return withMigrations(ctx, ownerDSN, func(p *goose.Provider) error {
		_, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			err = nil
		}
		return storeError("migrate down", err)
	})
}

// Status says how far the schema of a database is. It changes nothing.
func Status(ctx context.Context, ownerDSN string) (SchemaStatus, error) {
	known, err := knownMigrations()
	if err != nil {
		return SchemaStatus{}, err
	}
	out := SchemaStatus{Latest: known[len(known)-1].Version, Migrations: known}
	conn, err := pgx.Connect(ctx, ownerDSN)
	if err != nil {
		return SchemaStatus{}, storeError("connect", err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var made bool
	if err := conn.QueryRow(ctx, sqlHasSchema).Scan(&made); err != nil || !made {
		return out, storeError("look for schema", err)
	}
	rows, _ := conn.Query(ctx, `SELECT version_id, tstamp FROM zgoda.schema_version WHERE is_applied AND version_id > 0`)
	var version int64
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&version, &at}, func() error {
		out.Version = max(out.Version, version)
		for i := range out.Migrations {
			if out.Migrations[i].Version == version {
				out.Migrations[i].AppliedAt = at.UTC()
			}
		}
		return nil
	})
	return out, storeError("read schema version", err)
}

// knownMigrations lists what this program carries, in order.
func knownMigrations() ([]MigrationStatus, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil || len(names) == 0 {
		return nil, fmt.Errorf("list migrations: %d found: %w", len(names), err)
	}
	var out []MigrationStatus
	for i, name := range names {
		version, err := goose.NumericComponent(name)
		if err != nil || version != int64(i+1) {
			return nil, fmt.Errorf("migration %s: want number %d in front", name, i+1)
		}
		out = append(out, MigrationStatus{Version: version, Name: path.Base(name)})
	}
	return out, nil
}

func withMigrations(ctx context.Context, dsn string, run func(*goose.Provider) error) error {
	if _, err := knownMigrations(); err != nil {
		return err
	}
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("read connection string: %w", err)
	}
	// One for the lock and one for the work.
	config.MaxConns, config.MinConns = 2, 0
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return storeError("connect", err)
	}
	defer pool.Close()
	// The version table lives in the schema, so the schema comes first.
	if err := makeSchema(ctx, pool); err != nil {
		return storeError("make schema", err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(migrateLock), lock.WithLockTimeout(lockPeriod, lockTries))
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	files, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return fmt.Errorf("open migrations: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithTableName(versionTable),
		goose.WithSessionLocker(locker), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fmt.Errorf("prepare migrations: %w", err)
	}
	return run(p)
}

// makeSchema creates the schema. IF NOT EXISTS does not keep two that do so at
// once from meeting in the catalogue; whoever comes second finds it made.
func makeSchema(ctx context.Context, pool *pgxpool.Pool) error {
	_, err := pool.Exec(ctx, sqlMakeSchema)
	var pe *pgconn.PgError
	if errors.As(err, &pe) && pe.Code == uniqueViolation {
		return nil
	}
	return err
}

// checkSchema returns ErrSchema for a database that this program cannot use.
func checkSchema(ctx context.Context, conn *pgx.Conn) error {
	known, err := knownMigrations()
	if err != nil {
		return err
	}
	want, have, made := known[len(known)-1].Version, int64(0), false
	err = conn.QueryRow(ctx, sqlHasSchema).Scan(&made)
	if err == nil && made {
		err = conn.QueryRow(ctx, sqlGetVersion).Scan(&have)
	}
	switch {
	case sqlState(err) == insufficientPrivilege: // taken back to the beginning
	case err != nil:
		return storeError("read schema version", err)
	case have > want:
		return newerSchema(have, want)
	}
	if have < want {
		return fmt.Errorf("the database has schema version %d and this program needs %d: run `zgoda migrate up`: %w",
			have, want, errSchema)
	}
	return nil
}

func newerSchema(have, want int64) error {
	return fmt.Errorf("the database has schema version %d and this program knows versions up to %d: "+
		"start the newer program, or run its `zgoda migrate down`: %w", have, want, errSchema)
}
