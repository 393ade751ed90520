package directory_test

import (
	"errors"
	"testing"

	"github.com/rowgate/rowgate/internal/directory"
)

func TestRetry(t *testing.T) {
	t.Parallel()
	var (
		errStale = errors.New("stale")
		errOther = errors.New("other")
		errRenew = errors.New("renew")
	)
	tests := []struct {
		name     string
		outcomes []error // of do, by call
		renewed  int     // what renew returns; 1 is what is known
		renewErr error
		calls    int
		result   int
		err      error
	}{
		{name: "does not renew after success", outcomes: []error{nil}, renewed: 2, calls: 1, result: 1},
		{name: "does not renew after another error", outcomes: []error{errOther}, renewed: 2, calls: 1, result: 1, err: errOther},
		{name: "repeats with what is new", outcomes: []error{errStale, nil}, renewed: 2, calls: 2, result: 2},
		{name: "repeats once only", outcomes: []error{errStale, errStale}, renewed: 2, calls: 2, result: 2, err: errStale},
		{name: "does not repeat with the same", outcomes: []error{errStale}, renewed: 1, calls: 1, result: 1, err: errStale},
		{name: "returns the error of renew", outcomes: []error{errStale}, renewErr: errRenew, calls: 1, err: errRenew},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			calls := 0
			do := func(known int) (int, error) {
				calls++
				return known, tt.outcomes[calls-1]
			}
			stale := func(_ int, err error) bool { return errors.Is(err, errStale) }
			result, err := directory.Retry(1, do, stale, func(int) (int, error) { return tt.renewed, tt.renewErr })
			if result != tt.result || !errors.Is(err, tt.err) || calls != tt.calls {
				t.Errorf("Retry = %d, %v after %d calls, want %d, %v after %d", result, err, calls, tt.result, tt.err, tt.calls)
			}
		})
	}
}
