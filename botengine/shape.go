package botengine

import (
	"slices"
	"strings"
)

// shape checks the flow as a graph: what cannot be reached, what goes round
// without waiting, and what may not happen in a greeting.
func (r *reader) shape() {
	f := r.flow
	reached := f.reachable()
	for i := range f.steps {
		if !reached[i] {
			r.problem(f.steps[i].at, "step %q cannot be reached from the start", f.steps[i].id)
		}
	}
	r.labelsApart()
	if !r.cycles() {
		r.greeting()
	}
}

// reachable marks the steps that some way leads to. The entries of an answers
// step can be reached from every wait, so the step itself can be too.
func (f *Flow) reachable() []bool {
	reached := make([]bool, len(f.steps))
	work := []int{0}
	for i := range f.steps {
		// An answers step is where a conversation goes when a grant ends, and
		// its entries are open at every wait; but one that only that leads to
		// still has to be written on purpose, so only the first one counts.
		if f.steps[i].kind == kindAnswers {
			work = append(work, i)
			break
		}
	}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		if reached[i] {
			continue
		}
		reached[i] = true
		for _, e := range f.steps[i].edges() {
			work = append(work, e.to.step)
		}
	}
	return reached
}

// labelsApart reports options that a typed answer could not tell apart.
func (r *reader) labelsApart() {
	for i := range r.flow.steps {
		s := &r.flow.steps[i]
		var os []option
		switch s.kind {
		case kindChoices:
			os = s.choices.options
		case kindAsk:
			os = s.ask.options
		}
		for _, l := range r.flow.Locales {
			seen := map[string]string{}
			for _, o := range os {
				tmpl, ok := o.label[l]
				if !ok || tmpl.spans == nil {
					continue
				}
				label := fold(tmpl.spans[0].Text)
				if first, twice := seen[label]; twice {
					r.problem(tmpl.at, "the options %q and %q have the same label in %q", first, o.id, l)
				}
				seen[label] = o.id
			}
		}
	}
}

// cycles reports every way round that can be gone without the visitor doing
// anything. It tells whether there was one.
func (r *reader) cycles() bool {
	f := r.flow
	const fresh, onPath, done = 0, 1, 2
	mark := make([]int, len(f.steps))
	found := false
	var path []int
	var visit func(i int)
	visit = func(i int) {
		mark[i] = onPath
		path = append(path, i)
		for _, e := range f.steps[i].edges() {
			if !e.passes {
				continue
			}
			switch mark[e.to.step] {
			case fresh:
				visit(e.to.step)
			case onPath:
				found = true
				round := append(slices.Clone(path[slices.Index(path, e.to.step):]), e.to.step)
				r.problem(f.steps[e.to.step].at, "the flow can go round without waiting for the visitor: %s", f.path(round))
			}
		}
		path = path[:len(path)-1]
		mark[i] = done
	}
	for i := range f.steps {
		if mark[i] == fresh {
			visit(i)
		}
	}
	return found
}

func (f *Flow) path(path []int) string {
	ids := make([]string, len(path))
	for i, s := range path {
		ids[i] = f.steps[s].id
	}
	return strings.Join(ids, " → ")
}

// greeting checks the steps that run before the visitor has done anything. They
// are shown to everybody alike and kept nowhere, so they can depend on nothing
// but locale and page, and can neither ask for consent nor for a contact.
func (r *reader) greeting() {
	f := r.flow
	seen := make([]bool, len(f.steps))
	work := []int{0}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		s := &f.steps[i]
		switch s.kind {
		case kindConsent:
			r.problem(s.at, "step %q would show a consent card before the visitor has done anything; put a choices, answers or ask step before it", s.id)
			continue
		case kindHandoff, kindWebhook:
			r.problem(s.at, "step %q has a %s before the visitor has done anything; put a choices, answers or ask step before it", s.id, s.kind)
			continue
		case kindAsk, kindChoices, kindAnswers, kindEnd:
			continue
		case kindBranch:
			for _, c := range s.branch.cases {
				r.greetingCondition(s, c.condition)
			}
		}
		for _, e := range s.edges() {
			work = append(work, e.to.step)
		}
	}
}

func (r *reader) greetingCondition(s *step, c *condition) {
	if c.presence {
		r.problem(c.at, "step %q depends on operators or opening hours before the visitor has done anything; the greeting must be the same for everybody", s.id)
	}
	if c.visitor {
		r.problem(c.at, "step %q depends on the visitor's consent or details before the visitor has done anything; the greeting must be the same for everybody", s.id)
	}
}
