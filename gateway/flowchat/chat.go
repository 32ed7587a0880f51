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
	open      bool
	buttons   []button
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
	at, page, operators, open := c.o.Now.UnixMilli(), "", 0, true
	if c.at != 0 {
		at, page, operators, open = c.at, c.page, c.operators, c.open
	}
	c.moment = moment{
		values: map[string]string{}, at: at, page: page, operators: operators, open: open,
		locale: c.site.Bot.Locale(locale),
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

// turn decides on one input of the visitor's, or of time's.
func (c *Chat) turn(in botengine.Input) {
	before := c.moment
	c.inputs++
	in.ID, in.At = "i"+strconv.Itoa(c.inputs), c.at
	in.Page, in.Operators, in.Open = c.page, c.operators, c.open
	r := c.site.Bot.Turn(c.state, c.profile, in)
	if r.Refused != nil {
		c.moment = before
		c.note("refused, %s: %s", r.Refused.Code, r.Refused.Message)
		return
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
		return
	}
	c.state, c.profile = r.State, r.Profile
	c.keep(&r)
	c.show(&r)
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
	const most = 1000 // a timer that sets itself anew would go on for ever
	for range most {
		due := c.due()
		if due == 0 || due > until {
			break
		}
		c.at = max(c.at, due)
		c.note("%s: a time has come", c.clock())
		c.turn(botengine.Input{Kind: botengine.InputTimer, Actor: "system"})
	}
	c.at = max(c.at, until)
}

// granted is the state of a purpose under a grant.
const granted = "granted"

// due is when the first grant ends by itself, 0 where none does.
func (c *Chat) due() int64 {
	var first int64
	for _, g := range c.profile.Consents {
		if g.Status == granted && g.ValidUntil > 0 && (first == 0 || g.ValidUntil < first) {
			first = g.ValidUntil
		}
	}
	return first
}

func (c *Chat) clock() string { return time.UnixMilli(c.at).UTC().Format("2006-01-02 15:04:05 MST") }
