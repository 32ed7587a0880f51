package botengine

import (
	"maps"
	"slices"
	"time"
)

// adopt carries a conversation over to this version of the flow: to the step of
// the same name that is for the same thing, else to the first answers step, else
// to the start. Consent and what was collected stay as they are, and what is
// known is not asked again.
func (t *turn) adopt() {
	if t.s.Flow == t.b.flow.Hash {
		return
	}
	t.s.Flow, t.s.Known = t.b.flow.Hash, t.collected()
	t.s.Offers = slices.DeleteFunc(slices.Clone(t.s.Offers), func(o Offer) bool {
		_, ok := t.b.flow.index[o.Step]
		return !ok && o.Step != ageStep
	})
	if t.s.Step == "" {
		return
	}
	if i, ok := t.b.flow.index[t.s.Step]; ok && t.b.flow.steps[i].same(t.s.Kind) {
		t.s.Kind = t.b.flow.steps[i].signature
		return
	}
	queue, due := t.s.Queue, t.s.Due
	switch {
	case len(t.b.answers) > 0:
		t.park(t.b.answers[0])
	case queue != "":
		t.rest()
	default:
		t.enter(0)
		return
	}
	if queue != "" {
		// It goes on waiting for a person, whatever the flow says now.
		t.s.Queue, t.s.Due = queue, due
	}
}

// collected lists the variables that have a value, in an order that does not
// change.
func (t *turn) collected() []string {
	names := slices.Sorted(maps.Keys(t.s.Vars))
	return slices.DeleteFunc(names, func(n string) bool { return t.s.Vars[n] == "" })
}

// answeredBefore tells, once, whether a question was answered under another
// version of the flow with something that would still do as an answer.
func (t *turn) answeredBefore(a *ask) bool {
	k := slices.Index(t.s.Known, a.field)
	if k < 0 {
		return false
	}
	t.s.Known = slices.Delete(slices.Clone(t.s.Known), k, k+1)
	value := t.s.Vars[a.field]
	switch a.kind {
	case "one_of":
		return slices.ContainsFunc(a.options, func(o option) bool { return o.id == value })
	case "number":
		n, ok := plainNumber(value)
		return ok && inRange(a, n) == ""
	case "date":
		_, err := time.Parse(time.DateOnly, value)
		return err == nil
	}
	return true
}
