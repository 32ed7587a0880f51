package flowchat

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"zgoda/gateway/site"
)

var update = flag.Bool("update", false, "rewrite the expected transcripts")

const shop = "testdata/shop.yaml"

func options(first string) Options {
	return Options{
		Locale: "en", Echo: true, Now: time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC),
		Open: func(file string) (*site.Site, error) {
			if file == "" {
				file = first
			}
			if file == "" {
				return site.StandIn(shop)
			}
			return site.LoadTrial(file, shop, site.Options{})
		},
	}
}

// TestTranscripts runs testdata/*.txt. A transcript is what is typed ("> …") with
// what comes of it, after comments that say what it shows.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("transcripts: %v %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var head, in strings.Builder
			first := ""
			for line := range strings.Lines(string(src)) {
				typed, isTyped := strings.CutPrefix(line, "> ")
				switch {
				case isTyped:
					in.WriteString(unescaped(typed))
				case strings.HasPrefix(line, "#"):
					head.WriteString(line)
					if name, ok := strings.CutPrefix(line, "# site: "); ok {
						first = strings.TrimSpace(name)
					}
				}
			}
			var out bytes.Buffer
			if err := Run(strings.NewReader(in.String()), &out, options(first)); err != nil {
				t.Fatal(err)
			}
			got := head.String() + out.String()
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(src) {
				t.Errorf("the transcript differs; run with -update and look at the difference\n%s", got)
			}
			onlyVisible(t, got)
		})
	}
}

// unescaped turns the escapes of an echoed line into what was typed, so that a
// transcript of hostile text is itself plain text.
func unescaped(s string) string {
	return strings.NewReplacer(`\x1b`, "\x1b", `\x07`, "\x07", `\x0d`, "\r", `\u202e`, "\u202e", `\xff`, "\xff", `\xfe`, "\xfe").Replace(s)
}

// onlyVisible fails on anything that a terminal would obey.
func onlyVisible(t testing.TB, s string) {
	t.Helper()
	if !utf8.ValidString(s) {
		t.Fatalf("the output is no UTF-8: %q", s)
	}
	for _, r := range s {
		if r != '\n' && r != '\u200d' && r != '\u200c' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			t.Fatalf("the output has %q in it:\n%q", r, s)
		}
	}
}

// FuzzChat: no line breaks the chat or reaches the terminal as a command, and the
// same lines give the same output.
func FuzzChat(f *testing.F) {
	for _, s := range []string{
		"1\n1\nAnn\nann@example.com\n:state\n", ":now +1h\n:undo\n:card\n:erase\n2\n", "\x1b[2J\n:\x00\n", ":locale pl\nOferta\nzgadzam się\n:withdraw\n",
		":state json\n:operators 2\n3\n:restart\n:help\n", ":now +99999d\n:now +400d\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		if strings.Contains(in, ":site") || len(in) > 4000 {
			t.Skip("reads files; too long")
		}
		var a, b bytes.Buffer
		if err := Run(strings.NewReader(in), &a, options("")); err != nil {
			t.Fatal(err)
		}
		if err := Run(strings.NewReader(in), &b, options("")); err != nil {
			t.Fatal(err)
		}
		if a.String() != b.String() {
			t.Fatal("the same lines gave another output")
		}
		onlyVisible(t, a.String())
	})
}

func TestLongLineIsAnError(t *testing.T) {
	t.Parallel()
	err := Run(strings.NewReader(strings.Repeat("x", maxLine+1)), &bytes.Buffer{}, options(""))
	if err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("got %v", err)
	}
}

func TestStateAsJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Run(strings.NewReader("1\n1\nAnn\n:state json\n:state all\n"), &out, options("")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"step": "email"`, `"lead_contact"`, `"Ann"`, "write :state or :state json"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the state has no %s in it\n%s", want, out.String())
		}
	}
}
