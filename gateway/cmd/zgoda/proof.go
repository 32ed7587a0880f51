package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"zgoda/gateway"
	"zgoda/gateway/receipt"
	"zgoda/persistence"
)

func newReceipt(flags *rootFlags) *cobra.Command {
	cmd := &cobra.Command{Use: "receipt", Short: "Receipts of consent"}
	cmd.AddCommand(newVerify(flags), newReceiptIssue(flags))
	return cmd
}

func newReceiptIssue(flags *rootFlags) *cobra.Command {
	var a about
	var file string
	cmd := &cobra.Command{
		Use:   "issue VISITOR",
		Short: "Write a signed receipt of a visitor's consent",
		Long: `Write a receipt of every consent question and answer of a visitor, signed, in the
shape of ISO/IEC TS 27560. It holds no contact data. It works after an erasure
too; then it is made of the ledger.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return issue(cmd, flags, &a, file, (*gateway.Reader).Receipt)
		},
	}
	a.visitorFlags(cmd)
	cmd.Flags().StringVar(&file, "out", "", "write it into this file")
	return cmd
}

func newConsentProof(flags *rootFlags) *cobra.Command {
	var a about
	var file string
	cmd := &cobra.Command{
		Use:   "proof VISITOR",
		Short: "Write a signed proof of a visitor's consents that anybody can verify",
		Long: `Write the ledger of one visitor with the texts that were shown and the hash chain,
signed. It holds no contact data and works after an erasure. Whoever gets it
verifies it with the public keys alone:

  curl https://chat.example/.well-known/jwks.json > jwks.json
  zgoda consent verify FILE --jwks jwks.json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return issue(cmd, flags, &a, file, (*gateway.Reader).Proof)
		},
	}
	a.visitorFlags(cmd)
	cmd.Flags().StringVar(&file, "out", "", "write it into this file")
	return cmd
}

// signing makes and signs a document about a visitor.
type signing func(r *gateway.Reader, ctx context.Context, site, visitor string, by persistence.Access) (string, error) //nolint:revive // a method expression

// issue writes what sign makes.
func issue(cmd *cobra.Command, flags *rootFlags, a *about, file string, sign signing) error {
	if err := a.check(true); err != nil {
		return err
	}
	return withReader(cmd.Context(), flags, a, func(r *gateway.Reader) error {
		token, err := sign(r, cmd.Context(), a.site, a.visitor, a.access(cmd))
		if errors.Is(err, receipt.ErrNothing) {
			return fmt.Errorf("visitor %s was asked nothing yet, so there is no receipt", a.visitor)
		}
		if err != nil {
			return err
		}
		err = writeFile(cmd.OutOrStdout(), file, func(w io.Writer) error {
			if a.asJSON {
				return printJSON(w, map[string]string{"jws": token})
			}
			_, err := fmt.Fprintln(w, token)
			return err
		})
		if err == nil && file != "" {
			fmt.Fprintf(cmd.OutOrStdout(), "wrote %s\n", file)
		}
		return err
	})
}

// newVerify checks receipts and proofs alike: what a file is stands in it.
func newVerify(flags *rootFlags) *cobra.Command {
	var jwks string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check a receipt or a proof with public keys alone, and print what it says",
		Long: `Check a receipt or a proof: the signature, the hashes of the texts, and the hash
chain of a proof, whose first entry that does not fit is named. Nothing else is
asked. The exit status is 0 where everything fits and 1 where it does not.

The public keys are those that a gateway publishes at /.well-known/jwks.json, in
a file. Without --jwks the keys of the data folder are taken.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			keys, err := verifyingKeys(flags, jwks)
			if err != nil {
				return err
			}
			file, err := readBounded(args[0], receipt.MaxTokenBytes)
			if err != nil {
				return err
			}
			v, err := keys.Verify(file)
			if asJSON {
				return errors.Join(err, printJSON(cmd.OutOrStdout(), verdictOf(&v, err)))
			}
			return errors.Join(err, printVerdict(cmd.OutOrStdout(), v, err))
		},
	}
	cmd.Flags().StringVar(&jwks, "jwks", "", "file with the public keys (default: those of the data folder)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func verifyingKeys(flags *rootFlags, jwks string) (receipt.Keys, error) {
	if jwks != "" {
		b, err := readBounded(jwks, receipt.MaxJWKSBytes)
		if err != nil {
			return receipt.Keys{}, err
		}
		return receipt.ParseKeys(b)
	}
	c, err := flags.load()
	if err != nil {
		return receipt.Keys{}, err
	}
	b, err := gateway.PublicKeys(c.Data)
	if errors.Is(err, os.ErrNotExist) {
		return receipt.Keys{}, errors.New("there are no keys in the data folder; name a file with the public keys with --jwks (a gateway publishes them at /.well-known/jwks.json)")
	}
	if err != nil {
		return receipt.Keys{}, err
	}
	return receipt.ParseKeys(b)
}

// readBounded reads a file of at most limit bytes.
func readBounded(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s has more than %d bytes; that is no such file", name, limit)
	}
	return b, err
}

// A verdict is what verify prints as JSON.
type verdict struct {
	Good    bool               `json:"good"`
	Reason  string             `json:"reason,omitempty"`
	KeyID   string             `json:"key_id,omitempty"`
	Receipt *receipt.Receipt   `json:"receipt,omitempty"`
	Proof   *persistence.Proof `json:"proof,omitempty"`
}

func verdictOf(v *receipt.Verified, err error) verdict {
	out := verdict{Good: err == nil, KeyID: v.KeyID, Receipt: v.Receipt, Proof: v.Proof}
	if err != nil {
		out.Reason = err.Error()
	}
	return out
}

func printVerdict(out io.Writer, v receipt.Verified, err error) error {
	if werr := v.WriteText(out); werr != nil {
		return werr
	}
	if err != nil {
		return nil // the error says it
	}
	what := "receipt"
	if v.Proof != nil {
		what = "proof"
	}
	_, werr := fmt.Fprintf(out, "\nGOOD: the %s was signed with the key %s and fits.\n", what, receipt.Printable(v.KeyID))
	return werr
}
