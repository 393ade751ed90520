package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
)

func TestProblem(t *testing.T) {
	t.Parallel()
	const seen, unseen = true, false
	for name, test := range map[string]struct {
		answer  answer
		write   bool
		code    problem.Code
		outcome problem.Outcome
	}{
		"a_value_refused_in_a_write_is_invalid_rows":      {refusal(1254064), true, problem.InvalidRows, problem.NotWritten},
		"a_column_unknown_to_a_write_is_invalid_rows":     {refusal(1254045), true, problem.InvalidRows, problem.NotWritten},
		"a_column_unknown_to_a_search_is_field_not_found": {refusal(1254045), false, problem.FieldNotFound, problem.NotWritten},
		"a_filter_value_refused_is_upstream_rejected":     {refusal(1254064), false, problem.UpstreamRejected, problem.NotWritten},
		"91403_is_app_not_collaborator": {
			answer{status: 403, body: `{"code":91403}`},
			true,
			problem.AppNotCollaborator, problem.NotWritten,
		},
		"91402_is_base_not_found": {
			answer{status: 400, body: `{"code":91402}`},
			true, problem.BaseNotFound,
			problem.NotWritten,
		},
		"99991672_is_scope_missing": {
			answer{status: 400, body: `{"code":99991672}`},
			true, problem.ScopeMissing,
			problem.NotWritten,
		},
		"1254302_is_advanced_permission": {
			answer{status: 403, body: `{"code":1254302}`},
			true,
			problem.AdvancedPermission, problem.NotWritten,
		},
		"1254103_is_table_full": {refusal(1254103), true, problem.TableFull, problem.NotWritten},
		"99991403_is_quota_exhausted": {
			answer{status: 429, body: `{"code":99991403}`},
			true, problem.QuotaExhausted,
			problem.NotWritten,
		},
		"99991400_with_a_400_is_rate_limited": {
			answer{status: 400, body: `{"code":99991400}`},
			true, problem.RateLimited,
			problem.NotWritten,
		},
		"1255040_in_a_write_is_of_unknown_outcome": {
			answer{status: 504, body: `{"code":1255040}`},
			true, problem.UnknownOutcome,
			problem.OutcomeUnknown,
		},
		"1255040_in_a_read_is_upstream_unavailable": {
			answer{status: 504, body: `{"code":1255040}`},
			false,
			problem.UpstreamUnavailable, problem.NotWritten,
		},
		"a_gateways_502_in_a_write_is_of_unknown_outcome": {gatewayDown(), true, problem.UnknownOutcome, problem.OutcomeUnknown},
		"a_cut_write_is_of_unknown_outcome": {
			answer{err: errors.New("EOF")},
			true, problem.UnknownOutcome,
			problem.OutcomeUnknown,
		},
		"a_write_that_was_never_sent_is_not_written": {
			answer{err: errors.New("dial"), noConnect: true},
			true,
			problem.UpstreamUnavailable, problem.NotWritten,
		},
		"an_internal_error_feishu_owns_up_to_is_not_written": {refusal(1255001), true, problem.UpstreamUnavailable, problem.NotWritten},
		"an_unlisted_code_is_upstream_rejected": {
			answer{status: 400, body: `{"code":77}`},
			true, problem.UpstreamRejected,
			problem.NotWritten,
		},
		"an_unlisted_code_with_a_504_is_of_unknown_outcome": {
			answer{status: 504, body: `{"code":77}`},
			true, problem.UnknownOutcome,
			problem.OutcomeUnknown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, c *Client, up *upstream) {
				up.on(func(sent) answer { return test.answer })
				call := read
				if test.write {
					call = write
				}
				if p := problem.From(call(t.Context(), c, tableA)); p.Code != test.code || p.Outcome != test.outcome {
					t.Fatalf("got %s, %s, want %s, %s", p.Code, p.Outcome, test.code, test.outcome)
				}
			})
		})
	}
	t.Run("names_the_scopes_and_only_feishus_own_page", func(t *testing.T) {
		t.Parallel()
		for link, want := range map[string]bool{
			"https://open.feishu.cn/app/cli_example/auth?q=bitable:app": seen,
			"https://open.larksuite.com/app/cli_example/auth":           seen,
			"https://feishu.cn.example.com/":                            unseen,
			"http://open.feishu.cn/":                                    unseen,
			"javascript:alert(1)":                                       unseen,
		} {
			c, up := setup(t)
			up.on(func(sent) answer {
				return answer{status: 400, body: `{"code":99991672,"msg":"Access denied.","error":{"log_id":"L1","troubleshooter":"see",
					"permission_violations":[{"type":"action_scope_required","subject":"bitable:app"},{"subject":"base:record:create"}],
					"helps":[{"url":"` + link + `"}]}}`}
			})
			p := problem.From(write(t.Context(), c, tableA))
			if p.Feishu.LogID != "L1" || p.Feishu.Troubleshooter != "see" {
				t.Errorf("what Feishu said: %+v", p.Feishu)
			}
			for _, text := range []string{p.Fix.ZH, p.Fix.EN} {
				if !strings.Contains(text, "bitable:app, base:record:create") || strings.Contains(text, link) != want {
					t.Errorf("advice for %s: %s", link, text)
				}
			}
		}
	})
}

func TestNothingSecretIsPrinted(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	c, up := setup(t, func(o *Options) {
		o.Logger = slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	up.onAuth(func(sent) answer {
		return answer{body: `{"code":0,"tenant_access_token":"canary-token","expire":7200}`}
	})
	up.on(func(sent) answer {
		return answer{body: `{"code":1254064,"msg":"canary-msg","error":{"message":"` +
			`'fields.canary-column.fieldValue.canary-value.fieldName.canary-column'. Correct format"}}`}
	})
	ctx := request.WithCall(t.Context(), &request.Call{RequestID: "req_example"})
	_, err := c.BatchCreate(ctx, tableA, []feishu.Fields{feishu.Fields(`{"canary-column":"canary-value"}`)}, feishu.WriteOptions{})
	e := asFeishu(t, err)
	if e.FieldName() != "canary-column" || e.RowCode() != problem.RowValueMismatch {
		t.Fatalf("blamed %q, %q", e.FieldName(), e.RowCode())
	}
	said, _ := json.Marshal(problem.From(err))
	for what, text := range map[string]string{"error": err.Error(), "log": logs.String()} {
		if strings.Contains(text, "canary") {
			t.Errorf("the %s holds a canary: %s", what, text)
		}
	}
	for _, canary := range []string{"canary-secret", "canary-token", "canary-value"} {
		if bytes.Contains(said, []byte(canary)) {
			t.Errorf("the problem holds %s", canary)
		}
	}
	for _, needed := range []string{`"log_id":"log-1"`, `"api":"record_batch_create"`, `"request_id":"req_example"`} {
		if !strings.Contains(logs.String(), needed) {
			t.Errorf("the log lacks %s, which support needs: %s", needed, logs.String())
		}
	}
	want := "feishu record_batch_create: data code 1254064 DatetimeFieldConvFail, http 200, log_id log-1"
	if err.Error() != want {
		t.Errorf("got %q, want %q", err.Error(), want)
	}
}
