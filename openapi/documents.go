package openapi

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/yaml"
	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

const description = "Rowgate writes rows from any workflow, agent or automation to the right Feishu/Lark Bitable table, " +
	"each exactly once. Every operation takes the connection fields in the body or in headers."

// Documents are the published descriptions of the API for one set of families, each with the ETag of its bytes.
type Documents struct {
	JSON, YAML     []byte            // OpenAPI 3.1
	JSON30, YAML30 []byte            // OpenAPI 3.0.3, for importers without support for 3.1
	Pages          Pages             // /docs: the same for every set
	Profiles       map[string][]byte // one for each importer and for programs that generate clients, by name
	Operations     int               // operations of each profile
}

// Pages is the documentation page in each language.
type Pages map[problem.Lang][]byte

// Library is the documents of every set of families.
type Library struct {
	pages    Pages
	sets     *tool.Sets[*Documents]
	renderer Renderer
}

// newLibrary renders the page of all tools. Documents are rendered when they are asked for: a start need not wait for them, and a service
// that nobody asks keeps none in memory.
func newLibrary(api *huma.OpenAPI, catalogue tool.Catalogue, o Options) (*Library, error) {
	pages := make(Pages)
	for _, lang := range []problem.Lang{problem.ZH, problem.EN} {
		page, err := renderPage(api, catalogue, o, lang)
		if err != nil {
			return nil, fmt.Errorf("rendering the documentation page: %w", err)
		}
		pages[lang] = page
	}
	l := &Library{pages: pages, renderer: o.Renderer}
	l.sets = tool.NewSets(catalogue, func(tools tool.Catalogue) (*Documents, error) {
		d, err := render(describeAll(chi.NewRouter(), tools, o), tools, o)
		if err == nil {
			d.Pages = pages
		}
		return d, err
	})
	return l, nil
}

// Documents returns the documents of these families (tool.Catalogue.ParseFamilies), rendered when they are first asked for.
func (l *Library) Documents(families string) (*Documents, error) { return l.sets.Get(families) }

func render(api *huma.OpenAPI, tools tool.Catalogue, o Options) (*Documents, error) {
	d := Documents{Operations: len(Importable(tools))}
	var err error
	if d.JSON, err = indent(json.Marshal(api)); err != nil {
		return nil, fmt.Errorf("rendering OpenAPI 3.1: %w", err)
	}
	if d.YAML, err = api.YAML(); err != nil {
		return nil, fmt.Errorf("rendering OpenAPI 3.1 as YAML: %w", err)
	}
	old, err := downgrade(api)
	if err != nil {
		return nil, fmt.Errorf("rendering OpenAPI 3.0: %w", err)
	}
	if d.JSON30, err = indent(json.Marshal(old)); err != nil {
		return nil, fmt.Errorf("rendering OpenAPI 3.0: %w", err)
	}
	var asYAML bytes.Buffer
	if err := yaml.Convert(&asYAML, bytes.NewReader(d.JSON30)); err != nil {
		return nil, fmt.Errorf("rendering OpenAPI 3.0 as YAML: %w", err)
	}
	d.YAML30 = asYAML.Bytes()
	if d.Profiles, err = renderProfiles(tools, o); err != nil {
		return nil, err
	}
	client, err := clientDocument(old)
	if err != nil {
		return nil, fmt.Errorf("rendering the document for clients: %w", err)
	}
	if d.Profiles[DocumentClient], err = indent(marshalPlain(client)); err != nil {
		return nil, fmt.Errorf("rendering the document for clients: %w", err)
	}
	swagger, err := swaggerDocument(client, o.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("rendering Swagger 2.0: %w", err)
	}
	if d.Profiles[DocumentSwagger], err = indent(marshalPlain(swagger)); err != nil {
		return nil, fmt.Errorf("rendering Swagger 2.0: %w", err)
	}
	return &d, nil
}

func indent(data []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, data, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// FamiliesParam is the query parameter that asks for a set of families.
const FamiliesParam = "families"

// Routes serves the documents and the page. A document is of the families in the query.
func (l *Library) Routes(router chi.Router) {
	serve := func(path, kind string, pick func(*Documents) ([]byte, error)) {
		router.Get(path, func(w http.ResponseWriter, r *http.Request) {
			documents, err := l.Documents(r.URL.Query().Get(FamiliesParam))
			var data []byte
			if err == nil {
				data, err = pick(documents)
			}
			if err != nil {
				l.renderer.Write(w, r, err)
				return
			}
			serveBytes(w, r, kind, data)
		})
	}
	serve("/openapi.json", "application/json", func(d *Documents) ([]byte, error) { return d.JSON, nil })
	serve("/openapi.yaml", "application/yaml", func(d *Documents) ([]byte, error) { return d.YAML, nil })
	serve("/openapi-3.0.json", "application/json", func(d *Documents) ([]byte, error) { return d.JSON30, nil })
	serve("/openapi-3.0.yaml", "application/yaml", func(d *Documents) ([]byte, error) { return d.YAML30, nil })
	for _, p := range profiles() {
		serve("/openapi/"+p.name+".json", "application/json", func(d *Documents) ([]byte, error) { return d.Profile(p.name) })
	}
	for _, name := range []string{DocumentClient, DocumentSwagger} {
		serve("/openapi/"+name+".json", "application/json", func(d *Documents) ([]byte, error) { return d.Profiles[name], nil })
	}
	router.Get("/docs", l.servePage)
}

// servePage serves the page in the language of the query or of Accept-Language, else of the service.
func (l *Library) servePage(w http.ResponseWriter, r *http.Request) {
	lang := cmp.Or(intake.Language(r.URL.Query(), r.Header), request.CallFrom(r.Context()).Lang())
	page := l.pages[lang]
	header := w.Header()
	header.Set("Content-Security-Policy", pagePolicy(page))
	header.Set("Content-Language", string(lang))
	header.Add("Vary", "Accept-Language, X-Language")
	serveBytes(w, r, "text/html; charset=utf-8", page)
}

// FromRequest stands for the address of the service in documents that name the address they were asked for at. It is replaced
// when a document is served.
const FromRequest = "http://address-of-the-request.invalid"

func serveBytes(w http.ResponseWriter, r *http.Request, kind string, data []byte) {
	w.Header().Set("Content-Type", kind)
	if bytes.Contains(data, []byte(FromRequest)) || bytes.Contains(data, []byte(hostFromRequest)) {
		w.Header().Set("Cache-Control", "no-store") // for another host it is another document
		_, _ = addressReplacer(request.CallFrom(r.Context()).PublicURL()).WriteString(w, string(data))
		return
	}
	sum := sha256.Sum256(data)
	etag := `"` + hex.EncodeToString(sum[:16]) + `"`
	w.Header().Set("Etag", etag)
	w.Header().Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = w.Write(data)
}
