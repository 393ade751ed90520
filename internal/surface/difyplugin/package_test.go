package difyplugin

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/tool"
)

func TestPluginVersion(t *testing.T) {
	t.Parallel()
	for module, want := range map[string]string{
		"v1.2.3": "1.2.3", "1.2.3": "1.2.3", "v1.2.3-rc.1+dirty": "1.2.3", "(devel)": DefaultVersion, "": DefaultVersion,
		"v0.0.0-20260324120000-0123456789ab": DefaultVersion, "v12345.0.0": DefaultVersion,
	} {
		if got := pluginVersion(module); got != want {
			t.Errorf("%q gives %s, want %s", module, got, want)
		}
	}
}

func TestWrite(t *testing.T) {
	t.Parallel()
	t.Run("refuses a catalogue that cannot check credentials", func(t *testing.T) {
		t.Parallel()
		err := Write(&bytes.Buffer{}, tool.Catalogue{}, Options{})
		if err == nil || !strings.Contains(err.Error(), "credentials") {
			t.Errorf("got %v", err)
		}
	})
}
