package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"zgoda/gateway"
)

// statusFindings is how the program ends where something has to be done.
const statusFindings = 1

func newDoctor(flags *rootFlags) *cobra.Command {
	var asJSON, strict bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look at everything a gateway needs, and say what to do about it",
		Long: `Look at the configuration, the sites, the keys, the stores and their settings, the
schema, clocks, limits and room on the disk, with the configuration that zgoda run
would use, and say what to do about what is wrong. Nothing is changed, and it may run
beside a gateway. The status is 1 where something failed, with --strict also where
something is only unwise.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			findings := diagnose(cmd, flags)
			if asJSON {
				out := json.NewEncoder(cmd.OutOrStdout())
				out.SetIndent("", "  ")
				out.SetEscapeHTML(false)
				if err := out.Encode(map[string]any{"ok": worst(findings) != gateway.GradeFailed, "findings": findings}); err != nil {
					return err
				}
			} else {
				printFindings(cmd.OutOrStdout(), findings)
			}
			if w := worst(findings); w == gateway.GradeFailed || strict && w == gateway.GradeWarning {
				return &statusError{status: statusFindings}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: ok, and findings with check, grade (ok, warning, failed, skipped), seen and fix")
	cmd.Flags().BoolVar(&strict, "strict", false, "end with status 1 also where there are warnings")
	return cmd
}

func diagnose(cmd *cobra.Command, flags *rootFlags) []gateway.Finding {
	const check = "configuration"
	c, err := flags.load()
	if err != nil {
		return []gateway.Finding{{Check: check, Grade: gateway.GradeFailed, Seen: err.Error(), Fix: "correct it; a gateway does not start with it"}}
	}
	findings := []gateway.Finding{{Check: check, Grade: gateway.GradeOK, Seen: "it can be read"}}
	if unknown := unknownEnvironment(os.Environ()); len(unknown) > 0 {
		findings = append(findings, gateway.Finding{
			Check: check, Grade: gateway.GradeWarning, Seen: "no setting is called " + strings.Join(unknown, ", "), Fix: "correct the names of these variables, or unset them",
		})
	}
	return append(findings, gateway.Diagnose(cmd.Context(), c.options())...)
}

func worst(findings []gateway.Finding) gateway.Grade {
	out := gateway.GradeOK
	for _, f := range findings {
		if f.Grade == gateway.GradeFailed || f.Grade == gateway.GradeWarning && out != gateway.GradeFailed {
			out = f.Grade
		}
	}
	return out
}

// printFindings prints a line a finding, and what to do below it.
func printFindings(out io.Writer, findings []gateway.Finding) {
	width := 0
	count := map[gateway.Grade]int{}
	for _, f := range findings {
		width = max(width, utf8.RuneCountInString(f.Check))
		count[f.Grade]++
	}
	for _, f := range findings {
		fmt.Fprintf(out, "%-7s  %-*s  %s\n", f.Grade, width, f.Check, indented(f.Seen, width))
		if f.Fix != "" {
			fmt.Fprintf(out, "%-7s  %-*s  → %s\n", "", width, "", indented(f.Fix, width))
		}
	}
	fmt.Fprintf(out, "\n%d checks: %d failed, %d warnings, %d skipped\n",
		len(findings), count[gateway.GradeFailed], count[gateway.GradeWarning], count[gateway.GradeSkipped])
}

// indented keeps a text of several lines in its column.
func indented(text string, width int) string {
	return strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", 7+2+width+2))
}
