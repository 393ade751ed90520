package single

import (
	"context"

	"github.com/rowgate/rowgate/internal/tenant"
)

// Configured admits everybody as the configured app. It stands where the caller has been admitted already, or can be nobody
// else: the program that started this process. An AppToken or TableID in it is all that the app may reach.
type Configured tenant.Identity

// Admit implements tool.Admission; there is no error.
func (c Configured) Admit(context.Context, tenant.Claim) (tenant.Identity, error) {
	identity := tenant.Identity(c)
	if identity.Name == "" {
		identity.Name = tokenName
	}
	return identity, nil
}
