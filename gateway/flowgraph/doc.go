// Package flowgraph draws a flow: as SVG, laid out here, and as Mermaid, which
// lays it out itself.
//
//	botengine.Graph ─┬─ measure ─▶ cards ─▶ rank ─▶ order ─▶ place ─▶ SVG
//	                 └─ Mermaid
//
// The layout is the layered one of Sugiyama, Tagawa and Toda (1981). Ways that
// lead back are turned round for it; a way over several layers gets a point in
// each, so that it has room there and crosses no step; its label is such a point
// with the size of its text, so that no label covers another. Crossings are
// reduced by medians and swaps of neighbours (Gansner et al. 1993), and the
// x-coordinates are those of Brandes and Köpf (2001). Between two layers a way is
// a curve, within a layer it runs straight down.
//
// Everything is computed from the graph alone: the same flow gives the same
// bytes. Texts come from the flow's author and are escaped.
package flowgraph
