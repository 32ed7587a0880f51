package scenario

import (
	"math"
	"math/rand/v2"
	"time"
)

// Shapes of a distribution.
const (
	ShapeFixed       = "fixed"
	ShapeUniform     = "uniform"
	ShapeExponential = "exponential"
	ShapeLognormal   = "lognormal"
)

// A Distribution is of times. Which fields count depends on Shape; Max bounds
// every shape but fixed, 0 means no bound.
type Distribution struct {
	Shape  string
	Value  time.Duration // fixed
	From   time.Duration // uniform
	To     time.Duration // uniform
	Mean   time.Duration // exponential
	Median time.Duration // lognormal
	P99    time.Duration // lognormal
	Max    time.Duration
}

// normal99 is the 99th percentile of the standard normal distribution.
const normal99 = 2.3263478740408408

// Draw returns one time. It is the same for the same state of r.
func (d Distribution) Draw(r *rand.Rand) time.Duration {
	var t float64
	switch d.Shape {
	case ShapeFixed:
		return d.Value
	case ShapeUniform:
		t = float64(d.From) + r.Float64()*float64(d.To-d.From)
	case ShapeExponential:
		t = r.ExpFloat64() * float64(d.Mean)
	case ShapeLognormal:
		sigma := math.Log(float64(d.P99)/float64(d.Median)) / normal99
		t = float64(d.Median) * math.Exp(sigma*r.NormFloat64())
	}
	if d.Max > 0 {
		t = min(t, float64(d.Max))
	}
	return time.Duration(t)
}

// Average returns the mean, with Max not considered.
func (d Distribution) Average() time.Duration {
	switch d.Shape {
	case ShapeUniform:
		return (d.From + d.To) / 2
	case ShapeExponential:
		return d.Mean
	case ShapeLognormal:
		sigma := math.Log(float64(d.P99)/float64(d.Median)) / normal99
		return time.Duration(float64(d.Median) * math.Exp(sigma*sigma/2))
	}
	return d.Value
}
