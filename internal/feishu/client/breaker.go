package client

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/rowgate/rowgate/internal/feishu"
)

// Bounds of the breakers. One open period and one probe fit into ten seconds, so that recovery is noticed in that time.
const (
	breakerOpenFor     = 3 * time.Second // from opening to the first probe
	breakerWindow      = 3 * time.Minute // must hold breakerConsecutive writes that time out one after another
	breakerBucket      = 15 * time.Second
	breakerConsecutive = 5 // failures in a row that open
	breakerSample      = 20
	breakerRatio       = 0.5 // share of failures among breakerSample or more that opens
	probeRetry         = time.Second
	// slotTime is how long a call may occupy the host breaker's probe: a slow call of one app must not keep all
	// others waiting for its result.
	slotTime = 5 * time.Second
)

// level names what a breaker watches: all apps' connections to a host, or Feishu's answers to one credential.
type level string

const (
	levelHost level = "host"
	levelApp  level = "app"
)

// breaker refuses calls after repeated failures, until it lets a probe through. It is safe for concurrent use.
type breaker struct {
	*gobreaker.TwoStepCircuitBreaker[struct{}]
	until atomic.Int64 // unix ns when an open breaker lets a probe through
}

// Verdicts on a call; nil is a good one.
var (
	errBad    = errors.New("the call failed for a reason this breaker watches")
	errSilent = errors.New("the call says nothing about what this breaker watches")
)

func (c *Client) newBreaker(of level) *breaker {
	b := &breaker{}
	b.TwoStepCircuitBreaker = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Interval:     breakerWindow,
		BucketPeriod: breakerBucket,
		Timeout:      breakerOpenFor,
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			heard := counts.TotalSuccesses + counts.TotalFailures
			return counts.ConsecutiveFailures >= breakerConsecutive ||
				heard >= breakerSample && float64(counts.TotalFailures) >= breakerRatio*float64(heard)
		},
		IsSuccessful: func(err error) bool { return err == nil },
		IsExcluded:   func(err error) bool { return errors.Is(err, errSilent) },
		OnStateChange: func(_ string, _, to gobreaker.State) { // called with the breaker's lock held: must not read its state
			if to == gobreaker.StateOpen {
				b.until.Store(time.Now().Add(breakerOpenFor).UnixNano())
			}
			c.metrics.breakers.WithLabelValues(string(of), to.String()).Inc()
			c.logger.Info("feishu breaker changed", slog.String("breaker", string(of)), slog.String("state", to.String()))
		},
	})
	return b
}

// refusedBy returns the refusal of an open breaker, nil if none is open; it does not count as a call.
func refusedBy(api *feishu.API, breakers ...*breaker) *feishu.Error {
	for _, b := range breakers {
		if b.State() == gobreaker.StateOpen {
			return b.refusal(api)
		}
	}
	return nil
}

func (b *breaker) refusal(api *feishu.API) *feishu.Error {
	err := api.NewError(feishu.ClassOpen, "circuit breaker open after repeated failures", nil)
	err.RetryAfter = max(time.Until(time.Unix(0, b.until.Load())), probeRetry)
	return err
}

// allow registers a call with both breakers; report ends it with the call's error and must be called exactly once.
func allow(api *feishu.API, host, own *breaker) (report func(*feishu.Error), refused *feishu.Error) {
	hostDone, err := host.Allow()
	if err != nil {
		return nil, host.refusal(api)
	}
	ownDone, err := own.Allow()
	if err != nil {
		hostDone(errSilent)
		return nil, own.refusal(api)
	}
	var once sync.Once
	slot := time.AfterFunc(slotTime, func() { once.Do(func() { hostDone(errSilent) }) })
	return func(err *feishu.Error) {
		slot.Stop()
		once.Do(func() { hostDone(hostVerdict(err)) })
		ownDone(appVerdict(err))
	}, nil
}

// hostVerdict is the result for the host's breaker: no connection and a gateway's answer are failures, any answer of Feishu's
// is a success.
func hostVerdict(e *feishu.Error) error {
	switch {
	case e == nil:
		return nil
	case e.Aborted, e.Class == feishu.ClassRate, e.Class == feishu.ClassInterrupted, e.Class == feishu.ClassOpen:
		return errSilent
	case e.Class == feishu.ClassUnreachable, e.Class == feishu.ClassServer && e.Gateway:
		return errBad
	}
	return nil
}

// appVerdict is the result for the credential's breaker: Feishu's own faults, time-outs and broken connections are failures;
// an error that the tenant caused is a success.
func appVerdict(e *feishu.Error) error {
	switch {
	case e == nil:
		return nil
	case e.Aborted, e.Class == feishu.ClassRate, e.Class == feishu.ClassUnreachable, e.Class == feishu.ClassOpen,
		e.Class == feishu.ClassServer && e.Gateway:
		return errSilent
	case e.Class == feishu.ClassServer, e.Class == feishu.ClassInterrupted, e.Class == feishu.ClassReadBack && e.HTTPStatus >= 500:
		return errBad
	}
	return nil
}
