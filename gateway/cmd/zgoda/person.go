package main

import (
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"zgoda/gateway"
	"zgoda/gateway/access"
	"zgoda/persistence"
)

func newContactsShow(flags *rootFlags) *cobra.Command {
	var a about
	cmd := &cobra.Command{
		Use:   "show VISITOR",
		Short: "Show the contact and the consents of one visitor",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(true); err != nil {
				return err
			}
			return withReader(cmd.Context(), flags, &a, func(r *gateway.Reader) error {
				p, err := r.Contacts.Person(cmd.Context(), a.site, a.visitor, a.access(cmd))
				if err != nil {
					return err
				}
				if a.asJSON {
					return printJSON(cmd.OutOrStdout(), p)
				}
				return printPerson(cmd.OutOrStdout(), &p)
			})
		},
	}
	a.visitorFlags(cmd)
	return cmd
}

func printPerson(out io.Writer, p *persistence.Person) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, printable(value))
		}
	}
	line("visitor", p.Visitor)
	line("first seen", stamp(p.FirstSeen))
	line("erased", stamp(p.ErasedAt))
	for _, name := range fieldNames(p.Fields) {
		line(name, p.Fields[name])
	}
	line("given", stamp(p.CollectedAt))
	line("restricted since", stamp(p.RestrictedAt))
	line("under the consent", p.Grant)
	line("without a consent, by", p.Policy)
	fmt.Fprint(w, "\nPURPOSE\tSTATUS\tSINCE\tUNTIL\tBY\n")
	for _, purpose := range persistence.Purposes {
		c, ok := p.Consents[purpose]
		if !ok {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", purpose, c.Status, stamp(c.Since), stamp(c.ValidUntil), c.Method)
	}
	return w.Flush()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04")
}

func newContactsFind(flags *rootFlags) *cobra.Command {
	var a about
	cmd := &cobra.Command{
		Use:   "find ADDRESS",
		Short: "Find the visitors who gave an e-mail address or a telephone number",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(false); err != nil {
				return err
			}
			return withReader(cmd.Context(), flags, &a, func(r *gateway.Reader) error {
				visitors, err := r.Contacts.Find(cmd.Context(), a.site, a.access(cmd), args[0])
				if err != nil {
					return err
				}
				if a.asJSON {
					return printJSON(cmd.OutOrStdout(), append([]string{}, visitors...))
				}
				for _, v := range visitors {
					fmt.Fprintln(cmd.OutOrStdout(), v)
				}
				if len(visitors) == 0 {
					fmt.Fprintln(cmd.OutOrStdout(), "nobody")
				}
				return nil
			})
		},
	}
	a.siteFlags(cmd)
	return cmd
}

func newContactsAccess(flags *rootFlags) *cobra.Command {
	var a about
	var jsonFile, htmlFile, locale string
	cmd := &cobra.Command{
		Use:   "access VISITOR",
		Short: "Write all that is held about a visitor, for the visitor (GDPR art. 15)",
		Long: `Write all that is held about a visitor: the contact, every question and answer
with the texts that were shown, the conversation, who receives data and how long
it is kept. As one JSON file, as one page that opens without a network, or both;
without a file the JSON goes to standard output.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.check(true); err != nil {
				return err
			}
			return withReader(cmd.Context(), flags, &a, func(r *gateway.Reader) error {
				d, err := r.Access(cmd.Context(), a.site, a.visitor, locale, a.access(cmd))
				if err != nil {
					return err
				}
				return writeAccess(cmd.OutOrStdout(), d, jsonFile, htmlFile)
			})
		},
	}
	a.visitorFlags(cmd)
	cmd.Flags().StringVar(&jsonFile, "out", "", "write the JSON into this file")
	cmd.Flags().StringVar(&htmlFile, "html", "", "write the page into this file")
	cmd.Flags().StringVar(&locale, "locale", "", "language of the page (default the conversation's)")
	return cmd
}

func writeAccess(out io.Writer, d *access.Document, jsonFile, htmlFile string) error {
	var err error
	if htmlFile != "" {
		err = writeFile(out, htmlFile, d.WriteHTML)
	}
	if jsonFile != "" || htmlFile == "" {
		err = errors.Join(err, writeFile(out, jsonFile, func(w io.Writer) error { return printJSON(w, d) }))
	}
	for _, name := range []string{jsonFile, htmlFile} {
		if name != "" && err == nil {
			fmt.Fprintf(out, "wrote %s\n", name)
		}
	}
	return err
}
