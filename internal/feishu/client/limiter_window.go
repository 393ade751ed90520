package client

import "time"

// window lets at most a number of calls through in any span of time, all at once if need be. It keeps the turns of the last calls:
// the next one has to come a whole span after the one that many calls before it. The limiter's mutex guards it.
type window struct {
	span  time.Duration
	turns []time.Time // of the last len(turns) calls, a ring; zero for a call that never was
	next  int         // index of the oldest turn
}

func newWindow(calls int, span time.Duration) *window {
	return &window{span: span, turns: make([]time.Time, calls)}
}

// earliest returns the first instant, not before now, at which one more call fits.
func (w *window) earliest(now time.Time) time.Time {
	if oldest := w.turns[w.next]; !oldest.IsZero() && oldest.Add(w.span).After(now) {
		return oldest.Add(w.span)
	}
	return now
}

// add counts a call at turn, which is not before earliest.
func (w *window) add(turn time.Time) {
	w.turns[w.next] = turn
	w.next = (w.next + 1) % len(w.turns)
}
