package scenario

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// maxSockets and maxRate bound what a file may ask for: more than a machine has
// is a slip of the finger.
const (
	maxSockets = 1_000_000
	maxRate    = 100_000
)

// Load reads a scenario file. Its error is Problems, or why the file could not
// be read.
func Load(path string) (*Scenario, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	return Parse(path, src)
}

// Parse reads a scenario. file names it in problems. The error is Problems.
func Parse(file string, src []byte) (*Scenario, error) {
	r := &reader{file: file}
	doc := r.document(src)
	if doc == nil {
		return nil, r.problems.asError()
	}
	m := r.mapping(doc, "", "name", "about", "site", "locale", "seed", "arrivals", "visitors", "operators", "idle", "faults", "expect", "finish_seconds")
	s := &Scenario{
		Name: m.text("name", ""), About: m.text("about", ""),
		Site: m.text("site", "demo"), Locale: m.text("locale", "en"),
		Seed:   uint64(m.integer("seed", 1, 0, 1<<53)),
		Finish: m.seconds("finish_seconds", 30*time.Second),
	}
	m.need("name", "name: lead")
	s.Arrivals = r.arrivals(m.need("arrivals", "arrivals: {phases: [{shape: steady, seconds: 60, per_second: 10}]}"))
	s.Visitors = r.visitors(m.vals["visitors"])
	s.Operators = r.operators(m.vals["operators"])
	s.Idle = r.idle(m.vals["idle"])
	for i, n := range m.list("faults") {
		s.Faults = append(s.Faults, r.fault(n, fmt.Sprintf("faults[%d]", i+1)))
	}
	for _, n := range m.list("expect") {
		t, err := ParseTarget(n.Value)
		if err != nil {
			r.problem(n, "expect: %v", err)
		}
		s.Expect = append(s.Expect, t)
	}
	r.whole(s, doc)
	if err := r.problems.asError(); err != nil {
		return nil, err
	}
	return s, nil
}

// whole checks what several settings must be together.
func (r *reader) whole(s *Scenario, doc *yaml.Node) {
	if len(r.problems) > 0 {
		return
	}
	if s.Expected() > 0 && s.Visitors.weight() == 0 {
		r.problem(doc, `visitors arrive, but "visitors.mix" says nothing of who they are; for example mix: {agrees: 60, declines: 40}`)
	}
	if s.Expected() > 0 && len(s.Visitors.Questions) == 0 {
		r.problem(doc, `visitors arrive, but "visitors.questions" is empty; give them something to ask`)
	}
	for _, d := range s.Idle.Drops {
		if s.Idle.Sockets == 0 || d.At > s.Length() {
			r.problem(doc, "idle.drops cuts sockets at %v, but there are none then: the run has %v and %d idle sockets", d.At, s.Length(), s.Idle.Sockets)
		}
	}
}

func (r *reader) arrivals(n *yaml.Node) Arrivals {
	m := r.mapping(n, "arrivals", "spacing", "phases")
	a := Arrivals{Random: m.choice("spacing", "random", "random", "even") == "random"}
	if n != nil {
		m.need("phases", "phases: [{shape: steady, seconds: 60, per_second: 10}]")
	}
	for i, p := range m.list("phases") {
		a.Phases = append(a.Phases, r.phase(p, fmt.Sprintf("arrivals.phases[%d]", i+1)))
	}
	if m.has("phases") && len(a.Phases) == 0 {
		r.problem(m.vals["phases"], "arrivals.phases is empty; it needs at least one, even if nobody arrives in it")
	}
	return a
}

// phaseKeys are what each shape has beside shape, seconds and per_second.
var phaseKeys = map[string][]string{
	ShapeSteady: nil,
	ShapeRamp:   {"from_per_second"},
	ShapeStep:   {"from_per_second", "steps"},
	ShapeSpike:  {"peak_per_second", "peak_seconds"},
}

func (r *reader) phase(n *yaml.Node, path string) Phase {
	all := []string{"shape", "seconds", "per_second", "from_per_second", "steps", "peak_per_second", "peak_seconds"}
	m := r.mapping(n, path, all...)
	p := Phase{
		Shape:  m.choice("shape", ShapeSteady, ShapeSteady, ShapeRamp, ShapeStep, ShapeSpike),
		Length: m.seconds("seconds", 0), Rate: m.number("per_second", 0, 0, maxRate),
		From: m.number("from_per_second", 0, 0, maxRate), Steps: m.integer("steps", 4, 1, 1000),
		Peak: m.number("peak_per_second", 0, 0, maxRate), PeakTime: m.seconds("peak_seconds", 0),
	}
	for _, key := range all[3:] {
		if m.has(key) && !slices.Contains(phaseKeys[p.Shape], key) {
			r.problem(m.vals[key], "%s has %q, which means nothing to the shape %s; remove it or choose another shape", path, key, p.Shape)
		}
	}
	for _, key := range append([]string{"seconds", "per_second"}, phaseKeys[p.Shape]...) {
		if key != "steps" {
			m.need(key, key+": 10")
		}
	}
	if m.has("seconds") && p.Length <= 0 {
		r.problem(m.vals["seconds"], "%s.seconds is 0; a phase takes time", path)
	}
	if p.Shape == ShapeSpike && p.PeakTime > p.Length {
		r.problem(m.vals["peak_seconds"], "%s.peak_seconds is longer than the phase; it must be at most %g", path, p.Length.Seconds())
	}
	return p
}

func (r *reader) visitors(n *yaml.Node) Visitors {
	m := r.mapping(n, "visitors", "mix", "enter", "marketing_percent", "questions", "person", "think_ms", "typing_ms", "reconnect_ms")
	v := Visitors{
		Mix: map[Kind]int{}, Enter: m.text("enter", ""), MarketingPercent: m.integer("marketing_percent", 50, 0, 100),
		Person: m.text("person", "I would like to talk to a person, please"),
		Think:  r.distribution(m.vals["think_ms"], "visitors.think_ms", Distribution{Shape: ShapeLognormal, Median: 1200 * time.Millisecond, P99: 8 * time.Second, Max: 20 * time.Second}),
		Typing: r.distribution(m.vals["typing_ms"], "visitors.typing_ms", Distribution{Shape: ShapeLognormal, Median: 60 * time.Millisecond, P99: 250 * time.Millisecond, Max: time.Second}),
	}
	names := make([]string, len(Kinds))
	for i, k := range Kinds {
		names[i] = string(k)
	}
	mix := r.mapping(m.vals["mix"], "visitors.mix", names...)
	for _, k := range Kinds {
		if w := mix.integer(string(k), 0, 0, 1_000_000); w > 0 {
			v.Mix[k] = w
		}
	}
	if m.has("mix") && v.weight() == 0 {
		r.problem(m.vals["mix"], "visitors.mix has no weight above 0; for example mix: {agrees: 60, declines: 40}")
	}
	for i, q := range m.list("questions") {
		v.Questions = append(v.Questions, r.text(q, fmt.Sprintf("visitors.questions[%d]", i+1)))
	}
	back := r.mapping(m.vals["reconnect_ms"], "visitors.reconnect_ms", "first", "max")
	v.ReconnectFirst = back.millis("first", 5*time.Second)
	v.ReconnectMax = back.millis("max", max(30*time.Second, v.ReconnectFirst))
	if v.ReconnectMax < v.ReconnectFirst {
		r.problem(back.node, "visitors.reconnect_ms.max is less than first; it must be at least %d", v.ReconnectFirst.Milliseconds())
	}
	return v
}

// shapeKeys are what each shape of a distribution has; all of them are needed.
var shapeKeys = map[string][]string{
	ShapeFixed:       {"value"},
	ShapeUniform:     {"from", "to"},
	ShapeExponential: {"mean"},
	ShapeLognormal:   {"median", "p99"},
}

func (r *reader) distribution(n *yaml.Node, path string, unset Distribution) Distribution {
	if n == nil {
		return unset
	}
	all := []string{"shape", "max", "value", "from", "to", "mean", "median", "p99"}
	m := r.mapping(n, path, all...)
	d := Distribution{
		Shape: m.choice("shape", "", ShapeFixed, ShapeUniform, ShapeExponential, ShapeLognormal), Max: m.millis("max", 0),
		Value: m.millis("value", 0), From: m.millis("from", 0), To: m.millis("to", 0),
		Mean: m.millis("mean", 0), Median: m.millis("median", 0), P99: m.millis("p99", 0),
	}
	if m.need("shape", "{shape: uniform, from: 500, to: 1500}") == nil || d.Shape == "" {
		return unset
	}
	for _, key := range all[2:] {
		switch belongs := slices.Contains(shapeKeys[d.Shape], key); {
		case m.has(key) && !belongs:
			r.problem(m.vals[key], "%s has %q, which means nothing to the shape %s; it takes %s", path, key, d.Shape, strings.Join(shapeKeys[d.Shape], " and "))
		case belongs:
			m.need(key, key+": 1000")
		}
	}
	switch {
	case d.Shape == ShapeUniform && d.To < d.From:
		r.problem(m.vals["to"], "%s.to is less than from; it must be at least %d", path, d.From.Milliseconds())
	case d.Shape == ShapeLognormal && m.has("median") && m.has("p99") && (d.Median <= 0 || d.P99 < d.Median):
		r.problem(n, "%s needs a median above 0 and a p99 that is not below it", path)
	}
	return d
}

// maxOperators is more than share a site.
const maxOperators = 500

func (r *reader) operators(n *yaml.Node) Operators {
	m := r.mapping(n, "operators", "count", "take_after_ms", "think_ms", "typing_ms", "lines", "then")
	o := Operators{
		Count:     m.integer("count", 0, 1, maxOperators),
		TakeAfter: r.distribution(m.vals["take_after_ms"], "operators.take_after_ms", Distribution{Shape: ShapeUniform, From: 500 * time.Millisecond, To: 3 * time.Second}),
		Think:     r.distribution(m.vals["think_ms"], "operators.think_ms", Distribution{Shape: ShapeLognormal, Median: time.Second, P99: 5 * time.Second, Max: 10 * time.Second}),
		Typing:    r.distribution(m.vals["typing_ms"], "operators.typing_ms", Distribution{Shape: ShapeLognormal, Median: 30 * time.Millisecond, P99: 100 * time.Millisecond, Max: 300 * time.Millisecond}),
		Lines:     m.integer("lines", 3, 1, 100),
	}
	if n != nil {
		m.need("count", "count: 5")
	}
	then := r.mapping(m.vals["then"], "operators.then", "hand_back", "transfer", "close")
	o.HandBack, o.Transfer, o.Close = then.integer("hand_back", 0, 0, 1000), then.integer("transfer", 0, 0, 1000), then.integer("close", 0, 0, 1000)
	if then.node == nil {
		o.HandBack = 1
	} else if o.HandBack+o.Transfer+o.Close == 0 {
		r.problem(then.node, "operators.then has no weight above 0; for example then: {hand_back: 80, transfer: 10, close: 10}")
	}
	return o
}

func (r *reader) idle(n *yaml.Node) Idle {
	m := r.mapping(n, "idle", "sockets", "per_second", "drops")
	i := Idle{Sockets: m.integer("sockets", 0, 0, maxSockets), Rate: m.number("per_second", 200, 0.1, maxRate)}
	if n != nil {
		m.need("sockets", "sockets: 1000")
	}
	for k, d := range m.list("drops") {
		path := fmt.Sprintf("idle.drops[%d]", k+1)
		dm := r.mapping(d, path, "at_seconds", "percent")
		dm.need("at_seconds", "at_seconds: 20")
		i.Drops = append(i.Drops, Drop{At: dm.seconds("at_seconds", 0), Percent: dm.integer("percent", 100, 1, 100)})
	}
	return i
}

// LoadFaults reads a file with nothing but a list of faults.
func LoadFaults(path string) ([]Fault, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read faults: %w", err)
	}
	return ParseFaults(path, src)
}

// ParseFaults reads a list of faults, under the key faults.
func ParseFaults(file string, src []byte) ([]Fault, error) {
	r := &reader{file: file}
	doc := r.document(src)
	if doc == nil {
		return nil, r.problems.asError()
	}
	m := r.mapping(doc, "", "faults")
	var faults []Fault
	m.need("faults", "faults: [{at_seconds: 10, do: kill, what: gateway}]")
	for i, n := range m.list("faults") {
		faults = append(faults, r.fault(n, fmt.Sprintf("faults[%d]", i+1)))
	}
	return faults, r.problems.asError()
}

func (r *reader) fault(n *yaml.Node, path string) Fault {
	m := r.mapping(n, path, "at_seconds", "every_seconds", "do", "what", "which", "for_ms", "slow_ms")
	m.need("at_seconds", "at_seconds: 10")
	m.need("do", "do: kill")
	m.need("what", "what: gateway")
	f := Fault{
		At: m.seconds("at_seconds", 0), Every: m.seconds("every_seconds", 0),
		What:  m.choice("what", "", WhatGateway, WhatRedis, WhatPostgres),
		Do:    m.choice("do", "", DoKill, DoRestart, DoFreeze, DoPartition, DoSlow, DoFull),
		Which: m.integer("which", 0, 0, 1000),
		For:   m.millis("for_ms", 2*time.Second), Slow: m.millis("slow_ms", 100*time.Millisecond),
	}
	if f.Do != "" && f.What != "" && !slices.Contains(Deeds[f.What], f.Do) {
		r.problem(m.vals["do"], "%s: %s cannot be done to %s; what can: %s", path, f.Do, f.What, strings.Join(Deeds[f.What], ", "))
	}
	if m.has("which") && f.What != WhatGateway {
		r.problem(m.vals["which"], "%s.which numbers gateways; there is one %s", path, f.What)
	}
	if m.has("slow_ms") && f.Do != DoSlow {
		r.problem(m.vals["slow_ms"], "%s.slow_ms means nothing to %s; remove it", path, f.Do)
	}
	if m.has("every_seconds") && f.Every <= 0 {
		r.problem(m.vals["every_seconds"], "%s.every_seconds is 0; leave it out for a fault that comes once", path)
	}
	return f
}
