package botengine

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestMaskCorpus reads testdata/mask/*.tsv: a kind, a tab, a line in which every
// contact detail stands in «»; and counts what the detector finds. The figures
// are those of testdata/detector; these lines are the ones it must not lose (C24).
func TestMaskCorpus(t *testing.T) {
	for _, c := range []struct{ file, region string }{{"pl", "PL"}, {"en", "GB"}, {"de", "DE"}, {"cs", "CZ"}} {
		t.Run(c.file, func(t *testing.T) {
			src, err := os.ReadFile("testdata/mask/" + c.file + ".tsv")
			if err != nil {
				t.Fatal(err)
			}
			want, found, wrong, total := map[string]int{}, map[string]int{}, 0, 0
			for line := range strings.Lines(string(src)) {
				kind, marked, ok := strings.Cut(strings.TrimRight(line, "\n"), "\t")
				if !ok {
					t.Fatalf("bad line %q", line)
				}
				text, details := unmark(marked)
				got := detect(text, c.region)
				for _, d := range details {
					want[kind]++
					if covered(d, got) {
						found[kind]++
					} else {
						t.Logf("missed %s: %q in %q", kind, text[d.start:d.end], text)
					}
				}
				for _, g := range got {
					total++
					if !touches(g, details) {
						wrong++
						t.Logf("wrongly found %q in %q", text[g.start:g.end], text)
					}
				}
			}
			recall := func(kind string) float64 { return float64(found[kind]) / float64(max(1, want[kind])) }
			precision := 1 - float64(wrong)/float64(max(1, total))
			t.Logf("%s: plain %.2f of %d, spelled %.2f of %d, precision %.2f of %d",
				c.file, recall("plain"), want["plain"], recall("spelled"), want["spelled"], precision, total)
			if recall("plain") < 0.98 || recall("spelled") < 0.80 || precision < 0.95 {
				t.Error("below the figures of issue 5")
			}
		})
	}
}

// unmark takes the brackets out of a line and gives the places they held.
func unmark(marked string) (string, []detail) {
	var b strings.Builder
	var details []detail
	for rest := marked; rest != ""; {
		before, after, ok := strings.Cut(rest, "«")
		b.WriteString(before)
		if !ok {
			break
		}
		inner, tail, _ := strings.Cut(after, "»")
		details = append(details, detail{start: b.Len(), end: b.Len() + len(inner)})
		b.WriteString(inner)
		rest = tail
	}
	return b.String(), details
}

func covered(d detail, got []detail) bool {
	for _, g := range got {
		if g.start <= d.start && d.end <= g.end {
			return true
		}
	}
	return false
}

func touches(g detail, details []detail) bool {
	for _, d := range details {
		if g.start < d.end && d.start < g.end {
			return true
		}
	}
	return false
}

// TestMaskSpans shows what is returned.
func TestMaskSpans(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", ""},
		{"dzień dobry", "dzień dobry"},
		{"anna@example.pl", "•••"},
		{"pisz: anna@example.pl, dzwoń 600 700 800!", "pisz: •••, dzwoń •••!"},
		{"+48600700800", "•••"},
		{"anna.nowak(at)example(dot)pl", "•••"},
		{"Anna małpa wp kropka pl", "•••"},
		{"zamówienie nr 123456789", "zamówienie nr 123456789"},
		{"cena 1 200 000 zł", "cena 1 200 000 zł"},
	}
	for _, test := range tests {
		if got := mark(MaskContacts(test.text, "PL")); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

// BenchmarkMaskContacts shows what common lines cost. Those without a sign of a
// detail must cost next to nothing beside a turn.
func BenchmarkMaskContacts(b *testing.B) {
	for _, line := range []struct{ name, text string }{
		{"nothing", "czy macie może storczyki albo kaktusy do cienia?"},
		{"at", "we met at noon, is the shop still open then?"},
		{"time", "jestem wolna od 17:30 do 19:00, pasuje?"},
		{"price", "ile kosztuje dostawa zamówienia za 1 299,00 zł do Krakowa?"},
		{"phone", "mój numer to 600 700 800"},
		{"mail", "mój mail to anna.nowak@example.pl"},
		{"spelled mail", "mój mail to anna kropka nowak małpa wp kropka pl"},
		{"said phone", "dzwoń: sześćset trzy dwieście czternaście pięćset pięćdziesiąt pięć"},
	} {
		b.Run(line.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				detect(line.text, "PL")
			}
		})
	}
}

// hostilePieces make lines that are all candidates.
var hostilePieces = []string{
	"1 ", "600700800 ", "a@", "a@a.", "at ", "a at b dot ", "(", "+", "1-", "PL61 1090 ", "małpa ", "٦", "x.x@x.", "a dot ", "sto ", "jeden ",
	"nulleins", "&#64;", "%40", "•", "1•", "6️⃣", "a@b,", "12.", "k ", "(a) ", "xmalpa dot ", "http://a.pl/1-", "tel 1 ", "und ", "1 und ", "\u200b",
	"aATa", "0 0 0 0 48 ", "600 700 80", "51 234 56 ", "+1 ", ". ", "a.a-",
}

// TestC24_TimeGrowsWithLength: a long text takes about as long as its parts one
// after another, whatever it is made of; with the square it would be 32 times. The
// best of several tries counts, since other work only makes them slower.
func TestC24_TimeGrowsWithLength(t *testing.T) {
	const short, factor, most, tries = 1_250, 32, 5, 40
	took := func(text string, times int) time.Duration {
		start := time.Now()
		for range times {
			MaskContacts(text, "PL")
		}
		return time.Since(start)
	}
	for _, piece := range hostilePieces {
		text := strings.Repeat(piece, short/len(piece))
		long := strings.Repeat(text, factor)
		parts, whole := time.Hour, time.Hour
		for range tries {
			parts, whole = min(parts, took(text, factor)), min(whole, took(long, 1))
			if whole < most*parts {
				break
			}
		}
		if whole >= most*parts {
			t.Errorf("%q: %v for %d bytes, %v for its %d parts", piece, whole, len(long), parts, factor)
		}
	}
}

// BenchmarkMaskContactsHostile is for lines of the longest length that are all
// candidates.
func BenchmarkMaskContactsHostile(b *testing.B) {
	for _, piece := range hostilePieces {
		text := strings.Repeat(piece, 10_000/len(piece))
		b.Run(piece, func(b *testing.B) {
			for b.Loop() {
				MaskContacts(text, "PL")
			}
		})
	}
}
