package site

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"

	"zgoda/botengine"
)

// A Problem is one mistake in a file, with its place. It is the engine's, so
// that a site's problems and its flow's are one list.
type Problem = botengine.Problem

// Problems are all mistakes that were found, by file and place.
type Problems = botengine.Problems

// Limits of a site file, far above what a person writes.
const (
	maxFileBytes = 256 << 10
	maxDepth     = 8
	// maxParseDepth stops the parser itself; what is between the two limits gets
	// our message and not the library's.
	maxParseDepth = 64
)

// sorted orders problems by file and place and drops repeated ones.
func sorted(ps Problems) Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			strings.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
		)
	})
	return slices.Compact(ps)
}

// asError is nil where there are no problems: a typed nil in an error would not
// compare equal to nil.
func asError(ps Problems) error {
	if len(ps) == 0 {
		return nil
	}
	return sorted(ps)
}

// A position is a place in the file.
type position struct{ line, column int }

func at(n *yaml.Node) position { return position{n.Line, n.Column} }

// A reader turns YAML nodes into a configuration and collects what is wrong. It
// goes on after a mistake, so that all are found in one run.
type reader struct {
	file     string
	problems Problems
	// places remembers where each key stands, for checks that need several.
	places map[string]position
}

func (r *reader) problem(p position, format string, args ...any) {
	r.problems = append(r.problems, Problem{
		File: r.file, Line: p.line, Column: p.column, Message: fmt.Sprintf(format, args...),
	})
}

// place returns where a key stands or, where it is missing, the mapping that
// should hold it.
func (r *reader) place(path string) position {
	for path != "" {
		if p, ok := r.places[path]; ok {
			return p
		}
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	return position{1, 1}
}

// document reads the source into a tree, or reports why that cannot be.
func (r *reader) document(src []byte) *yaml.Node {
	start := position{1, 1}
	if len(src) > maxFileBytes {
		r.problem(start, "the file is larger than 256 KB; a site file has a few KB")
		return nil
	}
	if !utf8.Valid(src) {
		r.problem(r.invalidUTF8(src), "not UTF-8; save the file as UTF-8")
		return nil
	}
	var doc yaml.Node
	err := yaml.Load(src, &doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxParseDepth))))
	if err != nil {
		r.syntax(src, err)
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 || isEmpty(doc.Content[0]) {
		r.problem(start, "the file is empty; see configs/sites/demo.yaml for one that is complete")
		return nil
	}
	if !r.plain(doc.Content[0], 1) {
		return nil
	}
	return doc.Content[0]
}

// invalidUTF8 finds the first byte that is no UTF-8.
func (r *reader) invalidUTF8(src []byte) position {
	number := 0
	for line := range bytes.Lines(src) {
		number++
		if utf8.Valid(line) {
			continue
		}
		column := 1
		for len(line) > 0 {
			c, size := utf8.DecodeRune(line)
			if c == utf8.RuneError && size == 1 {
				break
			}
			line = line[size:]
			column++
		}
		return position{number, column}
	}
	return position{1, 1}
}

// syntax reports what the YAML parser says, at its place.
func (r *reader) syntax(src []byte, err error) {
	if r.tabs(src) {
		return
	}
	one, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		r.problem(position{1, 1}, "not YAML: %v", err)
		return
	}
	p := position{max(one.Mark.Line, 1), max(one.Mark.Column, 1)}
	switch {
	case strings.Contains(one.Message, "no documents"):
		r.problem(position{1, 1}, "the file is empty; see configs/sites/demo.yaml for one that is complete")
	case strings.Contains(one.Message, "single document"):
		r.problem(secondDocument(src), "a second document begins; one file is one site, put the other into a file of its own")
	case strings.Contains(one.Message, "depth"):
		r.problem(p, "nested too deep; a site file has at most %d levels", maxDepth)
	default:
		message := one.Message
		if one.ContextMsg != "" {
			message = one.ContextMsg + ": " + message
		}
		r.problem(p, "not YAML: %s", message)
	}
}

// secondDocument finds the line that begins it: the first marker after content.
func secondDocument(src []byte) position {
	number, content := 0, false
	for line := range bytes.Lines(src) {
		number++
		switch marker := bytes.HasPrefix(line, []byte("---")); {
		case marker && content:
			return position{number, 1}
		case marker, len(bytes.TrimSpace(line)) == 0, line[0] == '#', line[0] == '%':
		default:
			content = true
		}
	}
	return position{1, 1}
}

// tabs reports lines indented with tabs, which YAML forbids and words badly. It
// runs only on a file that does not parse: a tab may stand in a quoted text.
func (r *reader) tabs(src []byte) bool {
	found := false
	number := 0
	for line := range bytes.Lines(src) {
		number++
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if i := bytes.IndexByte(indent, '\t'); i >= 0 && len(bytes.TrimSpace(line)) > 0 {
			r.problem(position{number, i + 1}, "indented with a tab; YAML wants spaces")
			found = true
		}
	}
	return found
}

func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// plain refuses what site files do without: aliases, since they can blow a small
// file up, and nesting that no setting needs.
func (r *reader) plain(n *yaml.Node, depth int) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		r.problem(at(n), "aliases (*%s) are not used in site files; write the value out", n.Value)
		return false
	case n.Anchor != "":
		r.problem(at(n), "anchors (&%s) are not used in site files; remove it", n.Anchor)
		return false
	case depth > maxDepth:
		r.problem(at(n), "nested too deep; a site file has at most %d levels", maxDepth)
		return false
	}
	ok := true
	for _, c := range n.Content {
		ok = r.plain(c, depth+1) && ok
	}
	return ok
}
