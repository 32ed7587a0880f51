package telemetry

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
)

// view applies the allow-list to every metric, whoever records it, before anything is
// summed: what does not pass is in no series.
func (p *Provider) view() sdkmetric.View {
	return sdkmetric.NewView(sdkmetric.Instrument{Name: "*"}, sdkmetric.Stream{
		AttributeFilter: p.sieve.metric, ExemplarReservoirProviderSelector: exemplars,
	})
}

// exemplars keeps a trace for each bucket of a histogram, and none of anything else.
func exemplars(a sdkmetric.Aggregation) exemplar.ReservoirProvider {
	if _, histogram := a.(sdkmetric.AggregationExplicitBucketHistogram); !histogram {
		return func(attribute.Set) exemplar.Reservoir { return nothing{} }
	}
	keep := sdkmetric.DefaultExemplarReservoirProviderSelector(a)
	return func(set attribute.Set) exemplar.Reservoir { return bare{keep(set)} }
}

// bare keeps exemplars without the attributes that the allow-list has stopped: the
// SDK would show those beside the trace.
type bare struct{ exemplar.Reservoir }

// Offer implements exemplar.Reservoir.
func (b bare) Offer(ctx context.Context, t time.Time, v exemplar.Value, _ []attribute.KeyValue) {
	b.Reservoir.Offer(ctx, t, v, nil)
}

// nothing keeps no exemplars.
type nothing struct{}

// Offer implements exemplar.Reservoir.
func (nothing) Offer(context.Context, time.Time, exemplar.Value, []attribute.KeyValue) {}

// Collect implements exemplar.Reservoir.
func (nothing) Collect(dest *[]exemplar.Exemplar) { *dest = (*dest)[:0] }
