package outbox

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/rowgate/rowgate/internal/feishu"
)

// metrics are what an operator sees; all label sets are closed.
type metrics struct {
	submissions *prometheus.CounterVec // result: new, joined, replayed, conflict, overloaded, draining
	rowsEnded   *prometheus.CounterVec // op, status
	batches     *prometheus.CounterVec // op, outcome
	retries     *prometheus.CounterVec // class
	batchRows   prometheus.Histogram
}

func newMetrics(c *core, r *runner) *metrics {
	m := &metrics{
		submissions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rowgate_outbox_submissions_total", Help: "Writes submitted, by what was done with them.",
		}, []string{"result"}),
		rowsEnded: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rowgate_outbox_rows_total", Help: "Rows answered, by operation and status.",
		}, []string{"op", "status"}),
		batches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rowgate_outbox_batches_total", Help: "Batches sent, by operation and outcome.",
		}, []string{"op", "outcome"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rowgate_outbox_failed_calls_total", Help: "Write calls that did not succeed, by class of error.",
		}, []string{"class"}),
		batchRows: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rowgate_outbox_batch_rows", Help: "Rows in a batch.", Buckets: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000},
		}),
	}
	c.opts.Metrics.MustRegister(m.submissions, m.rowsEnded, m.batches, m.retries, m.batchRows,
		c.gauge("rowgate_outbox_entries", "Submissions that wait, are under way or are parked.", func(u usage) int { return u.entries }),
		c.gauge("rowgate_outbox_queued_rows", "Rows of those submissions.", func(u usage) int { return u.rows }),
		c.gauge("rowgate_outbox_queued_bytes", "Bytes of those rows.", func(u usage) int { return u.bytes }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "rowgate_outbox_memory_bytes", Help: "Memory that rows of submissions take up.",
		}, func() float64 {
			c.mu.Lock()
			defer c.mu.Unlock()
			held := c.waiting.used + c.near.used
			if e := c.near.over; e != nil {
				held += e.memory
			}
			return float64(held)
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "rowgate_outbox_lanes", Help: "Lanes in memory."}, func() float64 {
			c.mu.Lock()
			defer c.mu.Unlock()
			return float64(len(r.lanes))
		}),
	)
	return m
}

func (c *core) gauge(name, help string, of func(usage) int) prometheus.GaugeFunc {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
		c.mu.Lock()
		defer c.mu.Unlock()
		if u := c.load[""]; u != nil {
			return float64(of(*u))
		}
		return 0
	})
}

func (m *metrics) retry(class feishu.Class) { m.retries.WithLabelValues(class.String()).Inc() }

func (m *metrics) batch(b *batch, v verdict) {
	if v == verdictStopped {
		return
	}
	m.batches.WithLabelValues(string(b.op), v.String()).Inc()
	m.batchRows.Observe(float64(len(b.items)))
}

func (m *metrics) rows(e *entry, r *Result) {
	counts := make(map[RowStatus]int)
	for i := range r.Rows {
		counts[r.Rows[i].Status]++
	}
	for status, n := range counts {
		m.rowsEnded.WithLabelValues(string(e.sub.Op), string(status)).Add(float64(n))
	}
}

func (v verdict) String() string {
	switch v {
	case verdictWritten:
		return "written"
	case verdictRefused:
		return "refused"
	case verdictFailed:
		return "failed"
	case verdictUnknown:
		return "unknown"
	case verdictStopped:
	}
	return "stopped"
}
