package flowchat

import (
	"fmt"
	"slices"
	"strings"

	"zgoda/botengine"
	"zgoda/gateway/terminal"
)

// printf writes to the terminal. What it is given has been made visible.
func (c *Chat) printf(format string, args ...any) {
	// The writer remembers an error, and Flush returns it.
	_, _ = fmt.Fprintf(c.out, format, args...)
}

// note says something that is not part of the conversation.
func (c *Chat) note(format string, args ...any) {
	c.said("·", fmt.Sprintf(format, args...))
}

// said prints a text beside who said it, one line under another.
func (c *Chat) said(who, text string) {
	for line := range strings.Lines(terminal.Visible(text)) {
		c.printf("%-5s %s\n", who, strings.TrimSuffix(line, "\n"))
		who = ""
	}
}

// show prints what a turn has brought: the events as the visitor sees them, then
// what was recorded.
func (c *Chat) show(r *botengine.Result) {
	var buttons []button
	for i := range r.Events {
		buttons = append(buttons, c.event(&r.Events[i], len(buttons))...)
	}
	waits := c.site.Bot.Inputs(c.state, c.profile).Kind
	if len(buttons) > 0 || (waits != "choices" && waits != "card") {
		c.buttons = buttons
	}
	for i := range r.Entries {
		c.entry(&r.Entries[i])
	}
	if r.DropContact {
		c.note("the contact is deleted")
	}
}

var speakers = map[string]string{
	botengine.FromVisitor: "you", botengine.FromBot: "bot", botengine.FromOperator: "human", botengine.FromSystem: "·",
}

// event prints one event and returns the buttons it has.
func (c *Chat) event(e *botengine.Event, shown int) []button {
	who := speakers[e.From]
	switch e.Kind {
	case botengine.EventCard:
		return c.card(e.Card, shown)
	case botengine.EventDecision:
		c.said(who, fmt.Sprintf("[%s] %s", c.pressed(e), strings.Join(e.Purposes, ", ")))
	case botengine.EventWithdrawal:
		c.said(who, "withdrawn: "+strings.Join(e.Purposes, ", "))
	case botengine.EventEnd:
		c.note("the flow has ended; a new line opens it again")
	}
	if len(e.Text) > 0 {
		c.said(who, c.spans(e.Text))
	}
	if e.Link != nil {
		c.said("", fmt.Sprintf("→ %s <%s>", e.Link.Label, e.Link.URL))
	}
	if e.Image != nil {
		c.said("", fmt.Sprintf("[picture: %s] <%s>", e.Image.Alt, e.Image.URL))
	}
	buttons := make([]button, len(e.Options))
	for i, o := range e.Options {
		buttons[i] = button{o.Label, botengine.Input{Kind: botengine.InputChoice, Of: e.ID, Choice: o.ID}}
		c.said("", fmt.Sprintf("[%d] %s", shown+i+1, o.Label))
	}
	return buttons
}

// pressed is what the visitor's answer to a card reads like.
func (c *Chat) pressed(e *botengine.Event) string {
	n, ok := c.site.Settings.Notices[botengine.NoticeKey(e.Purposes, e.Locale)]
	switch {
	case !ok:
		return e.Answer
	case e.Answer == botengine.AnswerGrant:
		return n.Card.Accept
	}
	return n.Card.Decline
}

// card prints a consent card whole: it is what the visitor agrees to.
func (c *Chat) card(card *botengine.Card, shown int) []button {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("── %s ──", card.Title)
	line("%s", card.Body)
	for _, p := range card.Purposes {
		line("• %s (%s)", p.Text, p.Code)
	}
	var fields []string
	for _, f := range card.Fields {
		fields = append(fields, f.Text)
	}
	line("• %s", strings.Join(fields, ", "))
	line("%s", card.Withdraw)
	if card.Policy.URL != "" {
		line("→ %s <%s>", card.Policy.Label, card.Policy.URL)
	} else {
		line("→ %s (in the widget)", card.Policy.Label)
	}
	c.said("card", b.String())
	if card.NoAnswer {
		return nil
	}
	buttons := make([]button, 0, 2)
	for i, answer := range []string{botengine.AnswerGrant, botengine.AnswerDecline} {
		label := []string{card.Accept, card.Decline}[i]
		c.said("", fmt.Sprintf("[%d] %s (:%s)", shown+i+1, label, answer))
		buttons = append(buttons, button{label, botengine.Input{Kind: botengine.InputDecision, Request: card.Request, Answer: answer}})
	}
	return buttons
}

// spans puts a line together as the visitor sees it. What was masked is gone:
// nobody can show it again.
func (c *Chat) spans(spans []botengine.Span) string {
	var b strings.Builder
	for _, s := range spans {
		switch {
		case s.Masked:
			b.WriteString("[hidden]")
		case s.Field != "":
			b.WriteString(c.value(c.profile.Refs[s.Field]))
		case s.Ref != "":
			b.WriteString(c.value(s.Ref))
		default:
			b.WriteString(s.Text)
		}
	}
	return b.String()
}

func (c *Chat) value(ref string) string {
	if v, ok := c.values[ref]; ok {
		return v
	}
	return "[removed]"
}

// entry notes what goes to the contact store.
func (c *Chat) entry(e *botengine.Entry) {
	switch e.Kind {
	case botengine.EntrySeen:
	case botengine.EntryContact:
		var fields []string
		for f := range e.Fields {
			fields = append(fields, f)
		}
		slices.Sort(fields)
		under := "under the grant"
		if e.Grant == "" {
			under = "without a grant, under the site's policy"
		}
		c.note("contact kept %s: %s", under, strings.Join(fields, ", "))
	default:
		c.note("ledger %d: %s %s", e.VSeq, e.Purpose, e.Kind)
	}
}
