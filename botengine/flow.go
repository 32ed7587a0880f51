package botengine

import "slices"

// A Flow is a parsed flow. It is immutable.
type Flow struct {
	// Name is the author's name for it, File where it was read from.
	Name string
	File string
	// Hash names the content: "sha256:" and 64 hex digits.
	Hash string
	// Locales are the languages the flow's texts are in; Fallback is the one
	// that stands in for a missing text, empty where none may be missing.
	Locales  []string
	Fallback string

	localesAt position
	steps     []step
	index     map[string]int
	// remind and close hold for every wait that does not say otherwise; nil:
	// nobody is reminded, nothing is closed.
	remind *reminder
	close  *closing
}

// A position is a place in the source.
type position struct{ line, column int }

// stepKind names a step by the key that an author writes.
type stepKind string

const (
	kindSay     stepKind = "say"
	kindChoices stepKind = "choices"
	kindAnswers stepKind = "answers"
	kindAsk     stepKind = "ask"
	kindConsent stepKind = "consent"
	kindBranch  stepKind = "branch"
	kindHandoff stepKind = "handoff"
	kindWebhook stepKind = "webhook"
	kindSet     stepKind = "set"
	kindGoto    stepKind = "goto"
	kindEnd     stepKind = "end"
)

// stepKinds lists the keys of which a step has exactly one. goto stands apart: it
// may also end another step.
var stepKinds = []stepKind{
	kindSay, kindChoices, kindAnswers, kindAsk, kindConsent, kindBranch, kindHandoff, kindWebhook, kindSet, kindEnd,
}

// none is the target of a step that leads nowhere.
const none = -1

// A step is one step of a flow. Exactly one of the pointers is set, by kind.
type step struct {
	id   string
	kind stepKind
	// signature is what State.Kind keeps of the step.
	signature string
	at        position
	// next is where the flow goes on when the step itself does not say.
	next target
	// remind and close are the step's own, where it waits for the visitor.
	remind *reminder
	close  *closing

	say     *line
	choices *choices
	answers *answers
	ask     *ask
	consent *consentStep
	branch  *branch
	handoff *handoff
	webhook *webhook
	set     []assignment
	end     *line
}

// A target is a step that another one leads to.
type target struct {
	id   string
	at   position
	step int
}

// A line is something the bot says.
type line struct {
	text  text
	link  *linkText
	image *imageText
	delay int64
}

type linkText struct {
	label text
	url   string
}

type imageText struct {
	url string
	alt text
}

// choices is a question with buttons.
type choices struct {
	text, repeat text
	delay        int64
	options      []option
	// save names the variable that keeps the id of the chosen option.
	save string
}

// An option is a button, or a value of an ask of type one_of.
type option struct {
	id     string
	at     position
	label  text
	match  map[string][]string // folded words per locale that mean this option
	target target
}

// answers is a step that answers typed questions. Its entries can be reached at
// every wait of the flow.
type answers struct {
	text    text
	topics  []target // entries offered under text
	entries []entry
	nomatch text
	offer   []target // entries offered where nothing matched
}

// An entry is one question with its answer.
type entry struct {
	id     string
	at     position
	title  text
	match  map[string][]pattern
	say    line
	target target
}

// ask is a question for one value.
type ask struct {
	field   string
	kind    string
	at      position
	text    text
	repeat  text
	invalid text
	delay   int64
	tries   int
	failed  target
	options []option
	min     *float64
	max     *float64
}

// consentStep asks for consent.
type consentStep struct {
	purposes   []string
	purposesAt []position
	granted    target
	declined   target
}

// branch goes on by conditions, the first that holds wins.
type branch struct {
	cases []branchCase
	other target
}

type branchCase struct {
	condition *condition
	target    target
}

// An assignment sets a variable.
type assignment struct {
	name  string
	value template
}

// An edge is a way from one step to another, labelled as a path prints it.
type edge struct {
	to    target
	label string
	// passes: the step may be left this way without the visitor having done
	// anything.
	passes bool
	// grants and declines: the way is taken after that answer.
	grants, declines bool
}

// edges lists every way out of a step.
func (s *step) edges() []edge {
	switch s.kind {
	case kindChoices:
		es := make([]edge, 0, len(s.choices.options))
		for _, o := range s.choices.options {
			es = append(es, edge{to: o.target, label: o.id})
		}
		return es
	case kindAsk:
		return []edge{{to: s.next, passes: contactType(s.ask.kind)}, {to: s.ask.failed, label: "failed"}}
	case kindConsent:
		return []edge{
			{to: s.consent.granted, label: "granted", passes: true, grants: true},
			{to: s.consent.declined, label: "declined", passes: true, declines: true},
		}
	case kindBranch:
		es := make([]edge, 0, len(s.branch.cases)+1)
		for _, c := range s.branch.cases {
			es = append(es, edge{to: c.target, label: c.condition.source, passes: true})
		}
		return append(es, edge{to: s.branch.other, label: "else", passes: true})
	case kindHandoff:
		return []edge{
			{to: s.next, label: "handed back"},
			{to: s.handoff.away, label: "away", passes: true},
			{to: s.handoff.unanswered, label: "unanswered", passes: true},
		}
	case kindWebhook:
		return []edge{{to: s.next, passes: true}, {to: s.webhook.failed, label: "failed", passes: true}}
	case kindAnswers:
		var es []edge
		for _, e := range s.answers.entries {
			if e.target.id != "" {
				es = append(es, edge{to: e.target, label: e.id})
			}
		}
		return es
	case kindEnd:
		return nil
	default:
		return []edge{{to: s.next, passes: true}}
	}
}

// sign gives the step its signature: its kind, and of an ask what it asks for. An
// answer to one question must not be taken for an answer to another that has
// got its name.
func (s *step) sign() {
	s.signature = string(s.kind)
	if s.kind == kindAsk {
		s.signature += " " + s.ask.kind + " " + s.ask.field
	}
}

// same tells whether a conversation that waited at a step with this signature
// can go on waiting here. Early conversations noted the kind alone.
func (s *step) same(signature string) bool {
	return signature == s.signature || signature == string(s.kind)
}

// waits tells whether the step always waits for the visitor, or ends.
func (s *step) waits() bool {
	return s.kind == kindChoices || s.kind == kindAnswers || s.kind == kindEnd
}

// contactTypes are types whose values are contact details wherever they are
// asked; a field the site names is one too, whatever its type.
func contactType(kind string) bool {
	return kind == "name" || kind == "email" || kind == "phone"
}

// Purposes lists what the flow asks consent for, in the order of its steps.
func (f *Flow) Purposes() []string {
	var all []string
	for i := range f.steps {
		if c := f.steps[i].consent; c != nil {
			for _, p := range c.purposes {
				if !slices.Contains(all, p) {
					all = append(all, p)
				}
			}
		}
	}
	return all
}

// ContactFields lists the contact fields that the flow asks for, whatever the
// site, in the order of its steps.
func (f *Flow) ContactFields() []string {
	var all []string
	for i := range f.steps {
		if a := f.steps[i].ask; a != nil && contactType(a.kind) && !slices.Contains(all, a.field) {
			all = append(all, a.field)
		}
	}
	return all
}
