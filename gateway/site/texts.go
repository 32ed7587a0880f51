package site

import (
	"embed"
	"fmt"
	"path"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// The words are data, so that a translator can read and mend them.
//
//go:embed texts/*.yaml
var textFiles embed.FS

// texts are the words of one language. Maps are keyed by purpose or field, or by
// plural form.
type texts struct {
	tag   language.Tag
	Days  map[string]string `yaml:"days"`
	Years map[string]string `yaml:"years"`
	And   string            `yaml:"and"`
	Card  struct {
		Accept    string            `yaml:"accept"`
		Decline   string            `yaml:"decline"`
		Policy    string            `yaml:"policy"`
		Panel     string            `yaml:"panel"`
		Withdraw  string            `yaml:"withdraw"`
		Titles    map[string]string `yaml:"titles"`
		Lead      string            `yaml:"lead"`
		Marketing string            `yaml:"marketing"`
		Bundled   string            `yaml:"bundled"`
		Retention string            `yaml:"retention"`
		// RetentionMarketing: ending marketing alone does not delete the contact.
		RetentionMarketing string            `yaml:"retention_marketing"`
		Valid              string            `yaml:"valid"`
		Voluntary          string            `yaml:"voluntary"`
		Channels           map[string]string `yaml:"channels"`
		Purposes           map[string]string `yaml:"purposes"`
		Fields             map[string]string `yaml:"fields"`
	} `yaml:"card"`
	Notice struct {
		Title    string `yaml:"title"`
		Body     string `yaml:"body"`
		Withdraw string `yaml:"withdraw"`
	} `yaml:"notice"`
	Panel panelTexts `yaml:"panel"`
}

// panelTexts are the words of the privacy panel, by section and sentence.
type panelTexts struct {
	Title      string            `yaml:"title"`
	Controller map[string]string `yaml:"controller"`
	Processor  map[string]string `yaml:"processor"`
	Purposes   map[string]string `yaml:"purposes"`
	Retention  map[string]string `yaml:"retention"`
	Recipients map[string]string `yaml:"recipients"`
	Rights     map[string]string `yaml:"rights"`
	Withdrawal map[string]string `yaml:"withdrawal"`
	Complaint  map[string]string `yaml:"complaint"`
	Policy     map[string]string `yaml:"policy"`
}

// allTexts reads the embedded files once. They are part of the program, so a
// mistake in them is a defect and tests find it.
var allTexts = sync.OnceValue(func() map[string]*texts {
	entries, err := textFiles.ReadDir("texts")
	if err != nil {
		panic(fmt.Sprintf("site: embedded texts: %v", err))
	}
	all := make(map[string]*texts, len(entries))
	for _, e := range entries {
		src, err := textFiles.ReadFile(path.Join("texts", e.Name()))
		if err != nil {
			panic(fmt.Sprintf("site: embedded texts: %v", err))
		}
		lang := strings.TrimSuffix(e.Name(), ".yaml")
		t := &texts{tag: language.MustParse(lang)}
		if err := yaml.Load(src, t, yaml.WithKnownFields()); err != nil {
			panic(fmt.Sprintf("site: embedded texts %s: %v", e.Name(), err))
		}
		all[lang] = t
	}
	return all
})

// textsFor returns the words for a locale: a region ("en-GB") uses its language.
func textsFor(locale string) (*texts, bool) {
	lang, _, _ := strings.Cut(locale, "-")
	t, ok := allTexts()[lang]
	return t, ok
}

// pluralForms are the names of the forms in the text files.
var pluralForms = map[plural.Form]string{
	plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many", plural.Other: "other",
}

// period words a number of days: in years where it is a whole number of them.
func (t *texts) period(days int) string {
	n, words := days, t.Days
	if days > 0 && days%365 == 0 {
		n, words = days/365, t.Years
	}
	form := pluralForms[plural.Cardinal.MatchPlural(t.tag, n, 0, 0, 0, 0)]
	return fill(words[form], "n", strconv.Itoa(n))
}

// list joins words as a sentence does: "a, b and c".
func (t *texts) list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " " + t.And + " " + words[last]
}

// fill puts facts in the place of words in braces, in one pass: braces within a
// fact stay what they are. A fact that ends with a full stop, as many company
// names do, takes the place of the sentence's own.
func fill(text string, namesAndValues ...string) string {
	pairs := make([]string, 0, 2*len(namesAndValues))
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		name, value := "{"+namesAndValues[i]+"}", namesAndValues[i+1]
		if strings.HasSuffix(value, ".") {
			pairs = append(pairs, name+".", value)
		}
		pairs = append(pairs, name, value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
