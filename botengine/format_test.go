package botengine

import (
	"strings"
	"testing"

	"golang.org/x/text/language"
)

func TestFormats(t *testing.T) {
	for _, c := range []struct{ format, locale, value, want string }{
		{"number", "pl", "1234567.5", "1 234 567,5"},
		{"number", "en", "1234567.5", "1,234,567.5"},
		{"number", "de", "-1234.25", "-1.234,25"},
		{"number", "cs", "12", "12"},
		{"number", "pl", "A-17", "A-17"},
		{"number", "pl", "NaN", "NaN"},
		{"number", "pl", "0x10", "0x10"},
		{"number", "pl", "12345678901234567890", "12345678901234567890"},
		{"money PLN", "pl", "16.9", "16,90 zł"},
		{"money PLN", "en", "16.9", "PLN 16.90"},
		{"money EUR", "de", "1234", "1.234,00 €"},
		{"money EUR", "en", "1234", "€1,234.00"},
		{"money CZK", "cs", "-1234.5", "-1 234,50 Kč"},
		{"money JPY", "de", "1500", "1.500 JPY"},
		{"money GBP", "en-GB", "-3", "-£3.00"},
		{"money PLN", "pl", "drogo", "drogo"},
		{"date", "pl", "2026-12-24", "24 grudnia 2026"},
		{"date", "en", "2026-12-24", "24 December 2026"},
		{"date", "en-US", "2026-12-04", "December 4, 2026"},
		{"date", "de", "2026-03-01", "1. März 2026"},
		{"date", "cs", "2026-09-05", "5. září 2026"},
		{"date", "fr", "2026-12-24", "2026-12-24"},
		{"date", "pl", "jutro", "jutro"},
	} {
		f, err := parseFormat(c.format)
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(f.show(c.value, language.Make(c.locale)), noBreak, " ")
		if got != c.want {
			t.Errorf("%s of %q in %s: got %q, want %q", c.format, c.value, c.locale, got, c.want)
		}
	}
}

// TestPlurals: each language counts as its speakers do.
func TestPlurals(t *testing.T) {
	const src = `flow: f
locales: [pl, en, de, cs]
steps:
  - id: start
    choices: {text: {pl: T, en: T, de: T, cs: T}, options: [{id: a, label: {pl: A, en: A, de: A, cs: A}}]}
  - id: many
    ask: {field: n, type: number, text: {pl: T, en: T, de: T, cs: T}, invalid: {pl: I, en: I, de: I, cs: I}}
  - id: say
    say:
      pl: {by: n, one: "{{n}} roślina", few: "{{n}} rośliny", many: "{{n}} roślin", other: "{{n:number}} rośliny"}
      en: {by: n, one: "{{n}} plant", other: "{{n:number}} plants"}
      de: {by: n, one: "{{n}} Pflanze", other: "{{n:number}} Pflanzen"}
      cs: {by: n, one: "{{n}} rostlina", few: "{{n}} rostliny", many: "{{n:number}} rostliny", other: "{{n}} rostlin"}
    goto: many
`
	f, err := Parse("f.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	s := demoSettings()
	s.Locales = f.Locales
	publish(s)
	b, err := NewBot(f, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ locale, n, want string }{
		{"pl", "0", "0 roślin"},
		{"pl", "1", "1 roślina"},
		{"pl", "3", "3 rośliny"},
		{"pl", "12", "12 roślin"},
		{"pl", "22", "22 rośliny"},
		{"pl", "1,5", "1,5 rośliny"},
		{"en", "1", "1 plant"},
		{"en", "1000", "1,000 plants"},
		{"en", "1.0", "1 plant"},
		{"de", "0", "0 Pflanzen"},
		{"de", "1", "1 Pflanze"},
		{"cs", "2", "2 rostliny"},
		{"cs", "5", "5 rostlin"},
		{"cs", "2,5", "2,5 rostliny"},
	} {
		g := b.Greet(c.locale, Input{ID: "g"})
		r := b.Turn(g.State, Profile{}, Input{ID: "a", Kind: InputChoice, Of: g.State.Prompt, Choice: "a"})
		r = b.Turn(r.State, r.Profile, Input{ID: "b", Kind: InputText, Text: c.n})
		if got := renderSpans(r.Events[1].Text); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.locale, c.n, got, c.want)
		}
	}
	// What is no number takes the form for all the rest.
	tr := b.turn(State{Locale: "pl"}, Profile{}, Input{}, "")
	tr.speak()
	if got := renderSpans(tr.fill(f.steps[2].say.text["pl"])); got != " rośliny" {
		t.Errorf("without a number: %q", got)
	}
}
