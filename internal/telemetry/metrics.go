package telemetry

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/rowgate/rowgate/internal/request"
)

// Label values for what belongs to no closed set.
const (
	labelNone  = "none"  // there is no tool, or no problem
	labelOther = "other" // there is one, and it is not in the set
)

// requestSeconds are the upper bounds of the duration histogram in seconds: own time is a few ms, a write about 0.3 s, a
// caller waits at most 55 s.
var requestSeconds = []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 55}

// NewRegistry returns a registry of its own, with what Go and the process say of themselves. Every metric of the service is
// registered in it and nowhere else.
func NewRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return registry
}

// Metrics counts finished requests. Its label sets are closed: a tool or code that is not in them counts as "other", so that
// no caller can make the number of series grow. It is safe for concurrent use.
type Metrics struct {
	tools    map[string]struct{}
	codes    map[string]struct{}
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	rows     *prometheus.CounterVec
}

// NewMetrics registers the request metrics with the tools and problem codes that may appear as labels.
// It panics if registry has them already.
func NewMetrics(registry prometheus.Registerer, tools, codes []string) *Metrics {
	m := &Metrics{
		tools: setOf(tools),
		codes: setOf(codes),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rowgate_requests_total",
			Help: "Finished requests by tool, problem code and status class.",
		}, []string{"tool", "code", "status_class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "rowgate_request_duration_seconds",
			Help:    "Time from the end of a request's header to the end of its answer, by tool.",
			Buckets: requestSeconds,
		}, []string{"tool"}),
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rowgate_request_rows_total",
			Help: "Rows in finished requests, by tool.",
		}, []string{"tool"}),
	}
	registry.MustRegister(m.requests, m.seconds, m.rows)
	return m
}

// Observe counts one finished request that was answered with status after took.
func (m *Metrics) Observe(about request.Summary, status int, took time.Duration) {
	tool := fold(about.Tool, m.tools)
	m.requests.WithLabelValues(tool, fold(about.Code, m.codes), statusClass(status)).Inc()
	m.seconds.WithLabelValues(tool).Observe(took.Seconds())
	if about.Rows > 0 {
		m.rows.WithLabelValues(tool).Add(float64(about.Rows))
	}
}

func fold(value string, known map[string]struct{}) string {
	if value == "" {
		return labelNone
	}
	if _, ok := known[value]; ok {
		return value
	}
	return labelOther
}

func statusClass(status int) string {
	if status < 100 || status > 599 {
		return labelOther
	}
	return strconv.Itoa(status/100) + "xx"
}

func setOf(values []string) map[string]struct{} {
	set := make(map[string]struct{}, len(values))
	for _, value := range values {
		set[value] = struct{}{}
	}
	return set
}
