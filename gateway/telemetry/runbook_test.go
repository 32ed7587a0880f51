package telemetry

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sections are the paragraphs of the runbook by alert.
func sections(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	parts := regexp.MustCompile(`(?m)^##+ `).Split(string(read(t, filepath.Join(prometheusDir, "RUNBOOK.md"))), -1)
	for _, part := range parts {
		title, text, _ := strings.Cut(part, "\n")
		if !strings.HasPrefix(title, "Zgoda") {
			continue
		}
		if all[title] != "" {
			t.Errorf("the runbook has %s twice", title)
		}
		all[title] = strings.Join(strings.Fields(text), " ")
	}
	return all
}

// TestEveryAlertHasItsSection: and every section its alert, and each says what it
// means, what visitors notice, what to look at and what to do.
func TestEveryAlertHasItsSection(t *testing.T) {
	t.Parallel()
	all := sections(t)
	for _, r := range rulesOf(t, "alerts.yaml") {
		text, ok := all[r.Alert]
		if !ok {
			t.Errorf("%s has no section in the runbook", r.Alert)
		}
		delete(all, r.Alert)
		for _, must := range []string{"**Means**", "**Visitors**", "**Look at**", "**Do**"} {
			if !strings.Contains(text, must) {
				t.Errorf("the section of %s has no %s", r.Alert, must)
			}
		}
		if want := "RUNBOOK.md#" + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
			t.Errorf("%s leads to %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s does not say what it is: %v", r.Alert, r.Annotations)
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s is %q", r.Alert, s)
		}
	}
	for title := range all {
		t.Errorf("the runbook has a section %s, and there is no such alert", title)
	}
}

// TestRunbookQuotesTheLog: what it quotes is what a gateway writes, and its links lead
// somewhere.
func TestRunbookQuotesTheLog(t *testing.T) {
	t.Parallel()
	sources, all := words(t), sections(t)
	quote := regexp.MustCompile(`"([^"…]+)"`)
	link := regexp.MustCompile(`\(#(\w+)\)`)
	visitors := []string{"not sent yet", "not sent"} // the widget's words, in each language its own
	for title, text := range all {
		for _, m := range quote.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(visitors, m[1]) && !strings.Contains(sources, `"`+m[1]) {
				t.Errorf("%s quotes %q, which no gateway writes", title, m[1])
			}
		}
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			found := false
			for other := range all {
				found = found || strings.ToLower(other) == m[1]
			}
			if !found {
				t.Errorf("%s links to %s", title, m[1])
			}
		}
	}
}

// TestEveryAlertIsTestedBothWays: there is a case in which it fires and one, with
// series, in which it does not.
func TestEveryAlertIsTestedBothWays(t *testing.T) {
	t.Parallel()
	type tested struct{ fires, rests bool }
	all := map[string]*tested{}
	for _, r := range rulesOf(t, "alerts.yaml") {
		all[r.Alert] = &tested{}
	}
	files, err := filepath.Glob(filepath.Join(prometheusDir, "tests", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		var content struct {
			Tests []struct {
				Name   string
				Series []struct{ Series string } `yaml:"input_series"`
				Rules  []struct {
					Alert string           `yaml:"alertname"`
					Want  []map[string]any `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
			}
		}
		readYAML(t, file, &content)
		for _, c := range content.Tests {
			for _, r := range c.Rules {
				is := all[r.Alert]
				switch {
				case is == nil:
					t.Errorf("%s: there is no alert %q", c.Name, r.Alert)
				case len(c.Series) == 0:
					t.Errorf("%s has no series: that an alert rests without any says nothing", c.Name)
				default:
					is.fires, is.rests = is.fires || len(r.Want) > 0, is.rests || len(r.Want) == 0
				}
			}
		}
	}
	for alert, is := range all {
		if !is.fires || !is.rests {
			t.Errorf("%s is tested: fires %v, rests %v", alert, is.fires, is.rests)
		}
	}
}
