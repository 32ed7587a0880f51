package site

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxTextRunes bounds every text in a site file: names, addresses, links.
const maxTextRunes = 300

// A mapping is a YAML mapping whose keys were checked.
type mapping struct {
	r    *reader
	path string // "" for the file itself, else "consent.retention"
	node *yaml.Node
	vals map[string]*yaml.Node
}

// mapping reads n as a mapping with known keys. Unknown and repeated keys are
// problems and otherwise left out.
func (r *reader) mapping(n *yaml.Node, path string, known ...string) mapping {
	m := mapping{r: r, path: path, node: n, vals: map[string]*yaml.Node{}}
	if n == nil {
		return m
	}
	if n.Kind != yaml.MappingNode {
		r.problem(at(n), "%s is %s; it must be a mapping with keys: %s", named(path), kindOf(n), strings.Join(known, ", "))
		return m
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		switch _, twice := m.vals[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			r.problem(at(key), "a key of %s is %s; keys are words: %s", named(path), kindOf(key), strings.Join(known, ", "))
		case twice:
			r.problem(at(key), "%s has the key %q twice; keep one", named(path), key.Value)
		case !slices.Contains(known, key.Value):
			r.problem(at(key), "%s has no key %q; %s", named(path), short(key.Value), keyHint(key.Value, known))
		default:
			m.vals[key.Value] = val
			r.places[m.child(key.Value)] = at(key)
		}
	}
	return m
}

// named prints a path for a person.
func named(path string) string {
	if path == "" {
		return "a site file"
	}
	return path
}

func (m mapping) child(key string) string {
	if m.path == "" {
		return key
	}
	return m.path + "." + key
}

// keyHint says what would be right in place of an unknown key.
func keyHint(key string, known []string) string {
	switch key {
	case "accept", "decline", "buttons", "labels", "accept_label", "decline_label":
		return "the words on the buttons are fixed per language, so that declining stays as plain as agreeing; remove it"
	}
	if near := nearest(key, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "its keys are " + strings.Join(known, ", ")
}

// kindOf names what a node is, for "is …".
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	case "!!str":
		return "text"
	case "!!timestamp":
		return "a date"
	}
	tag := short(n.ShortTag())
	if strings.ContainsFunc(tag, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		tag = strconv.Quote(tag) // a tag is percent-decoded: anything may be in it
	}
	return "a value with the tag " + tag
}

// need reports a key that must be there.
func (m mapping) need(key, example string) *yaml.Node {
	n := m.vals[key]
	if n == nil && m.node != nil && m.node.Kind == yaml.MappingNode {
		m.r.problem(at(m.node), "%s needs %q; for example %s", named(m.path), key, example)
	}
	return n
}

// text reads an optional text.
func (m mapping) text(key string) string {
	n := m.vals[key]
	if n == nil {
		return ""
	}
	return m.r.text(n, m.child(key))
}

// text reads a scalar that is one line of text.
func (r *reader) text(n *yaml.Node, path string) string {
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str":
	case n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" && strings.HasPrefix(n.ShortTag(), "!!"):
		r.problem(at(n), "%s is %s; it must be text, put it in quotes: %q", path, kindOf(n), short(n.Value))
		return ""
	default:
		r.problem(at(n), "%s is %s; it must be text", path, kindOf(n))
		return ""
	}
	s := strings.TrimSpace(n.Value)
	if s == "" {
		r.problem(at(n), "%s is empty; fill it in or remove the line", path)
		return ""
	}
	if utf8.RuneCountInString(s) > maxTextRunes {
		r.problem(at(n), "%s has more than %d characters; shorten it", path, maxTextRunes)
		return ""
	}
	if i := strings.IndexFunc(s, unwanted); i >= 0 {
		c, _ := utf8.DecodeRuneInString(s[i:])
		r.problem(at(n), "%s has the invisible character %U; it must be one line of visible text", path, c)
		return ""
	}
	return s
}

// unwanted characters cannot be seen, or turn the text around them.
func unwanted(c rune) bool {
	return unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u2028' || c == '\u2029' || c == '\ufeff'
}

// boolean reads an optional switch.
func (m mapping) boolean(key string, unset bool) bool {
	n := m.vals[key]
	if n == nil {
		return unset
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" {
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE"
	}
	m.r.problem(at(n), "%s is %s; it must be true or false", m.child(key), valueOf(n))
	return unset
}

// valueOf names a wrong value by its words where it has some.
func valueOf(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		return strconv.Quote(short(n.Value))
	}
	return kindOf(n)
}

// integer reads an optional whole number in a range.
func (m mapping) integer(key string, unset, low, high int) int {
	n := m.vals[key]
	if n == nil {
		return unset
	}
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || i < low || i > high {
		m.r.problem(at(n), "%s is %s; it must be a whole number from %d to %d", m.child(key), valueOf(n), low, high)
		return unset
	}
	return i
}

// choice reads an optional word of a fixed set.
func (m mapping) choice(key, unset string, words ...string) string {
	n := m.vals[key]
	if n == nil {
		return unset
	}
	if n.Kind != yaml.ScalarNode || !slices.Contains(words, n.Value) {
		m.r.problem(at(n), "%s is %s; it must be one of %s", m.child(key), valueOf(n), strings.Join(words, ", "))
		return unset
	}
	return n.Value
}

// list reads an optional list. ok is false where the key is missing.
func (m mapping) list(key string) (items []*yaml.Node, ok bool) {
	n := m.vals[key]
	if n == nil {
		return nil, false
	}
	if n.Kind != yaml.SequenceNode {
		m.r.problem(at(n), "%s is %s; it must be a list: [one, two]", m.child(key), valueOf(n))
		return nil, false
	}
	if len(n.Content) > maxItems {
		m.r.problem(at(n), "%s has %d entries; it may have at most %d", m.child(key), len(n.Content), maxItems)
		return nil, false
	}
	return n.Content, true
}

// maxItems bounds every list in a site file.
const maxItems = 64

// short cuts a value that is repeated in a message.
func short(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// nearest returns the known word that a mistyped one most likely meant, or "".
func nearest(word string, known []string) string {
	if len(word) > maxTextRunes {
		return ""
	}
	best, distance := "", 1+len(word)/2
	for _, k := range known {
		if d := editDistance(word, k); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance counts insertions, deletions and substitutions between a and b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			substitute := diagonal
			if a[i-1] != b[j-1] {
				substitute++
			}
			diagonal = row[j]
			row[j] = min(row[j]+1, row[j-1]+1, substitute)
		}
	}
	return row[len(b)]
}
