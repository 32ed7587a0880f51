package flowchat

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"zgoda/botengine"
)

// A command is what a line with a colon can do. args names what may follow, for
// the help.
type command struct {
	name, args, help string
	run              func(c *Chat, args []string) error
}

// commands is filled in by a function, since :help lists it.
func commands() []command {
	return []command{
		{"1, 2, …", "", "press the button of that number", nil},
		{"grant", "", "press the card's first button", answer(botengine.AnswerGrant)},
		{"decline", "", "press the card's second button", answer(botengine.AnswerDecline)},
		{"press", "OPTION", "press the newest button of that id", press},
		{"card", "[PURPOSE…]", "ask for the consent card, as the privacy item does", act(botengine.InputAskCard)},
		{"withdraw", "[PURPOSE…]", "withdraw consent, all or some", act(botengine.InputWithdraw)},
		{"erase", "", "ask to be erased", act(botengine.InputErase)},
		{"undo", "", "take the last input back", (*Chat).undo},
		{"restart", "", "a new visitor comes", func(c *Chat, _ []string) error { c.restart(c.locale); return nil }},
		{"locale", "TAG", "speak another language from here on", (*Chat).speak},
		{"now", "[+2h|+3d|TIME]", "show or move the clock; what becomes due happens", (*Chat).move},
		{"page", "PATH", "go to another page of the website", func(c *Chat, args []string) error { c.page = args[0]; return nil }},
		{"operators", "N", "so many people are online for the site", (*Chat).staff},
		{"take", "[NAME]", "a person takes the conversation over", (*Chat).take},
		{"back", "", "the person hands it back to the bot", (*Chat).back},
		{"answer", "[KEY=VALUE…]", "the other server has answered", (*Chat).answered},
		{"fail", "[for good]", "the other server did not answer, or refused", (*Chat).failed},
		{"state", "[json]", "show where the conversation stands and what is kept", (*Chat).status},
		{"site", "[FILE]", "talk on another site, from the start", (*Chat).visit},
		{"help", "", "this list", (*Chat).help},
		{"quit", "", "leave", func(*Chat, []string) error { return errQuit }},
	}
}

func (c *Chat) command(words []string) error {
	if len(words) == 0 {
		return errors.New("a colon begins a command; :help lists them")
	}
	all := commands()
	i := slices.IndexFunc(all, func(x command) bool { return x.name == words[0] && x.run != nil })
	if i < 0 {
		return fmt.Errorf("there is no command :%s; :help lists them", words[0])
	}
	args := words[1:]
	switch want := all[i].args; {
	case want == "" && len(args) > 0:
		return fmt.Errorf(":%s takes nothing after it", words[0])
	case want != "" && !strings.HasPrefix(want, "[") && len(args) != 1, want == "[FILE]" && len(args) > 1:
		return fmt.Errorf("write :%s %s", words[0], want)
	}
	return all[i].run(c, args)
}

func (c *Chat) help([]string) error {
	for _, x := range commands() {
		name := ":" + x.name
		if x.run == nil {
			name = x.name
		}
		c.said("", fmt.Sprintf("%-22s %s", strings.TrimSpace(name+" "+x.args), x.help))
	}
	c.said("", "Everything else is what the visitor says.")
	return nil
}

// answer presses a button of the open card.
func answer(which string) func(*Chat, []string) error {
	return func(c *Chat, _ []string) error {
		if c.state.Card == nil {
			return errors.New("no card is open; :card asks for one")
		}
		c.turn(botengine.Input{Kind: botengine.InputDecision, Request: c.state.Card.Request, Answer: which})
		return nil
	}
}

// act does what the widget's privacy item offers.
func act(kind botengine.InputKind) func(*Chat, []string) error {
	return func(c *Chat, purposes []string) error {
		c.turn(botengine.Input{Kind: kind, Purposes: purposes})
		return nil
	}
}

func press(c *Chat, args []string) error {
	for _, b := range slices.Backward(c.buttons) {
		if b.input.Choice == args[0] {
			c.turn(b.input)
			return nil
		}
	}
	return fmt.Errorf("no button %q was shown last", args[0])
}

func (c *Chat) undo([]string) error {
	if len(c.past) == 0 {
		return errors.New("there is nothing to take back")
	}
	last := len(c.past) - 1
	c.moment, c.past = c.past[last], c.past[:last]
	c.note("taken back; the conversation stands at %s", c.standing())
	return nil
}

// speak changes the conversation's language. Before the first act the greeting is
// shown anew.
func (c *Chat) speak(args []string) error {
	c.locale = c.site.Bot.Locale(args[0])
	if c.locale != args[0] {
		c.note("the site does not speak %s; the nearest is %s", args[0], c.locale)
	} else {
		c.note("language %s", c.locale)
	}
	if !c.begun {
		c.greet()
		return nil
	}
	c.state.Locale = c.locale
	return nil
}

// move shows or moves the clock.
func (c *Chat) move(args []string) error {
	if len(args) > 1 {
		return errors.New("write :now +2h, :now +3d or :now 2026-03-02T10:00")
	}
	if len(args) == 1 {
		to, err := c.moved(args[0])
		if err != nil {
			return err
		}
		c.fire(to)
	}
	c.note("it is %s", c.clock())
	return nil
}

// moved reads a time: relative in Go's units or days, or absolute in UTC.
func (c *Chat) moved(s string) (int64, error) {
	if ahead, ok := strings.CutPrefix(s, "+"); ok {
		if days, ok := strings.CutSuffix(ahead, "d"); ok {
			if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= 36500 {
				return c.at + int64(n)*24*time.Hour.Milliseconds(), nil
			}
		} else if d, err := time.ParseDuration(ahead); err == nil && d >= 0 {
			return c.at + d.Milliseconds(), nil
		}
		return 0, fmt.Errorf("%q is no length of time; write +90s, +2h or +3d", s)
	}
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(form, s); err == nil {
			if t.UnixMilli() < c.at {
				return 0, errors.New("time goes forward only; :restart and --now begin elsewhere")
			}
			return t.UnixMilli(), nil
		}
	}
	return 0, fmt.Errorf("%q is no time; write +2h, +3d or 2026-03-02T10:00", s)
}

func (c *Chat) staff(args []string) error {
	n, err := strconv.Atoi(args[0])
	if err != nil || n < 0 || n > 1_000_000 {
		return fmt.Errorf("%q is no number of people", args[0])
	}
	c.operators = n
	return nil
}

// take lets a person speak for the site.
func (c *Chat) take(args []string) error {
	name := "anna"
	if len(args) > 0 {
		name = args[0]
	}
	return c.own(botengine.OwnerOperator+":"+name, name+" has the conversation; the bot keeps silent")
}

// back gives the conversation to the bot again.
func (c *Chat) back([]string) error {
	if !strings.HasPrefix(c.owner, botengine.OwnerOperator) {
		return errors.New("no person has the conversation; :take takes it")
	}
	return c.own(botengine.OwnerBot, "the bot has the conversation again")
}

func (c *Chat) own(owner, said string) error {
	if !c.begun {
		return errors.New("the visitor has not said anything yet")
	}
	if owner == c.owner {
		return errors.New("that is so already")
	}
	c.note("%s", said)
	c.turn(botengine.Input{Kind: botengine.InputOwner, Owner: owner, Actor: botengine.OwnerOperator})
	return nil
}

// answered hands in what a webhook's server has answered.
func (c *Chat) answered(args []string) error {
	values := map[string]string{}
	for _, a := range args {
		key, value, ok := strings.Cut(a, "=")
		if !ok {
			return errors.New("write :answer KEY=VALUE …")
		}
		values[key] = value
	}
	return c.result(botengine.EffectResult{OK: true, Values: values})
}

// failed hands in that it did not answer well; for good, if asking again would
// not help.
func (c *Chat) failed(args []string) error {
	return c.result(botengine.EffectResult{Final: len(args) > 0})
}

func (c *Chat) result(r botengine.EffectResult) error {
	if c.effect == nil {
		return errors.New("no webhook was called")
	}
	r.ID, r.Attempt = c.effect.ID, c.effect.Attempt
	c.turn(botengine.Input{Kind: botengine.InputResult, Result: &r, Actor: botengine.FromSystem})
	return nil
}

// visit goes to another site.
func (c *Chat) visit(args []string) error {
	file := ""
	if len(args) == 1 {
		file = args[0]
	}
	s, err := c.o.Open(file)
	if err != nil {
		return err
	}
	c.site = s
	for _, w := range s.Warnings {
		c.note("%s", w)
	}
	c.restart(c.locale)
	return nil
}
