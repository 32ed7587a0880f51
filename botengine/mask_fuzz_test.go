package botengine

import (
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzMaskContacts: masking loses nothing but details, leaves none, and masking
// twice is masking once.
func FuzzMaskContacts(f *testing.F) {
	for _, line := range append(lines, "anna at gmail.com", "jan małpa wp kropka pl", "+48 (600) 700-800 / 601 701 801", "DE89 3704 0044 0532 0130 00") {
		f.Add(line, "PL")
	}
	for _, piece := range hostilePieces {
		f.Add(strings.Repeat(piece, 30), "DE")
	}
	for _, c := range corpora {
		for i, l := range readCorpus(f, c.file) {
			if i%9 == 0 && !l.heldOut {
				f.Add(l.text, c.region)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text, region string) {
		if !utf8.ValidString(text) || len(region) > 8 || len(text) > 40_000 {
			t.Skip()
		}
		checkDetails(t, text, region)
		spans := MaskContacts(text, region)
		checkSpans(t, text, region, spans)
		once := mark(spans)
		if again := mark(MaskContacts(once, region)); again != once {
			t.Errorf("masked once %q, twice %q", once, again)
		}
		if again := MaskContacts(text, region); !reflect.DeepEqual(again, spans) {
			t.Errorf("%q: first %v, then %v", text, spans, again)
		}
	})
}

// checkDetails: details lie in the text, one after another, and the quick look at
// it misses none.
func checkDetails(t *testing.T, text, region string) {
	t.Helper()
	last := 0
	for _, d := range detect(text, region) {
		if d.start < last || d.end <= d.start || d.end > len(text) || !utf8.ValidString(text[d.start:d.end]) ||
			d.kind != detailEmail && d.kind != detailPhone {
			t.Fatalf("%q has the detail %+v after %d", text, d, last)
		}
		last = d.end
	}
	if signsIn(text) == 0 && !strings.ContainsRune(text, '•') {
		d := detector{plan: dialPlanOf(region)}
		if d.once(text, signMail|signPhone); len(d.found) > 0 {
			t.Errorf("%q has no sign, but %+v", text, d.found)
		}
	}
}

// checkSpans: what is not masked is of the text, in order, and free of details.
func checkSpans(t *testing.T, text, region string, spans []Span) {
	t.Helper()
	rest, kept := text, 0
	for i, s := range spans {
		if s.Masked {
			if s.Text != "" {
				t.Fatalf("a masked span says %q", s.Text)
			}
			continue
		}
		at := strings.Index(rest, s.Text)
		if at < 0 || s.Text == "" || i > 0 && !spans[i-1].Masked || !utf8.ValidString(s.Text) {
			t.Fatalf("%q is no part of %q", s.Text, rest)
		}
		if found := detect(s.Text, region); len(found) > 0 {
			t.Fatalf("%q of %q is kept and has %+v", s.Text, text, found)
		}
		rest = rest[at+len(s.Text):]
		kept += len(s.Text)
	}
	if masked := len(spans) > 0 && spans[0].Masked || len(spans) > 1; kept > len(text) || kept == len(text) == masked {
		t.Fatalf("%d of %d bytes are kept in %d spans", kept, len(text), len(spans))
	}
}
