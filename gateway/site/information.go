package site

import "strings"

// Information is the general GDPR information of a site in one locale: what the
// privacy panel of the widget shows, and what a card points to where the site
// owner has no privacy policy of their own.
type Information struct {
	Locale   string    `json:"locale"`
	Title    string    `json:"title"`
	Sections []Section `json:"sections"`
	// PolicyURL and PolicyLabel are the site owner's own policy, where there is
	// one.
	PolicyURL   string `json:"policy_url,omitzero"`
	PolicyLabel string `json:"policy_label,omitzero"`
}

// A Section is a heading with its paragraphs, plain text.
type Section struct {
	Heading    string   `json:"heading"`
	Paragraphs []string `json:"paragraphs"`
}

// Information returns the general GDPR information in the site's locale nearest
// to the one that is asked for.
func (s *Site) Information(locale string) Information {
	return s.information[s.Bot.Locale(locale)]
}

// inform composes the information for every locale of the site.
func (s *Site) inform() map[string]Information {
	all := make(map[string]Information, len(s.Locales))
	for _, locale := range s.Locales {
		t, ok := textsFor(locale)
		if !ok {
			// The reader has made sure that the fallback has words.
			t, _ = textsFor(s.Fallback)
		}
		all[locale] = s.inLocale(t, locale)
	}
	return all
}

func (s *Site) inLocale(t *texts, locale string) Information {
	p := t.Panel
	info := Information{Locale: t.localeOf(locale), Title: p.Title, PolicyURL: s.PolicyURL(locale)}
	collects := len(s.Settings.Purposes) > 0
	info.Sections = []Section{s.whoDecides(t), s.whoRuns(t), s.whatFor(t, collects), s.howLong(t, collects)}
	if collects {
		info.Sections = append(info.Sections, s.whoReceives(t))
	}
	// Rights and withdrawal hold on every site at every time: somebody may have
	// agreed before the owner changed the settings.
	info.Sections = append(info.Sections,
		s.rights(t),
		section(p.Withdrawal["heading"], p.Withdrawal["how"], p.Withdrawal["before"]),
		s.complaint(t))
	if info.PolicyURL != "" {
		info.PolicyLabel = t.Card.Policy
		info.Sections = append(info.Sections, section(p.Policy["heading"], fill(p.Policy["link"], "url", info.PolicyURL)))
	}
	return info
}

// localeOf is the locale the words are in: the one asked for, or the fallback's
// language.
func (t *texts) localeOf(locale string) string {
	if lang, _, _ := strings.Cut(locale, "-"); lang == t.tag.String() {
		return locale
	}
	return t.tag.String()
}

// section drops paragraphs that have nothing to say.
func section(heading string, paragraphs ...string) Section {
	s := Section{Heading: heading}
	for _, p := range paragraphs {
		if p != "" {
			s.Paragraphs = append(s.Paragraphs, p)
		}
	}
	return s
}

// given words a fact, or nothing where the site has not given it.
func given(text, name, fact string) string {
	if fact == "" {
		return ""
	}
	return fill(text, name, fact)
}

func (s *Site) whoDecides(t *texts) Section {
	w := t.Panel.Controller
	who := given(w["named"], "controller", s.Controller.Name)
	if who == "" {
		who = fill(w["unnamed"], "site", s.Name)
	}
	return section(w["heading"], who,
		given(w["address"], "address", s.Controller.Address),
		given(w["contact"], "contact", s.Controller.Contact),
		given(w["dpo"], "dpo", s.Controller.DPO))
}

// selfHosted: the site owner runs the gateway, so there is no processor.
func (s *Site) selfHosted() bool {
	return s.Controller.Name != "" && strings.EqualFold(s.Controller.Name, s.Processor.Name)
}

// whoRuns names the platform as processor. The controller is called by the role
// alone here, so that no sentence can be read as giving it to the platform.
func (s *Site) whoRuns(t *texts) Section {
	w := t.Panel.Processor
	if s.selfHosted() {
		return section(w["heading"], w["self"])
	}
	return section(w["heading"],
		given(w["named"], "processor", s.Processor.Name),
		given(w["address"], "address", s.Processor.Address),
		given(w["contact"], "contact", s.Processor.Contact),
		w["role"])
}

func (s *Site) whatFor(t *texts, collects bool) Section {
	w := t.Panel.Purposes
	var lines []string
	if !collects {
		lines = append(lines, w["none"])
	}
	for _, p := range s.Settings.Purposes {
		if p != purposeLead && !s.Settings.RequireConsent {
			continue
		}
		var fields []string
		for _, f := range s.fieldsFor([]string{p}) {
			fields = append(fields, t.Card.Fields[f])
		}
		lines = append(lines, fill(w["each"], "purpose", t.Card.Purposes[p], "fields", strings.Join(fields, ", ")))
	}
	if collects {
		basis := w["basis"]
		if !s.Settings.RequireConsent {
			basis = w["contract"]
		}
		lines = append(lines, basis, w["voluntary"], w["order"])
	}
	return section(w["heading"], append(lines, w["chat"], w["browser"], w["bot"])...)
}

func (s *Site) howLong(t *texts, collects bool) Section {
	w := t.Panel.Retention
	var contact, proof string
	if collects {
		contact = fill(w["contact"], "days", t.period(s.Retention.ContactDays))
		proof = fill(w["proof"], "days", t.period(s.Retention.ProofDays))
		if !s.Settings.RequireConsent {
			contact, proof = fill(w["contact_contract"], "days", t.period(s.Retention.ContactDays)), ""
		}
	}
	return section(w["heading"], contact, fill(w["transcript"], "days", t.period(s.Retention.TranscriptDays)), proof)
}

func (s *Site) whoReceives(t *texts) Section {
	w := t.Panel.Recipients
	suffix := ""
	if s.selfHosted() {
		suffix = "_self"
	}
	if len(s.Recipients) == 0 {
		return section(w["heading"], w["none"+suffix])
	}
	return section(w["heading"], fill(w["list"+suffix], "recipients", strings.Join(s.Recipients, "; ")))
}

func (s *Site) rights(t *texts) Section {
	w := t.Panel.Rights
	how := given(w["how"], "contact", s.Controller.Contact)
	if how == "" {
		how = w["how_panel"]
	}
	return section(w["heading"], w["list"], how)
}

func (s *Site) complaint(t *texts) Section {
	w := t.Panel.Complaint
	if s.Authority.Name == "" {
		return section(w["heading"], w["unnamed"])
	}
	authority := s.Authority.Name
	if s.Authority.URL != "" {
		authority += " (" + s.Authority.URL + ")"
	}
	return section(w["heading"], fill(w["named"], "authority", authority))
}
