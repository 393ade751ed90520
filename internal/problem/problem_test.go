package problem_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
)

// classified is an error of another package that knows what it is.
type classified struct{}

func (classified) Error() string { return "classified" }

func (classified) Problem() *problem.Error {
	return problem.New(problem.QuotaExhausted, problem.Text{})
}

func TestFrom(t *testing.T) {
	t.Parallel()
	own := problem.New(problem.TableFull, problem.Text{})
	for name, test := range map[string]struct {
		err  error
		want problem.Code
	}{
		"takes a problem as it is":                     {own, problem.TableFull},
		"finds a problem below others":                 {fmt.Errorf("write: %w", own), problem.TableFull},
		"asks an error that can classify itself":       {fmt.Errorf("call: %w", classified{}), problem.QuotaExhausted},
		"takes an expired context for a silent Feishu": {fmt.Errorf("call: %w", context.DeadlineExceeded), problem.UpstreamUnavailable},
		"takes all else for our own fault":             {errors.New("disk full"), problem.InternalError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := problem.From(test.err); got.Code != test.want {
				t.Errorf("got %s, want %s", got.Code, test.want)
			}
		})
	}
	t.Run("does not claim that nothing was written when a context ended", func(t *testing.T) {
		t.Parallel()
		if got := problem.From(context.Canceled).Outcome; got != problem.OutcomeUnknown {
			t.Errorf("outcome %s", got)
		}
	})
	t.Run("keeps the cause for errors.Is", func(t *testing.T) {
		t.Parallel()
		if !errors.Is(problem.From(context.Canceled), context.Canceled) {
			t.Error("the cause is lost")
		}
	})
}
