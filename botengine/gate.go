package botengine

import (
	"fmt"
	"slices"
	"strings"
)

// basePurpose is the purpose that carries the contact: the site's first, or,
// where the site collects nothing, the first one that the flow asks for.
func (f *Flow) basePurpose(s *Settings) string {
	if len(s.Purposes) > 0 {
		return s.Purposes[0]
	}
	for i := range f.steps {
		if c := f.steps[i].consent; c != nil && len(c.purposes) > 0 {
			return c.purposes[0]
		}
	}
	return "lead_contact"
}

// A variant is one of the settings an owner may switch to at any time without
// touching the flow.
type variant struct{ require, bundled bool }

var variants = []variant{{true, false}, {true, true}, {false, false}, {false, true}}

// checkSite finds what keeps the flow from running under the site's settings,
// under every variant of them: the owner's switch must not be able to turn a
// good flow into one that collects without consent.
func checkSite(f *Flow, s *Settings) Problems {
	r := &reader{flow: &Flow{File: f.File}}
	r.siteLocales(f, s)
	for i := range f.steps {
		r.siteStep(f, &f.steps[i], s)
	}
	if len(r.problems) > 0 {
		// A purpose that does not exist guards nothing: every path would be
		// reported for one slip of the pen.
		return r.problems
	}
	for _, v := range variants {
		g := gate{r: r, flow: f, settings: s, variant: v}
		g.walk()
	}
	return r.problems
}

func (r *reader) siteLocales(f *Flow, s *Settings) {
	for _, l := range s.Locales {
		if _, ok := f.localeFor(l); !ok {
			r.problem(f.localesAt, "the site speaks %q, but the flow has no texts in it and declares no fallback", l)
		}
		_, own := speaks(l)
		if _, stands := speaks(s.Fallback); !own && !stands {
			r.problem(f.localesAt, "the site speaks %q, in which the bot has no sentences of its own (about consent, among others); let the site declare a fallback in cs, de, en or pl", l)
		}
	}
}

// localeFor finds the flow's locale for a site's: the same one, its language
// without the region, or the fallback.
func (f *Flow) localeFor(site string) (string, bool) {
	if slices.Contains(f.Locales, site) {
		return site, true
	}
	if lang, _, _ := strings.Cut(site, "-"); slices.Contains(f.Locales, lang) {
		return lang, true
	}
	return f.Fallback, f.Fallback != ""
}

// siteStep checks one step's purposes and fields. Where the site collects no
// contacts at all the flow still runs, along its declined ways, so there is
// nothing to check.
func (r *reader) siteStep(f *Flow, st *step, s *Settings) {
	if len(s.Purposes) == 0 {
		return
	}
	if st.kind == kindConsent {
		for i, p := range st.consent.purposes {
			if !slices.Contains(s.Purposes, p) {
				r.problem(st.consent.purposesAt[i], "the site has no purpose %q (it has %s)%s",
					p, strings.Join(s.Purposes, ", "), didYouMean(p, s.Purposes))
			}
		}
	}
	if st.kind == kindAsk && contactType(st.ask.kind) && !slices.Contains(s.Fields, st.ask.field) {
		r.problem(st.ask.at, "step %q asks for %q, which the site's notice does not name (it names %s)%s",
			st.id, st.ask.field, strings.Join(s.Fields, ", "), didYouMean(st.ask.field, s.Fields))
	}
	r.siteVariables(f, st, s)
}

// siteVariables keeps contact fields out of variables: those are part of the
// conversation's state, which lives longer than a grant.
func (r *reader) siteVariables(f *Flow, st *step, s *Settings) {
	contact := f.contactFields(s)
	switch st.kind {
	case kindSet:
		for _, a := range st.set {
			if contact[a.name] {
				r.problem(a.value.at, "%q is a contact field and cannot be set", a.name)
			}
		}
	case kindWebhook:
		for _, v := range st.webhook.save {
			if contact[v.name] {
				r.problem(v.at, "%q is a contact field and cannot keep an answer", v.name)
			}
		}
	case kindChoices:
		if contact[st.choices.save] {
			r.problem(st.at, "%q is a contact field and cannot keep a choice", st.choices.save)
		}
	}
}

// contactFields are the fields whose values are contact details on this site.
func (f *Flow) contactFields(s *Settings) map[string]bool {
	contact := map[string]bool{"name": true, "email": true, "phone": true}
	for _, field := range s.Fields {
		contact[field] = true
	}
	for i := range f.steps {
		if a := f.steps[i].ask; a != nil && contactType(a.kind) {
			contact[a.field] = true
		}
	}
	return contact
}

// A gate walks every path of the flow with one bit of memory: whether the path
// came through a granted base consent since its last decline.
type gate struct {
	r        *reader
	flow     *Flow
	settings *Settings
	variant  variant
	base     string
	contact  map[string]bool
	seen     map[gateState]bool
}

type gateState struct {
	step    int
	granted bool
}

// A hop is a state with the way that led to it.
type hop struct {
	gateState
	from  *hop
	label string
}

// walk goes through all states breadth first, so that the path that is printed
// is a shortest one.
func (g *gate) walk() {
	g.base = g.flow.basePurpose(g.settings)
	g.contact = g.flow.contactFields(g.settings)
	g.seen = map[gateState]bool{}
	queue := []*hop{{gateState: gateState{step: 0}}}
	for len(queue) > 0 {
		h := queue[0]
		queue = queue[1:]
		if g.seen[h.gateState] {
			continue
		}
		g.seen[h.gateState] = true
		queue = append(queue, g.visit(h)...)
	}
}

// visit checks one step as it is reached and returns where it leads.
func (g *gate) visit(h *hop) []*hop {
	s := &g.flow.steps[h.step]
	asksBase := s.kind == kindConsent && slices.Contains(s.consent.purposes, g.base)
	if s.kind == kindAsk && g.contact[s.ask.field] && !h.granted {
		g.r.problem(s.at, "step %q asks for %q without a granted consent to %s on this path: %s", s.id, s.ask.field, g.base, g.path(h))
		return nil
	}
	if s.kind == kindWebhook && !h.granted && !g.sendsNothing(h, s.webhook) {
		return nil
	}
	if s.kind == kindConsent && !asksBase && !h.granted {
		g.r.problem(s.at, "step %q asks for %s before consent to %s on this path: %s", s.id, strings.Join(s.consent.purposes, ", "), g.base, g.path(h))
		return nil
	}
	var out []*hop
	for _, e := range s.edges() {
		granted := h.granted
		if asksBase {
			granted = e.grants
		}
		out = append(out, &hop{gateState{e.to.step, granted}, h, e.label})
	}
	if s.waits() || s.kind == kindAsk || s.kind == kindConsent || s.kind == kindWebhook {
		out = append(out, g.entries(h)...)
	}
	return out
}

// sendsNothing reports the contact fields that a webhook would send without a
// grant, and tells whether there are none.
func (g *gate) sendsNothing(h *hop, w *webhook) bool {
	ok := true
	for _, f := range w.fields {
		if g.contact[f.name] {
			g.r.problem(f.at, "step %q sends %q without a granted consent to %s on this path: %s", g.flow.steps[h.step].id, f.name, g.base, g.path(h))
			ok = false
		}
	}
	return ok
}

// entries adds the ways that answer entries lead: they are open at every wait.
// While a card is open nothing is granted yet.
func (g *gate) entries(h *hop) []*hop {
	var out []*hop
	granted := h.granted
	if s := &g.flow.steps[h.step]; s.kind == kindConsent && slices.Contains(s.consent.purposes, g.base) {
		granted = false
	}
	for i := range g.flow.steps {
		if g.flow.steps[i].kind != kindAnswers {
			continue
		}
		for _, e := range g.flow.steps[i].edges() {
			out = append(out, &hop{gateState{e.to.step, granted}, h, "answer " + e.label})
		}
	}
	return out
}

// path prints how a state was reached: hello → menu (offer) → email.
func (g *gate) path(h *hop) string {
	var parts []string
	for label := ""; h != nil; h = h.from {
		id := g.flow.steps[h.step].id
		if label != "" {
			id = fmt.Sprintf("%s (%s)", id, label)
		}
		parts = append(parts, id)
		label = h.label
	}
	slices.Reverse(parts)
	return strings.Join(parts, " → ")
}
