package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// Plots are SVG written by hand: a few hundred bytes of markup that take their
// colours from the page's style, so that they follow light and dark.

type point struct{ x, y float64 }

// A series is one line of a plot, or dots.
type series struct {
	Name   string
	Class  string // a, b or c of the page's style
	Dots   bool
	Points []point
}

// The plot's inner area in user units; the picture scales to the page.
const (
	plotWidth, plotHeight   = 720.0, 240.0
	plotLeft, plotTop       = 52.0, 12.0
	plotRight, plotBottom   = plotWidth - 10, plotHeight - 26
	innerWidth, innerHeight = plotRight - plotLeft, plotBottom - plotTop
)

// An axis maps values to the height of a plot.
type axis struct {
	low, high float64
	log       bool
}

func (a axis) at(v float64) float64 {
	share := (v - a.low) / (a.high - a.low)
	if a.log {
		share = (math.Log10(max(v, a.low)) - math.Log10(a.low)) / (math.Log10(a.high) - math.Log10(a.low))
	}
	return plotBottom - share*innerHeight
}

// ticks are the axis's marks: powers of ten, or five even steps.
func (a axis) ticks() []float64 {
	var out []float64
	if a.log {
		for v := a.low; v <= a.high*1.001; v *= 10 {
			out = append(out, v)
		}
		return out
	}
	step := niceStep(a.high / 4)
	for v := 0.0; v <= a.high*1.001; v += step {
		out = append(out, v)
	}
	return out
}

// niceStep rounds up to 1, 2 or 5 times a power of ten.
func niceStep(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*power {
			return m * power
		}
	}
	return 10 * power
}

// axisFor fits the values of all lines.
func axisFor(lines []series, log bool) axis {
	low, high := math.Inf(1), 0.0
	for _, l := range lines {
		for _, p := range l.Points {
			low, high = min(low, p.y), max(high, p.y)
		}
	}
	if !log {
		step := niceStep(max(high, 1) / 4)
		return axis{0, step * math.Ceil(max(high, 1)/step), false}
	}
	if math.IsInf(low, 1) {
		low, high = 1, 10
	}
	a := axis{math.Pow(10, math.Floor(math.Log10(max(low, 0.01)))), math.Pow(10, math.Ceil(math.Log10(max(high, 0.1)))), true}
	if a.high <= a.low {
		a.high = a.low * 10
	}
	return a
}

// number is an axis label.
func number(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%gk", v/1e3)
	}
	return fmt.Sprintf("%g", v)
}

// timePlot draws lines over the seconds of a run, with marks where something was
// done.
func timePlot(lines []series, marks []Mark, length float64, log bool) template.HTML {
	var b strings.Builder
	a := axisFor(lines, log)
	length = max(length, 1)
	x := func(s float64) float64 { return plotLeft + min(s/length, 1)*innerWidth }
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img">`, plotWidth, plotHeight)
	for _, m := range marks {
		width := max(x(m.At+m.For)-x(m.At), 2)
		fmt.Fprintf(&b, `<rect class="mark" x="%.1f" y="%g" width="%.1f" height="%g"><title>%s at %.1f s</title></rect>`,
			x(m.At), plotTop, width, innerHeight, template.HTMLEscapeString(m.What), m.At)
	}
	a.draw(&b)
	step := niceStep(length / 8)
	for s := 0.0; s <= length; s += step {
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%g" text-anchor="middle">%s</text>`, x(s), plotBottom+16, seconds(s))
	}
	for _, l := range lines {
		if l.Dots {
			for _, p := range l.Points {
				fmt.Fprintf(&b, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="1.8"/>`, l.Class, x(p.x), a.at(p.y))
			}
			continue
		}
		fmt.Fprintf(&b, `<polyline class="line %s" points="`, l.Class)
		for i, p := range l.Points {
			if i > 0 && p.x-l.Points[i-1].x > maxGap {
				fmt.Fprintf(&b, `"/><polyline class="line %s" points="`, l.Class)
			}
			fmt.Fprintf(&b, "%.1f,%.1f ", x(p.x), a.at(p.y))
		}
		b.WriteString(`"/>`)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) // only numbers, and names that were escaped
}

// maxGap is how many seconds a line bridges: where nothing was measured there is
// nothing to show.
const maxGap = 1.5

func seconds(s float64) string {
	if s >= 120 {
		return fmt.Sprintf("%d:%02d", int(s)/60, int(s)%60)
	}
	return fmt.Sprintf("%g s", s)
}

// draw draws the axis and its lines across the plot.
func (a axis) draw(b *strings.Builder) {
	for _, v := range a.ticks() {
		fmt.Fprintf(b, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`,
			plotLeft, plotRight, a.at(v), a.at(v), plotLeft-6, a.at(v)+4, number(v))
	}
}

// barPlot draws a histogram whose columns are a fixed factor wide.
func barPlot(columns []Column) template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img">`, plotWidth, plotHeight)
	if len(columns) == 0 {
		fmt.Fprintf(&b, `<text class="tick" x="%g" y="%g" text-anchor="middle">nothing was measured</text></svg>`, plotWidth/2, plotHeight/2)
		return template.HTML(b.String())
	}
	most := int64(1)
	for _, c := range columns {
		most = max(most, c.Count)
	}
	a := axis{0.8, math.Pow(10, math.Ceil(math.Log10(float64(most)+1))), true}
	for v := 1.0; v <= a.high; v *= 10 {
		fmt.Fprintf(&b, `<line class="grid" x1="%g" x2="%g" y1="%.1f" y2="%.1f"/><text class="tick" x="%g" y="%.1f" text-anchor="end">%s</text>`,
			plotLeft, plotRight, a.at(v), a.at(v), plotLeft-6, a.at(v)+4, number(v))
	}
	width := innerWidth / float64(len(columns))
	every := 1 + len(columns)/10
	for i, c := range columns {
		left := plotLeft + float64(i)*width
		if c.Count > 0 {
			top := a.at(float64(c.Count))
			fmt.Fprintf(&b, `<rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s to %s: %d</title></rect>`,
				left+0.5, top, max(width-1, 1), plotBottom-top, ms(c.From), ms(c.To), c.Count)
		}
		if i%every == 0 {
			fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%g" text-anchor="middle">%s</text>`, left, plotBottom+16, edge(c.From))
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// edge is the label of a column's lower edge, in milliseconds.
func edge(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.2g s", v/1000)
	case v >= 10:
		return fmt.Sprintf("%.0f ms", v)
	}
	return fmt.Sprintf("%.2g ms", v)
}
