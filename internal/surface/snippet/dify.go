package snippet

import (
	"bytes"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template"

	"github.com/google/uuid"

	"github.com/rowgate/rowgate/internal/problem"
)

// Bounds of a workflow file. Source: Dify's variable selectors and its start form.
const (
	maxVariableName  = 30    // characters of a variable's name
	maxParagraph     = 20480 // characters of a paragraph
	maxLine          = 256   // characters of a one-line text
	maxSelectOptions = 50    // a column with more becomes a text field
)

// Ids of the nodes. References to variables contain them, so they may have only letters, digits and underscores.
const (
	nodeStart = "1700000000001"
	nodeWrite = "1700000000002"
	nodeEnd   = "1700000000003"
)

// difySource is the template of the workflow file, in Dify's DSL 0.6.0, the current version. The node repeats a failed call, which
// writes nothing twice.
// Dify's own templates use braces, so ours uses brackets.
//
//go:embed dify-workflow.yml.tmpl
var difySource string

var difyTemplate = template.Must(template.New("dify").Delims("[[", "]]").Funcs(template.FuncMap{"quote": quote}).Parse(difySource))

// quote returns value as YAML; every JSON value is also YAML.
func quote(value any) (string, error) {
	text, err := plainJSON(value)
	return string(text), err
}

type difyFile struct {
	Name, Description            string
	StartTitle, SendTitle, Ended string
	Start, Write, End            string // node ids
	URL                          string
	Environment                  []difyVariable
	Inputs                       []difyInput
	Headers                      string
	Form                         []pair
}

type difyVariable struct{ ID, Name, Type, Value, Description string }

// difyInput is one field of the start form.
type difyInput struct {
	Variable, Label, Type string
	Required              bool
	MaxLength             int
	Options               []string
}

// difyWorkflow generates a workflow start → HTTP request → end with one input for each column, sent as a form, where text needs no
// escaping. The idempotency key is the run's id, so a node that repeats the call writes nothing twice.
func difyWorkflow(t *table) ([]byte, error) {
	say := func(zh, en string) string { return problem.Text{ZH: zh, EN: en}.In(t.lang) }
	title := t.name
	if title == "" {
		title = say("多维表格", "Bitable")
	}
	file := difyFile{
		Name: "Rowgate · " + title,
		Description: say("把一行写入多维表格，重试不会重复写入。导入后请在“环境变量”里填写密钥。",
			"Writes one row to a Bitable table; retries do not create duplicates. "+
				"After importing, fill in the secrets under Environment Variables."),
		StartTitle: say("开始", "Start"), SendTitle: say("写入多维表格", "Write to Bitable"), Ended: say("结束", "End"),
		Start: nodeStart, Write: nodeWrite, End: nodeEnd, URL: t.url,
		Environment: t.environment(say), Form: t.parameters(),
	}
	headers := []string{"Idempotency-Key:{{#sys.workflow_run_id#}}"}
	switch t.Auth {
	case authKey:
		headers = append(headers, "Authorization:Bearer {{#env.connection_key#}}")
	case authPersonal:
		headers = append(headers, "Authorization:Bearer {{#env.passphrase#}}", "X-Personal-Base-Token:{{#env.personal_base_token#}}")
	default:
		headers = append(headers, "Authorization:Bearer {{#env.passphrase#}}", "X-App-Id:{{#env.app_id#}}", "X-App-Secret:{{#env.app_secret#}}")
	}
	file.Headers = strings.Join(headers, "\n")
	for _, c := range t.columns {
		if err := checkText(c.name); err != nil { // columns from the query have been checked already
			return nil, err
		}
		input := inputOf(c, file.Inputs)
		file.Inputs = append(file.Inputs, input)
		file.Form = append(file.Form, pair{formKey(c.name), fmt.Sprintf("{{#%s.%s#}}", nodeStart, input.Variable)})
	}
	var out bytes.Buffer
	err := difyTemplate.Execute(&out, file)
	return out.Bytes(), err
}

// environment returns the variables that users fill in after the import. Dify encrypts secret ones and leaves them out of exports.
func (t *table) environment(say func(zh, en string) string) []difyVariable {
	variables := []difyVariable{{Name: "passphrase", Type: "secret", Description: say("Rowgate 的调用口令", "Rowgate call passphrase")}}
	switch t.Auth {
	case authKey:
		variables = []difyVariable{{Name: "connection_key", Type: "secret", Description: say("连接密钥 rgk_…", "Connection key, rgk_…")}}
	case authPersonal:
		variables = append(variables, difyVariable{
			Name: "personal_base_token", Type: "secret", Description: say("多维表格的授权码", "The base's PersonalBaseToken (授权码)"),
		})
	default:
		variables = append(variables,
			difyVariable{Name: "app_id", Type: "string", Value: t.AppID, Description: say("飞书应用的 App ID", "Feishu App ID")},
			difyVariable{Name: "app_secret", Type: "secret", Description: say("飞书应用的 App Secret", "Feishu App Secret")})
	}
	for i := range variables {
		variables[i].ID = uuid.NewSHA1(uuid.NameSpaceURL, []byte(t.url+"#"+variables[i].Name)).String()
	}
	return variables
}

// inputOf chooses the field of the start form for a column. It chooses a select only where Dify's validation cannot refuse a value
// that the table accepts.
func inputOf(c column, others []difyInput) difyInput {
	input := difyInput{
		Variable: variableName(c.name, others), Label: c.name, Type: "paragraph", Required: c.primary,
		MaxLength: maxParagraph, Options: []string{},
	}
	switch c.kind {
	case "number", "currency", "progress", "rating":
		input.Type, input.MaxLength = "number", maxLine
	case "single_select":
		if len(c.options) > 0 && len(c.options) <= maxSelectOptions {
			input.Type, input.MaxLength, input.Options = "select", maxLine, c.options
		}
	case "checkbox":
		input.Type, input.MaxLength, input.Options = "select", maxLine, []string{"是", "否"}
	case "date", "phone", "barcode", "email", "location":
		input.Type, input.MaxLength = "text-input", maxLine
	}
	return input
}

var notVariable = regexp.MustCompile(`[^a-z0-9]+`)

// variableName derives a unique variable name from the column's name if that is ASCII, otherwise from its number.
func variableName(column string, others []difyInput) string {
	name := strings.Trim(notVariable.ReplaceAllString(strings.ToLower(column), "_"), "_")
	isOther := func(name string) bool {
		return slices.ContainsFunc(others, func(other difyInput) bool { return other.Variable == name })
	}
	if name == "" || name[0] >= '0' && name[0] <= '9' || len(name) > maxVariableName || isOther(name) || !isASCII(column) {
		for n := len(others) + 1; ; n++ {
			if name = fmt.Sprintf("column_%d", n); !isOther(name) {
				break
			}
		}
	}
	return name
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > '~' })
}
