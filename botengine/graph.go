package botengine

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/feature/plural"
)

// A Graph is a flow as a drawing shows it, in one of its languages.
type Graph struct {
	Name   string
	File   string
	Hash   string
	Locale string
	// Nodes are the steps in the order of the file; a conversation begins at the
	// first.
	Nodes []GraphNode
	Edges []GraphEdge
	// Notes hold for the whole flow: what happens when the visitor is silent.
	Notes []string
	// Problems keep the flow from running. It can be drawn all the same.
	Problems Problems
}

// A GraphNode is a step.
type GraphNode struct {
	ID string
	// Kind is the key that says what the step does.
	Kind string
	// Text is what it says, with its {{placeholders}}; Items are what else is in
	// it: topics, purposes, the field, assignments.
	Text  string
	Items []string
	// Waits: the flow stays here for the visitor. Ends: it ends here. Contact:
	// it asks for a contact field. Anywhere: its entries answer at every wait.
	Waits, Ends, Contact, Anywhere bool
	// Unreached: no way leads here from the start.
	Unreached bool
	// Problems are those that stand at this step.
	Problems []string
}

// A GraphEdge is a way from one node to another, by their places in Nodes.
type GraphEdge struct {
	From, To int
	// Label is what leads along it: a button, a condition, "granted". Role says
	// which kind of way it is.
	Label string
	Role  EdgeRole
}

// EdgeRole says when a way is taken.
type EdgeRole string

// The roles of ways.
const (
	RoleNext     EdgeRole = "next"     // by itself
	RoleChoice   EdgeRole = "choice"   // by the visitor's choice or question
	RoleGranted  EdgeRole = "granted"  // after a yes
	RoleDeclined EdgeRole = "declined" // after a no
	RoleFailed   EdgeRole = "failed"   // where it did not work out
	RoleCase     EdgeRole = "case"     // by a condition
)

// ReadGraph reads a flow for a drawing. It takes flows that Parse refuses for
// their shape (unreachable steps, cycles) or that rules refuse, and says so in
// Problems. The error is Problems of a flow that cannot be drawn at all, or
// where it has no texts in the locale; an empty locale is the flow's first.
// rules may be nil: then nothing about a site is checked.
func ReadGraph(name string, src []byte, locale string, rules func(*Flow) *Settings) (*Graph, error) {
	r := newReader(name, src)
	r.read(src)
	if err := r.problems.err(); err != nil {
		return nil, err
	}
	f := r.flow
	if locale == "" {
		locale = f.Locales[0]
	}
	texts, ok := f.localeFor(locale)
	if !ok {
		r.problem(f.localesAt, "the flow has no texts in %q (it has %s)", locale, strings.Join(f.Locales, ", "))
		return nil, r.problems.err()
	}
	r.shape()
	settings := &Settings{}
	if rules != nil {
		settings = rules(f)
		r.problems = append(r.problems, checkSite(f, settings)...)
	}
	g := &Graph{Name: f.Name, File: f.File, Hash: f.Hash, Locale: locale, Problems: r.problems.sorted()}
	g.Notes = silence(f.remind, f.close)
	contact, reached := f.contactFields(settings), f.reachable()
	for i := range f.steps {
		n := f.node(&f.steps[i], texts)
		n.Contact = f.steps[i].kind == kindAsk && contact[f.steps[i].ask.field]
		n.Unreached = !reached[i]
		for _, p := range g.Problems {
			if (position{p.Line, p.Column}) == f.steps[i].at {
				n.Problems = append(n.Problems, p.Message)
			}
		}
		g.Nodes = append(g.Nodes, n)
		g.Edges = append(g.Edges, f.graphEdges(i, texts)...)
	}
	return g, nil
}

// node describes a step.
func (f *Flow) node(s *step, locale string) GraphNode {
	n := GraphNode{
		ID: s.id, Kind: string(s.kind),
		Waits: s.waits() || s.kind == kindAsk || s.kind == kindConsent, Ends: s.kind == kindEnd,
	}
	in := func(t text) string { return f.source(t, locale) }
	switch s.kind {
	case kindSay:
		n.Text, n.Items = in(s.say.text), f.extras(s.say, locale)
	case kindEnd:
		n.Waits = false
		n.Text, n.Items = in(s.end.text), f.extras(s.end, locale)
	case kindChoices:
		n.Text = in(s.choices.text)
	case kindAnswers:
		n.Text, n.Anywhere = in(s.answers.text), true
		for _, e := range s.answers.entries {
			n.Items = append(n.Items, in(e.title))
		}
	case kindAsk:
		n.Text = in(s.ask.text)
		n.Items = []string{s.ask.field + ": " + s.ask.kind}
		for _, o := range s.ask.options {
			n.Items = append(n.Items, in(o.label))
		}
	case kindConsent:
		n.Items = s.consent.purposes
	case kindHandoff:
		n.Text = in(s.handoff.text)
		n.Items = []string{"queue " + s.handoff.queue + ", for " + span(s.handoff.after)}
	case kindWebhook:
		n.Text, n.Items = in(s.webhook.text), s.webhook.items()
	case kindSet:
		for _, a := range s.set {
			n.Items = append(n.Items, a.name+" = "+a.value.source())
		}
	}
	n.Items = append(n.Items, silence(s.remind, s.close)...)
	return n
}

// items say what a webhook sends and keeps.
func (w *webhook) items() []string {
	items := []string{"POST " + w.url}
	for _, f := range w.fields {
		items = append(items, "sends "+f.name)
	}
	for _, k := range w.save {
		items = append(items, k.name+" = "+k.key+" of the answer")
	}
	return items
}

// silence says what happens when the visitor says nothing.
func silence(r *reminder, c *closing) []string {
	var items []string
	switch {
	case r == nil:
	case r.times == 0:
		items = append(items, "no reminder")
	case r.times == 1:
		items = append(items, "reminder after "+span(r.after))
	default:
		items = append(items, fmt.Sprintf("reminder after %s, %d times", span(r.after), r.times))
	}
	switch {
	case c == nil:
	case c.after == 0:
		items = append(items, "never closed")
	default:
		items = append(items, "closed after "+span(c.after))
	}
	return items
}

// span writes a length of time in its largest whole unit.
func span(ms int64) string {
	for _, u := range []struct {
		ms   int64
		name string
	}{{24 * 60 * 60_000, "d"}, {60 * 60_000, "h"}, {60_000, "min"}, {1000, "s"}} {
		if ms >= u.ms && ms%u.ms == 0 {
			return fmt.Sprintf("%d %s", ms/u.ms, u.name)
		}
	}
	return fmt.Sprintf("%d ms", ms)
}

// extras names what stands under a line.
func (f *Flow) extras(l *line, locale string) []string {
	var items []string
	if l.link != nil {
		items = append(items, f.source(l.link.label, locale)+" → "+l.link.url)
	}
	if l.image != nil {
		items = append(items, f.source(l.image.alt, locale)+" ("+l.image.url+")")
	}
	return items
}

// source is a text as its author wrote it.
func (f *Flow) source(t text, locale string) string {
	tmpl, ok := t[locale]
	if !ok {
		tmpl = t[f.Fallback]
	}
	return tmpl.source()
}

func (t template) source() string {
	if t.counted != nil {
		return t.counted.forms[plural.Other].source()
	}
	var b strings.Builder
	for _, p := range t.parts {
		switch {
		case p.name == "":
			b.WriteString(p.text)
		case p.alt == "":
			b.WriteString("{{" + p.name + "}}")
		default:
			b.WriteString("{{" + p.name + "|" + p.alt + "}}")
		}
	}
	return b.String()
}

// graphEdges lists the ways out of step i as a drawing labels them.
func (f *Flow) graphEdges(i int, locale string) []GraphEdge {
	s := &f.steps[i]
	var es []GraphEdge
	for _, e := range s.edges() {
		if e.to.step == none {
			continue
		}
		es = append(es, GraphEdge{From: i, To: e.to.step, Label: e.label, Role: s.role(e)})
	}
	// Buttons are known by what stands on them.
	switch s.kind {
	case kindChoices:
		for j := range es {
			es[j].Label = f.source(s.choices.options[j].label, locale)
		}
	case kindAnswers:
		for j := range es {
			k := slices.IndexFunc(s.answers.entries, func(e entry) bool { return e.id == es[j].Label })
			es[j].Label = f.source(s.answers.entries[k].title, locale)
		}
	}
	return es
}

func (s *step) role(e edge) EdgeRole {
	switch {
	case e.grants:
		return RoleGranted
	case e.declines:
		return RoleDeclined
	case s.kind == kindChoices, s.kind == kindAnswers:
		return RoleChoice
	case s.kind == kindBranch:
		return RoleCase
	case e.label == "", s.kind == kindHandoff && !e.passes:
		return RoleNext
	}
	return RoleFailed
}
