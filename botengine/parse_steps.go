package botengine

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// step reads one step and adds it to the flow.
func (r *reader) step(n *yaml.Node) {
	m, ok := r.shaped(n, "a step", stepShape)
	if !ok {
		return
	}
	s := step{id: m.name("id"), at: at(n), next: m.target("goto")}
	if s.id == "" {
		return
	}
	if first, twice := r.flow.index[s.id]; twice {
		r.problem(at(m.vals["id"]), "two steps are called %q; the first is in line %d", s.id, r.flow.steps[first].at.line)
		return
	}
	if !r.kind(m, &s) {
		return
	}
	r.body(m.vals[string(s.kind)], &s)
	r.waiting(m, &s)
	s.sign()
	r.flow.index[s.id] = len(r.flow.steps)
	r.flow.steps = append(r.flow.steps, s)
}

// kind finds the one key that says what the step does.
func (r *reader) kind(m mapping, s *step) bool {
	for _, k := range stepKinds {
		if !m.has(string(k)) {
			continue
		}
		if s.kind != "" {
			r.problem(at(m.vals[string(k)]), "step %q is both %s and %s; make two steps", s.id, s.kind, k)
			return false
		}
		s.kind = k
	}
	if s.kind == "" && m.has("goto") {
		s.kind = kindGoto
	}
	if s.kind == "" {
		names := make([]string, len(stepKinds))
		for i, k := range stepKinds {
			names[i] = string(k)
		}
		r.problem(s.at, "step %q does nothing: give it one of %s or goto", s.id, strings.Join(names, ", "))
		return false
	}
	return true
}

// body reads what stands under the step's key.
func (r *reader) body(n *yaml.Node, s *step) {
	switch s.kind {
	case kindSay:
		l := r.line(n, "say")
		s.say = &l
	case kindChoices:
		s.choices = r.choices(n)
	case kindAnswers:
		s.answers = r.answers(n)
	case kindAsk:
		s.ask = r.ask(n)
	case kindConsent:
		s.consent = r.consent(n)
	case kindBranch:
		s.branch = r.branch(n)
	case kindHandoff:
		s.handoff = r.handoff(n)
	case kindWebhook:
		s.webhook = r.webhook(n)
	case kindSet:
		s.set = r.assignments(n)
	case kindEnd:
		s.end = r.end(n)
	}
}

// line reads something said: a text, or a mapping with text, link and image.
func (r *reader) line(n *yaml.Node, what string) line {
	if isText(n) {
		return line{text: r.text(n, what)}
	}
	m, _ := r.shaped(n, what, lineShape)
	l := line{text: m.text("text"), delay: m.delay()}
	if v := m.vals["link"]; v != nil {
		lm, _ := r.shaped(v, what+".link", linkShape)
		l.link = &linkText{label: lm.text("label"), url: lm.url("url")}
	}
	if v := m.vals["image"]; v != nil {
		im, _ := r.shaped(v, what+".image", imageShape)
		l.image = &imageText{url: im.url("url"), alt: im.text("alt")}
	}
	return l
}

// url reads an address: https, or relative to the page. A javascript: link in a
// flow would run in the visitor's page.
func (m mapping) url(key string) string {
	v, link := m.vals[key], m.shape.key(key).Value.Kind == ValueLink
	if v == nil {
		return ""
	}
	u := m.r.str(v, m.what+"."+key)
	relative := strings.HasPrefix(u, "/") && !strings.HasPrefix(u, "//") && !strings.HasPrefix(u, "/\\")
	if !relative && !strings.HasPrefix(u, "https://") && !(link && strings.HasPrefix(u, "#")) {
		m.r.problem(at(v), "%s.%s must start with https:// or /", m.what, key)
	}
	if strings.ContainsAny(u, " \t\n\"<>") {
		m.r.problem(at(v), "%s.%s is not an address", m.what, key)
	}
	return u
}

func (r *reader) choices(n *yaml.Node) *choices {
	m, _ := r.shaped(n, "choices", choicesShape)
	return &choices{
		text: m.text("text"), repeat: m.text("repeat"), save: m.name("save"),
		delay:   m.delay(),
		options: r.options(m.vals["options"], optionShape),
	}
}

// options reads buttons.
func (r *reader) options(n *yaml.Node, s *Shape) []option {
	if n == nil {
		return nil
	}
	var os []option
	seen := map[string]bool{}
	for _, item := range r.list(n, "options") {
		m, ok := r.shaped(item, "option", s)
		if !ok {
			continue
		}
		o := option{id: m.name("id"), at: at(item), label: m.text("label"), target: m.target("goto"), match: map[string][]string{}}
		r.unique(seen, item, "options", o.id)
		if v := m.vals["match"]; v != nil {
			r.words(v, "option.match", false, func(locale string, w *yaml.Node) {
				o.match[locale] = append(o.match[locale], fold(w.Value))
			})
		}
		os = append(os, o)
	}
	return os
}

// words reads a mapping of lists of words per locale. Where every locale must be
// there, a missing one is a problem.
func (r *reader) words(n *yaml.Node, what string, all bool, add func(locale string, w *yaml.Node)) {
	m, ok := r.mapping(n, what, r.flow.Locales...)
	if !ok {
		return
	}
	for _, l := range r.flow.Locales {
		v := m.vals[l]
		if v == nil {
			if all && (r.flow.Fallback == "" || l == r.flow.Fallback) {
				r.problem(at(n), "%s has no words in %q", what, l)
			}
			continue
		}
		for _, w := range r.list(v, what+"."+l) {
			if s := r.str(w, what+"."+l); w.Kind == yaml.ScalarNode && strings.Trim(fold(s), "* ") == "" {
				r.problem(at(w), "%s has an empty word in %q", what, l)
				continue
			}
			add(l, w)
		}
	}
}

func (r *reader) answers(n *yaml.Node) *answers {
	m, _ := r.shaped(n, "answers", answersShape)
	a := &answers{text: m.text("text"), topics: m.targets("topics")}
	if v := m.vals["entries"]; v != nil {
		for _, item := range r.list(v, "entries") {
			if em, ok := r.shaped(item, "entry", entryShape); ok {
				a.entries = append(a.entries, r.entry(em))
			}
		}
	}
	if v := m.vals["nomatch"]; v != nil {
		if nm, ok := r.shaped(v, "nomatch", nomatchShape); ok {
			a.nomatch, a.offer = nm.text("text"), nm.targets("topics")
		}
	}
	return a
}

func (r *reader) entry(m mapping) entry {
	e := entry{
		id: m.name("id"), at: at(m.node), title: m.text("title"), target: m.target("goto"),
		match: map[string][]pattern{},
	}
	if v := m.vals["match"]; v != nil {
		r.words(v, "entry.match", true, func(locale string, w *yaml.Node) {
			e.match[locale] = append(e.match[locale], parsePattern(w.Value))
		})
	}
	if v := m.vals["say"]; v != nil {
		e.say = r.line(v, "entry.say")
	}
	return e
}

// askTypes are the types of a value, and what checks it.
var askTypes = []string{"name", "email", "phone", "text", "number", "date", "one_of"}

func (r *reader) ask(n *yaml.Node) *ask {
	m, _ := r.shaped(n, "ask", askShape)
	a := &ask{
		field: m.name("field"), kind: m.word("type"), at: at(n),
		text: m.text("text"), repeat: m.text("repeat"), invalid: m.text("invalid"),
		tries: m.integer("tries"), failed: m.target("failed"),
		min: m.number("min"), max: m.number("max"), delay: m.delay(),
	}
	if a.kind == "one_of" {
		a.options = r.options(m.vals["options"], valueShape)
	}
	return a
}

func (r *reader) consent(n *yaml.Node) *consentStep {
	m, _ := r.shaped(n, "consent", consentShape)
	c := &consentStep{granted: m.target("granted"), declined: m.target("declined")}
	if v := m.vals["purposes"]; v != nil {
		seen := map[string]bool{}
		for _, p := range r.list(v, "purposes") {
			name := r.target(p, "consent.purposes").id
			r.unique(seen, p, "purposes", name)
			c.purposes = append(c.purposes, name)
			c.purposesAt = append(c.purposesAt, at(p))
		}
	}
	return c
}

func (r *reader) branch(n *yaml.Node) *branch {
	m, _ := r.shaped(n, "branch", branchShape)
	b := &branch{other: m.target("else")}
	if v := m.vals["when"]; v != nil {
		for _, item := range r.list(v, "when") {
			cm, ok := r.shaped(item, "when", caseShape)
			if !ok {
				continue
			}
			if e := cm.vals["if"]; e != nil {
				b.cases = append(b.cases, branchCase{r.condition(e), cm.target("goto")})
			}
		}
	}
	return b
}

func (r *reader) assignments(n *yaml.Node) []assignment {
	if n.Kind != yaml.MappingNode {
		r.problem(at(n), "set must be a mapping (variable: value)")
		return nil
	}
	var as []assignment
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		r.checkName(key, "set", key.Value)
		r.unique(seen, key, "variables", key.Value)
		tmpl, err := parseTemplate(r.str(val, "set."+key.Value))
		if err != nil {
			r.problem(at(val), "set.%s: %v", key.Value, err)
		}
		for _, p := range tmpl.parts {
			if p.format.kind != "" {
				r.problem(at(val), "set.%s: a variable keeps the value itself; give the format where it is shown", key.Value)
			}
		}
		tmpl.at = at(val)
		as = append(as, assignment{key.Value, tmpl})
	}
	return as
}

// end reads the last step of a flow; it may say a last line.
func (r *reader) end(n *yaml.Node) *line {
	if n.Kind == yaml.ScalarNode && n.Value == "true" {
		return &line{}
	}
	l := r.line(n, "end")
	return &l
}
