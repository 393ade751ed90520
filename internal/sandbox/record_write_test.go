package sandbox

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox/record"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	t.Run("answers_in_order_with_both_ids_and_the_echo", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		r := b.create(map[string]any{"标题": "a"}, map[string]any{"标题": "b"})
		r.wantOK(t)
		ids := r.ids()
		want := fmt.Sprintf(
			`{"records":[{"fields":{"标题":"a"},"id":"%[1]s","record_id":"%[1]s"},{"fields":{"标题":"b"},"id":"%[2]s","record_id":"%[2]s"}]}`,
			ids[0],
			ids[1],
		)
		if string(r.Data) != want || r.Msg != "success" {
			t.Errorf("got %s", r.raw)
		}
		if rows := b.rows(); len(rows) != 2 || rows[0].ID != ids[0] || rows[1].Write["标题"] != "b" {
			t.Errorf("rows %v", rows)
		}
	})
	for name, tc := range map[string]struct {
		path, body   string
		status, code int
	}{
		"no_JSON":                 {"/batch_create", `{"records":`, 200, 1254000},
		"two_JSON_values":         {"/batch_create", `{"records":[{"fields":{}}]}{}`, 200, 1254000},
		"records_of_wrong_shape":  {"/batch_create", `{"records":{"fields":{}}}`, 200, 1254001},
		"fields_of_wrong_shape":   {"/batch_create", `{"records":[{"fields":"a"}]}`, 200, 1254001},
		"no_records":              {"/batch_create", `{}`, 400, 99992402},
		"a_record_without_fields": {"/batch_create", `{"records":[{"标题":"a"}]}`, 400, 99992402},
		"no_fields":               {"", `{"标题":"a"}`, 400, 99992402},
		"a_client_token_no_uuid4": {"?client_token=abc", `{"fields":{}}`, 400, 1254037},
		"a_client_token_of_uuid1": {"?client_token=1b4e28ba-2fa1-11d2-883f-0016d3cca427", `{"fields":{}}`, 400, 1254037},
		"a_consistency_flag_text": {"?ignore_consistency_check=maybe", `{"fields":{}}`, 400, 99992402},
		"more_than_1000_rows": {"/batch_create", `{"records":[{"fields":{}}` + strings.Repeat(`,{"fields":{}}`, record.MaxCreate) +
			`]}`, 200, 1254104},
	} {
		t.Run("refuses_"+name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{})
			b.do("POST", recordsPath+tc.path, tc.body).want(t, tc.status, tc.code)
			if n := len(b.rows()); n != 0 {
				t.Errorf("%d rows written", n)
			}
		})
	}
	t.Run("takes_1000_rows", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.create(make([]map[string]any, 0)...).want(t, 400, 99992402)
		r := b.do("POST", recordsPath+"/batch_create", `{"records":[{"fields":{}}`+strings.Repeat(`,{"fields":{}}`, record.MaxCreate-1)+`]}`)
		r.wantOK(t)
		if n := b.sb.RowCount(testBase, testTable); n != record.MaxCreate {
			t.Errorf("%d rows", n)
		}
	})
	t.Run("stops_at_the_record_limit_with_nothing_written", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{RecordLimit: 2})
		b.create(map[string]any{}).wantOK(t)
		b.create(map[string]any{}, map[string]any{}).want(t, 200, 1254103)
		b.create(map[string]any{}).wantOK(t)
	})
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	columns := []FieldSpec{{Name: "标题", Type: 1}, {Name: "数量", Type: 2}}
	t.Run("changes_only_the_columns_that_are_named_and_null_clears", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, columns...)
		id := b.create(map[string]any{"标题": "a", "数量": 1}).ids()[0]
		r := b.do("PUT", recordsPath+"/"+id, `{"fields":{"数量":2}}`)
		r.wantOK(t)
		cell(t, "echo", r.Data, "标题", "")
		cell(t, "echo", r.Data, "数量", "2")
		if row := b.rows()[0]; row.Write["标题"] != "a" || row.Write["数量"] != 2.0 {
			t.Errorf("row %v", row)
		}
		b.do("PUT", recordsPath+"/"+id, `{"fields":{"数量":null}}`).wantOK(t)
		if _, there := b.rows()[0].Write["数量"]; there {
			t.Error("null did not clear")
		}
	})
	t.Run("in_batch_is_all_or_nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, columns...)
		id := b.create(map[string]any{"标题": "a"}).ids()[0]
		b.do("POST", recordsPath+"/batch_update", `{"records":[{"record_id":"`+id+
			`","fields":{"标题":"b"}},{"record_id":"recUnknown1","fields":{}}]}`).
			want(t, 200, 1254043)
		b.do("POST", recordsPath+"/batch_update", `{"records":[{"record_id":"`+id+`","fields":{"标题":"b"}},{"fields":{}}]}`).want(t, 200, 1254006)
		if b.rows()[0].Write["标题"] != "a" {
			t.Error("a row changed")
		}
		r := b.do(
			"POST",
			recordsPath+"/batch_update",
			`{"records":[{"record_id":"`+id+`","fields":{"标题":"b"}},{"record_id":"`+id+`","fields":{"数量":3}}]}`,
		)
		r.wantOK(t)
		if row := b.rows()[0]; row.Write["标题"] != "b" || row.Write["数量"] != 3.0 {
			t.Errorf("row %v", row)
		}
	})
	t.Run("takes_1000_rows_and_no_more", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{}, columns...)
		id := b.create(map[string]any{}).ids()[0]
		one := `{"record_id":"` + id + `","fields":{}}`
		b.do("POST", recordsPath+"/batch_update", `{"records":[`+one+strings.Repeat(","+one, record.MaxUpdate-1)+`]}`).wantOK(t)
		b.do("POST", recordsPath+"/batch_update", `{"records":[`+one+strings.Repeat(","+one, record.MaxUpdate)+`]}`).want(t, 200, 1254104)
	})
	t.Run("that_is_repeated_at_once_fails_under_the_option", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{RepeatWindow: time.Second}, columns...)
			id := b.create(map[string]any{}).ids()[0]
			put := func(body string) reply { return b.do("PUT", recordsPath+"/"+id, body) }
			put(`{"fields":{"数量":2}}`).wantOK(t)
			put(`{"fields":{"数量":2}}`).want(t, 403, 1254608)
			put(`{"fields":{"数量":3}}`).wantOK(t)
			put(`{"fields":{"数量":2}}`).wantOK(t) // another base version
			<-time.After(time.Second)
			put(`{"fields":{"数量":2}}`).wantOK(t)
		})
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	t.Run("answers_deleted_and_the_row_is_gone", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		ids := b.create(map[string]any{}, map[string]any{}, map[string]any{}).ids()
		r := b.do("DELETE", recordsPath+"/"+ids[1], nil)
		r.wantOK(t)
		if string(r.Data) != `{"deleted":true,"record_id":"`+ids[1]+`"}` {
			t.Errorf("got %s", r.Data)
		}
		b.do("DELETE", recordsPath+"/"+ids[1], nil).want(t, 200, 1254043)
		r = b.do("POST", recordsPath+"/batch_delete", map[string]any{"records": []string{ids[0], ids[2]}})
		if string(r.Data) != `{"records":[{"deleted":true,"record_id":"`+ids[0]+`"},{"deleted":true,"record_id":"`+ids[2]+`"}]}` ||
			len(b.rows()) != 0 {
			t.Errorf("got %s", r.raw)
		}
	})
	t.Run("in_batch_is_all_or_nothing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		id := b.create(map[string]any{}).ids()[0]
		b.do("POST", recordsPath+"/batch_delete", map[string]any{"records": []string{id, "recUnknown1"}}).want(t, 200, 1254043)
		b.do("POST", recordsPath+"/batch_delete", map[string]any{"records": []string{}}).want(t, 400, 99992402)
		if len(b.rows()) != 1 {
			t.Error("a row was deleted")
		}
	})
	t.Run("takes_500_rows_and_no_more", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		ids, err := b.base.AddRows(testTable, make([]map[string]any, record.MaxDelete+1)...)
		b.must(err)
		b.do("POST", recordsPath+"/batch_delete", map[string]any{"records": ids}).want(t, 200, 1254104)
		b.do("POST", recordsPath+"/batch_delete", map[string]any{"records": ids[1:]}).wantOK(t)
		if rows := b.rows(); len(rows) != 1 || rows[0].ID != ids[0] {
			t.Errorf("rows %v", rows)
		}
	})
}

const (
	uuidA = "fe599b60-450f-46ff-b2ef-9f6675625b97"
	uuidB = "fe599b60-450f-46ff-b2ef-9f6675625b98"
)

func TestClientToken(t *testing.T) {
	t.Parallel()
	post := func(b *bundle, token, value string) reply {
		return b.do("POST", recordsPath+"/batch_create?client_token="+token, recordsOf(map[string]any{"标题": value}))
	}
	for _, want := range []struct {
		mode         ClientTokenMode
		status, code int
	}{
		{ClientTokenReplay, 200, 0}, {ClientTokenConflict, 400, 1255006}, {ClientTokenRepeat, 403, 1254608},
	} {
		mode := want.mode
		t.Run("that_was_used_answers_as_"+string(mode)+"_says_and_writes_nothing", func(t *testing.T) {
			t.Parallel()
			b := setup(t, Options{ClientToken: mode})
			first := post(b, uuidA, "a")
			first.wantOK(t)
			again := post(b, uuidA, "a")
			again.want(t, want.status, want.code)
			if mode == ClientTokenReplay && string(again.Data) != string(first.Data) {
				t.Errorf("got %s, first %s", again.Data, first.Data)
			}
			post(b, uuidB, "a").wantOK(t)
			if n := len(b.rows()); n != 2 {
				t.Errorf("%d rows", n)
			}
			if journal := b.sb.Journal(); journal[2].Committed || !journal[1].Committed || journal[2].ClientToken != uuidA {
				t.Errorf("journal %+v", journal)
			}
		})
	}
	t.Run("with_another_body_is_a_conflict", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		post(b, uuidA, "a").wantOK(t)
		post(b, uuidA, "b").want(t, 400, 1255006)
	})
	t.Run("of_a_failed_call_is_not_used_up", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{})
		b.do("POST", recordsPath+"?client_token="+uuidA, `{"fields":{"标题":1}}`).want(t, 200, 1254060)
		b.do("POST", recordsPath+"?client_token="+uuidA, `{"fields":{"标题":"1"}}`).wantOK(t)
	})
	t.Run("is_forgotten_after_its_time", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{ClientTokenTTL: time.Minute})
			post(b, uuidA, "a").wantOK(t)
			<-time.After(time.Minute)
			post(b, uuidA, "b").wantOK(t)
			if n := len(b.rows()); n != 2 {
				t.Errorf("%d rows", n)
			}
		})
	})
	t.Run("reaches_as_far_as_its_scope", func(t *testing.T) {
		t.Parallel()
		for _, c := range []struct {
			scope Scope
			code  int
		}{{ScopeTable, 0}, {ScopeApp, 1255006}} {
			scope, code := c.scope, c.code
			b := setup(t, Options{ClientTokenScope: scope})
			_, err := b.base.AddTableSpec(TableSpec{ID: "tblOther1", Name: "other"})
			b.must(err)
			post(b, uuidA, "a").wantOK(t)
			r := b.do("POST", strings.Replace(recordsPath, testTable, "tblOther1", 1)+"?client_token="+uuidA, `{"fields":{}}`)
			if r.Code != code {
				t.Errorf("scope %s: %s", scope, r.raw)
			}
		}
	})
}

func TestConflict(t *testing.T) {
	t.Parallel()
	// race writes to two tables at once, twice each, and returns how many of the four were written.
	race := func(t *testing.T, options Options, query string) (b *bundle, written int) {
		options.Write.PerCall = time.Second
		b = setup(t, options)
		_, err := b.base.AddTableSpec(TableSpec{ID: "tblOther1", Name: "other"})
		b.must(err)
		var wg sync.WaitGroup
		for _, table := range []string{testTable, testTable, "tblOther1", "tblOther1"} {
			wg.Go(func() {
				r := b.do("POST", strings.Replace(recordsPath, testTable, table, 1)+query, `{"fields":{}}`)
				if r.Code != 0 {
					r.want(t, 200, 1254291)
				}
			})
		}
		wg.Wait()
		return b, b.sb.RowCount(testBase, testTable) + b.sb.RowCount(testBase, "tblOther1")
	}
	for name, tc := range map[string]struct {
		options Options
		query   string
		want    int
		took    time.Duration
	}{
		"meets_writes_to_the_same_table":     {Options{}, "", 2, time.Second},
		"meets_writes_to_the_same_base":      {Options{ConflictScope: ScopeBase}, "", 1, time.Second},
		"is_off":                             {Options{ConflictScope: ScopeNone}, "", 4, time.Second},
		"waits_in_a_queue":                   {Options{ConflictQueue: true}, "", 4, 2 * time.Second},
		"waits_in_a_queue_with_a_window":     {Options{ConflictQueue: true, ConflictWindow: time.Second}, "", 4, 3 * time.Second},
		"is_not_lifted_by_the_flag_normally": {Options{}, "?ignore_consistency_check=true", 2, time.Second},
		"is_lifted_by_the_flag_under_option": {Options{IgnoreConsistencyLifts: true}, "?ignore_consistency_check=true", 4, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				if _, written := race(t, tc.options, tc.query); written != tc.want || time.Since(began) != tc.took {
					t.Errorf("%d written in %s, want %d in %s", written, time.Since(began), tc.want, tc.took)
				}
			})
		})
	}
	t.Run("lasts_for_the_window_after_a_write", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{ConflictWindow: 500 * time.Millisecond})
			b.create(map[string]any{}).wantOK(t)
			b.create(map[string]any{}).want(t, 200, 1254291)
			<-time.After(500 * time.Millisecond)
			b.create(map[string]any{}).wantOK(t)
		})
	})
	t.Run("does_not_meet_reads", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{Write: Latency{PerCall: time.Second}})
			var wg sync.WaitGroup
			wg.Go(func() { b.create(map[string]any{}).wantOK(t) })
			synctest.Wait()
			b.do("POST", recordsPath+"/search", nil).wantOK(t)
			wg.Wait()
		})
	})
}

func TestLatency(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		method, path string
		body         any
		want         time.Duration
	}{
		"of_a_write_counts_its_rows": {
			"POST", recordsPath + "/batch_create", recordsOf(map[string]any{}, map[string]any{}),
			302 * time.Millisecond,
		},
		"of_a_read_is_its_own": {"POST", recordsPath + "/search?page_size=10", nil, 60 * time.Millisecond},
		"of_the_token_endpoint_as_well": {"POST", "/auth/v3/tenant_access_token/internal", map[string]string{
			"app_id":     testApp,
			"app_secret": testSecret,
		}, 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				b := setup(t, Options{
					Write: Latency{
						PerCall: 300 * time.Millisecond,
						PerRow:  time.Millisecond,
					}, Read: Latency{PerCall: 50 * time.Millisecond, PerRow: time.Millisecond},
					Auth: Latency{PerCall: 20 * time.Millisecond},
				})
				began := time.Now()
				b.do(tc.method, tc.path, tc.body).wantOK(t)
				if took := time.Since(began); took != tc.want {
					t.Errorf("took %s, want %s", took, tc.want)
				}
			})
		})
	}
	t.Run("over_the_gateway_timeout_is_a_504_and_the_write_lands", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			b := setup(t, Options{Write: Latency{PerCall: time.Minute}, GatewayTimeout: 10 * time.Second})
			began := time.Now()
			b.create(map[string]any{}).want(t, 504, 1255040)
			if took := time.Since(began); took != 10*time.Second || len(b.rows()) != 1 {
				t.Errorf("took %s, %d rows", took, len(b.rows()))
			}
		})
	})
	t.Run("ends_when_the_sandbox_closes", func(t *testing.T) {
		t.Parallel()
		b := setup(t, Options{Write: Latency{PerCall: time.Hour}})
		b.must(b.sb.Close())
		b.create(map[string]any{}).want(t, 500, 2200)
	})
}

func TestDuplexLinks(t *testing.T) {
	t.Parallel()
	b, targets := setupLinks(t, Options{})
	id := b.create(map[string]any{"duplex": targets}).ids()[0]
	back := func() string {
		rows, err := b.sb.Rows(testBase, "tblOther1")
		b.must(err)
		return fmt.Sprint(rows[0].Write["back"], rows[1].Write["back"])
	}
	if want := fmt.Sprintf("[%s] [%s]", id, id); back() != want {
		t.Errorf("got %s, want %s", back(), want)
	}
	b.do("PUT", recordsPath+"/"+id, map[string]any{"fields": map[string]any{"duplex": targets[1:]}}).wantOK(t)
	if want := fmt.Sprintf("<nil> [%s]", id); back() != want {
		t.Errorf("got %s, want %s", back(), want)
	}
	b.must(b.sb.Verify())
	b.do("DELETE", strings.Replace(recordsPath, testTable, "tblOther1", 1)+"/"+targets[1], nil).wantOK(t)
	if _, shown := b.rows()[0].Read["duplex"]; shown {
		t.Error("a link to a deleted record is shown")
	}
}
