package botengine

import "time"

// Hours are a site's opening hours, as clocks at the site show them. They are
// immutable; a nil *Hours is always open.
type Hours struct {
	// Zone is an IANA time zone; nil is UTC.
	Zone *time.Location
	// Week holds the open times of each day, Sunday first.
	Week [7][]OpenTime
	// Closed are days without opening: "2026-12-25", or "12-25" in every year.
	Closed map[string]bool
}

// An OpenTime is a part of a day, in minutes after midnight: from From on, before
// To. To is 1440 at most.
type OpenTime struct{ From, To int }

// Open tells whether the site is open at a moment, in Unix milliseconds.
func (h *Hours) Open(at int64) bool {
	if h == nil {
		return true
	}
	t := time.UnixMilli(at).UTC()
	if h.Zone != nil {
		t = t.In(h.Zone)
	}
	day := t.Format(time.DateOnly)
	if h.Closed[day] || h.Closed[day[len("2026-"):]] {
		return false
	}
	minute := t.Hour()*60 + t.Minute()
	for _, open := range h.Week[t.Weekday()] {
		if open.From <= minute && minute < open.To {
			return true
		}
	}
	return false
}
