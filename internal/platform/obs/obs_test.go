package obs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhipcau/nhipcau/internal/platform/obs"
)

func TestMetricsByRouteAndReadiness(t *testing.T) {
	m := obs.NewMetrics()
	m.Counter("webhook_dropped_total", "Webhooks with a bad signature.", "channel").WithLabelValues("zalo").Inc()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /vu-viec/{code}", func(w http.ResponseWriter, r *http.Request) {
		obs.SetRoute(r.Context(), r.Pattern)
		w.WriteHeader(http.StatusInternalServerError)
	})
	var logged bytes.Buffer
	h := m.Middleware(obs.NewLogger(&logged, "json", slog.LevelInfo), mux)
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/vu-viec/7K3M-9QXA-B2C", nil))

	rec := httptest.NewRecorder()
	m.Metrics().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body := rec.Body.String()
	for _, want := range []string{`route="GET /vu-viec/{code}",status="500"`, `nhipcau_webhook_dropped_total{channel="zalo"} 1`} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s in /metrics", want)
		}
	}
	if strings.Contains(body, "7K3M") || strings.Contains(logged.String(), "7K3M") {
		t.Error("a tracking code leaked into figures or logs")
	}

	broken := errors.New("disk full")
	m.Ready("database", func(context.Context) error { return broken })
	rec = httptest.NewRecorder()
	m.Readyz(rec, httptest.NewRequest("GET", "/readyz", nil))
	if rec.Code != 503 || !strings.Contains(rec.Body.String(), "disk full") {
		t.Fatal(rec.Code, rec.Body)
	}
	broken = nil
	rec = httptest.NewRecorder()
	m.Readyz(rec, httptest.NewRequest("GET", "/readyz", nil))
	if rec.Code != 200 {
		t.Fatal(rec.Code, rec.Body)
	}
}

func TestTracingExports(t *testing.T) {
	var got atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		got.Add(n)
	}))
	defer collector.Close()
	wrap, stop, err := obs.Tracing(t.Context(), collector.URL+"/v1/traces", "test")
	if err != nil {
		t.Fatal(err)
	}
	wrap(http.NotFoundHandler()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := stop(ctx); err != nil {
		t.Fatal(err)
	}
	if got.Load() == 0 {
		t.Fatal("no trace reached the collector")
	}
}
