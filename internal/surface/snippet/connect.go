// Package snippet writes what a person pastes into a caller's own editor to write rows into one table: a Dify workflow file, a
// cURL command (n8n imports it) and the settings of a Feishu automation.
//
// The table comes in the query, its columns too or, with credentials in the headers, from the table itself. No secret ever
// stands in what is written: there is a place for each where the caller's tool keeps secrets.
package snippet

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// Paths of the generators.
const (
	PathDifyWorkflow     = "/connect/dify-workflow.yml"
	PathCurl             = "/connect/curl"
	PathFeishuAutomation = "/connect/feishu-automation"
)

// pathWrite is where rows are written to.
const pathWrite = "/v1/records"

// ProblemWriter answers a request with an error. httpd.Renderer is one.
type ProblemWriter interface {
	Write(w http.ResponseWriter, r *http.Request, err error)
}

// Options of the generators.
type Options struct {
	PublicURL string    // as callers reach the service, no trailing slash
	Describe  tool.Tool // describe_table
	Problems  ProblemWriter
}

// Routes serves the generators. Their answers to a request that cannot be read, or whose credentials are refused, are problems.
func Routes(router chi.Router, o Options) {
	for path, generate := range map[string]struct {
		kind  string
		write func(*table) ([]byte, error)
	}{
		PathDifyWorkflow:     {"application/yaml; charset=utf-8", difyWorkflow},
		PathCurl:             {"text/plain; charset=utf-8", curl},
		PathFeishuAutomation: {"application/json", feishuAutomation},
	} {
		router.Get(path, func(w http.ResponseWriter, r *http.Request) {
			t, err := o.read(r)
			if err != nil {
				o.Problems.Write(w, r, err)
				return
			}
			text, err := generate.write(t)
			if err != nil {
				o.Problems.Write(w, r, err)
				return
			}
			w.Header().Set("Content-Type", generate.kind)
			_, _ = w.Write(text) // a reader who has left cannot be told
		})
	}
}

// place is one key and its value, in a header, a form or a query.
type place struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// parameters are the body's keys that say where the rows go, as far as the request named it.
func (t *table) parameters() []place {
	var out []place
	for _, one := range []place{
		{"app_token", t.AppToken},
		{"table_id", t.TableID},
		{"brand", t.Brand},
		{"user_id_type", t.UserIDType},
		{"key_fields", strings.Join(t.KeyFields, ",")},
	} {
		if one.Value != "" {
			out = append(out, one)
		}
	}
	return out
}

// formKey is a column's key in a form.
func formKey(column string) string { return "fields." + column }

func badParameter(zh, en string) error {
	return problem.New(problem.BadParameter, problem.Text{ZH: zh, EN: en})
}
