package job

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what an operator sees. Kinds are those of the program, so every label set is closed.
type metrics struct {
	ended  *prometheus.CounterVec   // kind, state
	failed *prometheus.CounterVec   // kind
	worked *prometheus.HistogramVec // kind
	waited *prometheus.HistogramVec // kind
	fenced prometheus.Counter
	swept  prometheus.Counter
}

func newMetrics(e *Engine) *metrics {
	seconds := []float64{.01, .05, .1, .5, 1, 5, 10, 30, 60, 600, 3600}
	m := &metrics{
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rowgate_jobs_ended_total", Help: "Jobs that ended, by kind and state.",
		}, []string{"kind", "state"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rowgate_jobs_failed_tries_total", Help: "Tries of jobs that failed and are made again, by kind.",
		}, []string{"kind"}),
		worked: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rowgate_jobs_work_seconds", Help: "How long one try of a job took, by kind.", Buckets: seconds,
		}, []string{"kind"}),
		waited: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "rowgate_jobs_wait_seconds", Help: "How long a job that was due waited for a worker, by kind.", Buckets: seconds,
		}, []string{"kind"}),
		fenced: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rowgate_jobs_fenced_total", Help: "Outcomes that were refused because another worker had the lane by then.",
		}),
		swept: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "rowgate_jobs_swept_total", Help: "Jobs that a dead process had in hand and that were freed.",
		}),
	}
	e.opts.Metrics.MustRegister(m.ended, m.failed, m.worked, m.waited, m.fenced, m.swept,
		e.gauge("rowgate_jobs_waiting", "Jobs that wait or are being worked on.", func(l load) float64 { return float64(l.waiting) }),
		e.gauge("rowgate_jobs_waiting_bytes", "Bytes of their sealed payloads.", func(l load) float64 { return float64(l.waitingBytes) }),
		e.gauge("rowgate_jobs_dead", "Jobs that failed for good and are kept.", func(l load) float64 { return float64(l.dead) }),
		e.gauge("rowgate_jobs_oldest_due_seconds", "For how long the oldest job has been due.", func(l load) float64 {
			if l.oldest.IsZero() {
				return 0
			}
			return max(0, time.Since(l.oldest).Seconds())
		}),
	)
	return m
}

func (e *Engine) gauge(name, help string, of func(load) float64) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return of(e.loaded()) })
}

// settle counts what an outcome came to.
func (m *metrics) settle(kind string, f fate) {
	switch {
	case f.state != Waiting:
		m.ended.WithLabelValues(kind, string(f.state)).Inc()
	case f.code != "":
		m.failed.WithLabelValues(kind).Inc()
	}
}
