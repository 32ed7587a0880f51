package site

import (
	"fmt"
	"slices"
	"strings"
)

// check looks at what several settings say together.
func (r *reader) check(c config) {
	if c.fallback != "" && len(c.locales) > 0 && !slices.Contains(c.locales, c.fallback) {
		r.problem(r.place("fallback"), "fallback %q is none of the site's locales (%s)", short(c.fallback), strings.Join(c.locales, ", "))
	} else if _, worded := textsFor(c.fallback); c.fallback != "" && !worded {
		r.problem(r.place("fallback"), "there are no consent texts in %q to fall back to; take one of cs, de, en, pl", short(c.fallback))
	}
	for i, l := range c.locales {
		if _, worded := textsFor(l); !worded && c.fallback == "" {
			r.problem(r.place(fmt.Sprintf("locales[%d]", i)),
				"there are no consent texts in %q; declare a fallback in one of cs, de, en, pl", l)
		}
	}
	if _, all := c.policy[anyLocale]; c.policy == nil || all {
		return
	}
	for _, l := range c.locales {
		if c.policy[l] == "" && c.policy[c.fallback] == "" {
			r.problem(r.place("privacy_policy"), "privacy_policy has no address for %q; add it, or give one address for all languages", l)
		}
	}
}

// unsafeOrigins warns of pages that anybody on the way can change.
func (r *reader) unsafeOrigins(c config) []string {
	var warnings []string
	for i, o := range c.origins {
		if o.scheme == "http" && !loopback[o.host] {
			warnings = append(warnings, r.warning(fmt.Sprintf("origins[%d]", i),
				"%s is not protected: anybody on the way can change the page and what it asks; serve it over https", o))
		}
	}
	return warnings
}

func (r *reader) warning(path, format string, args ...any) string {
	p := r.place(path)
	return Problem{File: r.file, Line: p.line, Column: p.column, Message: fmt.Sprintf(format, args...)}.String()
}

// gate keeps lead collection off while visitors could not be told all that GDPR
// Art. 13 wants them to be told (C38), and says what is missing.
func (s *Site) gate(r *reader, c config) []string {
	facts := []struct {
		path    string
		present bool
		wanted  string
	}{
		{"controller.name", s.Controller.Name != "", "the full name of the site's owner, who decides about the data"},
		{"controller.address", s.Controller.Address != "", "the owner's postal address"},
		{"controller.contact", s.Controller.Contact != "", "the e-mail address or https:// page for questions about data"},
		{"processor.name", s.Processor.Name != "", "who runs this gateway; it can stand in the gateway's own file for all sites"},
		{"processor.address", s.Processor.Address != "", "the address of who runs this gateway"},
		{"processor.contact", s.Processor.Contact != "", "how to reach who runs this gateway"},
		{"consent.purposes", len(c.consent.purposes) > 0, "what the data are for, as [{code: lead_contact}]"},
		{"consent.fields", len(c.consent.fields) > 0, "what is asked for, as [name, email]"},
		{"consent.recipients", c.consent.recipientsGiven, "who else receives the data; [] if nobody does"},
		{"consent.retention.contact_days", s.Retention.ContactDays > 0, "how long contacts are kept"},
		{"consent.retention.proof_days", s.Retention.ProofDays > 0, "how long the proof of an answer is kept"},
	}
	var warnings []string
	for _, f := range facts {
		if !f.present {
			warnings = append(warnings, r.warning(f.path, "lead collection is off: %s is missing; add %s", f.path, f.wanted))
		}
	}
	if len(warnings) > 0 {
		s.Settings.Purposes, s.Settings.Fields, s.Settings.ValidMS = nil, nil, map[string]int64{}
	}
	if len(s.Settings.Purposes) > 1 && !s.Settings.RequireConsent {
		warnings = append(warnings, r.warning("consent.require",
			"consent.require is false: contacts are kept without a consent and never used for marketing; visitors are shown a notice instead of a question"))
	}
	return warnings
}
