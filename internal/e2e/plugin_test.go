package e2e_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/surface/difyplugin"
	"github.com/rowgate/rowgate/openapi"
)

// maxPluginBytes is what Dify takes (PLUGIN_MAX_PACKAGE_SIZE), in bytes.
const maxPluginBytes = 50 << 20

// pluginFile is what Dify reads of the plugin's declarations: manifest, provider and tools together.
type pluginFile struct {
	Version, Type, Author, Name, Icon, Privacy string
	Label                                      map[string]string
	CreatedAt                                  string `json:"created_at"`
	Resource                                   struct{ Memory int64 }
	Plugins                                    struct{ Tools []string }
	Meta                                       struct {
		Version string
		Arch    []string
		Runner  struct{ Language, Version, Entrypoint string }
	}
	Identity struct {
		Author, Name, Icon string
		Label              map[string]string
	}
	Description json.RawMessage
	Credentials map[string]struct {
		Type     string
		Required bool
		Label    map[string]string
	} `json:"credentials_for_provider"`
	Tools      []string
	Parameters []struct {
		Name, Type, Form string
		Required         bool
		Label            map[string]string
		Human            map[string]string `json:"human_description"`
		Model            string            `json:"llm_description"`
		Options          []struct {
			Value string
			Label map[string]string
		}
	}
	Output struct {
		Type       string
		Properties map[string]any
	} `json:"output_schema"`
	Extra struct{ Python struct{ Source string } }
}

// TestDifyPlugin holds the package to what Dify's plugin daemon demands of one.
func TestDifyPlugin(t *testing.T) {
	t.Parallel()
	packed := packPlugin(t)
	contents := map[string]string{}
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, file.Name)
		contents[file.Name] = string(data)
	}

	t.Run("is a plain sorted ZIP without a signature, the same for the same input", func(t *testing.T) {
		t.Parallel()
		if !slices.IsSorted(names) || archive.Comment != "" || len(packed) > maxPluginBytes {
			t.Errorf("%v, comment %q, %d bytes", names, archive.Comment, len(packed))
		}
		if !bytes.Equal(packed, packPlugin(t)) {
			t.Error("a second package differs")
		}
	})

	t.Run("has a manifest that the daemon takes", func(t *testing.T) {
		t.Parallel()
		var m pluginFile
		readYAML(t, contents["manifest.yaml"], &m)
		identifier := regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)
		if !regexp.MustCompile(`^\d{1,4}(\.\d{1,4}){2}(-\w{1,16})?$`).MatchString(m.Version) || m.Type != "plugin" ||
			!identifier.MatchString(m.Author) || !identifier.MatchString(m.Name) || m.Label["en_US"] == "" || m.Resource.Memory <= 0 {
			t.Errorf("%+v", m)
		}
		if _, err := time.Parse(time.RFC3339, m.CreatedAt); err != nil {
			t.Error(err)
		}
		if m.Meta.Version == "" || len(m.Meta.Arch) == 0 || m.Meta.Runner.Language != "python" || contents[m.Meta.Runner.Entrypoint+".py"] == "" {
			t.Errorf("%+v", m.Meta)
		}
		for _, name := range append(m.Plugins.Tools, "_assets/"+m.Icon, m.Privacy, "README.md", "requirements.txt") {
			if contents[name] == "" {
				t.Errorf("%s is missing", name)
			}
		}
	})

	t.Run("keeps secrets in secret fields and has every tool", func(t *testing.T) {
		t.Parallel()
		var p pluginFile
		readYAML(t, contents["provider/rowgate.yaml"], &p)
		for _, name := range []string{"connection_key", "passphrase", "app_secret"} {
			if p.Credentials[name].Type != "secret-input" {
				t.Errorf("%s is a %s", name, p.Credentials[name].Type)
			}
		}
		if p.Identity.Name == "" || p.Identity.Icon == "" || contents[p.Extra.Python.Source] == "" {
			t.Errorf("%+v", p.Identity)
		}
		var want []string
		for _, one := range openapi.Importable(records()) {
			want = append(want, "tools/"+one.Name+".yaml")
		}
		if !slices.Equal(p.Tools, want) {
			t.Errorf("%v, want %v", p.Tools, want)
		}
	})

	t.Run("declares tools as the daemon takes them", func(t *testing.T) {
		t.Parallel()
		for _, one := range openapi.Importable(records()) {
			var declared pluginFile
			readYAML(t, contents["tools/"+one.Name+".yaml"], &declared)
			if declared.Identity.Name != one.Name || declared.Identity.Author == "" || declared.Identity.Label["zh_Hans"] == "" ||
				contents[declared.Extra.Python.Source] == "" || declared.Output.Type != "object" || declared.Output.Properties["request_id"] == nil {
				t.Errorf("%s: %+v", one.Name, declared)
			}
			for _, param := range declared.Parameters {
				switch {
				case !slices.Contains([]string{"string", "number", "select"}, param.Type), param.Form != "llm" && param.Form != "form",
					param.Label["en_US"] == "", param.Human["en_US"] == "", param.Model == "", (param.Type == "select") != (len(param.Options) > 0),
					param.Required && param.Form != "llm":
					t.Errorf("%s: %+v", one.Name, param)
				}
			}
		}
	})
}

// TestDifyPluginRuns runs the plugin's own Python against the service.
func TestDifyPluginRuns(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the plugin cannot be run")
	}
	directory := t.TempDir()
	packed := packPlugin(t)
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(directory, archive); err != nil {
		t.Fatal(err)
	}
	stubs, err := filepath.Abs(filepath.Join("testdata", "plugin"))
	if err != nil {
		t.Fatal(err)
	}
	h := setup(t, options{})
	run := func(t *testing.T, source, parent string, credentials, parameters map[string]any) (messages []map[string]any, failure string) {
		t.Helper()
		credentials["service_url"] = h.app.URL() + "/"
		command := exec.CommandContext(t.Context(), python, "-B", filepath.Join(stubs, "run.py"), directory, source, parent)
		command.Env = append(os.Environ(), "PYTHONPATH="+stubs, "no_proxy=*")
		command.Stdin = strings.NewReader(bodyJSON(t, map[string]any{"credentials": credentials, "parameters": parameters}))
		out, err := command.Output()
		var got struct {
			Messages []map[string]any
			Error    string
		}
		if err != nil || json.Unmarshal(out, &got) != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return got.Messages, got.Error
	}
	key := map[string]any{"connection_key": h.key()}
	app := map[string]any{"passphrase": h.secrets.passphrase, "app_id": appID, "app_secret": h.secrets.app, "app_token": h.link()}

	t.Run("every file compiles", func(t *testing.T) {
		command := exec.CommandContext(t.Context(), python, "-m", "compileall", "-q", directory)
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})

	t.Run("a wrong app secret is refused without a base too", func(t *testing.T) {
		for secret, refused := range map[string]bool{"wrong": true, h.secrets.app: false} {
			given := map[string]any{"passphrase": h.secrets.passphrase, "app_id": appID, "app_secret": secret}
			if _, failure := run(t, "provider/rowgate.py", "ToolProvider", given, nil); (failure != "") != refused {
				t.Errorf("refused: %q, want %t", failure, refused)
			}
		}
	})

	t.Run("a row lands, with a key or an app, as text or as an object", func(t *testing.T) {
		for _, c := range []struct {
			credentials map[string]any
			records     any
		}{
			{key, `[{"标题":"葱油拌面","平台":"抖音"}]`},
			{app, map[string]any{"标题": "葱油拌面", "平台": "抖音"}},
		} {
			messages, failure := run(
				t,
				"tools/write_records.py",
				"Tool",
				c.credentials,
				map[string]any{"records": c.records, "dry_run": "", "typecast": "true"},
			)
			if failure != "" || len(messages) < 2 {
				t.Fatalf("%s %v", failure, messages)
			}
			if receipt, _ := messages[0]["json"].(map[string]any); receipt["created"] != 1.0 {
				t.Errorf("%v", messages[0])
			}
		}
		landed(t, h.rows(), []map[string]any{{"标题": "葱油拌面", "平台": "抖音"}, {"标题": "葱油拌面", "平台": "抖音"}})
	})

	t.Run("an error says code, row and remedy", func(t *testing.T) {
		_, failure := run(t, "tools/write_records.py", "Tool", key, map[string]any{"records": `[{"播放量":"many"}]`})
		for _, part := range []string{"invalid_rows", "播放量", "describe_table"} {
			if !strings.Contains(failure, part) {
				t.Errorf("%q lacks %s", failure, part)
			}
		}
	})

	t.Run("credentials are checked when they are entered", func(t *testing.T) {
		for _, good := range []map[string]any{key, app} {
			if _, failure := run(t, "provider/rowgate.py", "ToolProvider", good, nil); failure != "" {
				t.Errorf("refused: %s", failure)
			}
		}
		for _, bad := range []map[string]any{
			{"connection_key": "rgk_example"},
			{"passphrase": "wrong", "app_id": appID, "app_secret": "wrong"},
			{"passphrase": h.secrets.passphrase, "app_id": appID, "app_secret": "wrong", "app_token": h.link()},
			{"passphrase": h.secrets.passphrase},
		} {
			if _, failure := run(t, "provider/rowgate.py", "ToolProvider", bad, nil); !strings.HasPrefix(
				failure,
				"ToolProviderCredentialValidationError: ",
			) {
				t.Errorf("taken, or another error: %q", failure)
			}
		}
	})
}

func packPlugin(t *testing.T) []byte {
	t.Helper()
	var packed bytes.Buffer
	err := difyplugin.Write(&packed, records(), difyplugin.Options{
		PublicURL: goldenURL, Version: goldenVersion, CreatedAt: time.Date(2026, 3, 24, 12, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
