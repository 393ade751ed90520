package e2e_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/app"
	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
)

// TestCheck: what check says of a database that a service has open.
func TestCheck(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	check := func(change map[string]string) app.Finding {
		t.Helper()
		settings := maps.Clone(h.settings)
		maps.Copy(settings, change)
		cfg, problems := config.Read(func(name string) string { return settings[name] })
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return app.Check(t.Context(), cfg)
	}
	own := strings.TrimPrefix(h.app.URL(), "http://")
	if got := check(map[string]string{"ROWGATE_LISTEN": own}); len(got.Problems) != 0 || len(got.Notes) != 1 {
		t.Errorf("of this very service: %+v", got)
	}
	if got := check(nil); len(got.Problems) != 1 || got.Problems[0].Variable != "ROWGATE_DATABASE_URL" {
		t.Errorf("of a service elsewhere: %+v", got)
	}
	other := secret.GenerateKey()
	if got := check(map[string]string{"ROWGATE_LISTEN": own, "ROWGATE_KEY": other}); len(got.Problems) != 1 ||
		got.Problems[0].Variable != "ROWGATE_KEY" {
		t.Errorf("of keys that do not open the database: %+v", got)
	}
	got := check(map[string]string{"ROWGATE_LISTEN": own, "ROWGATE_KEY": other + "," + h.secrets.key})
	if len(got.Problems) != 0 || len(got.Notes) != 2 || !strings.Contains(got.Notes[1].EN, "may be removed from ROWGATE_KEY after") {
		t.Errorf("of a rotation: %+v", got)
	}
}
