package outbox

import (
	"slices"
	"time"
)

// What the pace of a lane is taken of.
const (
	paceCalls = 8               // the last calls
	paceFor   = 5 * time.Minute // not those that are over for longer
)

// pace is how fast a lane has been lately. It is guarded by Outbox.mu.
type pace struct{ last []stretch }

// stretch is the time that some rows took, from when the lane turned to them until their call was over.
type stretch struct {
	over time.Time
	took time.Duration
	rows int // that got their status
}

// add notes that rows got their status within took.
func (p *pace) add(rows int, took time.Duration) {
	if len(p.last) == paceCalls {
		p.last = slices.Delete(p.last, 0, 1)
	}
	p.last = append(p.last, stretch{over: time.Now(), took: took, rows: rows})
}

// of is how long so many rows take at the lane's pace; 0 if that is not known.
func (p *pace) of(rows int) time.Duration {
	took, done := time.Duration(0), 0
	for _, s := range p.last {
		if time.Since(s.over) <= paceFor {
			took += s.took
			done += s.rows
		}
	}
	if done == 0 {
		return 0
	}
	return time.Duration(float64(took) / float64(done) * float64(rows))
}

// timed does what the lane does with items, and notes how long that took and how many rows got their status by it.
func (r *runner) timed(l *lane, items []item, f func()) {
	entries := entriesOf(items)
	open := func() (n int) {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range entries {
			n += e.open
		}
		return n
	}
	before, began := open(), time.Now()
	f()
	rows := before - open()
	r.mu.Lock()
	defer r.mu.Unlock()
	l.pace.add(max(0, rows), time.Since(began)) // an entry that was lost to another instance may have more open rows than before
}

// eta implements jobs. The queues of a lane take turns, so that each of the others sends as many rows as e's own until e is done, or all
// that it has.
func (r *runner) eta(e *entry) time.Duration {
	l := r.lanes[e.lane]
	if l == nil || e.state != EntryQueued && e.state != EntryRunning {
		return 0
	}
	own := e.open
	var others []*caller
	for _, c := range l.queues() {
		if c.key != e.turn {
			others = append(others, c)
			continue
		}
		if at := slices.Index(c.queue, e); at > 0 {
			own += waiting(c.queue[:at])
		}
	}
	rows := own
	for _, c := range others {
		rows += min(own, waiting(c.queue))
	}
	return l.pace.of(rows)
}

// queues are the queues of the lane, with those that are held back behind a batch that was made ready. mu is held.
func (l *lane) queues() []*caller {
	tenants := l.ring
	if l.ahead != nil {
		tenants = slices.Concat(l.ahead.held, l.ring)
	}
	var list []*caller
	for _, t := range tenants {
		list = append(list, t.callers...)
	}
	return list
}

// waiting counts the rows of entries that wait in the lane.
func waiting(queue []*entry) int {
	n := 0
	for _, e := range queue {
		n += e.waits()
	}
	return n
}
