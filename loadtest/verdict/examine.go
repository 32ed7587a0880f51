package verdict

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"zgoda/gateway/protocol"
)

// An examination compares one visit with the log of its conversation.
type examination struct {
	v      *Visit
	log    []protocol.Event
	checks Checks
	found  []Violation
	// own maps the visitor's events to its inputs.
	own map[uint64]*Input // by seq
}

// Examine compares a visit with the whole log of its conversation, read after
// the visit. The Expectation is what the contact store should hold.
func Examine(v *Visit, log []protocol.Event) ([]Violation, Checks, Expectation) {
	x := &examination{v: v, log: log, checks: Checks{}, own: map[uint64]*Input{}}
	x.order()
	if len(x.found) == 0 {
		x.inputs()
		x.answers()
		for i := range x.v.Screens {
			x.shown(&x.v.Screens[i])
		}
		x.delivery()
		x.handover()
		x.secrets()
	}
	e := x.consent()
	return x.found, x.checks, e
}

// check counts a comparison and keeps it as a violation where it fails. seqs are
// the events that show it.
func (x *examination) check(promise string, ok bool, seqs []uint64, format string, args ...any) bool {
	x.checks[promise]++
	if ok {
		return true
	}
	const most = 20
	if len(x.found) >= most {
		return false
	}
	v := Violation{
		Promise: promise, What: fmt.Sprintf(format, args...), Conversation: x.v.Conversation, Visitor: x.v.Visitor,
		Index: x.v.Index, Kind: x.v.Kind, At: time.Now(),
	}
	for _, seq := range seqs {
		if e := x.at(seq); e != nil {
			v.Events = append(v.Events, describe(e))
		}
	}
	x.found = append(x.found, v)
	return false
}

// at returns an event of the log.
func (x *examination) at(seq uint64) *protocol.Event {
	if seq == 0 || seq > uint64(len(x.log)) {
		return nil
	}
	return &x.log[seq-1]
}

// describe is one line about an event, without personal data in clear.
func describe(e *protocol.Event) string {
	text, _, _ := Text(e)
	for _, p := range e.Text {
		if p.Contact {
			text = strings.ReplaceAll(text, p.Text, "[contact]")
		}
	}
	if r := []rune(text); len(r) > 60 {
		text = string(r[:60]) + "…"
	}
	own := ""
	if e.N > 0 {
		own = fmt.Sprintf(" input %d of %.8s", e.N, e.Client)
	}
	return fmt.Sprintf("%s  seq %d  %s  %s %s%s  %q", time.UnixMilli(e.At).Format("15:04:05.000"), e.Seq, e.ID, e.From, e.Kind, own, text)
}

// around are the numbers near seq.
func around(seq uint64) []uint64 {
	var out []uint64
	for s := max(seq, 3) - 2; s <= seq+2; s++ {
		out = append(out, s)
	}
	return out
}

// order: numbers without holes from 1, names once (P1).
func (x *examination) order() {
	ids := map[string]uint64{}
	for i := range x.log {
		e := &x.log[i]
		if !x.check("P1", e.Seq == uint64(i)+1, nil, "the log has event %d where %d belongs", e.Seq, i+1) {
			return // every later one would follow from it
		}
		first, twice := ids[e.ID]
		x.check("P1", !twice, []uint64{first, e.Seq}, "the log has event %s twice: %d and %d", e.ID, first, e.Seq)
		ids[e.ID] = e.Seq
	}
}

// inputs: everything in the log that is said to be the visitor's was sent by the
// visitor, as it stands, once, and in order (P1, P2).
func (x *examination) inputs() {
	type name struct {
		client int
		n      uint64
	}
	sent := make(map[name]*Input, len(x.v.Inputs))
	for i := range x.v.Inputs {
		in := &x.v.Inputs[i]
		sent[name{in.Client, in.N}] = in
	}
	last := map[int]uint64{}
	seen := map[name]uint64{}
	for i := range x.log {
		e := &x.log[i]
		if e.From != "visitor" || e.N == 0 {
			continue
		}
		key := name{slices.Index(x.v.Clients, e.Client), e.N}
		in := sent[key]
		if !x.check("P2", in != nil, around(e.Seq), "event %d is an input that the visitor never sent", e.Seq) {
			continue
		}
		x.check("P2", seen[key] == 0, []uint64{seen[key], e.Seq}, "input %d is in the log twice: events %d and %d", e.N, seen[key], e.Seq)
		x.check("P2", !in.Refused, around(e.Seq), "input %d was refused for good and is in the log as event %d", e.N, e.Seq)
		x.check("P1", last[key.client] < e.N, around(e.Seq), "input %d stands behind input %d", e.N, last[key.client])
		seen[key], last[key.client] = e.Seq, e.N
		x.own[e.Seq] = in
		if text, removed, masked := Text(e); in.Kind == protocol.TypeSay && !removed && !masked {
			x.check("P2", Hash(text) == in.Text, around(e.Seq), "event %d does not say what the visitor typed", e.Seq)
		}
	}
}

// answers: what was acknowledged is where the acknowledgement says (P2).
func (x *examination) answers() {
	for i := range x.v.Inputs {
		in := &x.v.Inputs[i]
		if !in.Answered || in.Refused || in.Seq == 0 {
			continue
		}
		e := x.at(in.Seq)
		switch {
		case e == nil:
			x.check("P2", false, around(uint64(len(x.log))), "false acknowledgement: input %d was acknowledged as event %d, but the log ends with %d", in.N, in.Seq, len(x.log))
		case Hash(e.ID) != in.ID || e.N != in.N || e.Client != x.v.Clients[in.Client]:
			x.check("P2", false, around(in.Seq), "false acknowledgement: input %d was acknowledged as event %d, which is another", in.N, in.Seq)
		default:
			x.check("P2", true, nil, "")
		}
	}
}

// shown: what a page showed is what the log has (P1), and one that was left with
// a live socket had shown everything (P3).
func (x *examination) shown(screen *Screen) {
	for i, print := range screen.Shown {
		seq := uint64(i) + 1
		e := x.at(seq)
		switch {
		case print == 0:
			// Told to reset from a later event on.
		case e == nil:
			x.check("P1", false, around(uint64(len(x.log))), "event %d was shown to the visitor and is not in the log, which ends with %d", seq, len(x.log))
		default:
			x.check("P1", Print(e) == print, around(seq), "event %d was shown to the visitor as another one", seq)
		}
	}
	if !screen.Complete {
		return
	}
	for seq := uint64(len(screen.Shown)) + 1; seq <= screen.Top; seq++ {
		x.check("P3", false, around(seq), "event %d never reached the visitor, who had a live socket", seq)
	}
	x.checks["P3"] += int64(len(screen.Shown))
	if screen.Prompt != 0 {
		has := slices.ContainsFunc(x.log, func(e protocol.Event) bool { return Hash(e.ID) == screen.Prompt })
		x.check("P3", has, around(uint64(len(x.log))), "the state waits for an answer to an event that is not in the log")
	}
}

// delivery: the events of an input come before its acknowledgement, and every
// line has an answer (P3).
func (x *examination) delivery() {
	// Where some input left no event of its own (a card that was asked for), bot
	// events of the same moment may be the answer to that.
	held := x.held()
	eventless := slices.ContainsFunc(x.v.Inputs, func(in Input) bool { return in.Seq == 0 && !in.Refused })
	for i := range x.log {
		e := &x.log[i]
		if e.From != "visitor" {
			continue
		}
		end := i
		// Later ones are a timer's.
		for end+1 < len(x.log) && x.log[end+1].From == "bot" && x.log[end+1].At == e.At {
			end++
		}
		if !x.v.Handed && !held[i] {
			x.check("P3", end > i, around(e.Seq), "event %d has no answer in the log", e.Seq)
		}
		in := x.own[e.Seq]
		if in == nil || in.ShownAtAck == 0 || eventless {
			continue
		}
		top := x.log[end].Seq
		x.check("P3", in.ShownAtAck >= top, around(top), "input %d was acknowledged when event %d was the newest shown; its own events go up to %d", in.N, in.ShownAtAck, top)
	}
}

// held tells of every event whether a person had the conversation.
func (x *examination) held() []bool {
	held, now := make([]bool, len(x.log)), false
	for i := range x.log {
		if e := &x.log[i]; e.From == "system" {
			now = e.Kind == "joined" || now && e.Kind != "left"
		}
		held[i] = now
	}
	return held
}

// handover: from the moment a person has the conversation until they leave it the
// bot says nothing, and nobody else has it (P5).
func (x *examination) handover() {
	var joined uint64
	for i := range x.log {
		e := &x.log[i]
		switch {
		case e.From == "system" && e.Kind == "joined":
			x.check("P5", joined == 0, []uint64{joined, e.Seq}, "a person joined with event %d while another had the conversation since event %d", e.Seq, joined)
			joined = e.Seq
		case e.From == "system" && e.Kind == "left":
			joined = 0
		case e.From == "operator":
			x.check("P5", joined != 0, around(e.Seq), "a person said event %d without having the conversation", e.Seq)
		case joined != 0:
			x.check("P5", e.From != "bot", []uint64{joined, e.Seq}, "the bot said event %d after a person had joined with event %d", e.Seq, joined)
		}
	}
}

// secrets: what was typed without a grant is nowhere (P9).
func (x *examination) secrets() {
	for _, secret := range x.v.Secrets {
		for i := range x.log {
			text, _, _ := Text(&x.log[i])
			x.check("P9", !strings.Contains(text, secret), []uint64{x.log[i].Seq}, "a detail typed without a grant is in the log")
		}
	}
}
