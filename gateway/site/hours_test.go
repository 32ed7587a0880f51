package site

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zgoda/botengine"
)

// calling is a flow with a webhook.
const calling = "flow: calling\nlocales: [en]\nfallback: en\nsteps:\n" +
	"  - {id: a, choices: {text: {en: T}, options: [{id: x, label: {en: X}}]}}\n" +
	"  - {id: b, webhook: {url: https://shop.example/hook, failed: bye}}\n  - {id: bye, end: true}\n"

func TestHours(t *testing.T) {
	t.Parallel()
	src := change(t, "looks:", "hours:\n  zone: Europe/Warsaw\n  monday: [\"9:00-12:00\", \"13:00–24:00\"]\n  holidays: [12-25, 2026-11-30]\nlooks:")
	s, problems := buildFrom(t, src, Options{Processor: platform})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for at, open := range map[string]bool{
		"2026-11-23T08:00:00Z": true,  // 9:00 in Warsaw
		"2026-11-23T07:59:59Z": false, // a second earlier
		"2026-11-23T11:30:00Z": false, // the break
		"2026-11-23T22:59:00Z": true,
		"2026-11-23T23:00:00Z": false, // midnight, and Tuesday is closed
		"2026-11-30T08:00:00Z": false, // a holiday of one year
		"2027-11-29T08:00:00Z": true,
		"2028-12-25T08:00:00Z": false, // a Monday, and a holiday of every year
		"2026-07-06T07:00:00Z": true,  // 9:00 in summer time
		"2026-07-06T06:59:00Z": false,
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Settings.Hours.Open(when.UnixMilli()); got != open {
			t.Errorf("at %s open is %v", at, got)
		}
	}
	if whole, _ := buildFrom(t, readTestdata(t, "site.yaml"), Options{Processor: platform}); !whole.Settings.Hours.Open(0) {
		t.Error("a site without hours is closed")
	}
}

func TestHoursProblems(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ hours, want string }{
		"no zone":        {"hours: {monday: [\"9:00-17:00\"]}", `30:8: hours needs "zone"; for example zone: Europe/Warsaw`},
		"wrong zone":     {"hours: {zone: Warsaw, monday: [\"9:00-17:00\"]}", `30:15: hours.zone "Warsaw" is no time zone of the IANA list, as Europe/Warsaw`},
		"no day":         {"hours: {zone: UTC}", `30:8: hours has no day; for example monday: ["9:00-17:30"]`},
		"backwards":      {"hours: {zone: UTC, monday: [\"17:00-9:00\"]}", `30:29: hours.monday[0]: "17:00-9:00" ends before it begins; a time over midnight belongs to two days; write it as "9:00-17:30"`},
		"no time":        {"hours: {zone: UTC, monday: [nine to five]}", `30:29: hours.monday[0]: "nine to five" is not a time of day to another; write it as "9:00-17:30"`},
		"past midnight":  {"hours: {zone: UTC, monday: [\"9:00-24:01\"]}", `30:29: hours.monday[0]: "9:00-24:01" is not a time of day to another; write it as "9:00-17:30"`},
		"unknown day":    {"hours: {zone: UTC, mondey: [\"9:00-17:00\"]}", "30:8: hours has no day; for example monday: [\"9:00-17:30\"]\n30:20: hours has no key \"mondey\"; did you mean \"monday\"?"},
		"no holiday":     {"hours: {zone: UTC, monday: [\"9:00-17:00\"], holidays: [2026-02-30]}", `30:55: hours.holidays[0]: "2026-02-30" is no day; write "2026-12-24", or "12-25" for every year`},
		"short secret":   {"webhooks: {secret: abc}", "30:20: webhooks.secret has less than 24 characters; take a long random one, or env:NAME to read it from the environment"},
		"unset secret":   {"webhooks: {secret: \"env:NOT_SET\"}", "30:20: webhooks.secret: the environment variable NOT_SET is not set"},
		"no network":     {"webhooks: {private_networks: [10.0.0.1/8]}", `30:31: webhooks.private_networks[0]: "10.0.0.1/8" is no network; write it as 10.1.0.0/16`},
		"no such flow":   {"earlier_flows: [old.yaml]", `30:17: flow "old.yaml": there is no such file (looked for old.yaml); the path is relative to the site file`},
		"a flow is list": {"earlier_flows: [[a]]", "30:17: earlier_flows[0] is a list; it must be text"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, problems := buildFrom(t, change(t, "looks:", c.hours+"\nlooks:"), Options{Processor: platform})
			want := strings.ReplaceAll("shop.yaml:"+c.want, "\n", "\nshop.yaml:")
			if got := problems.Error(); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// A flow that calls webhooks needs a secret to sign with; it may stand in the
// environment.
func TestWebhookSecret(t *testing.T) {
	t.Parallel()
	load := func(src string, env func(string) string) (*Site, Problems) {
		return build("shop.yaml", []byte(src), Options{Processor: platform, Env: env}, func(string) ([]byte, error) { return []byte(calling), nil })
	}
	_, problems := load(readTestdata(t, "site.yaml"), nil)
	const want = `shop.yaml:1:1: the flow "calling" calls webhooks, and what is sent is signed; add webhooks: {secret: env:SHOP_WEBHOOK_SECRET}`
	if problems.Error() != want {
		t.Errorf("got %v", problems)
	}
	secret := strings.Repeat("s", minSecret)
	s, problems := load(change(t, "looks:", "webhooks: {secret: \"env:HOOK\", private_networks: [10.1.0.0/16, \"fd00::/8\"]}\nlooks:"), func(name string) string {
		return map[string]string{"HOOK": secret}[name]
	})
	if len(problems) > 0 || string(s.Webhooks.Secret) != secret || len(s.Webhooks.Private) != 2 {
		t.Errorf("%v %+v", problems, s)
	}
}

// A site keeps the earlier versions of its flow that it lists: a conversation
// stays on its own, and any other gets the present one.
func TestEarlierFlows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := readTestdata(t, "flow.yaml")
	before := strings.Replace(now, "Hello!", "Good day!", 1)
	write("flow.yaml", now)
	write("before.yaml", before)
	write("site.yaml", change(t, "looks:", "earlier_flows: [before.yaml]\nlooks:"))
	s, err := Load(filepath.Join(dir, "site.yaml"), Options{Processor: platform})
	if err != nil {
		t.Fatal(err)
	}
	old, err := botengine.Parse("before.yaml", []byte(before))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.BotFor(old.Hash).Flow().Hash; got != old.Hash {
		t.Errorf("an earlier version got %s", got)
	}
	for _, hash := range []string{s.Flow.Hash, "sha256:unknown", ""} {
		if s.BotFor(hash) != s.Bot {
			t.Errorf("%q did not get the present version", hash)
		}
	}
	write("before.yaml", "flow: before\n")
	if _, err := Load(filepath.Join(dir, "site.yaml"), Options{Processor: platform}); err == nil || !strings.Contains(err.Error(), "before.yaml:1:1: the flow needs") {
		t.Errorf("a broken earlier version: %v", err)
	}
}

// C9: where children are likely, a site sets the age from which they may consent.
func TestC9_AgeLimit(t *testing.T) {
	t.Parallel()
	s, problems := buildFrom(t, change(t, "  require: true\n", "  require: true\n  age_limit: 16\n"), Options{Processor: platform})
	if len(problems) > 0 || s.Settings.AgeLimit != 16 {
		t.Errorf("%v, %d", problems, s.Settings.AgeLimit)
	}
	_, problems = buildFrom(t, change(t, "  require: true\n", "  require: true\n  age_limit: 12\n"), Options{Processor: platform})
	if got := problems.Error(); got != `shop.yaml:19:14: consent.age_limit is "12"; it must be a whole number from 13 to 18` {
		t.Error(got)
	}
}

// C10: there is no field for special categories of data.
func TestC10_NoSpecialCategories(t *testing.T) {
	t.Parallel()
	for _, field := range []string{"health", "religion", "pesel"} {
		_, problems := buildFrom(t, change(t, "fields: [name, email, phone]", "fields: [name, email, phone, "+field+"]"), Options{Processor: platform})
		want := `shop.yaml:27:32: consent.fields[3]: there is no "` + field + `"; known are name, email, phone`
		if len(problems) != 1 || problems.Error() != want {
			t.Errorf("got %v, want %s", problems, want)
		}
	}
}
