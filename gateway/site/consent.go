package site

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Purposes a site may collect for, the base first: it carries the contact, the
// others are asked after it and end with it.
const (
	purposeLead  = "lead_contact"
	purposeEmail = "marketing_email"
	purposePhone = "marketing_phone"
	purposeSMS   = "marketing_sms"
)

var knownPurposes = []string{purposeLead, purposeEmail, purposePhone, purposeSMS}

// Contact fields a notice has words for. There is none for special categories of
// data (C10).
const (
	fieldName  = "name"
	fieldEmail = "email"
	fieldPhone = "phone"
)

var knownFields = []string{fieldName, fieldEmail, fieldPhone}

// carrier is the field without which a purpose cannot be served.
var carrier = map[string]string{purposeEmail: fieldEmail, purposePhone: fieldPhone, purposeSMS: fieldPhone}

// The ages from which the states of the EU let children consent alone lie between
// 13 and 16 (GDPR Art. 8); a site may ask for full age.
const (
	minAgeLimit = 13
	maxAgeLimit = 18
)

func (r *reader) consent(root mapping) consentConfig {
	m := r.mapping(root.vals["consent"], "consent", "require", "mode", "reask_after_days", "session_idle_minutes",
		"purposes", "fields", "recipients", "storage_locations", "retention", "authority", "age_limit")
	c := consentConfig{
		require:     m.boolean("require", true),
		bundled:     m.choice("mode", "separate", "separate", "bundled") == "bundled",
		reaskDays:   m.integer("reask_after_days", minReaskDays, minReaskDays, maxDays),
		idleMinutes: m.integer("session_idle_minutes", defaultIdleMinutes, 1, 24*60),
		fields:      r.words(m, "fields", knownFields),
		ageLimit:    m.integer("age_limit", 0, minAgeLimit, maxAgeLimit),
	}
	c.purposes, c.validDays = r.purposes(m)
	r.carriers(c)
	c.recipients, c.recipientsGiven = r.names(m, "recipients")
	c.storage, _ = r.names(m, "storage_locations")

	t := r.mapping(m.vals["retention"], "consent.retention", "contact_days", "proof_days", "transcript_days")
	c.retention = Retention{
		ContactDays:    t.integer("contact_days", 0, 1, maxDays),
		ProofDays:      t.integer("proof_days", 0, 1, maxProofDays),
		TranscriptDays: t.integer("transcript_days", defaultTranscript, 1, maxDays),
	}
	a := r.mapping(m.vals["authority"], "consent.authority", "name", "url")
	if a.node != nil {
		a.need("name", "name: Prezes Urzędu Ochrony Danych Osobowych")
		c.authority.Name = a.text("name")
		if n := a.vals["url"]; n != nil {
			c.authority.URL = r.link(n, a.child("url"))
		}
	}
	return c
}

// clocks reads when what is kept goes: what visitors were told where the file
// says nothing else, and never later.
func (r *reader) clocks(root mapping, told Retention) Clocks {
	m := r.mapping(root.vals["retention"], "retention", "contact_days", "proof_days")
	read := func(key string, told, most int) int {
		days := m.integer(key, told, 1, most)
		if told > 0 && days > told {
			r.problem(at(m.vals[key]), "retention.%s is %d, but visitors are told %d days (consent.retention.%s); write %d or less, or tell them more", key, days, told, key, told)
		}
		return days
	}
	return Clocks{ContactDays: read("contact_days", told.ContactDays, maxDays), ProofDays: read("proof_days", told.ProofDays, maxProofDays)}
}

// words reads a list of words of a fixed set, each once.
func (r *reader) words(m mapping, key string, known []string) []string {
	items, _ := m.list(key)
	var all []string
	for i, n := range items {
		path := fmt.Sprintf("%s[%d]", m.child(key), i)
		if s := r.text(n, path); s != "" && r.word(n, path, s, known, all) {
			all = append(all, s)
		}
	}
	// The order of a file must not make another text version.
	slices.SortFunc(all, func(a, b string) int { return slices.Index(known, a) - slices.Index(known, b) })
	return all
}

// word checks one of them.
func (r *reader) word(n *yaml.Node, path, s string, known, seen []string) bool {
	switch {
	case !slices.Contains(known, s):
		r.problem(at(n), "%s: there is no %q; %s", path, short(s), wordHint(s, known))
		return false
	case slices.Contains(seen, s):
		r.problem(at(n), "%s: %q is listed twice", path, s)
		return false
	}
	return true
}

func wordHint(s string, known []string) string {
	if near := nearest(s, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "known are " + strings.Join(known, ", ")
}

func (r *reader) purposes(m mapping) (codes []string, validDays map[string]int) {
	items, _ := m.list("purposes")
	validDays = map[string]int{}
	for i, n := range items {
		path := fmt.Sprintf("consent.purposes[%d]", i)
		if n.Kind != yaml.MappingNode {
			r.problem(at(n), "%s is %s; write it as {code: lead_contact}", path, valueOf(n))
			continue
		}
		p := r.mapping(n, path, "code", "valid_days")
		p.need("code", "{code: lead_contact}")
		code := p.text("code")
		if code == "" || !r.word(p.vals["code"], path, code, knownPurposes, codes) {
			continue
		}
		codes = append(codes, code)
		r.places["consent.purposes."+code] = at(n)
		if days := p.integer("valid_days", 0, 1, maxDays); days > 0 {
			validDays[code] = days
		}
	}
	slices.SortFunc(codes, func(a, b string) int { return slices.Index(knownPurposes, a) - slices.Index(knownPurposes, b) })
	return codes, validDays
}

// carriers checks that each purpose can be served with the fields.
func (r *reader) carriers(c consentConfig) {
	if len(c.purposes) > 0 && c.purposes[0] != purposeLead {
		r.problem(r.place("consent.purposes"), "consent.purposes has no lead_contact; the others are asked after it, add {code: lead_contact}")
	}
	for _, p := range c.purposes {
		if field := carrier[p]; field != "" && !slices.Contains(c.fields, field) {
			r.problem(r.place("consent.purposes."+p), "%s needs the field %q; add it to consent.fields or remove the purpose", p, field)
		}
	}
}

// names reads a list of names, as of who else gets the data. An empty list is an
// answer: nobody.
func (r *reader) names(m mapping, key string) (names []string, given bool) {
	items, ok := m.list(key)
	for i, n := range items {
		if s := r.text(n, fmt.Sprintf("%s[%d]", m.child(key), i)); s != "" {
			names = append(names, s)
		}
	}
	return names, ok
}
