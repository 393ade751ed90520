package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestAttachmentsAppend holds docs/contract.md §3, attachments, as a caller uses it.
func TestAttachmentsAppend(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	var err error
	if h.table, err = h.base.AddTable("资料", sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "附件", Type: 17}); err != nil {
		t.Fatal(err)
	}
	a, b, c := h.upload(baseName, "a"), h.upload(baseName, "b"), h.upload(baseName, "c")
	holds := func(step string, files ...string) {
		t.Helper()
		want := make([]map[string]string, len(files))
		for i, file := range files {
			want[i] = map[string]string{"file_token": file}
		}
		if have := asJSON(t, h.rows()[0]["附件"]); have != asJSON(t, want) {
			t.Errorf("%s: the cell holds %s, want %s", step, have, asJSON(t, want))
		}
	}
	made := h.write(fmt.Sprintf(`{"fields":{"标题":"甲","附件":%q},"attachments":"append"}`, a))
	if made.Created != 1 {
		t.Fatal(made.raw)
	}
	holds("a new row", a)
	update := func(options, value string) reply {
		t.Helper()
		body := fmt.Sprintf(`{"records":[{"record_id":%q,"fields":{"附件":%s}}]%s}`, made.RecordID, value, options)
		return h.do(request{path: "/v1/records/update", body: body})
	}
	const appending = `,"attachments":"append"`
	if got := update(appending, fmt.Sprintf(`[%q,%q]`, b, a)); got.Updated != 1 {
		t.Fatal(got.raw)
	}
	holds("an update", a, b)
	h.fault(sandbox.Fault{Endpoint: "record.batch_update", Action: sandbox.ActionCut, When: sandbox.AfterCommit, Count: 1})
	if got := update(appending+`,"idempotency_key":"run-1"`, fmt.Sprintf(`%q`, c)); got.Updated != 1 {
		t.Fatal(got.raw)
	}
	holds("an update whose answer is lost", a, b, c)
	if got := update(appending+`,"idempotency_key":"run-1"`, fmt.Sprintf(`%q`, c)); !got.IdempotentReplay {
		t.Error(got.raw)
	}
	holds("its repeat", a, b, c)
	if got := update(`,"idempotency_key":"run-1"`, fmt.Sprintf(`%q`, c)); got.Code != "idempotency_conflict" {
		t.Error(got.raw)
	}
	upsert := h.write(fmt.Sprintf(`{"fields":{"标题":"甲","附件":[%q]},"key_fields":"标题"%s}`, b, appending))
	if upsert.Unchanged != 1 {
		t.Error(upsert.raw)
	}
	if got := update("", fmt.Sprintf(`%q`, b)); got.Updated != 1 {
		t.Fatal(got.raw)
	}
	holds("the default", b)
	upsert = h.do(request{query: "attachments=append", body: fmt.Sprintf(`{"records":[{"标题":"甲","附件":[%q]}],"key_fields":"标题"}`, c)})
	if upsert.Updated != 1 {
		t.Fatal(upsert.raw)
	}
	holds("an upsert", b, c)
	if got := update(appending, `"data:text/plain,d"`); got.Updated != 1 || h.filesIn(0) != 3 {
		t.Errorf("a file by its content: %s, %v", got.raw, h.rows())
	}
	if got := update(appending, "null"); got.Updated != 1 || h.rows()[0]["附件"] != nil {
		t.Errorf("null: %s", got.raw)
	}
	if got := update(`,"attachments":"add"`, "null"); got.status != http.StatusBadRequest || !strings.Contains(got.raw, "append") {
		t.Errorf("another word: %s", got.raw)
	}
}

// TestAttachmentsBeyondACell: more files than a cell holds are refused with what to do, and the cell stays as it is.
func TestAttachmentsBeyondACell(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	var err error
	if h.table, err = h.base.AddTable("资料", sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "附件", Type: 17}); err != nil {
		t.Fatal(err)
	}
	a, b := h.upload(baseName, "a"), h.upload(baseName, "b")
	if made := h.write(fmt.Sprintf(`{"fields":{"标题":"甲","附件":%q}}`, a)); made.Created != 1 {
		t.Fatal(made.raw)
	}
	h.fault(sandbox.Fault{Endpoint: "record.batch_update", Action: sandbox.ActionError, Code: 1254106}) // as if the cell held 100 already
	got := h.write(fmt.Sprintf(`{"fields":{"标题":"甲","附件":%q},"key_fields":"标题","attachments":"append"}`, b))
	if got.Code != "invalid_rows" || len(got.Errors) != 1 || got.Errors[0].Code != "too_large" || got.Errors[0].Field != "附件" {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if n := h.filesIn(0); n != 1 {
		t.Errorf("%d files", n)
	}
}

// filesIn counts the files that 附件 of a row holds.
func (h *harness) filesIn(row int) int {
	h.t.Helper()
	files, ok := h.rows()[row]["附件"].([]any)
	if !ok {
		h.t.Fatalf("no list of files: %v", h.rows()[row])
	}
	return len(files)
}
