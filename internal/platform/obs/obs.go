// Package obs lets the IT team see how the house is: logs (slog), figures at /metrics for Prometheus, /healthz ("I run") and
// /readyz ("I can serve"), and traces by OpenTelemetry when an address for them is configured.
package obs

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sort"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/semconv/v1.37.0"
)

// NewLogger writes one line per event to w: "text" or "json", from the given level up.
func NewLogger(w io.Writer, format string, level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// Metrics is the registry of figures and the readiness checks of one process.
type Metrics struct {
	reg      *prometheus.Registry
	requests *prometheus.HistogramVec

	mu     sync.Mutex
	checks map[string]func(context.Context) error
}

// NewMetrics makes a registry with the Go runtime's and the process's own figures.
func NewMetrics() *Metrics {
	m := &Metrics{reg: prometheus.NewRegistry(), checks: map[string]func(context.Context) error{}}
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "nhipcau_http_request_seconds", Help: "Time to answer, by route, method and status.",
		Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
	}, []string{"route", "status"})
	m.reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.requests)
	return m
}

// Counter makes a counter with label names; name without the "nhipcau_" prefix.
func (m *Metrics) Counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "nhipcau_" + name, Help: help}, labels)
	m.reg.MustRegister(c)
	return c
}

// Gauge makes a figure that is asked for at each scrape.
func (m *Metrics) Gauge(name, help string, value func() float64) {
	m.reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "nhipcau_" + name, Help: help}, value))
}

// Ready adds a check that must pass before the process says it can serve.
func (m *Metrics) Ready(name string, check func(context.Context) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.checks[name] = check
}

// Metrics serves the figures in Prometheus' text form.
func (m *Metrics) Metrics() http.Handler { return promhttp.HandlerFor(m.reg, promhttp.HandlerOpts{}) }

// Healthz answers 200 as long as the process runs.
func (m *Metrics) Healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, "ok\n")
}

// Readyz answers 200 when every check passes within two seconds, otherwise 503 with what is wrong.
func (m *Metrics) Readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	m.mu.Lock()
	names := make([]string, 0, len(m.checks))
	for n := range m.checks {
		names = append(names, n)
	}
	checks := m.checks
	m.mu.Unlock()
	sort.Strings(names)
	status, out := http.StatusOK, map[string]string{}
	for _, n := range names {
		out[n] = "ok"
		if err := checks[n](ctx); err != nil {
			status, out[n] = http.StatusServiceUnavailable, err.Error()
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out)
}

type routeKey struct{}

// SetRoute tells the measuring middleware which route of the table answers the request: layers in between work on copies of
// the request, so the pattern that the multiplexer sets does not come back by itself.
func SetRoute(ctx context.Context, pattern string) {
	if p, ok := ctx.Value(routeKey{}).(*string); ok {
		*p = pattern
	}
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(s int) {
	if r.status == 0 {
		r.status = s
	}
	r.ResponseWriter.WriteHeader(s)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the real writer (flush for live pages).
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Middleware measures every request by its route pattern, never by its raw path, and logs failures.
func (m *Metrics) Middleware(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		route := ""
		next.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), routeKey{}, &route)))
		if route == "" {
			route = "other"
		}
		if rec.status == 0 {
			rec.status = http.StatusOK
		}
		m.requests.WithLabelValues(route, strconv.Itoa(rec.status)).Observe(time.Since(start).Seconds())
		if rec.status >= 500 {
			log.WarnContext(r.Context(), "answered with an error", "route", route, "status", rec.status)
		}
	})
}

// Tracing starts to send traces to the OTLP/HTTP address; with "" it does nothing. Call stop at the end.
func Tracing(ctx context.Context, endpoint, version string) (wrap func(http.Handler) http.Handler, stop func(context.Context) error, err error) {
	if endpoint == "" {
		return func(h http.Handler) http.Handler { return h }, func(context.Context) error { return nil }, nil
	}
	exp, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, nil, fmt.Errorf("obs: traces: %w", err)
	}
	tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exp), sdktrace.WithResource(
		resource.NewSchemaless(semconv.ServiceName("nhipcau"), semconv.ServiceVersion(version))))
	otel.SetTracerProvider(tp)
	return func(h http.Handler) http.Handler { return otelhttp.NewHandler(h, "http") }, tp.Shutdown, nil
}
