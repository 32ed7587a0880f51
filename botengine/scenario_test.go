package botengine

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the expected output of the scenarios")

// TestScenarios runs testdata/*.txt. A scenario begins with comments that name
// the requirement it shows, then lines with what the visitor does ("> …"), each
// followed by what comes of it. See testdata/README for the inputs.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := playScenario(t, string(src))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != string(src) {
				t.Errorf("%s: output differs; run with -update and look at the difference\n%s", file, firstDifference(string(src), got))
			}
		})
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "", ""
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\nwant %s\n got %s", i+1, a, b)
		}
	}
	return ""
}

// A player runs one scenario.
type player struct {
	t        *testing.T
	out      strings.Builder
	settings *Settings
	flow     string
	bot      *Bot
	state    State
	profile  Profile
	now      int64
	turns    int
	started  bool
	locale   string
	last     Input
	quiet    bool
	actor    string
	options  []Event // events with options, newest last

	owner     string
	operators int
	effects   []*Effect
}

func playScenario(t *testing.T, src string) string {
	p := &player{t: t, settings: demoSettings(), flow: leadFlow, locale: "pl", now: 1_000_000, owner: OwnerBot}
	for line := range strings.Lines(src) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"), line == "":
			p.out.WriteString(line + "\n")
		case strings.HasPrefix(line, "> "):
			p.out.WriteString(line + "\n")
			p.do(line[2:])
		}
	}
	return p.out.String()
}

func (p *player) printf(format string, args ...any) { fmt.Fprintf(&p.out, "  "+format+"\n", args...) }

// do carries out one line.
func (p *player) do(line string) {
	if strings.HasPrefix(line, `"`) {
		text, err := strconv.Unquote(line)
		if err != nil {
			p.t.Fatalf("%s: %v", line, err)
		}
		p.turn(Input{Kind: InputText, Text: text})
		return
	}
	words := strings.Fields(line)
	args := words[1:]
	switch words[0] {
	case "site":
		for _, a := range args {
			p.set(a)
		}
		p.bot = nil
	case "flow":
		p.flow, p.bot = flowFile(args[0]), nil
	case "locale":
		p.locale = args[0]
	case "greet":
		p.greet()
	case "wait":
		p.now += duration(args[0])
	case "quiet":
		p.quiet = args[0] == "on"
	case "as":
		p.actor = strings.Join(args, "")
	case "again":
		p.turn(p.last)
	case "press":
		p.press(args)
	case "grant", "decline":
		request := ""
		if len(args) > 0 {
			request = args[0]
		} else if p.state.Card != nil {
			request = p.state.Card.Request
		}
		p.turn(Input{Kind: InputDecision, Request: request, Answer: words[0]})
	case "card":
		p.turn(Input{Kind: InputAskCard, Purposes: args})
	case "withdraw":
		p.turn(Input{Kind: InputWithdraw, Purposes: args})
	case "erase":
		p.turn(Input{Kind: InputErase})
	case "correct":
		fields := map[string]string{}
		for _, a := range args {
			field, value, _ := strings.Cut(a, "=")
			fields[field] = strings.ReplaceAll(value, "_", " ")
		}
		p.turn(Input{Kind: InputCorrect, Fields: fields})
	case "restrict", "free":
		p.turn(Input{Kind: InputRestrict, On: words[0] == "restrict"})
	case "expire":
		p.turn(Input{Kind: InputExpire, Until: p.now - duration(args[0])})
	default:
		p.doWait(words[0], args)
	}
}

// set changes one of the site's settings.
func (p *player) set(assignment string) {
	key, value, _ := strings.Cut(assignment, "=")
	list := func() []string {
		if value == "" {
			return nil
		}
		return strings.Split(value, ",")
	}
	s := *p.settings
	p.settings = &s
	switch key {
	case "require":
		s.RequireConsent = value == "on"
	case "bundled":
		s.Bundled = value == "on"
	case "purposes":
		s.Purposes = list()
		publish(&s)
	case "fields":
		s.Fields = list()
		publish(&s)
	case "locales":
		s.Locales = list()
	case "notices":
		locales := s.Locales
		s.Locales = list()
		publish(&s)
		s.Locales = locales
	case "fallback":
		s.Fallback = value
	case "policy":
		s.Policy = value
	case "scope":
		s.Scope = value
		publishIf(&s)
	case "text": // a new version of the words
		s.Policy = value
		publishIf(&s)
	case "age":
		s.AgeLimit, _ = strconv.Atoi(value)
	case "hours":
		s.Hours = demoHours()
	default:
		p.t.Fatalf("unknown setting %q", key)
	}
	p.settings = &s
}

func duration(s string) int64 {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, _ := strconv.Atoi(days)
		return int64(n) * day
	}
	d, _ := time.ParseDuration(s)
	return d.Milliseconds()
}

func (p *player) press(args []string) {
	p.start()
	in := Input{Kind: InputChoice, Choice: args[0]}
	if len(args) > 1 {
		in.Of = args[1]
	} else {
		for _, e := range slices.Backward(p.options) {
			if slices.ContainsFunc(e.Options, func(o Option) bool { return o.ID == args[0] }) {
				in.Of = e.ID
				break
			}
		}
	}
	p.turn(in)
}

func (p *player) ready() {
	if p.bot == nil {
		p.bot = mustBot(p.t, p.flow, p.settings)
	}
}

func (p *player) greet() {
	p.ready()
	p.started = true
	r := p.bot.Greet(p.locale, Input{ID: "i0", At: p.now})
	p.state = r.State
	p.show(r)
}

// start begins the conversation without showing its greeting.
func (p *player) start() {
	p.ready()
	if !p.started {
		r := p.bot.Greet(p.locale, Input{ID: "i0", At: p.now})
		p.state, p.started = r.State, true
		p.options = append(p.options, r.Events...)
	}
}

func (p *player) turn(in Input) {
	p.start()
	if in.ID == "" {
		p.turns++
		in.ID = "i" + strconv.Itoa(p.turns)
		in.Actor, in.Quiet = orString(in.Actor, p.actor), p.quiet || p.owner == OwnerQueue || strings.HasPrefix(p.owner, OwnerOperator)
		in.Owner = orString(in.Owner, p.owner)
		if p.owner == OwnerClosed && (in.Kind == InputText || in.Kind == InputChoice) {
			in.Owner, p.owner = OwnerBot, OwnerBot
		}
	}
	in.At, in.Operators = p.now, p.operators
	p.last = in
	p.now += 1000
	r := p.bot.Turn(p.state, p.profile, in)
	p.state, p.profile = r.State, r.Profile
	if r.Refused == nil && in.Kind == InputOwner {
		p.owner = in.Owner
	}
	p.show(r)
}

// show prints a result.
func (p *player) show(r Result) {
	if r.Refused != nil {
		p.printf("refused %s: %s", r.Refused.Code, r.Refused.Message)
		return
	}
	for _, e := range r.Events {
		p.printf("%s", renderEvent(e))
		if len(e.Options) > 0 {
			p.options = append(p.options, e)
		}
	}
	for _, v := range r.Values {
		p.printf("value %s %s=%q", v.Ref, v.Field, v.Text)
	}
	for _, e := range r.Entries {
		p.printf("%s", renderEntry(e))
	}
	if r.DropContact {
		p.printf("drop contact")
	}
	if r.Erase {
		p.printf("erase")
	}
	p.showWait(r)
	p.printf("%s%s", p.summary(), p.waits())
}

func renderSpans(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		switch {
		case s.Masked:
			b.WriteString("[masked]")
		case s.Ref != "":
			b.WriteString("[ref " + s.Ref + "]")
		case s.Field != "":
			b.WriteString("[" + s.Field + "]")
		default:
			b.WriteString(s.Text)
		}
	}
	return strings.ReplaceAll(b.String(), "\n", "⏎")
}

func renderEvent(e Event) string {
	var s strings.Builder
	s.WriteString(e.From)
	if e.Kind != EventMessage {
		s.WriteString(" " + e.Kind)
	}
	if e.Choice != "" {
		s.WriteString(fmt.Sprintf(" (%s of %s)", e.Choice, e.Of))
	}
	switch e.Kind {
	case EventAsk:
		s.WriteString(" " + e.Field + "/" + e.Type)
	case EventCard:
		s.WriteString(fmt.Sprintf(" %s %q", e.Card.Request, e.Card.Title))
		if e.Card.NoAnswer {
			s.WriteString(" without buttons")
		}
	case EventDecision:
		s.WriteString(fmt.Sprintf(" %s %s %s by %s", e.Request, e.Answer, strings.Join(e.Purposes, "+"), e.Method))
	case EventWithdrawal:
		s.WriteString(fmt.Sprintf(" %s by %s", strings.Join(e.Purposes, "+"), e.Method))
	case EventCorrection, EventRestricted, EventFreed:
		s.WriteString(" by " + e.Method)
	}
	if len(e.Text) > 0 {
		s.WriteString(": " + renderSpans(e.Text))
	}
	if e.Link != nil {
		s.WriteString(fmt.Sprintf(" <%s %s>", e.Link.Label, e.Link.URL))
	}
	for _, o := range e.Options {
		s.WriteString(" [" + o.Label + "]")
	}
	return s.String()
}

func renderEntry(e Entry) string {
	var s strings.Builder
	s.WriteString(fmt.Sprintf("entry %d %s", e.VSeq, e.Kind))
	for _, part := range []struct{ name, value string }{
		{"", e.Purpose},
		{"id=", e.ID},
		{"request=", e.Request},
		{"grant=", e.Grant},
		{"locale=", e.Locale},
		{"actor=", e.Actor},
		{"method=", e.Method},
		{"policy=", e.Policy},
	} {
		if part.value != "" {
			s.WriteString(" " + part.name + part.value)
		}
	}
	if e.ValidUntil != 0 {
		s.WriteString(fmt.Sprintf(" for=%dd", (e.ValidUntil-e.At)/day))
	}
	for _, f := range slices.Sorted(maps.Keys(e.Fields)) {
		s.WriteString(fmt.Sprintf(" %s→%s", f, e.Fields[f]))
	}
	if e.GrantVSeq != 0 {
		s.WriteString(fmt.Sprintf(" grant_vseq=%d", e.GrantVSeq))
	}
	if e.Kind == EntryRestrict {
		s.WriteString(fmt.Sprintf(" on=%t", e.On))
	}
	return s.String()
}

// summary prints where the conversation stands.
func (p *player) summary() string {
	x := p.bot.Inputs(p.state, p.profile)
	var s strings.Builder
	s.WriteString(fmt.Sprintf("= %s, waits for %s", orString(p.state.Step, "ended"), x.Kind))
	if x.Type != "" {
		s.WriteString(" " + x.Type)
	}
	if p.state.Card != nil {
		s.WriteString(", card " + p.state.Card.Request)
	}
	for _, k := range slices.Sorted(maps.Keys(p.profile.Consents)) {
		s.WriteString(", " + k + " " + p.profile.Consents[k].Status)
	}
	if age := p.profile.Age; age != nil {
		s.WriteString(fmt.Sprintf(", %d reached %v", age.Limit, age.Reached))
	}
	if len(p.profile.Held) > 0 {
		s.WriteString(", holds " + strings.Join(p.profile.Held, "+"))
	}
	if p.profile.RestrictedAt != 0 {
		s.WriteString(", restricted")
	}
	for _, k := range slices.Sorted(maps.Keys(p.state.Vars)) {
		s.WriteString(fmt.Sprintf(", %s=%q", k, p.state.Vars[k]))
	}
	return s.String()
}
