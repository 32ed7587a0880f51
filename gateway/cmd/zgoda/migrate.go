package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"zgoda/gateway"
)

func newMigrate(flags *rootFlags) *cobra.Command {
	var owner string
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the contact store's schema in PostgreSQL up to date",
		Long: `Bring the schema of the contact store in PostgreSQL up to date, look at it, or
take the newest step back. It needs a login that may create roles and a schema;
gateways use another one, which can do neither:

  CREATE ROLE zgoda LOGIN NOINHERIT PASSWORD '…';
  zgoda migrate up --owner postgres://postgres@host/db --login zgoda

The data file of a gateway on one machine brings itself up to date.`,
	}
	cmd.PersistentFlags().StringVar(&owner, "owner", "", "postgres:// URL of a login that may change the schema (default: postgres of the configuration)")
	dsn := func() (string, error) {
		if owner != "" {
			return owner, nil
		}
		c, err := flags.load()
		if err != nil {
			return "", err
		}
		if c.Postgres == "" {
			return "", errors.New("name the database with --owner postgres://…, or set postgres in the configuration")
		}
		return c.Postgres, nil
	}
	cmd.AddCommand(newMigrateUp(dsn), newMigrateDown(dsn), newMigrateStatus(dsn))
	return cmd
}

func newMigrateUp(dsn func() (string, error)) *cobra.Command {
	var login, retention string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Apply every migration that the database lacks",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			owner, err := dsn()
			if err != nil {
				return err
			}
			if err := gateway.Migrate(cmd.Context(), owner); err != nil {
				return err
			}
			for _, name := range []string{login, retention} {
				if name == "" {
					continue
				}
				if err := gateway.GrantLogin(cmd.Context(), owner, name, name == retention); err != nil {
					return err
				}
			}
			status, err := gateway.MigrationStatus(cmd.Context(), owner)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "the schema has version %d, the newest\n", status.Version)
			return nil
		},
	}
	cmd.Flags().StringVar(&login, "login", "", "an existing login that gateways use; it is given the roles it needs")
	cmd.Flags().StringVar(&retention, "retention-login", "", "another existing login, which alone may delete ledgers whose time to prove is over")
	return cmd
}

func newMigrateDown(dsn func() (string, error)) *cobra.Command {
	var deleteData bool
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Take the newest migration back, with everything it held",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !deleteData {
				return errors.New("taking a migration back deletes what its tables hold: make a dump, then say --delete-data")
			}
			owner, err := dsn()
			if err != nil {
				return err
			}
			if err := gateway.MigrateDown(cmd.Context(), owner); err != nil {
				return err
			}
			status, err := gateway.MigrationStatus(cmd.Context(), owner)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "the schema has version %d; this program needs %d\n", status.Version, status.Latest)
			return nil
		},
	}
	cmd.Flags().BoolVar(&deleteData, "delete-data", false, "yes, delete what the newest migration's tables hold")
	return cmd
}

func newMigrateStatus(dsn func() (string, error)) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how far the schema is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			owner, err := dsn()
			if err != nil {
				return err
			}
			status, err := gateway.MigrationStatus(cmd.Context(), owner)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), status)
			}
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
			for _, m := range status.Migrations {
				applied := "not applied"
				if !m.AppliedAt.IsZero() {
					applied = m.AppliedAt.Local().Format(time.DateTime)
				}
				fmt.Fprintf(w, "%d\t%s\t%s\n", m.Version, m.Name, applied)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			switch {
			case status.Version < status.Latest:
				fmt.Fprintln(cmd.OutOrStdout(), "run `zgoda migrate up`")
			case status.Version > status.Latest:
				fmt.Fprintf(cmd.OutOrStdout(), "the database has version %d, which a newer program made; this one knows %d\n", status.Version, status.Latest)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
