package telemetry

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// A logHandler adds to each line the trace that it belongs to.
type logHandler struct{ slog.Handler }

// LogHandler returns a handler that adds trace_id and span_id to lines that are logged
// with the context of a span that is recorded.
func LogHandler(next slog.Handler) slog.Handler { return logHandler{next} }

// Handle implements slog.Handler.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if here := trace.SpanContextFromContext(ctx); here.IsSampled() {
		r = r.Clone()
		r.AddAttrs(slog.String("trace_id", here.TraceID().String()), slog.String("span_id", here.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name)}
}
