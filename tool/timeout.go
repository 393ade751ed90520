package tool

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Bounds of timeout_ms (docs/contract.md §3, write_records).
const (
	DefaultTimeout = 25 * time.Second
	MinTimeout     = time.Second
	MaxTimeout     = 55 * time.Second
)

// Timeout returns how long the caller waits.
func (d Deadline) Timeout() time.Duration {
	if d.TimeoutMS == nil {
		return DefaultTimeout
	}
	return min(max(time.Duration(*d.TimeoutMS)*time.Millisecond, MinTimeout), MaxTimeout)
}

// errDeadline is the cause of a context that ended because of the caller's deadline.
var errDeadline = fmt.Errorf("the caller's timeout_ms: %w", context.DeadlineExceeded)

// Context bounds ctx by the caller's deadline.
func (d Deadline) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, d.Timeout(), errDeadline)
}

// IsCallerGone reports whether ctx ended for another reason than the deadline of Deadline.Context: nobody waits for an answer.
func IsCallerGone(ctx context.Context) bool {
	return ctx.Err() != nil && !errors.Is(context.Cause(ctx), errDeadline)
}

// IsTrue reads an option that is false unless given.
func IsTrue(option *bool) bool { return option != nil && *option }

// IsTrueByDefault reads an option that is true unless given.
func IsTrueByDefault(option *bool) bool { return option == nil || *option }
