package flowgraph

import (
	"fmt"
	"strings"

	"zgoda/botengine"
)

// Mermaid writes a graph as a Mermaid flowchart, for pages that draw those. Names
// and texts are quoted: none of them can become part of the chart's language.
func Mermaid(g *botengine.Graph) []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	d := &drawing{graph: g}
	line("---")
	line("title: %q", printable(g.Name+" · "+d.subtitle()))
	line("---")
	line("flowchart TD")
	line("  start(( )) --> n0")
	classes := map[string][]string{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		left, right := mermaidShape(n)
		line("  n%d%s%s%s", i, left, quoteMermaid(mermaidText(n)), right)
		class := classOf(n)
		if n.Unreached || len(n.Problems) > 0 {
			class = "wrong"
		}
		classes[class] = append(classes[class], fmt.Sprintf("n%d", i))
	}
	for _, e := range g.Edges {
		arrow := "-->"
		if e.Role == botengine.RoleDeclined || e.Role == botengine.RoleFailed {
			arrow = "-.->"
		}
		if e.Label != "" {
			arrow += "|" + quoteMermaid(shorten(e.Label, labelSize, 2*labelRoom)) + "|"
		}
		line("  n%d %s n%d", e.From, arrow, e.To)
	}
	for _, c := range mermaidClasses {
		if len(classes[c.name]) > 0 {
			// A class of the name "end" would end something.
			line("  classDef %sStep %s", c.name, c.style)
			line("  class %s %sStep", strings.Join(classes[c.name], ","), c.name)
		}
	}
	return []byte(b.String())
}

// mermaidShape frames a step: hexagons for gates, slanted boxes where the flow
// waits, rounded ones where it ends.
func mermaidShape(n *botengine.GraphNode) (left, right string) {
	switch {
	case n.Kind == "consent":
		return "{{", "}}"
	case n.Kind == "branch":
		return "{", "}"
	case n.Ends:
		return "([", "])"
	case n.Waits:
		return "[/", "/]"
	}
	return "[", "]"
}

func mermaidText(n *botengine.GraphNode) string {
	parts := []string{n.ID + " (" + n.Kind + ")"}
	parts = append(parts, wrap(n.Text, textSize, cardRoom, maxTextLines)...)
	for i, item := range n.Items {
		if i == maxItems-1 && len(n.Items) > maxItems {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, shorten("· "+item, smallSize, cardRoom))
	}
	if n.Unreached {
		parts = append(parts, "✕ cannot be reached")
	}
	return strings.Join(parts, "\n")
}

// mermaidEscapes are the characters that mean something to Mermaid, or to the
// HTML or Markdown it makes of a label. Entities are written with # there.
var mermaidEscapes = strings.NewReplacer(
	"#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;", "*", "#42;", "_", "#95;", `\`, "#92;",
)

func quoteMermaid(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = mermaidEscapes.Replace(printable(lines[i]))
	}
	return `"` + strings.Join(lines, "<br/>") + `"`
}

// mermaidClasses are the colours, as of the SVG.
var mermaidClasses = []struct{ name, style string }{
	{classSay, "fill:#f3f5f8,stroke:#8b97a8,color:#1c2430"},
	{classWait, "fill:#e3eefc,stroke:#2f6fc0,color:#1c2430"},
	{classContact, "fill:#e3eefc,stroke:#b26a00,stroke-width:3px,color:#1c2430"},
	{classConsent, "fill:#ffe9bd,stroke:#b26a00,stroke-width:3px,color:#1c2430"},
	{classLogic, "fill:#efe6fa,stroke:#7a4fb5,color:#1c2430"},
	{classOutside, "fill:#dcf3ef,stroke:#1d7d70,color:#1c2430"},
	{classEnd, "fill:#e2e5ea,stroke:#3f4a5a,stroke-width:2px,color:#1c2430"},
	{"wrong", "fill:#ffffff,stroke:#c02626,stroke-width:2px,stroke-dasharray:6 4,color:#a31515"},
}
