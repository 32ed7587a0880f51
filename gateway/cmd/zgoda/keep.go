package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"zgoda/gateway"
	"zgoda/persistence"
)

func newRetention(flags *rootFlags) *cobra.Command {
	cmd := &cobra.Command{Use: "retention", Short: "What goes by itself, and when"}
	cmd.AddCommand(newRetentionPlan(flags), newRetentionRun(flags))
	return cmd
}

func newRetentionPlan(flags *rootFlags) *cobra.Command {
	var a about
	var limit int
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what the clocks of a site would end now; nothing is deleted",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(false); err != nil {
				return err
			}
			return withReader(cmd.Context(), flags, &a, func(r *gateway.Reader) error {
				plan, err := r.RetentionPlan(cmd.Context(), a.site, time.Now(), limit)
				if err != nil {
					return err
				}
				if a.asJSON {
					return printJSON(cmd.OutOrStdout(), plan)
				}
				return printPlan(cmd.OutOrStdout(), &plan)
			})
		},
	}
	a.siteFlags(cmd)
	cmd.Flags().IntVar(&limit, "limit", 100, "of each kind at the most")
	return cmd
}

func printPlan(out io.Writer, p *persistence.RetentionPlan) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "As of %s\n\nVISITOR\tWHAT GOES\tWHY\n", stamp(p.AsOf))
	for _, c := range p.Contacts {
		fmt.Fprintf(w, "%s\tcontact and consents\tgiven %s, to be kept until %s\n", c.Visitor, stamp(c.CollectedAt), stamp(c.DueAt))
	}
	for _, g := range p.Grants {
		fmt.Fprintf(w, "%s\tconsent to %s\tended %s\n", g.Visitor, g.Purpose, stamp(g.ValidUntil))
	}
	for _, v := range p.Proofs {
		fmt.Fprintf(w, "%s\tproof\tkept for as long as proofs are\n", v)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case len(p.Contacts)+len(p.Grants)+len(p.Proofs) == 0:
		fmt.Fprintln(out, "nothing is due")
	case p.More:
		fmt.Fprintln(out, "\nthere is more")
	}
	return nil
}

func newRetentionRun(flags *rootFlags) *cobra.Command {
	var a about
	cmd := &cobra.Command{
		Use:   "run",
		Short: "End what is due now, without waiting for the gateway to come to it",
		Long: `End what ` + "`zgoda retention plan`" + ` shows. A gateway does that by itself every hour;
chats that are open learn of it at once.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(false); err != nil {
				return err
			}
			done, err := runRetention(cmd.Context(), flags, a.site)
			if err != nil {
				return err
			}
			if a.asJSON {
				return printJSON(cmd.OutOrStdout(), done)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "ended %d contacts and %d consents, removed %d proofs", done.Contacts, done.Grants, done.Proofs)
			if done.Failed > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "; %d could not be ended and stay due", done.Failed)
			}
			if done.ProofsKept > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "; %d proofs are due and stay: removing them needs PostgreSQL", done.ProofsKept)
			}
			if done.More {
				fmt.Fprint(cmd.OutOrStdout(), "; there is more, run it again")
			}
			fmt.Fprintln(cmd.OutOrStdout())
			return nil
		},
	}
	a.siteFlags(cmd)
	return cmd
}

func runRetention(ctx context.Context, flags *rootFlags, siteKey string) (gateway.Retained, error) {
	var answer struct {
		Error string           `json:"error"`
		Done  gateway.Retained `json:"done"`
	}
	err := throughGateway(ctx, flags, "/v1/retention", map[string]string{"site": siteKey}, func(body io.Reader) error {
		if err := json.NewDecoder(body).Decode(&answer); err != nil {
			return fmt.Errorf("the running gateway's answer is none of its answers: %w", err)
		}
		if answer.Error != "" {
			return errors.New(answer.Error)
		}
		return nil
	}, func(app *gateway.App) error {
		var err error
		answer.Done, err = app.RunRetention(ctx, siteKey)
		return err
	})
	return answer.Done, err
}

func newAudit(flags *rootFlags) *cobra.Command {
	cmd := &cobra.Command{Use: "audit", Short: "Who did what with personal data"}
	var a about
	var q persistence.AuditQuery
	list := &cobra.Command{
		Use:   "list",
		Short: "Show who read or changed personal data, when and why, newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(false); err != nil {
				return err
			}
			if q.Limit < 1 {
				return fmt.Errorf("--limit is %d; it must be at least 1", q.Limit)
			}
			return withReader(cmd.Context(), flags, &a, func(r *gateway.Reader) error {
				page, err := r.Contacts.Audit(cmd.Context(), a.site, q)
				if err != nil {
					return err
				}
				if a.asJSON {
					return printJSON(cmd.OutOrStdout(), page)
				}
				return printAudit(cmd.OutOrStdout(), &page)
			})
		},
	}
	list.Flags().StringVar(&a.site, "site", "", "key of the site (required)")
	list.Flags().BoolVar(&a.asJSON, "json", false, "print JSON")
	list.Flags().StringVar(&q.Visitor, "visitor", "", "only what concerns this visitor")
	list.Flags().StringVar(&q.Actor, "actor", "", "only what this actor did, as operator:anna or command:root")
	list.Flags().StringVar(&q.Before, "before", "", "go on before this entry")
	list.Flags().IntVar(&q.Limit, "limit", 100, "entries at the most")
	cmd.AddCommand(list)
	return cmd
}

func printAudit(out io.Writer, page *persistence.AuditPage) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "WHEN\tWHO\tWHAT\tVISITOR\tPEOPLE\tWHY")
	for _, e := range page.Entries {
		people := ""
		if e.Count > 0 {
			people = fmt.Sprint(e.Count)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", e.At.Local().Format(time.DateTime), printable(e.Actor), e.Action, e.Visitor, people, printable(e.Reason))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case len(page.Entries) == 0:
		fmt.Fprintln(out, "nothing yet")
	case page.Next != "":
		fmt.Fprintf(out, "\nmore: add --before %s\n", page.Next)
	}
	return nil
}

func newTombstones(flags *rootFlags) *cobra.Command {
	cmd := &cobra.Command{Use: "tombstones", Short: "Who was erased, kept outside of the store for the day of a restore"}
	cmd.AddCommand(newTombstonesExport(flags), newTombstonesBury(flags))
	return cmd
}

func newTombstonesExport(flags *rootFlags) *cobra.Command {
	var a about
	var since, file string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write who was erased since a day, without any contact data",
		Long: `Write who was erased since a day, as JSON: pseudonyms and times, no contact data.
Keep the file outside of the database and its backups. After a restore from a
backup, ` + "`zgoda tombstones bury FILE`" + ` erases them again, before anything is served.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(false); err != nil {
				return err
			}
			var from time.Time
			if since != "" {
				var err error
				if from, err = time.Parse(time.DateOnly, since); err != nil {
					return fmt.Errorf("--since is %q; write the day as 2026-01-31", since)
				}
			}
			return withReader(cmd.Context(), flags, &a, func(r *gateway.Reader) error {
				stones, err := r.Contacts.Tombstones(cmd.Context(), a.site, from)
				if err != nil {
					return err
				}
				err = writeFile(cmd.OutOrStdout(), file, func(w io.Writer) error {
					return printJSON(w, append([]persistence.Tombstone{}, stones...))
				})
				if err == nil && file != "" {
					fmt.Fprintf(cmd.OutOrStdout(), "wrote %d tombstones into %s\n", len(stones), file)
				}
				return err
			})
		},
	}
	a.siteFlags(cmd)
	cmd.Flags().StringVar(&since, "since", "", "first day, as 2026-01-31 (default: all)")
	cmd.Flags().StringVar(&file, "out", "", "write it into this file")
	return cmd
}

// maxStonesBytes bounds a file of tombstones: some hundred thousand of them.
const maxStonesBytes = 64 << 20

func newTombstonesBury(flags *rootFlags) *cobra.Command {
	var a about
	cmd := &cobra.Command{
		Use:   "bury FILE",
		Short: "Erase again who was erased, in a store that was restored from before",
		Long: `Erase again, in a contact store that was restored from a backup, the visitors of a
file that ` + "`zgoda tombstones export`" + ` wrote. Run it before a gateway serves the store.
Running it twice changes nothing.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(false); err != nil {
				return err
			}
			b, err := readBounded(args[0], maxStonesBytes)
			if err != nil {
				return err
			}
			var stones []persistence.Tombstone
			if err := json.Unmarshal(b, &stones); err != nil {
				return fmt.Errorf("%s is no file of tombstones: %w", args[0], err)
			}
			return withReader(cmd.Context(), flags, &a, func(r *gateway.Reader) error {
				n, err := r.Contacts.Bury(cmd.Context(), a.site, stones)
				if err != nil {
					return err
				}
				if a.asJSON {
					return printJSON(cmd.OutOrStdout(), map[string]int{"erased": n, "known": len(stones) - n})
				}
				fmt.Fprintf(cmd.OutOrStdout(), "erased %d again; %d were erased already\n", n, len(stones)-n)
				return nil
			})
		},
	}
	a.siteFlags(cmd)
	return cmd
}
