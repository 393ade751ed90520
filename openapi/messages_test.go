package openapi

import (
	"testing"

	"github.com/rowgate/rowgate/internal/problem"
)

func TestRefusal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		location, message string
		want              problem.Text
	}{
		"a value outside a list": {
			"body.on_error", `expected value to be one of "abort, skip"`,
			problem.Text{ZH: `on_error 只能是"abort, skip"`, EN: `on_error must be one of "abort, skip"`},
		},
		"a number outside its bounds": {
			"body.timeout_ms", "expected number <= 55000",
			problem.Text{ZH: "timeout_ms 不能大于 55000", EN: "timeout_ms must be at most 55000"},
		},
		"another type": {
			"body.dry_run", "expected boolean", problem.Text{ZH: "dry_run 应为 true 或 false", EN: "dry_run must be true or false"},
		},
		"a member that a list's objects do not have": {
			"body.options[0].color", "unexpected property",
			problem.Text{ZH: "options[0].color 不是这里的参数", EN: "options[0].color is no parameter here"},
		},
		"an unknown message": {
			"body.x", "something new", problem.Text{ZH: "x：something new", EN: "x: something new"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := refusal(c.location, c.message); got != c.want {
				t.Errorf("refusal = %+v, want %+v", got, c.want)
			}
		})
	}
}
