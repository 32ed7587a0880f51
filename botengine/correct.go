package botengine

import (
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// correct gives contact fields new values on somebody's word: the visitor's, an
// operator's, a command's. The gate is the one in front of every contact field,
// and the checks are those of the question.
func (t *turn) correct() {
	if t.in.Actor == actorSystem || len(t.in.Fields) == 0 {
		t.refuse(CodeBadInput, "name at least one field and its new value")
		return
	}
	fields := slices.Sorted(maps.Keys(t.in.Fields))
	good := make([]string, len(fields))
	for i, field := range fields {
		if !t.mayCorrect(field) {
			return
		}
		value, why := t.checkField(field, clean(t.in.Fields[field]))
		if why != "" {
			t.refuse(CodeBadInput, "the new value of "+field+" will not do: "+reason(why))
			return
		}
		good[i] = value
	}
	id := t.name()
	e := t.notedEvent(EventCorrection, t.v.own.corrected)
	e.ID = id
	for i, field := range fields {
		ref := id + "." + strconv.Itoa(i+1)
		e.Text = append(e.Text, Span{Text: [2]string{" ", ", "}[min(i, 1)]}, Span{Ref: ref})
		t.values = append(t.values, Value{Ref: ref, Text: good[i], Field: field})
		t.hold(field, ref)
	}
	t.emit(e)
	t.contactEntry()
	if st, _ := t.here(); st != nil && st.kind == kindAsk && slices.Contains(fields, st.ask.field) && !t.in.Quiet {
		t.enter(st.next.step) // it need not be asked any more
	}
}

// mayCorrect is the gate: what may be collected may be corrected, and so may
// what is held under a grant in force, also where the site asks no more.
func (t *turn) mayCorrect(field string) bool {
	switch {
	case t.mayCollect(field):
		return true
	case t.inForce(t.b.base) && (t.holds(field) || slices.Contains(t.namedFields(t.b.base), field)):
		return true
	case !t.keepsDetails():
		t.refuse(CodeConsentRequired, "there is no consent in force to keep contact details")
	default:
		t.refuse(CodeBadInput, "the notice that was accepted does not name this field")
	}
	return false
}

// checkField checks a value as the question for the field does.
func (t *turn) checkField(field, s string) (value, why string) {
	switch {
	case field == "name":
		return checkName(s)
	case field == "email":
		return checkEmail(s)
	case field == "phone":
		return checkPhone(s, t.b.settings.Region)
	case s == "" || utf8.RuneCountInString(s) > maxText:
		return "", hintNone
	}
	return s, ""
}

// reason words why a value was refused, for whoever sent the input.
func reason(why string) string {
	if hint := english.hints[why]; hint != "" {
		return hint
	}
	return "it has another form"
}

// notedEvent is a line about something that was done to what is held.
func (t *turn) notedEvent(kind, sentence string) Event {
	e := Event{
		From: FromVisitor, Kind: kind, Method: methodWidget,
		Locale: t.v.own.locale, Text: []Span{{Text: sentence}},
	}
	if !t.byVisitor() {
		e.From, e.Method = FromSystem, methodCommand
	}
	return e
}

// restrict keeps what is held and stops using it, or frees it again (GDPR art.
// 18). What is so already needs no record.
func (t *turn) restrict() {
	switch {
	case t.in.Actor == actorSystem:
		t.refuse(CodeBadInput, "somebody must ask for it")
		return
	case len(t.p.Held) == 0:
		t.refuse(CodeBadInput, "there is no contact to restrict")
		return
	case t.in.On == (t.p.RestrictedAt != 0):
		return
	}
	kind, sentence := EventFreed, t.v.own.freed
	t.p.RestrictedAt = 0
	if t.in.On {
		kind, sentence = EventRestricted, t.v.own.restricted
		t.p.RestrictedAt = max(t.now, 1)
	}
	e := t.notedEvent(kind, sentence)
	t.emit(e)
	t.entry(Entry{Kind: EntryRestrict, Purpose: t.b.base, On: t.in.On, Method: e.Method})
}

// outlived ends the base purpose because its contact was kept for as long as the
// site keeps one. A value that was given after Until came in time: whoever made
// the input had not heard of it.
func (t *turn) outlived() {
	switch {
	case t.byVisitor():
		t.refuse(CodeBadInput, "time alone can do that")
		return
	case len(t.p.Held) == 0 || t.p.HeldAt > t.in.Until:
		return
	}
	for _, p := range t.purposes() {
		if p != t.b.base && t.inForce(p) {
			t.endGrant(p, statusExpired, actorSystem, methodTimer)
		}
	}
	t.endGrant(t.b.base, statusExpired, actorSystem, methodTimer)
	t.say(t.v.own.outlived)
	t.stopCollecting(false)
}
