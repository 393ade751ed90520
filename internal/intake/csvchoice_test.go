package intake_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/textproto"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/rowgate/rowgate/internal/intake"
	"github.com/rowgate/rowgate/internal/problem"
)

func gbk(t *testing.T, text string) string {
	t.Helper()
	encoded, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// The rule: "The one of comma, tab, semicolon with which every header name is a column is taken; if several, the first of these; if none,
// comma."
func TestCSVSeparator(t *testing.T) {
	t.Parallel()
	const two = `[{"标题":"甲","数量":"1"}]`
	for name, tc := range map[string]struct {
		tool, kind, body string
		columns          []string // 标题 and 数量 if nil
		want             string   // rows; "" if refused
		guessed          bool
		says             string // of bad_body
	}{
		"semicolons":          {body: "标题;数量\n甲;1\n", want: two},
		"tabs":                {body: "标题\t数量\r\n甲\t1\r\n", want: two},
		"commas":              {body: "标题,数量\n甲,1\n", want: two},
		"a decimal comma":     {body: "标题;数量\n甲;1,5\n", want: `[{"标题":"甲","数量":"1,5"}]`},
		"quotes":              {body: "\"标题\";\"数量\"\n\"甲;乙\";\"1\"\n", want: `[{"标题":"甲;乙","数量":"1"}]`},
		"carriage returns":    {body: "标题;数量\r甲;1\r乙,丙\r", want: `[{"标题":"甲","数量":"1"},{"标题":"乙,丙"}]`},
		"names as rows match": {body: " 标题 ;数量\n甲;1\n", want: two},
		"none fits: comma": {
			body: "标题;价格\n甲;1\n", want: `[{"标题;价格":"甲;1"}]`, guessed: true,
		},
		"none fits, and no comma reads it": {body: "标题;价格\n甲;1,5\n", says: "more cells"},
		"several fit: the first": {
			body: "标题,数量;x\n甲,1;2\n", columns: []string{"标题", "数量;x", "标题,数量", "x"}, want: `[{"标题":"甲","数量;x":"1;2"}]`,
		},
		"the one that fits reads no row": {body: "标题;数量\n甲;1;2\n", says: "more cells"},
		"a header alone":                 {body: "标题;数量\n", want: `[]`},
		"update":                         {tool: "update", body: "record_id;标题\nrecA;甲\n", want: `[{"record_id":"recA","标题":"甲"}]`},
		"semicolons in plain text":       {kind: "text/plain", body: "标题;数量\n甲;1\n乙;2", want: `[{"标题":"甲","数量":"1"},{"标题":"乙","数量":"2"}]`},
		"tabs in a fence":                {kind: "text/plain", body: "```\n标题\t数量\n甲\t1\n```", want: two},
		"semicolons in records":          {kind: typeJSON, body: `{"records":"标题;数量\n甲;1"}`, want: two},
		"semicolons in prose":            {kind: "text/plain", body: "你好;世界\n再见;世界", says: "no JSON object"},
		"tabs by their type": {
			kind: "text/tab-separated-values", body: "标题;x\t数量\n甲\t1", columns: []string{"数量"}, want: `[{"标题;x":"甲","数量":"1"}]`,
		},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			columns := tc.columns
			if columns == nil {
				columns = []string{"标题", "数量"}
			}
			settled, err := settleBody(or(tc.tool, "write"), or(tc.kind, typeCSV), tc.body, columns)
			checkSettled(t, settled, err, tc.want, tc.says)
			if err == nil && settled.Guessed != tc.guessed {
				t.Errorf("guessed is %v", settled.Guessed)
			}
		})
	}
	t.Run("is_the_comma_where_no_table_is_known", func(t *testing.T) {
		t.Parallel()
		result, err := parse("create_table", typeCSV, "a;b\n1;2\n")
		if err != nil || rowsText(result) != `[{"a;b":"1;2"}]` {
			t.Errorf("got %v, %v", result, err)
		}
		if _, err = parse("create_table", typeCSV, "a;b\n1;2,5\n"); err == nil {
			t.Error("a line with more cells than the header is taken")
		}
	})
	t.Run("keeps_the_bound_of_rows", func(t *testing.T) {
		t.Parallel()
		body := "标题;数量\n" + strings.Repeat("甲;1\n", intake.MaxRows+1)
		if _, err := settleBody("write", typeCSV, body, []string{"标题", "数量"}); err == nil || problem.From(err).Code != problem.TooManyRows {
			t.Errorf("got %v", err)
		}
	})
	t.Run("counts_all_readings_as_memory", func(t *testing.T) {
		t.Parallel()
		one, err := parse("write", typeCSV, "标题,数量\n甲,1\n")
		if err != nil {
			t.Fatal(err)
		}
		all, err := parse("write", typeCSV, "标题,数量;\t\n甲,1;\t\n")
		if err != nil || all.Memory() < 3*one.Memory() {
			t.Errorf("%d bytes of one reading, %d of three, %v", one.Memory(), all.Memory(), err)
		}
	})
}

// The rule: "text/csv that is not UTF-8 is read as GB18030 if that decodes whole and the header fits, with a warning."
func TestCSVOfExcel(t *testing.T) {
	t.Parallel()
	text := gbk(t, "标题,数量\n甲,1\n")
	const want = `[{"标题":"甲","数量":"1"}]`
	for name, tc := range map[string]struct {
		tool, kind, body, want, says string
	}{
		"is read":                       {body: text, want: want},
		"with its charset":              {kind: "text/csv; charset=GB2312", body: text, want: want},
		"with a charset that is wrong":  {kind: "text/csv; charset=utf-8", body: text, want: want},
		"by its semicolons":             {body: gbk(t, "标题;数量\n甲;1\n"), want: want},
		"beyond GBK":                    {body: gbk(t, "标题,数量\n𠮷,1\n"), want: `[{"标题":"𠮷","数量":"1"}]`},
		"of another charset":            {kind: "text/csv; charset=big5", body: text, says: "not UTF-8"},
		"that fits no column":           {body: gbk(t, "标题,价格\n甲,1\n"), says: "not UTF-8"},
		"cut in a character":            {body: text[:len(text)-4], says: "not UTF-8"},
		"with bytes of no character":    {body: text + "\xff\n", says: "not UTF-8"},
		"with more cells in a line":     {body: gbk(t, "标题,数量\n甲,1,2\n"), says: "not UTF-8"},
		"as tab-separated values":       {kind: "text/tab-separated-values", body: gbk(t, "标题\t数量\n甲\t1\n"), says: "not UTF-8"},
		"as plain text":                 {kind: "text/plain", body: text, says: "not UTF-8"},
		"of a tool that knows no table": {tool: "create_table", body: text, says: "not UTF-8"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			settled, err := settleBody(or(tc.tool, "write"), or(tc.kind, typeCSV), tc.body, []string{"标题", "数量"})
			checkSettled(t, settled, err, tc.want, tc.says)
			if err == nil && fmt.Sprint(settled.Repairs) != "[{gb18030 1}]" {
				t.Errorf("repairs %v", settled.Repairs)
			}
		})
	}
	for name, tc := range map[string]struct{ header, want, says string }{
		"a file of a form is read": {header: "标题", want: want},
		"one that does not fit":    {header: "价格", says: "not UTF-8"},
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			var body bytes.Buffer
			form := multipart.NewWriter(&body)
			part, err := form.CreatePart(textproto.MIMEHeader{
				"Content-Disposition": {`form-data; name="records"; filename="a.csv"`}, "Content-Type": {"application/vnd.ms-excel"},
			})
			if err == nil {
				_, err = part.Write([]byte(gbk(t, tc.header+",数量\n甲,1\n")))
			}
			if err != nil || form.Close() != nil {
				t.Fatal(err)
			}
			settled, err := settleBody("write", form.FormDataContentType(), body.String(), []string{"标题", "数量"})
			checkSettled(t, settled, err, tc.want, tc.says)
		})
	}
}

// settleBody parses a body and settles its rows for a table with these columns; without a table for a tool that takes none.
func settleBody(tool, kind, body string, columns []string) (*intake.Settled, error) {
	result, err := parse(tool, kind, body)
	if err != nil {
		return nil, err
	}
	return result.Settle(hasColumns(columns...))
}

func checkSettled(t *testing.T, settled *intake.Settled, err error, want, says string) {
	t.Helper()
	if want == "" {
		if err == nil || problem.From(err).Code != problem.BadBody || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want bad_body that says %q", err, says)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, rowsText(&intake.Result{Rows: settled.Rows})); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
