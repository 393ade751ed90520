package console

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/tool/record"
)

// maxRowsShown bounds the rows of a result that a page shows.
const maxRowsShown = 20

// resultView is what became of a rehearsal or a write.
type resultView struct {
	Rehearsal bool
	OK        bool
	Message   string
	Changes   []changeView // what was changed of the values
	Errors    []problem.RowErrorDocument
	Rows      []rowView
	MoreRows  int
	RequestID string
	JobID     string // the write goes on
	View      string // where the row can be seen
}

// changeView is one change that was made to values.
type changeView struct {
	Rule, Field, Message, Got, Sent string
	Count                           int
}

// rowView is one row as it will be sent, or as it is in the table now.
type rowView struct {
	RecordID string
	Cells    []cellView
}

// cellView is one value of a row.
type cellView struct {
	Field, Given, Value string
	Changed             bool // another value than was given goes to the table
}

// rehearse answers the form of a row with a dry run: what would be written, with every change marked.
func (c *Console) rehearse(w http.ResponseWriter, r *http.Request) {
	c.submit(w, r, url.Values{"dry_run": {"true"}}, "")
}

// write answers the form of a row by writing it. The key is that of the dry run, so that a form which is sent twice writes once.
func (c *Console) write(w http.ResponseWriter, r *http.Request) {
	key := r.PostForm.Get("key")
	if key == "" || len(key) > len(newKey()) {
		key = newKey()
	}
	c.submit(w, r, url.Values{"return": {"rows"}}, key)
}

// newKey is an idempotency key of one write from this page.
func newKey() string { return "console-" + rand.Text() }

func (c *Console) submit(w http.ResponseWriter, r *http.Request, query url.Values, key string) {
	view := c.tableView(w, r)
	if view == nil {
		return
	}
	body, kind, err := view.input(r)
	if err != nil {
		c.refuse(w, r, http.StatusInternalServerError, err)
		return
	}
	got, err := c.call(r, view.Connection, operation{path: pathWrite, query: query, kind: kind, body: body, key: key})
	if err != nil {
		c.refuse(w, r, http.StatusInternalServerError, err)
		return
	}
	if got.status == http.StatusAccepted {
		var accepted struct {
			JobID     string `json:"job_id"`
			Message   string `json:"message"`
			RequestID string `json:"request_id"`
		}
		if err := decode(&got.body, &accepted); err != nil {
			c.refuse(w, r, http.StatusInternalServerError, err)
			return
		}
		view.Result = &resultView{OK: true, Message: accepted.Message, JobID: accepted.JobID, RequestID: accepted.RequestID}
		c.page(w, r, http.StatusOK, "table", view)
		return
	}
	var receipt record.Receipt
	refused, err := got.read(&receipt)
	switch {
	case err != nil:
		c.refuse(w, r, http.StatusInternalServerError, err)
	case refused != nil:
		told := troubleFrom(refused, view.Lang)
		view.Trouble = &told
		c.page(w, r, refused.Status, "table", view)
	default:
		view.Result = view.result(&receipt)
		if receipt.DryRun && receipt.OK && receipt.Total > 0 {
			view.Key = newKey()
		}
		c.page(w, r, http.StatusOK, "table", view)
	}
}

func (v *tableView) result(receipt *record.Receipt) *resultView {
	result := &resultView{
		Rehearsal: receipt.DryRun, OK: receipt.OK, Message: receipt.Message, Errors: receipt.Errors, RequestID: receipt.RequestID,
	}
	changed := map[string]bool{}
	for _, warning := range receipt.Warnings {
		result.Changes = append(result.Changes, changeView{
			Rule: warning.Rule, Field: warning.Field, Message: warning.Message, Got: warning.Got, Sent: v.shown(warning.Field, warning.Sent),
			Count: warning.Count,
		})
		changed[warning.Field] = true
	}
	for i, row := range receipt.Rows {
		if len(result.Rows) == maxRowsShown {
			result.MoreRows = len(receipt.Rows) - maxRowsShown
			break
		}
		one := rowView{}
		if i < len(receipt.RecordIDs) {
			one.RecordID = receipt.RecordIDs[i]
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(row, &fields) != nil || fields == nil {
			continue
		}
		for j := range v.Columns {
			column := &v.Columns[j]
			value, ok := fields[column.Name]
			if !ok {
				continue
			}
			cell := cellView{Field: column.Name, Value: v.shown(column.Name, value), Changed: receipt.DryRun && changed[column.Name]}
			if !v.Paste {
				cell.Given = column.Value
			}
			one.Cells = append(one.Cells, cell)
		}
		result.Rows = append(result.Rows, one)
	}
	if !receipt.DryRun && receipt.OK {
		result.View = v.Connection.address()
	}
	return result
}

// address is where a person sees the table; "" if it is not known.
func (c *connection) address() string {
	if c.View != "" {
		return c.View
	}
	if strings.HasPrefix(c.Link, "https://") {
		return c.Link
	}
	return ""
}

// shown is a value of a column as a person reads it: dates in the table's zone, text without quotes.
func (v *tableView) shown(field string, value json.RawMessage) string {
	if len(value) == 0 {
		return ""
	}
	i := slices.IndexFunc(v.Columns, func(c columnView) bool { return c.Name == field })
	if i >= 0 && v.Columns[i].Type == "date" {
		if ms, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			return time.UnixMilli(ms).In(zone(v.TimeZone)).Format("2006-01-02 15:04:05 -07:00")
		}
	}
	return plain(value)
}

// zone is a time zone by its name or offset; the base's default where this machine does not know it.
func zone(name string) *time.Location {
	if known, err := time.LoadLocation(name); err == nil && name != "" {
		return known
	}
	if at, err := time.Parse("-07:00", name); err == nil {
		return at.Location()
	}
	return time.FixedZone("UTC+8", 8*60*60)
}
