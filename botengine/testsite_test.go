package botengine

import (
	"os"
	"strings"
	"testing"
)

// demoSettings are the settings of the demo shop, as the gateway would make them.
func demoSettings() *Settings {
	s := &Settings{
		Site: "laka", Locales: []string{"pl", "en"}, RequireConsent: true, Policy: "policy-1",
		Purposes: []string{"lead_contact", "marketing_email"}, Fields: []string{"name", "email", "phone"},
		ReaskAfterMS: 180 * day, SessionIdleMS: 30 * minute,
		ValidMS: map[string]int64{"lead_contact": 365 * day}, Region: "PL",
	}
	publish(s)
	return s
}

const (
	minute = int64(60_000)
	day    = 24 * 60 * minute
)

// publish gives the site a notice for every set of purposes in every locale.
func publish(s *Settings) {
	s.Notices = map[string]Notice{}
	sets := [][]string{s.Purposes, s.Purposes[:min(2, len(s.Purposes))]}
	for _, p := range s.Purposes {
		sets = append(sets, []string{p})
	}
	for _, l := range s.Locales {
		for _, set := range sets {
			if len(set) == 0 {
				continue
			}
			key := NoticeKey(set, l)
			card := Card{Locale: l, Title: "notice " + key, Accept: "yes", Decline: "no", Policy: NoticePolicy{Mode: "widget"}}
			for _, p := range set {
				card.Purposes = append(card.Purposes, CardText{Code: p, Text: p})
			}
			for _, f := range s.Fields {
				card.Fields = append(card.Fields, CardText{Code: f, Text: f})
			}
			s.Notices[key] = Notice{Hash: "hash of " + key + " " + strings.Join(s.Fields, ",") + s.Scope + s.Policy, Canonical: key, Card: card}
		}
	}
}

// publishIf publishes anew where the site has notices.
func publishIf(s *Settings) {
	if s.Notices != nil {
		publish(s)
	}
}

func mustFlow(t testing.TB, file string) *Flow {
	t.Helper()
	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse(file, src)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return f
}

func mustBot(t testing.TB, file string, s *Settings) *Bot {
	t.Helper()
	b, err := NewBot(mustFlow(t, file), s)
	if err != nil {
		t.Fatalf("NewBot: %v", err)
	}
	return b
}

const leadFlow = "../configs/flows/lead.yaml"
