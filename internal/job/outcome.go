package job

import (
	"context"
	"encoding/json"
	"time"
)

// Outcome is what a handler answers: Done, Retry, RetryAfter, Snooze or Dead, with effects to be made in the same transaction.
type Outcome struct {
	ends   ending
	after  time.Duration
	code   string
	effect func(ctx context.Context, tx Tx) error
	keep   []byte // the payload from now on; nil: as it was
	broken bool   // keep could not be made
}

type ending int

const (
	endsDone ending = iota + 1 // the zero Outcome is nothing that a handler may answer
	endsRetry
	endsRetryAfter
	endsSnooze
	endsDead
)

// Done ends the job.
func Done() Outcome { return Outcome{ends: endsDone} }

// Retry says that it failed and is to be tried again as the kind's Policy says. code names the failure for logs and a console: small
// letters, digits and _, never a text from elsewhere.
func Retry(code string) Outcome { return Outcome{ends: endsRetry, code: code} }

// RetryAfter is Retry after a wait that somebody asked for, at most MaxRetryAfter.
func RetryAfter(code string, wait time.Duration) Outcome {
	return Outcome{ends: endsRetryAfter, code: code, after: max(0, min(wait, MaxRetryAfter))}
}

// Snooze looks again after a wait, at most MaxRetryAfter; that is no failure. What takes longer than a handler may is begun, kept in
// the payload (Keep) and polled.
func Snooze(wait time.Duration) Outcome {
	return Outcome{ends: endsSnooze, after: max(0, min(wait, MaxRetryAfter))}
}

// Dead ends the job without success; it is listed as dead, and a person may have it tried again.
func Dead(code string) Outcome { return Outcome{ends: endsDead, code: code} }

// With makes effects in the transaction that stores the outcome, and only if this worker still has the lane. If effect fails,
// nothing of it is stored and the job is tried again.
func (o Outcome) With(effect func(ctx context.Context, tx Tx) error) Outcome {
	o.effect = effect
	return o
}

// Keep stores another payload with the outcome, of the kind's type, for the next time the job is handled.
func (o Outcome) Keep(payload any) Outcome {
	text, err := json.Marshal(payload)
	o.keep, o.broken = text, err != nil || len(text) > MaxPayloadBytes
	return o
}

// checked is the outcome, or the failure that stands for one that a handler must not answer.
func (o Outcome) checked() Outcome {
	switch {
	case o.ends == 0:
		return Retry("no_outcome")
	case o.broken:
		return Dead("payload_not_kept")
	case o.code == "" || nameForm.MatchString(o.code):
		return o
	}
	o.code = "failed"
	return o
}
