package bitable

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
)

const benchRows = 1000

// benchColumns is a table of ten columns with the value that a caller sends for each.
func benchColumns() (fields []feishu.Field, values []string) {
	status, tags := selectField(feishu.TypeSingleSelect, "待办", "进行中", "完成"), selectField(feishu.TypeMultiSelect, "前端", "后端", "Go", "React")
	add := func(f feishu.Field, name, value string) {
		f.Name = name
		fields, values = append(fields, f), append(values, value)
	}
	add(feishu.Field{Type: feishu.TypeText}, "标题", `"如何在十分钟内理解 HTTP/3 的连接迁移"`)
	add(feishu.Field{Type: feishu.TypeNumber}, "播放量", `"1,234,567"`)
	add(status, "状态", `"进行中"`)
	add(tags, "标签", `"前端、Go"`)
	add(feishu.Field{Type: feishu.TypeDateTime}, "日期", `"2026年3月24日 15:04"`)
	add(feishu.Field{Type: feishu.TypeCheckbox}, "已审核", `"是"`)
	add(feishu.Field{Type: feishu.TypePhone}, "电话", `"138 0013 8000"`)
	add(feishu.Field{Type: feishu.TypeURL}, "链接", `"https://example.com/watch?v=abc"`)
	add(feishu.Field{Type: feishu.TypeUser}, "负责人", `["ou_example"]`)
	add(feishu.Field{Type: feishu.TypeLocation}, "地点", `"116.397755, 39.903179"`)
	return fields, values
}

func benchmarkRows(b *testing.B, fields []feishu.Field, row string) {
	b.Helper()
	s := NewSchema(fields)
	rows := make([]json.RawMessage, benchRows)
	for i := range rows {
		rows[i] = json.RawMessage(row)
	}
	b.ReportAllocs()
	for b.Loop() {
		if plan := s.Coerce(rows, defaults()); plan.ErrorCount() > 0 {
			b.Fatal(plan.Errors()[0])
		}
	}
	cells := float64(b.N) * benchRows * float64(len(fields))
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/cells, "ns/cell")
}

// BenchmarkCoerceCell measures one cell of a thousand-row request on a warm schema, by column type and for a mixed row.
func BenchmarkCoerceCell(b *testing.B) {
	fields, values := benchColumns()
	var mixed strings.Builder
	mixed.WriteString("{")
	for i, f := range fields {
		row := fmt.Sprintf(`%s:%s`, quote(f.Name), values[i])
		b.Run(TypeName(f), func(b *testing.B) { benchmarkRows(b, fields[i:i+1], "{"+row+"}") })
		if i > 0 {
			mixed.WriteString(",")
		}
		mixed.WriteString(row)
	}
	b.Run("mixed", func(b *testing.B) { benchmarkRows(b, fields, mixed.String()+"}") })
}

// BenchmarkNewSchema measures the compilation of a table of ten columns.
func BenchmarkNewSchema(b *testing.B) {
	fields, _ := benchColumns()
	b.ReportAllocs()
	for b.Loop() {
		NewSchema(fields)
	}
}
