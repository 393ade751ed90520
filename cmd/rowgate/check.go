package main

import (
	"context"
	"fmt"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
)

// checkCmd validates the configuration, and looks for what else would keep serve from starting, without starting anything.
type checkCmd struct{}

// Help is shown by rowgate check --help.
func (*checkCmd) Help() string { return settingsHelp }

func (*checkCmd) Run(ctx context.Context, s streams) error {
	problems := config.Unknown(s.environment())
	cfg, wrong := config.Read(s.getenv)
	problems = append(problems, wrong...)
	problems = append(problems, config.Advise(s.getenv)...)
	if cfg != nil {
		found := app.Check(ctx, cfg)
		problems = append(problems, found.Problems...)
		for _, note := range found.Notes {
			_, _ = fmt.Fprintf(s.out, "%s\n  %s\n", note.EN, note.ZH)
		}
		if cfg.PublicURL == "" && cfg.BeyondLoopback() {
			_, _ = fmt.Fprintf(s.out, "%s\n  %s\n", config.PublicURLUnset.EN, config.PublicURLUnset.ZH)
		}
	}
	if len(problems) == 0 {
		_, _ = fmt.Fprintln(s.out, "The configuration is valid.")
		return nil
	}
	report(s, problems)
	return errReported
}
