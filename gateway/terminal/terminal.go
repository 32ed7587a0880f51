// Package terminal makes text of strangers safe to print: on a terminal some
// characters are commands, and others change the order of what stands beside
// them.
package terminal

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible returns s with everything that is no visible character written out, as
// \x1b: control characters of both blocks (ECMA-48), which move the cursor and
// rewrite what is on the screen, the direction marks of UAX #9, line separators,
// and bytes that are no UTF-8. Line feeds stay.
func Visible(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case !hidden(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		s = s[size:]
	}
	return b.String()
}

// Line is Visible for what must stay on one line: line feeds become spaces.
func Line(s string) string { return Visible(strings.ReplaceAll(s, "\n", " ")) }

// hidden tells whether a character is not simply shown. The joiners of emoji and
// of Indic scripts (U+200C, U+200D) are part of what is shown.
func hidden(r rune) bool {
	switch {
	case r == '\n', r == '\u200c', r == '\u200d':
		return false
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return true
	}
	return r == '\u2028' || r == '\u2029'
}
