package config_test

import (
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/config"
)

func TestUnknown(t *testing.T) {
	t.Parallel()
	problems := config.Unknown([]string{
		"ROWGATE_PASPHRASE=" + canary, "ROWGATE_PASSPHRASE_FILE=x", "ROWGATE_LISTEN=x", "ROWGATE_CONNECTION_KEY=x", "HOME=x",
		"ROWGATE_PORT=tcp://10.0.0.1:80", "ROWGATE_PORT_80_TCP_ADDR=10.0.0.1", "ROWGATE_SERVICE_HOST=10.0.0.1", "ROWGATE_SERVICE_PORT_HTTP=80",
	})
	if len(problems) != 1 || problems[0].Variable != "ROWGATE_PASPHRASE" {
		t.Fatalf("got %v", problems)
	}
	for _, text := range []string{problems[0].Text.ZH, problems[0].Text.EN} {
		if !strings.Contains(text, "ROWGATE_PASSPHRASE") || strings.Contains(text, canary) {
			t.Errorf("got %s", text)
		}
	}
}

func TestAdvise(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings settings
		want     int
	}{
		"a short passphrase beyond loopback": {settings{"ROWGATE_LISTEN": "0.0.0.0:80", "ROWGATE_PASSPHRASE": "a:b," + canary + "long"}, 1},
		"a short one without a name":         {settings{"PORT": "80", "ROWGATE_PASSPHRASE": "short"}, 1},
		"a short one on loopback":            {settings{"ROWGATE_PASSPHRASE": "a:b"}, 0},
		"a hash":                             {settings{"PORT": "80", "ROWGATE_PASSPHRASE": "a:sha256:" + strings.Repeat("0", 64)}, 0},
	} {
		t.Run("judges "+name, func(t *testing.T) {
			t.Parallel()
			problems := config.Advise(test.settings.getenv)
			if len(problems) != test.want {
				t.Errorf("got %v", problems)
			}
			for _, one := range problems {
				if strings.Contains(one.Text.EN, "short\n") || strings.Contains(one.Text.EN, canary) {
					t.Errorf("shown: %v", one)
				}
			}
		})
	}
}
