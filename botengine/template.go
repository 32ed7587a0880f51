package botengine

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/language"
)

// A text is a template per locale.
type text map[string]template

// A template is a text with places that are filled in.
type template struct {
	at    position
	parts []part
	// spans are the finished text where nothing has to be filled in. They are
	// shared by all events that show it.
	spans []Span
	// counted is set where the text has forms; then parts are empty.
	counted *counted
	tag     language.Tag // of the text, for formats
}

// A part is a piece of a template: plain text, or a name with what stands in
// for it when it is not known.
type part struct {
	text   string
	name   string
	alt    string
	format format
}

// parseTemplate reads {{name}}, {{name|what to say without it}} and
// {{name:format}}.
func parseTemplate(s string) (template, error) {
	var t template
	for rest := s; rest != ""; {
		before, after, found := strings.Cut(rest, "{{")
		if before != "" {
			t.parts = append(t.parts, part{text: before})
		}
		if !found {
			break
		}
		inner, tail, closed := strings.Cut(after, "}}")
		if !closed {
			return t, errors.New("{{ is not closed by }}")
		}
		name, alt, _ := strings.Cut(inner, "|")
		name, spec, formatted := strings.Cut(name, ":")
		name = strings.TrimSpace(name)
		if !idPattern.MatchString(name) {
			return t, fmt.Errorf("{{%s}} does not name a field or variable", inner)
		}
		p := part{name: name, alt: strings.TrimSpace(alt)}
		if formatted {
			var err error
			if p.format, err = parseFormat(spec); err != nil {
				return t, fmt.Errorf("{{%s}}: %w", inner, err)
			}
		}
		t.parts = append(t.parts, p)
		rest = tail
	}
	if len(t.parts) == 1 && t.parts[0].name == "" {
		t.spans = []Span{{Text: t.parts[0].text}}
	}
	return t, nil
}

// names lists what a template fills in.
func (t template) names() []string {
	if t.counted != nil {
		return t.counted.names()
	}
	var ns []string
	for _, p := range t.parts {
		if p.name != "" {
			ns = append(ns, p.name)
		}
	}
	return ns
}

// fill puts a template together. Of a contact field only its name goes into the
// span: the value stays in the visitor's sealed record. While it is restricted it
// is not used, as if it were not known. A name that is not
// known and has no stand-in takes the comma and the space before it along, so
// that "Thank you, {{name}}!" becomes "Thank you!".
func (t *turn) fill(tmpl template) []Span {
	if tmpl.counted != nil {
		tmpl = t.form(tmpl.counted)
	}
	if tmpl.spans != nil {
		return tmpl.spans
	}
	out := make([]Span, 0, len(tmpl.parts))
	add := func(s string) {
		if n := len(out); n > 0 && out[n-1].Field == "" {
			out[n-1].Text += s
		} else if s != "" {
			out = append(out, Span{Text: s})
		}
	}
	for _, p := range tmpl.parts {
		switch {
		case p.name == "":
			add(p.text)
		case t.b.contact[p.name] && t.holds(p.name) && t.p.RestrictedAt == 0:
			out = append(out, Span{Field: p.name})
		case !t.b.contact[p.name] && t.s.Vars[p.name] != "":
			add(p.format.show(t.s.Vars[p.name], t.tagFor(tmpl.tag)))
		case p.alt != "":
			add(p.alt)
		default:
			if n := len(out); n > 0 && out[n-1].Field == "" {
				out[n-1].Text = strings.TrimRight(out[n-1].Text, ", ")
			}
		}
	}
	return out
}

// tagFor is the locale that formats follow: the conversation's own where the text
// is in its language, so that a text in "en" shows dates as "en-US" has them.
func (t *turn) tagFor(text language.Tag) language.Tag {
	own, _ := t.v.tag.Base()
	if base, _ := text.Base(); base == own {
		return t.v.tag
	}
	return text
}

// plain fills a template for a variable. Contact values are not variables, so a
// contact field gives nothing.
func (t *turn) plain(tmpl template) string {
	var b strings.Builder
	for _, s := range t.fill(tmpl) {
		b.WriteString(s.Text)
	}
	return b.String()
}
