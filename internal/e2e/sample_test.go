package e2e_test

import (
	"encoding/json"
	"testing"

	"github.com/rowgate/rowgate/internal/sandbox"
)

// TestDescribeThenWrite pastes what describe_table shows into write_records: it lands, for every type of column.
func TestDescribeThenWrite(t *testing.T) {
	t.Parallel()
	h := setup(t, options{sandbox: sandbox.Options{AcceptUnknownLinks: true}}) // the sample's record_id is made up
	linked, err := h.base.AddTable("关联", sandbox.FieldSpec{Name: "名称", Type: 1})
	if err != nil {
		t.Fatal(err)
	}
	id, err := h.base.AddTable("各种列",
		sandbox.FieldSpec{Name: "文本", Type: 1}, sandbox.FieldSpec{Name: "条码", Type: 1, UIType: "Barcode"},
		sandbox.FieldSpec{Name: "邮箱", Type: 1, UIType: "Email"}, sandbox.FieldSpec{Name: "数字", Type: 2},
		sandbox.FieldSpec{Name: "进度", Type: 2, UIType: "Progress"}, sandbox.FieldSpec{Name: "货币", Type: 2, UIType: "Currency"},
		sandbox.FieldSpec{Name: "评分", Type: 2, UIType: "Rating"}, sandbox.FieldSpec{Name: "单选", Type: 3, Options: []string{"甲", "乙"}},
		sandbox.FieldSpec{Name: "多选", Type: 4, Options: []string{"甲", "乙"}}, sandbox.FieldSpec{Name: "日期", Type: 5},
		sandbox.FieldSpec{Name: "复选", Type: 7}, sandbox.FieldSpec{Name: "人员", Type: 11}, sandbox.FieldSpec{Name: "电话", Type: 13},
		sandbox.FieldSpec{Name: "链接", Type: 15}, sandbox.FieldSpec{Name: "附件", Type: 17},
		sandbox.FieldSpec{Name: "关联", Type: 18, Property: map[string]any{"table_id": linked, "multiple": true}},
		sandbox.FieldSpec{Name: "公式", Type: 20, Computed: []any{1.0}, ComputedType: 2}, sandbox.FieldSpec{Name: "位置", Type: 22},
		sandbox.FieldSpec{Name: "群组", Type: 23}, sandbox.FieldSpec{Name: "创建时间", Type: 1001}, sandbox.FieldSpec{Name: "编号", Type: 1005},
	)
	if err != nil {
		t.Fatal(err)
	}
	var described struct {
		Fields []struct {
			Name     string `json:"name"`
			Writable bool   `json:"writable"`
		} `json:"fields"`
		Request json.RawMessage `json:"request_example"`
	}
	header := without("X-Table-Id", nil)
	got := h.do(request{path: "/v1/tables/describe", header: header, body: `{"table_id":"各种列"}`})
	if err := json.Unmarshal([]byte(got.raw), &described); err != nil {
		t.Fatal(err)
	}
	if got = h.do(request{header: header, body: string(described.Request)}); got.status != 200 || got.Created != 1 || got.Failed != 0 {
		t.Fatalf("the example does not land: %d %s", got.status, got.raw)
	}
	rows, err := h.sandbox.Rows(baseName, id)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, field := range described.Fields {
		if _, there := rows[0].Write[field.Name]; there != field.Writable {
			t.Errorf("%s: writable %v, but in the row %v", field.Name, field.Writable, there)
		}
	}
}
