package httpd

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/problem"
)

// pathErrors is where the codes are explained; the type of every problem document lies below it.
const pathErrors = "/errors"

// explainAll answers GET /errors.
func explainAll(w http.ResponseWriter, r *http.Request) {
	writePage(w, r, problem.ExplainAll())
}

// explain answers GET /errors/{code}.
func explain(renderer Renderer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page, ok := problem.Explain(chi.URLParam(r, "code"))
		if !ok {
			renderer.Write(w, r, problem.New(problem.NotFound, problem.Text{
				ZH: "没有这个错误代码；全部代码见 /errors。",
				EN: "There is no such error code; /errors lists them all.",
			}))
			return
		}
		writePage(w, r, page)
	}
}

// writePage writes HTML, or JSON for a caller that accepts only JSON.
func writePage(w http.ResponseWriter, r *http.Request, page problem.Page) {
	var body bytes.Buffer
	header := w.Header()
	header.Add("Vary", "Accept")
	header.Set("Cache-Control", "public, max-age=3600")
	if wantsJSON(r.Header.Get("Accept")) {
		header.Set("Content-Type", "application/json")
		encoder := json.NewEncoder(&body)
		encoder.SetEscapeHTML(false)
		_ = encoder.Encode(page) // only strings and numbers, which always encode
	} else {
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Content-Security-Policy",
			"default-src 'none'; frame-ancestors 'none'; style-src "+problem.PageStyleSource())
		_ = page.WriteHTML(&body) // a test renders every page
	}
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	_, _ = w.Write(body.Bytes()) // the reader has left; there is nobody to report to
}

func wantsJSON(accept string) bool {
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html")
}
