package e2e_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// docs/contract.md §2: "`zh` or `en`: the language of `title`, `detail` and `message`", of every tool and of soft errors.
func TestLanguage(t *testing.T) {
	t.Parallel()
	s := setupSingle(t, options{})
	key := s.key(baseName, s.table)
	for name, tc := range map[string]struct {
		path, body, header string
		status             int
		want               string
	}{
		"a receipt, by the body": {
			path: "/v1/records", body: `{"fields":{"主题":"甲"},"language":"en"}`,
			status: 200, want: `"message":"1 row: 1 created"`,
		},
		"a receipt, by the query": {
			path: "/v1/records?language=en", body: `{"主题":"乙"}`,
			status: 200, want: `"message":"1 row: 1 created"`,
		},
		"a receipt, by the header": {
			path: "/v1/records", body: `{"主题":"丙"}`, header: "en",
			status: 200, want: `"message":"1 row: 1 created"`,
		},
		"Chinese, in spite of a header": {
			path: "/v1/records?language=zh", body: `{"主题":"丁"}`, header: "en",
			status: 200, want: `"message":"1 行：新建 1"`,
		},
		"a refusal of the intake": {
			path: "/v1/records", body: `{"records":[],"language":"en","nonsense":1}`,
			status: 400, want: `"title":"Unknown parameter"`,
		},
		"a body that cannot be read": {
			path: "/v1/records?language=en", body: `{"records":[`,
			status: 400, want: `"title":"The body cannot be read`,
		},
		"a refusal of the schema": {
			path: "/v1/records/search", body: `{"language":"en","limit":0}`,
			status: 400, want: `Invalid parameters`,
		},
		"a refusal of a tool": {
			path: "/v1/records/get", body: `{"language":"en","record_ids":["recX"],"fields":["无"]}`,
			status: 422, want: `fields names the column`,
		},
		"a soft error": {
			path: "/v1/records", body: `{"records":[{"无":1}],"language":"en","soft_errors":true}`,
			status: 200, want: `"detail":"1 of 1 rows`,
		},
		"a column of that name": {
			path: "/v1/records", body: `{"主题":"戊","language":"en"}`,
			status: 422, want: `"field":"language"`,
		},
		"a language of no message": {
			path: "/v1/records/search", body: `{"language":"fr"}`,
			status: 400, want: `"code":"bad_parameter"`,
		},
		"a header of no message": {
			path: "/v1/tables/list", body: `{}`, header: "fr",
			status: 400, want: `"code":"bad_parameter"`,
		},
		"an unknown parameter elsewhere": {
			path: "/v1/tables/list", body: `{"language":"en","x":1}`,
			status: 400, want: `"title":"Unknown parameter"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.app.URL()+tc.path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+key)
			r.Header.Set("Content-Type", "application/json")
			if tc.header != "" {
				r.Header.Set("X-Language", tc.header)
			}
			response, err := s.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body, err := io.ReadAll(response.Body)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != tc.status || !strings.Contains(string(body), tc.want) {
				t.Errorf("got %d %s, want %d and %s", response.StatusCode, body, tc.status, tc.want)
			}
		})
	}
	t.Run("over MCP", func(t *testing.T) {
		t.Parallel()
		c := s.connect(bearer(key))
		answer, failed := c.call("write_records", map[string]any{"records": []any{map[string]any{"主题": "己"}}, "language": "en"})
		if failed || answer["message"] != "1 row: 1 created" {
			t.Errorf("got %v", answer)
		}
		english := s.connect(map[string]string{"Authorization": "Bearer " + key, "X-Language": "en"})
		if answer, _ = english.call("list_tables", map[string]any{"nonsense": 1}); answer["title"] != "Unknown parameter" {
			t.Errorf("by the header: got %v", answer)
		}
	})
}
