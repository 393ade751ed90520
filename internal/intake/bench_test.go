package intake_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/rowgate/rowgate/internal/intake"
)

// benchRows is what a workflow sends: ten columns, most of them Chinese text.
func benchRows(n int) string {
	row := `{"标题":"夜跑五公里：城市灯光下的自由呼吸","发布日期":"2026-03-24","播放量":128400,"点赞率":0.0731,` +
		`"分类":"运动","标签":["跑步","夜景","城市"],"链接":"https://example.com/v/BV1xx411c7mD","完成":true,` +
		`"改写文案":"晚风很轻，城市很亮。\n他说：\"再跑一公里就回家。\"结果又跑了五公里。","备注":null}`
	return `{"records":[` + strings.TrimSuffix(strings.Repeat(row+",", n), ",") + `],"on_error":"skip"}`
}

func BenchmarkParse(b *testing.B) {
	const rows = 1000
	body := benchRows(rows)
	bare := strings.TrimSuffix(strings.TrimPrefix(body, `{"records":`), `,"on_error":"skip"}`)
	for name, in := range map[string]intake.Input{
		"plain":      {ContentType: "application/json", Body: []byte(body)},
		"fence":      {ContentType: "application/json", Body: []byte("好的：\n```json\n" + body + "\n```\n")},
		"text":       {ContentType: "application/json", Body: []byte(toJSON(map[string]any{"records": bare}))},
		"one_row":    {ContentType: "application/json", Body: []byte(benchRows(1))},
		"urlencoded": {ContentType: "application/x-www-form-urlencoded", Body: []byte("records=" + url.QueryEscape(bare))},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(in.Body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := intake.Parse(specs["write"], in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkValid is the yardstick: what encoding/json needs to look at the same body once.
func BenchmarkValid(b *testing.B) {
	body := []byte(benchRows(1000))
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if !json.Valid(body) {
			b.Fatal("no JSON")
		}
	}
}

func TestAllocations(t *testing.T) { // not parallel: it counts
	const rows, most = 1000, 100 // none for a single row
	in := intake.Input{ContentType: "application/json", Body: []byte(benchRows(rows))}
	allocations := testing.AllocsPerRun(5, func() {
		if _, err := intake.Parse(specs["write"], in); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > most {
		t.Errorf("%.0f allocations for %d rows, want at most %d", allocations, rows, most)
	}
	t.Logf("%.0f allocations for %d rows", allocations, rows)
}
