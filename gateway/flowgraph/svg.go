package flowgraph

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"strings"

	"zgoda/botengine"
)

// SVG draws a graph. The picture fits light and dark surroundings, loads nothing
// and runs nothing.
func SVG(g *botengine.Graph) []byte {
	d := newDrawing(g)
	d.turn()
	d.rank()
	d.chain()
	d.arrange()
	d.placeX()
	d.placeY(titleHeight + marginTop)

	p := &pen{}
	legend := d.legend()
	d.w = max(d.w, d.titleWidth(), legendLeast)
	legendHeight := legend.height(d.w)
	p.f(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-labelledby="t d">`+"\n",
		num(d.w), num(d.h+legendHeight), num(d.w), num(d.h+legendHeight))
	p.f("<title id=\"t\">%s</title>\n<desc id=\"d\">%s</desc>\n", escape("Flow "+g.Name), escape(d.summary()))
	p.f("<style>%s</style>\n", style)
	p.f(`<rect class="page" width="100%%" height="100%%"/>` + "\n")
	d.title(p)
	shift := (d.w - d.contentWidth()) / 2
	p.f(`<g transform="translate(%s 0)">`+"\n", num(shift))
	ports := d.ports()
	for i := range d.ways {
		d.way(p, i, ports)
	}
	for i := range d.vertices {
		v := &d.vertices[i]
		switch {
		case v.card != nil:
			v.draw(p, i == 0)
		case v.label != nil:
			v.drawLabel(p)
		case v.w == startSize:
			p.f(`<circle class="start" cx="%s" cy="%s" r="%d"/>`+"\n", num(v.x), num(v.y+startSize/2), startSize/2)
		}
	}
	p.f("</g>\n")
	legend.draw(p, d.h, d.w)
	p.f("</svg>\n")
	return p.b.Bytes()
}

// A pen writes SVG.
type pen struct{ b bytes.Buffer }

func (p *pen) f(format string, args ...any) { fmt.Fprintf(&p.b, format, args...) }

// escape makes a text part of XML.
func escape(s string) string {
	var b strings.Builder
	// Writing to a Builder does not fail.
	_ = xml.EscapeText(&b, []byte(printable(s)))
	return b.String()
}

func (p *pen) text(class string, x, y float64, s string) {
	p.f(`<text class="%s" x="%s" y="%s">%s</text>`+"\n", class, num(x), num(y), escape(s))
}

// Heights around the graph.
const (
	titleHeight = 62.0
	marginTop   = 10.0
)

// title names the flow and the version that is drawn.
func (d *drawing) title(p *pen) {
	p.text("name", marginSide, 34, shorten(d.graph.Name, 20, d.w-2*marginSide))
	p.text("sub", marginSide, 54, shorten(d.subtitle(), smallSize, d.w-2*marginSide))
}

// shortHash is how many digits of the hash are shown: enough to tell versions
// apart, and what `zgoda flow chat` shows too.
const shortHash = 12

func (d *drawing) subtitle() string {
	hash := strings.TrimPrefix(d.graph.Hash, "sha256:")
	return fmt.Sprintf("%s · sha256:%s · %s", d.graph.Locale, hash[:min(shortHash, len(hash))], filepath.Base(d.graph.File))
}

func (d *drawing) titleWidth() float64 {
	return max(boldWidth(d.graph.Name, 20), min(width(d.subtitle(), smallSize), 520)) + 2*marginSide
}

func (d *drawing) contentWidth() float64 {
	right := 0.0
	for _, v := range d.vertices {
		right = max(right, v.x+v.w/2)
	}
	return right + marginSide
}

// summary describes the picture for who cannot see it.
func (d *drawing) summary() string {
	s := fmt.Sprintf("%d steps, drawn in %s.", len(d.graph.Nodes), d.graph.Locale)
	for _, e := range d.graph.Edges {
		s += fmt.Sprintf(" %s leads to %s", d.graph.Nodes[e.From].ID, d.graph.Nodes[e.To].ID)
		if e.Label != "" {
			s += " (" + e.Label + ")"
		}
		s += "."
	}
	return s
}

// way draws a line with its arrow.
func (d *drawing) way(p *pen, i int, ports ports) {
	w := &d.ways[i]
	r := d.route(i, ports)
	p.f(`<g class="way %s"><path d="%s"/>`, w.role, r.path)
	back := -arrowLength
	if r.up {
		back = arrowLength
	}
	p.f(`<polygon points="%s,%s %s,%s %s,%s"/>`, num(r.tipX), num(r.tipY),
		num(r.tipX-4.5), num(r.tipY+back), num(r.tipX+4.5), num(r.tipY+back))
	if len(w.full) > 0 {
		p.f("<title>%s</title>", escape(strings.Join(w.full, " · ")))
	}
	p.f("</g>\n")
}

func (v *vertex) drawLabel(p *pen) {
	left := v.x - v.w/2
	p.f(`<rect class="label" x="%s" y="%s" width="%s" height="%s" rx="4"/>`+"\n", num(left), num(v.y), num(v.w), num(v.h))
	for n, line := range v.label.lines {
		p.text("label", v.x, v.y+labelPadY+float64(n)*smallStep+11.5, line)
	}
}

// draw draws a step.
func (v *vertex) draw(p *pen, first bool) {
	c := v.card
	left, class := v.x-v.w/2, "step "+c.class
	if c.node.Unreached || len(c.node.Problems) > 0 {
		class += " wrong"
	}
	radius := 8.0
	if c.node.Ends {
		radius = min(v.h/2, 22)
	}
	p.f(`<g class="%s"><title>%s</title>`+"\n", class, escape(c.tooltip()))
	p.f(`<rect class="box" x="%s" y="%s" width="%s" height="%s" rx="%s"/>`+"\n", num(left), num(v.y), num(v.w), num(v.h), num(radius))
	if c.class == classConsent {
		// A second frame: the gate shows without its colour, too.
		p.f(`<rect class="inner" x="%s" y="%s" width="%s" height="%s" rx="%s"/>`+"\n", num(left+3.5), num(v.y+3.5), num(v.w-7), num(v.h-7), num(radius-3))
	}
	head := v.y + 18
	x := left + padX
	if c.node.Waits || c.node.Ends {
		icon(p, c.node, x+6, v.y+headH/2+1)
		x += iconRoom
	}
	p.text("id", x, head, c.id)
	p.text("tag", left+v.w-padX, head, c.tag)
	y := v.y + headH + 6
	for _, line := range c.lines {
		p.text("say", left+padX, y+12, line)
		y += lineStep
	}
	y += c.between()
	for _, item := range c.items {
		class := "item"
		if strings.HasPrefix(item, "✕") {
			class = "item bad"
		}
		p.text(class, left+padX, y+11, item)
		y += smallStep
	}
	p.f("</g>\n")
}

// icon draws a clock where the flow waits, and a stop sign where it ends.
func icon(p *pen, n *botengine.GraphNode, x, y float64) {
	if n.Ends {
		p.f(`<rect class="icon full" x="%s" y="%s" width="9" height="9" rx="1.5"/>`+"\n", num(x-4.5), num(y-4.5))
		return
	}
	p.f(`<path class="icon" d="M%s %sa6 6 0 1 0 .01 0zM%s %sV%sH%s"/>`+"\n", num(x), num(y-6), num(x), num(y-3.5), num(y), num(x+2.8))
}

// tooltip is all there is to say about a step.
func (c *card) tooltip() string {
	parts := []string{c.node.ID + " (" + c.tag + ")"}
	if c.node.Text != "" {
		parts = append(parts, c.node.Text)
	}
	parts = append(parts, c.node.Items...)
	return strings.Join(append(parts, c.node.Problems...), "\n")
}
