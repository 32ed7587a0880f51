package botengine

import (
	"os"
	"strings"
	"testing"
)

// head begins every small flow of the tests.
const head = "flow: f\nlocales: [pl]\nsteps:\n"

// ends is a last step that makes a flow whole.
const ends = "  - {id: bye, end: true}\n"

// TestMistakes holds every mistake an author can make, with its exact message.
func TestMistakes(t *testing.T) {
	deep := strings.Repeat("[", 40) + strings.Repeat("]", 40)
	tests := []struct{ name, src, want string }{
		{"EmptyFile", "", "f.yaml:1:1: the file is empty"},
		{"OnlyComment", "# nothing\n", "f.yaml:1:1: the file is empty"},
		{"TooLarge", strings.Repeat("# padding\n", 110_000), "f.yaml:1:1: the file is larger than 1 MB"},
		{"NotUTF8", "flow: \xff\n", "f.yaml:1:1: the file is not UTF-8"},
		{
			"Tabs", "flow: f\nsteps:\n\t- id: a\n \t- id: b\n",
			"f.yaml:3:1: indented with a tab; YAML wants spaces\nf.yaml:4:2: indented with a tab; YAML wants spaces",
		},
		{"Deep", "flow: " + deep + "\n", "f.yaml:1:22: nested more than 16 levels deep"},
		{"Aliases", "flow: f\nlocales: [pl]\nsteps: [*x]\n", "f.yaml:3:9: not YAML: unknown anchor 'x' referenced"},
		{
			"AliasBomb", "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n",
			"f.yaml:1:4: anchors (&a) are not part of the flow language\nf.yaml:2:4: anchors (&b) are not part of the flow language\n" +
				"f.yaml:3:4: anchors (&c) are not part of the flow language",
		},
		{"NotAMapping", "- a\n", "f.yaml:1:1: the flow must be a mapping (key: value)"},
		{
			"UnknownKey", "flow: f\nlocale: [pl]\nlocales: [pl]\nsteps:\n" + ends,
			`f.yaml:2:1: the flow has no key "locale"; did you mean "locales"?`,
		},
		{
			"UnknownStepKey", head + "  - {id: a, sya: Hi}\n" + ends,
			"f.yaml:4:5: step \"a\" does nothing: give it one of say, choices, answers, ask, consent, branch, handoff, webhook, set, end or goto\n" +
				`f.yaml:4:13: a step has no key "sya"; did you mean "say"?`,
		},
		{"KeyTwice", head + "  - {id: a, say: Hi, say: Ho}\n" + ends, `f.yaml:4:22: a step has the key "say" twice`},
		{"MissingKeys", "flow: f\n", "f.yaml:1:1: the flow needs \"locales\"\nf.yaml:1:1: the flow needs \"steps\""},
		{"NoSteps", "flow: f\nlocales: [pl]\nsteps: []\n", "f.yaml:3:8: steps is empty"},
		{
			"BadName", "flow: F!\nlocales: [pl]\nsteps:\n" + ends,
			`f.yaml:1:7: the flow.flow "F!" must be 1 to 40 of a-z, 0-9, _ and -, a letter first`,
		},
		{"DuplicateLocale", "flow: f\nlocales: [pl, pl]\nsteps:\n" + ends, `f.yaml:2:15: the locale "pl" is listed twice`},
		{"BadLocale", "flow: f\nlocales: [polski!]\nsteps:\n" + ends, `f.yaml:2:11: "polski!" is not a language tag such as pl or en-GB`},
		{"BadFallback", "flow: f\nlocales: [pl]\nfallback: en\nsteps:\n" + ends, `f.yaml:3:11: fallback "en" is none of the flow's locales`},
		{
			"MissingText", "flow: f\nlocales: [pl, en]\nsteps:\n  - {id: a, say: {pl: Hej}}\n" + ends,
			`f.yaml:4:18: say has no text in "en"`,
		},
		{
			"MissingFallbackText", "flow: f\nlocales: [pl, en]\nfallback: en\nsteps:\n  - {id: a, say: {pl: Hej}}\n" + ends,
			`f.yaml:5:18: say has no text in "en"`,
		},
		{"UnknownTextLocale", head + "  - {id: a, say: {pl: Hej, ne: Hi}}\n" + ends, `f.yaml:4:28: say has no key "ne"`},
		{
			"PlainText", "flow: f\nlocales: [pl, en]\nsteps:\n  - {id: a, say: Hej}\n" + ends,
			"f.yaml:4:18: say needs a text per locale: {pl: …, en: …}",
		},
		{"EmptyText", head + "  - {id: a, say: '  '}\n" + ends, `f.yaml:4:18: say has an empty text in "pl"`},
		{"NullText", head + "  - {id: a, say: null}\n" + ends, `f.yaml:4:18: say has an empty text in "pl"`},
		{"TwoSteps", head + "  - {id: a, say: Hej}\n  - {id: a, say: Ho}\n" + ends, `f.yaml:5:10: two steps are called "a"; the first is in line 4`},
		{"NoID", head + "  - {say: Hej}\n" + ends, `f.yaml:4:5: a step needs "id"`},
		{"TwoKinds", head + "  - {id: a, say: Hej, end: true}\n" + ends, `f.yaml:4:28: step "a" is both say and end; make two steps`},
		{"UnknownStep", head + "  - {id: a, say: Hej, goto: by}\n" + ends, `f.yaml:4:29: there is no step "by"; did you mean "bye"?`},
		{"Unreachable", head + "  - {id: a, goto: bye}\n  - {id: b, say: Hej}\n" + ends, `f.yaml:5:5: step "b" cannot be reached from the start`},
		{
			"DeadEnd", head + "  - {id: a, say: Hej}\n",
			`f.yaml:4:5: step "a" is the last one and leads nowhere; add a goto, or a step with answers or end after it`,
		},
		{
			"Cycle", head + "  - {id: a, say: Hej}\n  - {id: b, set: {x: y}, goto: a}\n",
			"f.yaml:4:5: the flow can go round without waiting for the visitor: a → b → a",
		},
		{"UselessGoto", head + "  - {id: a, goto: bye, end: true}\n" + ends, "f.yaml:4:19: goto has no effect on a step with end"},
		{
			"Placeholder", head + "  - {id: a, say: 'Hej {{nmae}}'}\n  - {id: b, set: {name: x}}\n" + ends,
			`f.yaml:4:18: {{nmae}} is neither asked for nor set anywhere; did you mean "name"?`,
		},
		{"OpenPlaceholder", head + "  - {id: a, say: 'Hej {{name'}\n" + ends, `f.yaml:4:18: say in "pl": {{ is not closed by }}`},
		{"BadPlaceholder", head + "  - {id: a, say: 'Hej {{N N}}'}\n" + ends, `f.yaml:4:18: say in "pl": {{N N}} does not name a field or variable`},
		{
			"Link", head + "  - {id: a, say: {text: Hej, link: {label: x, url: 'javascript:alert(1)'}}}\n" + ends,
			"f.yaml:4:52: say.link.url must start with https:// or /",
		},
		{"NoOptions", head + "  - {id: a, choices: {text: Hej}}\n" + ends, `f.yaml:4:22: choices needs "options"`},
		{
			"SameLabels", head + "  - {id: a, choices: {text: Hej, options: [{id: x, label: Tak}, {id: y, label: TAK}]}}\n" + ends,
			`f.yaml:4:80: the options "x" and "y" have the same label in "pl"`,
		},
		{
			"SameOptions", head + "  - {id: a, choices: {text: Hej, options: [{id: x, label: A}, {id: x, label: B}]}}\n" + ends,
			`f.yaml:4:63: two options are called "x"`,
		},
		{
			"UnknownType", head + "  - {id: a, ask: {field: x, type: mail, text: T, invalid: I}}\n" + ends,
			`f.yaml:4:35: there is no type "mail"; did you mean "email"?`,
		},
		{
			"Tries", head + "  - {id: a, ask: {field: x, type: text, text: T, invalid: I, tries: 99}}\n" + ends,
			"f.yaml:4:69: ask.tries must be a whole number from 1 to 10",
		},
		{
			"UnknownTopic", head + "  - {id: a, answers: {text: T, topics: [y], entries: [{id: x, title: X, match: {pl: [x]}, say: S}], nomatch: {text: N}}}\n",
			`f.yaml:4:41: there is no entry "y"`,
		},
		{
			"NoWords", "flow: f\nlocales: [pl, en]\nsteps:\n  - {id: a, answers: {text: {pl: T, en: T}, entries: [{id: x, title: {pl: X, en: X}, match: {pl: [x]}, say: {pl: S, en: S}}], nomatch: {text: {pl: N, en: N}}}}\n",
			`f.yaml:4:93: entry.match has no words in "en"`,
		},
		{
			"EmptyWord", head + "  - {id: a, answers: {text: T, entries: [{id: x, title: X, match: {pl: ['*']}, say: S}], nomatch: {text: N}}}\n",
			`f.yaml:4:73: entry.match has an empty word in "pl"`,
		},
		{
			"Condition", head + "  - {id: a, branch: {when: [{if: 'vars.x == 1 &&', goto: bye}], else: bye}}\n" + ends,
			"f.yaml:4:48: wrong condition: unexpected token EOF\n    | vars.x == 1 &&\n    | .............^",
		},
		{
			"ConditionType", head + "  - {id: a, branch: {when: [{if: vars.x == 1, goto: bye}], else: bye}}\n" + ends,
			"f.yaml:4:41: wrong condition: invalid operation: == (mismatched types string and int)\n    | vars.x == 1\n    | .......^",
		},
		{
			"ConditionName", head + "  - {id: a, branch: {when: [{if: var.x == '1', goto: bye}], else: bye}}\n" + ends,
			"f.yaml:4:34: wrong condition: unknown name var\n    | var.x == '1'\n    | ^",
		},
		{
			"GreetingConsent", head + "  - {id: a, consent: {purposes: [lead_contact]}}\n" + ends,
			`f.yaml:4:5: step "a" would show a consent card before the visitor has done anything; put a choices, answers or ask step before it`,
		},
		{
			"GreetingPresence", head + "  - {id: a, branch: {when: [{if: operators_online > 0, goto: bye}], else: bye}}\n" + ends,
			`f.yaml:4:34: step "a" depends on operators or opening hours before the visitor has done anything; the greeting must be the same for everybody`,
		},
		{
			"GreetingVisitor", head + "  - {id: a, branch: {when: [{if: held.name, goto: bye}], else: bye}}\n" + ends,
			`f.yaml:4:34: step "a" depends on the visitor's consent or details before the visitor has done anything; the greeting must be the same for everybody`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := Parse("f.yaml", []byte(test.src))
			if err == nil {
				t.Fatalf("parsed: %+v", f)
			}
			if got := err.Error(); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

// asking is a flow with a menu, a consent step and asks behind it.
const asking = head + `  - {id: menu, choices: {text: M, options: [{id: a, label: A, goto: consent}, {id: b, label: B, goto: MENU_B}]}}
  - {id: consent, consent: {purposes: [PURPOSE], granted: name, declined: DECLINED}}
  - {id: name, ask: {field: name, type: name, text: T, invalid: I}}
  - {id: email, ask: {field: email, type: email, text: T, invalid: I}}
` + ends

// TestSiteMistakes holds the mistakes that only show against a site.
func TestSiteMistakes(t *testing.T) {
	fill := func(menu, purpose, declined string) string {
		return strings.NewReplacer("MENU_B", menu, "PURPOSE", purpose, "DECLINED", declined).Replace(asking)
	}
	tests := []struct {
		name, src, want string
		change          func(*Settings)
	}{
		{
			"AskBeforeConsent", fill("email", "lead_contact", "bye"),
			`f.yaml:7:5: step "email" asks for "email" without a granted consent to lead_contact on this path: menu (b) → email`, nil,
		},
		{
			"AskAfterDecline", fill("bye", "lead_contact", "email"),
			`f.yaml:7:5: step "email" asks for "email" without a granted consent to lead_contact on this path: menu (a) → consent (declined) → email`, nil,
		},
		{
			"AskByAnswer", strings.ReplaceAll(fill("bye", "lead_contact", "bye"), ends,
				ends+"  - {id: faq, answers: {text: T, entries: [{id: call, title: X, match: {pl: [x]}, say: S, goto: name}], nomatch: {text: N}}}\n"),
			`f.yaml:6:5: step "name" asks for "name" without a granted consent to lead_contact on this path: menu (answer call) → name`, nil,
		},
		{
			"MarketingFirst", fill("bye", "marketing_email", "bye"),
			`f.yaml:5:5: step "consent" asks for marketing_email before consent to lead_contact on this path: menu (a) → consent`, nil,
		},
		{
			"UnknownPurpose", fill("bye", "lead_contct", "bye"),
			`f.yaml:5:40: the site has no purpose "lead_contct" (it has lead_contact, marketing_email); did you mean "lead_contact"?`, nil,
		},
		{
			"UnknownField", fill("bye", "lead_contact", "bye"),
			`f.yaml:6:21: step "name" asks for "name", which the site's notice does not name (it names email)`,
			func(s *Settings) { s.Fields = []string{"email"} },
		},
		{
			"LocaleOfSite", fill("bye", "lead_contact", "bye"),
			`f.yaml:2:10: the site speaks "de", but the flow has no texts in it and declares no fallback`,
			func(s *Settings) { s.Locales = []string{"pl", "de"} },
		},
		{
			"SetContact", strings.Replace(fill("bye", "lead_contact", "bye"), ends, "  - {id: s, set: {name: x}}\n"+ends, 1),
			`f.yaml:8:25: "name" is a contact field and cannot be set`, nil,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := Parse("f.yaml", []byte(test.src))
			if err != nil {
				t.Fatal(err)
			}
			// The owner's switches must not matter.
			for _, v := range variants {
				s := demoSettings()
				s.Locales, s.RequireConsent, s.Bundled = []string{"pl"}, v.require, v.bundled
				if test.change != nil {
					test.change(s)
				}
				_, err = NewBot(f, s)
				if err == nil {
					t.Fatalf("loaded under %+v", v)
				}
				if got := err.Error(); got != test.want {
					t.Errorf("under %+v got\n%s\nwant\n%s", v, got, test.want)
				}
			}
		})
	}
}

// TestParseOK: the hash names the content, and the demo flow loads under every
// value of the owner's switches.
func TestParseOK(t *testing.T) {
	src, err := os.ReadFile(leadFlow)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("lead.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	other, err := Parse("lead.yaml", append(src, '\n'))
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != "lead" || len(f.Hash) != len("sha256:")+64 || f.Hash == other.Hash || len(f.Locales) != 4 {
		t.Errorf("flow %q hash %q %q locales %v", f.Name, f.Hash, other.Hash, f.Locales)
	}
	for _, v := range variants {
		s := demoSettings()
		s.RequireConsent, s.Bundled = v.require, v.bundled
		if _, err := NewBot(f, s); err != nil {
			t.Errorf("%+v: %v", v, err)
		}
	}
}
