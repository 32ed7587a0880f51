package site

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zgoda/botengine"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var locales = []string{"cs", "de", "en", "pl"}

// every site variant whose words are kept in testdata, for people to read.
func variants(tb testing.TB) map[string]*Site {
	tb.Helper()
	return map[string]*Site{
		"separate, own policy":    mustBuild(tb, readTestdata(tb, "site.yaml")),
		"bundled, no policy link": mustBuild(tb, change(tb, "mode: separate", "mode: bundled", "privacy_policy: https://shop.example/privacy\n", "")),
		"consent not required":    mustBuild(tb, change(tb, "require: true", "require: false")),
		"self-hosted, nobody else": mustBuild(tb, change(tb, "recipients: [Mail House GmbH, CRM Ltd]", "recipients: []",
			"consent:\n", "processor: {name: Test Shop sp. z o.o., address: Prosta 1, contact: privacy@shop.example}\nconsent:\n")),
		"lead collection off": mustBuild(tb, change(tb, "  address: Prosta 1, 00-001 Warszawa\n", "", "region: PL", "region: DE")),
	}
}

func render(i Information) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", i.Title)
	for _, s := range i.Sections {
		fmt.Fprintf(&b, "## %s\n%s\n", s.Heading, strings.Join(s.Paragraphs, "\n"))
	}
	return b.String()
}

func renderCard(c botengine.Card) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", c.Title, c.Body)
	for _, p := range c.Purposes {
		fmt.Fprintf(&b, "- %s\n", p.Text)
	}
	for _, f := range c.Fields {
		fmt.Fprintf(&b, "* %s\n", f.Text)
	}
	fmt.Fprintf(&b, "%s\n[%s] [%s] (%s %s)\n", c.Withdraw, c.Accept, c.Decline, c.Policy.Label, c.Policy.URL)
	return b.String()
}

// The golden files are the words as visitors read them. A change of them is a
// change of what people agree to.
func TestWords(t *testing.T) {
	t.Parallel()
	all := variants(t)
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, locale := range locales {
		var b strings.Builder
		for _, name := range names {
			s := all[name]
			fmt.Fprintf(&b, "=== %s\n\n", name)
			for _, set := range botengine.NoticeSets(s.Flow, s.Settings) {
				fmt.Fprintf(&b, "--- card: %s\n%s\n", strings.Join(set, " + "), renderCard(s.Settings.Notices[botengine.NoticeKey(set, locale)].Card))
			}
			fmt.Fprintf(&b, "--- information\n%s\n", render(s.Information(locale)))
		}
		golden(t, "words."+locale+".txt", b.String())
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; look at it, then run with -update\n%s", path, got)
	}
}

// C2: every card names the controller, the purposes, the data and the way back,
// and has two answers.
func TestCardsAreComplete(t *testing.T) {
	t.Parallel()
	for name, s := range variants(t) {
		sets := botengine.NoticeSets(s.Flow, s.Settings)
		if got, want := len(s.Settings.Notices), len(sets)*len(s.Locales); got != want {
			t.Errorf("%s: %d notices, want %d", name, got, want)
		}
		for key, n := range s.Settings.Notices {
			c := n.Card
			if !strings.Contains(c.Body, s.Controller.Name) || len(c.Purposes) == 0 || len(c.Fields) == 0 ||
				c.Title == "" || c.Withdraw == "" || c.Accept == "" || c.Decline == "" || c.Policy.Label == "" {
				t.Errorf("%s: %s is incomplete: %+v", name, key, c)
			}
			if strings.Contains(c.Body, "Chat Platform") {
				t.Errorf("%s: %s names the platform where the owner asks", name, key)
			}
			if strings.ContainsAny(c.Body+c.Title+c.Withdraw, "{}") {
				t.Errorf("%s: %s has an unfilled place: %+v", name, key, c)
			}
			for _, x := range slices.Concat(c.Purposes, c.Fields) {
				if x.Text == "" {
					t.Errorf("%s: %s has no words for %s", name, key, x.Code)
				}
			}
			if c.Accept == c.Decline || c.NoAnswer {
				t.Errorf("%s: %s offers no choice", name, key)
			}
		}
	}
}

// C5, C40: the policy decides where the card points; the article's one question
// says that later communication may follow.
func TestCardSays(t *testing.T) {
	t.Parallel()
	all := variants(t)
	lead, bundle := []string{purposeLead}, knownPurposes
	card := func(variant string, set []string, locale string) botengine.Card {
		return all[variant].Settings.Notices[botengine.NoticeKey(set, locale)].Card
	}
	if p := card("separate, own policy", lead, "pl").Policy; p.Mode != "link" || p.URL != "https://shop.example/privacy" || p.Label != "Polityka prywatności" {
		t.Errorf("policy %+v", p)
	}
	if p := card("bundled, no policy link", lead, "pl").Policy; p.Mode != "widget" || p.URL != "" || p.Label != "Informacje o Twoich danych" {
		t.Errorf("policy %+v", p)
	}
	for locale, want := range map[string]string{
		"pl": "możesz później dostawać także oferty i nowości e-mailem, telefonicznie i SMS-em",
		"en": "you may later also receive offers and news by e-mail, by phone and by text message",
		"de": "können Sie später auch per E-Mail, per Telefon und per SMS Angebote und Neuigkeiten erhalten",
		"cs": "můžete později dostávat také nabídky a novinky e-mailem, po telefonu a přes SMS",
	} {
		c := card("bundled, no policy link", bundle, locale)
		if !strings.Contains(c.Body, want) || len(c.Purposes) != 4 {
			t.Errorf("%s: the bundled card does not say %q:\n%s", locale, want, c.Body)
		}
	}
	sms := card("separate, own policy", []string{purposeSMS}, "en")
	if len(sms.Fields) != 2 || sms.Fields[1].Code != fieldPhone {
		t.Errorf("the card for text messages names the data %v", sms.Fields)
	}
}

// P7 and C41: the hash names what was shown, whatever node computed it.
func TestNoticeHash(t *testing.T) {
	t.Parallel()
	hashes := func(src string) map[string]string {
		m := map[string]string{}
		for key, n := range mustBuild(t, src).Settings.Notices {
			sum := sha256.Sum256([]byte(n.Canonical))
			if n.Hash != hex.EncodeToString(sum[:]) || n.Card.Notice != n.Hash {
				t.Errorf("%s: the hash is not of the canonical text", key)
			}
			m[key] = n.Hash
		}
		return m
	}
	base := hashes(readTestdata(t, "site.yaml"))
	same := hashes(change(t, "fields: [name, email, phone]", "fields: [phone, email, name]",
		"    - {code: marketing_phone}\n    - {code: marketing_sms}", "    - {code: marketing_sms}\n    - {code: marketing_phone}"))
	if !reflect.DeepEqual(base, same) {
		t.Error("the order of a list in the file makes other notices")
	}
	for name, src := range map[string]string{
		"controller": change(t, "name: Test Shop sp. z o.o.", "name: Test Shop S.A."),
		"policy":     change(t, "https://shop.example/privacy", "https://shop.example/privacy2"),
		"recipients": change(t, "CRM Ltd", "CRM Inc"),
		"retention":  change(t, "proof_days: 2190", "proof_days: 2191"),
		"require":    change(t, "require: true", "require: false"),
		"dpo":        change(t, "  dpo: https://shop.example/dpo\n", ""),
	} {
		for key, hash := range hashes(src) {
			if base[key] == hash {
				t.Errorf("another %s makes the same notice %s", name, key)
			}
		}
	}
}

// Roles by which a language calls the controller, in all their forms.
var controllerWords = regexp.MustCompile(`(?i)administrator|controller|verantwortlich|správc`)

// C40: no sentence may call the platform the controller. It holds by shape: no
// sentence that names the platform has the controller's role in it, and the
// sentence after it says whose instructions count.
func TestPlatformIsNeverTheController(t *testing.T) {
	t.Parallel()
	roles := map[string]string{"pl": "podmiot przetwarzający", "en": "processor", "de": "Auftragsverarbeiter", "cs": "zpracovatel"}
	instructions := map[string]string{
		"pl": "działa wyłącznie na polecenie administratora", "en": "acts only on the controller's instructions",
		"de": "handelt nur auf Weisung des Verantwortlichen", "cs": "jedná pouze podle pokynů správce",
	}
	for name, s := range variants(t) {
		for _, locale := range locales {
			texts := []string{render(s.Information(locale))}
			for key, n := range s.Settings.Notices {
				if strings.HasSuffix(key, "@"+locale) {
					texts = append(texts, renderCard(n.Card))
				}
			}
			for sentence := range strings.SplitSeq(strings.ReplaceAll(strings.Join(texts, "\n"), ". ", "\n"), "\n") {
				if strings.Contains(sentence, platform.Name) && controllerWords.MatchString(sentence) {
					t.Errorf("%s, %s: %q", name, locale, sentence)
				}
			}
			if s.selfHosted() {
				continue
			}
			if !strings.Contains(texts[0], roles[locale]) || !strings.Contains(texts[0], instructions[locale]) {
				t.Errorf("%s, %s: the information does not say what the platform is:\n%s", name, locale, texts[0])
			}
		}
	}
}

// A missing word would be an empty line on somebody's consent card.
func TestTextsAreComplete(t *testing.T) {
	t.Parallel()
	if got := len(allTexts()); got != len(locales) {
		t.Fatalf("%d languages, want %v", got, locales)
	}
	reference := words(reflect.ValueOf(*allTexts()["en"]), "")
	for _, locale := range locales {
		own := words(reflect.ValueOf(*allTexts()[locale]), "")
		for path, text := range reference {
			if own[path] == "" {
				t.Errorf("%s has no %s", locale, path)
			}
			if got, want := places(own[path]), places(text); !slices.Equal(got, want) {
				t.Errorf("%s %s has the places %v, en has %v", locale, path, got, want)
			}
		}
		for path := range own {
			if _, known := reference[path]; !known && !strings.HasPrefix(path, ".Days") && !strings.HasPrefix(path, ".Years") {
				t.Errorf("%s has %s, which en has not", locale, path)
			}
		}
	}
}

// words lists every text below v by its path.
func words(v reflect.Value, path string) map[string]string {
	all := map[string]string{}
	switch v.Kind() {
	case reflect.String:
		all[path] = v.String()
	case reflect.Map:
		for _, k := range v.MapKeys() {
			all[path+"."+k.String()] = v.MapIndex(k).String()
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				for p, s := range words(v.Field(i), path+"."+f.Name) {
					all[p] = s
				}
			}
		}
	}
	return all
}

var placePattern = regexp.MustCompile(`\{\w+\}`)

func places(s string) []string {
	return slices.Sorted(slices.Values(placePattern.FindAllString(s, -1)))
}

func TestPeriods(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string][]string{
		"pl": {"1 dzień", "2 dni", "22 dni", "25 dni", "1 rok", "2 lata", "5 lat", "366 dni"},
		"en": {"1 day", "2 days", "22 days", "25 days", "1 year", "2 years", "5 years", "366 days"},
		"de": {"1 Tag", "2 Tage", "22 Tage", "25 Tage", "1 Jahr", "2 Jahre", "5 Jahre", "366 Tage"},
		"cs": {"1 den", "2 dny", "22 dní", "25 dní", "1 rok", "2 roky", "5 let", "366 dní"},
	} {
		tx, _ := textsFor(locale)
		for i, days := range []int{1, 2, 22, 25, 365, 730, 1825, 366} {
			if got := tx.period(days); got != want[i] {
				t.Errorf("%s: %d days are %q, want %q", locale, days, got, want[i])
			}
		}
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"Owner: {x}.", "Shop Ltd.", "Owner: Shop Ltd."},
		{"Owner: {x}.", "Shop", "Owner: Shop."},
		{"{x}, who", "Shop Ltd.", "Shop Ltd., who"},
		{"{x} {y}", "{y}", "{y} {y}"},
	} {
		if got := fill(c[0], "x", c[1]); got != c[2] {
			t.Errorf("fill(%q, %q) = %q, want %q", c[0], c[1], got, c[2])
		}
	}
	if got := fill("{x} {y}", "x", "{y}", "y", "z"); got != "{y} z" {
		t.Errorf("a fact with braces was filled again: %q", got)
	}
}

// E24: a locale without words takes the declared fallback.
func TestLocaleWithoutTexts(t *testing.T) {
	t.Parallel()
	s := mustBuild(t, change(t, "locales: [pl, en, de, cs]", "locales: [uk, en-GB]", "fallback: en", "fallback: en-GB"))
	if i := s.Information("uk"); i.Locale != "en" && i.Locale != "en-GB" || i.Title != "About your data (GDPR)" {
		t.Errorf("information for uk: %q in %q", i.Title, i.Locale)
	}
	if _, ok := s.Settings.Notices["lead_contact@uk"]; ok {
		t.Error("there is a notice in a language without words")
	}
	if n := s.Settings.Notices["lead_contact@en-GB"]; n.Card.Locale != "en-GB" || n.Card.Accept != "I agree" {
		t.Errorf("notice for en-GB: %+v", n.Card)
	}
}

// TestE7_OrdersHaveAFormOfTheirOwn: the information says that what an order needs is
// not given here, wherever contacts are collected: that has another basis.
func TestE7_OrdersHaveAFormOfTheirOwn(t *testing.T) {
	for name, s := range variants(t) {
		for _, l := range locales {
			words, _ := textsFor(l)
			order := words.Panel.Purposes["order"]
			if order == "" {
				t.Fatalf("%s: nothing is said of orders", l)
			}
			if collects := len(s.Settings.Purposes) > 0; strings.Contains(render(s.Information(l)), order) != collects {
				t.Errorf("%s, %s: collecting is %v and the information says\n%s", name, l, collects, render(s.Information(l)))
			}
		}
	}
}

// TestC42_ScopeIsWhoGetsTheData: another controller, processor or recipient is
// another scope; addresses, periods, links and the order of a list are not.
func TestC42_ScopeIsWhoGetsTheData(t *testing.T) {
	scope := func(pairs ...string) string {
		s := mustBuild(t, change(t, pairs...))
		return s.Settings.Scope
	}
	was := scope()
	if was == "" {
		t.Fatal("a site has no scope")
	}
	for name, pairs := range map[string][]string{
		"address":        {"Prosta 1, 00-001", "Krzywa 2, 00-002"},
		"policy link":    {"privacy_policy: https://shop.example/privacy\n", ""},
		"order of names": {"[Mail House GmbH, CRM Ltd]", "[CRM Ltd, Mail House GmbH]"},
	} {
		if scope(pairs...) != was {
			t.Errorf("%s: a new wording is asked anew", name)
		}
	}
	for name, pairs := range map[string][]string{
		"one more recipient": {"[Mail House GmbH, CRM Ltd]", "[Mail House GmbH, CRM Ltd, Courier]"},
		"other recipients":   {"[Mail House GmbH, CRM Ltd]", "[Mail House GmbHCRM, Ltd]"},
		"another processor":  {"consent:\n", "processor: {name: Another Platform, address: Prosta 1, contact: privacy@shop.example}\nconsent:\n"},
	} {
		if scope(pairs...) == was {
			t.Errorf("%s: nobody is asked anew", name)
		}
	}
}
