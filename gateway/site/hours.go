package site

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones for machines that have no zone files

	"go.yaml.in/yaml/v4"

	"zgoda/botengine"
)

// weekdays are the keys of a week, in the order of time.Weekday.
var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// hours reads the opening hours; nil where the file has none, which means always
// open. A day that is not listed is closed.
func (r *reader) hours(root mapping) *botengine.Hours {
	n := root.vals["hours"]
	if n == nil {
		return nil
	}
	m := r.mapping(n, "hours", append([]string{"zone", "holidays"}, weekdays...)...)
	m.need("zone", "zone: Europe/Warsaw")
	h := &botengine.Hours{Zone: r.zone(m), Closed: map[string]bool{}}
	days := 0
	for day, name := range weekdays {
		items, _ := m.list(name)
		if m.vals[name] != nil {
			days++
		}
		for i, item := range items {
			path := fmt.Sprintf("hours.%s[%d]", name, i)
			open, err := openTime(r.text(item, path))
			if err != nil {
				r.problem(at(item), "%s: %v; write it as \"9:00-17:30\"", path, err)
				continue
			}
			h.Week[day] = append(h.Week[day], open)
		}
	}
	if n.Kind == yaml.MappingNode && days == 0 {
		r.problem(at(n), "hours has no day; for example monday: [\"9:00-17:30\"]")
	}
	r.holidays(m, h)
	return h
}

func (r *reader) zone(m mapping) *time.Location {
	name := m.text("zone")
	if name == "" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		r.problem(at(m.vals["zone"]), "hours.zone %q is no time zone of the IANA list, as Europe/Warsaw", short(name))
		return nil
	}
	return zone
}

// openTime reads "9:00-17:30". 24:00 is the end of the day; a time over midnight
// is two, one on each day.
func openTime(s string) (botengine.OpenTime, error) {
	from, to, found := strings.Cut(strings.ReplaceAll(s, "–", "-"), "-")
	open := botengine.OpenTime{From: minutes(from), To: minutes(to)}
	switch {
	case !found || open.From < 0 || open.To < 0:
		return open, fmt.Errorf("%q is not a time of day to another", short(s))
	case open.From >= open.To:
		return open, fmt.Errorf("%q ends before it begins; a time over midnight belongs to two days", short(s))
	}
	return open, nil
}

// minutes reads "9:00" as minutes after midnight, -1 where it is none.
func minutes(s string) int {
	hour, minute, found := strings.Cut(strings.TrimSpace(s), ":")
	h, err := strconv.Atoi(hour)
	m, err2 := strconv.Atoi(minute)
	if !found || err != nil || err2 != nil || len(minute) != 2 || h < 0 || m < 0 || m > 59 || h*60+m > 24*60 {
		return -1
	}
	return h*60 + m
}

// holidays reads days on which the site is closed: 2026-12-24, or 12-25 in every
// year.
func (r *reader) holidays(m mapping, h *botengine.Hours) {
	items, _ := m.list("holidays")
	for i, n := range items {
		path := fmt.Sprintf("hours.holidays[%d]", i)
		if n.Kind != yaml.ScalarNode {
			r.problem(at(n), "%s is %s; it must be a day", path, kindOf(n))
			continue
		}
		full := n.Value
		if len(full) == len("12-25") {
			full = "2024-" + full // a leap year has every day
		}
		if _, err := time.Parse(time.DateOnly, full); err != nil {
			r.problem(at(n), "%s: %q is no day; write \"2026-12-24\", or \"12-25\" for every year", path, short(n.Value))
			continue
		}
		h.Closed[n.Value] = true
	}
}
