package flowgraph

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// A route is the line of a way: where it begins, the points it runs through
// layer by layer, and where it ends.
type route struct {
	path string
	// tip is the end the arrow points at; up: it is entered from below.
	tipX, tipY float64
	up         bool
}

// arrowLength is left free at the end of a line for its arrow.
const arrowLength = 8.0

// ports spread the ends of ways along the edges of cards, in the order of where
// the ways come from, so that they do not cross there.
type ports map[[2]int]float64 // by way and end (0 upper, 1 lower): x

func (d *drawing) ports() ports {
	p := ports{}
	for v := range d.graph.Nodes {
		for end := range 2 {
			var ways []int
			for i := range d.ways {
				if (end == 0 && d.ways[i].upper() == v) || (end == 1 && d.ways[i].lower() == v) {
					ways = append(ways, i)
				}
			}
			d.spread(p, v, end, ways)
		}
	}
	for i := range d.ways {
		if d.ways[i].role == roleStart {
			p[[2]int{i, 0}] = d.vertices[d.ways[i].from].x
		}
	}
	return p
}

// spread gives the ends of ways at one edge of a card their places.
func (d *drawing) spread(p ports, v, end int, ways []int) {
	toward := func(i int) float64 {
		chain := d.ways[i].chain
		if end == 0 {
			return d.vertices[chain[1]].x
		}
		return d.vertices[chain[len(chain)-2]].x
	}
	slices.SortStableFunc(ways, func(a, b int) int { return cmp.Compare(toward(a), toward(b)) })
	box := d.vertices[v]
	const corner, widest = 18.0, 30.0
	step := 0.0
	if len(ways) > 1 {
		step = min(widest, (box.w-2*corner)/float64(len(ways)-1))
	}
	for n, i := range ways {
		p[[2]int{i, end}] = box.x + (float64(n)-float64(len(ways)-1)/2)*step
	}
	// A single way goes straight where it can.
	if len(ways) == 1 {
		half := box.w/2 - corner
		p[[2]int{ways[0], end}] = min(max(toward(ways[0]), box.x-half), box.x+half)
	}
}

// route draws a way from its upper end down. Within a layer it runs straight, so
// that it can touch nothing that stands there; between layers it bends.
func (d *drawing) route(i int, p ports) route {
	w := &d.ways[i]
	first, last := w.upper(), w.lower()
	x, y := p[[2]int{i, 0}], d.vertices[first].y+d.vertices[first].h
	var b strings.Builder
	r := route{}
	if w.turned {
		r.up, r.tipX, r.tipY = true, x, y
		y += arrowLength
	}
	fmt.Fprintf(&b, "M%s %s", num(x), num(y))
	for _, v := range w.chain[1:] {
		at := d.vertices[v]
		below := at.x
		if v == last {
			below = p[[2]int{i, 1}]
		}
		x, y = d.bend(&b, x, y, below, at.y, w, v == last)
	}
	if !w.turned {
		r.tipX, r.tipY = p[[2]int{i, 1}], d.vertices[last].y
	}
	r.path = b.String()
	return r
}

// bend draws from (x, y) through the rest of the layer and down to (toX, toY) in
// the next, and returns where it got.
func (d *drawing) bend(b *strings.Builder, x, y, toX, toY float64, w *way, last bool) (float64, float64) {
	if floor := d.floor(toY); floor > y {
		fmt.Fprintf(b, "V%s", num(floor))
		y = floor
	}
	end := toY
	if last && !w.turned {
		end -= arrowLength
	}
	if math.Abs(x-toX) < 0.5 {
		fmt.Fprintf(b, "V%s", num(end))
		return x, end
	}
	middle := (y + end) / 2
	fmt.Fprintf(b, "C%s %s %s %s %s %s", num(x), num(middle), num(toX), num(middle), num(toX), num(end))
	return toX, end
}

// floor is where the layer above the one that begins at y ends.
func (d *drawing) floor(y float64) float64 {
	for i := 1; i < len(d.layers); i++ {
		if d.vertices[d.layers[i][0]].y == y {
			return d.bottom(d.layers[i-1][0])
		}
	}
	return 0
}

// num writes a coordinate with one decimal at most: pictures stay small, and the
// same on every machine.
func num(f float64) string {
	s := fmt.Sprintf("%.1f", f)
	return strings.TrimSuffix(s, ".0")
}
