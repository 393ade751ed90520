package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/internal/feishu"
	"github.com/rowgate/rowgate/internal/feishu/client"
	"github.com/rowgate/rowgate/internal/sandbox"
	"github.com/rowgate/rowgate/internal/secret"
)

// coercionRow is a value in every column that people fill, as a form or a model spells it.
const coercionRow = `{"标题":"如何在十分钟内理解连接迁移","播放量":"1,234,567","状态":"进行中","标签":"前端、Go","日期":"2026年3月24日 15:04",` +
	`"已审核":"是","电话":"138 0013 8000","链接":"https://example.com/watch?v=abc","负责人":["ou_example"],"地点":"116.397755, 39.903179"}`

// runCoercion measures a cell of a request of 1,000 rows with ten columns.
func runCoercion(ctx context.Context, _ *bench, r *report) error {
	fields, err := coercionFields(ctx)
	if err != nil {
		return err
	}
	schema := bitable.NewSchema(fields)
	rows := make([]json.RawMessage, batchRows)
	for i := range rows {
		rows[i] = json.RawMessage(coercionRow)
	}
	options := bitable.Options{
		TimeZone: time.FixedZone("UTC+8", 8*60*60), EmptyValues: bitable.EmptySkip, UnknownFields: bitable.PolicyReject,
		UnknownOptions: bitable.PolicyCreate, UserIDType: "open_id",
	}
	if plan := schema.Coerce(rows, options); plan.ErrorCount() > 0 {
		return fmt.Errorf("the row is refused: %v", plan.Errors()[0])
	}
	result := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			schema.Coerce(rows, options)
		}
	})
	if result.N == 0 {
		return errors.New("the benchmark did not run")
	}
	cells := float64(len(rows) * len(fields))
	r.atMost("time a cell", "ns", 1000, float64(result.NsPerOp())/cells)
	r.tell("allocations a cell", "", float64(result.AllocsPerOp())/cells)
	return nil
}

// coercionFields are the columns of the row as Feishu describes them.
func coercionFields(ctx context.Context) ([]feishu.Field, error) {
	sb, err := sandbox.New(sandbox.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { _ = sb.Close() }()
	key := secret.GenerateKey()
	if err := sb.AddApp(sandbox.AppSpec{ID: "cli_example", Secret: key}); err != nil {
		return nil, err
	}
	base, err := sb.AddBase(sandbox.BaseSpec{Name: "改写", Collaborators: []string{"cli_example"}})
	if err != nil {
		return nil, err
	}
	table, err := base.AddTable("视频",
		sandbox.FieldSpec{Name: "标题", Type: 1}, sandbox.FieldSpec{Name: "播放量", Type: 2},
		sandbox.FieldSpec{Name: "状态", Type: 3, Options: []string{"待办", "进行中", "完成"}},
		sandbox.FieldSpec{Name: "标签", Type: 4, Options: []string{"前端", "后端", "Go", "React"}},
		sandbox.FieldSpec{Name: "日期", Type: 5}, sandbox.FieldSpec{Name: "已审核", Type: 7}, sandbox.FieldSpec{Name: "电话", Type: 13},
		sandbox.FieldSpec{Name: "链接", Type: 15}, sandbox.FieldSpec{Name: "负责人", Type: 11}, sandbox.FieldSpec{Name: "地点", Type: 22})
	if err != nil {
		return nil, err
	}
	ring, err := secret.NewKeyring(make([]byte, secret.KeyBytes))
	if err != nil {
		return nil, err
	}
	client, err := client.New(client.Options{Keyring: ring, BaseURL: "http://feishu.example", Transport: sb.Transport()})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return client.ListFields(ctx, feishu.TableRef{
		App: feishu.App{ID: "cli_example", Secret: secret.New(key)}, AppToken: base.Token(), TableID: table,
	})
}
