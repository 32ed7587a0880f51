package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"zgoda/loadtest/measure"
)

// A Live view shows how a run goes: on a terminal it is drawn again in place,
// elsewhere it is a line now and then. It is for one goroutine.
type Live struct {
	w        io.Writer
	terminal bool
	lines    int // drawn last
	said     time.Duration
	phase    string
}

// NewLive returns a view on w. terminal says that w understands ANSI escapes
// (ECMA-48).
func NewLive(w io.Writer, terminal bool) *Live {
	return &Live{w: w, terminal: terminal, said: -time.Hour}
}

// plainEvery is how often a line is printed where there is no terminal.
const plainEvery = 5 * time.Second

// Show draws a status.
func (l *Live) Show(s Status) {
	if !l.terminal {
		if s.Phase == l.phase && s.Passed-l.said < plainEvery {
			return
		}
		l.phase, l.said = s.Phase, s.Passed
		fmt.Fprintln(l.w, plainLine(s))
		return
	}
	l.clear()
	text := screen(s)
	fmt.Fprint(l.w, text)
	l.lines = strings.Count(text, "\n")
}

// Clear removes what was drawn, to make room for a report.
func (l *Live) Clear() { l.clear() }

func (l *Live) clear() {
	if l.terminal && l.lines > 0 {
		fmt.Fprintf(l.w, "\x1b[%dA\x1b[J", l.lines)
		l.lines = 0
	}
}

func plainLine(s Status) string {
	if s.ToRead > 0 {
		return fmt.Sprintf("%s: %d of %d", s.Phase, s.Read, s.ToRead)
	}
	turn := s.of(measure.Turn)
	return fmt.Sprintf("%4.0f s  %s: %d came, %d in, %d idle sockets, %d turns, p50 %s p99 %s max %s, %d lost sockets, %s",
		s.Passed.Seconds(), s.Phase, s.Counts[measure.Arrived], s.Now.Active, s.Now.Idle, turn.Count, ms(turn.P50), ms(turn.P99), ms(turn.Max),
		s.Counts[measure.Lost], s.soFar())
}

func (s Status) of(name string) Measure {
	for _, m := range s.Measures {
		if m.Of == name {
			return m
		}
	}
	return Measure{}
}

func (s Status) soFar() string {
	if s.Broken == 0 {
		return "no promise broken"
	}
	return fmt.Sprintf("%d VIOLATIONS", s.Broken)
}

// screen is the whole live view.
func screen(s Status) string {
	var b strings.Builder
	passed := min(s.Passed, s.Length)
	fmt.Fprintf(&b, " %s  %s  %s %s / %s\n", s.Scenario, s.Phase, bar(float64(passed)/max(float64(s.Length), 1), 30), clock(s.Passed), clock(s.Length))
	if s.ToRead > 0 {
		fmt.Fprintf(&b, " logs read again  %s %d / %d\n", bar(float64(s.Read)/float64(s.ToRead), 30), s.Read, s.ToRead)
	}
	c := s.Now.Counts
	fmt.Fprintf(&b, " visitors   %6d came  %6d in  %6d went  %4d gave up   %d/s now\n",
		s.Counts[measure.Arrived], s.Now.Active, s.Counts[measure.Left], s.Counts[measure.GaveUp], c[measure.Arrived])
	fmt.Fprintf(&b, " sockets    %6d idle  %6d lost  %6d resets   %d waiting for an answer\n", s.Now.Idle, s.Counts[measure.Lost], s.Counts[measure.Resets], s.Now.Waiting)
	fmt.Fprintf(&b, " %-9s %8s %9s %9s %9s %9s %11s\n", "latency", "count", "p50", "p99", "p99.9", "max", "this second")
	for _, m := range s.Measures {
		now := s.Now.Times[m.Of]
		fmt.Fprintf(&b, " %-9s %8d %9s %9s %9s %9s %11s\n", m.Of, m.Count, ms(m.P50), ms(m.P99), ms(m.P999), ms(m.Max), ms(now.P99))
	}
	fmt.Fprintf(&b, " the tool itself: %.0f %% of a core\n", 100*s.Now.CPU)
	for _, m := range s.Marks[max(0, len(s.Marks)-3):] {
		fmt.Fprintf(&b, " ⚡ %s at %.0f s, %.1f s long %s\n", m.What, m.At, m.For, m.Err)
	}
	fmt.Fprintf(&b, " verdict so far: %s", s.soFar())
	if s.Last != "" {
		fmt.Fprintf(&b, " — %s", s.Last)
	}
	b.WriteString("\n")
	return b.String()
}

func bar(share float64, width int) string {
	full := int(min(max(share, 0), 1) * float64(width))
	return "[" + strings.Repeat("█", full) + strings.Repeat("·", width-full) + "]"
}

func clock(d time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

// ms prints milliseconds as a person reads them.
func ms(v float64) string {
	switch {
	case v == 0:
		return "–"
	case v < 10:
		return fmt.Sprintf("%.2f ms", v)
	case v < 1000:
		return fmt.Sprintf("%.0f ms", v)
	}
	return fmt.Sprintf("%.2f s", v/1000)
}
