// Package tenant authenticates callers: passphrases, limits of failures by address, and sealed connection keys.
package tenant

import (
	"context"
	"net/netip"

	"github.com/rowgate/rowgate/internal/secret"
)

// Caller is what the transport knows about the sender of a request.
type Caller struct {
	Bearer  secret.Text // Authorization: Bearer …: a passphrase or a connection key; empty if none
	Address netip.Addr  // the client address behind trusted proxies

	Unread secret.Text // an Authorization header that is no Bearer; empty if there is none
}

type callerKey struct{}

// WithCaller returns a context that carries caller.
func WithCaller(ctx context.Context, caller Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// CallerFrom returns the request's caller, the zero Caller if there is none.
func CallerFrom(ctx context.Context) Caller {
	caller, _ := ctx.Value(callerKey{}).(Caller)
	return caller
}
