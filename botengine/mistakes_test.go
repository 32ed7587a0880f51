package botengine

import (
	"strings"
	"testing"
)

// menu waits for the visitor, so that what follows is no greeting.
const menu = head + "  - {id: m, choices: {text: M, options: [{id: x, label: X}]}}\n"

// TestMistakesOfWaits holds the mistakes with people, time, webhooks and forms of
// a text, each with its exact message.
func TestMistakesOfWaits(t *testing.T) {
	hook := func(rest string) string {
		return menu + "  - {id: w, webhook: {" + rest + "}}\n" + ends
	}
	tests := []struct{ name, src, want string }{
		{
			"HandoffKeys", menu + "  - {id: h, handoff: {text: T}}\n" + ends,
			"f.yaml:5:22: handoff needs \"away\"\nf.yaml:5:22: handoff needs \"queue\"\nf.yaml:5:22: handoff needs \"unanswered\"",
		},
		{
			"HandoffTime", menu + "  - {id: h, handoff: {queue: q, text: T, away: bye, unanswered: bye, after_ms: 1}}\n" + ends,
			"f.yaml:5:80: handoff.after_ms must be a whole number from 5000 to 86400000",
		},
		{
			"HandoffFirst", head + "  - {id: h, handoff: {queue: q, text: T, away: bye, unanswered: bye}}\n" + ends,
			`f.yaml:4:5: step "h" has a handoff before the visitor has done anything; put a choices, answers or ask step before it`,
		},
		{
			"HandoffCycle", menu + "  - {id: h, handoff: {queue: q, text: T, away: bye, unanswered: h}}\n" + ends,
			"f.yaml:5:5: the flow can go round without waiting for the visitor: h → h",
		},
		{"WebhookKeys", hook("timeout_ms: 1000"), "f.yaml:5:22: webhook needs \"failed\"\nf.yaml:5:22: webhook needs \"url\""},
		{"WebhookPlain", hook("url: 'http://shop.example/', failed: bye"), "f.yaml:5:28: webhook.url must start with https:// (http:// is for this machine alone: localhost, 127.0.0.1)"},
		{"WebhookNoHost", hook("url: /hook, failed: bye"), "f.yaml:5:28: webhook.url is not an address; write it whole, as https://shop.example/hook"},
		{"WebhookUser", hook("url: 'https://a:b@shop.example/', failed: bye"), "f.yaml:5:28: webhook.url has a user name in it; what is sent is signed, so remove it"},
		{"WebhookFragment", hook("url: 'https://shop.example/#x', failed: bye"), "f.yaml:5:28: webhook.url has a #fragment, which is never sent; remove it"},
		{"WebhookField", hook("url: 'https://shop.example/', fields: [numer], save: {number: n}, failed: bye"), `f.yaml:5:62: webhook.fields: "numer" is neither asked for nor set anywhere; did you mean "number"?`},
		{"WebhookTwice", hook("url: 'https://shop.example/', fields: [a, a], save: {a: n}, failed: bye"), `f.yaml:5:65: two fields are called "a"`},
		{"WebhookSave", hook("url: 'https://shop.example/', save: [a], failed: bye"), "f.yaml:5:59: webhook.save must be a mapping (variable: key of the answer)"},
		{"WebhookSaveKey", hook("url: 'https://shop.example/', save: {a: ''}, failed: bye"), "f.yaml:5:63: webhook.save.a must name a key of the answer, of 1 to 64 characters"},
		{"WebhookRetries", hook("url: 'https://shop.example/', retries: 9, failed: bye"), "f.yaml:5:62: webhook.retries must be a whole number from 0 to 5"},
		{
			"WebhookFirst", head + "  - {id: w, webhook: {url: 'https://shop.example/', failed: bye}}\n" + ends,
			`f.yaml:4:5: step "w" has a webhook before the visitor has done anything; put a choices, answers or ask step before it`,
		},
		{"WebhookCycle", hook("url: 'https://shop.example/', failed: w"), "f.yaml:5:5: the flow can go round without waiting for the visitor: w → w"},
		{
			"RemindConsent", menu + "  - {id: c, consent: {purposes: [lead_contact]}, remind: {after_ms: 60000, text: T}}\n" + ends,
			`f.yaml:5:58: step "c" asks for consent, and nobody is reminded of that: a question that is put again and again is no free choice`,
		},
		{
			"RemindSay", head + "  - {id: a, say: Hej, remind: {after_ms: 60000, text: T}}\n" + ends,
			"f.yaml:4:31: remind has no effect on a step with say: it does not wait for the visitor",
		},
		{"RemindText", "flow: f\nlocales: [pl]\nremind: {after_ms: 60000}\nsteps:\n" + ends, `f.yaml:3:9: remind needs "text"`},
		{"RemindTime", "flow: f\nlocales: [pl]\nremind: {text: T}\nsteps:\n" + ends, `f.yaml:3:9: remind needs "after_ms"`},
		{"RemindWord", "flow: f\nlocales: [pl]\nremind: off\nsteps:\n" + ends, "f.yaml:3:9: remind must be a mapping (key: value)"},
		{
			"CloseTime", "flow: f\nlocales: [pl]\nclose: {after_ms: soon}\nsteps:\n" + ends,
			"f.yaml:3:19: close.after_ms must be a whole number from 5000 to 604800000",
		},
		{
			"PluralMissing", head + "  - {id: s, set: {n: '2'}}\n  - {id: a, say: {by: n, one: x, many: y, other: z}}\n" + ends,
			`f.yaml:5:18: say in "pl" lacks the plural form "few", as for 2, 3, 4`,
		},
		{
			"PluralUnknown", "flow: f\nlocales: [en]\nsteps:\n  - {id: s, set: {n: '2'}}\n  - {id: a, say: {by: n, one: x, few: y, other: z}}\n" + ends,
			`f.yaml:5:39: the language "en" has no plural form "few"; its forms are one, other`,
		},
		{
			"PluralBy", "flow: f\nlocales: [en, de]\nsteps:\n  - {id: a, say: {en: {one: x, other: y}, de: T}}\n" + ends,
			`f.yaml:4:23: say in "en" needs "by"`,
		},
		{
			"PluralVariable", head + "  - {id: s, set: {count: '2'}}\n  - {id: a, say: {by: cuont, one: x, few: y, many: y, other: z}}\n" + ends,
			`f.yaml:5:18: {{cuont}} is neither asked for nor set anywhere; did you mean "count"?`,
		},
		{
			"PluralKey", head + "  - {id: s, set: {n: '2'}}\n  - {id: a, say: {by: n, one: x, few: y, mnay: y, many: y, other: z}}\n" + ends,
			`f.yaml:5:42: say in "pl" has no key "mnay"; did you mean "many"?`,
		},
		{"Format", head + "  - {id: s, set: {n: '2'}}\n  - {id: a, say: '{{n:percent}}'}\n" + ends, `f.yaml:5:18: say in "pl": {{n:percent}}: there is no format "percent"; take number, date, or money with a currency, as money EUR`},
		{"FormatMoney", head + "  - {id: s, set: {n: '2'}}\n  - {id: a, say: '{{n:money zł}}'}\n" + ends, `f.yaml:5:18: say in "pl": {{n:money zł}}: "money zł" names no currency; write it as money EUR`},
		{"FormatSet", head + "  - {id: s, set: {n: '2', k: '{{n:number}}'}}\n" + ends, "f.yaml:4:30: set.k: a variable keeps the value itself; give the format where it is shown"},
		{"VeryDeep", "flow: " + strings.Repeat("[", 20_000) + "\n", "f.yaml:1:71: nested more than 16 levels deep"},
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

// TestSiteMistakesOfWaits holds those that only show against a site, under every
// value of the owner's switches.
func TestSiteMistakesOfWaits(t *testing.T) {
	const flow = head + `  - {id: m, choices: {text: M, options: [{id: a, label: A, goto: c}, {id: b, label: B, goto: TO}]}}
  - {id: c, consent: {purposes: [lead_contact], granted: e, declined: bye}}
  - {id: e, ask: {field: email, type: email, text: T, invalid: I}}
  - {id: w, webhook: {url: 'https://x.example/', fields: [email], save: {SAVE: k}, failed: bye}}
` + ends
	fill := func(to, save string) string { return strings.NewReplacer("TO", to, "SAVE", save).Replace(flow) }
	tests := []struct {
		name, src, want string
		change          func(*Settings)
	}{
		{"SentBeforeConsent", fill("w", "v"), `f.yaml:7:59: step "w" sends "email" without a granted consent to lead_contact on this path: m (b) → w`, nil},
		{"SavedAsContact", fill("bye", "email"), `f.yaml:7:74: "email" is a contact field and cannot keep an answer`, nil},
		{
			"NoSentences", strings.Replace(fill("bye", "v"), "[pl]", "[pl]\nfallback: pl", 1),
			`f.yaml:2:10: the site speaks "fr", in which the bot has no sentences of its own (about consent, among others); let the site declare a fallback in cs, de, en or pl`,
			func(s *Settings) { s.Locales = []string{"pl", "fr"} },
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f, err := Parse("f.yaml", []byte(test.src))
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range variants {
				s := demoSettings()
				s.Locales, s.RequireConsent, s.Bundled = []string{"pl"}, v.require, v.bundled
				if test.change != nil {
					test.change(s)
				}
				if _, err = NewBot(f, s); err == nil {
					t.Fatalf("loaded under %+v", v)
				}
				if got := err.Error(); got != test.want {
					t.Errorf("under %+v got\n%s\nwant\n%s", v, got, test.want)
				}
			}
		})
	}
}
