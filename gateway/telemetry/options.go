package telemetry

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Options say what is switched on. The zero Options switch on nothing. Where and how
// OTLP is sent is read from the OTEL_* variables by the SDK itself.
type Options struct {
	// Traces and Metrics are sent over OTLP.
	Traces  bool
	Metrics bool
	// Prometheus makes Handler serve metrics.
	Prometheus bool
	// Node names this process among others, Version is the program's.
	Node    string
	Version string
	// Sites are the keys of the sites that are served.
	Sites []string
	// Log is told, now and then, that the collector takes nothing.
	Log *slog.Logger

	// Spans and Reader are used in place of OTLP's. Tests look there.
	Spans  sdktrace.SpanExporter
	Reader sdkmetric.Reader
}

// On reports whether anything is switched on.
func (o *Options) On() bool {
	return o.Traces || o.Metrics || o.Prometheus || o.Spans != nil || o.Reader != nil
}

// FromEnvironment reads from the OTEL_* variables what is to be sent. Nothing is,
// unless an exporter or an endpoint is named: this differs from the specification,
// whose default is a collector on this machine. getenv is os.Getenv. Errors name the
// variable and what it may be.
//
// Source: OpenTelemetry specification 1.48, "Environment Variable Specification".
func FromEnvironment(getenv func(string) string) (Options, error) {
	var o Options
	if disabled, err := strconv.ParseBool(orDefault(getenv("OTEL_SDK_DISABLED"), "false")); err == nil && disabled {
		return o, nil
	}
	var errs [3]error
	o.Traces, errs[0] = exports(getenv, "TRACES")
	o.Metrics, errs[1] = exports(getenv, "METRICS")
	if o.Traces {
		errs[2] = checkSampler(getenv("OTEL_TRACES_SAMPLER"), getenv("OTEL_TRACES_SAMPLER_ARG"))
	}
	return o, errors.Join(errs[:]...)
}

func exports(getenv func(string) string, signal string) (bool, error) {
	exporter := "OTEL_" + signal + "_EXPORTER"
	on := getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != ""
	switch name := getenv(exporter); name {
	case "":
	case "none":
		return false, nil
	case "otlp":
		on = true
	default:
		return false, fmt.Errorf("%s is %q; it can be otlp or none (Prometheus has its own listener: set metrics in the configuration)", exporter, name)
	}
	if !on {
		return false, nil
	}
	protocol := orDefault(getenv("OTEL_EXPORTER_OTLP_"+signal+"_PROTOCOL"), getenv("OTEL_EXPORTER_OTLP_PROTOCOL"))
	if protocol != "" && protocol != "http/protobuf" {
		return false, fmt.Errorf("the OTLP protocol for %s is %q; this program speaks http/protobuf (port 4318 of most collectors)", strings.ToLower(signal), protocol)
	}
	return true, nil
}

// checkSampler refuses what the SDK would pass over by sampling everything.
func checkSampler(name, arg string) error {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "", "always_on", "always_off", "parentbased_always_on", "parentbased_always_off":
		return nil
	case "traceidratio", "parentbased_traceidratio":
		if ratio, err := strconv.ParseFloat(strings.TrimSpace(orDefault(arg, "1")), 64); err != nil || ratio < 0 || ratio > 1 {
			return fmt.Errorf("OTEL_TRACES_SAMPLER_ARG is %q; it is the part of the turns that are traced, 0 to 1", arg)
		}
		return nil
	}
	return fmt.Errorf("OTEL_TRACES_SAMPLER is %q; it can be always_on, always_off, traceidratio or one of these with parentbased_ in front", name)
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
