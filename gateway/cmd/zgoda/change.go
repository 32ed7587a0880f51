package main

import (
	"bytes"
	"context"
	"crypto/rand"
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

	"github.com/spf13/cobra"

	"zgoda/gateway"
	"zgoda/persistence"
)

// newChange makes a command that changes something of a visitor's. take reads
// what else the change needs; done says what was done.
func newChange(flags *rootFlags, kind string, cmd *cobra.Command, take func(*gateway.Change) error, done string) *cobra.Command {
	var a about
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		change := gateway.Change{Kind: kind, Site: a.site, Visitor: a.visitor, Actor: commandActor(), Reason: a.reason}
		if change.Site == "" || change.Visitor == "" {
			return errors.New("name the visitor with --site and --visitor")
		}
		if take != nil {
			if err := take(&change); err != nil {
				return err
			}
		}
		if err := apply(cmd.Context(), flags, change); err != nil {
			return err
		}
		if a.asJSON {
			return printJSON(cmd.OutOrStdout(), map[string]string{"site": a.site, "visitor": a.visitor, "done": kind})
		}
		fmt.Fprintf(cmd.OutOrStdout(), done+"\n", a.visitor, a.site)
		return nil
	}
	a.visitorFlags(cmd)
	return cmd
}

func newContactsErase(flags *rootFlags) *cobra.Command {
	return newChange(flags, gateway.ChangeErase, &cobra.Command{
		Use:   "erase VISITOR",
		Short: "Erase a visitor: conversation, contact and consents' details",
		Long: `Erase a visitor. The conversation and the contact are deleted and overwritten;
what stays is the pseudonymous proof that consent was given and ended. It cannot
be undone. Erasing again is no error.`,
	}, nil, "erased %s of site %s")
}

func newContactsCorrect(flags *rootFlags) *cobra.Command {
	var set []string
	cmd := newChange(flags, gateway.ChangeCorrect, &cobra.Command{
		Use:   "correct VISITOR --set email=anna@example.com",
		Short: "Correct contact details of a visitor (GDPR art. 16)",
		Long: `Give contact fields new values, for a visitor who asked for it outside the chat.
The consent must be in force and its text must name the field; the value is
checked as the chat checks it. The chat of a visitor who is online shows it.`,
	}, func(c *gateway.Change) error {
		c.Fields = map[string]string{}
		for _, s := range set {
			field, value, ok := strings.Cut(s, "=")
			if !ok || field == "" {
				return fmt.Errorf("--set is %q; write it as email=anna@example.com", s)
			}
			c.Fields[field] = value
		}
		if len(set) == 0 {
			return errors.New("say what is to be corrected, with --set email=anna@example.com")
		}
		return nil
	}, "corrected %s of site %s")
	cmd.Flags().StringArrayVar(&set, "set", nil, "field=value; may be given more than once (required)")
	return cmd
}

func newContactsRestrict(flags *rootFlags) *cobra.Command {
	return newChange(flags, gateway.ChangeRestrict, &cobra.Command{
		Use:   "restrict VISITOR",
		Short: "Keep a visitor's contact and stop using it (GDPR art. 18)",
		Long: `Keep a visitor's contact and stop using it: the bot no longer calls them by name,
and no marketing list has them. The chat of a visitor who is online says so.`,
	}, nil, "restricted %s of site %s")
}

func newContactsUnrestrict(flags *rootFlags) *cobra.Command {
	return newChange(flags, gateway.ChangeUnrestrict, &cobra.Command{
		Use:   "unrestrict VISITOR",
		Short: "Use a restricted contact again",
		Long: `Use a restricted contact again. Tell the visitor before (GDPR art. 18(3)); the chat
of one who is online says so.`,
	}, nil, "freed %s of site %s")
}

func newConsentWithdraw(flags *rootFlags) *cobra.Command {
	var purposes []string
	cmd := newChange(flags, gateway.ChangeWithdraw, &cobra.Command{
		Use:   "withdraw VISITOR",
		Short: "Withdraw a visitor's consent on the visitor's request",
		Long: `Withdraw consent, for a visitor who asked for it outside the chat. Withdrawing
lead_contact ends every purpose and deletes the contact. The chat of a visitor
who is online learns of it at once.`,
	}, func(c *gateway.Change) error {
		c.Purposes = purposes
		return nil
	}, "withdrawn for %s of site %s")
	cmd.Flags().StringSliceVar(&purposes, "purpose", nil, "purposes to withdraw (default all)")
	return cmd
}

func newConsent(flags *rootFlags) *cobra.Command {
	cmd := &cobra.Command{Use: "consent", Short: "Consents: who agreed, the proof of it, and withdrawing"}
	list := newContactsList(flags)
	list.Short = "Show who agreed and who did not, per purpose (the same as contacts list)"
	cmd.AddCommand(list, newConsentWithdraw(flags), newConsentProof(flags), newVerify(flags))
	return cmd
}

// apply makes a change through the gateway that runs on the data folder, or by
// itself where none runs. Either way it goes through the same commit.
func apply(ctx context.Context, flags *rootFlags, change gateway.Change) error {
	change.ID = rand.Text()
	err := throughGateway(ctx, flags, "/v1/change", change, readChangeAnswer, func(app *gateway.App) error {
		return app.Apply(ctx, change)
	})
	if errors.Is(err, persistence.ErrNotFound) {
		return fmt.Errorf("site %s has no visitor %s; `zgoda contacts list --site %s` shows them", change.Site, change.Visitor, change.Site)
	}
	return err
}

func readChangeAnswer(body io.Reader) error {
	var answer struct {
		Error    string `json:"error"`
		NotFound bool   `json:"not_found"`
	}
	if err := json.NewDecoder(body).Decode(&answer); err != nil {
		return fmt.Errorf("the running gateway's answer is none of its answers: %w", err)
	}
	switch {
	case answer.NotFound:
		return persistence.ErrNotFound
	case answer.Error != "":
		return errors.New(answer.Error)
	}
	return nil
}

// throughGateway asks the gateway that runs on the data folder over its control
// socket and hands its answer to read. Where none runs, and on servers that
// several gateways share, alone does the same on a gateway that serves nobody.
func throughGateway(
	ctx context.Context, flags *rootFlags, path string, ask any, read func(io.Reader) error, alone func(*gateway.App) error,
) error {
	c, err := flags.load()
	if err != nil {
		return err
	}
	err = viaControl(ctx, filepath.Join(c.Data, gateway.ControlFile), path, ask, read)
	if !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	if _, err := os.Stat(filepath.Join(c.Data, gateway.StoreFile)); err != nil && c.Redis == "" {
		return fmt.Errorf("there is no data file in %s; name the gateway's folder with --data", c.Data)
	}
	app, err := gateway.New(ctx, c.options())
	if err != nil {
		return explain(err)
	}
	return errors.Join(alone(app), app.Stop(ctx))
}

// viaControl asks the running gateway over its Unix socket.
func viaControl(ctx context.Context, socket, path string, ask any, read func(io.Reader) error) error {
	body, err := json.Marshal(ask)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://zgoda"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the running gateway: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	return read(res.Body)
}
