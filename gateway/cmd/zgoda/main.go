// Command zgoda is the chat gateway and its tools. Flags, environment and signals
// stop here; the packages below get plain options.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	return report(newRoot().ExecuteContext(ctx), os.Stderr)
}

// report prints an error and returns the status the program ends with.
func report(err error, out io.Writer) int {
	if err == nil {
		return 0
	}
	if message := err.Error(); message != "" {
		fmt.Fprintln(out, "zgoda:", message)
	}
	if coded, ok := errors.AsType[*statusError](err); ok {
		return coded.status
	}
	return 1
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
		newRun(flags), newContacts(flags), newConsent(flags), newOperator(flags), newReceipt(flags), newRetention(flags), newAudit(flags),
		newTombstones(flags), newMigrate(flags), newFlow(flags), newDoctor(flags),
	)
	return root
}
