package flowgraph

import (
	"zgoda/botengine"
)

// A vertex is what the layout places: a step, the start, or a point of a way.
type vertex struct {
	card  *card  // nil for points and the start
	label *label // of a point that carries a way's label
	w, h  float64
	rank  int
	order int
	x, y  float64 // centre, top
	in    []int   // vertices of the layer above
	out   []int   // vertices of the layer below
}

func (v *vertex) point() bool { return v.card == nil && v.w == 0 || v.label != nil }

// A way is an edge of the drawing: all edges of the graph that lead from one step
// to another in the same role.
type way struct {
	from, to int
	role     botengine.EdgeRole
	label    label
	full     []string // labels as they were
	turned   bool     // it leads back and is laid out the other way round
	chain    []int    // vertices from the upper end to the lower one
}

// A drawing is a graph on its way to a picture.
type drawing struct {
	graph    *botengine.Graph
	vertices []vertex
	ways     []way
	layers   [][]int
	w, h     float64
}

const roleStart botengine.EdgeRole = "start"

// startSize is the diameter of the dot where a conversation begins.
const startSize = 14

func newDrawing(g *botengine.Graph) *drawing {
	d := &drawing{graph: g}
	again := d.collect(g)
	for i := range g.Nodes {
		c := newCard(&g.Nodes[i], again[i])
		d.vertices = append(d.vertices, vertex{card: &c, w: c.w, h: c.h})
	}
	d.vertices = append(d.vertices, vertex{w: startSize, h: startSize})
	d.ways = append([]way{{from: len(g.Nodes), to: 0, role: roleStart}}, d.ways...)
	return d
}

// collect turns edges into ways and returns the labels of those that lead from a
// step to itself.
func (d *drawing) collect(g *botengine.Graph) map[int][]string {
	type key struct {
		from, to int
		role     botengine.EdgeRole
	}
	index := map[key]int{}
	again := map[int][]string{}
	for _, e := range g.Edges {
		if e.From == e.To {
			again[e.From] = append(again[e.From], e.Label)
			continue
		}
		k := key{e.From, e.To, e.Role}
		i, ok := index[k]
		if !ok {
			i = len(d.ways)
			index[k] = i
			d.ways = append(d.ways, way{from: e.From, to: e.To, role: e.Role})
		}
		if e.Label != "" {
			d.ways[i].full = append(d.ways[i].full, e.Label)
		}
	}
	for i := range d.ways {
		d.ways[i].label = newLabel(d.ways[i].full)
	}
	return again
}

// upper and lower are the ends of a way as it is laid out.
func (w *way) upper() int {
	if w.turned {
		return w.to
	}
	return w.from
}

func (w *way) lower() int {
	if w.turned {
		return w.from
	}
	return w.to
}

// turn turns the ways round that close a cycle, going depth first from the start.
func (d *drawing) turn() {
	outs := make([][]int, len(d.vertices))
	for i := range d.ways {
		outs[d.ways[i].from] = append(outs[d.ways[i].from], i)
	}
	const fresh, onPath, done = 0, 1, 2
	mark := make([]int, len(d.vertices))
	var visit func(v int)
	visit = func(v int) {
		mark[v] = onPath
		for _, i := range outs[v] {
			switch to := d.ways[i].to; mark[to] {
			case fresh:
				visit(to)
			case onPath:
				d.ways[i].turned = true
			}
		}
		mark[v] = done
	}
	visit(len(d.graph.Nodes)) // the start
	for v := range d.graph.Nodes {
		if mark[v] == fresh {
			visit(v)
		}
	}
}

// rank gives every step a layer below all that lead to it. Steps stand on even
// layers; the odd ones between them hold labels.
func (d *drawing) rank() {
	outs, waiting := make([][]int, len(d.vertices)), make([]int, len(d.vertices))
	for i := range d.ways {
		u, l := d.ways[i].upper(), d.ways[i].lower()
		outs[u] = append(outs[u], l)
		waiting[l]++
	}
	var order []int
	for v := range d.vertices {
		if waiting[v] == 0 {
			order = append(order, v)
		}
	}
	for i := 0; i < len(order); i++ {
		v := order[i]
		for _, l := range outs[v] {
			d.vertices[l].rank = max(d.vertices[l].rank, d.vertices[v].rank+2)
			if waiting[l]--; waiting[l] == 0 {
				order = append(order, l)
			}
		}
	}
	d.pullDown(order, outs)
}

// pullDown moves a step that nothing, or one way only, leads to down to what it
// leads to, so that its ways get shorter.
func (d *drawing) pullDown(order []int, outs [][]int) {
	ins := make([]int, len(d.vertices))
	for _, ls := range outs {
		for _, l := range ls {
			ins[l]++
		}
	}
	for i := len(order) - 1; i >= 0; i-- {
		v := order[i]
		if len(outs[v]) == 0 || ins[v] >= len(outs[v]) {
			continue
		}
		lowest := d.vertices[outs[v][0]].rank
		for _, l := range outs[v] {
			lowest = min(lowest, d.vertices[l].rank)
		}
		d.vertices[v].rank = max(d.vertices[v].rank, lowest-2)
	}
}

// chain gives every way a point in each layer it passes. The label is the point
// next to the step it leads from.
func (d *drawing) chain() {
	for i := range d.ways {
		w := &d.ways[i]
		top, bottom := d.vertices[w.upper()].rank, d.vertices[w.lower()].rank
		labelled := top + 1
		if w.turned {
			labelled = bottom - 1
		}
		w.chain = []int{w.upper()}
		for r := top + 1; r < bottom; r++ {
			p := vertex{rank: r}
			if r == labelled && w.label.lines != nil {
				p.label, p.w, p.h = &w.label, w.label.w, w.label.h
			}
			w.chain = append(w.chain, len(d.vertices))
			d.vertices = append(d.vertices, p)
		}
		w.chain = append(w.chain, w.lower())
		for j := 1; j < len(w.chain); j++ {
			a, b := w.chain[j-1], w.chain[j]
			d.vertices[a].out = append(d.vertices[a].out, b)
			d.vertices[b].in = append(d.vertices[b].in, a)
		}
	}
}
