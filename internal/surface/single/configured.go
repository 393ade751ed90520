package single

import (
	"context"

	"github.com/rowgate/rowgate/internal/tenant"
)

// Configured admits every caller as the configured app. Use it where the caller has been authenticated already, or is the program
// that started this process. An AppToken or TableID limits what the app may access.
type Configured tenant.Identity

// Admit implements tool.Authenticator. It returns no error.
func (c Configured) Admit(context.Context, tenant.Claim) (tenant.Identity, error) {
	identity := tenant.Identity(c)
	if identity.Name == "" {
		identity.Name = tokenName
	}
	return identity, nil
}
