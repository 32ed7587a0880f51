package flowgraph

import (
	"slices"
	"strings"

	"zgoda/botengine"
)

// A legend says what the colours and lines mean, of those that are in the
// picture.
type legend []entry

type entry struct {
	class string // of a card, or "way " + role
	icon  *botengine.GraphNode
	text  string
}

const (
	legendLeast = 460.0
	legendLine  = 26.0
	legendTop   = 22.0
	swatch      = 26.0
)

// known are all entries a legend may have.
var known = []entry{
	{classSay, nil, "says something"},
	{classWait, &botengine.GraphNode{Waits: true}, "waits for the visitor"},
	{classConsent, &botengine.GraphNode{Waits: true}, "consent gate: waits for the card's answer"},
	{classContact, &botengine.GraphNode{Waits: true}, "asks for a contact field, under a grant only"},
	{classLogic, nil, "decides, sets, leads elsewhere"},
	{classOutside, nil, "people and other systems"},
	{classEnd, &botengine.GraphNode{Ends: true}, "ends the flow"},
	{"wrong", nil, "cannot be reached, or wrong"},
	{"way " + string(botengine.RoleGranted), nil, "after a yes"},
	{"way " + string(botengine.RoleDeclined), nil, "after a no"},
	{"way " + string(botengine.RoleFailed), nil, "when it did not work out"},
	{"way " + string(botengine.RoleCase), nil, "when the condition holds"},
}

func (d *drawing) legend() legend {
	present := map[string]bool{}
	anywhere := false
	for i := range d.graph.Nodes {
		n := &d.graph.Nodes[i]
		present[classOf(n)] = true
		present["wrong"] = present["wrong"] || n.Unreached || len(n.Problems) > 0
		anywhere = anywhere || n.Anywhere
	}
	for i := range d.ways {
		present["way "+string(d.ways[i].role)] = true
	}
	l := legend(slices.DeleteFunc(slices.Clone(known), func(e entry) bool { return !present[e.class] }))
	if len(d.graph.Notes) > 0 {
		l = append(l, entry{"", nil, "Every wait: " + strings.Join(d.graph.Notes, ", ") + "."})
	}
	if anywhere {
		l = append(l, entry{"", nil, "Typed questions are answered at every wait by the entries of “answers”."})
	}
	return l
}

func (e *entry) width() float64 {
	w := width(e.text, smallSize) + 22
	if e.class != "" {
		w += swatch + 8
	}
	return w
}

// lines breaks the legend into lines of at most room.
func (l legend) lines(room float64) [][]entry {
	var lines [][]entry
	used := 0.0
	for _, e := range l {
		if len(lines) == 0 || used+e.width() > room {
			lines = append(lines, nil)
			used = 0
		}
		lines[len(lines)-1] = append(lines[len(lines)-1], e)
		used += e.width()
	}
	return lines
}

func (l legend) height(w float64) float64 {
	return legendTop + float64(len(l.lines(w-2*marginSide)))*legendLine + 12
}

func (l legend) draw(p *pen, top, w float64) {
	p.f(`<g class="legend"><path class="rule" d="M%s %sH%s"/>`+"\n", num(marginSide), num(top+6), num(w-marginSide))
	y := top + legendTop
	for _, line := range l.lines(w - 2*marginSide) {
		x := marginSide
		for _, e := range line {
			e.draw(p, x, y)
			x += e.width()
		}
		y += legendLine
	}
	p.f("</g>\n")
}

func (e *entry) draw(p *pen, x, y float64) {
	const h = 16.0
	switch {
	case e.class == "":
		p.text("item", x, y+12, e.text)
		return
	case len(e.class) > 4 && e.class[:4] == "way ":
		p.f(`<g class="%s"><path d="M%s %sH%s"/><polygon points="%s,%s %s,%s %s,%s"/></g>`+"\n", e.class,
			num(x), num(y+h/2), num(x+swatch-arrowLength), num(x+swatch), num(y+h/2),
			num(x+swatch-arrowLength), num(y+h/2-4.5), num(x+swatch-arrowLength), num(y+h/2+4.5))
	default:
		radius := 4.0
		if e.class == classEnd {
			radius = h / 2
		}
		p.f(`<g class="step %s"><rect class="box" x="%s" y="%s" width="%s" height="%s" rx="%s"/>`+"\n",
			e.class, num(x), num(y), num(swatch), num(h), num(radius))
		if e.icon != nil {
			icon(p, e.icon, x+swatch/2, y+h/2)
		}
		p.f("</g>\n")
	}
	p.text("item", x+swatch+8, y+12, e.text)
}
