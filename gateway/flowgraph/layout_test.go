package flowgraph

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zgoda/botengine"
)

// randomGraph makes a graph as flows have them: most ways lead to a later step,
// some back, some nowhere new.
func randomGraph(t *rapid.T) *botengine.Graph {
	g := &botengine.Graph{Name: "random", Hash: "sha256:0123456789abcdef", Locale: "en", File: "random.yaml"}
	kinds := []string{"say", "choices", "ask", "consent", "branch", "end", "answers", "set", "goto"}
	roles := []botengine.EdgeRole{
		botengine.RoleNext, botengine.RoleChoice, botengine.RoleGranted, botengine.RoleDeclined, botengine.RoleFailed, botengine.RoleCase,
	}
	n := rapid.IntRange(1, 25).Draw(t, "steps")
	for i := range n {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		node := botengine.GraphNode{
			ID: fmt.Sprintf("s%d", i), Kind: kind, Waits: kind == "choices" || kind == "ask" || kind == "consent", Ends: kind == "end",
			Text:      strings.Repeat("word ", rapid.IntRange(0, 30).Draw(t, "words")),
			Unreached: rapid.IntRange(0, 9).Draw(t, "unreached") == 0,
		}
		for j := range rapid.IntRange(0, 4).Draw(t, "items") {
			node.Items = append(node.Items, fmt.Sprintf("item %d", j))
		}
		g.Nodes = append(g.Nodes, node)
		for range rapid.IntRange(0, 4).Draw(t, "ways") {
			to := rapid.IntRange(0, n-1).Draw(t, "to")
			if rapid.IntRange(0, 4).Draw(t, "back") > 0 {
				to = min(i+rapid.IntRange(1, 4).Draw(t, "on"), n-1)
			}
			g.Edges = append(g.Edges, botengine.GraphEdge{
				From: i, To: to, Role: rapid.SampledFrom(roles).Draw(t, "role"),
				Label: strings.Repeat("label ", rapid.IntRange(0, 8).Draw(t, "label")),
			})
		}
	}
	return g
}

// laidOut runs the layout without drawing.
func laidOut(g *botengine.Graph) *drawing {
	d := newDrawing(g)
	d.turn()
	d.rank()
	d.chain()
	d.arrange()
	d.placeX()
	d.placeY(titleHeight + marginTop)
	return d
}

type rectangle struct {
	name                     string
	left, top, right, bottom float64
	way                      int // of a label, else -1
	step                     int // of a card, else -1
}

func rectangles(d *drawing) []rectangle {
	var rs []rectangle
	of := map[int]int{}
	for i := range d.ways {
		for _, v := range d.ways[i].chain[1 : len(d.ways[i].chain)-1] {
			of[v] = i
		}
	}
	for i := range d.vertices {
		v := &d.vertices[i]
		r := rectangle{left: v.x - v.w/2, right: v.x + v.w/2, top: v.y, bottom: v.y + v.h, way: -1, step: -1}
		switch {
		case v.card != nil:
			r.name, r.step = "step "+v.card.node.ID, i
		case v.label != nil:
			r.name, r.way = "label "+v.label.lines[0], of[i]
		default:
			continue
		}
		rs = append(rs, r)
	}
	return rs
}

// points samples a path of M, V and C.
func points(t *rapid.T, path string) [][2]float64 {
	path = strings.NewReplacer("M", " M ", "V", " V ", "C", " C ").Replace(path)
	words := strings.Fields(path)
	take := func() float64 {
		var f float64
		if _, err := fmt.Sscan(words[0], &f); err != nil {
			t.Fatalf("path %q: %v", path, err)
		}
		words = words[1:]
		return f
	}
	var out [][2]float64
	var x, y float64
	for len(words) > 0 {
		command := words[0]
		words = words[1:]
		switch command {
		case "M":
			x, y = take(), take()
			out = append(out, [2]float64{x, y})
		case "V":
			to := take()
			for i := 1; i <= 20; i++ {
				out = append(out, [2]float64{x, y + (to-y)*float64(i)/20})
			}
			y = to
		case "C":
			x1, y1, x2, y2, x3, y3 := take(), take(), take(), take(), take(), take()
			for i := 1; i <= 20; i++ {
				s := float64(i) / 20
				a, b, c, e := math.Pow(1-s, 3), 3*s*(1-s)*(1-s), 3*s*s*(1-s), s*s*s
				out = append(out, [2]float64{a*x + b*x1 + c*x2 + e*x3, a*y + b*y1 + c*y2 + e*y3})
			}
			x, y = x3, y3
		default:
			t.Fatalf("path %q has a %q", path, command)
		}
	}
	return out
}

// TestNothingCoversAnything: no step and no label covers another, no line runs
// through a step or through another way's label, and all of it is in view.
func TestNothingCoversAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := laidOut(randomGraph(t))
		rs := rectangles(d)
		for i, a := range rs {
			if a.left < 0 || a.top < titleHeight || a.right > d.w || a.bottom > d.h {
				t.Fatalf("%s is not in view", a.name)
			}
			for _, b := range rs[i+1:] {
				if a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom {
					t.Fatalf("%s and %s cover each other", a.name, b.name)
				}
			}
		}
		ports := d.ports()
		for i := range d.ways {
			for _, p := range points(t, d.route(i, ports).path) {
				for _, r := range rs {
					const skin = 0.3 // a line may touch the frame it ends at
					inside := p[0] > r.left+skin && p[0] < r.right-skin && p[1] > r.top+skin && p[1] < r.bottom-skin
					if inside && r.way != i {
						t.Fatalf("the way %d → %d runs through %s at %v", d.ways[i].from, d.ways[i].to, r.name, p)
					}
				}
			}
		}
	})
}

// TestTheSameFlowGivesTheSameBytes, so that pictures can be compared.
func TestTheSameFlowGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := randomGraph(t)
		if a, b := SVG(g), SVG(g); string(a) != string(b) {
			t.Fatal("two pictures of one graph differ")
		}
	})
}
