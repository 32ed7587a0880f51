package chat

import (
	"strings"

	"zgoda/botengine"
	"zgoda/gateway/protocol"
	"zgoda/gateway/site"
)

// An Effect is a call to another server that a committed turn has made. Whoever
// committed it runs it; its timer has it made again where that node dies.
type Effect struct {
	Site    *site.Site
	Key     Key
	Visitor string
	// ID is unique among all sites and the same for every attempt.
	ID string
	// Call is what the engine wants; Fields its fields with contact values filled
	// in from what was held at the commit.
	Call   botengine.Effect
	Fields map[string]string
}

// effect fills an effect's fields in. A value that is not there is left out.
func (d *decision) effect(st *site.Site) *Effect {
	if d.made == nil {
		return nil
	}
	e := &Effect{
		Site: st, Key: d.commit.Key, Visitor: d.commit.Visitor, ID: st.Key + "-" + d.made.ID, Call: *d.made,
		Fields: make(map[string]string, len(d.made.Fields)),
	}
	for _, f := range d.made.Fields {
		value := f.Value
		if f.Ref != "" {
			value = d.values.Values[f.Ref]
		}
		if value != "" {
			e.Fields[f.Name] = value
		}
	}
	return e
}

// timerWait fires when the flow has waited long enough: for the visitor, for a
// person, for a webhook.
const timerWait = "wait"

// setWait moves the wait's timer to where the state has it now.
func (d *decision) setWait(fired string, before int64) {
	due := d.state.Bot.Due
	if fired == timerWait || due != before {
		d.commit.Timers = append(d.commit.Timers, timerAt(timerWait, due))
	}
}

// owns tells whether a person has the conversation or is waited for, so that the
// bot keeps silent.
func owns(owner string) bool {
	return owner == protocol.OwnerQueue || strings.HasPrefix(owner, protocol.OwnerOperator)
}

// reopens tells whether an input takes a closed conversation up again.
func reopens(in *botengine.Input) bool {
	switch in.Kind {
	case botengine.InputText, botengine.InputChoice, botengine.InputDecision, botengine.InputAskCard:
		return in.Actor == "" || in.Actor == botengine.FromVisitor
	}
	return false
}

// botFor is the bot of the version a conversation runs on. One that has ended
// begins anew on the present version.
func botFor(st *site.Site, s *botengine.State) *botengine.Bot {
	if s.Step == "" {
		return st.Bot
	}
	return st.BotFor(s.Flow)
}
