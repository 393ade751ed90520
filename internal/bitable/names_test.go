package bitable

import (
	"sync"
	"testing"

	"github.com/rowgate/rowgate/internal/feishu"
)

func TestNames(t *testing.T) {
	t.Parallel()
	if !IsTableID("tblExample") || IsTableID("tbl 1") || IsTableID("tbl") || IsTableID("学习记录") {
		t.Error("ids of tables are not told from names")
	}
	if FoldName(" Ｔａｂｌｅ") != FoldName("table") || FoldName("table") == FoldName("tab le") {
		t.Error("names are not compared after NFKC, trimming and case folding")
	}
}

func TestSchemaIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	f := selectField(feishu.TypeMultiSelect, "A", "B")
	f.Name = "标签"
	s := NewSchema([]feishu.Field{f})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			plan := s.Coerce(messages(`{"标签":"a、B","ｘ":1}`, `{"标签 ":["b"]}`), defaults())
			if rows := plan.Rows(); len(rows) != 1 || string(rows[0].Fields) != `{"标签":["B"]}` {
				t.Errorf("rows %+v, errors %+v", rows, plan.Errors())
			}
		})
	}
	wg.Wait()
}
