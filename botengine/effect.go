package botengine

import "slices"

// An Effect is a call to another server. It was committed with the turn that
// made it and is run afterwards; what came of it is an InputResult.
type Effect struct {
	// ID is the same for every attempt, so that the other server can tell a
	// repeated call from a new one. Attempt counts from 1.
	ID      string
	Attempt int
	// Flow and Step name where it was made.
	Flow string
	Step string
	URL  string
	// TimeoutMS bounds one attempt.
	TimeoutMS int64
	// Fields are what is sent; Keys are the keys of the answer that are wanted.
	Fields []EffectField
	Keys   []string
}

// An EffectField is a value that is sent: Value itself, or the contact value that
// Ref names in the visitor's sealed record.
type EffectField struct {
	Name  string
	Value string
	Ref   string
}

// An EffectResult is what one attempt led to.
type EffectResult struct {
	ID      string
	Attempt int
	// OK: the server took it. Final, where it did not: asking again would not
	// help.
	OK, Final bool
	// Values are those of Effect.Keys that the answer had.
	Values map[string]string
}

// OpenEffect is an effect that the flow waits for.
type OpenEffect struct {
	ID      string `json:"id"`
	Attempt int    `json:"attempt"`
}

// Times of an attempt, ms. An attempt without a result after its timeout and
// effectLeaseMS was lost together with the node that ran it, and is made again.
const (
	effectLeaseMS   = 5_000
	effectBackoffMS = 1_000
)

// maxSaved bounds what a variable keeps of an answer, in bytes.
const maxSaved = 200

// callWebhook makes the first attempt, or goes on as failed where the webhook
// would send a contact field that may not be sent or is not there.
func (t *turn) callWebhook(st *step) (next int, waits bool) {
	if !t.maySend(st.webhook) {
		return st.webhook.failed.step, false
	}
	if x := st.webhook.text; x != nil {
		e := Event{From: FromBot, Kind: EventMessage}
		e.Text, e.Locale = t.words(x)
		t.emit(e)
	}
	t.leave()
	t.s.Effect = &OpenEffect{ID: t.name()}
	t.attempt(st)
	return none, true
}

// attempt makes the next attempt of the open effect.
func (t *turn) attempt(st *step) {
	w := st.webhook
	open := OpenEffect{ID: t.s.Effect.ID, Attempt: t.s.Effect.Attempt + 1}
	t.s.Effect = &open
	t.s.Due = t.now + w.timeout + effectLeaseMS
	e := &Effect{
		ID: open.ID, Attempt: open.Attempt, Flow: t.b.flow.Name, Step: st.id, URL: w.url, TimeoutMS: w.timeout,
		Fields: make([]EffectField, 0, len(w.fields)), Keys: make([]string, 0, len(w.save)),
	}
	for _, f := range w.fields {
		if t.b.contact[f.name] {
			e.Fields = append(e.Fields, EffectField{Name: f.name, Ref: t.p.Refs[f.name]})
		} else {
			e.Fields = append(e.Fields, EffectField{Name: f.name, Value: t.s.Vars[f.name]})
		}
	}
	for _, k := range w.save {
		e.Keys = append(e.Keys, k.key)
	}
	t.effect = e
}

// maySend is the gate in front of a webhook, whatever the flow says: a contact
// field goes out only where it could be asked for now, and is held.
func (t *turn) maySend(w *webhook) bool {
	for _, f := range w.fields {
		if t.b.contact[f.name] && (!t.mayCollect(f.name) || !t.holds(f.name)) {
			return false
		}
	}
	return true
}

func (t *turn) sendsContact(w *webhook) bool {
	return slices.ContainsFunc(w.fields, func(f sentField) bool { return t.b.contact[f.name] })
}

// resulted goes on with what an attempt led to. A result that nobody waits for
// any more (the owner changed, the flow went on, a later attempt was begun) is
// dropped.
func (t *turn) resulted() {
	r, open := t.in.Result, t.s.Effect
	st, _ := t.here()
	if r == nil || open == nil || st == nil || st.kind != kindWebhook || r.ID != open.ID || t.in.Quiet {
		t.refuse(CodeEffectStale, "nobody waits for this result any more")
		return
	}
	if r.OK {
		t.keepAnswer(st.webhook, r.Values)
		t.enter(st.next.step)
		return
	}
	switch {
	case r.Attempt != open.Attempt:
		t.refuse(CodeEffectStale, "a later attempt was begun")
	case r.Final || open.Attempt > st.webhook.retries:
		t.enter(st.webhook.failed.step)
	default:
		t.s.Due = t.now + effectBackoffMS<<(open.Attempt-1)
	}
}

// tryAgain makes the next attempt when its time has come, or gives up.
func (t *turn) tryAgain(st *step) {
	if t.s.Effect == nil || t.s.Effect.Attempt > st.webhook.retries || !t.maySend(st.webhook) {
		t.enter(st.webhook.failed.step)
		return
	}
	t.attempt(st)
}

// keepAnswer saves what the flow wants of an answer. It comes from outside: it is
// shortened, and contact details in it are masked, since a variable lives longer
// than a grant.
func (t *turn) keepAnswer(w *webhook, values map[string]string) {
	for _, k := range w.save {
		v := clean(shorten(values[k.key], maxSaved))
		t.setVar(k.name, withoutDetails(v, detect(v, t.b.settings.Region)))
	}
}
