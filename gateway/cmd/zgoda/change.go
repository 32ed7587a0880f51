package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"zgoda/gateway"
	"zgoda/persistence"
)

func newContactsErase(flags *rootFlags) *cobra.Command {
	change := gateway.Change{Kind: gateway.ChangeErase}
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Erase a visitor: conversation, contact and consents' details",
		Long: `Erase a visitor. The conversation and the contact are deleted and overwritten;
what stays is the pseudonymous proof that consent was given and ended. It cannot
be undone. Erasing again is no error.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := apply(cmd.Context(), flags, change); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "erased %s of site %s\n", change.Visitor, change.Site)
			return nil
		},
	}
	changeFlags(cmd, &change)
	return cmd
}

func newConsent(flags *rootFlags) *cobra.Command {
	cmd := &cobra.Command{Use: "consent", Short: "Consents of a visitor"}
	change := gateway.Change{Kind: gateway.ChangeWithdraw}
	withdraw := &cobra.Command{
		Use:   "withdraw",
		Short: "Withdraw a visitor's consent on the visitor's request",
		Long: `Withdraw consent, for a visitor who asked for it outside the chat. Withdrawing
lead_contact ends every purpose and deletes the contact. The chat of a visitor
who is online learns of it at once.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := apply(cmd.Context(), flags, change); err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "withdrawn for %s of site %s\n", change.Visitor, change.Site)
			return nil
		},
	}
	changeFlags(withdraw, &change)
	withdraw.Flags().StringSliceVar(&change.Purposes, "purpose", nil, "purposes to withdraw (default all)")
	cmd.AddCommand(withdraw)
	return cmd
}

func changeFlags(cmd *cobra.Command, c *gateway.Change) {
	cmd.Flags().StringVar(&c.Site, "site", "", "key of the site (required)")
	cmd.Flags().StringVar(&c.Visitor, "visitor", "", "visitor id, as contacts list shows it (required)")
}

// apply makes a change through the gateway that runs on the data folder, or by
// itself where none runs. Either way it goes through the same commit.
func apply(ctx context.Context, flags *rootFlags, change gateway.Change) error {
	c, err := flags.load()
	if err != nil {
		return err
	}
	if change.Site == "" || change.Visitor == "" {
		return errors.New("name the visitor with --site and --visitor")
	}
	change.ID = rand.Text()
	err = viaControl(ctx, filepath.Join(c.Data, gateway.ControlFile), change)
	if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ECONNREFUSED) {
		return notFound(err, change)
	}
	if _, err := os.Stat(filepath.Join(c.Data, gateway.StoreFile)); err != nil && c.Redis == "" {
		return fmt.Errorf("there is no data file in %s; name the gateway's folder with --data", c.Data)
	}
	app, err := gateway.New(ctx, c.options())
	if err != nil {
		return explain(err)
	}
	return notFound(errors.Join(app.Apply(ctx, change), app.Stop(ctx)), change)
}

func notFound(err error, c gateway.Change) error {
	if errors.Is(err, persistence.ErrNotFound) {
		return fmt.Errorf("site %s has no visitor %s; `zgoda contacts list --site %s` shows them", c.Site, c.Visitor, c.Site)
	}
	return err
}

// viaControl asks the running gateway over its Unix socket.
func viaControl(ctx context.Context, path string, change gateway.Change) error {
	body, err := json.Marshal(change)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
		DisableKeepAlives: true,
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://zgoda/v1/change", bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the running gateway: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer struct {
		Error    string `json:"error"`
		NotFound bool   `json:"not_found"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return fmt.Errorf("the running gateway answered %s, which is none of its answers: %w", res.Status, err)
	}
	switch {
	case answer.NotFound:
		return persistence.ErrNotFound
	case answer.Error != "":
		return errors.New(answer.Error)
	}
	return nil
}
