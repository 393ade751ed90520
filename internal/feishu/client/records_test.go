package client

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/request"
)

const tableURL = "/open-apis/bitable/v1/apps/bascnExample/tables/tblExample"

func TestCallsAreSentAsDocumented(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		call                      func(context.Context, *Client) (any, error)
		method, path, query, body string
		answer                    string
		want                      any
	}{
		"batch_create_sends_rows_byte_for_byte_and_returns_ids_in_order": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return c.BatchCreate(ctx, tableA, []feishu.Fields{feishu.Fields(`{"标题":"a<b", "n":1.50}`), feishu.Fields(`{}`)},
					feishu.WriteOptions{UserIDType: "open_id", ClientToken: "3d1b9f1e-0000-4000-8000-000000000000", IgnoreConsistencyCheck: true})
			},
			method: "POST", path: tableURL + "/records/batch_create",
			query:  "client_token=3d1b9f1e-0000-4000-8000-000000000000&ignore_consistency_check=true&user_id_type=open_id",
			body:   `{"records":[{"fields":{"标题":"a<b", "n":1.50}},{"fields":{}}]}`,
			answer: `{"code":0,"msg":"success","data":{"records":[{"fields":{"x":1},"id":"rec1","record_id":"rec1"},{"record_id":"rec2"}]}}`,
			want:   []string{"rec1", "rec2"},
		},
		"batch_update_has_no_client_token": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nil, c.BatchUpdate(ctx, tableA, []feishu.RecordUpdate{{ID: "rec1", Fields: feishu.Fields(`{"a":null}`)}},
					feishu.WriteOptions{ClientToken: "x"})
			},
			method: "POST", path: tableURL + "/records/batch_update",
			body: `{"records":[{"record_id":"rec1","fields":{"a":null}}]}`,
		},
		"batch_delete": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return nil, c.BatchDelete(ctx, tableA, []string{"rec1"})
			},
			method: "POST", path: tableURL + "/records/batch_delete", body: `{"records":["rec1"]}`,
		},
		"search_asks_for_the_largest_page": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return c.Search(ctx, tableA, feishu.SearchRequest{
					UserIDType: "user_id", PageToken: "p1", ViewID: "vew1", FieldNames: []string{"a"},
					Filter: json.RawMessage(`{"conjunction":"and","conditions":[]}`), Sort: []feishu.Sort{{FieldName: "a", Desc: true}},
					AutomaticFields: true,
				})
			},
			method: "POST", path: tableURL + "/records/search", query: "page_size=500&page_token=p1&user_id_type=user_id",
			body: `{"view_id":"vew1","field_names":["a"],"filter":{"conjunction":"and","conditions":[]},` +
				`"sort":[{"field_name":"a","desc":true}],"automatic_fields":true}`,
			answer: `{"code":0,"data":{"items":[{"record_id":"rec1","fields":{"a":1}}],"has_more":true,"page_token":"p2","total":9}}`,
			want:   feishu.Page{Items: []feishu.Record{{ID: "rec1", Fields: json.RawMessage(`{"a":1}`)}}, HasMore: true, PageToken: "p2", Total: 9},
		},
		"batch_get_does_not_count_forbidden_records_as_absent": {
			call: func(ctx context.Context, c *Client) (any, error) {
				found, absent, err := c.BatchGet(ctx, tableA, []string{"rec1", "rec2", "rec3"}, "")
				return []any{found, absent}, err
			},
			method: "POST", path: tableURL + "/records/batch_get", body: `{"record_ids":["rec1","rec2","rec3"]}`,
			answer: `{"code":0,"data":{"records":[{"record_id":"rec1","fields":{}}],"absent_record_ids":["rec2"],"forbidden_record_ids":["rec3"]}}`,
			want:   []any{[]feishu.Record{{ID: "rec1", Fields: json.RawMessage(`{}`)}}, []string{"rec2"}},
		},
		"create_field_sends_only_what_a_new_field_is_made_of": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return c.CreateField(ctx, tableA, feishu.Field{
					ID: "fldOld", Name: "状态", Type: feishu.TypeSingleSelect, Primary: true,
					Property: &feishu.FieldProperty{Options: []feishu.Option{{Name: "A"}}},
				}, "")
			},
			method: "POST", path: tableURL + "/fields", body: `{"field_name":"状态","type":3,"property":{"options":[{"name":"A"}]}}`,
			answer: `{"code":0,"data":{"field":{"field_id":"fld1","field_name":"状态","type":3}}}`,
			want:   feishu.Field{ID: "fld1", Name: "状态", Type: feishu.TypeSingleSelect},
		},
		"create_table": {
			call: func(ctx context.Context, c *Client) (any, error) {
				id, fields, err := c.CreateTable(ctx, appA, "bascnExample", "表", []feishu.Field{{Name: "a", Type: feishu.TypeText}})
				return []any{id, fields}, err
			},
			method: "POST", path: "/open-apis/bitable/v1/apps/bascnExample/tables",
			body:   `{"table":{"name":"表","fields":[{"field_name":"a","type":1}]}}`,
			answer: `{"code":0,"data":{"table_id":"tblNew","field_id_list":["fld1"]}}`,
			want:   []any{"tblNew", []string{"fld1"}},
		},
		"get_app": {
			call:   func(ctx context.Context, c *Client) (any, error) { return c.GetApp(ctx, appA, "bascnExample") },
			method: "GET", path: "/open-apis/bitable/v1/apps/bascnExample",
			answer: `{"code":0,"data":{"app":{"app_token":"bascnExample","name":"n","time_zone":"Asia/Shanghai","revision":3}}}`,
			want:   feishu.AppInfo{AppToken: "bascnExample", Name: "n", TimeZone: "Asia/Shanghai", Revision: 3},
		},
		"get_node_escapes_the_token": {
			call:   func(ctx context.Context, c *Client) (any, error) { return c.GetNode(ctx, appA, "wik&x=1") },
			method: "GET", path: "/open-apis/wiki/v2/spaces/get_node", query: "token=wik%26x%3D1",
			answer: `{"code":0,"data":{"node":{"obj_token":"bascnExample","obj_type":"bitable"}}}`,
			want:   feishu.Node{ObjToken: "bascnExample", ObjType: "bitable"},
		},
		"batch_get_id": {
			call: func(ctx context.Context, c *Client) (any, error) {
				return c.BatchGetID(ctx, appA, []string{"a@example.com"}, nil, "open_id")
			},
			method: "POST", path: "/open-apis/contact/v3/users/batch_get_id", query: "user_id_type=open_id", body: `{"emails":["a@example.com"]}`,
			answer: `{"code":0,"data":{"user_list":[{"email":"a@example.com","user_id":"ou_1"}]}}`,
			want:   []feishu.Contact{{Email: "a@example.com", UserID: "ou_1"}},
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, up := setup(t)
			if test.answer != "" {
				up.on(func(sent) answer { return answer{body: test.answer} })
			}
			got, err := test.call(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error("result (-want +got):", diff)
			}
			calls := up.received(false)
			if len(calls) != 1 {
				t.Fatalf("%d calls were sent, want 1", len(calls))
			}
			wire := [6]string{calls[0].method, calls[0].path, calls[0].query, calls[0].body, calls[0].token, calls[0].contentType}
			if diff := cmp.Diff([6]string{test.method, test.path, test.query, test.body, "t-1", jsonType}, wire); diff != "" {
				t.Error("request (-want +got):", diff)
			}
		})
	}
}

func TestListsReadAllPages(t *testing.T) {
	t.Parallel()
	t.Run("until_has_more_is_false_even_with_a_page_token", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(func(s sent) answer {
			if s.query == "page_size=100" {
				return answer{body: `{"code":0,"data":{"items":[{"field_name":"a"}],"has_more":true,"page_token":"p2"}}`}
			}
			return answer{body: `{"code":0,"data":{"items":[{"field_name":"b"}],"has_more":false,"page_token":"p3"}}`}
		})
		fields, err := c.ListFields(t.Context(), tableA)
		if err != nil || len(fields) != 2 || fields[1].Name != "b" {
			t.Fatalf("got %v, %v", fields, err)
		}
	})
	t.Run("and_gives_up_on_a_list_that_never_ends", func(t *testing.T) {
		t.Parallel()
		bubble(t, func(t *testing.T, c *Client, up *upstream) {
			up.on(func(sent) answer {
				return answer{body: `{"code":0,"data":{"items":[{"table_id":"tbl1"}],"has_more":true,"page_token":"p"}}`}
			})
			_, err := c.ListTables(t.Context(), appA, "bascnExample")
			if e := asFeishu(t, err); e.Class != feishu.ClassCapacity || len(up.received(false)) != maxListPages {
				t.Fatalf("got %v after %d calls", e, len(up.received(false)))
			}
		})
	})
}

func TestBatchCreate(t *testing.T) {
	t.Parallel()
	t.Run("does_not_trust_an_answer_with_another_number_of_records", func(t *testing.T) {
		t.Parallel()
		c, up := setup(t)
		up.on(func(sent) answer { return answer{body: `{"code":0,"data":{"records":[{"record_id":"rec1"}]}}`} })
		_, err := c.BatchCreate(t.Context(), tableA, []feishu.Fields{feishu.Fields(`{}`), feishu.Fields(`{}`)}, feishu.WriteOptions{})
		if e := asFeishu(t, err); !e.OutcomeUnknown() {
			t.Fatalf("got %v, want an unknown outcome", e)
		}
	})
	t.Run("counts_its_upstream_calls_and_keeps_the_log_id", func(t *testing.T) {
		t.Parallel()
		c, _ := setup(t)
		call := &request.Call{}
		if err := write(request.WithCall(t.Context(), call), c, tableA); err != nil {
			t.Fatal(err)
		}
		if got := call.UpstreamCalls(); got != 2 { // the token and the write
			t.Fatalf("counted %d calls, want 2", got)
		}
	})
}

func TestPathParameters(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "..", "a/b", "a?b", "a#b", "a%2fb", "表", string(make([]byte, feishu.MaxPathValue+1))} {
		c, up := setup(t)
		_, err := c.GetApp(t.Context(), appA, bad)
		if e := asFeishu(t, err); e.Class != feishu.ClassAccess || len(up.received(false)) != 0 {
			t.Errorf("%q: got %v after %d calls, want a refusal without a call", bad, e, len(up.received(false)))
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"POST /bitable/v1/apps/x/tables/y/records":              "record_create",
		"POST /bitable/v1/apps/x/tables/y/records/batch_create": "record_batch_create",
		"POST /bitable/v1/apps/x/tables/batch_create":           "table_batch_create",
		"GET /bitable/v1/apps/x/tables/y/records/recZ":          "record_get",
		"GET /bitable/v1/apps/x/tables/y/records/../../z":       "",
		"DELETE /bitable/v1/apps/x":                             "",
		"GET /im/v1/messages":                                   "",
	} {
		method, rest, _ := strings.Cut(path, " ")
		api, _, ok := feishu.Match(method, rest)
		if got := nameOf(api); got != want || ok != (want != "") {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	for api := range feishu.Endpoints() {
		if api.PerSecond == 0 && api.PerMinute == 0 {
			t.Errorf("%s has no rate", api.Name)
		}
	}
}

func nameOf(api *feishu.API) string {
	if api == nil {
		return ""
	}
	return api.Name
}

// BenchmarkBatchCreate is one warm write of 1,000 rows without a network: the client's own time.
func BenchmarkBatchCreate(b *testing.B) {
	c, up := setup(b)
	up.forget = true
	rows := make([]feishu.Fields, feishu.MaxBatchCreate)
	records := make([]map[string]string, len(rows))
	for i := range rows {
		rows[i] = feishu.Fields(`{"标题":"a title of ordinary length","数量":12,"状态":"完成"}`)
		records[i] = map[string]string{"record_id": "recuAbCdEfGhIj"}
	}
	body := string(mustJSON(map[string]any{"code": 0, "data": map[string]any{"records": records}}))
	up.on(func(sent) answer { return answer{body: body} })
	benchmark(b, c, func() error {
		_, err := c.BatchCreate(b.Context(), tableA, rows, feishu.WriteOptions{})
		return err
	})
}

// BenchmarkLoneCall is one warm call of one record without a network.
func BenchmarkLoneCall(b *testing.B) {
	c, up := setup(b)
	up.forget = true
	benchmark(b, c, func() error { return write(b.Context(), c, tableA) })
}

// BenchmarkRefusal is a call while the breaker is open: what a caller waits for when Feishu is down.
func BenchmarkRefusal(b *testing.B) {
	c, up := setup(b)
	up.forget = true
	up.on(func(sent) answer { return refusal(1255001) })
	for range breakerConsecutive {
		_ = write(b.Context(), c, tableA)
	}
	b.ReportAllocs()
	for b.Loop() {
		if asFeishu(b, write(b.Context(), c, tableA)).Class != feishu.ClassOpen {
			b.Fatal("a call was sent")
		}
	}
}

func benchmark(b *testing.B, c *Client, call func() error) {
	b.Helper()
	// The limiter's pace is not what is measured.
	c.limiter(c.session(appA), feishu.APIBatchCreate).windows = nil
	c.limiter(c.session(appA), feishu.APIBatchDelete).windows = nil
	b.ReportAllocs()
	for b.Loop() {
		if err := call(); err != nil {
			b.Fatal(err)
		}
	}
}
