package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/yaml"
	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool"
)

const description = "Rowgate writes rows from any workflow, agent or automation to the right Feishu/Lark Bitable table, " +
	"each exactly once. Every operation takes the connection fields in the body or in headers."

// Documents are the published descriptions of the API, rendered once and served as bytes with an ETag.
type Documents struct {
	JSON, YAML     []byte            // OpenAPI 3.1
	JSON30, YAML30 []byte            // OpenAPI 3.0.3, for importers without support for 3.1
	Page           []byte            // /docs
	Profiles       map[string][]byte // one for each importer and for programs that generate clients, by name
}

func render(api *huma.OpenAPI, catalogue tool.Catalogue, o Options) (*Documents, error) {
	var d Documents
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
	if d.Page, err = renderPage(api, catalogue, o); err != nil {
		return nil, fmt.Errorf("rendering the documentation page: %w", err)
	}
	if d.Profiles, err = renderProfiles(catalogue, o); err != nil {
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

// Routes serves the documents and the page.
func (d *Documents) Routes(router chi.Router) {
	for path, document := range map[string]struct {
		kind string
		data []byte
	}{
		"/openapi.json":     {"application/json", d.JSON},
		"/openapi.yaml":     {"application/yaml", d.YAML},
		"/openapi-3.0.json": {"application/json", d.JSON30},
		"/openapi-3.0.yaml": {"application/yaml", d.YAML30},
	} {
		router.Get(path, serveBytes(document.kind, document.data))
	}
	policy, page := pagePolicy(d.Page), serveBytes("text/html; charset=utf-8", d.Page)
	router.Get("/docs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		page(w, r)
	})
	d.routeProfiles(router)
}

// FromRequest stands for the address of the service in documents that name the address they were asked for at. It is replaced
// when a document is served.
const FromRequest = "http://address-of-the-request.invalid"

func serveBytes(kind string, data []byte) http.HandlerFunc {
	if bytes.Contains(data, []byte(FromRequest)) || bytes.Contains(data, []byte(hostFromRequest)) {
		return serveNamed(kind, data)
	}
	sum := sha256.Sum256(data)
	etag := `"` + hex.EncodeToString(sum[:16]) + `"`
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Etag", etag)
		w.Header().Set("Cache-Control", "no-cache")
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(data)
	}
}

// serveNamed serves a document that names the address of the request. No cache may keep it: for another host it is another document.
func serveNamed(kind string, data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-store")
		_, _ = addressReplacer(request.CallFrom(r.Context()).PublicURL()).WriteString(w, string(data))
	}
}
