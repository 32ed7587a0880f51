package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"

	"zgoda/loadtest/measure"
	"zgoda/loadtest/verdict"
)

//go:embed page.html
var pageFile embed.FS

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"ms": ms, "name": measureName,
	"clock": func(seconds float64) string {
		return fmt.Sprintf("%d:%04.1f", int(seconds)/60, seconds-float64(int(seconds)/60*60))
	},
}).ParseFS(pageFile, "page.html"))

// pageData is what the page shows.
type pageData struct {
	*Report
	Word     string
	Good     bool
	Promises []promiseRow
	Figures  []figure
	CountsOf []countRow
	Hidden   int64
	CPU      string
}

type promiseRow struct {
	ID, Words string
	Checks    int64
	Broken    int
}

type countRow struct {
	Name string
	N    int64
}

// A figure is a plot with its words.
type figure struct {
	Title, About string
	SVG          template.HTML
	Legend       []series
}

// maxShown bounds the violations on the page.
const maxShown = 50

// WriteHTML writes one page that needs nothing else to open.
func (r *Report) WriteHTML(w io.Writer) error {
	d := pageData{Report: r, Word: r.Word(), Good: r.Verdict.Kept && !r.GoalsMissed(), Figures: r.figures()}
	broken := map[string]int{}
	for _, v := range r.Verdict.Violations {
		broken[v.Promise]++
	}
	for _, p := range slices.Sorted(maps.Keys(verdict.Promises)) {
		if r.Verdict.Checks[p] > 0 || broken[p] > 0 {
			d.Promises = append(d.Promises, promiseRow{p, verdict.Promises[p], r.Verdict.Checks[p], broken[p]})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Counts)) {
		if name != measure.Checks && name != measure.Broken {
			d.CountsOf = append(d.CountsOf, countRow{strings.ReplaceAll(name, "_", " "), r.Counts[name]})
		}
	}
	if n := len(r.Verdict.Violations); n > maxShown {
		shown := *r
		shown.Verdict.Violations = r.Verdict.Violations[:maxShown]
		d.Report = &shown
	}
	d.Hidden = r.Verdict.Broken - int64(len(d.Report.Verdict.Violations))
	busiest, sum := 0.0, 0.0
	for _, p := range r.Points {
		busiest, sum = max(busiest, p.CPU), sum+p.CPU
	}
	d.CPU = fmt.Sprintf("%.0f %% of a core on average, %.0f %% at the most", 100*sum/max(float64(len(r.Points)), 1), 100*busiest)
	return page.Execute(w, d)
}

// measureName says in words what a latency is of.
func measureName(of string) string {
	switch of {
	case measure.Connect:
		return "connect"
	case measure.First:
		return "first answer"
	case measure.Turn:
		return "turn"
	case measure.Resume:
		return "resume"
	case measure.Operator:
		return "operator to visitor"
	case measure.Lag:
		return "(the tool itself)"
	}
	return of
}

// figures are the page's plots.
func (r *Report) figures() []figure {
	marks := r.Marks
	var out []figure
	for _, of := range []string{measure.Turn, measure.Connect, measure.Resume, measure.Operator} {
		lines := []series{{Name: "p50", Class: "a"}, {Name: "p99", Class: "b"}, {Name: "max", Class: "c", Dots: true}}
		for _, p := range r.Points {
			t, ok := p.Times[of]
			if !ok || t.Count == 0 {
				continue
			}
			for i, v := range []float64{t.P50, t.P99, t.Max} {
				lines[i].Points = append(lines[i].Points, point{float64(p.At) + 0.5, v})
			}
		}
		if len(lines[0].Points) == 0 {
			continue
		}
		out = append(out, figure{
			Title: "Latency over time: " + measureName(of), About: "Milliseconds, logarithmic. Counted from when a visitor should have acted, shown when the answer came.",
			SVG: timePlot(lines, marks, r.Seconds, true), Legend: lines,
		})
	}
	out = append(out, figure{
		Title: "How latencies are spread", About: "Turns by how long they took; both axes are logarithmic.",
		SVG: barPlot(r.Shapes[measure.Turn]),
	})
	visitors := []series{{Name: "arrivals a second", Class: "a"}, {Name: "turns a second", Class: "b"}, {Name: "lost sockets a second", Class: "c", Dots: true}}
	sockets := []series{{Name: "visitors", Class: "a"}, {Name: "idle", Class: "b"}, {Name: "waiting for an answer", Class: "c"}}
	cpu := []series{{Name: "% of a core", Class: "a"}}
	for _, p := range r.Points {
		at := float64(p.At) + 0.5
		for i, v := range []int64{p.Counts[measure.Planned], p.Counts[measure.Acts], p.Counts[measure.Lost]} {
			if i < 2 || v > 0 {
				visitors[i].Points = append(visitors[i].Points, point{at, float64(v)})
			}
		}
		for i, v := range []int64{p.Active, p.Idle, p.Waiting} {
			sockets[i].Points = append(sockets[i].Points, point{at, float64(v)})
		}
		cpu[0].Points = append(cpu[0].Points, point{at, 100 * p.CPU})
	}
	return append(out,
		figure{Title: "Arrivals and turns", About: "Arrivals follow the scenario whatever the server does.", SVG: timePlot(visitors, marks, r.Seconds, false), Legend: visitors},
		figure{Title: "Sockets", About: "Open at the end of each second.", SVG: timePlot(sockets, marks, r.Seconds, false), Legend: sockets},
		figure{Title: "The tool itself", About: "Its own processor time: near the number of this machine's cores it measures itself.", SVG: timePlot(cpu, marks, r.Seconds, false), Legend: cpu})
}
