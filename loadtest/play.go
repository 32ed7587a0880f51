package loadtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"zgoda/loadtest/measure"
	"zgoda/loadtest/scenario"
	"zgoda/loadtest/staff"
	"zgoda/loadtest/verdict"
	"zgoda/loadtest/visitor"
)

// A job is what one process of a run plays. It travels as JSON.
type job struct {
	File   string   `json:"file"`
	Source []byte   `json:"source"` // of the scenario
	Site   string   `json:"site"`
	Locale string   `json:"locale"`
	Seed   uint64   `json:"seed"`
	URLs   []string `json:"urls"`
	// Sources is how many loopback addresses connections come from.
	Sources int    `json:"sources"`
	Origin  string `json:"origin"`
	Flow    string `json:"flow"`
	Part    int    `json:"part"`
	Of      int    `json:"of"`
	// Operators work in the first process.
	Operators []staff.Account `json:"operators,omitempty"`
	Start     time.Time       `json:"start"`
}

// A message is what a player says. One field is set.
type message struct {
	Second    *measure.Second    `json:"second,omitempty"`
	Violation *verdict.Violation `json:"violation,omitempty"`
	// Left: all visitors have left. The player waits for the word to audit.
	Left bool `json:"left,omitempty"`
	// Read counts logs read again, of so many.
	Read *progress `json:"read,omitempty"`
	Part *part     `json:"part,omitempty"`
	Err  string    `json:"error,omitempty"`
}

type progress struct {
	Done int `json:"done"`
	Of   int `json:"of"`
}

// A part is what a player's audit has found; violations came before.
type part struct {
	Checks   verdict.Checks        `json:"checks"`
	Expected []verdict.Expectation `json:"expected"`
	Logs     int64                 `json:"logs"`
	Unread   int64                 `json:"unread"`
	Why      string                `json:"why,omitempty"`
}

// loopbackSources returns 127.0.0.1, 127.0.0.2 and so on.
func loopbackSources(n int) []net.IP {
	var out []net.IP
	for i := range n {
		out = append(out, net.IPv4(127, 0, byte(i/250), byte(1+i%250)))
	}
	return out
}

func (j job) scenario() (*scenario.Scenario, error) {
	s, err := scenario.Parse(j.File, j.Source)
	if err != nil {
		return nil, err
	}
	s.Site, s.Locale, s.Seed = j.Site, j.Locale, j.Seed
	return s, nil
}

// play plays a job. say may be called by several goroutines; audit is closed
// when the logs may be read. ctx ends everything; end only the visits.
func play(ctx, end context.Context, j job, audit <-chan struct{}, say func(message)) error {
	s, err := j.scenario()
	if err != nil {
		return err
	}
	balancer, err := visitor.NewBalancer(j.URLs, loopbackSources(j.Sources))
	if err != nil {
		return err
	}
	rec := measure.NewRecorder()
	crowd := &visitor.Crowd{
		Scenario: s, Balancer: balancer, Recorder: rec, Flow: j.Flow, Origin: j.Origin, Part: j.Part, Of: j.Of,
		OnViolation: func(v verdict.Violation) { say(message{Violation: &v}) },
	}
	held, err := visitor.NewHeld(crowd)
	if err != nil {
		return err
	}
	team := &staff.Team{Scenario: s, Balancer: balancer, Recorder: rec, OnViolation: crowd.OnViolation}
	if j.Part == 0 {
		team.Accounts = j.Operators
	}
	watching, cancel := context.WithCancel(ctx)
	var background sync.WaitGroup
	defer background.Wait()
	defer cancel()
	background.Go(func() { balancer.Watch(watching) })
	visitsOver := make(chan struct{})
	background.Go(func() { tick(watching, visitsOver, rec, j.Start, say) })

	err = visit(end, crowd, held, team, j.Start)
	close(visitsOver)
	if err != nil {
		return fmt.Errorf("an operator could not work: %w", err)
	}
	say(message{Left: true})
	select {
	case <-audit:
	case <-ctx.Done():
		return ctx.Err()
	}
	visits := append(crowd.Visits(), held.Visits()...)
	result := crowd.Audit(ctx, visits, func(done int) {
		if done%100 == 0 || done == len(visits) {
			say(message{Read: &progress{done, len(visits)}})
		}
	})
	if err := ctx.Err(); err != nil {
		return errors.New("interrupted while the logs were read again")
	}
	checks, unread, why := team.Audit(ctx)
	result.Checks.Add(checks)
	if result.Unread += unread; why != "" {
		result.Why = why
	}
	say(message{Part: &part{Checks: result.Checks, Expected: result.Expected, Logs: result.Logs, Unread: result.Unread, Why: result.Why}})
	return nil
}

// visit lets everybody come and go.
func visit(ctx context.Context, crowd *visitor.Crowd, held *visitor.Held, team *staff.Team, start time.Time) error {
	idling, release := context.WithCancel(ctx)
	var running sync.WaitGroup
	var failed error
	running.Go(func() { held.Run(idling, start) })
	running.Go(func() { failed = team.Run(idling) })
	crowd.Run(ctx, start)
	release()
	running.Wait()
	return failed
}

// tick reports each second while visitors are there, and the rest of the last.
func tick(ctx context.Context, over <-chan struct{}, rec *measure.Recorder, start time.Time, say func(message)) {
	for at := 0; ; at++ {
		t := time.NewTimer(time.Until(start.Add(time.Duration(at+1) * time.Second)))
		select {
		case <-t.C:
			say(message{Second: rec.Cut(at)})
			continue
		case <-over:
			say(message{Second: rec.Cut(at)})
		case <-ctx.Done():
		}
		t.Stop()
		return
	}
}

// errPlayer names the process that failed.
func errPlayer(i int, err error) error { return fmt.Errorf("process %d: %w", i+1, err) }
