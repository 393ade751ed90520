package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// manyRows is a body of n rows.
func manyRows(n int, options string) string {
	var b strings.Builder
	b.WriteString(`{"records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"标题":"行 %d"}`, i)
	}
	b.WriteString(`]` + options + `}`)
	return b.String()
}

// TestChunks: a request larger than Feishu takes at once goes in as few calls as there can be.
func TestChunks(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	got := h.write(manyRows(2500, ""))
	if got.status != http.StatusOK || got.Created != 2500 || len(got.RecordIDs) != 2500 {
		t.Fatalf("answered %d with %d of 2500 rows", got.status, got.Created)
	}
	addsUp(t, got)
	if writes := h.writes(); writes != 3 {
		t.Errorf("%d writes, want 3", writes)
	}
	rows, err := h.sandbox.Rows(baseName, h.table)
	if err != nil || len(rows) != 2500 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows {
		if row.ID != got.RecordIDs[i] || row.Write["标题"] != fmt.Sprintf("行 %d", i) {
			t.Fatalf("row %d is %s %v, want %s in its place", i, row.ID, row.Write, got.RecordIDs[i])
		}
	}
}

func TestSoftErrors(t *testing.T) {
	t.Parallel()
	h := setup(t, options{})
	for name, r := range map[string]request{
		"in_the_body":                          {body: `{"fields":{"题":"甲"},"soft_errors":true}`},
		"in_the_query":                         {query: "soft_errors=true", body: `{"fields":{"题":"甲"}}`},
		"as_text":                              {body: `{"fields":{"题":"甲"},"soft_errors":"True"}`},
		"for_a_body_that_cannot_be_read":       {query: "soft_errors=true", body: `{"fields":`},
		"for_a_body_with_an_unknown_parameter": {query: "soft_errors=true", body: `{"fields":{"标题":"甲"},"nonsense":1}`},
		"for_a_wrong_passphrase": {
			query: "soft_errors=true", header: map[string]string{"Authorization": "Bearer wrong"},
			body: `{"records":[]}`,
		},
		"for_a_parameter_out_of_range": {query: "soft_errors=true", body: `{"fields":{"标题":"甲"},"timeout_ms":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := h.do(r)
			kind := got.header.Get("Content-Type")
			if got.status != http.StatusOK || got.OK == nil || *got.OK || got.Code == "" || got.Status < 400 ||
				!strings.HasPrefix(kind, "application/json") {
				t.Errorf("answered %d %s %s", got.status, kind, got.raw)
			}
		})
	}
}

func TestIdempotency(t *testing.T) {
	t.Parallel()

	for name, again := range map[string]request{
		"in_the_body":   {body: `{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`},
		"in_the_header": {body: `{"fields":{"标题":"甲"}}`, header: map[string]string{"Idempotency-Key": "run-1"}},
		"in_the_query":  {body: `{"fields":{"标题":"甲"}}`, query: "idempotency_key=run-1"},
	} {
		t.Run("the_same_key_"+name+"_gets_the_first_answer_again", func(t *testing.T) {
			t.Parallel()
			h := setup(t, options{})
			first, second := h.do(again), h.do(again)
			if first.status != http.StatusOK || first.IdempotentReplay || second.status != http.StatusOK || !second.IdempotentReplay {
				t.Fatalf("answered %s then %s", first.raw, second.raw)
			}
			addsUp(t, second)
			if !strings.Contains(second.raw, `"message":"重复请求，沿用上次的结果：1 行：新建 1"`) || strings.Contains(first.raw, "重复请求") {
				t.Errorf("the messages are those of %s and %s", first.raw, second.raw)
			}
			if first.RecordID == "" || first.RecordID != second.RecordID || len(h.rows()) != 1 || h.writes() != 1 {
				t.Errorf("%s then %s; %d rows", first.RecordID, second.RecordID, len(h.rows()))
			}
		})
	}

	t.Run("the_same_key_with_another_body_is_a_conflict", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		h.write(`{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`)
		got := h.write(`{"fields":{"标题":"乙"},"idempotency_key":"run-1"}`)
		if got.status != http.StatusConflict || got.Code != "idempotency_conflict" || got.Retryable || len(h.rows()) != 1 {
			t.Errorf("answered %s", got.raw)
		}
	})

	t.Run("another_credential_has_keys_of_its_own", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		other := h.neighbour("cli_other")
		h.write(`{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`)
		got := h.do(request{header: other, body: `{"fields":{"标题":"乙"},"idempotency_key":"run-1"}`})
		if got.status != http.StatusOK || got.IdempotentReplay || got.Created != 1 {
			t.Errorf("answered %s", got.raw)
		}
	})

	t.Run("another_table_and_another_tool_have_keys_of_their_own", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		first := h.write(`{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`)
		for name, r := range map[string]request{
			"another table": {body: `{"table_id":"频道","fields":{"名称":"甲"},"idempotency_key":"run-1"}`, header: map[string]string{"X-Table-Id": ""}},
			"an update": {
				path: "/v1/records/update",
				body: `{"records":[{"record_id":"` + first.RecordID + `","标题":"乙"}],"idempotency_key":"run-1"}`,
			},
		} {
			got, again := h.do(r), h.do(r)
			if got.status != http.StatusOK || got.IdempotentReplay || got.Created+got.Updated != 1 || !again.IdempotentReplay {
				t.Errorf("%s: answered %s then %s", name, got.raw, again.raw)
			}
		}
		// an upsert is write_records as well
		if got := h.write(`{"fields":{"标题":"甲"},"key_fields":"标题","idempotency_key":"run-1"}`); got.Code != "idempotency_conflict" {
			t.Errorf("an upsert with the key of a create: %s", got.raw)
		}
	})

	t.Run("an_option_given_as_its_default_is_the_same_body", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		h.write(`{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`)
		for _, option := range []string{
			`"on_error":"abort"`, `"unknown_fields":"reject"`, `"unknown_options":"create"`, `"typecast":true`, `"empty_values":"skip"`,
			`"bad_values":"reject"`, `"link_by":"id"`, `"link_by":{}`, `"attachments":"replace"`, `"user_id_type":"open_id"`,
		} {
			if got := h.write(`{"fields":{"标题":"甲"},"idempotency_key":"run-1",` + option + `}`); !got.IdempotentReplay {
				t.Errorf("%s: answered %d %s", option, got.status, got.raw)
			}
		}
		if got := h.write(`{"fields":{"标题":"甲"},"idempotency_key":"run-1","bad_values":"skip"}`); got.Code != "idempotency_conflict" {
			t.Errorf("another value: answered %s", got.raw)
		}
	})

	t.Run("the_key_outlives_the_table_that_it_was_used_on", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		first := h.write(`{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`)
		h.stop()
		h.open()
		again := h.write(`{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`)
		if !again.IdempotentReplay || again.RecordID != first.RecordID || len(h.rows()) != 1 {
			t.Errorf("answered %s after a restart", again.raw)
		}
	})

	t.Run("callers_who_come_while_the_first_is_in_flight_share_its_answer", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: 100 * time.Millisecond}}})
		for _, body := range []string{`{"fields":{"标题":"甲"},"idempotency_key":"run-1"}`, `{"fields":{"标题":"乙"}}`} {
			ids := make([]string, 4)
			var callers sync.WaitGroup
			for i := range ids {
				callers.Go(func() { ids[i] = h.write(body).RecordID })
			}
			callers.Wait()
			for _, id := range ids {
				if id == "" || id != ids[0] {
					t.Errorf("%s: the callers got %v", body, ids)
				}
			}
		}
		if n := len(h.rows()); n != 2 {
			t.Errorf("%d rows, want 2", n)
		}
	})

	t.Run("without_a_key_a_repeat_of_what_was_answered_is_a_new_write", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		first, second := h.write(`{"fields":{"标题":"甲"}}`), h.write(`{"fields":{"标题":"甲"}}`)
		if first.RecordID == second.RecordID || second.IdempotentReplay || len(h.rows()) != 2 {
			t.Errorf("answered %s then %s", first.raw, second.raw)
		}
	})
}

func TestJobs(t *testing.T) {
	t.Parallel()

	t.Run("a_write_that_outlasts_the_caller_is_answered_202_and_goes_on", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: 1500 * time.Millisecond}}})
		got := h.write(`{"fields":{"标题":"甲"},"timeout_ms":1000}`)
		if got.status != http.StatusAccepted || got.JobID == "" || got.OK == nil || !*got.OK {
			t.Fatalf("answered %d %s", got.status, got.raw)
		}
		job := h.await(got.JobID)
		if job.State != "done" || job.Result == nil || job.Result.Created != 1 || job.Result.RecordID == "" || len(h.rows()) != 1 {
			t.Errorf("the job ended as %s", job.raw)
		}
	})

	t.Run("async_answers_202_at_once", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{sandbox: sandbox.Options{Write: sandbox.Latency{PerCall: 200 * time.Millisecond}}})
		got := h.write(`{"fields":{"标题":"甲"},"async":true}`)
		if got.status != http.StatusAccepted || len(h.rows()) != 0 {
			t.Fatalf("answered %d %s", got.status, got.raw)
		}
		if job := h.await(got.JobID); job.State != "done" || job.Result.Created != 1 {
			t.Errorf("the job ended as %s", job.raw)
		}
	})

	t.Run("a_repeat_of_a_job_that_has_ended_says_so", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		const body = `{"fields":{"标题":"甲"},"async":true,"idempotency_key":"a"}`
		first := h.write(body)
		h.await(first.JobID)
		again := h.write(body)
		if again.status != http.StatusAccepted || again.JobID != first.JobID || again.State != "done" ||
			again.Message != "这个任务已经结束。请用 get_job 查询结果。" {
			t.Errorf("answered %d %s", again.status, again.raw)
		}
	})

	t.Run("a_job_that_ends_with_nothing_written_has_failed_and_says_why", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		h.fault(sandbox.Fault{Endpoint: "record.batch_create", Action: sandbox.ActionError, Code: 1254103})
		got := h.write(`{"fields":{"标题":"甲"},"async":true}`)
		job := h.await(got.JobID)
		if job.State != "failed" || job.Problem == nil || job.Problem.Code != "table_full" || job.Problem.Fix["en"] == "" || job.Result != nil {
			t.Errorf("the job ended as %s", job.raw)
		}
	})

	t.Run("a_job_is_told_to_the_credential_that_made_it_alone", func(t *testing.T) {
		t.Parallel()
		h := setup(t, options{})
		other := h.neighbour("cli_other")
		made := h.write(`{"fields":{"标题":"甲"},"async":true}`)
		h.await(made.JobID)
		body := `{"job_id":"` + made.JobID + `"}`
		for _, got := range []reply{
			h.do(request{path: "/v1/jobs/get", header: other, body: body}),
			h.do(request{path: "/v1/jobs/get", body: `{"job_id":"job_nobody"}`}),
		} {
			if got.status != http.StatusNotFound || got.Code != "job_not_found" {
				t.Errorf("answered %s", got.raw)
			}
		}
	})
}

// neighbour adds another tenant's app, with a base of its own, and returns its headers.
func (h *harness) neighbour(id string) map[string]string {
	h.t.Helper()
	if err := h.sandbox.AddApp(sandbox.AppSpec{ID: id, Secret: "neighbour" + id, Tenant: id}); err != nil {
		h.t.Fatal(err)
	}
	base, err := h.sandbox.AddBase(sandbox.BaseSpec{Token: "bascnNeighbour", Collaborators: []string{id}})
	if err != nil {
		h.t.Fatal(err)
	}
	other, err := base.AddTable(table, sandbox.FieldSpec{Name: "标题", Type: 1})
	if err != nil {
		h.t.Fatal(err)
	}
	return map[string]string{"X-App-Id": id, "X-App-Secret": "neighbour" + id, "X-App-Token": "bascnNeighbour", "X-Table-Id": other}
}
