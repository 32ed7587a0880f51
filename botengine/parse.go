package botengine

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
	"golang.org/x/text/language"
)

// Limits of a flow's source. They stand far above what a person writes and far
// below what hurts the process that loads it.
const (
	maxSource = 1 << 20
	maxDepth  = 16
	maxSteps  = 1000
	// maxParseDepth stops the parser itself; what is between it and maxDepth is
	// refused at its own place.
	maxParseDepth = 64
)

// Parse reads a flow and checks everything that can be said without knowing the
// site. The error is Problems: all that was found, each with its place. name is
// what the problems call the file.
func Parse(name string, src []byte) (*Flow, error) {
	r := newReader(name, src)
	r.read(src)
	if len(r.problems) == 0 {
		r.shape()
	}
	if err := r.problems.err(); err != nil {
		return nil, err
	}
	return r.flow, nil
}

func newReader(name string, src []byte) *reader {
	sum := sha256.Sum256(src)
	return &reader{flow: &Flow{
		File:  name,
		Hash:  "sha256:" + hex.EncodeToString(sum[:]),
		index: map[string]int{},
	}}
}

// read reads the steps and resolves their names.
func (r *reader) read(src []byte) {
	root := r.document(src)
	if root != nil {
		r.root(root)
	}
	if len(r.problems) == 0 {
		r.link()
	}
}

// document reads the source into a tree, or reports why that cannot be.
func (r *reader) document(src []byte) *yaml.Node {
	start := position{1, 1}
	switch {
	case len(src) > maxSource:
		r.problem(start, "the file is larger than 1 MB")
		return nil
	case !utf8.Valid(src):
		r.problem(start, "the file is not UTF-8")
		return nil
	}
	if r.tabs(src); len(r.problems) > 0 {
		return nil
	}
	var doc yaml.Node
	if err := yaml.Load(src, &doc, yaml.WithPlugin(loaderlimits.New(loaderlimits.DepthValue(maxParseDepth)))); err != nil {
		r.syntax(err)
		return nil
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 || emptyScalar(doc.Content[0]) {
		r.problem(start, "the file is empty")
		return nil
	}
	if !r.plainTree(doc.Content[0], 1) {
		return nil
	}
	return doc.Content[0]
}

func emptyScalar(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == ""
}

// tabs reports lines that are indented with tabs, which YAML forbids and words
// badly.
func (r *reader) tabs(src []byte) {
	number := 0
	for line := range bytes.Lines(src) {
		number++
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if i := bytes.IndexByte(indent, '\t'); i >= 0 {
			r.problem(position{number, i + 1}, "indented with a tab; YAML wants spaces")
		}
	}
}

// syntax reports what the YAML parser says, at its place.
func (r *reader) syntax(err error) {
	var many *yaml.LoadErrors
	if errors.As(err, &many) && len(many.Errors) > 0 {
		for _, e := range many.Errors {
			r.syntaxError(e)
		}
		return
	}
	if one, ok := errors.AsType[*yaml.LoadError](err); ok {
		r.syntaxError(one)
		return
	}
	if strings.Contains(err.Error(), "no documents") {
		r.problem(position{1, 1}, "the file is empty")
		return
	}
	r.problem(position{1, 1}, "not YAML: %v", err)
}

func (r *reader) syntaxError(e *yaml.LoadError) {
	if strings.Contains(e.Message, "no documents") {
		r.problem(position{1, 1}, "the file is empty")
		return
	}
	p := position{max(e.Mark.Line, 1), max(e.Mark.Column, 1)}
	if strings.Contains(e.Message, "depth") {
		r.problem(p, "nested more than %d levels deep", maxDepth)
		return
	}
	message := e.Message
	if e.ContextMsg != "" {
		message = e.ContextMsg + ": " + message
	}
	r.problem(p, "not YAML: %s", message)
}

// plainTree refuses what the language does without: aliases, since they can
// blow a small file up, and nesting that no step needs.
func (r *reader) plainTree(n *yaml.Node, depth int) bool {
	if n.Kind == yaml.AliasNode {
		r.problem(at(n), "aliases (*%s) are not part of the flow language: write the text out", n.Value)
		return false
	}
	if n.Anchor != "" {
		r.problem(at(n), "anchors (&%s) are not part of the flow language", n.Anchor)
		return false
	}
	if depth > maxDepth {
		r.problem(at(n), "nested more than %d levels deep", maxDepth)
		return false
	}
	ok := true
	for _, c := range n.Content {
		ok = r.plainTree(c, depth+1) && ok
	}
	return ok
}

// root reads the document.
func (r *reader) root(n *yaml.Node) {
	m, ok := r.shaped(n, "the flow", flowShape)
	if !ok {
		return
	}
	r.flow.Name = m.name("flow")
	r.locales(m)
	if len(r.flow.Locales) > 0 {
		r.flow.remind, r.flow.close = r.reminder(m), r.closing(m)
	}
	if v := m.vals["steps"]; v != nil && len(r.flow.Locales) > 0 {
		list := r.list(v, "steps")
		if len(list) > maxSteps {
			r.problem(at(v), "more than %d steps", maxSteps)
			return
		}
		for _, n := range list {
			r.step(n)
		}
	}
}

// locales reads the languages of the flow.
func (r *reader) locales(m mapping) {
	v := m.vals["locales"]
	if v == nil {
		return
	}
	r.flow.localesAt = at(v)
	for _, n := range r.list(v, "locales") {
		l := r.str(n, "locales")
		if tag, err := language.Parse(l); err != nil || tag.String() != l {
			r.problem(at(n), "%q is not a language tag such as pl or en-GB", l)
			continue
		}
		if slices.Contains(r.flow.Locales, l) {
			r.problem(at(n), "the locale %q is listed twice", l)
			continue
		}
		r.flow.Locales = append(r.flow.Locales, l)
	}
	if m.has("fallback") {
		f := m.str("fallback")
		if !slices.Contains(r.flow.Locales, f) {
			r.problem(at(m.vals["fallback"]), "fallback %q is none of the flow's locales", f)
		}
		r.flow.Fallback = f
	}
}
