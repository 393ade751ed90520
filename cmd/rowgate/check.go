package main

import (
	"context"
	"fmt"

	"github.com/rowgate/rowgate/internal/config"
)

// checkCmd validates the configuration without starting anything.
type checkCmd struct{}

func (*checkCmd) Run(_ context.Context, s streams) error {
	problems := config.Check(s.getenv)
	if len(problems) == 0 {
		_, _ = fmt.Fprintln(s.out, "The configuration is valid.")
		return nil
	}
	report(s, problems)
	return errReported
}
