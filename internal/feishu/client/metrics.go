package client

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/feishu"
)

// classOK is the class label of a call that succeeded.
const classOK = "ok"

// metrics count calls by endpoint and class: both are closed sets, no tenant is ever a label.
type metrics struct {
	calls    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	breakers *prometheus.CounterVec
}

// newMetrics registers the metrics with registerer, if there is one.
func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rowgate_upstream_calls_total",
			Help: "Calls sent to Feishu, by endpoint and class of the answer.",
		}, []string{"api", "class"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "rowgate_upstream_seconds",
			Help:    "Time from sending a call to Feishu to the end of its answer, in seconds.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"api"}),
		breakers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rowgate_upstream_breaker_changes_total",
			Help: "State changes of the circuit breakers, by level (host, app) and new state.",
		}, []string{"level", "state"}),
	}
	if registerer == nil {
		return m, nil
	}
	return m, errors.Join(registerer.Register(m.calls), registerer.Register(m.seconds), registerer.Register(m.breakers))
}

func (m *metrics) observe(api *feishu.API, err *feishu.Error, took time.Duration) {
	class := classOK
	if err != nil {
		class = err.Class.String()
	}
	m.calls.WithLabelValues(api.Name, class).Inc()
	m.seconds.WithLabelValues(api.Name).Observe(took.Seconds())
}
