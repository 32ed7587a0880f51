// Command zgoda is the chat gateway and its tools. Flags, environment and signals
// stop here; the packages below get plain options.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the default comes back: a second one ends at once.
	defer context.AfterFunc(ctx, stop)()
	if err := newRoot().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "zgoda:", err)
		return 1
	}
	return 0
}

// rootFlags are common to all commands.
type rootFlags struct {
	config string
	data   string
	sites  string
}

func newRoot() *cobra.Command {
	flags := &rootFlags{}
	root := &cobra.Command{
		Use:           "zgoda",
		Short:         "Consent-first chat gateway for websites",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	p := root.PersistentFlags()
	p.StringVar(&flags.config, "config", "", "configuration file (default configs/zgoda.yaml where it exists)")
	p.StringVar(&flags.data, "data", "", "data folder (default data)")
	p.StringVar(&flags.sites, "sites", "", "folder with the site files (default configs/sites)")
	root.AddCommand(
		newRun(flags), newContacts(flags), newConsent(flags), newReceipt(flags), newRetention(flags), newAudit(flags),
		newTombstones(flags), newMigrate(flags),
	)
	return root
}
