// Package openapi describes the tools and serves them over HTTP: Huma operations, the documents rendered from them and the
// documentation page.
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

// Renderer turns an error into the contract's problem document. *httpd.Renderer implements it.
type Renderer interface {
	// Document classifies err and renders it in the request's language, with status 200 if the caller asked for soft errors.
	Document(ctx context.Context, err error) problem.Document
	// Write answers a request with the problem that err is.
	Write(w http.ResponseWriter, r *http.Request, err error)
}

// Options of Serve and of the documents.
type Options struct {
	PublicURL string // servers[0].url, no trailing slash; FromRequest: that of each request
	Version   string
	Renderer  Renderer
}

// securityName is the name of the one security scheme: Authorization: Bearer with a passphrase or a connection key.
const securityName = "bearer"

// componentRefs begins the references of the OpenAPI documents.
const componentRefs = "#/components/schemas/"

// rawInput takes the parameters as the intake wrote them, for Huma to validate against the tool's schema. The rows are not part
// of it: they are in the request's context, and Huma has nothing to check about them.
type rawInput struct{ RawBody []byte }

type rawOutput struct {
	Status int
	Body   any
}

// Serve registers the catalogue's operations on router and renders the documents. Requests must have passed the intake middleware.
func Serve(router chi.Router, catalogue tool.Catalogue, o Options) (*Library, error) {
	return newLibrary(describeAll(router, catalogue, o), catalogue, o)
}

// describeAll registers the operations and returns their description.
func describeAll(router chi.Router, catalogue tool.Catalogue, o Options) *huma.OpenAPI {
	replaceHumaErrors()
	config := huma.DefaultConfig("Rowgate", o.Version)
	config.Info.Description = description
	config.Info.License = &huma.License{Name: "Apache-2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"}
	config.Servers = []*huma.Server{{URL: o.PublicURL}}
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", "" // rendered once, below: Huma's handlers race on first use
	config.CreateHooks = nil                                             // without a $schema property, which importers take for a parameter
	config.Components = &huma.Components{
		Schemas: huma.NewMapRegistry(componentRefs, schemaName),
		SecuritySchemes: map[string]*huma.SecurityScheme{securityName: {
			Type: "http", Scheme: "bearer",
			Description: "The call passphrase, or a connection key (rgk_…), which contains passphrase, app_id and app_secret " +
				"(or personal_base_token).",
		}},
	}
	config.Security = []map[string][]string{{securityName: {}}}
	for _, family := range catalogue.Families() {
		config.Tags = append(config.Tags, &huma.Tag{Name: string(family)})
	}
	api := humachi.New(router, config)
	for _, t := range catalogue {
		register(api, t, o.Renderer)
	}
	describeNulls(config.Components.Schemas, componentRefs)
	return api.OpenAPI()
}

func register(api huma.API, t tool.Tool, renderer Renderer) {
	registry := api.OpenAPI().Components.Schemas
	operation := huma.Operation{
		OperationID: t.Name, Method: http.MethodPost, Path: t.Path, Tags: []string{string(t.Family)}, Summary: t.Title.EN,
		Description:  t.Description,
		MaxBodyBytes: intake.MaxLength, // canonical JSON: escapes can make it longer than the body
		RequestBody:  requestBody(registry, t),
		Responses:    responses(registry, t),
		Extensions: map[string]any{
			"x-title-zh": t.Title.ZH, "x-risk": string(t.Risk),
			"x-feishu-scopes": atLeastEmpty(t.Scopes), "x-feishu-token-kinds": atLeastEmpty(t.TokenKinds),
		},
	}
	huma.Register(api, operation, func(ctx context.Context, _ *rawInput) (*rawOutput, error) {
		request.CallFrom(ctx).SetTool(t.Name)
		answer, err := t.Call(ctx, intake.ResultFrom(ctx))
		if err != nil {
			return nil, newAnswer(ctx, renderer, err)
		}
		return &rawOutput{Status: answer.Status, Body: answer.Body}, nil
	})
	// Huma describes RawBody as octets; callers send the tool's schema and, for some tools, forms and text.
	delete(operation.RequestBody.Content, "application/octet-stream")
	describeForms(operation.RequestBody, t)
	operation.RequestBody.Required = t.Spec.RowsRequired
}

// atLeastEmpty is the list, [] where it would be null.
func atLeastEmpty[T any](list []T) []T { return append([]T{}, list...) }

func requestBody(registry huma.Registry, t tool.Tool) *huma.RequestBody {
	schema := registry.Schema(t.Input, true, requestName(t.Name))
	return &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
}

func responses(registry huma.Registry, t tool.Tool) map[string]*huma.Response {
	ok := registry.Schema(t.Output, true, requestName(t.Name)+"Answer")
	failure := registry.Schema(reflect.TypeFor[problem.Document](), true, "Problem")
	out := map[string]*huma.Response{
		"200": {
			Description: "OK; with soft_errors also a problem, with ok: false",
			Content:     map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{AnyOf: []*huma.Schema{ok, failure}}}},
		},
		"default": {
			Description: "Any other problem",
			Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: failure}},
		},
	}
	if t.Async {
		accepted := registry.Schema(reflect.TypeFor[tool.Accepted](), true, acceptedName)
		out["202"] = &huma.Response{
			Description: "Accepted; get_job returns the receipt",
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

// everyTool lists the problems that any tool can answer: those of the credentials, the body and Feishu.
var everyTool = []problem.Code{
	problem.BadBody, problem.UnknownParameter, problem.BadParameter, problem.SecretInQuery, problem.BadLink, problem.MissingConnection,
	problem.UnrenderedTemplate,
	problem.BadPassphrase, problem.BadAppCredentials, problem.BadConnectionKey, problem.KeyScope,
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

// schemaName names a type in the documents. Packages of tools use the same type names, so the package is part of the name.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if _, family, ok := strings.Cut(t.PkgPath(), "/tool/"); ok {
		return strings.ToUpper(family[:1]) + family[1:] + name
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

// replaceHumaErrors makes Huma's own errors problems of the contract. Huma keeps the function in a package variable, so it is
// set once for the process; the renderer comes from the request's context.
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
