package scenario

import (
	"iter"
	"math"
	"math/rand/v2"
	"time"
)

// An Arrival is one visitor of the plan.
type Arrival struct {
	// Index counts the arrivals from 0.
	Index uint64
	// At is when the visitor should act first, from the beginning of the run.
	At   time.Duration
	Kind Kind
	// Seed makes everything else that is random about the visitor.
	Seed [2]uint64
}

// Rand returns the visitor's own random numbers.
func (a Arrival) Rand() *rand.Rand { return rand.New(rand.NewPCG(a.Seed[0], a.Seed[1])) }

// A segment is a stretch whose rate changes evenly.
type segment struct {
	from, to float64 // visitors a second
	length   float64 // seconds
}

// area is how many visitors arrive in the segment.
func (g segment) area() float64 { return (g.from + g.to) / 2 * g.length }

// after returns when, in seconds from the segment's beginning, n visitors have
// arrived.
func (g segment) after(n float64) float64 {
	slope := (g.to - g.from) / g.length
	if math.Abs(slope) < 1e-12 {
		return n / g.from
	}
	// from·t + slope·t²/2 = n, in the form that does not cancel.
	return 2 * n / (g.from + math.Sqrt(max(0, g.from*g.from+2*slope*n)))
}

// segments cuts a phase into stretches.
func (p Phase) segments() []segment {
	seconds := p.Length.Seconds()
	switch p.Shape {
	case ShapeRamp:
		return []segment{{p.From, p.Rate, seconds}}
	case ShapeStep:
		steps := make([]segment, p.Steps)
		for i := range steps {
			rate := p.Rate
			if p.Steps > 1 {
				rate = p.From + (p.Rate-p.From)*float64(i)/float64(p.Steps-1)
			}
			steps[i] = segment{rate, rate, seconds / float64(p.Steps)}
		}
		return steps
	case ShapeSpike:
		peak := p.PeakTime.Seconds()
		around := (seconds - peak) / 2
		return []segment{{p.Rate, p.Rate, around}, {p.Peak, p.Peak, peak}, {p.Rate, p.Rate, around}}
	}
	return []segment{{p.Rate, p.Rate, seconds}}
}

// Plan returns the arrivals in the order of their times. It never ends early and
// may be ranged over again.
func (s *Scenario) Plan() iter.Seq[Arrival] {
	return func(yield func(Arrival) bool) {
		r := rand.New(rand.NewPCG(s.Seed, 0x7a676f6461)) // "zgoda"
		gap := func() float64 {
			if s.Arrivals.Random {
				return r.ExpFloat64()
			}
			return 1
		}
		var index uint64
		var began float64
		// due is how many arrivals lie before the next one, from the beginning of
		// the segment: one unit of area for each, or an exponential of mean one.
		due := gap()
		for _, phase := range s.Arrivals.Phases {
			for _, g := range phase.segments() {
				area := g.area()
				for due <= area {
					a := Arrival{Index: index, At: seconds(began + g.after(due)), Kind: s.Visitors.draw(r.Float64())}
					a.Seed = [2]uint64{r.Uint64(), r.Uint64()}
					if !yield(a) {
						return
					}
					index++
					due += gap()
				}
				due -= area
				began += g.length
			}
		}
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
