package job

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

// Times of a handler.
const (
	DefaultTimeout = 30 * time.Second
	MaxTimeout     = 50 * time.Second // the rest up to JobTimeout is for storing what came of it
)

// nameForm is what names of kinds and codes look like: they are labels of metrics and words of a log.
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// KindOptions are how jobs of a kind are worked on.
type KindOptions struct {
	Timeout time.Duration // of one try; DefaultTimeout if 0, MaxTimeout at most
	Retry   Policy        // DefaultPolicy if zero
	// Workers are those of this kind alone, so that slow jobs do not keep quick ones waiting; 0 shares the workers of all such kinds.
	Workers int
}

// Kind is a sort of jobs with payload T, which is kept as JSON.
type Kind[T any] struct {
	Name    string
	Options KindOptions
}

// Job returns a job of this kind. The caller adds whose it is, when, and in what order. A payload that is no JSON is refused by Enqueue.
func (k Kind[T]) Job(payload T) Job {
	text, err := json.Marshal(payload)
	if err != nil {
		return Job{Kind: k.Name}
	}
	return Job{Kind: k.Name, Payload: text}
}

// On joins the kind with its handler.
func (k Kind[T]) On(handle func(ctx context.Context, run Run, payload T) Outcome) Handler {
	return Handler{kind: k.Name, options: k.Options, handle: func(ctx context.Context, run Run, text []byte) Outcome {
		var payload T
		decoder := json.NewDecoder(bytes.NewReader(text))
		if err := decoder.Decode(&payload); err != nil {
			return Dead("payload_unreadable") // of another version; a repeat would read the same
		}
		return handle(ctx, run, payload)
	}}
}

// Handler is a kind with what is done for its jobs; Kind.On makes one.
type Handler struct {
	kind    string
	options KindOptions
	handle  func(ctx context.Context, run Run, payload []byte) Outcome
}

func (h *Handler) check() error {
	if !nameForm.MatchString(h.kind) {
		return fmt.Errorf("kind %q: a name is small letters, digits and _, 64 at most", h.kind)
	}
	if h.options.Timeout == 0 {
		h.options.Timeout = DefaultTimeout
	}
	if h.options.Timeout < 0 || h.options.Timeout > MaxTimeout {
		return fmt.Errorf("kind %s: a timeout of %s is not within %s", h.kind, h.options.Timeout, MaxTimeout)
	}
	if h.options.Retry.Waits == nil {
		h.options.Retry = DefaultPolicy
	}
	return nil
}

// Run is what a handler knows of its job.
type Run struct {
	ID      string // the same in every try: what others know the job by
	Kind    string
	Tenant  string
	Try     int // from 1; a snooze is no try
	Created time.Time
	Since   time.Time // when it began to fail; zero if it has not
}
