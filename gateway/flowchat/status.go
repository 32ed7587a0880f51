package flowchat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// status says where the conversation stands and what is kept of the visitor; as
// JSON with everything the engine keeps.
func (c *Chat) status(args []string) error {
	switch {
	case len(args) == 1 && args[0] == "json":
		return c.dump()
	case len(args) > 0:
		return errors.New("write :state or :state json")
	}
	c.note("it is %s; language %s; owner %s", c.clock(), c.locale, c.owner)
	c.note("stands at %s", c.standing())
	if c.page != "" {
		c.note("on page %s", c.page)
	}
	if due := c.due(); due != 0 {
		c.note("next timer: %s", clockAt(due))
	}
	if card := c.state.Card; card != nil {
		c.note("open card: %s", strings.Join(card.Purposes, ", "))
	}
	for _, p := range slices.Sorted(maps.Keys(c.profile.Consents)) {
		g := c.profile.Consents[p]
		until := ""
		if g.Status == granted && g.ValidUntil > 0 {
			until = ", until " + clockAt(g.ValidUntil)
		}
		c.note("consent %s: %s%s", p, g.Status, until)
	}
	for _, f := range slices.Sorted(maps.Keys(c.profile.Refs)) {
		c.note("contact %s: %s", f, c.value(c.profile.Refs[f]))
	}
	for _, v := range slices.Sorted(maps.Keys(c.state.Vars)) {
		c.note("variable %s: %s", v, c.state.Vars[v])
	}
	return nil
}

// standing says in a few words what the flow waits for.
func (c *Chat) standing() string {
	x := c.site.Bot.Inputs(c.state, c.profile)
	where := "its end"
	if c.state.Step != "" {
		where = "step " + c.state.Step
	}
	if x.Kind == "none" {
		return where + ", waiting for nothing"
	}
	return where + ", waiting for " + strings.TrimSpace(x.Kind+" "+x.Type)
}

// dump prints everything there is about the conversation and its visitor.
func (c *Chat) dump() error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(map[string]any{"at": c.clock(), "state": c.state, "profile": c.profile, "values": c.values}); err != nil {
		return fmt.Errorf("encode the state: %w", err)
	}
	c.said("·", b.String())
	return nil
}

func (c *Chat) clock() string { return clockAt(c.at) }

func clockAt(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04:05 MST") }
