package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"zgoda/gateway"
	"zgoda/persistence"
)

func newContacts(flags *rootFlags) *cobra.Command {
	cmd := &cobra.Command{Use: "contacts", Short: "Who agreed, who did not, and their contacts"}
	cmd.AddCommand(
		newContactsList(flags), newContactsShow(flags), newContactsFind(flags), newContactsExport(flags), newContactsAccess(flags),
		newContactsCorrect(flags), newContactsRestrict(flags), newContactsUnrestrict(flags), newContactsErase(flags), newContactsObject(flags),
	)
	return cmd
}

// withContacts opens the contact store for reading and checks the site.
func withContacts(ctx context.Context, flags *rootFlags, siteKey string, use func(persistence.Privacy) error) (err error) {
	c, err := flags.load()
	if err != nil {
		return err
	}
	if siteKey == "" {
		return fmt.Errorf("name the site with --site")
	}
	if err := c.hasSite(siteKey); err != nil {
		return err
	}
	contacts, closeStore, err := gateway.OpenContacts(ctx, c.options())
	if err != nil {
		return err
	}
	defer func() {
		if cerr := closeStore(); err == nil {
			err = cerr
		}
	}()
	return use(contacts)
}

// commandAccess is whom the audit names for what a command reads.
func commandAccess(reason string) persistence.Access {
	return persistence.Access{Actor: commandActor(), Reason: reason}
}

func newContactsList(flags *rootFlags) *cobra.Command {
	var siteKey string
	var asJSON bool
	q := persistence.OverviewQuery{}
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Show who agreed, who declined and who was not asked, per purpose",
		Long: `Show who agreed, who declined and who was not asked, per purpose, with counts
over the whole site. People who did not agree are pseudonyms: nothing else about
them exists.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkFilter(q); err != nil {
				return err
			}
			return withContacts(cmd.Context(), flags, siteKey, func(contacts persistence.Privacy) error {
				overview, err := contacts.Overview(cmd.Context(), siteKey, commandAccess("contacts list"), q)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), overview)
				}
				return printOverview(cmd.OutOrStdout(), siteKey, overview)
			})
		},
	}
	cmd.Flags().StringVar(&siteKey, "site", "", "key of the site (required)")
	cmd.Flags().StringVar(&q.Purpose, "purpose", "", "with --status: only rows whose status is that for this purpose")
	cmd.Flags().StringVar(&q.Status, "status", "", "only rows with this status for --purpose, or for any purpose: granted, declined, withdrawn, expired, deferred, requested, not_asked or erased")
	cmd.Flags().StringVar(&q.After, "after", "", "go on after this visitor")
	cmd.Flags().IntVar(&q.Limit, "limit", 100, "rows at the most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

var statuses = []string{
	persistence.StatusGranted, persistence.StatusDeclined, persistence.StatusWithdrawn, persistence.StatusExpired,
	persistence.StatusDeferred, persistence.StatusRequested, persistence.StatusNotAsked, persistence.StatusErased,
}

func checkFilter(q persistence.OverviewQuery) error {
	if q.Purpose != "" && !slices.Contains(persistence.Purposes, q.Purpose) {
		return fmt.Errorf("no purpose %q; there are %s", q.Purpose, strings.Join(persistence.Purposes, ", "))
	}
	if q.Status != "" && !slices.Contains(statuses, q.Status) {
		return fmt.Errorf("no status %q; there are %s", q.Status, strings.Join(statuses, ", "))
	}
	if q.Limit < 1 {
		return fmt.Errorf("--limit is %d; it must be at least 1", q.Limit)
	}
	return nil
}

func printOverview(out io.Writer, siteKey string, o persistence.Overview) error {
	fmt.Fprintf(out, "Site %s, as of %s\n\n", siteKey, o.AsOf.Local().Format(time.DateTime))
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprint(w, "PURPOSE")
	for _, status := range statuses {
		fmt.Fprint(w, "\t", strings.ToUpper(status))
	}
	fmt.Fprintln(w)
	purposes := asked(o)
	for _, purpose := range purposes {
		fmt.Fprint(w, purpose)
		for _, status := range statuses {
			fmt.Fprint(w, "\t", o.Counts[purpose][status])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "\nVISITOR\tFIRST SEEN")
	for _, purpose := range purposes {
		fmt.Fprint(w, "\t", strings.ToUpper(purpose))
	}
	fmt.Fprintln(w, "\tCONTACT")
	for _, row := range o.Rows {
		fmt.Fprint(w, row.Visitor, "\t", row.FirstSeen.Local().Format("2006-01-02 15:04"))
		for _, purpose := range purposes {
			fmt.Fprint(w, "\t", row.Consents[purpose].Status)
		}
		fmt.Fprintln(w, "\t"+printable(contactLine(row.Fields)))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case len(o.Rows) == 0:
		fmt.Fprintln(out, "no visitors here")
	case o.Next != "":
		fmt.Fprintf(out, "\nmore: add --after %s\n", o.Next)
	}
	return nil
}

// asked leaves out the purposes for which nobody on the site was ever asked.
func asked(o persistence.Overview) []string {
	var out []string
	for _, purpose := range persistence.Purposes {
		others := 0
		for status, n := range o.Counts[purpose] {
			if status != persistence.StatusNotAsked && status != persistence.StatusErased {
				others += n
			}
		}
		if others > 0 || purpose == persistence.PurposeLead {
			out = append(out, purpose)
		}
	}
	return out
}

func contactLine(fields map[string]string) string {
	if len(fields) == 0 {
		return "-"
	}
	var parts []string
	for _, name := range fieldNames(fields) {
		parts = append(parts, name+"="+fields[name])
	}
	return strings.Join(parts, " ")
}

// fieldNames orders fields: the usual ones first.
func fieldNames(fields map[string]string) []string {
	usual := []string{"name", "email", "phone"}
	var names, rest []string
	for _, name := range usual {
		if _, ok := fields[name]; ok {
			names = append(names, name)
		}
	}
	for name := range fields {
		if !slices.Contains(usual, name) {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	return append(names, rest...)
}

// printable replaces what could move the cursor or turn the direction of a
// terminal: what a visitor typed stays text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return '\uFFFD'
		}
		return r
	}, s)
}

func newContactsExport(flags *rootFlags) *cobra.Command {
	var siteKey, purpose string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the contacts that agreed to a marketing purpose as CSV",
		Long: `Write the contacts that may be written to for one purpose, as CSV. The list is
read from a view of the store that cannot see anybody else. Every row names the
consent event it rests on; ask again before each mailing, since consent can be
withdrawn at any time.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			marketing := persistence.Purposes[1:]
			if !slices.Contains(marketing, purpose) {
				return fmt.Errorf("--for is %q; it can be %s", purpose, strings.Join(marketing, ", "))
			}
			return withContacts(cmd.Context(), flags, siteKey, func(contacts persistence.Privacy) error {
				list, err := contacts.Marketing(cmd.Context(), siteKey, commandAccess("contacts export"), purpose)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), list)
				}
				return printMarketing(cmd.OutOrStdout(), list)
			})
		},
	}
	cmd.Flags().StringVar(&siteKey, "site", "", "key of the site (required)")
	cmd.Flags().StringVar(&purpose, "for", "", "marketing_email, marketing_phone or marketing_sms (required)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printMarketing(out io.Writer, list persistence.MarketingList) error {
	w := csv.NewWriter(out)
	if err := w.Write([]string{"visitor", "name", "email", "phone", "purpose", "consent_event", "consented_at", "as_of"}); err != nil {
		return err
	}
	for _, row := range list.Rows {
		err := w.Write([]string{
			row.Visitor, cell(row.Fields["name"]), cell(row.Fields["email"]), cell(row.Fields["phone"]), list.Purpose,
			row.Consent, row.ConsentedAt.UTC().Format(time.RFC3339), list.AsOf.UTC().Format(time.RFC3339),
		})
		if err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

// cell keeps a spreadsheet from taking what a visitor typed for a formula
// (OWASP, CSV injection). A phone number's plus sign stays.
func cell(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return s
	}
	if s[0] == '+' && strings.Trim(s[1:], "0123456789 ") == "" {
		return s
	}
	return "'" + s
}

func printJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
