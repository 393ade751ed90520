// Package openapi is how the tools are described and served over HTTP: Huma operations, the documents rendered from them
// and the documentation page.
package openapi

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

// Renderer says an error in the contract's words, for one request. *httpd.Renderer is one.
type Renderer interface {
	// Document classifies err and renders it in the request's language, soft where the caller asked for errors as 200.
	Document(ctx context.Context, err error) problem.Document
}

// Options says what the documents call the service.
type Options struct {
	PublicURL string // servers[0].url, no trailing slash
	Version   string
	Renderer  Renderer
}

// securityName is the name of the one security scheme: Authorization: Bearer with a passphrase or a connection key.
const securityName = "bearer"

// rawInput takes the parameters as the intake wrote them, for Huma to validate by the tool's own schema. The rows are not among
// them: they stand in the request's context, and there is nothing about them that Huma would have to check.
type rawInput struct{ RawBody []byte }

type rawOutput struct {
	Status int
	Body   any
}

// Serve registers the catalogue's operations on router and renders the documents. Bodies must have passed the intake.
func Serve(router chi.Router, catalogue tool.Catalogue, o Options) (*Documents, error) {
	replaceHumaErrors()
	config := huma.DefaultConfig("Rowgate", o.Version)
	config.Info.Description = description
	config.Info.License = &huma.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"}
	config.Servers = []*huma.Server{{URL: o.PublicURL}}
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // rendered once, below: Huma's own handlers race on first use
	config.CreateHooks = nil                                             // no $schema property: importers take it for a parameter
	config.Components = &huma.Components{
		Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
		SecuritySchemes: map[string]*huma.SecurityScheme{securityName: {
			Type: "http", Scheme: "bearer", Description: "The call passphrase, or a connection key (rgk_…) that holds passphrase, app_id and app_secret.",
		}},
	}
	config.Security = []map[string][]string{{securityName: {}}}
	api := humachi.New(router, config)
	for _, t := range catalogue {
		register(api, t, o.Renderer)
	}
	return render(api.OpenAPI(), catalogue, o)
}

func register(api huma.API, t tool.Tool, renderer Renderer) {
	registry := api.OpenAPI().Components.Schemas
	operation := huma.Operation{
		OperationID: t.Name, Method: http.MethodPost, Path: t.Path, Tags: []string{t.Family}, Summary: t.Title.EN,
		Description:  t.Description,
		MaxBodyBytes: intake.MaxLength, // canonical JSON: escapes may grow a body that was within its limit
		RequestBody:  requestBody(registry, t),
		Responses:    responses(registry, t),
		Extensions:   map[string]any{"x-title-zh": t.Title.ZH, "x-risk": string(t.Risk)},
	}
	huma.Register(api, operation, func(ctx context.Context, _ *rawInput) (*rawOutput, error) {
		request.CallFrom(ctx).SetTool(t.Name)
		answer, err := t.Call(ctx, intake.ResultFrom(ctx))
		if err != nil {
			return nil, newAnswer(ctx, renderer, err)
		}
		return &rawOutput{Status: answer.Status, Body: answer.Body}, nil
	})
	// Huma describes RawBody as octets; what callers send is the tool's own schema and, where it says so, forms and text.
	delete(operation.RequestBody.Content, "application/octet-stream")
	describeForms(operation.RequestBody, t)
	operation.RequestBody.Required = t.Spec.RowsRequired
}

func requestBody(registry huma.Registry, t tool.Tool) *huma.RequestBody {
	schema := registry.Schema(t.Input, true, requestName(t.Name))
	return &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
}

func responses(registry huma.Registry, t tool.Tool) map[string]*huma.Response {
	ok := registry.Schema(t.Output, true, requestName(t.Name)+"Answer")
	failure := registry.Schema(reflect.TypeFor[problem.Document](), true, "Problem")
	out := map[string]*huma.Response{
		"200": {Description: "OK", Content: map[string]*huma.MediaType{"application/json": {Schema: ok}}},
		"default": {
			Description: "Any other problem",
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: failure}},
		},
	}
	if t.Async {
		accepted := registry.Schema(reflect.TypeFor[tool.Accepted](), true, "Accepted")
		out["202"] = &huma.Response{
			Description: "Accepted; get_job has the receipt",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: accepted}},
		}
	}
	for status, codes := range codesByStatus(t) {
		out[strconv.Itoa(status)] = &huma.Response{
			Description: strings.Join(codes, ", "),
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: failure}},
		}
	}
	return out
}

// everyTool is what any tool can answer: who is calling, the body, and Feishu's own state.
var everyTool = []problem.Code{
	problem.BadBody, problem.UnknownParameter, problem.BadParameter, problem.SecretInQuery, problem.BadLink, problem.MissingConnection,
	problem.UnrenderedTemplate,
	problem.BadPassphrase, problem.BadAppCredentials, problem.BadConnectionKey,
	problem.AppNotCollaborator, problem.ScopeMissing, problem.AdvancedPermission, problem.IPNotAllowed,
	problem.BaseNotFound, problem.TableNotFound, problem.BodyTooLarge, problem.QuotaExhausted, problem.UpstreamRejected,
	problem.RateLimited, problem.TooManyFailures, problem.UpstreamUnavailable, problem.Overloaded, problem.Draining,
}

func codesByStatus(t tool.Tool) map[int][]string {
	out := map[int][]string{}
	for _, code := range slices.Concat(everyTool, t.Errors) {
		status := problem.Lookup(code).Status
		if !slices.Contains(out[status], string(code)) {
			out[status] = append(out[status], string(code))
		}
	}
	return out
}

// schemaName names a type in the documents. Tools name their inputs alike, each in a package of its own, so theirs carry it.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if _, room, ok := strings.Cut(t.PkgPath(), "/tool/"); ok {
		return strings.ToUpper(room[:1]) + room[1:] + name
	}
	return name
}

// requestName turns write_records into WriteRecords.
func requestName(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "_") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

var replaceOnce sync.Once

// replaceHumaErrors makes Huma's own refusals problems of the contract. Huma keeps the function in a package variable, so it
// is set once for the process; what it needs of a request stands in the request's context.
func replaceHumaErrors() {
	replaceOnce.Do(func() {
		huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
			if ctx == nil { // Huma asks once for the shape of its errors
				return &answer{}
			}
			request := ctx.Context()
			return newAnswer(request, rendererFrom(request), humaProblem(status, msg, errs))
		}
		huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
			return &answer{doc: problem.Document{Status: status}}
		}
	})
}
