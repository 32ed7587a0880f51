package redisstore

import "strings"

// A site's names in Redis. All of its keys carry one hash tag, so that on a
// Cluster they live in one slot and one script may change them together.
type site struct {
	name string
	// base begins every key of the site.
	base string

	ready                      string
	outbox, timers             string
	rows, order, ages, top     string
	watchers                   string
	leases, desk, assigned     string
	conv, log, inputs, profile string // prefixes, with their colon
	owner, holders, staff      string // prefixes, with their colon
}

// tagEscape keeps a site's name from ending the hash tag early, which would let
// two sites meet.
var tagEscape = strings.NewReplacer("%", "%25", "{", "%7B", "}", "%7D")

func newSite(prefix, name string) *site {
	base := prefix + "{" + tagEscape.Replace(name) + "}"
	return &site{
		name: name, base: base,
		ready: base + "ready", outbox: base + "outbox", timers: base + "timers", watchers: base + "watchers",
		rows: base + "inbox:rows", order: base + "inbox:order", ages: base + "inbox:ages", top: base + "inbox:top",
		conv: base + "c:", log: base + "e:", inputs: base + "i:", profile: base + "p:", owner: base + "o:", holders: base + "h:",
		leases: base + "desk:leases", desk: base + "desk:said", assigned: base + "assigned", staff: base + "s:",
	}
}

// channel is what a node's channel is called. Channels have no slot.
func (s *Store) channel(node string) string { return channelPrefix(&s.opts) + node }

func channelPrefix(o *Options) string { return o.Prefix + "n:" }
