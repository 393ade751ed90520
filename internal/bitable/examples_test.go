package bitable_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
)

func ExampleSchema_Coerce() {
	table := bitable.NewSchema([]feishu.Field{
		{Name: "标题", Type: feishu.TypeText},
		{Name: "播放量", Type: feishu.TypeNumber},
		{Name: "发布日期", Type: feishu.TypeDateTime},
	})
	plan := table.Coerce([]json.RawMessage{
		json.RawMessage(`{"标题":"第一集","播放量":"1,234","发布日期":"2026年3月4日"}`),
		json.RawMessage(`{"标题":"第二集","发布日期":"03/04/2026"}`),
	}, bitable.Options{
		TimeZone: time.FixedZone("", 8*3600), EmptyValues: bitable.EmptySkip,
		UnknownFields: bitable.PolicyReject, UnknownOptions: bitable.PolicyCreate,
	})
	for _, row := range plan.Rows() {
		fmt.Println(row.Index, string(row.Fields))
	}
	for _, e := range plan.Errors() {
		fmt.Println(e.Index, e.Field, e.Code, e.Message.EN, e.Suggestion)
	}
	for _, w := range plan.Warnings() {
		fmt.Println(w.Rule, w.Field, w.Count, w.Got, string(w.Sent))
	}
	// Output:
	// 0 {"标题":"第一集","播放量":1234,"发布日期":1772553600000}
	// 1 发布日期 value_mismatch Day and month could be swapped. Write the year first. 2026-04-03 / 2026-03-04
	// number_text 播放量 1 1,234 1234
	// date_text 发布日期 1 2026年3月4日 1772553600000
}

func ExampleParseLink() {
	link, err := bitable.ParseLink("https://example.larksuite.com/base/AppTokenExample?table=tblExample&view=vewExample#top")
	fmt.Println(link.Kind, link.AppToken, link.TableID, link.ViewID, link.Brand, err)

	_, err = bitable.ParseLink("https://example.feishu.cn/share/base/form/shrcnExample")
	fmt.Println(strings.SplitAfter(err.Error(), ".")[0])
	// Output:
	// base AppTokenExample tblExample vewExample lark <nil>
	// bad_link: This is a share link (form, view, dashboard or record) and holds no app_token.
}

func ExampleInfer() {
	columns, _ := bitable.SampleColumns([]json.RawMessage{
		json.RawMessage(`{"单号":"00123","金额":"¥12.50","日期":"2026-03-04"}`),
		json.RawMessage(`{"单号":"00124","金额":"¥8","日期":"2026-03-05 09:30"}`),
	})
	for _, column := range bitable.Infer(columns) {
		fmt.Println(column.Field.Name, bitable.TypeName(column.Field), column.Why.EN)
	}
	// Output:
	// 单号 text All 2 values are text.
	// 金额 number All 2 values are numbers.
	// 日期 date All 2 values are dates.
}
