package botengine

import "slices"

// link resolves the names of steps, entries, fields and variables.
func (r *reader) link() {
	ids := make([]string, len(r.flow.steps))
	for i := range r.flow.steps {
		ids[i] = r.flow.steps[i].id
	}
	for i := range r.flow.steps {
		s := &r.flow.steps[i]
		for _, t := range s.targets() {
			r.resolve(t, ids)
		}
		r.fallThrough(s, i)
		if s.kind == kindAnswers {
			r.linkTopics(s.answers)
		}
	}
	if len(r.problems) == 0 {
		r.placeholders()
	}
}

// targets lists every place in a step that names another step.
func (s *step) targets() []*target {
	ts := []*target{&s.next}
	switch s.kind {
	case kindChoices:
		for i := range s.choices.options {
			ts = append(ts, &s.choices.options[i].target)
		}
	case kindAnswers:
		for i := range s.answers.entries {
			ts = append(ts, &s.answers.entries[i].target)
		}
	case kindAsk:
		ts = append(ts, &s.ask.failed)
	case kindConsent:
		ts = append(ts, &s.consent.granted, &s.consent.declined)
	case kindHandoff:
		ts = append(ts, &s.handoff.away, &s.handoff.unanswered)
	case kindWebhook:
		ts = append(ts, &s.webhook.failed)
	case kindBranch:
		ts = append(ts, &s.branch.other)
		for i := range s.branch.cases {
			ts = append(ts, &s.branch.cases[i].target)
		}
	}
	return ts
}

func (r *reader) resolve(t *target, ids []string) {
	if t.id == "" {
		return
	}
	i, ok := r.flow.index[t.id]
	if !ok {
		r.problem(t.at, "there is no step %q%s", t.id, didYouMean(t.id, ids))
		return
	}
	t.step = i
}

// fallThrough gives every way out that the author left open the step that
// follows. A step that then leads nowhere is a dead end.
func (r *reader) fallThrough(s *step, i int) {
	following := target{step: none}
	if i+1 < len(r.flow.steps) {
		following = target{id: r.flow.steps[i+1].id, step: i + 1}
	}
	if s.next.id == "" {
		s.next = following
	}
	deadEnd := false
	fill := func(t *target) {
		if t.id == "" {
			*t = s.next
		}
		deadEnd = deadEnd || t.id == ""
	}
	switch s.kind {
	case kindAnswers, kindEnd, kindBranch:
	case kindChoices:
		for j := range s.choices.options {
			fill(&s.choices.options[j].target)
		}
	case kindAsk:
		fill(&s.ask.failed)
		fill(&s.next)
	case kindConsent:
		fill(&s.consent.granted)
		fill(&s.consent.declined)
	case kindWebhook:
		fill(&s.webhook.failed)
		fill(&s.next)
	default:
		fill(&s.next)
	}
	if deadEnd {
		r.problem(s.at, "step %q is the last one and leads nowhere; add a goto, or a step with answers or end after it", s.id)
	}
}

// linkTopics resolves offered topics to the entries of the same step.
func (r *reader) linkTopics(a *answers) {
	var ids []string
	seen := map[string]bool{}
	for _, e := range a.entries {
		if seen[e.id] {
			r.problem(e.at, "two entries are called %q", e.id)
		}
		seen[e.id] = true
		ids = append(ids, e.id)
	}
	for _, list := range [][]target{a.topics, a.offer} {
		for i := range list {
			list[i].step = slices.Index(ids, list[i].id)
			if list[i].step < 0 {
				r.problem(list[i].at, "there is no entry %q%s", list[i].id, didYouMean(list[i].id, ids))
			}
		}
	}
}

// placeholders checks that every {{name}}, and every field of a webhook, is
// filled by some step.
func (r *reader) placeholders() {
	known := r.flow.names()
	for _, tmpl := range r.flow.templates() {
		for _, n := range tmpl.names() {
			if !slices.Contains(known, n) {
				r.problem(tmpl.at, "{{%s}} is neither asked for nor set anywhere%s", n, didYouMean(n, known))
			}
		}
	}
	for i := range r.flow.steps {
		if w := r.flow.steps[i].webhook; w != nil {
			for _, f := range w.fields {
				if !slices.Contains(known, f.name) {
					r.problem(f.at, "webhook.fields: %q is neither asked for nor set anywhere%s", f.name, didYouMean(f.name, known))
				}
			}
		}
	}
}

// names lists the fields and variables that some step fills.
func (f *Flow) names() []string {
	var known []string
	for i := range f.steps {
		s := &f.steps[i]
		switch s.kind {
		case kindAsk:
			known = append(known, s.ask.field)
		case kindSet:
			for _, a := range s.set {
				known = append(known, a.name)
			}
		case kindChoices:
			if s.choices.save != "" {
				known = append(known, s.choices.save)
			}
		case kindWebhook:
			for _, v := range s.webhook.save {
				known = append(known, v.name)
			}
		}
	}
	return known
}

// templates lists every template of the flow.
func (f *Flow) templates() []template {
	var ts []template
	waits := func(r *reminder, c *closing) {
		if r != nil {
			ts = r.text.appendTo(ts)
		}
		if c != nil {
			ts = c.text.appendTo(ts)
		}
	}
	waits(f.remind, f.close)
	for i := range f.steps {
		ts = append(ts, f.steps[i].templates()...)
		waits(f.steps[i].remind, f.steps[i].close)
	}
	return ts
}

func (t text) appendTo(ts []template) []template {
	for _, tmpl := range t {
		ts = append(ts, tmpl)
	}
	return ts
}

// templates lists every template of a step.
func (s *step) templates() []template {
	var ts []template
	add := func(texts ...text) {
		for _, t := range texts {
			ts = t.appendTo(ts)
		}
	}
	addLine := func(l *line) {
		add(l.text)
		if l.link != nil {
			add(l.link.label)
		}
		if l.image != nil {
			add(l.image.alt)
		}
	}
	addOptions := func(os []option) {
		for _, o := range os {
			add(o.label)
		}
	}
	switch s.kind {
	case kindSay:
		addLine(s.say)
	case kindEnd:
		addLine(s.end)
	case kindChoices:
		add(s.choices.text, s.choices.repeat)
		addOptions(s.choices.options)
	case kindAsk:
		add(s.ask.text, s.ask.repeat, s.ask.invalid)
		addOptions(s.ask.options)
	case kindAnswers:
		add(s.answers.text, s.answers.nomatch)
		for i := range s.answers.entries {
			add(s.answers.entries[i].title)
			addLine(&s.answers.entries[i].say)
		}
	case kindHandoff:
		add(s.handoff.text)
	case kindWebhook:
		add(s.webhook.text)
	case kindSet:
		for _, a := range s.set {
			ts = append(ts, a.value)
		}
	}
	return ts
}
