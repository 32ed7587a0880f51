package scenario

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const small = `
name: small
arrivals: {phases: [{shape: steady, seconds: 10, per_second: 10}]}
visitors: {mix: {agrees: 1}, questions: ["Hello?"]}
`

func parse(t *testing.T, src string) *Scenario {
	t.Helper()
	s, err := Parse("test.yaml", []byte(src))
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	return s
}

// The files that come with the tool are right.
func TestReadyMade(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../configs/load/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, f := range files {
		if filepath.Base(f) == "faults-example.yaml" {
			if faults, err := LoadFaults(f); err != nil || len(faults) == 0 {
				t.Errorf("%v, %d faults", err, len(faults))
			}
			continue
		}
		s, err := Load(f)
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if want := strings.TrimSuffix(filepath.Base(f), ".yaml"); s.Name != want {
			t.Errorf("%s is named %q", f, s.Name)
		}
	}
}

// Every mistake is found in one run, with its place and what would be right.
func TestProblems(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, src string
		want      []string
	}{
		{"Empty", "", []string{"test.yaml:1:1: the file is empty"}},
		{"Tab", "name: x\n\tsite: y\n", []string{"test.yaml:2:1: indented with a tab"}},
		{"NotYAML", "name: [x\n", []string{"not YAML"}},
		{"Alias", "name: &a x\n", []string{"1:7: anchors and aliases"}},
		{"NoCount", "name: x\narrivals: {phases: [{shape: steady, seconds: 1, per_second: 0}]}\noperators: {lines: 2, then: {close: 0}}\n", []string{`operators needs "count"`, "operators.then has no weight above 0"}},
		{"List", "- a\n", []string{"a scenario is a list; it must be a mapping"}},
		{"Many", `
name: 7
arivals: {}
arrivals:
  spacing: odd
  phases:
    - {shape: steady, seconds: 0, per_second: ten, steps: 3}
    - {shape: wave, seconds: 5, per_second: 1}
    - {shape: spike, seconds: 5, per_second: 1, peak_per_second: 9, peak_seconds: 9}
visitors:
  mix: {agree: 5}
  think_ms: {shape: uniform, from: 10, to: 5}
  typing_ms: {shape: lognormal, median: 100, mean: 3}
  reconnect_ms: {first: 100, max: 50}
idle: {sockets: -1}
faults:
  - {at_seconds: 1, do: restart, what: redis}
  - {do: kill, what: router}
expect: [turn.p99<0ms, "tun.p99<5ms"]
`, []string{
			`2:7: name is a number; it must be text`,
			`3:1: a scenario has no key "arivals"; did you mean "arrivals"?`,
			`5:12: arrivals.spacing is "odd"; it must be one of random, even`,
			`7:32: arrivals.phases[1].seconds is 0`, `7:47: arrivals.phases[1].per_second is "ten"; it must be a number`,
			`7:59: arrivals.phases[1] has "steps", which means nothing to the shape steady`,
			`8:15: arrivals.phases[2].shape is "wave"; it must be one of steady, ramp, step, spike`,
			`9:83: arrivals.phases[3].peak_seconds is longer than the phase`,
			`11:9: visitors.mix has no key "agree"; did you mean "agrees"?`,
			`visitors.mix has no weight above 0`,
			`12:44: visitors.think_ms.to is less than from; it must be at least 10`,
			`13:52: visitors.typing_ms has "mean", which means nothing to the shape lognormal; it takes median and p99`,
			`visitors.typing_ms needs "p99"`,
			`14:17: visitors.reconnect_ms.max is less than first`,
			`15:17: idle.sockets is "-1"; it must be a whole number from 0`,
			`restart cannot be done to redis; what can: kill, freeze, partition, slow, full`,
			`faults[2] needs "at_seconds"`, `faults[2].what is "router"; it must be one of gateway, redis, postgres`,
			`"turn.p99<0ms" has no time above zero`, `"tun.p99<5ms" measures "tun"; it can be connect, first, turn, resume`,
		}},
		{"NobodyToBe", "name: x\narrivals: {phases: [{shape: steady, seconds: 1, per_second: 1}]}\n", []string{`"visitors.mix" says nothing`, `"visitors.questions" is empty`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("test.yaml", []byte(c.src))
			if err == nil {
				t.Fatal("no problem was found")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("not reported: %s", want)
				}
			}
			if t.Failed() {
				t.Logf("reported:\n%v", err)
			}
		})
	}
}

// The plan depends on the file and its seed and on nothing else.
func TestPlanIsDeterministic(t *testing.T) {
	t.Parallel()
	s := parse(t, small)
	a, b := slices.Collect(s.Plan()), slices.Collect(s.Plan())
	if !slices.Equal(a, b) {
		t.Error("two plans of one scenario differ")
	}
	if x, y := a[0].Rand().Uint64(), b[0].Rand().Uint64(); x != y {
		t.Error("the visitors' own random numbers differ")
	}
	s.Seed++
	if slices.Equal(a, slices.Collect(s.Plan())) {
		t.Error("another seed gives the same plan")
	}
}

// Arrivals follow the rate of every shape.
func TestPlanFollowsTheRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		phase  string
		counts []int // arrivals in each fifth
	}{
		{"{shape: steady, seconds: 10, per_second: 10}", []int{20, 20, 20, 20, 20}},
		{"{shape: ramp, seconds: 10, from_per_second: 0, per_second: 20}", []int{4, 12, 20, 28, 36}},
		{"{shape: step, seconds: 10, from_per_second: 10, per_second: 50, steps: 5}", []int{20, 40, 60, 80, 100}},
		{"{shape: spike, seconds: 10, per_second: 5, peak_per_second: 50, peak_seconds: 2}", []int{10, 10, 100, 10, 10}},
	} {
		s := parse(t, strings.Replace(small, "{shape: steady, seconds: 10, per_second: 10}", c.phase, 1))
		s.Arrivals.Random = false
		got := make([]int, 5)
		last := time.Duration(-1)
		for a := range s.Plan() {
			if a.At < last {
				t.Fatalf("%s: arrivals are not in order", c.phase)
			}
			last = a.At
			got[min(int(a.At/(2*time.Second)), 4)]++
		}
		for i := range got {
			if d := got[i] - c.counts[i]; d < -1 || d > 1 {
				t.Errorf("%s: fifth %d has %d arrivals, want %d", c.phase, i+1, got[i], c.counts[i])
			}
		}
	}
	s := parse(t, strings.Replace(small, "per_second: 10", "per_second: 1000", 1))
	n := len(slices.Collect(s.Plan()))
	if d := math.Abs(float64(n) - 10000); d > 400 { // four standard deviations
		t.Errorf("a Poisson process of 10,000 gave %d", n)
	}
}

func TestDistributions(t *testing.T) {
	t.Parallel()
	s := parse(t, small)
	r := slices.Collect(s.Plan())[0].Rand()
	d := Distribution{Shape: ShapeLognormal, Median: time.Second, P99: 10 * time.Second}
	over, under := 0, 0
	for range 10000 {
		switch v := d.Draw(r); {
		case v > d.P99:
			over++
		case v < d.Median:
			under++
		}
	}
	if over < 50 || over > 160 || under < 4800 || under > 5200 {
		t.Errorf("of 10,000 draws %d are above the 99th percentile and %d below the median", over, under)
	}
	d.Max = 2 * time.Second
	for range 1000 {
		if d.Draw(r) > d.Max {
			t.Fatal("a draw above the maximum")
		}
	}
}

func TestTargets(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Target{
		"turn.p99<50ms":      {"turn", 99, 50 * time.Millisecond},
		"connect.p999 < 2s":  {"connect", 99.9, 2 * time.Second},
		"first.p99.99<1.5s":  {"first", 99.99, 1500 * time.Millisecond},
		"resume.max<10s":     {"resume", 100, 10 * time.Second},
		"turn.p50<500µs":     {"turn", 50, 500 * time.Microsecond},
		"resume.p9999<100ms": {"resume", 99.99, 100 * time.Millisecond},
	} {
		if got, err := ParseTarget(in); err != nil || got != want {
			t.Errorf("%s: %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "turn", "turn.p99", "turn.p99>5ms", "turn.p99<5", "turn.p99<-5ms", "think.p99<5ms", "turn.avg<5ms"} {
		if _, err := ParseTarget(in); err == nil {
			t.Errorf("%q was taken", in)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("../../configs/load/*.yaml")
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := Parse("fuzz.yaml", src)
		if (s == nil) == (err == nil) {
			t.Fatalf("%v, %v", s, err)
		}
		if err != nil {
			return
		}
		n := 0
		for range s.Plan() {
			if n++; n > 1000 {
				break
			}
		}
	})
}
