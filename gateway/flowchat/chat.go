// Package flowchat lets an author talk to a flow in the terminal: what is typed
// is the visitor's line, what comes back is what the visitor would see, and what
// the bot recorded. Lines that begin with a colon are commands to the chat.
//
// The engine underneath is the gateway's own, with the site's own consent texts.
// Nothing is kept and nothing leaves the process; time stands still but for one
// second an input, and where :now moves it. The same lines give the same output.
package flowchat

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
	"time"

	"zgoda/botengine"
	"zgoda/gateway/site"
	"zgoda/gateway/terminal"
)

// Options of a chat.
type Options struct {
	// Open loads the site with the flow that is tried out. An empty file means
	// the one the chat began with.
	Open func(siteFile string) (*site.Site, error)
	// Locale is the visitor's language; empty: the site's first.
	Locale string
	// Now is when the conversation begins.
	Now time.Time
	// Echo prints each line read, for input that is no terminal.
	Echo bool
}

// A Chat is one author at one terminal. It may be used by one goroutine.
type Chat struct {
	o    Options
	out  *bufio.Writer
	site *site.Site
	moment
	// past are the moments before each input, for :undo.
	past []moment
}

// A moment is all that a conversation is at one time. Nothing in it is changed in
// place, so that an older one stays what it was.
type moment struct {
	state   botengine.State
	profile botengine.Profile
	// values are the visitor's contact values by reference, as the sealed record
	// would hold them.
	values    map[string]string
	begun     bool
	inputs    int
	at        int64
	locale    string
	page      string
	operators int
	// owner speaks for the site: the bot, a queue, an operator, nobody.
	owner string
	// effect is the newest call that a webhook asked for.
	effect  *botengine.Effect
	buttons []button
}

// A button is something that can be pressed by its number.
type button struct {
	label string
	input botengine.Input
}

// maxLine bounds a line of input in bytes: more than any visitor may send.
const maxLine = 64 << 10

// maxPast bounds how far :undo goes.
const maxPast = 1000

// errQuit ends the chat.
var errQuit = errors.New("quit")

// Run talks until in ends or the author quits.
func Run(in io.Reader, out io.Writer, o Options) error {
	c := &Chat{o: o, out: bufio.NewWriter(out)}
	defer c.out.Flush()
	s, err := o.Open("")
	if err != nil {
		return err
	}
	c.site = s
	c.restart(o.Locale)
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	for {
		if !o.Echo {
			c.printf("> ")
		}
		if err := c.out.Flush(); err != nil {
			return fmt.Errorf("write: %w", err)
		}
		if !lines.Scan() {
			break
		}
		if o.Echo {
			c.printf("> %s\n", terminal.Line(lines.Text()))
		}
		if err := c.line(lines.Text()); errors.Is(err, errQuit) {
			return c.out.Flush()
		} else if err != nil {
			c.note("%v", err)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("a line is longer than %d bytes", maxLine)
	}
	return lines.Err()
}

// line takes one line of the author's.
func (c *Chat) line(s string) error {
	if strings.HasPrefix(s, ":") {
		return c.command(strings.Fields(s[1:]))
	}
	if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil && n >= 1 && n <= len(c.buttons) {
		c.turn(c.buttons[n-1].input)
		return nil
	}
	c.turn(botengine.Input{Kind: botengine.InputText, Text: s})
	return nil
}

// restart begins a new conversation of a new visitor. Time goes on.
func (c *Chat) restart(locale string) {
	at, page, operators := c.o.Now.UnixMilli(), "", 0
	if c.at != 0 {
		at, page, operators = c.at, c.page, c.operators
	}
	c.moment = moment{
		values: map[string]string{}, at: at, page: page, operators: operators,
		owner: botengine.OwnerBot, locale: c.site.Bot.Locale(locale),
	}
	c.past = nil
	hash := strings.TrimPrefix(c.site.Flow.Hash, "sha256:")
	c.note("flow %s, sha256:%s; %s, region %s; language %s; :help lists the commands",
		c.site.Flow.Name, hash[:12], c.site.File, c.site.Region, c.locale)
	c.greet()
}

// greet shows what a visitor sees before doing anything. Nothing is recorded of
// it until the first act.
func (c *Chat) greet() {
	r := c.site.Bot.Greet(c.locale, botengine.Input{ID: "i0", At: c.at})
	c.state = r.State
	c.show(&r)
}

// turn decides on one input of the visitor's, of time's or of somebody else's,
// and tells whether it was applied.
func (c *Chat) turn(in botengine.Input) bool {
	before := c.moment
	switch {
	case in.Kind == botengine.InputOwner:
		c.owner = in.Owner
	case c.owner == botengine.OwnerClosed && in.Actor == "":
		c.owner = botengine.OwnerBot
	}
	c.inputs++
	in.ID, in.At = "i"+strconv.Itoa(c.inputs), c.at
	in.Page, in.Operators = c.page, c.operators
	in.Owner = c.owner
	in.Quiet = c.owner != botengine.OwnerBot
	r := c.site.Bot.Turn(c.state, c.profile, in)
	if r.Refused != nil {
		c.moment = before
		c.note("refused, %s: %s", r.Refused.Code, r.Refused.Message)
		return false
	}
	if c.past = append(c.past, before); len(c.past) > maxPast {
		c.past = c.past[1:]
	}
	const second = 1000
	c.at += second
	c.begun = true
	if r.Erase {
		c.note("erased: conversation and contact are deleted, the proof of consents stays; a new visitor comes")
		c.restart(c.locale)
		return true
	}
	c.state, c.profile = r.State, r.Profile
	c.keep(&r)
	c.show(&r)
	c.passOn(&r)
	return true
}

func orElse(s, other string) string {
	if s != "" {
		return s
	}
	return other
}

// passOn says what others have to do now: people, or another server.
func (c *Chat) passOn(r *botengine.Result) {
	switch c.owner = orElse(r.Owner, c.owner); r.Owner {
	case botengine.OwnerQueue:
		c.note("the conversation waits for a person in queue %s; :take takes it, :now +5m lets time pass", r.State.Queue)
	case botengine.OwnerBot:
		c.note("the bot has the conversation again")
	case botengine.OwnerClosed:
		c.note("the conversation is closed; a new line opens it again")
	}
	if e := r.Effect; e != nil {
		c.effect = e
		var sent []string
		for _, f := range e.Fields {
			value := f.Value
			if f.Ref != "" {
				value = c.value(f.Ref)
			}
			sent = append(sent, f.Name+"="+value)
		}
		reply := ":answer"
		for _, k := range e.Keys {
			reply += " " + k + "=…"
		}
		c.note("webhook, attempt %d: POST %s {%s}; answer for it with %s or :fail", e.Attempt, e.URL, strings.Join(sent, ", "), reply)
	}
}

// keep puts contact values where the visitor's sealed record would have them.
func (c *Chat) keep(r *botengine.Result) {
	values := map[string]string{}
	if !r.DropContact {
		values = maps.Clone(c.values)
	}
	for _, v := range r.Values {
		values[v.Ref] = v.Text
	}
	c.values = values
}

// fire sends what is due until the clock reaches until, each at its time.
func (c *Chat) fire(until int64) {
	const most = 1000 // a flow that reminds for ever would go on for ever
	for range most {
		due := c.due()
		if due == 0 || due > until {
			break
		}
		c.at = max(c.at, due)
		c.note("%s: a time has come", c.clock())
		if !c.turn(botengine.Input{Kind: botengine.InputTimer, Actor: botengine.FromSystem}) {
			break
		}
	}
	c.at = max(c.at, until)
}

// granted is the state of a purpose under a grant.
const granted = "granted"

// due is when the wait's timer fires or the first grant ends by itself, whichever
// is first; 0 where neither will.
func (c *Chat) due() int64 {
	first := c.state.Due
	for _, g := range c.profile.Consents {
		if g.Status == granted && g.ValidUntil > 0 && (first == 0 || g.ValidUntil < first) {
			first = g.ValidUntil
		}
	}
	return first
}
