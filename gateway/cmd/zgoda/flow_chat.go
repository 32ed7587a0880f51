package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"zgoda/gateway/flowchat"
	"zgoda/gateway/site"
	"zgoda/gateway/terminal"
)

func newFlowChat(flags *rootFlags) *cobra.Command {
	var siteFile, locale, now string
	cmd := &cobra.Command{
		Use:   "chat FILE",
		Short: "Talk to a flow in the terminal",
		Long: `Talk to a flow in the terminal. What you type is the visitor's line; a number presses
a button; lines that begin with a colon are commands, :help lists them. Without
--site an example owner collects what the flow asks for.

Nothing is kept and nothing is sent. The same input gives the same output, so a
conversation can be piped in: zgoda flow chat lead.yaml < visitor.txt`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			begin := time.Now()
			if now != "" {
				var err error
				if begin, err = time.Parse(time.RFC3339, now); err != nil {
					return fmt.Errorf("--now is %q; write it as 2026-03-02T10:00:00Z", now)
				}
			}
			// There is nothing to finish: Ctrl-C ends a chat at once.
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			return flowchat.Run(cmd.InOrStdin(), cmd.OutOrStdout(), flowchat.Options{
				Open: openSite(flags, args[0], siteFile), Locale: locale, Now: begin, Echo: !isTerminal(cmd.InOrStdin()),
			})
		},
	}
	cmd.Flags().StringVar(&siteFile, "site", "", "site file to talk on (default: an example site)")
	cmd.Flags().StringVar(&locale, "locale", "", "the visitor's language (default: the site's first)")
	cmd.Flags().StringVar(&now, "now", "", "when the conversation begins, as 2026-03-02T10:00:00Z (default: now)")
	return cmd
}

// openSite loads sites with the flow that is tried out in place of their own.
func openSite(flags *rootFlags, flow, first string) func(string) (*site.Site, error) {
	return func(file string) (*site.Site, error) {
		if file == "" {
			file = first
		}
		var s *site.Site
		var err error
		if file == "" {
			s, err = site.StandIn(flow)
		} else {
			c, lerr := flags.load()
			if lerr != nil {
				return nil, lerr
			}
			s, err = site.LoadTrial(file, flow, site.Options{Processor: c.options().Processor})
		}
		if err != nil {
			return nil, fmt.Errorf("the flow cannot run:\n%s", terminal.Visible(err.Error()))
		}
		return s, nil
	}
}

// isTerminal tells whether somebody types; what is piped in is echoed.
func isTerminal(in any) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
