package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"zgoda/gateway"
	"zgoda/gateway/terminal"
)

func newOperator(flags *rootFlags) *cobra.Command {
	cmd := &cobra.Command{Use: "operator", Short: "People who sign in to the console"}
	var add, list, disable, enable, reset gateway.OperatorCommand
	made := func(use, short, long string, c *gateway.OperatorCommand) *cobra.Command {
		c.Kind, _, _ = strings.Cut(use, " ")
		sub := &cobra.Command{Use: use, Short: short, Long: long, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
			answer, err := operate(cmd.Context(), flags, *c)
			if err != nil {
				return err
			}
			return printOperators(cmd.OutOrStdout(), flags, *c, answer)
		}}
		if c.Kind != "list" {
			sub.Flags().StringVar(&c.Login, "login", "", "name to sign in with (required)")
			_ = sub.MarkFlagRequired("login")
		}
		cmd.AddCommand(sub)
		return sub
	}
	a := made("add", "Invite somebody to a site", `Invite somebody. The link that is printed makes the account, or gives the role to
the account of that name. It is good once, for a day. Nobody types a password on
the command line.`, &add)
	a.Flags().StringVar(&add.Site, "site", "", "key of the site (required)")
	a.Flags().StringVar(&add.Role, "role", "operator", "operator, administrator or privacy_officer")
	_ = a.MarkFlagRequired("site")
	l := made("list", "Who signs in, and what they may do where", "", &list)
	l.Flags().StringVar(&list.Site, "site", "", "key of a site (default all)")
	made("disable", "Lock somebody out, now and everywhere", "", &disable)
	made("enable", "Let somebody in again", "", &enable)
	made("reset", "Print a link with which somebody sets a new password", "", &reset)
	return cmd
}

// operate carries a command out through the gateway that runs on the data folder,
// or by itself where none runs.
func operate(ctx context.Context, flags *rootFlags, command gateway.OperatorCommand) (gateway.OperatorAnswer, error) {
	c, err := flags.load()
	if err != nil {
		return gateway.OperatorAnswer{}, err
	}
	answer, err := operatorViaControl(ctx, filepath.Join(c.Data, gateway.ControlFile), command)
	if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ECONNREFUSED) {
		return answer, err
	}
	if _, err := os.Stat(filepath.Join(c.Data, gateway.StoreFile)); err != nil && c.Redis == "" {
		return gateway.OperatorAnswer{}, fmt.Errorf("there is no data file in %s; name the gateway's folder with --data", c.Data)
	}
	app, err := gateway.New(ctx, c.options())
	if err != nil {
		return gateway.OperatorAnswer{}, explain(err)
	}
	answer, err = app.Operator(ctx, command)
	return answer, errors.Join(err, app.Stop(ctx))
}

func operatorViaControl(ctx context.Context, path string, command gateway.OperatorCommand) (gateway.OperatorAnswer, error) {
	var answer gateway.OperatorAnswer
	body, err := json.Marshal(command)
	if err != nil {
		return answer, err
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
		DisableKeepAlives: true,
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://zgoda/v1/operator", bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	res, err := client.Do(req)
	if err != nil {
		return answer, fmt.Errorf("ask the running gateway: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("the running gateway answered %s, which is none of its answers: %w", res.Status, err)
	}
	if answer.Error != "" {
		return answer, errors.New(answer.Error)
	}
	return answer, nil
}

func printOperators(out io.Writer, flags *rootFlags, c gateway.OperatorCommand, answer gateway.OperatorAnswer) error {
	switch c.Kind {
	case "add", "reset":
		conf, err := flags.load()
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "Give this link to %s; it is good once, until %s:\n\n  http://%s%s\n\n", c.Login, answer.ExpiresAt.Local().Format(time.RFC1123), conf.Listen, answer.Path)
		fmt.Fprintln(out, "Where the gateway has another address from outside, put that in its place.")
	case "list":
		w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "LOGIN\tNAME\tROLES\tID\t")
		for _, m := range answer.Members {
			state := strings.Join(m.Roles, " ")
			if m.Disabled {
				state += " (disabled)"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t\n", terminal.Line(m.Login), terminal.Line(m.Name), state, m.ID)
		}
		return w.Flush()
	default:
		fmt.Fprintf(out, "%sd %s\n", c.Kind, c.Login)
	}
	return nil
}
