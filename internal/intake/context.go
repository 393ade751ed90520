package intake

import "context"

type resultKey struct{}

// WithResult returns a context that carries what was read from the request's body.
func WithResult(ctx context.Context, result *Result) context.Context {
	return context.WithValue(ctx, resultKey{}, result)
}

// ResultFrom returns the request's intake result: its repairs and files. It is never nil.
func ResultFrom(ctx context.Context) *Result {
	if result, ok := ctx.Value(resultKey{}).(*Result); ok {
		return result
	}
	return &Result{}
}
