package snippet

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
	"github.com/rowgate/rowgate/internal/request"
	"github.com/rowgate/rowgate/internal/tenant"
	tables "github.com/rowgate/rowgate/tool/table"
)

// MaxColumns bounds the columns of a snippet. Source: the maximum of columns of a Bitable table.
const MaxColumns = 300

// Values of auth: which secrets the snippet uses.
const (
	authApp      = "app"                 // app_id, app_secret and passphrase
	authPersonal = "personal_base_token" // that and passphrase
	authKey      = "connection_key"      // one connection key
)

// asked holds the query parameters of a generator; connection fields may also be headers.
type asked struct {
	Table      string   `json:"table"` // a link or an app_token; also app_token
	AppToken   string   `json:"app_token"`
	TableID    string   `json:"table_id"`
	AppID      string   `json:"app_id"`
	Brand      string   `json:"brand"`
	UserIDType string   `json:"user_id_type"`
	Columns    []string `json:"columns"`
	KeyFields  []string `json:"key_fields"`
	Auth       string   `json:"auth"`
}

func requestSpec() intake.Spec {
	text := func(name, header string) intake.Param {
		return intake.Param{Name: name, Kind: intake.Text, Header: header, Query: true}
	}
	return intake.Spec{Params: []intake.Param{
		text("table", ""), text("app_token", "X-App-Token"), text("table_id", "X-Table-Id"), text("app_id", "X-App-Id"),
		text("brand", "X-Brand"), text("user_id_type", ""), text("auth", ""),
		{Name: "columns", Kind: intake.List, Query: true},
		{Name: "key_fields", Kind: intake.List, Query: true},
		{Name: "soft_errors", Kind: intake.Bool, Query: true},
	}}
}

// table is the table for which a snippet is generated.
type table struct {
	asked

	lang    problem.Lang
	url     string // of write_records
	name    string // of the table; "" if it is not known
	columns []column
	read    bool // the columns are the table's own; else only their names are known
}

// column is a column that the snippet writes.
type column struct {
	name     string
	kind     string // as in describe_table; text if the table was not read
	options  []string
	primary  bool
	example  json.RawMessage // a value that write_records takes
	borrowed bool            // the example is a made-up id of a person, group or record, or a file that the credential cannot upload
}

// read parses the request and, if it has credentials, reads the table's columns. Errors are problems: those of the query, those of
// describe_table, field_not_found for a column that does not exist.
func (o Options) read(r *http.Request) (*table, error) {
	read, err := intake.Parse(requestSpec(), intake.Input{Query: r.URL.Query(), RawQuery: r.URL.RawQuery, Header: r.Header})
	if err != nil {
		return nil, err
	}
	call := request.CallFrom(r.Context())
	t := &table{lang: call.Lang(), url: cmp.Or(call.PublicURL(), o.PublicURL) + pathWrite}
	if err := json.Unmarshal(read.JSON, &t.asked); err != nil {
		return nil, err
	}
	if t.Table != "" {
		t.AppToken = t.Table
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	caller := tenant.CallerFrom(r.Context()).Bearer
	if t.Auth == "" {
		switch {
		case strings.HasPrefix(caller.Reveal(), tenant.KeyPrefix):
			t.Auth = authKey
		case r.Header.Get("X-Personal-Base-Token") != "":
			t.Auth = authPersonal
		default:
			t.Auth = authApp
		}
	}
	if !caller.IsZero() || r.Header.Get("X-Passphrase") != "" {
		return t, o.describe(r.Context(), r.Header, t)
	}
	if len(t.Columns) == 0 {
		return nil, badParameter(
			"请在网址里加上 columns=标题,日期；或发送请求头 Authorization、X-App-Id 和 X-App-Secret（或 X-Personal-Base-Token），由服务从表里读取列。",
			"Add columns=a,b to the URL, or send the headers Authorization, X-App-Id and X-App-Secret (or X-Personal-Base-Token) to have the "+
				"columns read from the table.",
		)
	}
	for i, name := range t.Columns {
		t.columns = append(t.columns, column{name: name, kind: "text", primary: i == 0, example: json.RawMessage(`"示例文本"`)})
	}
	return t, nil
}

// check refuses parameters that a snippet cannot contain.
func (t *table) check() error {
	if !slices.Contains([]string{"", authApp, authPersonal, authKey}, t.Auth) {
		return badParameter(
			"auth 只能是 app、personal_base_token 或 connection_key。", "auth must be app, personal_base_token or connection_key.")
	}
	if len(t.Columns) > MaxColumns {
		return badParameter(fmt.Sprintf("最多 %d 列。", MaxColumns), fmt.Sprintf("At most %d columns are allowed.", MaxColumns))
	}
	for i, name := range t.Columns {
		if slices.Contains(t.Columns[:i], name) {
			return badParameter("columns 里有重复的列。", "columns contains a column twice.")
		}
	}
	for _, text := range slices.Concat(t.Columns, t.KeyFields, []string{t.AppToken, t.TableID, t.AppID, t.Brand, t.UserIDType}) {
		if err := checkText(text); err != nil {
			return err
		}
	}
	return nil
}

// checkText refuses text that the caller's tool would interpret or cannot read: template braces, control characters, and the
// characters U+FFFE and U+FFFF, which YAML does not have.
func checkText(text string) error {
	if strings.Contains(text, "{{") || strings.ContainsFunc(text, unicode.IsControl) || strings.ContainsAny(text, "\uFFFE\uFFFF") {
		return badParameter(
			"列名和参数里不能有 {{ 或控制字符，否则工作流会把它当作变量。",
			"A column or parameter must not contain {{ or a control character: a workflow would read it as a variable.",
		)
	}
	return nil
}

// describe reads the table's columns with the credentials of the request.
func (o Options) describe(ctx context.Context, header http.Header, t *table) error {
	query := url.Values{}
	for name, value := range map[string]string{
		"app_token": t.AppToken, "table_id": t.TableID, "app_id": t.AppID, "brand": t.Brand, "user_id_type": t.UserIDType,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	read, err := intake.Parse(o.Describe.Spec, intake.Input{Query: query, Header: header})
	if err != nil {
		return err
	}
	answer, err := o.Describe.Call(ctx, read)
	if err != nil {
		return err
	}
	known, ok := answer.Body.(*tables.Description)
	if !ok {
		return fmt.Errorf("describe_table answered %T", answer.Body)
	}
	t.read, t.name, t.lang = true, known.TableName, request.CallFrom(ctx).Lang()
	return t.choose(known.Fields)
}

// choose selects the requested columns, or all writable ones if none was requested.
func (t *table) choose(fields []tables.Column) error {
	for _, field := range fields {
		wanted := slices.Contains(t.Columns, field.Name)
		if len(t.Columns) == 0 {
			wanted = field.Writable && checkText(field.Name) == nil
		}
		if !wanted {
			continue
		}
		if !field.Writable {
			return badParameter("列“"+field.Name+"”是只读的。", "The column "+field.Name+" is read-only.")
		}
		t.columns = append(t.columns, column{
			name: field.Name, kind: field.Type, options: field.Options, primary: field.Primary, example: field.Example,
			borrowed: slices.Contains([]string{"person", "group", "link", "two_way_link"}, field.Type) ||
				t.Auth == authPersonal && field.Type == "attachment",
		})
	}
	for _, name := range t.Columns {
		if !slices.ContainsFunc(t.columns, func(c column) bool { return c.name == name }) {
			return problem.New(problem.FieldNotFound, problem.Text{
				ZH: "表里没有列“" + name + "”。", EN: "The table has no column named " + name + ".",
			})
		}
	}
	if len(t.columns) == 0 {
		return badParameter("这张表没有可写的列。", "The table has no writable column.")
	}
	return nil
}

// sampled returns the columns of a sample request: all requested ones; if none was requested, those whose example is a valid value.
func (t *table) sampled() []column {
	if len(t.Columns) > 0 {
		return t.columns
	}
	return slices.DeleteFunc(slices.Clone(t.columns), func(c column) bool { return c.borrowed })
}
