package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zgoda/gateway"
	"zgoda/gateway/site"
)

// stopTimeout bounds an orderly stop beyond the drain; a second signal ends the
// process at once.
const stopTimeout = 20 * time.Second

func newRun(flags *rootFlags) *cobra.Command {
	var listen, redis, postgres string
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run a gateway",
		Long: `Run a gateway on one data file, with no server to install.

Everything that is kept lies in the data folder: the store, the keys and the
control socket. Back the folder up as a whole; without keys.json the store
cannot be read.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.load()
			if err != nil {
				return err
			}
			for value, field := range map[*string]*string{&listen: &c.Listen, &redis: &c.Redis, &postgres: &c.Postgres} {
				if *value != "" {
					*field = *value
				}
			}
			return serve(cmd.Context(), c, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&redis, "redis", "", "redis:// URL that several gateways share (rediss://, redis-sentinel://, redis-cluster://)")
	cmd.Flags().StringVar(&postgres, "postgres", "", "postgres:// URL of the contact store")
	cmd.Flags().StringVar(&listen, "listen", "", "address to listen on (default 127.0.0.1:8080)")
	return cmd
}

func serve(ctx context.Context, c config, out io.Writer) error {
	for _, name := range unknownEnvironment(os.Environ()) {
		fmt.Fprintf(out, "note  %s is set, but there is no such setting\n", name)
	}
	app, err := gateway.New(ctx, c.options())
	if err != nil {
		return explain(err)
	}
	if err := app.Start(ctx); err != nil {
		return err
	}
	announce(out, app, c)
	if os.Getenv("GOGC") == "" {
		go gateway.PaceCollector(ctx) // it ends with the process
	}
	<-ctx.Done()
	fmt.Fprintln(out, "\nstopping: clients are told to come back, the outbox is flushed …")
	drain := time.Duration(c.DrainDelayMS+c.DrainTimeMS) * time.Millisecond
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain+stopTimeout)
	defer cancel()
	return app.Stop(stop)
}

// announce prints what a person wants to open next.
func announce(out io.Writer, app *gateway.App, c config) {
	base := "http://" + reachable(app.Addr())
	fmt.Fprintf(out, "Zgoda is running.\n\n")
	fmt.Fprintf(out, "  demo shop     %s/demo/  (Polish)   %s/demo/en  (English)\n", base, base)
	fmt.Fprintf(out, "  protocol      %s/v1/asyncapi.yaml\n", base)
	fmt.Fprintf(out, "  health        %s/healthz  %s/readyz\n", base, base)
	fmt.Fprintf(out, "  sites         %s\n", strings.Join(app.Sites().Keys(), ", "))
	fmt.Fprintf(out, "  console       %s/console/\n", base)
	if path := app.FirstLink(); path != "" {
		fmt.Fprintf(out, "                This link makes the first administrator, %q; it is good once, for a day:\n", gateway.FirstLogin)
		fmt.Fprintf(out, "                %s%s\n", base, path)
	}
	if c.Redis == "" {
		fmt.Fprintf(out, "  data          %s\n\n", filepath.Join(c.Data, gateway.StoreFile))
	} else {
		fmt.Fprintf(out, "  data          redis; keys in %s\n\n", filepath.Join(c.Data, gateway.KeyFile))
	}
	noted := len(app.Warnings()) > 0
	for _, w := range app.Warnings() {
		fmt.Fprintf(out, "  note  %s\n", w)
	}
	for _, key := range app.Sites().Keys() {
		st, _ := app.Sites().Get(key)
		for _, w := range st.Warnings {
			fmt.Fprintf(out, "  note  %s: %s\n", key, w)
			noted = true
		}
	}
	if noted {
		fmt.Fprintln(out)
	}
	fmt.Fprintln(out, "Ctrl-C stops it; nothing that was accepted is lost.")
}

// reachable turns an unspecified address into one that can be opened.
func reachable(addr net.Addr) string {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String()
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port))
}

// explain puts every problem of a site or flow file on a line of its own.
func explain(err error) error {
	var problems site.Problems
	if errors.As(err, &problems) {
		return fmt.Errorf("the sites cannot be loaded:\n%w", err)
	}
	return err
}
