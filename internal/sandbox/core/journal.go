package core

import (
	"cmp"
	"net/http"
	"slices"
	"sync"
	"time"
)

// JournalCall is one answered call: what it was and what it got, never its content.
type JournalCall struct {
	Number      int64         `json:"number"` // from 1, in order of arrival
	At          time.Time     `json:"at"`
	Took        time.Duration `json:"took_ns"`
	Method      string        `json:"method"`
	Path        string        `json:"path"`
	Endpoint    string        `json:"endpoint"` // "" for a path that is not known
	App         string        `json:"app_id"`
	ClientToken string        `json:"client_token,omitempty"`
	Rows        int           `json:"rows"`   // records of the request
	Status      int           `json:"status"` // 0: the connection was cut, or the client gave up on a hang
	Code        int           `json:"code"`
	Committed   bool          `json:"committed"` // it changed data; false for a replay
	Fault       Action        `json:"fault,omitempty"`
	LogID       string        `json:"log_id"`
}

// Count is how many calls ended alike.
type Count struct {
	Endpoint string `json:"endpoint"`
	App      string `json:"app_id"`
	Status   int    `json:"status"`
	Code     int    `json:"code"`
	Calls    int64  `json:"calls"`
	Rows     int64  `json:"rows"`
}

type countKey struct {
	endpoint, app string
	status, code  int
}

// maxCountKeys bounds the counters: unknown app ids at the token endpoint are counted under "" beyond it.
const maxCountKeys = 10_000

type journal struct {
	mu     sync.Mutex
	last   int64
	ring   []JournalCall // the newest len(ring) calls; next is the oldest once it is full
	next   int
	limit  int
	counts map[countKey]*Count
}

func (j *journal) reset() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ring, j.next, j.counts = nil, 0, map[countKey]*Count{}
}

func (j *journal) resize(limit int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if limit == j.limit {
		return
	}
	ordered := append(slices.Clone(j.ring[j.next:]), j.ring[:j.next]...)
	j.ring = slices.Clone(ordered[max(0, len(ordered)-limit):])
	j.next, j.limit = 0, limit
}

func (j *journal) number() int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last++
	return j.last
}

func (j *journal) add(c *Call, status, code int) {
	entry := JournalCall{
		Number: c.Number, At: c.began, Took: time.Since(c.began), Method: c.Request.Method, Path: c.Request.URL.Path, Endpoint: c.Route.Name,
		App: c.AppID, ClientToken: c.ClientToken, Rows: c.rows, Status: status, Code: code, Committed: c.Committed, LogID: c.logID,
	}
	if c.fault != nil {
		entry.Fault = c.fault.Action
	}
	j.put(entry)
}

func (j *journal) unknown(r *http.Request) {
	j.put(JournalCall{Number: j.number(), At: time.Now(), Method: r.Method, Path: r.URL.Path, Status: http.StatusNotFound})
}

func (j *journal) put(entry JournalCall) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.ring) < j.limit {
		j.ring = append(j.ring, entry)
	} else {
		j.ring[j.next] = entry
		j.next = (j.next + 1) % len(j.ring)
	}
	key := countKey{entry.Endpoint, entry.App, entry.Status, entry.Code}
	count := j.counts[key]
	if count == nil {
		if len(j.counts) >= maxCountKeys {
			key.app = ""
		}
		if count = j.counts[key]; count == nil {
			count = &Count{Endpoint: key.endpoint, App: key.app, Status: key.status, Code: key.code}
			j.counts[key] = count
		}
	}
	count.Calls++
	count.Rows += int64(entry.Rows)
}

// Journal returns the newest calls (Options.JournalCalls), in the order in which they were answered.
func (s *Server) Journal() []JournalCall {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return append(slices.Clone(s.journal.ring[s.journal.next:]), s.journal.ring[:s.journal.next]...)
}

// Calls returns the counters, sorted by endpoint, app, status and code.
func (s *Server) Calls() []Count {
	s.journal.mu.Lock()
	counts := make([]Count, 0, len(s.journal.counts))
	for _, count := range s.journal.counts {
		counts = append(counts, *count)
	}
	s.journal.mu.Unlock()
	slices.SortFunc(counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.App, b.App),
			cmp.Compare(a.Status, b.Status), cmp.Compare(a.Code, b.Code))
	})
	return counts
}

// CallCount sums the calls of an endpoint ("" for all known ones) by an app ("" for all), whatever the answers were.
func (s *Server) CallCount(endpoint, appID string) int {
	total := int64(0)
	for _, count := range s.Calls() {
		if count.Endpoint != "" && (endpoint == "" || count.Endpoint == endpoint) && (appID == "" || count.App == appID) {
			total += count.Calls
		}
	}
	return int(total)
}

// ResetCalls empties journal and counters; numbers go on.
func (s *Server) ResetCalls() { s.journal.reset() }
