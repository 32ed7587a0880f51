package site

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func flowFile(t *testing.T, src string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const flowWithPhone = `flow: f
locales: [de, fr]
fallback: de
steps:
  - {id: m, choices: {text: {de: M}, options: [{id: x, label: {de: X}}]}}
  - {id: c, consent: {purposes: [lead_contact, marketing_sms], declined: bye}}
  - {id: p, ask: {field: name, type: name, text: {de: T}, invalid: {de: I}}}
  - {id: w, webhook: {url: 'https://x.example/', fields: [name], failed: bye}}
  - {id: bye, end: true}
`

// TestStandInCollectsWhatTheFlowAsks, and what its purposes cannot do without.
func TestStandInCollectsWhatTheFlowAsks(t *testing.T) {
	t.Parallel()
	s, err := StandIn(flowFile(t, flowWithPhone))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Settings.Purposes, []string{purposeLead, purposeSMS}) || !slices.Equal(s.Settings.Fields, []string{fieldName, fieldPhone}) {
		t.Errorf("it collects %v for %v", s.Settings.Fields, s.Settings.Purposes)
	}
	if !slices.Equal(s.Locales, []string{"de", "fr"}) || s.Fallback != "de" || s.Region != "DE" || len(s.Warnings) > 0 {
		t.Errorf("it speaks %v, falls back to %s in %s and warns of %v", s.Locales, s.Fallback, s.Region, s.Warnings)
	}
}

func TestStandInSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]string{
		strings.NewReplacer("[de, fr]", "[fr]", "{de:", "{fr:", "fallback: de", "fallback: fr").Replace(flowWithPhone): "there are no consent texts in fr, so no site can run this flow",
		strings.Replace(flowWithPhone, "marketing_sms", "marketing_fax", 1):                                            `f.yaml:6:48: the site has no purpose "marketing_fax"`,
		"flow: f\n": `f.yaml:1:1: the flow needs "locales"`,
	} {
		if _, err := StandIn(flowFile(t, src)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := StandIn(filepath.Join(t.TempDir(), "none.yaml")); err == nil || !strings.Contains(err.Error(), "there is no such file") {
		t.Errorf("got %v", err)
	}
}

// TestTrialNeedsNoSecret: a flow that calls webhooks can be talked to on a site
// whose secret is in another machine's environment; serving it needs the secret.
func TestTrialNeedsNoSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	flow := flowFile(t, strings.NewReplacer("[de, fr]", "[en]", "{de:", "{en:", "fallback: de", "fallback: en").Replace(flowWithPhone))
	path := filepath.Join(dir, "shop.yaml")
	src := strings.Replace(readTestdata(t, "site.yaml"), "\nconsent:", "\nwebhooks: {secret: env:NOT_SET}\nconsent:", 1)
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := LoadTrial(path, flow, Options{Processor: platform})
	if err != nil {
		t.Fatal(err)
	}
	if s.Flow.File != flow {
		t.Errorf("it runs %s", s.Flow.File)
	}
	if _, err := Load(path, Options{Processor: platform}); err == nil || !strings.Contains(err.Error(), "NOT_SET is not set") {
		t.Errorf("without the secret it is served: %v", err)
	}
	if _, err := LoadTrial(path, filepath.Join(dir, "none.yaml"), Options{}); err == nil || !strings.Contains(err.Error(), "none.yaml:1:1: there is no such file") {
		t.Errorf("without a flow: %v", err)
	}
	rules, err := LoadRules(path)
	if err != nil || len(rules.Purposes) == 0 {
		t.Errorf("its rules are %+v, %v", rules, err)
	}
}
