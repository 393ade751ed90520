package console

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/tool/table"
)

// maxOptionsShown bounds the options of a select that the table of columns shows.
const maxOptionsShown = 6

// fieldColumn begins the names of the form's fields for columns.
const fieldColumn = "column:"

// tableView is the page of a connected table: its columns, a row to write, and what became of it.
type tableView struct {
	frame

	Connection *connection
	Columns    []columnView
	TimeZone   string
	Paste      bool   // the row is pasted, else typed
	Body       string // what was pasted
	Sample     string // a row to begin with
	Result     *resultView
	Trouble    *trouble
	Key        string // idempotency key of the write that is offered; "" if none is
}

// columnView is one column of the table.
type columnView struct {
	Name, Type, TypeName string
	Options              []string
	MoreOptions          int
	AllOptions           []string
	Example              string
	Primary, Writable    bool
	Value                string // that was typed
}

// Field is the name of the column's form field.
func (c columnView) Field() string { return fieldColumn + c.Name }

// tablePage answers GET /console/table.
func (c *Console) tablePage(w http.ResponseWriter, r *http.Request) {
	if view := c.tableView(w, r); view != nil {
		view.Paste = r.URL.Query().Get("by") == "paste"
		c.page(w, r, http.StatusOK, "table", view)
	}
}

// tableView reads the current table; nil if it answered the request: there is none, or it cannot be read any more.
func (c *Console) tableView(w http.ResponseWriter, r *http.Request) *tableView {
	current := sessionOf(r).current()
	if current == nil || current.Name == "" {
		c.redirect(w, r, Path)
		return nil
	}
	described, refused, err := c.describe(r, current)
	if err != nil {
		c.refuse(w, r, http.StatusInternalServerError, err)
		return nil
	}
	view := &tableView{frame: c.frame(w, r, "connect", current.Name, current.Name), Connection: current}
	if refused != nil {
		told := troubleFrom(refused, view.Lang)
		c.page(w, r, refused.Status, "refusal", &refusal{view.frame, told})
		return nil
	}
	view.TimeZone = described.TimeZone
	for _, column := range described.Fields {
		view.Columns = append(view.Columns, view.column(column))
	}
	view.Sample = indented(json.RawMessage(described.SampleRow))
	view.Body = view.Sample
	return view
}

func (c *Console) describe(r *http.Request, connection *connection) (*table.Description, *problem.Document, error) {
	var described table.Description
	refused, err := c.ask(r, connection, operation{path: pathDescribe, body: emptyBody}, &described)
	return &described, refused, err
}

func (v *tableView) column(column table.Column) columnView {
	shown := columnView{
		Name: column.Name, Type: column.Type, TypeName: typeName(column.Type).In(v.Lang), AllOptions: column.Options,
		Options: column.Options[:min(len(column.Options), maxOptionsShown)], Primary: column.Primary, Writable: column.Writable,
	}
	shown.MoreOptions = len(column.Options) - len(shown.Options)
	if column.Writable {
		shown.Example = plain(column.Example)
	}
	return shown
}

// plain is a JSON value as a person types it: text without quotes, a list of texts with commas, a link by its address.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var texts []string
	if json.Unmarshal(value, &texts) == nil {
		return strings.Join(texts, ", ")
	}
	var link struct{ Text, Link string }
	if json.Unmarshal(value, &link) == nil && link.Link != "" {
		if link.Text == "" || link.Text == link.Link {
			return link.Link
		}
		return "[" + link.Text + "](" + link.Link + ")"
	}
	if string(value) == "null" {
		return ""
	}
	return string(value)
}

func indented(value json.RawMessage) string {
	var out bytes.Buffer
	if json.Indent(&out, value, "", "  ") != nil {
		return string(value)
	}
	return out.String()
}

// typed reads the row of the form into one JSON object, in the order of the columns. Empty fields are left out.
func (v *tableView) typed(r *http.Request) (string, error) {
	var out bytes.Buffer
	out.WriteString(`{"fields":{`)
	first := true
	for i := range v.Columns {
		column := &v.Columns[i]
		if column.Value = r.PostForm.Get(column.Field()); column.Value == "" {
			continue
		}
		name, err := json.Marshal(column.Name)
		if err != nil {
			return "", err
		}
		value, err := json.Marshal(strings.ReplaceAll(column.Value, "\r\n", "\n"))
		if err != nil {
			return "", err
		}
		if !first {
			out.WriteByte(',')
		}
		first = false
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteString("}}")
	return out.String(), nil
}

// input reads what the form holds: the row that was typed, or whatever was pasted. Pasted text goes to the service as it is; any shape
// that callers may send is read there.
func (v *tableView) input(r *http.Request) (body, kind string, err error) {
	v.Paste = r.PostForm.Get("by") == "paste"
	if v.Paste {
		v.Body = r.PostForm.Get("body")
		return v.Body, "text/plain; charset=utf-8", nil
	}
	body, err = v.typed(r)
	return body, "application/json", err
}

// typeNames are what the types of columns are called.
var typeNames = map[string]problem.Text{
	"text": {ZH: "文本", EN: "Text"}, "number": {ZH: "数字", EN: "Number"}, "currency": {ZH: "货币", EN: "Currency"},
	"progress": {ZH: "进度", EN: "Progress"}, "rating": {ZH: "评分", EN: "Rating"}, "single_select": {ZH: "单选", EN: "Single select"},
	"multi_select": {ZH: "多选", EN: "Multi select"}, "date": {ZH: "日期", EN: "Date"}, "checkbox": {ZH: "复选框", EN: "Checkbox"},
	"person": {ZH: "人员", EN: "Person"}, "phone": {ZH: "电话", EN: "Phone"}, "url": {ZH: "超链接", EN: "Link"},
	"attachment": {ZH: "附件", EN: "Attachment"}, "link": {ZH: "单向关联", EN: "Linked rows"},
	"two_way_link": {ZH: "双向关联", EN: "Two-way link"}, "location": {ZH: "地理位置", EN: "Location"}, "group": {ZH: "群组", EN: "Group"},
	"formula": {ZH: "公式", EN: "Formula"}, "lookup": {ZH: "查找引用", EN: "Lookup"}, "auto_number": {ZH: "自动编号", EN: "Auto number"},
	"created_time": {ZH: "创建时间", EN: "Created time"}, "modified_time": {ZH: "最后更新时间", EN: "Modified time"},
	"created_by": {ZH: "创建人", EN: "Created by"}, "modified_by": {ZH: "修改人", EN: "Modified by"},
	"email": {ZH: "邮箱", EN: "Email"}, "barcode": {ZH: "条码", EN: "Barcode"},
}

// typeName is what a type is called; an unknown one by its own name.
func typeName(name string) problem.Text {
	if known, ok := typeNames[name]; ok {
		return known
	}
	return problem.Text{ZH: name, EN: name}
}

func langOf(r *http.Request) problem.Lang {
	return cmp.Or(request.CallFrom(r.Context()).Lang(), problem.EN)
}
