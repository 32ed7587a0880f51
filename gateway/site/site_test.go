package site

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"zgoda/botengine"
)

// platform is what the gateway's own file would say.
var platform = Party{Name: "Chat Platform", Address: "Chmurna 1, 00-002 Warszawa", Contact: "privacy@platform.example"}

func readTestdata(tb testing.TB, name string) string {
	tb.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return string(src)
}

// buildFrom makes a site from text, with the flow of the testdata folder.
func buildFrom(tb testing.TB, src string, o Options) (*Site, Problems) {
	tb.Helper()
	flow := readTestdata(tb, "flow.yaml")
	s, problems := build("shop.yaml", []byte(src), o, func(path string) ([]byte, error) {
		if path != "flow.yaml" {
			return nil, os.ErrNotExist
		}
		return []byte(flow), nil
	})
	return s, sorted(problems)
}

// change replaces parts of the good site file, each of which must be in it.
func change(tb testing.TB, oldNew ...string) string {
	tb.Helper()
	src := readTestdata(tb, "site.yaml")
	for i := 0; i+1 < len(oldNew); i += 2 {
		if !strings.Contains(src, oldNew[i]) {
			tb.Fatalf("the good file has no %q", oldNew[i])
		}
		src = strings.Replace(src, oldNew[i], oldNew[i+1], 1)
	}
	return src
}

func mustBuild(tb testing.TB, src string) *Site {
	tb.Helper()
	s, problems := buildFrom(tb, src, Options{Processor: platform})
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return s
}

func TestDemoSiteLoads(t *testing.T) {
	t.Parallel()
	s, err := Load("../../configs/sites/demo.yaml", Options{Processor: platform})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Warnings) > 0 {
		t.Errorf("warnings:\n%s", strings.Join(s.Warnings, "\n"))
	}
	if s.Key != "demo" || s.Name != "Sklep Łąka" || s.Bot == nil || s.Flow != s.Bot.Flow() {
		t.Errorf("site %+v", s)
	}
	if got := strings.Join(s.Settings.Purposes, " "); got != "lead_contact marketing_email" {
		t.Errorf("purposes %s", got)
	}
	for _, o := range []string{"http://localhost:8080", "http://127.0.0.1:1", "https://sklep-laka.example", "https://www.sklep-laka.example"} {
		if !s.AllowsOrigin(o) {
			t.Errorf("%s may not open the chat", o)
		}
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s := mustBuild(t, readTestdata(t, "site.yaml"))
	const day = 24 * 60 * 60 * 1000
	set := s.Settings
	if set.Site != "shop" || !set.RequireConsent || set.Bundled || set.Region != "PL" || set.Fallback != "en" {
		t.Errorf("settings %+v", set)
	}
	if set.ReaskAfterMS != 180*day || set.SessionIdleMS != 30*60*1000 {
		t.Errorf("ReaskAfterMS %d, SessionIdleMS %d", set.ReaskAfterMS, set.SessionIdleMS)
	}
	if len(set.ValidMS) != 1 || set.ValidMS["marketing_email"] != 365*day {
		t.Errorf("ValidMS %v", set.ValidMS)
	}
	if set.Policy != "" {
		t.Errorf("a site that requires consent has the policy %q", set.Policy)
	}
	if want := (Retention{365, 2190, 7}); s.Retention != want {
		t.Errorf("retention %v", s.Retention)
	}
	if s.Authority.Name != "Prezes Urzędu Ochrony Danych Osobowych" || s.Processor != platform {
		t.Errorf("authority %v, processor %v", s.Authority, s.Processor)
	}
	if got := strings.Join(s.Origins, " "); got != "https://shop.example https://*.shop.example http://localhost:*" {
		t.Errorf("origins %s", got)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	s := mustBuild(t, change(t,
		"  require: true\n  mode: separate\n  reask_after_days: 180\n  session_idle_minutes: 30\n", "",
		", transcript_days: 7", "", `looks: {color: "#1f6f43", position: left}`, ""))
	if !s.Settings.RequireConsent || s.Settings.Bundled || s.Settings.ReaskAfterMS != 180*24*3600*1000 ||
		s.Settings.SessionIdleMS != 30*60*1000 || s.Retention.TranscriptDays != 7 {
		t.Errorf("settings %+v, retention %v", s.Settings, s.Retention)
	}
	looks := Looks{
		Color: defaultColor, On: white, Dark: moved(defaultColor, darkGround, white), OnDark: writtenOn(moved(defaultColor, darkGround, white)),
		Position: "right", Side: defaultOffset, Bottom: defaultOffset, Icon: "chat",
	}
	if !reflect.DeepEqual(s.Looks, looks) || s.AllowNoOrigin {
		t.Errorf("looks %+v, want %+v; allow_no_origin %v", s.Looks, looks, s.AllowNoOrigin)
	}
}

// C38: what GDPR Art. 13 wants told is told, or nothing is collected.
func TestIncompleteSiteCollectsNothing(t *testing.T) {
	t.Parallel()
	const off = "lead collection is off: "
	for name, c := range map[string]struct {
		src  string
		o    Options
		want string
	}{
		"no address":      {change(t, "  address: Prosta 1, 00-001 Warszawa\n", ""), Options{Processor: platform}, "shop.yaml:3:1: " + off + "controller.address is missing; add the owner's postal address"},
		"no name":         {change(t, "  name: Test Shop sp. z o.o.\n", ""), Options{Processor: platform}, "shop.yaml:3:1: " + off + "controller.name is missing; add the full name of the site's owner, who decides about the data"},
		"no contact":      {change(t, "  contact: privacy@shop.example\n", ""), Options{Processor: platform}, "shop.yaml:3:1: " + off + "controller.contact is missing; add the e-mail address or https:// page for questions about data"},
		"no purposes":     {change(t, "  purposes:\n    - {code: lead_contact}\n    - {code: marketing_email, valid_days: 365}\n    - {code: marketing_phone}\n    - {code: marketing_sms}\n", ""), Options{Processor: platform}, "shop.yaml:17:1: " + off + "consent.purposes is missing; add what the data are for, as [{code: lead_contact}]"},
		"no recipients":   {change(t, "  recipients: [Mail House GmbH, CRM Ltd]\n", ""), Options{Processor: platform}, "shop.yaml:17:1: " + off + "consent.recipients is missing; add who else receives the data; [] if nobody does"},
		"no contact days": {change(t, "contact_days: 365, ", ""), Options{Processor: platform}, "shop.yaml:29:3: " + off + "consent.retention.contact_days is missing; add how long contacts are kept"},
		"no proof days":   {change(t, "proof_days: 2190, ", ""), Options{Processor: platform}, "shop.yaml:29:3: " + off + "consent.retention.proof_days is missing; add how long the proof of an answer is kept"},
		"no processor's contact": {
			readTestdata(t, "site.yaml"),
			Options{Processor: Party{Name: "P", Address: "A"}},
			"shop.yaml:1:1: " + off + "processor.contact is missing; add how to reach who runs this gateway",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, problems := buildFrom(t, c.src, c.o)
			if len(problems) > 0 {
				t.Fatalf("an incomplete file stops the start: %v", problems)
			}
			if len(s.Warnings) != 1 || s.Warnings[0] != c.want {
				t.Errorf("warnings\n got %s\nwant %s", strings.Join(s.Warnings, "\n     "), c.want)
			}
			if len(s.Settings.Purposes) != 0 || len(s.Settings.Fields) != 0 || len(s.Settings.Notices) != 0 {
				t.Errorf("it collects %v %v", s.Settings.Purposes, s.Settings.Fields)
			}
			if s.Bot == nil || len(s.Information("pl").Sections) == 0 {
				t.Error("the chat does not run")
			}
		})
	}
}

func TestNothingButTheBasicsStillChats(t *testing.T) {
	t.Parallel()
	s, problems := buildFrom(t, "key: bare\nname: Bare\norigins: [https://bare.example]\nlocales: [en]\nregion: DE\nflow: flow.yaml\n", Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if len(s.Warnings) != 11 {
		t.Errorf("%d warnings:\n%s", len(s.Warnings), strings.Join(s.Warnings, "\n"))
	}
	text := render(s.Information("en"))
	for _, want := range []string{"The controller of your data is the owner of the site Bare.", "does not collect contact details", "in particular in the country where you live"} {
		if !strings.Contains(text, want) {
			t.Errorf("the information lacks %q:\n%s", want, text)
		}
	}
}

func TestAllowNoOrigin(t *testing.T) {
	t.Parallel()
	if s := mustBuild(t, readTestdata(t, "site.yaml")); s.AllowsOrigin("") {
		t.Error("a client without an origin is let in")
	}
	s := mustBuild(t, change(t, "origins:\n  - https://shop.example\n  - https://*.shop.example\n  - http://localhost:*\n", "allow_no_origin: true\n"))
	if !s.AllowsOrigin("") || s.AllowsOrigin("https://shop.example") || s.AllowsOrigin("null") {
		t.Error("allow_no_origin must let in clients without an origin, and only them")
	}
}

func TestUnprotectedOriginIsWarnedOf(t *testing.T) {
	t.Parallel()
	s := mustBuild(t, change(t, "- https://shop.example", "- http://shop.example"))
	want := "shop.yaml:10:5: http://shop.example is not protected: anybody on the way can change the page and what it asks; serve it over https"
	if len(s.Warnings) != 1 || s.Warnings[0] != want {
		t.Errorf("warnings %q, want %q", s.Warnings, want)
	}
}

func TestConsentNotRequired(t *testing.T) {
	t.Parallel()
	s := mustBuild(t, change(t, "require: true\n  mode: separate", "require: false\n  mode: bundled"))
	if s.Settings.RequireConsent || s.Settings.Bundled {
		t.Errorf("settings %+v", s.Settings)
	}
	notice := s.Settings.Notices[botengine.NoticeKey([]string{"lead_contact"}, "pl")]
	if s.Settings.Policy != "not_required:"+notice.Hash {
		t.Errorf("policy %q, notice %q", s.Settings.Policy, notice.Hash)
	}
	want := "shop.yaml:18:3: consent.require is false: contacts are kept without a consent and never used for marketing; " +
		"visitors are shown a notice instead of a question"
	if len(s.Warnings) != 1 || s.Warnings[0] != want {
		t.Errorf("warnings %q", s.Warnings)
	}
}

// The link is the one of the language, or the one for all (C39).
func TestPolicyURL(t *testing.T) {
	t.Parallel()
	s := mustBuild(t, change(t, "privacy_policy: https://shop.example/privacy",
		"privacy_policy:\n  pl: https://shop.example/prywatnosc\n  en: https://shop.example/privacy"))
	for locale, want := range map[string]string{"pl": "https://shop.example/prywatnosc", "de": "https://shop.example/privacy"} {
		if got := s.PolicyURL(locale); got != want {
			t.Errorf("PolicyURL(%s) = %q, want %q", locale, got, want)
		}
	}
}

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, src := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadDir(t *testing.T) {
	t.Parallel()
	good, flow := readTestdata(t, "site.yaml"), readTestdata(t, "flow.yaml")
	other := strings.Replace(good, "key: shop", "key: other", 1)

	t.Run("OK", func(t *testing.T) {
		t.Parallel()
		sub := writeFiles(t, map[string]string{"b.yaml": good, "a.yaml": other, "notes.txt": "x", ".hidden.yaml": "x"})
		if err := os.WriteFile(filepath.Join(filepath.Dir(sub), "flow.yaml"), []byte(flow), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, f := range []string{"a.yaml", "b.yaml"} {
			src, _ := os.ReadFile(filepath.Join(sub, f))
			_ = os.WriteFile(filepath.Join(sub, f), []byte(strings.Replace(string(src), "flow: flow.yaml", "flow: ../flow.yaml", 1)), 0o600)
		}
		sites, err := LoadDir(sub, Options{Processor: platform})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(sites.Keys(), " "); got != "other shop" || len(sites.All()) != 2 {
			t.Errorf("keys %s", got)
		}
		if s, ok := sites.Get("shop"); !ok || s.Key != "shop" {
			t.Error("shop is not found")
		}
		if _, ok := sites.Get("nobody"); ok {
			t.Error("an unknown site is found")
		}
	})
	t.Run("Problems", func(t *testing.T) {
		t.Parallel()
		dir := writeFiles(t, map[string]string{
			"a.yaml": strings.Replace(good, "flow: flow.yaml", "flow: flow.txt", 1),
			"b.yaml": strings.Replace(good, "flow: flow.yaml", "flow: flow.txt", 1),
			"c.yaml": "key: Bad Key\n", "d.yml": good, "flow.txt": flow,
		})
		_, err := LoadDir(dir, Options{Processor: platform})
		problems, ok := errors.AsType[Problems](err)
		if !ok {
			t.Fatalf("error %v is not Problems", err)
		}
		text := strings.ReplaceAll(problems.Error(), dir+string(filepath.Separator), "")
		a := filepath.Join(dir, "a.yaml")
		for _, want := range []string{
			`b.yaml:1:1: key "shop" is the key of ` + strings.TrimPrefix(a, dir+string(filepath.Separator)) + ` too; give each site its own`,
			`c.yaml:1:6: key "Bad Key" must be 1 to 40 of a-z, 0-9 and -, a letter first`,
			`d.yml:1:1: site files end in .yaml; rename it`,
		} {
			if !strings.Contains(text, want) {
				t.Errorf("missing %s in\n%s", want, text)
			}
		}
	})
	t.Run("Empty", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		_, err := LoadDir(dir, Options{})
		if want := dir + ":1:1: there is no site file (*.yaml) in this folder"; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
		_, err = LoadDir(filepath.Join(dir, "none"), Options{})
		if want := filepath.Join(dir, "none") + ":1:1: there is no such file"; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	})
}

func TestLoadUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "none.yaml"): ":1:1: there is no such file",
		dir:                             ":1:1: the file cannot be read: not a file",
	} {
		if _, err := Load(path, Options{}); err == nil || err.Error() != path+want {
			t.Errorf("%v, want %s%s", err, path, want)
		}
	}
}

// C55: clocks are what visitors were told, or shorter.
func TestC55_ClocksOfASite(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]Clocks{
		"":                                {365, 2190},
		"retention: {contact_days: 30}\n": {30, 2190},
		"retention: {proof_days: 400, contact_days: 1}\n": {1, 400},
	} {
		if s := mustBuild(t, readTestdata(t, "site.yaml")+src); s.Clocks != want {
			t.Errorf("%q: got %+v, want %+v", src, s.Clocks, want)
		}
	}
}
