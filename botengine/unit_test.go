package botengine

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestCheckEmail(t *testing.T) {
	for _, c := range []struct{ in, want, why string }{
		{"anna@example.pl", "anna@example.pl", ""},
		{"Anna.Nowak+x@EXAMPLE.PL", "Anna.Nowak+x@example.pl", ""},
		{"biuro@łąka.pl", "biuro@łąka.pl", ""},
		{"o'brien@example.ie", "o'brien@example.ie", ""},
		{"anna", "", hintNoAt},
		{"anna@localhost", "", hintNoDot},
		{"anna @example.pl", "", hintSpace},
		{"Anna <anna@example.pl>", "", hintSpace},
		{"<anna@example.pl>", "", hintNone},
		{"anna@[127.0.0.1]", "", hintNone},
		{`"a b"@example.pl`, "", hintSpace},
		{`"ab"@example.pl`, "", hintNone},
		{"anna@@example.pl", "", hintNone},
		{"anna@example..pl", "", hintNone},
		{"anna@-example.pl", "", hintNone},
		{"anna@example.1", "", hintNone},
		{"anna@example.pl.", "", hintNone},
		{".anna@example.pl", "", hintNone},
		{strings.Repeat("a", 65) + "@example.pl", "", hintNone},
		{"a@" + strings.Repeat("b.", 130) + "pl", "", hintNone},
	} {
		if got, why := checkEmail(c.in); got != c.want || why != c.why {
			t.Errorf("%q: got %q %q, want %q %q", c.in, got, why, c.want, c.why)
		}
	}
}

func TestCheckPhone(t *testing.T) {
	for _, c := range []struct{ in, region, want, why string }{
		{"600 700 800", "PL", "+48600700800", ""},
		{"+48 600-700-800", "", "+48600700800", ""},
		{"0048600700800", "PL", "+48600700800", ""},
		{"602 123 456", "CZ", "+420602123456", ""},
		{"0151 23456789", "DE", "+4915123456789", ""},
		{"٦٠٠٧٠٠٨٠٠", "PL", "+48600700800", ""},
		{"12", "PL", "", hintTooShort},
		{"600 700 800 900 100", "PL", "", hintTooLong},
		{"600 700 800", "", "", hintNone},
		{"zadzwoń", "PL", "", hintNone},
	} {
		if got, why := checkPhone(c.in, c.region); got != c.want || why != c.why {
			t.Errorf("%q: got %q %q, want %q %q", c.in, got, why, c.want, c.why)
		}
	}
}

func TestCheckName(t *testing.T) {
	for in, ok := range map[string]bool{
		"Anna": true, "Anna-Maria d'Arc": true, "J. Kowalski": true, "Łucja Źdźbło": true, "Nguyễn Văn A": true, "王小明": true, "J.R.R. Tolkien": true,
		"Jan 3": false, "www.example.pl": false, "example.pl": false, "anna@x.pl": false, "<b>": false, "-": false, "https://x": false,
		strings.Repeat("a", 100): true, strings.Repeat("a", 101): false,
	} {
		if _, why := checkName(in); (why == "") != ok {
			t.Errorf("%q: why %q", in, why)
		}
	}
}

func TestCheckDate(t *testing.T) {
	for _, c := range []struct{ in, locale, want string }{
		{"24.12.2026", "pl", "2026-12-24"},
		{"2026-12-24", "de", "2026-12-24"},
		{"24. 12. 2026", "cs", "2026-12-24"},
		{"24/12/2026", "en", "2026-12-24"},
		{"12/24/2026", "en-US", "2026-12-24"},
		{"31.2.2026", "pl", ""},
		{"jutro", "pl", ""},
		{"1.1.0001", "pl", ""},
	} {
		if got, _ := checkDate(c.in, c.locale); got != c.want {
			t.Errorf("%q in %s: got %q, want %q", c.in, c.locale, got, c.want)
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"O której OTWIERACIE?": "o ktorej otwieracie", "Zażółć gęślą jaźń": "zazolc gesla jazn", "Straße": "strasse", "příliš  žluťoučký": "prilis zlutoucky",
		"don't": "dont", "don’t": "dont", "a-b": "a b", "": "", "🌿": "", "e\u0301te": "ete", "\u202eabc\u202c": "abc", "ПРИВЕТ": "привет", "№ 5": "5",
	} {
		if got := fold(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	b := mustBot(t, leadFlow, demoSettings())
	for question, want := range map[string]string{
		"o której otwieracie?": "hours", "czy w niedzielę jest otwarte": "hours", "GODZINY": "hours",
		"ile kosztuje dostawa": "delivery", "jak długo idzie paczka kurierem": "delivery",
		"roślina przyszła uszkodzona": "returns", "czy mogę zapłacić kartą przy odbiorze": "payment", "gdzie jesteście": "location",
		"gdzie jest moja paczka": "order", "co z moim zamówieniem": "order", "when do you open on sundays": "hours", "where is my parcel?": "order",
		"czy macie słonie": "", "wiemgodziny": "", "": "",
	} {
		tr := b.turn(State{Locale: "pl"}, Profile{}, Input{Text: question}, "")
		tr.speak()
		tr.q.set(question)
		tr.matchQuestion()
		got := ""
		if tr.score > 0 {
			got = b.flow.steps[tr.match.step].answers.entries[tr.match.entry].id
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", question, got, want)
		}
	}
}

func TestLocale(t *testing.T) {
	b := mustBot(t, leadFlow, demoSettings())
	for want, got := range map[string]string{
		"pl": "pl", "pl-PL": "pl", "en": "en", "en-US,en;q=0.9,pl;q=0.5": "en", "de": "pl", "": "pl", "nonsense!": "pl", "cs,en;q=0.1": "en",
	} {
		if l := b.Locale(want); l != got {
			t.Errorf("%q: got %q, want %q", want, l, got)
		}
	}
}

func TestTemplate(t *testing.T) {
	b := mustBot(t, leadFlow, demoSettings())
	tr := b.turn(State{Locale: "pl", Vars: map[string]string{"v": "x"}}, Profile{Held: []string{"name"}}, Input{}, "")
	tr.speak()
	for src, want := range map[string]string{
		"Hej, {{name}}!": "Hej, [name]!", "Hej, {{email}}!": "Hej!", "Hej, {{ email | Ty }}!": "Hej, Ty!", "{{v}}{{v}}": "xx",
		"{{w}}": "", "a {{w}} b": "a b", "plain": "plain",
	} {
		tmpl, err := parseTemplate(src)
		if err != nil {
			t.Fatal(err)
		}
		if got := renderSpans(tr.fill(tmpl)); got != want {
			t.Errorf("%q: got %q, want %q", src, got, want)
		}
	}
}

func TestNoticeSets(t *testing.T) {
	s := demoSettings()
	f := mustBot(t, leadFlow, s).flow
	if got := NoticeSets(f, s); len(got) != 2 {
		t.Errorf("separate: %v", got)
	}
	s.Bundled = true
	if got := NoticeSets(f, s); len(got) != 3 || !slices.Equal(got[2], s.Purposes) {
		t.Errorf("bundled: %v", got)
	}
	if NoticeKey([]string{"b", "a"}, "pl") != NoticeKey([]string{"a", "b"}, "pl") {
		t.Error("the order of purposes changes the key")
	}
}

// TestSentences: every language has every sentence, and no phrase both grants
// and declines.
func TestSentences(t *testing.T) {
	for lang, s := range spoken {
		for _, sentence := range []string{
			s.maskedOffer, s.maskedDeclined, s.maskedOff, s.cardUnclear, s.cardOpen, s.choose, s.working, s.age, s.ageReached, s.ageUnder, s.tooYoung, s.withdrawn, s.withdrawnMarketing,
			s.nothingToWithdraw, s.expired, s.alreadyGranted, s.noCollection, s.noNotice, s.grantedNoted, s.declinedNoted,
		} {
			if sentence == "" {
				t.Errorf("%s lacks a sentence", lang)
			}
		}
		if len(s.hints) != len(english.hints) || s.locale != lang {
			t.Errorf("%s has %d hints, locale %q", lang, len(s.hints), s.locale)
		}
		for _, g := range s.grant {
			if slices.Contains(s.decline, g) || g == "ok" || g == "tak" || g == "yes" || g == "ja" || g == "ano" {
				t.Errorf("%s: %q must not grant", lang, g)
			}
			if g != strings.ToLower(strings.TrimRight(g, ".! ")) {
				t.Errorf("%s: %q can never be typed", lang, g)
			}
		}
	}
	if sentencesFor("pt-BR", "pl") != &polish || sentencesFor("de-AT", "en") != &german {
		t.Error("wrong sentences")
	}
}

// TestConcurrent uses one bot from several goroutines; the race detector looks.
func TestConcurrent(t *testing.T) {
	b := mustBot(t, leadFlow, demoSettings())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			r := b.Greet("pl", Input{ID: "g", At: 1})
			for i, line := range lines {
				r = b.Turn(r.State, r.Profile, Input{ID: string(rune('A' + i)), At: int64(i), Kind: InputText, Text: line})
			}
		})
	}
	wg.Wait()
}

// TestBudget: a flow that goes round without waiting, which the load checks
// refuse, still ends its turn.
func TestBudget(t *testing.T) {
	r := &reader{flow: &Flow{Hash: "round", index: map[string]int{}}}
	r.root(r.document([]byte(head + "  - {id: w, choices: {text: T, options: [{id: x, label: X}]}}\n  - {id: a, say: A}\n  - {id: b, say: B, goto: a}\n")))
	r.link()
	s := demoSettings()
	s.Locales = []string{"pl"}
	b := unchecked(r.flow, s)
	g := b.Greet("pl", Input{ID: "g"})
	got := b.Turn(g.State, Profile{}, Input{ID: "a", Kind: InputChoice, Of: g.State.Prompt, Choice: "x"})
	if len(got.Events) > maxStepsPerTurn+1 || got.State.Step != "" {
		t.Errorf("%d events, stands at %q", len(got.Events), got.State.Step)
	}
}
