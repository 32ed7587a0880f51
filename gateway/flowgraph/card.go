package flowgraph

import (
	"strings"

	"zgoda/botengine"
)

// Sizes of a drawing, in pixels.
const (
	textSize  = 13.0
	smallSize = 11.5
	labelSize = 11.5
	lineStep  = 17.0
	smallStep = 15.0

	cardRoom  = 224.0 // for the text in a card
	padX      = 12.0
	headH     = 26.0
	padBottom = 10.0
	labelRoom = 150.0
	labelPadX = 6.0
	labelPadY = 3.0
	iconRoom  = 20.0

	maxTextLines = 3
	maxItems     = 8
)

// A card is a step with its texts broken into lines, and its size.
type card struct {
	node  *botengine.GraphNode
	class string
	id    string
	tag   string
	lines []string
	items []string
	w, h  float64
}

// classes of cards: how they look, and what the legend says of them.
const (
	classSay     = "say"
	classWait    = "wait"
	classContact = "contact"
	classConsent = "consent"
	classLogic   = "logic"
	classOutside = "outside"
	classEnd     = "end"
)

// tags are what a card says its step does.
var tags = map[string]string{"goto": "go to", "consent": "consent gate"}

func classOf(n *botengine.GraphNode) string {
	switch {
	case n.Kind == "consent":
		return classConsent
	case n.Kind == "handoff" || n.Kind == "webhook":
		return classOutside
	case n.Contact:
		return classContact
	case n.Ends:
		return classEnd
	case n.Waits:
		return classWait
	case n.Kind == "say":
		return classSay
	}
	return classLogic
}

// newCard lays a step's texts out. again are the labels of ways that lead from
// the step to itself.
func newCard(n *botengine.GraphNode, again []string) card {
	c := card{node: n, class: classOf(n), id: n.ID, tag: n.Kind}
	if t := tags[n.Kind]; t != "" {
		c.tag = t
	}
	c.lines = wrap(n.Text, textSize, cardRoom, maxTextLines)
	items := n.Items
	if len(items) > maxItems {
		items = append(append([]string{}, items[:maxItems-1]...), "…")
	}
	for _, item := range items {
		c.items = append(c.items, shorten("· "+item, smallSize, cardRoom))
	}
	for _, label := range again {
		c.items = append(c.items, shorten(strings.TrimSpace("↻ again: "+label), smallSize, cardRoom))
	}
	if n.Unreached {
		c.items = append(c.items, "✕ cannot be reached")
	}
	for _, p := range n.Problems {
		if !n.Unreached || !strings.HasSuffix(p, "cannot be reached from the start") {
			c.items = append(c.items, wrap("✕ "+p, smallSize, cardRoom, maxTextLines)...)
		}
	}
	c.id = shorten(n.ID, textSize, cardRoom-width(c.tag, smallSize)-2*iconRoom)
	c.size()
	return c
}

func (c *card) size() {
	room := boldWidth(c.id, textSize) + 24 + width(c.tag, smallSize)
	if c.node.Waits || c.node.Ends {
		room += iconRoom
	}
	for _, l := range c.lines {
		room = max(room, width(l, textSize))
	}
	for _, i := range c.items {
		room = max(room, width(i, smallSize))
	}
	c.w = max(room, 110) + 2*padX
	c.h = headH
	if n := len(c.lines) + len(c.items); n > 0 {
		c.h += 6 + float64(len(c.lines))*lineStep + c.between() + float64(len(c.items))*smallStep + padBottom
	}
}

// between is the room between what a step says and what else is in it.
func (c *card) between() float64 {
	if len(c.lines) > 0 && len(c.items) > 0 {
		return 4
	}
	return 0
}

// A label is the text on a way.
type label struct {
	lines []string
	w, h  float64
}

func newLabel(texts []string) label {
	var l label
	for _, t := range texts {
		lines := 2
		if len(texts) > 1 {
			lines = 1
		}
		l.lines = append(l.lines, wrap(t, labelSize, labelRoom, lines)...)
	}
	const most = 4
	if len(l.lines) > most {
		l.lines = append(l.lines[:most-1], "…")
	}
	for _, s := range l.lines {
		l.w = max(l.w, width(s, labelSize)+2*labelPadX)
	}
	if len(l.lines) > 0 {
		l.h = float64(len(l.lines))*smallStep + 2*labelPadY
	}
	return l
}
