package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"serin.dev/serin/internal/api"
	"serin.dev/serin/internal/build"
	"serin.dev/serin/internal/delivery"
)

// metrics are what /metrics tells: what is there is read when it is asked for (see [collector]), what happens is
// counted here and begins at 0 with the process.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	builds   *prometheus.HistogramVec
}

func newMetrics(a *App) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "serin_http_requests_total", Help: "Requests answered on the HTTP port: API, git and registry. An answer that broke off has the code aborted.",
		}, []string{"route", "method", "code"}),
		builds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "serin_build_duration_seconds", Help: "How long builds took that ended by themselves: succeeded, or failed.",
			Buckets: []float64{5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600},
		}, []string{"environment", "service", "outcome"}),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.builds, &collector{app: a, tallies: map[string]*tally{}},
	)
	return m
}

// handler answers a scrape. What cannot be read is logged and left out; the rest is told.
func (m *metrics) handler(log *slog.Logger) http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, ErrorLog: scrapeLog{log}})
}

// answered counts a request.
func (m *metrics) answered(a api.Answered) {
	code := "aborted"
	if a.Status != 0 {
		code = strconv.Itoa(a.Status)
	}
	m.requests.WithLabelValues(a.Route, a.Method, code).Inc()
}

// built notes how long a build took. One that was cancelled, or will begin again, says nothing about builds.
func (m *metrics) built(service delivery.ServiceID, took time.Duration, err error) {
	outcome := "succeeded"
	if _, failed := errors.AsType[build.Failed](err); failed {
		outcome = "failed"
	} else if err != nil {
		return
	}
	m.builds.WithLabelValues(service.Environment, service.Name, outcome).Observe(took.Seconds())
}

// forget drops what was counted of a service that is deleted.
func (m *metrics) forget(service delivery.ServiceID) {
	m.builds.DeletePartialMatch(prometheus.Labels{"environment": service.Environment, "service": service.Name})
}

// scrapeLog logs what promhttp complains about.
type scrapeLog struct{ log *slog.Logger }

// Println implements promhttp.Logger.
func (l scrapeLog) Println(words ...any) {
	l.log.LogAttrs(context.Background(), slog.LevelWarn, "metrics are incomplete", slog.String("error", fmt.Sprint(words...)))
}
