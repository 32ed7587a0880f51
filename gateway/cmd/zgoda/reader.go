package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"zgoda/gateway"
	"zgoda/persistence"
)

// about is what commands on one site, and mostly on one visitor, are told.
type about struct {
	site, visitor, reason string
	asJSON                bool
}

// siteFlags adds --site, --json and --reason to a command.
func (a *about) siteFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.site, "site", "", "key of the site (required)")
	cmd.Flags().BoolVar(&a.asJSON, "json", false, "print JSON")
	cmd.Flags().StringVar(&a.reason, "reason", "", "why; it goes into the audit and must not hold personal data")
}

// visitorFlags adds --visitor besides; the visitor may also be the argument.
func (a *about) visitorFlags(cmd *cobra.Command) {
	a.siteFlags(cmd)
	cmd.Flags().StringVar(&a.visitor, "visitor", "", "visitor id, as contacts list shows it")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 && a.visitor == "" {
			a.visitor = args[0]
			args = nil
		}
		return cobra.NoArgs(cmd, args)
	}
}

// check names what is missing.
func (a *about) check(visitor bool) error {
	switch {
	case a.site == "":
		return errors.New("name the site with --site")
	case visitor && a.visitor == "":
		return errors.New("name the visitor: its id as argument or with --visitor; `zgoda contacts list` shows them")
	}
	return nil
}

func (a *about) access(cmd *cobra.Command) persistence.Access {
	reason := cmd.CommandPath()
	if a.reason != "" {
		reason += ": " + a.reason
	}
	return persistence.Access{Actor: commandActor(), Reason: reason}
}

// commandActor is whom the ledger and the audit name for a command: who runs it,
// as the system knows them.
func commandActor() string {
	name := strconv.Itoa(os.Getuid())
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._@\\-", r) {
			return r
		}
		return '_'
	}, name)
	return "command:" + name[:min(len(name), 64)]
}

// withReader opens the stores for reading and checks the site.
func withReader(ctx context.Context, flags *rootFlags, a *about, use func(*gateway.Reader) error) error {
	c, err := flags.load()
	if err != nil {
		return err
	}
	if err := c.hasSite(a.site); err != nil {
		return err
	}
	r, err := gateway.OpenReader(ctx, c.options())
	if err != nil {
		return explain(err)
	}
	err = errors.Join(use(r), r.Close())
	if errors.Is(err, persistence.ErrNotFound) && a.visitor != "" {
		return fmt.Errorf("site %s knows nothing of a visitor %s; `zgoda contacts list --site %s` shows them", a.site, a.visitor, a.site)
	}
	return err
}

// writeFile writes what a command was asked for into a file that only its owner
// may read, or to out where no name is given. A file that is there is kept.
func writeFile(out io.Writer, name string, write func(io.Writer) error) (err error) {
	if name == "" {
		return write(out)
	}
	f, err := os.OpenFile(filepath.Clean(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already; name another file", name)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return write(f)
}
