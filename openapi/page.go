package openapi

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// pageSource is the documentation page in both languages: one file without scripts or external resources.
//
//go:embed page.gohtml
var pageSource string

var pageTemplate = template.Must(template.New("page").Parse(pageSource))

type pageData struct {
	Chinese      bool
	URL, Version string
	Families     []pageFamily
	Codes        []pageCode
}

type pageFamily struct {
	Name  string
	Tools []pageTool
}

type pageTool struct {
	Name, Path, Description string
	Title                   string
	Scopes, Tokens          string
	Own, Shared             []pageParam
	Answer                  []pageParam
	Sample, SampleAnswer    string
}

type pageParam struct{ Name, Type, Doc string }

type pageCode struct {
	Code   problem.Code
	Status int
	Title  string
}

// pagePolicy is the page's Content-Security-Policy: it allows the page's own style and nothing else.
func pagePolicy(page []byte) string {
	_, rest, _ := bytes.Cut(page, []byte("<style>"))
	style, _, _ := bytes.Cut(rest, []byte("</style>"))
	sum := sha256.Sum256(style)
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

func renderPage(api *huma.OpenAPI, catalogue tool.Catalogue, o Options, lang problem.Lang) ([]byte, error) {
	data := pageData{Chinese: lang == problem.ZH, URL: o.PublicURL, Version: o.Version}
	for _, t := range catalogue {
		if i := slices.IndexFunc(data.Families, func(f pageFamily) bool { return f.Name == string(t.Family) }); i < 0 {
			data.Families = append(data.Families, pageFamily{Name: string(t.Family)})
		}
	}
	for i := range data.Families {
		family := &data.Families[i]
		for _, t := range catalogue {
			if string(t.Family) == family.Name {
				family.Tools = append(family.Tools, describeTool(api.Components.Schemas, t, lang, o.PublicURL))
			}
		}
	}
	for _, code := range problem.Codes() {
		entry := problem.Lookup(code)
		data.Codes = append(data.Codes, pageCode{Code: code, Status: entry.Status, Title: entry.Title.In(lang)})
	}
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, data); err != nil {
		return nil, err
	}
	return page.Bytes(), nil
}

func describeTool(registry huma.Registry, t tool.Tool, lang problem.Lang, url string) pageTool {
	page := pageTool{Name: t.Name, Path: t.Path, Title: t.Title.In(lang)}
	shared := map[string]bool{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[tool.Connection]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		shared[name] = true
	}
	for _, param := range properties(registry, t.Input) {
		if shared[param.Name] {
			page.Shared = append(page.Shared, param)
		} else {
			page.Own = append(page.Own, param)
		}
	}
	kinds := make([]string, 0, len(t.TokenKinds))
	for _, kind := range t.TokenKinds {
		kinds = append(kinds, string(kind))
	}
	page.Scopes, page.Tokens = strings.Join(t.Scopes, ", "), strings.Join(kinds, ", ")
	page.Answer = properties(registry, t.Output)
	var example string
	page.Description, example, _ = strings.Cut(t.Description, " Example: ")
	page.Sample, page.SampleAnswer = sampleOf(url, t.Name, t.Path, example), answerOf(t.Name)
	if lang == problem.ZH {
		page.Description = cmp.Or(Meaning(t.Name), page.Description)
		for _, params := range [][]pageParam{page.Own, page.Shared, page.Answer} {
			for i := range params {
				params[i].Doc = cmp.Or(chinese[params[i].Doc], params[i].Doc)
			}
		}
	}
	return page
}

// sharedFields is an offset larger than the number of fields of any tool.
const sharedFields = 1000

// properties lists a type's members, its own first, in the order of its fields.
func properties(registry huma.Registry, of reflect.Type) []pageParam {
	schema := registry.Schema(of, true, "")
	if schema.Ref != "" {
		schema = registry.SchemaFromRef(schema.Ref)
	}
	order := map[string]int{}
	for i, field := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		order[name] = i
		if len(field.Index) > 1 { // fields shared with other tools come last
			order[name] += sharedFields
		}
	}
	names := slices.SortedFunc(maps.Keys(schema.Properties), func(a, b string) int { return order[a] - order[b] })
	params := make([]pageParam, 0, len(names))
	for _, name := range names {
		property := schema.Properties[name]
		kind := property.Type
		if value, null := nullable(property); value.Ref != "" {
			if kind = huma.TypeObject; null {
				kind += " | null"
			}
		}
		if len(property.Enum) > 0 {
			values := make([]string, 0, len(property.Enum))
			for _, value := range property.Enum {
				if text, ok := value.(string); ok {
					values = append(values, text)
				}
			}
			kind = strings.Join(values, " | ")
		}
		params = append(params, pageParam{Name: name, Type: kind, Doc: property.Description})
	}
	return params
}
