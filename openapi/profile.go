package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// Names of the import profiles: documents for importers that support only part of OpenAPI. Each is served at
// /openapi/<name>.json.
const (
	ProfileDify    = "dify"    // Dify's custom tools; FastGPT reads it too
	ProfileCoze    = "coze"    // Coze plugins
	ProfileActions = "actions" // GPT actions
)

// Bounds of the texts of an import profile, in characters. Source: the limits of GPT actions, the lowest of all importers.
const (
	MaxOperationText = 300
	MaxParamText     = 700
)

// MaxActions bounds the operations of the profile for GPT actions. Source: the limits of GPT actions.
const MaxActions = 30

// importDescription is the text that an importer shows for the whole service.
const importDescription = "Write, find and change rows of Feishu/Lark Bitable tables, each row exactly once. Authorize with a connection " +
	"key (rgk_…). 写入、查询、修改飞书多维表格的记录，每行只写一次；用连接密钥（rgk_…）授权。"

// keyMaker is the operation that creates connection keys, with which all others are authorized. Its parameters and its answer
// are secrets, which a model must never see, so it is left out of every import document.
const keyMaker = "create_connection"

// Importable returns the tools that importers and MCP clients get: all except create_connection, which handles secrets.
func Importable(catalogue tool.Catalogue) tool.Catalogue {
	tools := make(tool.Catalogue, 0, len(catalogue))
	for _, t := range catalogue {
		if t.Name != keyMaker {
			tools = append(tools, t)
		}
	}
	return tools
}

// profile adapts the import document to one importer.
type profile struct {
	name string
	most int // operations, 0 for no bound
	// refine adapts an operation: which text the importer shows to a model, which extensions it reads.
	refine func(t tool.Tool, operation *importOperation)
}

func profiles() []profile {
	return []profile{
		{ProfileDify, 0, func(tool.Tool, *importOperation) {}},
		// Coze shows a model the summary only.
		{ProfileCoze, 0, func(_ tool.Tool, operation *importOperation) { operation.Summary = operation.Description }},
		{ProfileActions, MaxActions, func(t tool.Tool, operation *importOperation) {
			operation.Consequential = new(t.Risk != tool.ReadOnly)
		}},
	}
}

// The parts of an import document: the subset of OpenAPI 3.0.3 that every importer reads the same way. Members are in the order
// of the catalogue, because importers show them in that order.
type (
	importDocument struct {
		OpenAPI    string                `json:"openapi"`
		Info       importInfo            `json:"info"`
		Servers    []importServer        `json:"servers"`
		Security   []map[string][]string `json:"security"`
		Paths      members               `json:"paths"`
		Components members               `json:"components"`
	}
	importInfo struct {
		Title       string `json:"title"`
		Description string `json:"description"`
		Version     string `json:"version"`
	}
	importServer struct {
		URL string `json:"url"`
	}
	importOperation struct {
		ID            string  `json:"operationId"`
		Summary       string  `json:"summary"`
		Description   string  `json:"description"`
		Consequential *bool   `json:"x-openai-isConsequential,omitempty"` // no other extension: who takes them is not known
		Body          members `json:"requestBody"`
		Responses     members `json:"responses"`
	}
	importSchema struct {
		Type        string        `json:"type"`
		Description string        `json:"description,omitempty"`
		Nullable    bool          `json:"nullable,omitempty"`
		Enum        []any         `json:"enum,omitempty"`
		Minimum     *float64      `json:"minimum,omitempty"`
		Maximum     *float64      `json:"maximum,omitempty"`
		Example     any           `json:"example,omitempty"`
		Items       *importSchema `json:"items,omitempty"`
		Properties  members       `json:"properties,omitempty"`
		Required    []string      `json:"required,omitempty"`
		Closed      *bool         `json:"additionalProperties,omitempty"` // false for a request: FastGPT sends whatever else it has
	}
)

// renderProfiles renders every import profile, by name, except those whose importers take fewer operations.
func renderProfiles(catalogue tool.Catalogue, o Options) (map[string][]byte, error) {
	documents := map[string][]byte{}
	tools := Importable(catalogue)
	for _, p := range profiles() {
		if p.most > 0 && len(tools) > p.most {
			continue
		}
		document := importDocument{
			OpenAPI:  "3.0.3",
			Info:     importInfo{Title: "Rowgate", Description: importDescription, Version: o.Version},
			Servers:  []importServer{{URL: o.PublicURL}},
			Security: []map[string][]string{{securityName: {}}},
			Components: members{{"securitySchemes", members{{securityName, map[string]string{
				"type": "http", "scheme": "bearer", "description": "A connection key, rgk_….",
			}}}}},
		}
		for _, t := range tools {
			operation := importOperationOf(t)
			p.refine(t, &operation)
			document.Paths = append(document.Paths, member{t.Path, members{{"post", operation}}})
		}
		data, err := indent(marshalPlain(document))
		if err != nil {
			return nil, fmt.Errorf("rendering the import profile %s: %w", p.name, err)
		}
		documents[p.name] = data
	}
	return documents, nil
}

// Profile returns the import document of that name. Too many operations for its importer are bad_parameter, which counts them.
func (d *Documents) Profile(name string) ([]byte, error) {
	if data, ok := d.Profiles[name]; ok {
		return data, nil
	}
	for _, p := range profiles() {
		if p.name == name {
			return nil, problem.New(problem.BadParameter, problem.Text{
				ZH: fmt.Sprintf("families 选出了 %d 个操作，而 %s 最多只能导入 %d 个；请少选几族，分几份导入。", d.Operations, name, p.most),
				EN: fmt.Sprintf("families select %d operations, and %s takes at most %d; ask for fewer families in each import.",
					d.Operations, name, p.most),
			})
		}
	}
	return nil, fmt.Errorf("there is no import profile %q", name)
}

func importOperationOf(t tool.Tool) importOperation {
	body := importSchema{Type: huma.TypeObject, Closed: new(false)}
	for _, param := range Params(t) {
		body.Properties = append(body.Properties, member{param.Name, param.schema()})
		if param.Required {
			body.Required = append(body.Required, param.Name)
		}
	}
	return importOperation{
		ID: t.Name, Summary: t.Title.EN, Description: t.Description,
		Body: members{{"required", true}, {"content", jsonContent(body)}},
		Responses: members{
			{"200", members{{"description", "OK"}, {"content", jsonContent(answerSchema(t.Output))}}},
			{"default", members{{"description", "A problem: code, detail, fix and errors say what went wrong and what to do."}}},
		},
	}
}

func jsonContent(schema importSchema) members {
	return members{{"application/json", members{{"schema", schema}}}}
}

// members is a JSON object whose members keep their order.
type members []member

type member struct {
	name  string
	value any
}

// MarshalJSON implements json.Marshaler.
func (m members) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, one := range m {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := marshalPlain(one.name)
		if err != nil {
			return nil, err
		}
		value, err := marshalPlain(one.value)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// marshalPlain is json.Marshal without HTML escapes, since people read these documents.
func marshalPlain(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}
