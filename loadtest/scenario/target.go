package scenario

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Measures are what latencies are taken of, in the order of reports.
var Measures = []string{"connect", "first", "turn", "resume", "takeover", "operator"}

// A Target is a bound that a run must keep, such as turn.p99<50ms.
type Target struct {
	// Measure is one of Measures, Of a percentile in percent; 100 is the maximum.
	Measure string
	Of      float64
	Below   time.Duration
}

// String returns the target as it is written.
func (t Target) String() string {
	of := "p" + strings.Replace(strconv.FormatFloat(t.Of, 'f', -1, 64), ".", "", 1)
	if t.Of == 100 {
		of = "max"
	}
	return t.Measure + "." + of + "<" + t.Below.String()
}

var targetForm = regexp.MustCompile(`^([a-z]+)\.(p[0-9]{1,5}|p[0-9]{2}\.[0-9]{1,3}|max)\s*<\s*([0-9a-zµ.]+)$`)

// ParseTarget reads a target. p99 is the 99th percentile, p999 and p99.9 the
// 99.9th.
func ParseTarget(s string) (Target, error) {
	m := targetForm.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return Target{}, fmt.Errorf("%q is no target; write one like turn.p99<50ms or connect.max<2s", short(s))
	}
	if !slices.Contains(Measures, m[1]) {
		return Target{}, fmt.Errorf("%q measures %q; it can be %s", short(s), m[1], strings.Join(Measures, ", "))
	}
	below, err := time.ParseDuration(m[3])
	if err != nil || below <= 0 {
		return Target{}, fmt.Errorf("%q has no time above zero after <; write it like 50ms or 1.5s", short(s))
	}
	return Target{Measure: m[1], Of: percentile(m[2]), Below: below}, nil
}

// percentile reads p50, p99, p999, p99.9 or max.
func percentile(s string) float64 {
	if s == "max" {
		return 100
	}
	digits := s[1:]
	if len(digits) > 2 && !strings.Contains(digits, ".") {
		digits = digits[:2] + "." + digits[2:]
	}
	of, _ := strconv.ParseFloat(digits, 64) // the form was checked
	return of
}
