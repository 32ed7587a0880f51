package visitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"zgoda/gateway/client"
	"zgoda/gateway/protocol"
	"zgoda/loadtest/measure"
	"zgoda/loadtest/verdict"
)

const (
	// auditors is how many logs are read at a time.
	auditors = 24
	// auditPatience bounds the reading of one log.
	auditPatience = 30 * time.Second
	auditTries    = 4
)

// An AuditResult is what the logs say about a run.
type AuditResult struct {
	Checks   verdict.Checks
	Expected []verdict.Expectation
	// Logs is how many were read, Unread how many could not be, and Why the
	// reason of one of these.
	Logs   int64
	Unread int64
	Why    string
}

// Audit reads the log of every visit once more, as a page that has seen nothing
// of it, and judges. It returns when all are read or ctx ends; progress is told
// of each one.
func (c *Crowd) Audit(ctx context.Context, visits []*verdict.Visit, progress func(done int)) AuditResult {
	var mu sync.Mutex // guards out and done
	out := AuditResult{Checks: verdict.Checks{}}
	done := 0
	work := make(chan *verdict.Visit)
	var reading sync.WaitGroup
	for range auditors {
		reading.Go(func() {
			for v := range work {
				log, err := c.readLog(ctx, v)
				var found []verdict.Violation
				var checks verdict.Checks
				var expected verdict.Expectation
				if err == nil {
					found, checks, expected = verdict.Examine(v, log)
				}
				for _, f := range found {
					c.Recorder.Count(measure.Broken, 1)
					c.OnViolation(f)
				}
				c.Recorder.Count(measure.Checks, checks.Total())
				mu.Lock()
				if err != nil {
					out.Unread++
					out.Why = err.Error()
				} else {
					out.Logs++
					out.Checks.Add(checks)
					out.Expected = append(out.Expected, expected)
				}
				done++
				progress(done)
				mu.Unlock()
			}
		})
	}
	for _, v := range visits {
		if v.Visitor != "" { // otherwise nothing ever began
			work <- v
		}
	}
	close(work)
	reading.Wait()
	return out
}

// readLog returns the whole log of a visit's conversation.
func (c *Crowd) readLog(ctx context.Context, v *verdict.Visit) ([]protocol.Event, error) {
	var err error
	for try := range auditTries {
		var log []protocol.Event
		if log, err = c.readLogOnce(ctx, v); err == nil {
			return log, nil
		}
		if !sleep(ctx, time.Duration(1<<try)*500*time.Millisecond) {
			break
		}
	}
	return nil, fmt.Errorf("read the log of %s: %w", v.Conversation, err)
}

func (c *Crowd) readLogOnce(ctx context.Context, v *verdict.Visit) ([]protocol.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, auditPatience)
	defer cancel()
	p, err := client.Dial(ctx, client.Options{
		URL: c.Balancer.URL(), Site: c.Scenario.Site, Locale: c.Scenario.Locale, Origin: c.Origin, Secret: v.Secret,
		Dial: c.Balancer.Dial,
	})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	log := p.Events()
	for len(log) > 0 && log[0].Seq > 1 {
		older, more, err := p.History(ctx, log[0].Seq, protocol.MaxHistory)
		if err != nil {
			return nil, err
		}
		log = append(slices.Clone(older), log...)
		if len(older) == 0 && !more {
			break
		}
		if len(older) == 0 {
			return nil, errors.New("history says that there is more and gives none")
		}
	}
	if found := p.Violations(); len(found) > 0 {
		for _, what := range found {
			c.Recorder.Count(measure.Broken, 1)
			c.OnViolation(verdict.Violation{
				Promise: verdict.PromiseOf(what), What: "reading the log again: " + what, Conversation: v.Conversation, Visitor: v.Visitor,
				Index: v.Index, Kind: v.Kind, At: time.Now(),
			})
		}
	}
	return log, nil
}
