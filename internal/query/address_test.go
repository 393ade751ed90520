package query

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
)

func TestLocationIsComparedByItsAddress(t *testing.T) {
	t.Parallel()
	table := bitable.NewSchema([]feishu.Field{{Name: "地", Type: feishu.TypeLocation}})
	place := json.RawMessage(`{"地":{"location":"116.397755,39.903179","pname":"北京市","cityname":"北京市","adname":"东城区",` +
		`"address":"东长安街","name":"天安门广场","full_address":"天安门广场，北京市东城区东长安街"}}`)
	for where, want := range map[string]bool{
		`{"地":{"contains":"北京"}}`:      true,
		`{"地":"天安门广场，北京市东城区东长安街"}`:     true,
		`{"地":"天安门广场"}`:                true,
		`{"地":["故宫","东长安街"]}`:          true,
		`{"地":{"contains":"上海"}}`:      false,
		`{"地":{"not_contains":"北京"}}`:  false,
		`{"地":{"!=":"故宫"}}`:            true,
		`{"地":{"empty":true}}`:         false,
		`{"地":"116.397755,39.903179"}`: false,
	} {
		w, err := Parse(table, time.UTC, "open_id", []byte(where))
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		if got := w.Matches(place); got != want {
			t.Errorf("%s: %v", where, got)
		}
	}
}
