package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// difyFile is what Dify reads of a workflow file.
type difyFile struct {
	App struct {
		Mode, Name, Description string
	}
	Kind     string
	Version  any
	Workflow struct {
		EnvironmentVariables []difyEnvironment `json:"environment_variables"`
		Graph                struct {
			Edges []struct {
				ID, Source, SourceHandle, Target, TargetHandle, Type string
			}
			Nodes []struct {
				ID   string
				Type string
				Data difyNode
			}
		}
	}
}

type difyEnvironment struct {
	ID, Name, Value string
	ValueType       string `json:"value_type"`
	Selector        []string
}

type difyNode struct {
	Type, Title   string
	Variables     []difyInput
	Method, URL   string
	Headers       string
	Params        string
	Authorization struct{ Type string }
	Body          struct {
		Type string
		Data []struct{ ID, Key, Type, Value string }
	}
	Outputs []struct {
		Variable      string
		ValueSelector []string `json:"value_selector"`
		ValueType     string   `json:"value_type"`
	}
}

type difyInput struct {
	Variable, Label, Type string
	Required              bool
	MaxLength             int `json:"max_length"`
	Options               []string
}

// readYAML reads YAML into a value with JSON tags. It uses the YAML reader of kin-openapi: the text is wrapped as an extension of a
// document.
func readYAML(t *testing.T, text string, into any) {
	t.Helper()
	indented := "  " + strings.ReplaceAll(text, "\n", "\n  ")
	document, err := openapi3.NewLoader().LoadFromData([]byte("openapi: 3.0.3\ninfo: {title: a, version: b}\npaths: {}\nx-file:\n" + indented))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	data, err := json.Marshal(document.Extensions["x-file"])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
}

var (
	// difyReference is a variable in a template: {{#node.name#}}; what is spelled otherwise stays as it is, in the request too.
	difyReference = regexp.MustCompile(`\{\{#([a-zA-Z0-9_]{1,50})\.([a-zA-Z_][a-zA-Z0-9_]{0,29})#\}\}`)
	difyVariable  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,29}$`)
)

// faults checks a file against what Dify's importer (app_dsl_service), its node models and its editor demand.
func (f *difyFile) faults() []string {
	var faults []string
	demand := func(ok bool, what string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Sprintf(what, args...))
		}
	}
	demand(f.Kind == "app" && f.App.Mode == "workflow" && f.App.Name != "", "kind, mode or name")
	demand(f.Version == "0.6.0", "version is %v, want the text 0.6.0", f.Version)
	known := map[string]bool{"sys.workflow_run_id": true}
	for _, variable := range f.Workflow.EnvironmentVariables {
		demand(
			len(variable.Selector) == 2 && variable.Selector[0] == "env" && variable.Selector[1] == variable.Name,
			"selector of %s",
			variable.Name,
		)
		demand(variable.ID != "" && difyVariable.MatchString(variable.Name), "id or name of %s", variable.Name)
		demand(variable.ValueType == "secret" || variable.ValueType == "string", "type of %s", variable.Name)
		demand(variable.ValueType != "secret" || variable.Value == "", "the secret %s is in the file", variable.Name)
		known["env."+variable.Name] = true
	}
	ids := map[string]string{}
	for _, node := range f.Workflow.Graph.Nodes {
		demand(node.Type == "custom" && regexp.MustCompile(`^[a-zA-Z0-9_]{1,50}$`).MatchString(node.ID), "node %s", node.ID)
		demand(ids[node.ID] == "", "node %s stands twice", node.ID)
		ids[node.ID] = node.Data.Type
		for _, input := range node.Data.Variables {
			reference := node.ID + "." + input.Variable
			demand(difyVariable.MatchString(input.Variable) && !known[reference], "variable %q: no name, or one that stands twice", input.Variable)
			demand(input.Label != "" && input.MaxLength > 0, "label or length of %s", input.Variable)
			demand(strings.Contains(" text-input paragraph number select ", " "+input.Type+" "), "type %s of %s", input.Type, input.Variable)
			demand((input.Type == "select") == (len(input.Options) > 0), "options of %s", input.Variable)
			known[reference] = true
		}
	}
	for _, edge := range f.Workflow.Graph.Edges {
		demand(ids[edge.Source] != "" && ids[edge.Target] != "", "edge %s leads nowhere", edge.ID)
		demand(edge.SourceHandle == "source" && edge.TargetHandle == "target" && edge.Type == "custom", "handles of %s", edge.ID)
	}
	send := f.node("http-request")
	demand(send.Method == "post" && strings.HasPrefix(send.URL, "http") && !strings.Contains(send.URL, "?"), "method or URL of the request")
	demand(send.Body.Type == "x-www-form-urlencoded" && send.Authorization.Type == "no-auth", "body or authorization of the request")
	keys := map[string]bool{}
	templates := []string{send.Headers, send.Params}
	for _, pair := range send.Body.Data {
		demand(pair.Type == "text" && pair.ID != "" && !keys[pair.Key], "form key %q: no text, or lost beside one of its name", pair.Key)
		demand(!strings.Contains(pair.Key, "{{"), "form key %q is a template", pair.Key)
		keys[pair.Key] = true
		templates = append(templates, pair.Value)
	}
	for _, template := range templates {
		demand(strings.Count(template, "{{") == len(difyReference.FindAllString(template, -1)), "a reference in %q would stay as it is", template)
		for _, reference := range difyReference.FindAllStringSubmatch(template, -1) {
			demand(known[reference[1]+"."+reference[2]], "nothing is called %s", reference[0])
		}
	}
	for _, output := range f.node("end").Outputs {
		demand(len(output.ValueSelector) == 2 && ids[output.ValueSelector[0]] == "http-request", "output %s", output.Variable)
	}
	return faults
}

func (f *difyFile) node(kind string) *difyNode {
	for i := range f.Workflow.Graph.Nodes {
		if f.Workflow.Graph.Nodes[i].Data.Type == kind {
			return &f.Workflow.Graph.Nodes[i].Data
		}
	}
	return &difyNode{}
}

// run sends what the file's HTTP node sends for a run: templates filled in as text, headers split into lines after that, the
// form's values escaped. inputs are by column; one that is not given is empty.
func (f *difyFile) run(t *testing.T, h *harness, id string, environment, inputs map[string]string) reply {
	t.Helper()
	if faults := f.faults(); len(faults) > 0 {
		t.Fatal(strings.Join(faults, "\n"))
	}
	values := map[string]string{"sys.workflow_run_id": id}
	for _, variable := range f.Workflow.EnvironmentVariables {
		values["env."+variable.Name] = variable.Value
		if given, ok := environment[variable.Name]; ok {
			values["env."+variable.Name] = given
		}
	}
	for _, node := range f.Workflow.Graph.Nodes {
		for _, input := range node.Data.Variables {
			values[node.ID+"."+input.Variable] = inputs[input.Label]
		}
	}
	fill := func(template string) string {
		return difyReference.ReplaceAllStringFunc(template, func(reference string) string {
			return values[strings.Trim(reference, "{}#")]
		})
	}
	send := f.node("http-request")
	form := url.Values{}
	for _, pair := range send.Body.Data {
		form.Set(fill(pair.Key), fill(pair.Value))
	}
	header := withKey("")
	header["Authorization"] = ""
	for line := range strings.Lines(fill(send.Headers)) {
		name, value, _ := strings.Cut(line, ":")
		header[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	at, err := url.Parse(send.URL)
	if err != nil {
		t.Fatal(err)
	}
	return h.do(
		request{method: http.MethodPost, path: at.Path, kind: "application/x-www-form-urlencoded", header: header, body: form.Encode()},
	)
}

// generate asks for what is pasted into a caller's editor; known says whether the credentials are sent along.
func (h *harness) generate(path string, query url.Values, known bool) reply {
	h.t.Helper()
	header := withKey("")
	if known {
		header = map[string]string{"X-App-Token": "", "X-Table-Id": ""}
	} else {
		header["Authorization"] = ""
	}
	return h.do(request{method: http.MethodGet, path: path, query: query.Encode(), header: header})
}

// link is the address of the harness's table as a browser shows it.
func (h *harness) link() string {
	return "https://example.feishu.cn/base/" + baseName + "?table=" + h.table + "&view=vewExample1"
}
