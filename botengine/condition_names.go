package botengine

import "github.com/expr-lang/expr/ast"

// usedNames notes which names an expression reads while it is compiled.
type usedNames struct{ presence, visitor bool }

// Visit implements ast.Visitor.
func (u *usedNames) Visit(node *ast.Node) {
	id, ok := (*node).(*ast.IdentifierNode)
	if !ok {
		return
	}
	switch id.Value {
	case "operators_online", "open":
		u.presence = true
	case "consent", "held":
		u.visitor = true
	}
}
