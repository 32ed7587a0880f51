package botengine

import (
	"maps"
	"slices"
)

// enter runs the flow from step i to its next wait.
func (t *turn) enter(i int) {
	for ; i != none; t.budget-- {
		if t.budget == 0 {
			t.giveUp()
			return
		}
		st := &t.b.flow.steps[i]
		waits := false
		switch st.kind {
		case kindSay:
			t.sayLine(st.say)
			i = st.next.step
		case kindSet:
			for _, a := range st.set {
				t.setVar(a.name, t.plain(a.value))
			}
			i = st.next.step
		case kindBranch:
			i = t.take(st.branch)
		case kindAsk:
			i, waits = t.askFor(st)
		case kindConsent:
			i, waits = t.askConsent(st)
		case kindChoices, kindAnswers:
			t.show(st)
			waits = true
		case kindHandoff:
			i, waits = t.handOff(st)
		case kindWebhook:
			i, waits = t.callWebhook(st)
		case kindEnd:
			t.finish(st)
			return
		default:
			i = st.next.step
		}
		if waits {
			t.wait(st)
			return
		}
	}
}

// wait makes the conversation wait at a step that was just entered.
func (t *turn) wait(st *step) {
	due, queue, effect := t.s.Due, t.s.Queue, t.s.Effect
	t.leave()
	t.s.Step, t.s.Kind = st.id, st.signature
	if st.kind == kindHandoff || st.kind == kindWebhook {
		// These have set their own.
		t.s.Due, t.s.Queue, t.s.Effect = due, queue, effect
	}
}

// giveUp leaves a flow that went round without waiting at a place where the
// visitor can go on.
func (t *turn) giveUp() {
	t.budget = maxStepsPerTurn
	if len(t.b.answers) > 0 {
		t.park(t.b.answers[0])
		return
	}
	t.rest()
}

func (t *turn) finish(st *step) {
	if st.end.text != nil {
		t.sayLine(st.end)
	}
	t.emit(Event{From: FromBot, Kind: EventEnd})
	t.s.Prompt = ""
	t.rest()
}

func (t *turn) take(b *branch) int {
	for _, c := range b.cases {
		if t.conditionHolds(c.condition) {
			return c.target.step
		}
	}
	return b.other.step
}

func (t *turn) setVar(name, value string) {
	if !t.ownVars {
		t.s.Vars = maps.Clone(t.s.Vars)
		if t.s.Vars == nil {
			t.s.Vars = map[string]string{}
		}
		t.ownVars = true
	}
	t.s.Vars[name] = value
}

// words fills a text in the conversation's language and tells which it was.
func (t *turn) words(x text) ([]Span, string) {
	locale := t.v.texts
	tmpl, ok := x[locale]
	if !ok {
		locale = t.b.flow.Fallback
		tmpl = x[locale]
	}
	return t.fill(tmpl), locale
}

// label fills a text that is not made of spans: a button, a link. Contact
// values never stand in one.
func (t *turn) label(x text) string {
	tmpl, _ := t.b.inLocale(x, t.v.texts)
	if tmpl.spans != nil {
		return tmpl.spans[0].Text
	}
	return t.plain(tmpl)
}

// labelSpans is a label as the text of an event.
func (t *turn) labelSpans(x text) []Span {
	if tmpl, _ := t.b.inLocale(x, t.v.texts); tmpl.spans != nil {
		return tmpl.spans
	}
	return []Span{{Text: t.label(x)}}
}

func (t *turn) sayLine(l *line) {
	e := Event{From: FromBot, Kind: EventMessage, DelayMS: l.delay}
	e.Text, e.Locale = t.words(l.text)
	if l.link != nil {
		e.Link = &Link{Label: t.label(l.link.label), URL: l.link.url}
	}
	if l.image != nil {
		e.Image = &Image{URL: l.image.url, Alt: t.label(l.image.alt)}
	}
	t.emit(e)
}

// say speaks one of the engine's own sentences.
func (t *turn) say(sentence string) {
	t.emit(Event{From: FromBot, Kind: EventMessage, Locale: t.v.own.locale, Text: []Span{{Text: sentence}}})
}

// show puts the question of a choices or answers step.
func (t *turn) show(st *step) {
	if st.kind == kindAnswers {
		t.topics(st, st.answers.text, st.answers.topics)
		return
	}
	t.choose(st, st.choices.text)
}

func (t *turn) choose(st *step, x text) {
	e := Event{From: FromBot, Kind: EventChoices, DelayMS: st.choices.delay, Options: t.options(st.choices.options)}
	e.Text, e.Locale = t.words(x)
	t.prompt(e, st.id)
}

func (t *turn) options(os []option) []Option {
	out := make([]Option, len(os))
	for i, o := range os {
		out[i] = Option{ID: o.id, Label: t.label(o.label)}
	}
	return out
}

// topics says a text of an answers step with the entries it offers.
func (t *turn) topics(st *step, x text, offered []target) {
	e := Event{From: FromBot, Kind: EventMessage}
	e.Text, e.Locale = t.words(x)
	if len(offered) > 0 {
		e.Kind = EventChoices
		e.Options = make([]Option, len(offered))
		for i, o := range offered {
			e.Options[i] = Option{ID: o.id, Label: t.label(st.answers.entries[o.step].title)}
		}
		t.prompt(e, st.id)
		return
	}
	if id := t.emit(e); id != "" {
		t.s.Prompt = id
	}
}

// prompt emits a question with options and remembers that it asked.
func (t *turn) prompt(e Event, step string) {
	if id := t.emit(e); id != "" {
		t.s.Prompt = id
		t.offer(id, step)
	}
}

// repeat puts the waiting question again, shortly, after something else was
// answered.
func (t *turn) repeat() {
	st, i := t.here()
	switch {
	case t.s.Card != nil: // closeWithCard will speak of it
	case st == nil:
	case st.kind == kindChoices:
		t.choose(st, orElse(st.choices.repeat, st.choices.text))
	case st.kind == kindAsk && t.b.contact[st.ask.field] && !t.mayCollect(st.ask.field):
		// It was refused while the question stood.
		t.stopCollecting(true)
	case st.kind == kindAsk:
		t.putAsk(st, orElse(st.ask.repeat, st.ask.text))
	case st.kind == kindConsent:
		// The card was put off when its session ended; now it is asked again.
		t.enter(i)
	case st.kind == kindWebhook:
		t.stillWorking(i)
	}
}

// stillWorking speaks of a webhook that has not answered yet, or calls it where
// a person's talk had ended that.
func (t *turn) stillWorking(i int) {
	if t.s.Effect == nil {
		t.enter(i)
		return
	}
	t.say(t.v.own.working)
}

func orElse(x, other text) text {
	if x != nil {
		return x
	}
	return other
}

// sayEntry answers a question. It tells whether that led the flow elsewhere.
func (t *turn) sayEntry(ref entryRef) bool {
	e := &t.b.flow.steps[ref.step].answers.entries[ref.entry]
	t.sayLine(&e.say)
	if e.target.step == none {
		return false
	}
	t.enter(e.target.step)
	return true
}

// noMatch says that a question was not understood and offers topics.
func (t *turn) noMatch() {
	st, i := t.here()
	switch {
	case st == nil:
		// A message after the end opens the flow again.
		t.enter(0)
	case st.kind == kindConsent && t.s.Card == nil:
		// The flow stands before a question that was put off or has been
		// answered meanwhile: it goes on there.
		t.enter(i)
	case st.kind == kindWebhook:
		t.stillWorking(i)
	case len(t.b.answers) == 0:
		if st.kind == kindChoices {
			t.say(t.v.own.choose)
		}
		t.repeat()
	default:
		if st.kind != kindAnswers {
			st = &t.b.flow.steps[t.b.answers[0]]
		}
		asked := t.s.Prompt
		t.topics(st, st.answers.nomatch, st.answers.offer)
		if here, _ := t.here(); here.kind != kindAnswers {
			// The flow still waits for what it asked before.
			t.s.Prompt = asked
		}
	}
}

// nearestAnswers is the answers step that follows step i, else the first one.
func (b *Bot) nearestAnswers(i int) int {
	if len(b.answers) == 0 {
		return none
	}
	if j := slices.IndexFunc(b.answers, func(a int) bool { return a >= i }); j >= 0 {
		return b.answers[j]
	}
	return b.answers[0]
}
