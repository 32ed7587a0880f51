package flowgraph

import (
	"cmp"
	"math"
	"slices"
)

// Distances between neighbours of a layer.
const (
	gapCards  = 34.0
	gapPoints = 18.0
)

// apart is how far the centres of two neighbours must be from each other.
func (d *drawing) apart(a, b int) float64 {
	gap := gapPoints
	if !d.vertices[a].point() && !d.vertices[b].point() {
		gap = gapCards
	}
	return d.vertices[a].w/2 + gap + d.vertices[b].w/2
}

// placeX gives every vertex its x: the mean of the two middle ones of four
// layouts that lean to the four corners (Brandes and Köpf, 2001).
func (d *drawing) placeX() {
	conflicts := d.conflicts()
	var all [][]float64
	for _, down := range []bool{true, false} {
		for _, left := range []bool{true, false} {
			xs := d.lean(down, left, conflicts)
			if !left {
				for i := range xs {
					xs[i] = -xs[i]
				}
			}
			all = append(all, xs)
		}
	}
	d.together(all)
	four := make([]float64, len(all))
	for v := range d.vertices {
		for i := range all {
			four[i] = all[i][v]
		}
		slices.Sort(four)
		d.vertices[v].x = (four[1] + four[2]) / 2
	}
}

// together shifts the four layouts onto the narrowest: those that lean left by
// their left edge, the others by their right one.
func (d *drawing) together(all [][]float64) {
	edges := func(xs []float64) (low, high float64) {
		low, high = math.Inf(1), math.Inf(-1)
		for v, x := range xs {
			low, high = min(low, x-d.vertices[v].w/2), max(high, x+d.vertices[v].w/2)
		}
		return low, high
	}
	slim := slices.MinFunc(all, func(a, b []float64) int {
		al, ah := edges(a)
		bl, bh := edges(b)
		return cmp.Compare(ah-al, bh-bl)
	})
	low, high := edges(slim)
	for i, xs := range all {
		l, h := edges(xs)
		shift := low - l
		if i%2 == 1 {
			shift = high - h
		}
		for v := range xs {
			xs[v] += shift
		}
	}
}

// A segment is a piece of a way between two layers, named by its ends.
type segment struct{ upper, lower int }

// conflicts marks the pieces that cross an inner piece of a long way, one whose
// ends are both points: the long way is kept straight and they give way.
func (d *drawing) conflicts() map[segment]bool {
	marked := map[segment]bool{}
	for i := 1; i < len(d.layers); i++ {
		above, layer := d.layers[i-1], d.layers[i]
		left, from := -1, 0
		for j, v := range layer {
			w, inner := d.innerAbove(v)
			if !inner && j < len(layer)-1 {
				continue
			}
			right := len(above)
			if inner {
				right = d.vertices[w].order
			}
			for _, x := range layer[from : j+1] {
				for _, u := range d.vertices[x].in {
					at := d.vertices[u].order
					_, xInner := d.innerAbove(x)
					if (at < left || at > right) && !xInner {
						marked[segment{u, x}] = true
					}
				}
			}
			left, from = right, j+1
		}
	}
	return marked
}

// innerAbove is the point above a point, if it has one.
func (d *drawing) innerAbove(v int) (int, bool) {
	if !d.vertices[v].point() || len(d.vertices[v].in) != 1 {
		return 0, false
	}
	w := d.vertices[v].in[0]
	return w, d.vertices[w].point()
}

// lean lines vertices up with their median neighbours above (or below) and packs
// the columns so made to the left (or, mirrored, to the right).
func (d *drawing) lean(down, left bool, conflicts map[segment]bool) []float64 {
	layers := d.saved()
	if !down {
		slices.Reverse(layers)
	}
	if !left {
		for _, l := range layers {
			slices.Reverse(l)
		}
	}
	place := make([]int, len(d.vertices))
	for _, l := range layers {
		for i, v := range l {
			place[v] = i
		}
	}
	root := make([]int, len(d.vertices))
	next := make([]int, len(d.vertices))
	for v := range root {
		root[v], next[v] = v, v
	}
	for _, layer := range layers {
		last := -1
		for _, v := range layer {
			near := slices.Clone(d.vertices[v].in)
			if !down {
				near = slices.Clone(d.vertices[v].out)
			}
			slices.SortFunc(near, func(a, b int) int { return place[a] - place[b] })
			for m := (len(near) - 1) / 2; m <= len(near)/2 && m < len(near); m++ {
				u := near[m]
				s := segment{u, v}
				if !down {
					s = segment{v, u}
				}
				if next[v] == v && last < place[u] && !conflicts[s] {
					next[u], root[v] = v, root[u]
					next[v] = root[v]
					last = place[u]
				}
			}
		}
	}
	return d.pack(layers, root)
}

// pack gives every column the smallest x that keeps it apart from the columns
// left of it, and then moves it as far to the right as its right neighbours let
// it, so that columns stand close together.
func (d *drawing) pack(layers [][]int, root []int) []float64 {
	type link struct {
		to   int
		away float64
	}
	rights, lefts := make([][]link, len(root)), make([][]link, len(root))
	waiting := make([]int, len(root))
	for _, layer := range layers {
		for i := 1; i < len(layer); i++ {
			a, b := root[layer[i-1]], root[layer[i]]
			away := d.apart(layer[i-1], layer[i])
			rights[a] = append(rights[a], link{b, away})
			lefts[b] = append(lefts[b], link{a, away})
			waiting[b]++
		}
	}
	var order []int
	for v := range root {
		if root[v] == v && waiting[v] == 0 {
			order = append(order, v)
		}
	}
	x := make([]float64, len(root))
	for i := 0; i < len(order); i++ {
		v := order[i]
		for _, l := range lefts[v] {
			x[v] = max(x[v], x[l.to]+l.away)
		}
		for _, r := range rights[v] {
			if waiting[r.to]--; waiting[r.to] == 0 {
				order = append(order, r.to)
			}
		}
	}
	for _, v := range slices.Backward(order) {
		room := math.Inf(1)
		for _, r := range rights[v] {
			room = min(room, x[r.to]-r.away)
		}
		if !math.IsInf(room, 1) {
			x[v] = max(x[v], room)
		}
	}
	for v := range x {
		x[v] = x[root[v]]
	}
	return x
}

// Distances between layers: a gap grows with how far its ways go sideways, so
// that no curve gets flat.
const (
	gapLayers    = 20.0
	gapMost      = 90.0
	gapPerSide   = 0.12
	marginSide   = 28.0
	marginBottom = 24.0
)

// placeY stacks the layers below top, and shifts everything into view.
func (d *drawing) placeY(top float64) {
	y := top
	for i, layer := range d.layers {
		height := 0.0
		for _, v := range layer {
			d.vertices[v].y = y
			height = max(height, d.vertices[v].h)
		}
		gap, widest := gapLayers, 0.0
		for _, v := range layer {
			for _, w := range d.vertices[v].out {
				widest = max(widest, math.Abs(d.vertices[v].x-d.vertices[w].x))
			}
		}
		if i == len(d.layers)-1 {
			gap = marginBottom
		}
		y += height + min(gap+widest*gapPerSide, gapMost)
	}
	d.h = y
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range d.vertices {
		low, high = min(low, v.x-v.w/2), max(high, v.x+v.w/2)
	}
	for i := range d.vertices {
		d.vertices[i].x += marginSide - low
	}
	d.w = high - low + 2*marginSide
}

// bottom is where the layer of a vertex ends.
func (d *drawing) bottom(v int) float64 {
	low := 0.0
	for _, u := range d.layers[d.vertices[v].rank] {
		low = max(low, d.vertices[u].y+d.vertices[u].h)
	}
	return low
}
