package importer

import (
	"context"

	"github.com/rowgate/rowgate/internal/bitable"
)

// rehearseTable says which columns a new table would get, as the service would infer them.
func (r *run) rehearseTable(ctx context.Context) (Result, error) {
	samples, err := r.samples(ctx)
	if err != nil {
		return Result{}, err
	}
	unknown, wrong := bitable.SampleColumns(samples)
	if len(wrong) > 0 {
		return Result{}, &Failure{wrong[0].Message}
	}
	r.say.line("会新建表“%s”，列的类型按前 %s 行推断：", "The table “%s” would be made, with columns inferred from the first %s rows:", r.options.CreateTable,
		grouped(len(samples)))
	for _, column := range bitable.Infer(unknown) {
		r.say.line("  %s  %s（%s）", "  %s  %s (%s)", pad(column.Field.Name, 20), pad(bitable.TypeName(column.Field), 14),
			column.Why.In(r.options.Language))
	}
	r.sayLeft()
	r.say.line("试运行：会写入 %s 行，另有 %s 行有误。什么都没有写。", "Dry run: %s rows would be written, %s are faulty. Nothing was written.",
		grouped(r.file.Total-r.file.Faulty), grouped(r.file.Faulty))
	return Result{Rows: r.file.Total, Refused: r.file.Faulty}, nil
}
