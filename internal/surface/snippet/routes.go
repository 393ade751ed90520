// Package snippet generates ready-made callers that write rows to one table: a Dify workflow file, a cURL command (which n8n
// imports), programs in PowerShell, Python and Go, and the settings of a Feishu automation.
//
// The query names the table. It also lists the columns; with credentials in the headers they are read from the table instead. The
// output contains no secrets, only placeholders or variables for them.
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

// pathWrite is the path of write_records.
const pathWrite = "/v1/records"

// ProblemWriter answers a request with an error. httpd.Renderer implements it.
type ProblemWriter interface {
	Write(w http.ResponseWriter, r *http.Request, err error)
}

// Options of the generators.
type Options struct {
	PublicURL string    // the service's address for callers where the request notes none, without a trailing slash
	Describe  tool.Tool // describe_table
	Problems  ProblemWriter
}

// Routes serves the generators. Errors are answered as problems.
func Routes(router chi.Router, o Options) {
	router.Get(PathList, list)
	router.Get(PathList+"/", list)
	router.Get(PathList+"/*", func(w http.ResponseWriter, r *http.Request) { o.Problems.Write(w, r, unknown()) })
	for path, generate := range map[string]struct {
		kind  string
		write func(*table) ([]byte, error)
	}{
		PathDifyWorkflow:     {"application/yaml; charset=utf-8", difyWorkflow},
		PathCurl:             {"text/plain; charset=utf-8", curl},
		PathPowerShell:       {"text/plain; charset=utf-8", powerShell},
		PathPython:           {"text/plain; charset=utf-8", python},
		PathGo:               {"text/plain; charset=utf-8", golang},
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
			_, _ = w.Write(text) // an error here means that the caller has disconnected
		})
	}
}

// pair is a key and its value in a header, a form or a query.
type pair struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// parameters returns the body's parameters that say where the rows go; those that the request did not give are left out.
func (t *table) parameters() []pair {
	var out []pair
	for _, one := range []pair{
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
