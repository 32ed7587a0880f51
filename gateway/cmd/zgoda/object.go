package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zgoda/gateway"
	"zgoda/persistence"
)

func newContactsObject(flags *rootFlags) *cobra.Command {
	var a about
	cmd := &cobra.Command{
		Use:   "object ADDRESS",
		Short: "Keep an address or number off every marketing list for good (GDPR art. 21)",
		Long: `Enter an objection to direct marketing: from this moment the e-mail address, or the
telephone number for calls and text messages, is on no marketing list of the site,
whoever gave it and whatever is agreed to later. Visitors whose contact has it have
the marketing consents of that channel withdrawn; what they agreed to for their
enquiry stays. Only a hash of the address is kept. It cannot be taken back.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.check(false); err != nil {
				return err
			}
			ended, err := object(cmd, flags, &a, args[0])
			if err != nil {
				return err
			}
			if a.asJSON {
				return printJSON(cmd.OutOrStdout(), map[string]any{"site": a.site, "purposes": persistence.ObjectedTo(args[0]), "withdrawn": ended})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "kept off the lists for %s of site %s\n", strings.Join(persistence.ObjectedTo(args[0]), " and "), a.site)
			for _, v := range ended {
				fmt.Fprintf(cmd.OutOrStdout(), "withdrawn for %s\n", v)
			}
			return nil
		},
	}
	a.siteFlags(cmd)
	return cmd
}

// object keeps the address off the lists first, so that it is off them whatever
// becomes of the rest, and then ends the consents of those who have it.
func object(cmd *cobra.Command, flags *rootFlags, a *about, address string) ([]string, error) {
	ctx, holding := cmd.Context(), map[string][]string{}
	err := withReader(ctx, flags, a, func(r *gateway.Reader) error {
		visitors, err := r.Contacts.Object(ctx, a.site, a.access(cmd), address)
		if err != nil {
			return err
		}
		for _, v := range visitors {
			p, err := r.Contacts.Person(ctx, a.site, v, a.access(cmd))
			if err != nil {
				return err
			}
			for _, purpose := range persistence.ObjectedTo(address) {
				if p.Consents[purpose].Status == persistence.StatusGranted {
					holding[v] = append(holding[v], purpose)
				}
			}
		}
		return nil
	})
	ended := []string{}
	for v, purposes := range holding {
		change := gateway.Change{Kind: gateway.ChangeWithdraw, Site: a.site, Visitor: v, Purposes: purposes, Actor: commandActor(), Reason: "objected to marketing"}
		if err := apply(ctx, flags, change); err != nil {
			return nil, fmt.Errorf("the address is on no list any more, but the consent of %s still says granted: %w; run the command again", v, err)
		}
		ended = append(ended, v)
	}
	slices.Sort(ended)
	return ended, err
}
