package botengine

import (
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// A Bot runs one flow under one site's settings. It is immutable and may be used
// by any number of goroutines at once.
type Bot struct {
	flow     *Flow
	settings *Settings
	// base is the purpose that carries the contact; bundle lists what a bundled
	// card asks for.
	base    string
	bundle  []string
	contact map[string]bool
	voices  map[string]*voice
	locales []string
	matcher language.Matcher
	// answers are the steps that answer questions, opening the consent steps
	// that ask for the base purpose.
	answers []int
	opening []int
	// single are the purposes as sets of one, cards what is published for them.
	single map[string][]string
	cards  map[cardName]*published
}

// A cardName names what is published for one purpose in a locale.
type cardName struct{ purpose, locale string }

// published is a notice with what a turn wants to know of it.
type published struct {
	Notice
	fields []string
}

func publishedAs(n Notice, locale string) *published {
	n.Card.Locale = orString(n.Card.Locale, locale)
	return &published{n, codes(n.Card.Fields)}
}

// A voice is what the bot needs to speak and understand one locale of the site.
type voice struct {
	locale string // of the site
	texts  string // locale of the flow's texts
	tag    language.Tag
	own    *sentences
	// matchers find entries by a typed question: the conversation's own words
	// first, then those of the flow's other languages.
	matchers []*matcher
	labels   [][]label // by step
}

// A label is what a visitor may type instead of pressing an option.
type label struct {
	folded string
	option int
}

// NewBot checks a flow against a site's settings and makes a bot of both. The
// error is Problems. The flow must hold under every value of the owner's
// switches, so that turning one never needs the flow's author.
func NewBot(f *Flow, s *Settings) (*Bot, error) {
	if err := checkSite(f, s).err(); err != nil {
		return nil, err
	}
	b := &Bot{
		flow: f, settings: s, base: f.basePurpose(s),
		contact: f.contactFields(s), voices: map[string]*voice{},
	}
	b.bundle = bundleOf(f, s)
	b.steps()
	b.speak()
	return b, nil
}

// bundleOf lists the purposes a bundled card asks for: what the flow asks for
// anywhere, in the site's order.
func bundleOf(f *Flow, s *Settings) []string {
	var bundle []string
	for i, p := range s.Purposes {
		asked := slices.ContainsFunc(f.steps, func(st step) bool {
			return st.consent != nil && slices.Contains(st.consent.purposes, p)
		})
		if i == 0 || asked {
			bundle = append(bundle, p)
		}
	}
	return bundle
}

// NoticeSets lists every set of purposes that a card may ask for when this flow
// runs under these settings: the site publishes a notice for each of them in
// each of its locales.
func NoticeSets(f *Flow, s *Settings) [][]string {
	var sets [][]string
	for _, p := range s.Purposes {
		sets = append(sets, []string{p})
	}
	if bundle := bundleOf(f, s); s.Bundled && len(bundle) > 1 {
		sets = append(sets, bundle)
	}
	return sets
}

// NoticeKey is the key of Settings.Notices for a set of purposes, in any order,
// and a locale.
func NoticeKey(purposes []string, locale string) string {
	sorted := slices.Sorted(slices.Values(purposes))
	return strings.Join(sorted, "+") + "@" + locale
}

// published prepares the cards of one purpose.
func (b *Bot) published() {
	b.single, b.cards = map[string][]string{}, map[cardName]*published{}
	for _, p := range b.settings.Purposes {
		b.single[p] = []string{p}
		for _, l := range append(slices.Clone(b.settings.Locales), b.settings.Fallback) {
			if n, ok := b.settings.Notices[NoticeKey(b.single[p], l)]; ok {
				b.cards[cardName{p, l}] = publishedAs(n, l)
			}
		}
	}
}

func (b *Bot) steps() {
	b.published()
	for i := range b.flow.steps {
		st := &b.flow.steps[i]
		if st.kind == kindAnswers {
			b.answers = append(b.answers, i)
		}
		if st.kind == kindConsent && slices.Contains(st.consent.purposes, b.base) {
			b.opening = append(b.opening, i)
		}
	}
}

// speak prepares every locale of the site.
func (b *Bot) speak() {
	b.locales = b.settings.Locales
	if len(b.locales) == 0 {
		b.locales = b.flow.Locales
	}
	byFlow := map[string]*matcher{}
	for _, l := range b.flow.Locales {
		byFlow[l] = newMatcher(b.flow, l)
	}
	tags := make([]language.Tag, len(b.locales))
	for i, l := range b.locales {
		tags[i] = language.Make(l)
		v := &voice{locale: l, tag: tags[i], own: sentencesFor(l, b.settings.Fallback)}
		v.texts, _ = b.flow.localeFor(l)
		v.matchers = append(v.matchers, byFlow[v.texts])
		for _, other := range b.flow.Locales {
			if other != v.texts {
				v.matchers = append(v.matchers, byFlow[other])
			}
		}
		v.labels = b.labels(v.texts)
		b.voices[l] = v
	}
	b.matcher = language.NewMatcher(tags)
}

// labels folds the labels and synonyms of all options in one locale.
func (b *Bot) labels(locale string) [][]label {
	all := make([][]label, len(b.flow.steps))
	for i := range b.flow.steps {
		var os []option
		switch st := &b.flow.steps[i]; st.kind {
		case kindChoices:
			os = st.choices.options
		case kindAsk:
			os = st.ask.options
		}
		for j, o := range os {
			if tmpl, ok := b.inLocale(o.label, locale); ok && tmpl.spans != nil {
				all[i] = append(all[i], label{fold(tmpl.spans[0].Text), j})
			}
			for _, w := range o.match[locale] {
				all[i] = append(all[i], label{w, j})
			}
		}
	}
	return all
}

func (b *Bot) inLocale(t text, locale string) (template, bool) {
	if tmpl, ok := t[locale]; ok {
		return tmpl, true
	}
	tmpl, ok := t[b.flow.Fallback]
	return tmpl, ok
}

// Locale is the site's locale that comes nearest to what is wanted: one tag, or
// a browser's list of them.
func (b *Bot) Locale(want string) string {
	if b.voices[want] != nil {
		return want
	}
	_, i := language.MatchStrings(b.matcher, want)
	return b.locales[i]
}

// Flow is the flow the bot runs.
func (b *Bot) Flow() *Flow { return b.flow }

// An Expect says what a conversation waits for, so that a client can offer the
// right keyboard.
type Expect struct {
	// Kind is "text", "choices", "ask", "card" or "none" (the flow has ended;
	// the visitor may still write).
	Kind string
	// Type and Field of an ask: "email"/"email".
	Type  string
	Field string
	// Prompt is the id of the event that asked.
	Prompt string
}

// Inputs tells what the conversation waits for now.
func (b *Bot) Inputs(s State, p Profile) Expect {
	if s.Card != nil {
		return Expect{Kind: "card", Prompt: s.Prompt}
	}
	i, ok := b.flow.index[s.Step]
	if !ok || s.Flow != b.flow.Hash {
		if s.Step != "" {
			return Expect{Kind: "text", Prompt: s.Prompt}
		}
		return Expect{Kind: "none"}
	}
	switch st := &b.flow.steps[i]; st.kind {
	case kindChoices:
		return Expect{Kind: "choices", Prompt: s.Prompt}
	case kindConsent:
		if s.ageOpen() {
			return Expect{Kind: "choices", Prompt: s.Prompt}
		}
		return Expect{Kind: "text", Prompt: s.Prompt}
	case kindAsk:
		if b.contact[st.ask.field] && slices.Contains(p.Held, st.ask.field) {
			return Expect{Kind: "text", Prompt: s.Prompt}
		}
		return Expect{Kind: "ask", Type: st.ask.kind, Field: st.ask.field, Prompt: s.Prompt}
	default:
		return Expect{Kind: "text", Prompt: s.Prompt}
	}
}
