// Package tenant knows who is calling: passphrases, failure limits and sealed connection keys.
package tenant

import (
	"context"
	"net/netip"

	"github.com/rowgate/rowgate/internal/secret"
)

// Caller is what the transport knows of a request's sender.
type Caller struct {
	Bearer  secret.Text // Authorization: Bearer …: a passphrase or a connection key; empty if none
	Address netip.Addr  // client address after trusted proxies
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
