package botengine

import (
	"fmt"
	"testing"
)

// A profile knows whether it remembers every consent event: a receipt must not
// leave one out without asking the ledger (C19).
func TestRememberedIsWholeOrSaysSo(t *testing.T) {
	t.Parallel()
	asked := PastEntry{VSeq: 1, ID: "q", Purpose: "lead_contact", Kind: statusRequested, Notice: "n", Locale: "pl"}
	granted := PastEntry{VSeq: 2, ID: "g", Purpose: "lead_contact", Kind: statusGranted, Request: "q", Grant: "g"}
	ended := PastEntry{VSeq: 4, ID: "w", Purpose: "lead_contact", Kind: statusWithdrawn, Request: "q", Grant: "g"}
	var many []PastEntry
	for i := range maxPast {
		many = append(many, PastEntry{ID: fmt.Sprint(i), Kind: statusRequested})
	}
	for name, c := range map[string]struct {
		profile Profile
		whole   bool
	}{
		"nothing yet":           {Profile{}, true},
		"all of it":             {Profile{Past: []PastEntry{asked, granted, ended}, Consents: map[string]Consent{"lead_contact": {Entry: "w"}}}, true},
		"rebuilt":               {Profile{Consents: map[string]Consent{"lead_contact": {Entry: "g"}}}, false},
		"withdrawn since":       {Profile{Past: []PastEntry{ended}, Consents: map[string]Consent{"lead_contact": {Entry: "w"}}}, false},
		"another purpose since": {Profile{Past: []PastEntry{asked, granted}, Consents: map[string]Consent{"lead_contact": {Entry: "g"}, "marketing_email": {Entry: "m"}}}, false},
		"too many":              {Profile{Past: many}, false},
	} {
		past, whole := c.profile.Remembered()
		if whole != c.whole || len(past) != len(c.profile.Past) {
			t.Errorf("%s: remembers %d, whole: %t, want %t", name, len(past), whole, c.whole)
		}
		for _, e := range past {
			if e.Request != "" && whole && (e.Notice != "n" || e.Locale != "pl") {
				t.Errorf("%s: %+v does not say which words it answers", name, e)
			}
		}
	}
	p := Profile{Past: many}
	tn := turn{p: p}
	tn.remember(&Entry{ID: "new", Kind: statusRequested})
	if len(tn.p.Past) != maxPast || tn.p.Past[maxPast-1].ID != "new" || p.Past[0].ID != "0" || len(p.Past) != maxPast {
		t.Errorf("after one more the profile remembers %d, the caller's was changed: %t", len(tn.p.Past), p.Past[0].ID != "0")
	}
}
