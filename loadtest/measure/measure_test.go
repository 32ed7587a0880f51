package measure

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Two processes' seconds, sent as JSON, give the percentiles that one process
// would have measured.
func TestMergedLikeOne(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	one := NewHistogram()
	recorders := []*Recorder{NewRecorder(), NewRecorder()}
	merged := NewSeries(2)
	for at := range 5 {
		for range 1000 {
			d := time.Duration(r.ExpFloat64() * float64(10*time.Millisecond))
			one.Record(d)
			part := recorders[r.IntN(2)]
			part.Time(Turn, d)
			part.Count(Acts, 1)
		}
		for _, rec := range recorders {
			b, err := json.Marshal(rec.Cut(at))
			if err != nil {
				t.Fatal(err)
			}
			var s Second
			if err := json.Unmarshal(b, &s); err != nil {
				t.Fatal(err)
			}
			if err := merged.Add(&s); err != nil {
				t.Fatal(err)
			}
		}
	}
	h := merged.Times(Turn)
	for _, percent := range []float64{50, 90, 99, 99.9, 99.99, 100} {
		if h.At(percent) != one.At(percent) {
			t.Errorf("p%g is %v, want %v", percent, h.At(percent), one.At(percent))
		}
	}
	if h.Count() != 5000 || merged.Count(Acts) != 5000 {
		t.Errorf("%d latencies and %d acts, want 5000", h.Count(), merged.Count(Acts))
	}
	points := merged.Points()
	if len(points) != 5 || points[4].At != 4 || points[0].Times[Turn].Count != 1000 {
		t.Errorf("the points are %v", points)
	}
}

// What does not fit is counted as the longest, and never lost.
func TestBounds(t *testing.T) {
	t.Parallel()
	h := NewHistogram()
	for _, d := range []time.Duration{-time.Second, 0, time.Nanosecond, time.Hour} {
		h.Record(d)
	}
	if h.Count() != 4 || h.At(100) < 29*time.Minute {
		t.Errorf("%d latencies up to %v", h.Count(), h.At(100))
	}
}

func FuzzUnmarshal(f *testing.F) {
	h := NewHistogram()
	h.Record(time.Second)
	b, err := h.MarshalText()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, b []byte) {
		var h Histogram
		if h.UnmarshalText(b) == nil {
			_ = h.At(99)
		}
	})
}
