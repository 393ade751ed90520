// Package difyplugin packs the catalogue as a Dify plugin: a .difypkg, a ZIP of YAML declarations and of Python files that forward
// each call to the service.
//
// Compared with an OpenAPI document that Dify imports, the plugin supports several secret credentials, selects, outputs for later
// nodes, and error texts for every HTTP status.
package difyplugin

import (
	"archive/zip"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/rowgate/rowgate/openapi"
	"github.com/rowgate/rowgate/tool"
)

// Options of a package.
type Options struct {
	PublicURL string    // default of the service's address
	Version   string    // of the module; DefaultVersion if it is not a version
	CreatedAt time.Time // time in the manifest and of every file, so that equal input gives equal bytes
	// Service is every tool of the service, among them those that check credentials; nil for those that are packed.
	Service tool.Catalogue
}

// DefaultVersion is the plugin's version if the module has none.
const DefaultVersion = "0.0.1"

// The tools that the plugin calls to check credentials. Both need no other parameters, except that list_tables needs a base.
const (
	checkBase   = "list_tables"
	checkCaller = "diagnose_connection"
)

// files are copied or, if their name ends in .tmpl, rendered; tool.* are rendered once for each tool.
//
//go:embed files
var files embed.FS

// static maps paths in the package to files, for those that are not rendered per tool.
func static() map[string]string {
	return map[string]string{
		"main.py":             "main.py",
		"rowgate_client.py":   "rowgate_client.py",
		"requirements.txt":    "requirements.txt",
		"README.md":           "README.md",
		"PRIVACY.md":          "PRIVACY.md",
		"_assets/icon.svg":    "icon.svg",
		"provider/rowgate.py": "provider.py.tmpl", "provider/rowgate.yaml": "provider.yaml.tmpl", "manifest.yaml": "manifest.yaml.tmpl",
	}
}

// declared is the input of the templates of the whole package.
type declared struct {
	Options

	Tools                 []declaredTool
	CheckBase, CheckOther string // paths
}

// declaredTool is the input of the templates of a tool.
type declaredTool struct {
	Name, Class, Path string
	Title             map[string]string
	Human, Model      string
	Params            []declaredParam
	Output            json.RawMessage
}

type declaredParam struct {
	openapi.Param

	Kind    string // Dify's type of the parameter
	Form    string // llm: filled in by a model; form: by the person who adds the tool
	Options []string
}

// Write writes the plugin package to w.
func Write(w io.Writer, catalogue tool.Catalogue, o Options) error {
	o.Version, o.CreatedAt = pluginVersion(o.Version), o.CreatedAt.UTC().Truncate(time.Second)
	all := declared{Options: o}
	for _, t := range openapi.Importable(catalogue) {
		one, err := declare(t)
		if err != nil {
			return err
		}
		all.Tools = append(all.Tools, one)
	}
	service := o.Service
	if service == nil {
		service = catalogue
	}
	for name, path := range map[string]*string{checkBase: &all.CheckBase, checkCaller: &all.CheckOther} {
		t, ok := service.Find(name)
		if !ok {
			return fmt.Errorf("the service has no %s to check credentials with", name)
		}
		*path = t.Path
	}
	contents := map[string][]byte{}
	for name, source := range static() {
		text, err := render(source, all)
		if err != nil {
			return err
		}
		contents[name] = text
	}
	for _, one := range all.Tools {
		for _, ending := range []string{".yaml", ".py"} {
			text, err := render("tool"+ending+".tmpl", one)
			if err != nil {
				return err
			}
			contents["tools/"+one.Name+ending] = text
		}
	}
	return pack(w, contents, o.CreatedAt)
}

func declare(t tool.Tool) (declaredTool, error) {
	human, _, _ := strings.Cut(t.Description, " Example: ")
	output, err := openapi.AnswerSchema(t)
	if err != nil {
		return declaredTool{}, err
	}
	one := declaredTool{
		Name: t.Name, Class: className(t.Name), Path: t.Path, Title: map[string]string{"en_US": t.Title.EN, "zh_Hans": t.Title.ZH},
		Human: human, Model: t.Description, Output: output,
	}
	for _, param := range openapi.Params(t) {
		one.Params = append(one.Params, declareParam(param))
	}
	return one, nil
}

// declareParam chooses Dify's type of a parameter. A boolean is a select of true and false, so that it can be left unset.
func declareParam(param openapi.Param) declaredParam {
	p := declaredParam{Param: param, Kind: "string", Form: "form"}
	if param.Own {
		p.Form = "llm"
	}
	switch {
	case param.Type == "boolean":
		p.Kind, p.Options = "select", []string{"true", "false"}
	case param.Type == "integer":
		p.Kind = "number"
	case len(param.Enum) > 0:
		p.Kind = "select"
		for _, value := range param.Enum {
			p.Options = append(p.Options, fmt.Sprint(value))
		}
	}
	return p
}

// render returns a file of files; if its name ends in .tmpl, it is rendered as a template with [[ ]].
func render(name string, data any) ([]byte, error) {
	text, err := files.ReadFile("files/" + name)
	if err != nil || !strings.HasSuffix(name, ".tmpl") {
		return text, err
	}
	parsed, err := template.New(name).Delims("[[", "]]").Funcs(template.FuncMap{"quote": quote}).Parse(string(text))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, data)
	return out.Bytes(), err
}

// quote returns a value as JSON, which is valid YAML and, for text, valid Python.
func quote(value any) (string, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return strings.TrimSpace(out.String()), err
}

// pack writes the files, sorted by name. The ZIP has no comment, where Dify expects a signature: the package is not signed.
func pack(w io.Writer, contents map[string][]byte, at time.Time) error {
	archive := zip.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		file, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at})
		if err != nil {
			return err
		}
		if _, err := file.Write(contents[name]); err != nil {
			return err
		}
	}
	return archive.Close()
}

var numbers = regexp.MustCompile(`^v?([0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4})`)

// pluginVersion reduces a module's version to three numbers, as Dify requires.
func pluginVersion(module string) string {
	if match := numbers.FindStringSubmatch(module); match != nil && match[1] != "0.0.0" {
		return match[1]
	}
	return DefaultVersion
}

// className turns write_records into WriteRecords.
func className(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
