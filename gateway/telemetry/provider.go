package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// MaxSites is how many sites have a label of their own.
const MaxSites = 1000

// maxSeries bounds the series of one metric, whatever its labels come to. What is
// beyond is one series of its own.
const maxSeries = 20_000

// shutdownTimeout bounds what a stop waits for a collector.
const shutdownTimeout = 3 * time.Second

// scope names who measures.
const scope = "zgoda/gateway"

// other stands for a value that is not shown.
const other = "other"

// A Provider takes what the node's packages observe and gives it to those who ask.
// All methods may be called concurrently. Shutdown must be called.
type Provider struct {
	instruments

	log      *slog.Logger
	tracer   trace.Tracer
	tracing  trace.TracerProvider
	metrics  *sdkmetric.MeterProvider
	registry *prometheus.Registry // nil without Prometheus
	sieve    sieve
	failures failures
	sites    map[string]bool
	labels   labelSets
	stop     []func(context.Context) error
}

// New sets the SDK up. It does not wait for a collector. It returns nil and no error
// where nothing is switched on.
func New(ctx context.Context, o Options) (*Provider, error) {
	if !o.On() {
		return nil, nil
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Provider{log: o.Log, tracing: noop.NewTracerProvider(), sites: shownSites(o.Sites)}
	p.failures.log = o.Log
	about, err := describe(ctx, &o)
	if err != nil {
		return nil, err
	}
	err = p.startTraces(ctx, &o, about)
	if err == nil {
		err = p.startMetrics(ctx, &o, about)
	}
	if err != nil {
		return nil, errors.Join(err, p.Shutdown(ctx))
	}
	p.tracer = p.tracing.Tracer(scope)
	return p, nil
}

// describe says who measures: what the OTEL_* variables say wins.
func describe(ctx context.Context, o *Options) (*resource.Resource, error) {
	about, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(
			attribute.String("service.name", "zgoda"),
			attribute.String("service.version", version(o.Version)),
			attribute.String("service.instance.id", o.Node),
		),
		resource.WithFromEnv(),
	)
	if err != nil {
		return nil, fmt.Errorf("telemetry: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	return about, nil
}

func (p *Provider) startTraces(ctx context.Context, o *Options, about *resource.Resource) error {
	exporter := o.Spans
	if exporter == nil && !o.Traces {
		return nil
	}
	if exporter == nil {
		var err error
		if exporter, err = otlptracehttp.New(ctx); err != nil {
			return fmt.Errorf("telemetry: OTLP traces: %w", err)
		}
	}
	// Without a sampler here the SDK reads OTEL_TRACES_SAMPLER, and the batcher reads
	// OTEL_BSP_*. Its queue is bounded and drops.
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(about),
		sdktrace.WithBatcher(&spanExporter{SpanExporter: exporter, sieve: &p.sieve, failures: &p.failures}),
	)
	p.tracing = provider
	p.stop = append(p.stop, provider.Shutdown)
	return nil
}

func (p *Provider) startMetrics(ctx context.Context, o *Options, about *resource.Resource) error {
	opts := []sdkmetric.Option{
		sdkmetric.WithResource(about), sdkmetric.WithCardinalityLimit(maxSeries), sdkmetric.WithView(p.view()),
	}
	if o.Reader != nil {
		opts = append(opts, sdkmetric.WithReader(o.Reader))
	}
	if o.Metrics {
		exporter, err := otlpmetrichttp.New(ctx)
		if err != nil {
			return fmt.Errorf("telemetry: OTLP metrics: %w", err)
		}
		// OTEL_METRIC_EXPORT_INTERVAL and _TIMEOUT are read by the reader.
		opts = append(opts, sdkmetric.WithReader(sdkmetric.NewPeriodicReader(&metricExporter{Exporter: exporter, failures: &p.failures})))
	}
	if o.Prometheus {
		p.registry = prometheus.NewRegistry()
		reader, err := otelprometheus.New(
			otelprometheus.WithRegisterer(p.registry), otelprometheus.WithoutScopeInfo(),
			otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
		)
		if err != nil {
			return fmt.Errorf("telemetry: Prometheus: %w", err)
		}
		p.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
		opts = append(opts, sdkmetric.WithReader(reader))
	}
	p.metrics = sdkmetric.NewMeterProvider(opts...)
	p.stop = append(p.stop, p.metrics.Shutdown)
	return p.makeInstruments(o)
}

// Handler serves the metrics to Prometheus, with exemplars to those who ask for
// OpenMetrics. It is nil where Prometheus is not switched on.
func (p *Provider) Handler() http.Handler {
	if p.registry == nil {
		return nil
	}
	serve := promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, MaxRequestsInFlight: 4, Timeout: 10 * time.Second, Registry: p.registry,
	})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", serve)
	return mux
}

// Shutdown sends what waits, as far as the collector takes it within a few seconds.
// That it does not is no error: it is gone, and the node stops all the same.
func (p *Provider) Shutdown(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	// Side by side: the SDK does not end what it is told to end after the time is up.
	var all sync.WaitGroup
	for _, stop := range p.stop {
		all.Go(func() {
			if err := stop(ctx); err != nil {
				p.failures.tell("shutdown", err)
			}
		})
	}
	all.Wait()
	return nil
}

// flushSpans sends the spans that have ended.
func (p *Provider) flushSpans(ctx context.Context) error {
	if t, ok := p.tracing.(*sdktrace.TracerProvider); ok {
		return t.ForceFlush(ctx)
	}
	return nil
}

// site is the label of a site.
func (p *Provider) site(key string) string {
	if p.sites[key] {
		return key
	}
	return other
}

// shownSites are the first by name, so that all nodes show the same ones.
func shownSites(keys []string) map[string]bool {
	sorted := slices.Sorted(slices.Values(keys))
	shown := make(map[string]bool, min(len(sorted), MaxSites))
	for _, k := range sorted[:min(len(sorted), MaxSites)] {
		shown[k] = true
	}
	return shown
}

// version is the program's, or that of its module.
func version(given string) string {
	if given != "" {
		return given
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return strings.Trim(info.Main.Version, "()")
	}
	return "unknown"
}

// revision is the beginning of the commit that was built, where the build knows it.
func revision() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value[:min(len(s.Value), noticeLength)]
			}
		}
	}
	return "unknown"
}

func goVersion() string { return runtime.Version() }
