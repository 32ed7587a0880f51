package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"zgoda/botengine"
	"zgoda/gateway/flowdoc"
	"zgoda/gateway/site"
	"zgoda/gateway/terminal"
)

//go:generate go run . flow schema --out ../../../configs/flows/flow.schema.json
//go:generate go run . flow schema --format markdown --out ../../../configs/flows/REFERENCE.md

func newFlow(flags *rootFlags) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flow",
		Short: "Tools of a flow's author: check, draw and try out what the bot says",
	}
	cmd.AddCommand(newFlowCheck(), newFlowGraph(), newFlowChat(flags), newFlowSchema())
	return cmd
}

// Exit statuses of flow check, as of grep and diff.
const (
	statusProblems = 1
	statusCouldNot = 2
)

// A statusError ends the program with a status of its own. Without an error in
// it everything has been said.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

func newFlowCheck() *cobra.Command {
	var siteFile string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "Print all mistakes of flow files, as a compiler does",
		Long: `Print all mistakes of flow files, one a line: file:line:column: message. A flow is
checked under every setting a site may have (consent required or not, separate or
bundled questions): an owner may switch those at any time.

Without --site the flow is checked against a site that has every purpose and
field there is; with it against that site's purposes, fields and languages.

Exit status: 0 no mistakes, 1 mistakes were printed, 2 a file could not be read.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &statusError{statusCouldNot, errors.New("name the flow files to check: zgoda flow check configs/flows/lead.yaml")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			checked, err := checkFlows(args, siteFile)
			if perr := printProblems(cmd.OutOrStdout(), checked, asJSON); perr != nil {
				return &statusError{statusCouldNot, perr}
			}
			switch {
			case err != nil:
				return &statusError{statusCouldNot, err}
			case len(checked) > 0:
				return &statusError{status: statusProblems}
			}
			return nil
		},
	}
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &statusError{statusCouldNot, err} })
	cmd.Flags().StringVar(&siteFile, "site", "", "site file whose purposes, fields and languages the flow has to hold against")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON: {ok, problems: [{file, line, column, message}]}")
	return cmd
}

// checkFlows returns the mistakes in all files that could be read, file by file
// in the order they were named; the error names those that could not be.
func checkFlows(files []string, siteFile string) (botengine.Problems, error) {
	rules := site.AnyRules
	var found botengine.Problems
	if siteFile != "" {
		if _, err := readFlow(siteFile); err != nil {
			return nil, err
		}
		own, err := site.LoadRules(siteFile)
		if err != nil {
			// What the site is cannot be known, so the flows are checked against
			// any: their mistakes should not wait for the site's.
			found = append(found, problemsOf(siteFile, err)...)
		} else {
			rules = func(*botengine.Flow) *botengine.Settings { return own }
		}
	}
	var unreadable []error
	for _, file := range files {
		src, err := readFlow(file)
		if err != nil {
			unreadable = append(unreadable, err)
			continue
		}
		flow, err := botengine.Parse(file, src)
		if err == nil {
			_, err = botengine.NewBot(flow, rules(flow))
		}
		found = append(found, problemsOf(file, err)...)
	}
	return found, errors.Join(unreadable...)
}

// maxFlowBytes is more than the engine accepts, so that it is the engine that
// says a flow is too large.
const maxFlowBytes = 2 << 20

// readFlow reads a file; the error says which one and why it could not be.
func readFlow(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFlowBytes))
}

// problemsOf takes an error of the engine or of a site apart.
func problemsOf(file string, err error) botengine.Problems {
	if err == nil {
		return nil
	}
	if problems, ok := errors.AsType[botengine.Problems](err); ok {
		return problems
	}
	return botengine.Problems{{File: file, Line: 1, Column: 1, Message: err.Error()}}
}

// jsonProblem is a problem as --json prints it.
type jsonProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

func printProblems(out io.Writer, problems botengine.Problems, asJSON bool) error {
	if !asJSON {
		for _, p := range problems {
			if _, err := fmt.Fprintln(out, terminal.Visible(p.String())); err != nil {
				return err
			}
		}
		return nil
	}
	list := make([]jsonProblem, len(problems))
	for i, p := range problems {
		list[i] = jsonProblem(p)
	}
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(map[string]any{"ok": len(problems) == 0, "problems": list})
}

func newFlowSchema() *cobra.Command {
	var out, format string
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the flow language, for editors, or its reference",
		Long: `Print the JSON Schema (draft 2020-12) of the flow language. An editor with a YAML
language server completes and checks a flow by it when the file begins with

  # yaml-language-server: $schema=flow.schema.json

where the path is relative to the flow. --format markdown prints the reference
made from the schema.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			raw, err := flowdoc.Schema(botengine.Language())
			if err != nil {
				return err
			}
			switch format {
			case "json":
			case "markdown":
				if raw, err = flowdoc.Reference(raw); err != nil {
					return err
				}
			default:
				return fmt.Errorf("--format is %q; it can be json or markdown", format)
			}
			return write(cmd.OutOrStdout(), out, raw)
		},
	}
	cmd.Flags().StringVar(&format, "format", "json", "json or markdown")
	cmd.Flags().StringVarP(&out, "out", "o", "", "file to write (default: standard output)")
	return cmd
}

// write writes to the file that --out names, or else to out.
func write(out io.Writer, path string, raw []byte) error {
	if path == "" {
		_, err := out.Write(raw)
		return err
	}
	return os.WriteFile(path, raw, 0o644)
}
