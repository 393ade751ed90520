package tool

import (
	"context"
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

// Context bounds ctx by the caller's deadline.
func (d Deadline) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d.Timeout())
}

// IsTrue reads an option that is false unless given.
func IsTrue(option *bool) bool { return option != nil && *option }

// IsTrueByDefault reads an option that is true unless given.
func IsTrueByDefault(option *bool) bool { return option == nil || *option }
