package directory

// Retry calls do with what is known of a base or table. If stale reports that the outcome may be due to outdated knowledge, Retry
// calls renew, and do once more with what renew returns. renew returns known itself if nothing newer is to be had: then the first
// outcome stands. An error of renew is returned in place of the first outcome.
func Retry[K comparable, R any](known K, do func(K) (R, error), stale func(R, error) bool, renew func(K) (K, error)) (R, error) {
	result, err := do(known)
	if !stale(result, err) {
		return result, err
	}
	fresh, renewErr := renew(known)
	if renewErr != nil {
		var none R
		return none, renewErr
	}
	if fresh == known {
		return result, err
	}
	return do(fresh)
}

// Failed is a stale for Retry: every error may be due to outdated knowledge.
func Failed[R any](_ R, err error) bool { return err != nil }
