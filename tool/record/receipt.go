package record

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/outbox"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
)

// Receipt says what became of each row. created+updated+unchanged+failed+unknown is total, always, and the set of top-level
// names is the same in every answer 200.
type Receipt struct {
	OK               bool                       `json:"ok" doc:"true if no row failed or is unknown"`
	Total            int                        `json:"total" doc:"rows in the request"`
	Created          int                        `json:"created" doc:"rows that are new in the table"`
	Updated          int                        `json:"updated" doc:"rows that were changed"`
	Unchanged        int                        `json:"unchanged" doc:"rows that were so already"`
	Failed           int                        `json:"failed" doc:"rows that were not written"`
	Unknown          int                        `json:"unknown" doc:"rows of which Feishu never said whether they were written; repeat the request unchanged"`
	RecordID         string                     `json:"record_id" example:"recExample" doc:"the first row's record_id"`
	RecordIDs        []string                   `json:"record_ids" nullable:"false" doc:"one entry a row, empty where there is none"`
	Message          string                     `json:"message" example:"3 行：新建 2，更新 1" doc:"for people"`
	Errors           []problem.RowErrorDocument `json:"errors" nullable:"false" doc:"what is wrong with which row, the first 200"`
	ErrorCount       int                        `json:"error_count" doc:"number of row errors in all"`
	Warnings         []bitable.Warning          `json:"warnings" nullable:"false" doc:"every change that was made to values, one entry a rule and column"`
	Rows             []json.RawMessage          `json:"rows" nullable:"false" doc:"with return: rows, the rows as they now are; with dry_run, what would be sent"`
	DryRun           bool                       `json:"dry_run" doc:"true if nothing was written because dry_run was set"`
	IdempotentReplay bool                       `json:"idempotent_replay" doc:"true if this is the answer to an earlier request"`
	RequestID        string                     `json:"request_id" doc:"this request, for support"`
	UpstreamCalls    int                        `json:"upstream_calls" doc:"calls to Feishu that this request took part in"`

	op      outbox.Op
	deleted int // the receipt of delete_records has it in place of created and updated
}

// memo is the tool's own part of a receipt: what validation found. It is kept with the entry, so that a replay tells it again.
type memo struct {
	AppToken string             `json:"app_token,omitempty"` // with TableID: where the rows go; a job is told by them to the keys that it is for
	TableID  string             `json:"table_id,omitempty"`
	Op       outbox.Op          `json:"op"`
	Total    int                `json:"total"`
	Errors   []problem.RowError `json:"errors,omitempty"`
	Count    int                `json:"count,omitempty"` // row errors in all
	Failed   int                `json:"failed,omitempty"`
	Warnings []bitable.Warning  `json:"warnings,omitempty"`
}

// newMemo notes what validation found in the rows.
func newMemo(op outbox.Op, settled *intake.Settled, plan *bitable.Plan) memo {
	warnings := append(warningsOf(settled.Repairs), plan.Warnings()...)
	errors := plan.Errors()
	failed := make(map[int]struct{}, len(errors))
	for _, e := range errors {
		failed[e.Index] = struct{}{}
	}
	return memo{
		Op: op, Total: len(settled.Rows), Errors: errors[:min(len(errors), problem.MaxRowErrors)], Count: plan.ErrorCount(), Failed: len(failed),
		Warnings: warnings,
	}
}

// marks are the rules of the warnings, without any value or column.
func (m *memo) marks() []request.Mark {
	var marks []request.Mark
	for _, warning := range m.Warnings {
		i := slices.IndexFunc(marks, func(mark request.Mark) bool { return mark.Rule == warning.Rule })
		if i < 0 {
			i = len(marks)
			marks = append(marks, request.Mark{Rule: warning.Rule})
		}
		marks[i].Count += warning.Count
	}
	return marks
}

// warningsOf lists what the intake changed about the body as a whole.
func warningsOf(repairs []intake.Repair) []bitable.Warning {
	warnings := []bitable.Warning{}
	for _, repair := range repairs {
		warnings = append(warnings, bitable.Warning{Rule: repair.Rule, Count: repair.Count})
	}
	return warnings
}

// withSkipped adds the values that Feishu refused and that rows were written without; warnings are not changed.
func withSkipped(warnings []bitable.Warning, result *outbox.Result) []bitable.Warning {
	if result == nil {
		return warnings
	}
	all := slices.Clone(warnings)
	for _, row := range result.Rows {
		for _, skipped := range row.Skipped {
			i := slices.IndexFunc(all, func(w bitable.Warning) bool {
				return w.Rule == bitable.RuleBadValueSkipped && w.Field == skipped.Field
			})
			if i < 0 {
				i = len(all)
				all = append(all, bitable.Warning{Rule: bitable.RuleBadValueSkipped, Field: skipped.Field, Index: row.Index, Got: skipped.Got})
			}
			all[i].Count++
		}
	}
	return all
}

// explained copies warnings and says in each what its rule changed.
func explained(warnings []bitable.Warning, lang problem.Lang) []bitable.Warning {
	out := append([]bitable.Warning{}, warnings...)
	for i := range out {
		entry, _ := problem.LookupRule(out[i].Rule)
		out[i].Message = entry.Meaning.In(lang)
	}
	return out
}

// receipt adds up what validation found and what became of the rows that were sent. A row the results do not name failed in
// validation.
func (m memo) receipt(ctx context.Context, result *outbox.Result) *Receipt {
	call := request.CallFrom(ctx)
	r := &Receipt{
		op: m.Op, Total: m.Total, Failed: m.Failed, ErrorCount: m.Count, RecordIDs: make([]string, m.Total), Rows: []json.RawMessage{},
		Warnings: explained(withSkipped(m.Warnings, result), call.Lang()), RequestID: call.RequestID, UpstreamCalls: call.UpstreamCalls(),
	}
	errors := m.Errors
	if result != nil {
		r.UpstreamCalls += result.UpstreamCalls
		for _, row := range result.Rows {
			r.add(row)
			if row.Err != nil {
				errors = append(errors, *row.Err)
				r.ErrorCount++
			}
		}
	}
	for _, id := range r.RecordIDs {
		if id != "" {
			r.RecordID = id
			break
		}
	}
	r.OK = r.Failed+r.Unknown == 0
	r.Errors = problem.RenderRows(errors, call.Lang())
	r.Message = r.message(call.Lang())
	if result != nil && result.Err != nil {
		r.Message += because(result.Err, call.Lang())
	}
	return r
}

// because says why rows that have no error of their own were not written.
func because(why *problem.Error, lang problem.Lang) string {
	text := cmp.Or(why.Detail, problem.Lookup(why.Code).Title).In(lang)
	if lang == problem.EN {
		return ". " + text
	}
	return "。" + text
}

func (r *Receipt) add(row outbox.RowResult) {
	r.RecordIDs[row.Index] = row.RecordID
	switch row.Status {
	case outbox.Created:
		r.Created++
	case outbox.Updated:
		r.Updated++
	case outbox.Unchanged:
		r.Unchanged++
	case outbox.Failed:
		r.Failed++
	case outbox.Unknown:
		r.Unknown++
	case outbox.Deleted:
		r.deleted++
	}
}

// message says the counts that are not zero.
func (r *Receipt) message(lang problem.Lang) string {
	return countsMessage(lang, r.Total, []count{
		{r.Created, problem.Text{ZH: "新建", EN: "created"}},
		{r.Updated, problem.Text{ZH: "更新", EN: "updated"}},
		{r.Unchanged, problem.Text{ZH: "未变", EN: "unchanged"}},
		{r.deleted, problem.Text{ZH: "删除", EN: "deleted"}},
		{r.Failed, problem.Text{ZH: "失败", EN: "failed"}},
		{r.Unknown, problem.Text{ZH: "结果未知", EN: "unknown"}},
	})
}

type count struct {
	total int
	label problem.Text
}

func countsMessage(lang problem.Lang, total int, counts []count) string {
	var parts []string
	for _, c := range counts {
		switch {
		case c.total == 0:
		case lang == problem.EN:
			parts = append(parts, fmt.Sprintf("%d %s", c.total, c.label.EN))
		default:
			parts = append(parts, fmt.Sprintf("%s %d", c.label.ZH, c.total))
		}
	}
	if lang == problem.EN {
		noun := "rows"
		if total == 1 {
			noun = "row"
		}
		if len(parts) == 0 {
			return fmt.Sprintf("%d %s", total, noun)
		}
		return fmt.Sprintf("%d %s: %s", total, noun, strings.Join(parts, ", "))
	}
	if len(parts) == 0 {
		return fmt.Sprintf("%d 行", total)
	}
	return fmt.Sprintf("%d 行：%s", total, strings.Join(parts, "，"))
}
