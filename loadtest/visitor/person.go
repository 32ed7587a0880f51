package visitor

import (
	"context"
	"regexp"
	"strconv"
	"time"

	"zgoda/gateway/protocol"
	"zgoda/loadtest/measure"
)

// personPatience is how long somebody who asked for a person waits for one.
const personPatience = 20 * time.Second

// Stamp marks an operator's line with when it was due.
func Stamp(line string, due time.Time) string {
	return line + " ·" + strconv.FormatInt(due.UnixMicro(), 36)
}

var stamp = regexp.MustCompile(`·([0-9a-z]{9,12})$`)

// hear times an operator's line when the first of the visitor's pages shows it.
func (v *visitor) hear(e *protocol.Event) {
	v.mu.Lock()
	again := v.heard[e.Seq]
	v.heard[e.Seq] = true
	v.mu.Unlock()
	if again || len(e.Text) == 0 {
		return
	}
	m := stamp.FindStringSubmatch(e.Text[len(e.Text)-1].Text)
	if m == nil {
		return // somebody else's
	}
	due, err := strconv.ParseInt(m[1], 36, 64)
	if err != nil {
		return
	}
	v.crowd.Recorder.Time(measure.Operator, time.Since(time.UnixMicro(due)))
}

// awaitPerson stays until a person has answered, where there are any.
func (v *visitor) awaitPerson(t *tab) func(context.Context) error {
	return func(ctx context.Context) error {
		if v.crowd.Scenario.Operators.Count == 0 {
			return nil
		}
		waiting, cancel := context.WithTimeout(ctx, personPatience)
		defer cancel()
		_, err := t.client.WaitFor(waiting, func(e protocol.Event) bool { return e.From == "operator" })
		if err != nil {
			v.crowd.Recorder.Count(measure.Unserved, 1)
		} else {
			v.crowd.Recorder.Count(measure.Served, 1)
		}
		t.due = time.Now()
		return ctx.Err()
	}
}
