package botengine

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
	"golang.org/x/text/language"
)

// A reader turns YAML nodes into a flow and collects what is wrong with them. It
// goes on after a mistake, so that all are found in one run.
type reader struct {
	flow     *Flow
	problems Problems
}

// idPattern is what a step, option, entry, field or variable may be called.
var idPattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

func at(n *yaml.Node) position { return position{n.Line, n.Column} }

func (r *reader) problem(p position, format string, args ...any) {
	r.problems = append(r.problems, Problem{
		File: r.flow.File, Line: p.line, Column: p.column, Message: fmt.Sprintf(format, args...),
	})
}

// A mapping is a YAML mapping with its keys checked.
type mapping struct {
	r     *reader
	shape *Shape // nil where the keys are locales
	node  *yaml.Node
	what  string
	vals  map[string]*yaml.Node
}

// shaped reads n as a mapping of a shape of the language: its keys are known,
// and those that must be there are.
func (r *reader) shaped(n *yaml.Node, what string, s *Shape) (mapping, bool) {
	m, ok := r.mapping(n, what, s.names()...)
	m.shape = s
	for i := range s.Keys {
		if ok {
			m.belongs(&s.Keys[i])
		}
	}
	return m, ok
}

// belongs checks a key against the others of its mapping.
func (m mapping) belongs(k *Key) {
	if k.Required {
		m.need(k.Name)
	}
	if k.When != nil {
		switch holds := m.vals[k.When.Key] != nil && m.vals[k.When.Key].Value == k.When.Word; {
		case holds && k.When.Must:
			m.need(k.Name)
		case !holds && m.has(k.Name):
			m.r.problem(at(m.vals[k.Name]), "%s belongs to %s %s", k.Name, k.When.Key, k.When.Word)
		}
	}
	for _, other := range k.NotWith {
		if m.has(k.Name) && m.has(other) {
			why := k.Why
			if why != "" {
				why = ": " + why
			}
			m.r.problem(at(m.vals[k.Name]), "%s has no effect on %s with %s%s", k.Name, m.what, other, why)
		}
	}
}

// mapping reads n as a mapping with known keys. An unknown or repeated key is a
// problem and otherwise left out.
func (r *reader) mapping(n *yaml.Node, what string, known ...string) (mapping, bool) {
	m := mapping{r: r, node: n, what: what, vals: map[string]*yaml.Node{}}
	if n.Kind != yaml.MappingNode {
		r.problem(at(n), "%s must be a mapping (key: value)", what)
		return m, false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		switch _, twice := m.vals[key.Value]; {
		case twice:
			r.problem(at(key), "%s has the key %q twice", what, key.Value)
		case !slices.Contains(known, key.Value):
			r.problem(at(key), "%s has no key %q%s", what, key.Value, didYouMean(key.Value, known))
		default:
			m.vals[key.Value] = val
		}
	}
	return m, true
}

func (m mapping) has(key string) bool { return m.vals[key] != nil }

// need reports a key that must be there and is not.
func (m mapping) need(key string) {
	if !m.has(key) {
		m.r.problem(at(m.node), "%s needs %q", m.what, key)
	}
}

// str reads an optional string.
func (m mapping) str(key string) string {
	v := m.vals[key]
	if v == nil {
		return ""
	}
	return m.r.str(v, m.what+"."+key)
}

// str reads a scalar.
func (r *reader) str(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode {
		r.problem(at(n), "%s must be a single value", what)
		return ""
	}
	if n.Tag == "!!null" {
		return ""
	}
	return n.Value
}

// name reads a name of the author's: a field, a variable.
func (m mapping) name(key string) string {
	v := m.vals[key]
	if v == nil {
		return ""
	}
	s := m.r.str(v, m.what+"."+key)
	m.r.checkName(v, m.what+"."+key, s)
	return s
}

func (r *reader) checkName(n *yaml.Node, what, s string) {
	if n.Kind == yaml.ScalarNode && !idPattern.MatchString(s) {
		r.problem(at(n), "%s %q must be 1 to 40 of a-z, 0-9, _ and -, a letter first", what, s)
	}
}

// integer reads an optional whole number in the key's range.
func (m mapping) integer(key string) int {
	v, value := m.vals[key], m.shape.key(key).Value
	if v == nil {
		return value.Unset
	}
	i, err := strconv.Atoi(m.r.str(v, m.what+"."+key))
	if err != nil || i < value.Min || i > value.Max {
		m.r.problem(at(v), "%s.%s must be a whole number from %d to %d", m.what, key, value.Min, value.Max)
		return value.Unset
	}
	return i
}

// word reads one of the key's words.
func (m mapping) word(key string) string {
	s, known := m.str(key), m.shape.key(key).Value.Words
	if m.has(key) && !slices.Contains(known, s) {
		m.r.problem(at(m.vals[key]), "there is no %s %q%s", key, s, didYouMean(s, known))
	}
	return s
}

// delay reads how long the client shows "typing", ms.
func (m mapping) delay() int64 { return int64(m.integer("delay_ms")) }

// number reads an optional number.
func (m mapping) number(key string) *float64 {
	v := m.vals[key]
	if v == nil {
		return nil
	}
	f, err := strconv.ParseFloat(m.r.str(v, m.what+"."+key), 64)
	if err != nil {
		m.r.problem(at(v), "%s.%s must be a number", m.what, key)
		return nil
	}
	return &f
}

// target reads an optional name of a step; it is looked up when all are known.
func (m mapping) target(key string) target {
	v := m.vals[key]
	if v == nil {
		return target{step: none}
	}
	return m.r.target(v, m.what+"."+key)
}

func (r *reader) target(n *yaml.Node, what string) target {
	id := r.str(n, what)
	if id == "" && n.Kind == yaml.ScalarNode {
		r.problem(at(n), "%s is empty", what)
	}
	return target{id: id, at: at(n), step: none}
}

// list reads a sequence.
func (r *reader) list(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		r.problem(at(n), "%s must be a list", what)
		return nil
	}
	if len(n.Content) == 0 {
		r.problem(at(n), "%s is empty", what)
	}
	return n.Content
}

// targets reads an optional list of names.
func (m mapping) targets(key string) []target {
	v := m.vals[key]
	if v == nil {
		return nil
	}
	var ts []target
	for _, n := range m.r.list(v, m.what+"."+key) {
		ts = append(ts, m.r.target(n, m.what+"."+key))
	}
	return ts
}

// unique reports ids that stand twice in one list.
func (r *reader) unique(seen map[string]bool, n *yaml.Node, what, id string) {
	if id != "" && seen[id] {
		r.problem(at(n), "two %s are called %q", what, id)
	}
	seen[id] = true
}

// isText tells whether n is a text by itself and not a mapping with a text in it.
func isText(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode {
		return n.Kind == yaml.ScalarNode
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == "text" {
			return false
		}
	}
	return true
}

// text reads a text: one entry per locale, or a plain string where the flow has
// one locale.
func (r *reader) text(n *yaml.Node, what string) text {
	t := text{}
	if n.Kind == yaml.ScalarNode {
		if len(r.flow.Locales) != 1 {
			r.problem(at(n), "%s needs a text per locale: {%s}", what, perLocale(r.flow.Locales))
			return t
		}
		r.addText(t, r.flow.Locales[0], n, what)
		return t
	}
	if isCounted(n) && len(r.flow.Locales) == 1 {
		r.addCounted(t, r.flow.Locales[0], n, what)
		return t
	}
	m, ok := r.mapping(n, what, r.flow.Locales...)
	if !ok {
		return t
	}
	for _, l := range r.flow.Locales {
		if v := m.vals[l]; v != nil && v.Kind == yaml.MappingNode {
			r.addCounted(t, l, v, what)
		} else if v != nil {
			r.addText(t, l, v, what)
		} else if r.flow.Fallback == "" || l == r.flow.Fallback {
			r.problem(at(n), "%s has no text in %q", what, l)
		}
	}
	return t
}

func perLocale(locales []string) string {
	parts := make([]string, len(locales))
	for i, l := range locales {
		parts[i] = l + ": …"
	}
	return strings.Join(parts, ", ")
}

func (r *reader) addText(t text, locale string, n *yaml.Node, what string) {
	s := strings.TrimSpace(r.str(n, what))
	if n.Kind != yaml.ScalarNode {
		return
	}
	if s == "" {
		r.problem(at(n), "%s has an empty text in %q", what, locale)
		return
	}
	tmpl, err := parseTemplate(s)
	if err != nil {
		r.problem(at(n), "%s in %q: %v", what, locale, err)
		return
	}
	tmpl.at, tmpl.tag = at(n), language.Make(locale)
	t[locale] = tmpl
}

// text reads a text per locale.
func (m mapping) text(key string) text {
	if v := m.vals[key]; v != nil {
		return m.r.text(v, m.what+"."+key)
	}
	return nil
}
