package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/config"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/internal/tenant"
)

// importedOperation is what an importer reads of an operation.
type importedOperation struct {
	OperationID   string            `json:"operationId"`
	Summary       string            `json:"summary"`
	Description   string            `json:"description"`
	Consequential *bool             `json:"x-openai-isConsequential"`
	Parameters    []json.RawMessage `json:"parameters"`
	RequestBody   struct {
		Content map[string]importedMedia `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct{ Content map[string]importedMedia } `json:"responses"`
}

type importedMedia struct {
	Schema struct {
		Type       string                   `json:"type"`
		Properties map[string]importedParam `json:"properties"`
		Required   []string                 `json:"required"`
		Closed     *bool                    `json:"additionalProperties"`
	} `json:"schema"`
}

type importedParam struct {
	Type        string `json:"type"`
	Description string `json:"description"`
	Example     any    `json:"example"`
	Default     any    `json:"default"`
}

// importedTool is a tool as a workflow editor shows it after the import.
type importedTool struct {
	name      string
	path      string
	operation importedOperation
	params    map[string]importedParam
	required  []string
}

// imported imports a document: the server's address and the path make the URL, each property of the body is a parameter.
func imported(t *testing.T, document []byte) map[string]*importedTool {
	t.Helper()
	var read struct {
		Paths map[string]map[string]importedOperation `json:"paths"`
	}
	if err := json.Unmarshal(document, &read); err != nil {
		t.Fatal(err)
	}
	tools := map[string]*importedTool{}
	for path, item := range read.Paths {
		operation := item["post"]
		schema := operation.RequestBody.Content["application/json"].Schema
		tools[operation.OperationID] = &importedTool{
			name: operation.OperationID, path: path, operation: operation, params: schema.Properties, required: schema.Required,
		}
	}
	return tools
}

// difyBody is the body that Dify's custom tool sends for these arguments: it converts each by the type of its property, so that
// a variable that is no text becomes what Python's str makes of it (ApiTool._convert_body_property_type).
func (i *importedTool) difyBody(t *testing.T, args map[string]any) string {
	t.Helper()
	body := map[string]any{}
	for name, value := range args {
		param, ok := i.params[name]
		if !ok {
			t.Fatalf("%s has no parameter %s", i.name, name)
		}
		switch param.Type {
		case "string":
			body[name] = pythonStr(value)
		case "integer":
			n, err := strconv.Atoi(pythonStr(value))
			if err != nil {
				t.Fatal(err)
			}
			body[name] = n
		case "boolean":
			body[name] = !slices.Contains([]string{"", "0", "no", "false", "False"}, pythonStr(value))
		default:
			t.Fatalf("%s.%s: %s", i.name, name, param.Type)
		}
	}
	return bodyJSON(t, body)
}

// pythonStr is str(value).
func pythonStr(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return pythonRepr(value)
}

// pythonRepr is repr(value).
func pythonRepr(value any) string {
	switch value := value.(type) {
	case nil:
		return "None"
	case bool:
		if value {
			return "True"
		}
		return "False"
	case string:
		quote := "'"
		if strings.Contains(value, "'") && !strings.Contains(value, `"`) {
			quote = `"`
		}
		return quote + strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, quote, `\`+quote).Replace(value) + quote
	case []any:
		parts := make([]string, len(value))
		for i, element := range value {
			parts[i] = pythonRepr(element)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(value))
		for _, key := range slices.Sorted(maps.Keys(value)) {
			parts = append(parts, pythonRepr(key)+": "+pythonRepr(value[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return fmt.Sprint(value)
	}
}

// key seals a connection key for the harness's app and table, as create_connection does.
func (h *harness) key() string { return h.keyOf(h.table) }

// keyFor is the key that a tool is called with: one of the table, but for what a key of one table may not do.
func (h *harness) keyFor(tool string) string {
	if tool == "create_table" {
		return h.keyOf("")
	}
	return h.key()
}

// keyOf seals a connection key for the harness's app and base, and for one of its tables unless that is "".
func (h *harness) keyOf(table string) string {
	h.t.Helper()
	cfg, problems := config.Load(func(name string) string { return h.settings[name] })
	if len(problems) > 0 {
		h.t.Fatalf("configuration: %v", problems)
	}
	sealed, err := tenant.Keys{Passphrases: cfg.Passphrases, Ring: cfg.Keyring}.Seal(tenant.Connection{
		Name: "test", AppID: appID, AppSecret: secret.New(h.secrets.app), AppToken: baseName, TableID: table,
		ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return sealed.Reveal()
}

// withKey returns the headers of a caller that has only the connection key.
func withKey(key string) map[string]string {
	return map[string]string{
		"Authorization": "Bearer " + key, "X-App-Id": "", "X-App-Secret": "", "X-App-Token": "", "X-Table-Id": "",
	}
}

// get fetches a page of the service.
func (h *harness) get(path string) reply {
	h.t.Helper()
	return h.do(request{method: "GET", path: path, header: withKey("")})
}

// bodyJSON is value as a JSON body.
func bodyJSON(t *testing.T, value any) string {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
