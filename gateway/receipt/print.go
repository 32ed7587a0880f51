package receipt

import (
	"fmt"
	"io"
	"strings"
	"time"

	"zgoda/gateway/site"
	"zgoda/persistence"
)

// WriteText writes what was verified in words, for a person at a terminal.
func (v Verified) WriteText(w io.Writer) error {
	var b strings.Builder
	if v.Proof != nil {
		writeProof(&b, v.Proof)
	}
	if v.Receipt != nil {
		v.Receipt.write(&b)
	}
	_, err := io.WriteString(w, Printable(b.String()))
	return err
}

func (r *Receipt) write(b *strings.Builder) {
	fmt.Fprintf(b, "Consent receipt %s, made %s\n", r.ReceiptID, stamp(r.Created))
	fmt.Fprintf(b, "Visitor %s of site %s, %s\n", r.Visitor, r.Site, strings.Join(r.Jurisdiction, ", "))
	if !r.ErasedAt.IsZero() {
		fmt.Fprintf(b, "Erased %s\n", stamp(r.ErasedAt))
	}
	for _, p := range r.Parties {
		fmt.Fprintf(b, "%-11s %s, %s, %s\n", p.Role, p.Name, p.Address, p.Contact)
	}
	for i := range r.Processing {
		p := &r.Processing[i]
		fmt.Fprintf(b, "\n%s: %s\n", p.Purpose, strings.ToUpper(p.Status))
		if p.PurposeText != "" {
			fmt.Fprintf(b, "  %s\n", p.PurposeText)
		}
		for _, e := range p.Events {
			fmt.Fprintf(b, "  %s  %-10s  by %s, %s%s%s\n", stamp(e.Time), e.State, e.EntityID, e.Method, until(e.ValidUntil), text(e.PrivacyNotice))
		}
	}
	for _, n := range r.Notices {
		writeNotice(b, n.SHA256, n.Canonical)
	}
}

func writeProof(b *strings.Builder, p *persistence.Proof) {
	fmt.Fprintf(b, "Proof of consent, visitor %s of site %s, as of %s\n\n", p.Visitor, p.Site, stamp(p.AsOf))
	for i := range p.Entries {
		e := &p.Entries[i]
		fmt.Fprintf(b, "%3d  %s  %-15s %-10s  by %s, %s%s%s\n", e.Seq, stamp(e.OccurredAt), e.Purpose, e.Kind, e.Actor, e.Method, until(e.ValidUntil), text(e.Notice))
		if e.ClockAhead || e.ClockBack {
			fmt.Fprintf(b, "     recorded %s: a gateway's clock disagreed\n", stamp(e.RecordedAt))
		}
	}
	if p.Head != "" {
		fmt.Fprintf(b, "\nThe chain ends with %s\n", p.Head)
	}
	for _, n := range p.Notices {
		writeNotice(b, n.Hash, n.Canonical)
	}
}

// writeNotice shows a text as it was shown.
func writeNotice(b *strings.Builder, hash, canonical string) {
	fmt.Fprintf(b, "\nText %s\n", hash)
	n, err := site.ReadNotice(canonical)
	if err != nil {
		fmt.Fprintf(b, "  | %s\n", canonical)
		return
	}
	for _, line := range strings.Split(n.Title+"\n"+n.Body+"\n"+n.Withdraw, "\n") {
		fmt.Fprintf(b, "  | %s\n", line)
	}
	fmt.Fprintf(b, "  | [%s] [%s]", n.Accept, n.Decline)
	if n.Policy.URL != "" {
		fmt.Fprintf(b, "  %s <%s>", n.Policy.Label, n.Policy.URL)
	}
	b.WriteByte('\n')
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func until(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return ", until " + stamp(t)
}

func text(hash string) string {
	if len(hash) < 8 {
		return ""
	}
	return ", text " + hash[:8]
}

// Printable replaces what could move the cursor of a terminal or turn the
// direction of its text; line breaks stay.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
		case r < ' ', r == 0x7f, r >= 0x80 && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return '\uFFFD'
		}
		return r
	}, s)
}
