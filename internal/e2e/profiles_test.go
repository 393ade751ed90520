package e2e_test

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/rowgate/rowgate/openapi"
	"github.com/rowgate/rowgate/tool"
)

// What importers refuse or drop. Source: the importers of Dify (ApiBasedToolSchemaParser), Coze (plugin/model/openapi.go) and
// GPT actions (production notes).
const (
	maxImportedOperations = 30  // agents choose badly among more; Dify refuses 100
	maxServerURL          = 512 // bytes, Coze
)

var importNames = []string{openapi.ProfileDify, openapi.ProfileCoze, openapi.ProfileActions}

// familySets are the sets of families whose import documents are under version control, by what their files' names end in.
var familySets = map[string]string{"": "", "-all": tool.AllFamilies}

func TestGoldenProfiles(t *testing.T) {
	t.Parallel()
	for suffix, families := range familySets {
		d := documentsOf(t, families)
		for _, name := range append(importNames, openapi.DocumentClient, openapi.DocumentSwagger) {
			t.Run(name+suffix+" is what is under version control", func(t *testing.T) {
				t.Parallel()
				path := filepath.Join("..", "..", "openapi", "golden", name+suffix+".json")
				if *update {
					if err := os.WriteFile(path, d.Profiles[name], 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				if string(d.Profiles[name]) != string(want) {
					t.Errorf("%s%s differs from its golden file: workflows are bound to these names. If it is meant, run with -update.", name, suffix)
				}
			})
		}
	}
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	for suffix, families := range familySets {
		all := documentsOf(t, families)
		for _, name := range importNames {
			data := all.Profiles[name]
			t.Run(name+suffix+" is valid OpenAPI 3.0.3", func(t *testing.T) {
				t.Parallel()
				document, err := openapi3.NewLoader().LoadFromData(data)
				if err != nil {
					t.Fatal(err)
				}
				if err := document.Validate(t.Context()); err != nil {
					t.Error(err)
				}
			})
			t.Run(name+suffix+" has nothing that an importer refuses or loses", func(t *testing.T) {
				t.Parallel()
				for _, broken := range importFaults(t, data) {
					t.Error(broken)
				}
				for _, extension := range regexp.MustCompile(`"(x-[^"]*)":`).FindAllStringSubmatch(string(data), -1) {
					if name != openapi.ProfileActions || extension[1] != "x-openai-isConsequential" {
						t.Errorf("the extension %s, which this importer is not known to take", extension[1])
						break
					}
				}
			})
		}
	}
	d := documents(t)
	for _, name := range importNames {
		data := d.Profiles[name]
		t.Run(name+" asks for no secret and has every tool but the one that makes the key", func(t *testing.T) {
			t.Parallel()
			tools := imported(t, data)
			for _, one := range openapi.Importable(records()) {
				if tools[one.Name] == nil {
					t.Errorf("%s is missing", one.Name)
				}
				for _, param := range one.Spec.Params {
					if _, there := tools[one.Name].params[param.Name]; there && param.Secret {
						t.Errorf("%s takes the secret %s", one.Name, param.Name)
					}
				}
			}
			for _, hidden := range []string{"create_connection", "app_id", "app_secret", "passphrase", `"file"`} {
				if strings.Contains(string(data), hidden) {
					t.Errorf("the document has %s", hidden)
				}
			}
		})
	}

	t.Run("coze says in the summary when to use a tool, since a model sees nothing else", func(t *testing.T) {
		t.Parallel()
		for _, one := range imported(t, d.Profiles[openapi.ProfileCoze]) {
			if one.operation.Summary != one.operation.Description {
				t.Errorf("%s: summary %q", one.name, one.operation.Summary)
			}
		}
	})

	t.Run("actions asks people before anything is changed, and only then", func(t *testing.T) {
		t.Parallel()
		tools := imported(t, d.Profiles[openapi.ProfileActions])
		for name, want := range map[string]bool{
			"write_records": true, "update_records": true, "delete_records": true, "describe_table": false, "list_tables": false, "get_job": false,
		} {
			if got := tools[name].operation.Consequential; got == nil || *got != want {
				t.Errorf("%s: x-openai-isConsequential is %v, want %v", name, got, want)
			}
		}
		if strings.Contains(string(d.Profiles[openapi.ProfileDify]), "x-openai") {
			t.Error("another importer gets the extension too")
		}
	})
}

// importFaults checks a document against the rules that its importers enforce or silently apply.
func importFaults(t *testing.T, data []byte) []string {
	t.Helper()
	var faults []string
	fault := func(where, what string) { faults = append(faults, where+": "+what) }
	var document struct {
		OpenAPI string `json:"openapi"`
		Info    struct{ Title, Description, Version string }
		Servers []struct{ URL string }
		Paths   map[string]map[string]importedOperation
	}
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI != "3.0.3" || document.Info.Title == "" || document.Info.Description == "" || document.Info.Version == "" {
		fault("info", "the version is not 3.0.3, or a text is missing")
	}
	if len(document.Servers) != 1 {
		fault("servers", "not exactly one")
	} else if u, err := url.Parse(document.Servers[0].URL); err != nil || u.Host == "" || strings.HasSuffix(u.String(), "/") ||
		len(u.String()) > maxServerURL {
		fault("servers", "no host, too long, or a slash at the end that would double")
	}
	if len(document.Paths) == 0 || len(document.Paths) > maxImportedOperations {
		fault("paths", "none or too many")
	}
	name := regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	for path, item := range document.Paths {
		if len(item) != 1 {
			fault(path, "a path item has more than its operation: parameters there are ignored")
		}
		operation, ok := item["post"]
		if !ok {
			fault(path, "no post")
			continue
		}
		if !name.MatchString(operation.OperationID) {
			fault(path, "the operationId is no function name")
		}
		for _, text := range []string{operation.Summary, operation.Description} {
			if n := utf8.RuneCountInString(text); n == 0 || n > openapi.MaxOperationText {
				fault(path, "summary or description is empty or over the limit of actions")
			}
		}
		if len(operation.Parameters) > 0 {
			fault(path, "a parameter outside of the body")
		}
		faults = append(faults, bodyFaults(path, operation.RequestBody.Content)...)
		faults = append(faults, responseFaults(path, operation.Responses)...)
	}
	var anything any
	if err := json.Unmarshal(data, &anything); err != nil {
		t.Fatal(err)
	}
	return append(faults, schemaFaults("", anything)...)
}

func bodyFaults(path string, content map[string]importedMedia) []string {
	media, ok := content["application/json"]
	if !ok || len(content) != 1 {
		return []string{path + ": the body has another content type than application/json, and only the first is sent"}
	}
	var faults []string
	if media.Schema.Closed == nil || *media.Schema.Closed {
		faults = append(faults, path+": FastGPT sends names of its own to a body that allows them")
	}
	if media.Schema.Type != "object" || len(media.Schema.Properties) == 0 {
		faults = append(faults, path+": a body that is no object with properties has no parameters")
	}
	for name, property := range media.Schema.Properties {
		where := path + " " + name
		if !slices.Contains([]string{"string", "integer", "number"}, property.Type) {
			faults = append(faults, where+": no scalar, or a boolean, which Dify sends as false where nothing was given")
		}
		if n := utf8.RuneCountInString(property.Description); n == 0 || n > openapi.MaxParamText {
			faults = append(faults, where+": no description, or one over the limit of actions")
		}
		if property.Default != nil {
			faults = append(faults, where+": a default is sent by Dify where nothing was given")
		}
		if strings.Contains(property.Description, "JSON text") {
			example, isText := property.Example.(string)
			if !isText || !json.Valid([]byte(example)) {
				faults = append(faults, where+": a structure without an example in JSON")
			}
		}
	}
	return faults
}

func responseFaults(path string, responses map[string]struct{ Content map[string]importedMedia }) []string {
	var faults []string
	for status := range responses {
		if status != "200" && status != "default" {
			faults = append(faults, path+": Coze takes 200 and default only, not "+status)
		}
	}
	content := responses["200"].Content
	if len(content) != 1 || content["application/json"].Schema.Type != "object" || len(content["application/json"].Schema.Properties) == 0 {
		faults = append(faults, path+": the answer is no object in application/json")
	}
	return faults
}

// schemaFaults finds, at any depth, what no importer reads alike.
func schemaFaults(where string, value any) []string {
	var faults []string
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if slices.Contains([]string{"$ref", "$schema", "oneOf", "anyOf", "allOf", "readOnly", "const"}, key) {
				faults = append(faults, where+": "+key)
			}
			if _, list := inner.([]any); key == "type" && list {
				faults = append(faults, where+": a type that is a list")
			}
			if inner == nil || key == "schema" && inner == true {
				faults = append(faults, where+": nothing, or a schema without a type")
			}
			if key == "properties" {
				properties, _ := inner.(map[string]any)
				for name, property := range properties {
					if schema, _ := property.(map[string]any); schema["type"] == nil || schema["type"] == "" {
						faults = append(faults, where+"."+name+": no type")
					}
				}
			}
			faults = append(faults, schemaFaults(where+"/"+key, inner)...)
		}
	case []any:
		for _, inner := range value {
			faults = append(faults, schemaFaults(where+"[]", inner)...)
		}
	}
	return faults
}
