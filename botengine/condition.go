package botengine

import (
	"errors"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"
	"go.yaml.in/yaml/v4"
)

// A conditionEnv is what an expression can see. It holds plain values only: the
// methods of a value would be callable from a flow.
type conditionEnv struct {
	Vars      map[string]string `expr:"vars"`
	Consent   map[string]string `expr:"consent"`
	Held      map[string]bool   `expr:"held"`
	Locale    string            `expr:"locale"`
	Page      string            `expr:"page"`
	Operators int               `expr:"operators_online"`
	Open      bool              `expr:"open"`
}

// A condition is a compiled expression.
type condition struct {
	source  string
	at      position
	program *vm.Program
	// presence: it reads who is online or whether it is opening time; visitor:
	// it reads what is known about the visitor. Neither is known for a greeting.
	presence, visitor bool
}

// maxCondition bounds an expression's source in bytes.
const maxCondition = 500

// condition compiles the expression in n.
func (r *reader) condition(n *yaml.Node) *condition {
	src := r.str(n, "when.if")
	c := &condition{source: src, at: at(n)}
	if len(src) > maxCondition {
		r.problem(at(n), "the condition is longer than %d characters", maxCondition)
		return c
	}
	seen := &usedNames{}
	program, err := expr.Compile(src, expr.Env(conditionEnv{}), expr.AsBool(), expr.MaxNodes(200),
		expr.DisableAllBuiltins(), expr.EnableBuiltin("len"), expr.EnableBuiltin("lower"), expr.Patch(seen))
	if err != nil {
		r.conditionProblem(n, err)
		return c
	}
	c.program, c.presence, c.visitor = program, seen.presence, seen.visitor
	return c
}

// conditionProblem reports a wrong expression at its own place, with a caret
// under it.
func (r *reader) conditionProblem(n *yaml.Node, err error) {
	p := at(n)
	var fe *file.Error
	if !errors.As(err, &fe) {
		r.problem(p, "wrong condition: %v", err)
		return
	}
	if fe.Line == 1 {
		p.column += fe.Column
		if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			p.column++
		}
	}
	r.problem(p, "wrong condition: %s%s", fe.Message, strings.ReplaceAll(fe.Snippet, "\n | ", "\n    | "))
}

// holds evaluates a condition. An expression that fails at run time does not
// hold: the flow goes on at the next case, and at else in the end.
func (t *turn) conditionHolds(c *condition) bool {
	out, err := expr.Run(c.program, t.conditionEnv())
	if err != nil {
		return false
	}
	ok, _ := out.(bool)
	return ok
}

func (t *turn) conditionEnv() conditionEnv {
	env := conditionEnv{
		Vars: t.s.Vars, Consent: map[string]string{}, Held: map[string]bool{},
		Locale: t.s.Locale, Page: t.s.Page, Operators: t.in.Operators, Open: t.b.settings.Hours.Open(t.now),
	}
	if env.Vars == nil {
		env.Vars = map[string]string{}
	}
	for purpose, c := range t.p.Consents {
		env.Consent[purpose] = c.Status
	}
	for _, f := range t.p.Held {
		env.Held[f] = true
	}
	return env
}
