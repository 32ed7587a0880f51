package measure

import (
	"encoding/base64"
	"fmt"
	"time"

	hdr "github.com/HdrHistogram/hdrhistogram-go"
)

// Bounds of a latency. What is longer is counted as the longest: nobody waits
// for half an hour.
const (
	lowest  = 1                 // µs
	highest = 30 * 60 * 1000000 // µs
	digits  = 3
)

// A Histogram holds latencies with three significant digits. It is not for
// concurrent use.
type Histogram struct {
	h *hdr.Histogram
}

// NewHistogram returns an empty histogram.
func NewHistogram() *Histogram { return &Histogram{hdr.New(lowest, highest, digits)} }

// Record adds one latency.
func (h *Histogram) Record(d time.Duration) {
	// A value within the bounds is always taken.
	_ = h.h.RecordValue(min(max(d.Microseconds(), lowest), highest))
}

// Count returns how many latencies it holds.
func (h *Histogram) Count() int64 { return h.h.TotalCount() }

// At returns the latency that percent of all do not exceed; 100 is the maximum.
func (h *Histogram) At(percent float64) time.Duration {
	if h.Count() == 0 {
		return 0
	}
	if percent >= 100 {
		return time.Duration(h.h.Max()) * time.Microsecond
	}
	return time.Duration(h.h.ValueAtPercentile(percent)) * time.Microsecond
}

// Mean returns the average.
func (h *Histogram) Mean() time.Duration {
	return time.Duration(h.h.Mean() * float64(time.Microsecond))
}

// Merge adds what other holds.
func (h *Histogram) Merge(other *Histogram) error {
	if dropped := h.h.Merge(other.h); dropped != 0 {
		return fmt.Errorf("merge histograms: %d latencies do not fit", dropped)
	}
	return nil
}

// Reset empties it.
func (h *Histogram) Reset() { h.h.Reset() }

// A Bar is one bar of the distribution: Count latencies from From up to To.
type Bar struct {
	From, To time.Duration
	Count    int64
}

// Bars returns the distribution in bars that are the same factor wide.
func (h *Histogram) Bars() []Bar {
	var bars []Bar
	for _, b := range h.h.Distribution() {
		if b.Count == 0 {
			continue
		}
		bars = append(bars, Bar{From: time.Duration(b.From) * time.Microsecond, To: time.Duration(b.To+1) * time.Microsecond, Count: b.Count})
	}
	return bars
}

// MarshalText encodes it as HdrHistogram's compressed V2 form in base64, which
// other tools read.
func (h *Histogram) MarshalText() ([]byte, error) {
	b, err := h.h.Encode(hdr.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return b, nil
}

// UnmarshalText decodes what MarshalText wrote.
func (h *Histogram) UnmarshalText(b []byte) error {
	if _, err := base64.StdEncoding.DecodeString(string(b)); err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	decoded, err := hdr.Decode(b)
	if err != nil {
		return fmt.Errorf("decode histogram: %w", err)
	}
	h.h = decoded
	return nil
}
