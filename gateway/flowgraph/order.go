package flowgraph

import (
	"cmp"
	"slices"
)

// sweeps is how often the layers are gone through; a drawing of a flow settles
// long before.
const sweeps = 24

// arrange puts the vertices of each layer into an order with few crossings.
func (d *drawing) arrange() {
	d.first()
	best, bestOrder := d.crossings(), d.saved()
	for i := 0; i < sweeps && best > 0; i++ {
		d.medians(i%2 == 0)
		d.swaps()
		if c := d.crossings(); c < best {
			best, bestOrder = c, d.saved()
		}
	}
	d.layers = bestOrder
	d.number()
}

// first puts the vertices into the order in which they are met from the start,
// depth first, so that the author's first option stands left.
func (d *drawing) first() {
	depth := 0
	for i := range d.vertices {
		depth = max(depth, d.vertices[i].rank)
	}
	d.layers = make([][]int, depth+1)
	seen := make([]bool, len(d.vertices))
	var visit func(v int)
	visit = func(v int) {
		if seen[v] {
			return
		}
		seen[v] = true
		d.layers[d.vertices[v].rank] = append(d.layers[d.vertices[v].rank], v)
		for _, w := range d.vertices[v].out {
			visit(w)
		}
	}
	visit(len(d.graph.Nodes))
	for v := range d.vertices {
		visit(v)
	}
	d.number()
}

func (d *drawing) number() {
	for _, layer := range d.layers {
		for i, v := range layer {
			d.vertices[v].order = i
		}
	}
}

func (d *drawing) saved() [][]int {
	out := make([][]int, len(d.layers))
	for i, l := range d.layers {
		out[i] = slices.Clone(l)
	}
	return out
}

// medians sorts every layer by where its neighbours stand, going down or up.
func (d *drawing) medians(down bool) {
	layers := d.layers
	if !down {
		layers = slices.Clone(d.layers)
		slices.Reverse(layers)
	}
	for _, layer := range layers[1:] {
		at := make(map[int]float64, len(layer))
		for _, v := range layer {
			near := d.vertices[v].in
			if !down {
				near = d.vertices[v].out
			}
			at[v] = d.median(near, float64(d.vertices[v].order))
		}
		slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(at[a], at[b]) })
		for i, v := range layer {
			d.vertices[v].order = i
		}
	}
}

// median is the middle of the places of near; with an even number of them the
// mean of the two in the middle. A vertex with no neighbours keeps its place.
func (d *drawing) median(near []int, unset float64) float64 {
	if len(near) == 0 {
		return unset
	}
	places := make([]int, len(near))
	for i, v := range near {
		places[i] = d.vertices[v].order
	}
	slices.Sort(places)
	m := len(places) / 2
	if len(places)%2 == 1 {
		return float64(places[m])
	}
	return float64(places[m-1]+places[m]) / 2
}

// swaps exchanges neighbours as long as that removes crossings.
func (d *drawing) swaps() {
	for better := true; better; {
		better = false
		for _, layer := range d.layers {
			for i := 0; i+1 < len(layer); i++ {
				a, b := layer[i], layer[i+1]
				if d.between(a, b) <= d.between(b, a) {
					continue
				}
				layer[i], layer[i+1] = b, a
				d.vertices[a].order, d.vertices[b].order = i+1, i
				better = true
			}
		}
	}
}

// between counts the crossings of the ways of a and b when a stands left of b.
func (d *drawing) between(a, b int) int {
	n := 0
	for _, up := range []bool{true, false} {
		as, bs := d.vertices[a].out, d.vertices[b].out
		if up {
			as, bs = d.vertices[a].in, d.vertices[b].in
		}
		for _, x := range as {
			for _, y := range bs {
				if d.vertices[x].order > d.vertices[y].order {
					n++
				}
			}
		}
	}
	return n
}

func (d *drawing) crossings() int {
	n := 0
	for _, layer := range d.layers {
		for i, a := range layer {
			for _, b := range layer[i+1:] {
				for _, x := range d.vertices[a].out {
					for _, y := range d.vertices[b].out {
						if d.vertices[x].order > d.vertices[y].order {
							n++
						}
					}
				}
			}
		}
	}
	return n
}
