package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
)

// Limits of a file, far above what a person writes.
const (
	maxFileBytes  = 256 << 10
	maxParseDepth = 32
	maxItems      = 200
	maxTextRunes  = 500
)

// A reader turns YAML nodes into a scenario and collects what is wrong. It goes
// on after a mistake, so that all are found in one run.
type reader struct {
	file     string
	problems Problems
}

func (r *reader) problem(n *yaml.Node, format string, args ...any) {
	line, column := 1, 1
	if n != nil {
		line, column = max(n.Line, 1), max(n.Column, 1)
	}
	r.problems = append(r.problems, Problem{File: r.file, Line: line, Column: column, Message: fmt.Sprintf(format, args...)})
}

// document reads the source into a tree, or reports why that cannot be.
func (r *reader) document(src []byte) *yaml.Node {
	switch {
	case len(src) > maxFileBytes:
		r.problem(nil, "the file is larger than %d KB; a scenario has a few KB", maxFileBytes>>10)
		return nil
	case !utf8.Valid(src):
		r.problem(nil, "not UTF-8; save the file as UTF-8")
		return nil
	}
	var doc yaml.Node
	if err := yaml.Load(src, &doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxParseDepth)))); err != nil {
		r.syntax(src, err)
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 || kindOf(doc.Content[0]) == "empty" {
		r.problem(nil, "the file is empty; see configs/load/lead.yaml for one that is complete")
		return nil
	}
	if !r.plain(doc.Content[0]) {
		return nil
	}
	return doc.Content[0]
}

// syntax reports what the YAML parser says, at its place.
func (r *reader) syntax(src []byte, err error) {
	number := 0
	for line := range bytes.Lines(src) {
		number++
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if i := bytes.IndexByte(indent, '\t'); i >= 0 {
			r.problem(&yaml.Node{Line: number, Column: i + 1}, "indented with a tab; YAML wants spaces")
			return
		}
	}
	var one *yaml.LoadError
	if !errors.As(err, &one) {
		r.problem(nil, "not YAML: %v", err)
		return
	}
	if strings.Contains(one.Message, "no documents") {
		r.problem(nil, "the file is empty; see configs/load/lead.yaml for one that is complete")
		return
	}
	r.problem(&yaml.Node{Line: one.Mark.Line, Column: one.Mark.Column}, "not YAML: %s", one.Message)
}

// plain refuses aliases: they can blow a small file up, and no scenario needs
// them.
func (r *reader) plain(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		r.problem(n, "anchors and aliases are not used in scenario files; write the value out")
		return false
	}
	for _, c := range n.Content {
		if !r.plain(c) {
			return false
		}
	}
	return true
}

// A mapping is a YAML mapping whose keys were checked.
type mapping struct {
	r    *reader
	path string
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
		r.problem(n, "%s is %s; it must be a mapping with keys: %s", named(path), kindOf(n), strings.Join(known, ", "))
		return m
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		switch _, twice := m.vals[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			r.problem(key, "a key of %s is %s; its keys are %s", named(path), kindOf(key), strings.Join(known, ", "))
		case twice:
			r.problem(key, "%s has the key %q twice; keep one", named(path), short(key.Value))
		case !slices.Contains(known, key.Value):
			r.problem(key, "%s has no key %q; %s", named(path), short(key.Value), hint(key.Value, known))
		default:
			m.vals[key.Value] = val
		}
	}
	return m
}

func named(path string) string {
	if path == "" {
		return "a scenario"
	}
	return path
}

func (m mapping) child(key string) string {
	if m.path == "" {
		return key
	}
	return m.path + "." + key
}

func (m mapping) has(key string) bool { return m.vals[key] != nil }

// need reports a key that must be there.
func (m mapping) need(key, example string) *yaml.Node {
	n := m.vals[key]
	if n == nil && m.node != nil && m.node.Kind == yaml.MappingNode {
		m.r.problem(m.node, "%s needs %q; for example %s", named(m.path), key, example)
	}
	return n
}

// text reads an optional line of text.
func (m mapping) text(key, unset string) string {
	n := m.vals[key]
	if n == nil {
		return unset
	}
	return m.r.text(n, m.child(key))
}

func (r *reader) text(n *yaml.Node, path string) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		r.problem(n, "%s is %s; it must be text, in quotes where it looks like something else", path, kindOf(n))
		return ""
	}
	switch runes := utf8.RuneCountInString(n.Value); {
	case strings.TrimSpace(n.Value) == "":
		r.problem(n, "%s is empty; fill it in or remove the line", path)
	case runes > maxTextRunes:
		r.problem(n, "%s has %d characters; at most %d are taken", path, runes, maxTextRunes)
	}
	return n.Value
}

// number reads an optional number in a range.
func (m mapping) number(key string, unset, low, high float64) float64 {
	n := m.vals[key]
	if n == nil {
		return unset
	}
	f, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" && n.ShortTag() != "!!float" || err != nil || !(f >= low && f <= high) {
		m.r.problem(n, "%s is %s; it must be a number from %g to %g", m.child(key), valueOf(n), low, high)
		return unset
	}
	return f
}

// integer reads an optional whole number in a range.
func (m mapping) integer(key string, unset, low, high int) int {
	n := m.vals[key]
	if n == nil {
		return unset
	}
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || i < low || i > high {
		m.r.problem(n, "%s is %s; it must be a whole number from %d to %d", m.child(key), valueOf(n), low, high)
		return unset
	}
	return i
}

// maxTime bounds every time in a scenario.
const maxTime = 24 * time.Hour

// seconds reads an optional time in seconds; fractions are allowed.
func (m mapping) seconds(key string, unset time.Duration) time.Duration {
	return seconds(m.number(key, unset.Seconds(), 0, maxTime.Seconds()))
}

// millis reads an optional time in milliseconds.
func (m mapping) millis(key string, unset time.Duration) time.Duration {
	const perSecond = 1000
	return seconds(m.number(key, unset.Seconds()*perSecond, 0, maxTime.Seconds()*perSecond) / perSecond)
}

// choice reads an optional word of a fixed set.
func (m mapping) choice(key, unset string, words ...string) string {
	n := m.vals[key]
	if n == nil {
		return unset
	}
	if n.Kind != yaml.ScalarNode || !slices.Contains(words, n.Value) {
		m.r.problem(n, "%s is %s; it must be one of %s", m.child(key), valueOf(n), strings.Join(words, ", "))
		return unset
	}
	return n.Value
}

// list reads an optional list.
func (m mapping) list(key string) []*yaml.Node {
	n := m.vals[key]
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		m.r.problem(n, "%s is %s; it must be a list", m.child(key), kindOf(n))
		return nil
	}
	if len(n.Content) > maxItems {
		m.r.problem(n, "%s has %d entries; it may have at most %d", m.child(key), len(n.Content), maxItems)
		return nil
	}
	return n.Content
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
	}
	return "a value with the tag " + short(n.ShortTag())
}

// valueOf names a wrong value by its words where it has some.
func valueOf(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		return strconv.Quote(short(n.Value))
	}
	return kindOf(n)
}

// short cuts a value that is repeated in a message.
func short(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// hint says what would be right in place of an unknown key.
func hint(word string, known []string) string {
	best, distance := "", 1+len(word)/2
	for _, k := range known {
		if d := slips(word, k); len(word) <= maxTextRunes && d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "its keys are " + strings.Join(known, ", ")
}

// slips counts insertions, deletions and substitutions between a and b.
func slips(a, b string) int {
	if len(a) > maxTextRunes {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			other := diagonal
			if a[i-1] != b[j-1] {
				other++
			}
			diagonal = row[j]
			row[j] = min(row[j]+1, row[j-1]+1, other)
		}
	}
	return row[len(b)]
}
