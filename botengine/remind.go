package botengine

import "go.yaml.in/yaml/v4"

// A reminder is said when the visitor is silent at a wait.
type reminder struct {
	after int64 // ms since the visitor's last act, and between reminders
	times int
	text  text
}

// closing ends a conversation that nobody goes on with.
type closing struct {
	after int64 // ms since the visitor's last act
	text  text  // said then; nil: nothing
}

// Bounds of reminders and of idle close, ms. A timer has the resolution of a
// second, and a conversation is not remembered for ever.
const (
	minRemindMS = 5_000
	maxRemindMS = 7 * 24 * 60 * 60_000
)

// noWait is what an author writes to have a flow's default not hold for a step.
const noWait = "none"

// reminder reads the key remind; nil where it is not there.
func (r *reader) reminder(m mapping) *reminder {
	v := m.vals["remind"]
	if v == nil {
		return nil
	}
	if v.Kind == yaml.ScalarNode && v.Value == noWait {
		return &reminder{}
	}
	rm, ok := r.shaped(v, "remind", reminderShape)
	if !ok {
		return nil
	}
	return &reminder{
		after: int64(rm.integer("after_ms")),
		times: rm.integer("times"), text: rm.text("text"),
	}
}

// closing reads the key close; nil where it is not there.
func (r *reader) closing(m mapping) *closing {
	v := m.vals["close"]
	if v == nil {
		return nil
	}
	if v.Kind == yaml.ScalarNode && v.Value == noWait {
		return &closing{}
	}
	cm, ok := r.shaped(v, "close", closingShape)
	if !ok {
		return nil
	}
	return &closing{
		after: int64(cm.integer("after_ms")),
		text:  cm.text("text"),
	}
}

// waiting reads what a step says about the visitor's silence.
func (r *reader) waiting(m mapping, s *step) {
	s.remind, s.close = r.reminder(m), r.closing(m)
	if v := m.vals["remind"]; v != nil && s.kind == kindConsent && s.remind != nil && s.remind.times > 0 {
		r.problem(at(v), "step %q asks for consent, and nobody is reminded of that: a question that is put again and again is no free choice", s.id)
		return
	}
	if s.kind != kindGoto {
		return // the language's table knows the other steps that do not wait
	}
	for _, key := range []string{"remind", "close"} {
		if v := m.vals[key]; v != nil {
			r.problem(at(v), "%s has no effect on a step with %s: it does not wait for the visitor", key, s.kind)
		}
	}
}
