// Package record holds the tools on rows: write, update, delete, search, get.
package record

import (
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool"
)

// Values of on_error and return.
const (
	onErrorAbort    = "abort"
	onErrorSkip     = "skip"
	badValuesReject = "reject"
	badValuesSkip   = "skip"
	filesAppend     = "append"
	returnIDs       = "ids"
	returnRows      = "rows"
	returnNone      = "none"
)

// MaxIdempotencyKey bounds idempotency_key in bytes (docs/contract.md §3, write_records).
const MaxIdempotencyKey = 255

// WriteOptions are what every write takes beside its rows.
type WriteOptions struct {
	OnError        string `json:"on_error,omitempty" in:"query" enum:"abort,skip" doc:"abort (default): if any row is invalid nothing is written. skip: the good rows are written, the bad ones reported."`
	UnknownFields  string `json:"unknown_fields,omitempty" in:"query" enum:"reject,ignore,create" doc:"A column that the table does not have: reject (default), ignore (with a warning) or create."`
	UnknownOptions string `json:"unknown_options,omitempty" in:"query" enum:"create,reject" doc:"A select value that the column does not have: create (default) or reject."`
	Typecast       *bool  `json:"typecast,omitempty" in:"query" doc:"Convert plain values (dates as text, numbers as text, …). Default true; false sends them as they are."`
	TimeZone       string `json:"time_zone,omitempty" in:"query" example:"Asia/Shanghai" doc:"IANA name or ±HH:MM for dates without an offset. Default: the base's."`
	EmptyValues    string `json:"empty_values,omitempty" in:"query" enum:"skip,clear" doc:"An empty string: skip (default) leaves the cell as it is, clear empties it on update. null always clears."`
	BadValues      string `json:"bad_values,omitempty" in:"query" enum:"reject,skip" doc:"A value that does not fit its column: reject (default) fails the row, skip leaves the value out with a warning. Key columns always fail."`
	LinkBy         string `json:"link_by,omitempty" in:"query,object" example:"title" doc:"How link columns name the linked row: id (default) or title, the text of its primary column; or a JSON object {column: title}."`
	Attachments    string `json:"attachments,omitempty" in:"query" enum:"replace,append" doc:"Files for a row that exists: replace (default) those in the cell, or append to them; one that is there is not added twice."`
	DryRun         *bool  `json:"dry_run,omitempty" in:"query" doc:"Everything but the write: what would be sent, with all warnings. Default false."`
	IdempotencyKey string `json:"idempotency_key,omitempty" in:"header=Idempotency-Key,query" maxLength:"255" doc:"The same key and body are written once and answered alike; also header Idempotency-Key."`
	Return         string `json:"return,omitempty" in:"query" enum:"ids,rows,none" doc:"ids (default): record_ids. rows: the rows as they now are. none: counts only."`
	Async          *bool  `json:"async,omitempty" in:"query" doc:"Answer 202 with a job id at once; ask get_job for the receipt. Default false."`
	IgnoreCheck    *bool  `json:"ignore_consistency_check,omitempty" in:"query" doc:"Feishu's own: faster, but other readers may lag behind."`
}

// coercion returns the options for bitable: the contract's defaults filled in.
func (o *WriteOptions) coercion(mode bitable.Mode, userIDType string, base *time.Location) (bitable.Options, error) {
	zone, err := parseZone(o.TimeZone, base)
	if err != nil {
		return bitable.Options{}, err
	}
	return bitable.Options{
		Mode:           mode,
		Raw:            !tool.IsTrueByDefault(o.Typecast),
		TimeZone:       zone,
		EmptyValues:    or(o.EmptyValues, bitable.EmptySkip),
		UnknownFields:  or(o.UnknownFields, bitable.PolicyReject),
		UnknownOptions: or(o.UnknownOptions, bitable.PolicyCreate),
		SkipBadValues:  o.skipsBadValues(),
		UserIDType:     or(userIDType, "open_id"),
	}, nil
}

func (o *WriteOptions) skips() bool { return o.OnError == onErrorSkip }

func (o *WriteOptions) appendsFiles() bool { return o.Attachments == filesAppend }

func (o *WriteOptions) skipsBadValues() bool { return o.BadValues == badValuesSkip }

// parseZone reads an IANA name or ±HH:MM; base if text is empty.
func parseZone(text string, base *time.Location) (*time.Location, error) {
	if text == "" {
		return base, nil
	}
	for _, layout := range []string{"-07:00", "-0700", "Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			_, offset := at.Zone()
			return time.FixedZone(text, offset), nil
		}
	}
	if text != "Local" {
		if zone, err := time.LoadLocation(text); err == nil {
			return zone, nil
		}
	}
	return nil, problem.New(problem.BadParameter, problem.Text{
		ZH: "time_zone 无法识别：请写 IANA 名称（如 Asia/Shanghai）或 ±HH:MM。",
		EN: "time_zone is not known: give an IANA name such as Asia/Shanghai, or ±HH:MM.",
	})
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// unless returns "" for an option that is given as its default, else value.
func unless(value, byDefault string) string {
	if value == byDefault {
		return ""
	}
	return value
}
