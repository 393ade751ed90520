package record_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/outbox/sqlite"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
	"github.com/rowgate/rowgate/tool"
	"github.com/rowgate/rowgate/tool/record"
)

// setupWriting is setupReading with an outbox, and a table of its own.
func setupWriting(t *testing.T) *stock {
	t.Helper()
	r := setupReading(t)
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := secret.NewKeyring(bytes.Repeat([]byte{7}, secret.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	lanes, err := outbox.New(outbox.Options{Store: store, Writer: r.client, Reader: r.client, Keyring: ring, Digest: r.client.Digest})
	if err != nil {
		t.Fatal(err)
	}
	if err := lanes.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = lanes.Stop(context.Background())
		_ = store.Close()
	})
	r.service.Outbox = lanes
	r.service.Files = func(context.Context) []bitable.File { return nil }
	return r.stock(
		t,
		sandbox.BaseSpec{},
		sandbox.FieldSpec{Name: "标题", Type: 1},
		sandbox.FieldSpec{Name: "数量", Type: 2},
		sandbox.FieldSpec{Name: "日期", Type: 5},
	)
}

// rows are n rows as the option records.
func rows(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"标题":"行 %d"}`, i)
	}
	return `"records":[` + strings.Join(list, ",") + `]`
}

func (s *stock) rowsNow() int {
	s.t.Helper()
	rows, err := s.box.Rows(s.base.Token(), s.tableID)
	if err != nil {
		s.t.Fatal(err)
	}
	return len(rows)
}

func TestReceipt(t *testing.T) {
	t.Parallel()

	t.Run("says_why_rows_failed_that_no_row_error_explains", func(t *testing.T) {
		t.Parallel()
		s := setupWriting(t)
		if _, err := s.box.AddFault(sandbox.Fault{
			Endpoint: "record.batch_create", Action: sandbox.ActionError, Code: 1254103,
			Skip: 1,
		}); err != nil {
			t.Fatal(err)
		}
		got, err := call[record.Receipt](s, record.Write(s.service), rows(1500))
		if err != nil {
			t.Fatal(err)
		}
		if got.OK || got.Created != 1000 || got.Failed != 500 || !strings.HasPrefix(got.Message, "1500 行：新建 1000，失败 500。") ||
			len(got.Message) < 60 {
			t.Errorf("%d created, %d failed: %s", got.Created, got.Failed, got.Message)
		}
	})

	t.Run("counts_all_errors_where_it_lists_the_first", func(t *testing.T) {
		t.Parallel()
		s := setupWriting(t)
		bad := strings.TrimSuffix(strings.Repeat(`{"数量":"多","日期":"某天"},`, problem.MaxRowErrors), ",")
		_, err := call[record.Receipt](s, record.Write(s.service), `"records":[`+bad+`]`)
		if err == nil || err.Code != problem.InvalidRows || err.RowCount != 2*problem.MaxRowErrors || len(err.Rows) > problem.MaxRowErrors {
			t.Errorf("%v, %d errors", err, err.RowCount)
		}
	})
}

func TestAsync(t *testing.T) {
	t.Parallel()
	s := setupWriting(t)
	body := fmt.Sprintf(`{"passphrase":"open","app_id":%q,"app_secret":"right","app_token":%q,"table_id":%q,`+
		`"fields":{"标题":"甲"},"async":true,"idempotency_key":"run-1"}`, s.app, s.base.Token(), s.tableID)
	write := record.Write(s.service)
	request, err := intake.Parse(write.Spec, intake.Input{Body: []byte(body), ContentType: "application/json"})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for range 3 {
		answer, err := write.Call(t.Context(), request)
		accepted, ok := answer.Body.(*tool.Accepted)
		if err != nil || !ok || answer.Status != tool.StatusAccepted {
			t.Fatalf("a request for a job is answered %d %+v, %v", answer.Status, answer.Body, err)
		}
		ids = append(ids, accepted.JobID)
	}
	if ids[0] != ids[1] || ids[0] != ids[2] {
		t.Errorf("repeats are given other jobs: %v", ids)
	}
}

func TestDryRun(t *testing.T) {
	t.Parallel()
	s := setupWriting(t)
	ids := s.add(map[string]any{"标题": "甲"}, map[string]any{"标题": "乙"})
	update := func(options string) (*record.Receipt, *problem.Error) {
		return call[record.Receipt](s, record.Update(s.service), options+`,"dry_run":true`)
	}
	remove := func(options string) (*record.DeleteReceipt, *problem.Error) {
		return call[record.DeleteReceipt](s, record.Delete(s.service), options+`,"dry_run":true`)
	}
	there, absent := fmt.Sprintf(`{"record_id":%q,"标题":"丙"}`, ids[0]), `{"record_id":"recAbsentExample","标题":"丙"}`

	t.Run("of_an_update_tells_which_records_there_are", func(t *testing.T) {
		t.Parallel()
		got, err := update(`"on_error":"skip","records":[` + absent + `,` + there + `]`)
		if err != nil {
			t.Fatal(err)
		}
		if got.Updated != 1 || got.Failed != 1 || got.RecordID != ids[0] || len(got.Errors) != 1 ||
			got.Errors[0].Code != problem.RowRecordNotFound ||
			*got.Errors[0].Index != 0 {
			t.Errorf("%+v", got)
		}
	})

	t.Run("is_refused_where_the_write_would_be", func(t *testing.T) {
		t.Parallel()
		if _, err := update(`"records":[` + there + `,` + absent + `]`); err == nil || err.Code != problem.InvalidRows || len(err.Rows) != 1 ||
			err.Rows[0].Index != 1 {
			t.Errorf("an update: %v", err)
		}
		if _, err := update(`"records":[` + absent + `]`); err == nil || err.Code != problem.RecordNotFound {
			t.Errorf("an update of nothing: %v", err)
		}
		if _, err := remove(fmt.Sprintf(`"record_ids":[%q,"recAbsentExample"]`, ids[0])); err == nil || err.Code != problem.InvalidRows {
			t.Errorf("a delete: %v", err)
		}
		if _, err := remove(`"record_ids":["no id at all"]`); err == nil || err.Code != problem.RecordNotFound {
			t.Errorf("a delete of what is no record_id: %v", err)
		}
	})

	t.Run("of_a_delete_deletes_nothing", func(t *testing.T) {
		t.Parallel()
		got, err := remove(fmt.Sprintf(`"on_error":"skip","record_ids":[%q,"recAbsentExample",%q]`, ids[1], ids[0]))
		if err != nil {
			t.Fatal(err)
		}
		if got.Deleted != 2 || got.Failed != 1 || !got.DryRun || got.RecordIDs[1] != "" || s.rowsNow() != 2 {
			t.Errorf("%+v, %d rows", got, s.rowsNow())
		}
	})
}

func TestDelete(t *testing.T) {
	t.Parallel()
	s := setupWriting(t)
	ids := s.add(map[string]any{"标题": "甲"}, map[string]any{"标题": "乙"})
	remove := func(options string) (*record.DeleteReceipt, *problem.Error) {
		return call[record.DeleteReceipt](s, record.Delete(s.service), options)
	}
	if _, err := remove(fmt.Sprintf(`"record_ids":[%q,"recAbsentExample"]`, ids[0])); err == nil || err.Code != problem.InvalidRows ||
		s.rowsNow() != 2 {
		t.Errorf("with an id that is not there: %v, %d rows", err, s.rowsNow())
	}
	got, err := remove(fmt.Sprintf(`"on_error":"skip","idempotency_key":"run-1","record_ids":["recAbsentExample",%q]`, ids[0]))
	if err != nil || got.Deleted != 1 || got.Failed != 1 || got.RecordIDs[1] != ids[0] || got.RecordID != ids[0] || s.rowsNow() != 1 {
		t.Fatalf("skipping it: %+v, %v", got, err)
	}
	if _, err := remove(fmt.Sprintf(`"on_error":"skip","idempotency_key":"run-1","record_ids":["recAbsentExample",%[1]q,%[1]q]`,
		ids[0])); err == nil ||
		err.Code != problem.IdempotencyConflict {
		t.Errorf("the key with an id more: %v", err)
	}
}

func TestBadValues(t *testing.T) {
	t.Parallel()
	s := setupWriting(t)
	const given = `"records":[{"标题":"a","数量":"暂无","日期":"1.2万"},{"标题":"b","数量":"60分钟"}]`
	if _, err := call[record.Receipt](s, record.Write(s.service), given); err == nil || s.rowsNow() != 0 {
		t.Fatalf("by default: error %v, %d rows", err, s.rowsNow())
	}
	got, err := call[record.Receipt](s, record.Write(s.service), given+`,"bad_values":"skip"`)
	if err != nil {
		t.Fatal(err)
	}
	skipped := map[string]int{}
	for _, w := range got.Warnings {
		if w.Rule == bitable.RuleBadValueSkipped {
			skipped[w.Field] = w.Count
			if w.Message == "" || w.Got == "" {
				t.Errorf("warning %+v", w)
			}
		}
	}
	if !got.OK || got.Created != 2 || s.rowsNow() != 2 || skipped["数量"] != 1 || skipped["日期"] != 1 {
		t.Errorf("receipt %+v", got)
	}
}
