package outbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/problem"
)

func overloaded() *problem.Error {
	p := problem.New(problem.Overloaded, problem.Text{
		ZH: "等待写入的数据已达上限，这次没有写入任何数据。",
		EN: "As much waits to be written as may; nothing of this request was written.",
	})
	p.RetryAfter = OverloadWait
	return p
}

func notStored(cause error) *problem.Error {
	p := problem.New(problem.Overloaded, problem.Text{
		ZH: "服务暂时无法保存请求，没有发送给飞书。",
		EN: "The service cannot store the request at the moment; it was not sent to Feishu.",
	}).Because(cause)
	p.RetryAfter = OverloadWait
	return p
}

// notTaken says why the store did not take an entry: the same write was accepted by another instance at the same time, or the store fails.
func notTaken(cause error) *problem.Error {
	if errors.Is(cause, ErrDuplicate) {
		return inFlight()
	}
	return notStored(cause)
}

// notKept says that a write goes on although no job id of it can be handed out.
func notKept(cause error) *problem.Error {
	p := problem.New(problem.Overloaded, problem.Text{
		ZH: "服务暂时无法保存任务，写入仍在进行；重复同一请求即可得到结果。",
		EN: "The service cannot store the job at the moment; the write goes on. Repeat the same request to get its result.",
	}).Because(cause)
	p.Outcome = problem.OutcomeUnknown
	p.RetryAfter = OverloadWait
	return p
}

func draining() *problem.Error {
	return problem.New(problem.Draining, problem.Text{
		ZH: "服务正在重启，这次没有写入任何数据。",
		EN: "The service is restarting; nothing of this request was written.",
	})
}

func drainingUnfinished() *problem.Error {
	p := problem.New(problem.Draining, problem.Text{
		ZH: "服务正在重启，请求已保存，重启后会继续写入；重复同一请求即可得到结果。",
		EN: "The service is restarting; the request is stored and goes on after that. Repeat the same request to get its result.",
	})
	p.Outcome = problem.OutcomeUnknown
	return p
}

// notForgotten says that rows were not written, and that the store still has them.
func notForgotten(cause error) *problem.Error {
	p := problem.New(problem.UnknownOutcome, problem.Text{
		ZH: "数据没有写入，但服务未能记下这一结果，重启后可能会再次写入；重复同一请求即可得到结果，不会重复写入。",
		EN: "The rows were not written, but the service could not store that, and may write them after a restart. " +
			"Repeat the same request to get its result; nothing is written twice.",
	}).Because(cause)
	p.Outcome = problem.OutcomeUnknown
	return p
}

func conflict() *problem.Error {
	return problem.New(problem.IdempotencyConflict, problem.Text{
		ZH: "这个幂等键已经用于内容不同的请求。",
		EN: "This idempotency key was used for a request with different content.",
	})
}

func inFlight() *problem.Error {
	p := problem.New(problem.InFlight, problem.Text{
		ZH: "相同的请求正在另一个实例上处理。",
		EN: "The same request is being worked on by another instance.",
	})
	p.Outcome = problem.OutcomeUnknown
	return p
}

// unproved refuses an upsert into a table that reads as empty, where that may be all that the app is shown.
func unproved() *problem.Error {
	p := problem.New(problem.AdvancedPermission, problem.Text{
		ZH: "该多维表格开启了高级权限，而应用读到的数据表是空的：无法区分“表是空的”和“应用没有读取权限”，按 key_fields 写入可能会写出重复的行，因此没有写入。",
		EN: "The base uses advanced permissions and the table reads as empty: that may mean no rows, or no right to read them, and writing by " +
			"key_fields could double rows. Nothing was written.",
	})
	p.Fix = problem.Text{
		ZH: "在「…」→「更多」→「添加文档应用」里授予应用「可管理」权限；如果表确实是空的，先不带 key_fields 写入一行，再重复这个请求。",
		EN: "Give the app Manage access under ··· → More → Add document app. If the table really is empty, write one row without key_fields " +
			"first, then repeat this request.",
	}
	return p
}

// JobNotFound is the answer for a job that does not exist, or that the caller may not know of.
func JobNotFound() *problem.Error {
	return problem.New(problem.JobNotFound, problem.Text{
		ZH: "没有这个任务，或者它属于别的应用，或者已经过期。",
		EN: "There is no such job, or it belongs to another app, or it has expired.",
	})
}

// cancelled says why the rows that were left of a cancelled job were not written.
func cancelled() *problem.Error {
	return problem.New(problem.WrongState, problem.Text{
		ZH: "任务已被取消，还没有发送的行没有写入。",
		EN: "The job was cancelled; what was not sent by then was not written.",
	})
}

// jobEnded refuses to cancel a job that is done.
func jobEnded(job *Job) *problem.Error {
	p := problem.New(problem.WrongState, problem.Text{
		ZH: fmt.Sprintf("任务已经结束（%s），没有可以取消的内容。用 get_job 查看结果。", job.State),
		EN: fmt.Sprintf("The job has ended (%s): nothing is left to cancel. get_job has its result.", job.State),
	})
	switch {
	case job.State == StateFailed:
	case job.Errors > 0:
		p.Outcome = problem.Partial
	default:
		p.Outcome = problem.Written
	}
	return p
}

// notCancelled says that a job goes on because the store could not note that it is cancelled.
func notCancelled(cause error) *problem.Error {
	p := problem.New(problem.Overloaded, problem.Text{
		ZH: "服务暂时无法保存取消请求，任务仍在进行；请重复同一请求。",
		EN: "The service cannot store the cancellation at the moment; the job goes on. Repeat the request.",
	}).Because(cause)
	p.Outcome = problem.OutcomeUnknown
	p.RetryAfter = OverloadWait
	return p
}

func unknownOutcome() *problem.Error {
	p := problem.New(problem.UnknownOutcome, problem.Text{
		ZH: "请求已发送给飞书，但无法确认是否写入；重复同一请求会继续确认，不会重复写入。",
		EN: "The rows were sent to Feishu, and whether they were written cannot be found out yet. " +
			"Repeating the same request goes on finding out and writes nothing twice.",
	})
	p.Outcome = problem.OutcomeUnknown
	return p
}

// aborted says why the other rows of an entry that stays together were not written: first is the guilty row, nil if Feishu does
// not name it; said is what Feishu said, if it was Feishu.
func aborted(first *problem.RowError, said *problem.Feishu) *problem.Error {
	text := problem.Text{
		ZH: "其中一行无法写入，其余行因此没有写入。",
		EN: "One of the rows cannot be written, so the others were not written.",
	}
	if first != nil {
		text = problem.Text{
			ZH: fmt.Sprintf("第 %d 行（从 0 数）无法写入，其余行因此没有写入。", first.Index),
			EN: fmt.Sprintf("Row %d (counted from 0) cannot be written, so the others were not written.", first.Index),
		}
	}
	p := problem.New(problem.InvalidRows, text)
	p.Feishu = said
	if first != nil {
		p.Rows = []problem.RowError{*first}
	}
	return p
}

// refusedRow is the row error of a row that Feishu refused; fields are the columns of its table.
func refusedRow(why *feishu.Error, row json.RawMessage, fields []feishu.Field) *problem.RowError {
	e := &problem.RowError{Code: why.RowCode(), Field: why.FieldName(), Got: cut(why.ValueText()), FeishuCode: why.Code}
	switch {
	case why.Code == feishu.CodeRecordNotFound:
		e.Code = problem.RowRecordNotFound
		e.Message = problem.Text{
			ZH: "表中没有这条记录，请检查 record_id。",
			EN: "The table has no such record; check the record_id.",
		}
	case why.Code == feishu.CodeFieldNameNotFound:
		e.Code = problem.RowFieldNotFound
		e.Message = problem.Text{
			ZH: "表中没有这一列，可能刚被改名或删除，请刷新表结构后重试。",
			EN: "The table has no such column; it may have been renamed or deleted. Read the table's columns again.",
		}
	default:
		if e.Code == "" {
			e.Code = problem.RowValueMismatch
		}
		e.Message = problem.Text{
			ZH: fmt.Sprintf("飞书拒绝了这一行（错误码 %d），请按该列的类型修改数值。", why.Code),
			EN: fmt.Sprintf("Feishu refused this row (code %d); change the value to fit the column's type.", why.Code),
		}
		explain(e, row, fields)
	}
	return e
}

// nothingLeft makes e the error of a row of which Feishu refused every value that may be left out.
func nothingLeft(e *problem.RowError) {
	e.Code = problem.RowEmpty
	e.Message = problem.Text{
		ZH: "飞书拒绝了这一行的值，按 bad_values=skip 去掉后没有可写的内容。",
		EN: "Feishu refused the values of this row; without them (bad_values: skip) nothing is left to write.",
	}
}

// cut shortens text to problem.MaxGotRunes.
func cut(text string) string {
	if utf8.RuneCountInString(text) <= problem.MaxGotRunes {
		return text
	}
	return string([]rune(text)[:problem.MaxGotRunes])
}

// retryable reports whether the same request may do better later: then what is left of it waits for a repeat.
func retryable(p *problem.Error) bool {
	switch p.Code {
	case problem.RateLimited, problem.UpstreamUnavailable, problem.Overloaded, problem.Draining, problem.UnknownOutcome, problem.InternalError:
		return true
	default:
		return false
	}
}
