package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"zgoda/botengine"
	"zgoda/gateway/flowgraph"
	"zgoda/gateway/site"
	"zgoda/gateway/terminal"
)

func newFlowGraph() *cobra.Command {
	var format, out, locale string
	cmd := &cobra.Command{
		Use:   "graph FILE",
		Short: "Draw a flow as SVG or Mermaid",
		Long: `Draw a flow: its steps, the ways between them with their labels, and consent gates
in a colour of their own. A flow with mistakes is drawn as far as that is possible:
steps that cannot be reached are marked, and the mistakes are printed as notes.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			draw, ok := map[string]func(*botengine.Graph) []byte{"svg": flowgraph.SVG, "mermaid": flowgraph.Mermaid}[format]
			if !ok {
				return fmt.Errorf("--format is %q; it can be svg or mermaid", format)
			}
			src, err := readFlow(args[0])
			if err != nil {
				return err
			}
			graph, err := botengine.ReadGraph(args[0], src, locale, site.AnyRules)
			if err != nil {
				return fmt.Errorf("the flow cannot be drawn:\n%s", terminal.Visible(err.Error()))
			}
			for _, p := range graph.Problems {
				fmt.Fprintln(cmd.ErrOrStderr(), "note ", terminal.Visible(p.String()))
			}
			return write(cmd.OutOrStdout(), out, draw(graph))
		},
	}
	cmd.Flags().StringVar(&format, "format", "svg", "svg or mermaid")
	cmd.Flags().StringVarP(&out, "out", "o", "", "file to write (default: standard output)")
	cmd.Flags().StringVar(&locale, "locale", "", "language of the texts (default: the flow's first)")
	return cmd
}
