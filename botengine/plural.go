package botengine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// counted is a text in as many forms as its language has plurals (CLDR). by names
// the variable that is counted.
type counted struct {
	by    string
	tag   language.Tag
	forms map[plural.Form]template
}

// pluralNames are the names of the forms, as CLDR has them.
var pluralNames = []struct {
	name string
	form plural.Form
}{
	{"zero", plural.Zero},
	{"one", plural.One},
	{"two", plural.Two},
	{"few", plural.Few},
	{"many", plural.Many},
	{"other", plural.Other},
}

// byKey is the key that makes a mapping a counted text.
const byKey = "by"

func isCounted(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == byKey {
			return true
		}
	}
	return false
}

// addCounted reads {by: count, one: …, other: …} with every form that the
// language has.
func (r *reader) addCounted(t text, locale string, n *yaml.Node, what string) {
	m, ok := r.shaped(n, fmt.Sprintf("%s in %q", what, locale), countedShape)
	if !ok {
		return
	}
	c := &counted{by: m.name(byKey), tag: language.Make(locale), forms: map[plural.Form]template{}}
	has := formsOf(c.tag)
	var names []string
	for _, p := range pluralNames {
		if _, ok := has[p.form]; ok {
			names = append(names, p.name)
		}
	}
	for _, p := range pluralNames {
		v, examples := m.vals[p.name], has[p.form]
		switch {
		case v == nil && examples != nil:
			r.problem(at(n), "%s lacks the plural form %q, as for %s", m.what, p.name, strings.Join(examples, ", "))
		case v != nil && examples == nil:
			r.problem(at(v), "the language %q has no plural form %q; its forms are %s", locale, p.name, strings.Join(names, ", "))
		case v != nil:
			one := text{}
			r.addText(one, locale, v, what+"."+p.name)
			c.forms[p.form] = one[locale]
		}
	}
	t[locale] = template{at: at(n), counted: c, tag: c.tag}
}

// formsOf lists the forms a language has, each with a few numbers that take it.
func formsOf(tag language.Tag) map[plural.Form][]string {
	has := map[plural.Form][]string{}
	try := func(s string) {
		form := pluralForm(tag, s)
		if len(has[form]) < 3 {
			has[form] = append(has[form], s)
		}
	}
	for i := range 1001 {
		try(strconv.Itoa(i))
	}
	for i := range 21 {
		for tenths := 1; tenths < 10; tenths++ {
			try(fmt.Sprintf("%d.%d", i, tenths))
		}
	}
	return has
}

// pluralForm is the form a number takes; what is no number takes "other".
func pluralForm(tag language.Tag, s string) plural.Form {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(s, "-"), ".")
	i, err := strconv.Atoi(whole)
	if err != nil || len(fraction) > 9 {
		return plural.Other
	}
	trimmed := strings.TrimRight(fraction, "0")
	f, t := 0, 0
	if fraction != "" {
		if f, err = strconv.Atoi(fraction); err != nil {
			return plural.Other
		}
		t, _ = strconv.Atoi(trimmed) // its digits are some of fraction's
	}
	return plural.Cardinal.MatchPlural(tag, i, len(fraction), len(trimmed), f, t)
}

// form is the template for the number that stands in the variable now.
func (t *turn) form(c *counted) template {
	if tmpl, ok := c.forms[pluralForm(c.tag, t.s.Vars[c.by])]; ok {
		return tmpl
	}
	return c.forms[plural.Other]
}

// names lists what all forms fill in.
func (c *counted) names() []string {
	ns := []string{c.by}
	for _, tmpl := range c.forms {
		ns = append(ns, tmpl.names()...)
	}
	slices.Sort(ns)
	return slices.Compact(ns)
}
