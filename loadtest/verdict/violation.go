package verdict

import (
	"fmt"
	"strings"
	"time"
)

// The promises that a client or the contact store can see broken, in words.
var Promises = map[string]string{
	"P1": "every participant sees the same events in the same order, without holes",
	"P2": "what was acknowledged is in the log exactly once",
	"P3": "an accepted event reaches every attached client",
	"P4": "a client resumes on any node",
	"P5": "once a person has the conversation the bot says nothing",
	"P6": "nothing is asked for, taken or kept before the grant",
	"P7": "no contact without a grant",
	"P8": "every grant ends in the contact store exactly once",
	"P9": "details typed without a grant are kept nowhere",
}

// A Violation is a broken promise with its evidence.
type Violation struct {
	Promise      string `json:"promise"`
	What         string `json:"what"`
	Conversation string `json:"conversation,omitempty"`
	Visitor      string `json:"visitor,omitempty"`
	// Index is the visitor's number in the plan, -1 for an idle socket or where
	// it is nobody's.
	Index int64  `json:"index"`
	Kind  string `json:"kind,omitempty"`
	// Events are the entries of the log that show it, At when it was seen.
	Events []string  `json:"events,omitempty"`
	At     time.Time `json:"at"`
}

// String prints it on several lines.
func (v Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s broken: %s\n", v.Promise, v.What)
	if v.Conversation != "" {
		fmt.Fprintf(&b, "    conversation %s, visitor %d (%s), seen at %s\n", v.Conversation, v.Index, v.Kind, v.At.Format("15:04:05.000"))
	}
	for _, e := range v.Events {
		fmt.Fprintf(&b, "      %s\n", e)
	}
	return strings.TrimRight(b.String(), "\n")
}

// Checks counts comparisons by promise.
type Checks map[string]int64

// Total is how many there were.
func (c Checks) Total() int64 {
	var sum int64
	for _, n := range c {
		sum += n
	}
	return sum
}

// Add adds others.
func (c Checks) Add(o Checks) {
	for p, n := range o {
		c[p] += n
	}
}

// PromiseOf sorts what the protocol's client has found into promises.
func PromiseOf(found string) string {
	for _, p := range []struct{ words, promise string }{
		{"acknowledged", "P2"},
		{"in the log twice", "P2"},
		{"answered", "P2"},
		{"never sent", "P2"},
		{"without a reset", "P3"},
		{"in the middle of a live socket", "P3"},
		{"visitor or conversation changed", "P4"},
	} {
		if strings.Contains(found, p.words) {
			return p.promise
		}
	}
	return "P1"
}
