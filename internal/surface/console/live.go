package console

import (
	"net/http"
	"strconv"
	"time"
)

// Bounds of the streams that tell of new requests.
const (
	maxStreams  = 64                     // open at the same time
	streamFor   = 10 * time.Minute       // then the browser connects again
	streamEvery = 500 * time.Millisecond // at most one count in this time
	streamBeat  = 20 * time.Second       // a comment line, so that nobody in between closes a quiet stream
)

// live answers GET /console/requests/live: a stream of events, each the number of requests that came since the page was made and
// match its filter. The page shows the number and changes nothing else.
func (c *Console) live(w http.ResponseWriter, r *http.Request) {
	if c.streams.Add(1) > maxStreams {
		c.streams.Add(-1)
		w.Header().Set("Retry-After", "60")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	defer c.streams.Add(-1)
	filter, _ := filterOf(r)
	since, _ := strconv.ParseUint(r.URL.Query().Get("since"), 10, 63)
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(streamFor + streamBeat)) // a writer that is not a connection has none
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	send := func(text string) bool {
		_, err := w.Write([]byte(text))
		return err == nil && control.Flush() == nil
	}
	end := time.NewTimer(streamFor)
	defer end.Stop()
	told := -1
	for {
		_, changed := c.options.Log.Next()
		if count := c.options.Log.Count(filter, since); count != told {
			told = count
			if !send("data: " + strconv.Itoa(count) + "\n\n") {
				return
			}
		}
		beat := time.NewTimer(streamBeat)
		select {
		case <-changed:
			beat.Stop()
		case <-beat.C:
			if !send(":\n\n") {
				return
			}
		case <-end.C:
			return
		case <-c.closing:
			return
		case <-r.Context().Done():
			return
		}
		if !c.rest(r, streamEvery) || c.find(r) != sessionOf(r) {
			return
		}
	}
}

// rest waits; false if the stream has to end meanwhile.
func (c *Console) rest(r *http.Request, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.closing:
	case <-r.Context().Done():
	}
	return false
}
