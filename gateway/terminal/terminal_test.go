package terminal

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Dzień dobry! 🌿":          "Dzień dobry! 🌿",
		"two\nlines":              "two\nlines",
		"\x1b[2J\x1b]0;owned\x07": `\x1b[2J\x1b]0;owned\x07`,
		"back\b\b\rover":          `back\x08\x08\x0dover`,
		"\u009b31mred":            `\x9b31mred`,
		"\u202egnp.exe\u2066":     `\u202egnp.exe\u2066`,
		"a\u2028b\tc":             `a\u2028b\x09c`,
		"\xff\xfe":                `\xff\xfe`,
		"👩\u200d🌾":                "👩\u200d🌾",
		"":                        "",
	} {
		if got := Visible(in); got != want {
			t.Errorf("Visible(%q) is %q, want %q", in, got, want)
		}
	}
	if got := Line("a\nb"); got != "a b" {
		t.Errorf("Line kept a line feed: %q", got)
	}
}

// FuzzVisible: nothing that a terminal obeys is left, and what is printed once
// prints alike again.
func FuzzVisible(f *testing.F) {
	f.Add("\x1b[2J\u202e\xff🌿\n")
	f.Fuzz(func(t *testing.T, s string) {
		got := Visible(s)
		if strings.ContainsFunc(got, hidden) || !utf8.ValidString(got) {
			t.Fatalf("Visible(%q) is %q", s, got)
		}
		if again := Visible(got); again != got {
			t.Fatalf("Visible twice is %q, once %q", again, got)
		}
	})
}
