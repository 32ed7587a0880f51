package botengine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata"
)

// demoHours are the opening hours of scenarios with "site hours=on".
func demoHours() *Hours {
	zone, err := time.LoadLocation("Europe/Warsaw")
	if err != nil {
		panic(err)
	}
	h := &Hours{Zone: zone, Closed: map[string]bool{"12-25": true, "2026-11-11": true}}
	for day := time.Monday; day <= time.Friday; day++ {
		h.Week[day] = []OpenTime{{9 * 60, 12 * 60}, {13 * 60, 18 * 60}}
	}
	h.Week[time.Saturday] = []OpenTime{{9 * 60, 14 * 60}}
	return h
}

// doWait carries out the lines about people, time and webhooks.
func (p *player) doWait(line string, args []string) {
	switch line {
	case "operators":
		p.operators, _ = strconv.Atoi(args[0])
	case "clock":
		at, err := time.ParseInLocation("2006-01-02T15:04", args[0], demoHours().Zone)
		if err != nil {
			p.t.Fatal(err)
		}
		p.now = at.UnixMilli()
	case "owner":
		p.turn(Input{Kind: InputOwner, Owner: args[0], Actor: "operator:anna"})
	case "timer":
		p.now = max(p.now, p.state.Due)
		p.turn(Input{Kind: InputTimer, Actor: actorSystem})
	case "stale-timer":
		p.turn(Input{Kind: InputTimer, Actor: actorSystem})
	case "result":
		p.result(args)
	default:
		p.t.Fatalf("unknown line %q", line)
	}
}

// result hands in what the newest webhook has answered: ok key=value …, failed or
// refused (which is final); "late" before it names the one before the newest.
func (p *player) result(args []string) {
	n := len(p.effects) - 1
	if args[0] == "late" {
		n, args = n-1, args[1:]
	}
	e := p.effects[n]
	r := &EffectResult{ID: e.ID, Attempt: e.Attempt, OK: args[0] == "ok", Final: args[0] == "refused", Values: map[string]string{}}
	for _, a := range args[1:] {
		key, value, _ := strings.Cut(a, "=")
		r.Values[key] = strings.ReplaceAll(value, "_", " ")
	}
	p.turn(Input{Kind: InputResult, Actor: actorSystem, Result: r})
}

// showWait prints what a turn did beside talking.
func (p *player) showWait(r Result) {
	if r.Owner != "" {
		p.printf("owner %s", r.Owner)
		p.owner = r.Owner
	}
	if e := r.Effect; e != nil {
		p.effects = append(p.effects, e)
		var fields []string
		for _, f := range e.Fields {
			fields = append(fields, f.Name+"="+orString(f.Value, "["+f.Ref+"]"))
		}
		p.printf("effect %s attempt %d %s %s wants %s", e.ID, e.Attempt, e.URL, strings.Join(fields, " "), strings.Join(e.Keys, ","))
	}
}

// waits prints the timer of the wait.
func (p *player) waits() string {
	if p.state.Due == 0 {
		return ""
	}
	// The clock stands one second after the input.
	return fmt.Sprintf(", timer in %v", time.Duration(p.state.Due-(p.now-1000))*time.Millisecond)
}

func flowFile(name string) string {
	if _, err := os.Stat("testdata/" + name); err == nil {
		return "testdata/" + name
	}
	return "../configs/flows/" + name
}
