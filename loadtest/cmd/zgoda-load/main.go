// Command zgoda-load puts a deployment under the load of people and ends with a
// verdict. Flags and signals stop here; package loadtest gets plain options.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"zgoda/loadtest"
	"zgoda/loadtest/report"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// flags beside the options themselves.
type flags struct {
	o    loadtest.Options
	seed string
	json string
	html string
}

// run returns the exit status: 0 kept, 1 broken promise, 2 target missed, 3
// could not run.
func run(args []string, out, errOut io.Writer) int {
	status := report.ExitCannot
	cmd := newRoot(&status)
	cmd.SetArgs(args)
	cmd.SetOut(out)
	cmd.SetErr(errOut)
	// The first signal lets visitors go and goes on to the verdict, the second
	// ends everything, the third kills.
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	if err := cmd.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(errOut, "zgoda-load:", err)
		return report.ExitCannot
	}
	return status
}

const long = `Put a deployment under the load of people, and get a verdict.

Visitors come at the scenario's rate whatever the server does, behave like people
and check every promise that a client can see. Afterwards each log is read again
and, with --postgres or --sqlite, the contact store is compared row by row.

  zgoda-load lead --url ws://127.0.0.1:8080 --sqlite data/zgoda.db
  zgoda-load rolling-restart --cluster 3 --html report.html
  zgoda-load lead --cluster 3 --faults configs/load/faults-example.yaml --expect 'turn.p99<200ms'

A scenario is a file, or the name of one in configs/load: lead, idle, takeover,
reconnect-storm, rolling-restart, hurt, soak, abuse.

Exit status: 0 every promise was kept, 1 one was broken, 2 a target was missed,
3 the run could not be done or not be judged. The first Ctrl-C ends the visits and
goes on to the verdict, the second stops everything.`

func newRoot(status *int) *cobra.Command {
	f := &flags{}
	cmd := &cobra.Command{
		Use: "zgoda-load SCENARIO", Short: "Load test with a verdict", Long: long,
		Args:         cobra.ExactArgs(1),
		SilenceUsage: true, SilenceErrors: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			f.o.File = scenarioFile(args[0])
			if err := f.finish(); err != nil {
				return err
			}
			var err error
			*status, err = f.carryOut(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
			return err
		},
	}
	f.add(cmd)
	cmd.AddCommand(&cobra.Command{
		Use: loadtest.PlayCommand, Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := loadtest.PlayPart(cmd.Context(), os.Stdin, cmd.OutOrStdout())
			if err == nil {
				*status = report.ExitKept
			}
			return err
		},
	})
	cmd.CompletionOptions.DisableDefaultCmd = true
	return cmd
}

func (f *flags) add(cmd *cobra.Command) {
	p, o := cmd.Flags(), &f.o
	p.StringSliceVar(&o.URLs, "url", nil, "gateways to load, ws://host:port; give it again for each")
	p.IntVar(&o.Cluster, "cluster", 0, "start a cluster of so many gateways, with Redis and PostgreSQL")
	p.BoolVar(&o.Single, "single", false, "start one gateway on a data file, with no server")
	p.StringVar(&o.Binary, "gateway", filepath.Join("bin", "zgoda"), "gateway program for --cluster and --single")
	p.StringVar(&o.Sites, "sites", filepath.Join("configs", "sites"), "site files for --cluster and --single")
	p.StringVar(&o.Faults, "faults", "", "file of faults for --cluster, in place of the scenario's")
	p.BoolVar(&o.NoFaults, "no-faults", false, "leave out the scenario's faults")
	p.BoolVar(&o.OwnTarget, "i-own-this-target", false, "load a target that is not on this machine: it is yours")
	p.StringVar(&o.Store.Postgres, "postgres", "", "connection string of the target's contact store, to compare its rows")
	p.StringVar(&o.Store.SQLite, "sqlite", "", "the target's data file, to compare its rows")
	p.BoolVar(&o.Alone, "alone", false, "nobody else uses the site: rows of other visitors since the start are violations")
	p.DurationVar(&o.Settle, "settle", 0, "how long rows may take to reach the contact store (default 30s)")
	p.StringVar(&o.Operators, "operators", "", "file with the accounts of the scenario's operators, a login and a password on a line")
	p.StringArrayVar(&o.Expect, "expect", nil, "a target, such as turn.p99<50ms; give it again for more")
	p.IntVar(&o.Processes, "processes", 1, "play the visitors in so many processes, in one run")
	p.IntVar(&o.Sources, "sources", 1, "connect from so many loopback addresses, as many households do")
	p.StringVar(&o.Site, "site", "", "site in place of the scenario's")
	p.StringVar(&o.Locale, "locale", "", "language in place of the scenario's")
	p.StringVar(&f.seed, "seed", "", "seed in place of the scenario's")
	p.StringVar(&o.Origin, "origin", "", "origin of the page visitors are on (default: the target's own)")
	p.StringVar(&f.json, "json", "", "write the report as JSON to a file, - for standard output")
	p.StringVar(&f.html, "html", "", "write the report as one HTML page to a file")
	p.StringVar(&o.Mutant, "mutant", "", "ZGODA_MUTANT of the gateways")
	_ = p.MarkHidden("mutant") // the flag is there
}

// finish reads what the flags cannot.
func (f *flags) finish() error {
	if f.seed == "" {
		return nil
	}
	seed, err := strconv.ParseUint(f.seed, 10, 64)
	if err != nil {
		return fmt.Errorf("--seed is %q; it is a whole number from 0", f.seed)
	}
	f.o.Seed = &seed
	return nil
}

// scenarioFile finds a ready-made scenario by its name.
func scenarioFile(name string) string {
	ready := filepath.Join("configs", "load", name+".yaml")
	if _, err := os.Stat(name); err != nil && filepath.Ext(name) == "" {
		return ready
	}
	return name
}

// carryOut runs and reports.
func (f *flags) carryOut(parent context.Context, out, errOut io.Writer) (int, error) {
	visits, stop, release := signals(parent)
	defer release()
	terminal := false
	if file, ok := errOut.(*os.File); ok {
		terminal = isatty.IsTerminal(file.Fd())
	}
	live := report.NewLive(errOut, terminal)
	f.o.Watch = live.Show
	r, err := loadtest.Run(visits, stop, f.o)
	live.Clear()
	if r == nil {
		return report.ExitCannot, err
	}
	if f.json != "-" {
		r.Print(out)
	}
	if writeErr := f.write(r, out); writeErr != nil {
		return report.ExitCannot, writeErr
	}
	if err != nil {
		if r.Verdict.Broken > 0 {
			fmt.Fprintln(errOut, "zgoda-load:", err)
			return report.ExitBroken, nil // that much is certain
		}
		return report.ExitCannot, err
	}
	return r.Exit(), nil
}

func (f *flags) write(r *report.Report, out io.Writer) error {
	if f.json == "-" {
		if err := r.WriteJSON(out); err != nil {
			return err
		}
	} else if f.json != "" {
		if err := toFile(f.json, r.WriteJSON); err != nil {
			return err
		}
	}
	if f.html != "" {
		return toFile(f.html, r.WriteHTML)
	}
	return nil
}

func toFile(path string, write func(io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return errors.Join(write(file), file.Close())
}

// signals returns a context that ends with the first signal and one that ends
// with the second. After that a signal kills.
func signals(parent context.Context) (visits, stop context.Context, release func()) {
	visits, endVisits := context.WithCancel(parent)
	stop, endAll := context.WithCancel(parent)
	heard := make(chan os.Signal, 2)
	signal.Notify(heard, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for _, end := range []func(){endVisits, endAll} {
			select {
			case <-heard:
				end()
			case <-done:
				return
			}
		}
		signal.Stop(heard)
	}()
	return visits, stop, func() {
		close(done)
		signal.Stop(heard)
		endVisits()
		endAll()
	}
}
