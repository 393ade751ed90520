package record

import (
	"context"
	"slices"

	"github.com/rowgate/rowgate/internal/bitable"
	"github.com/rowgate/rowgate/tool"
)

// ruleColumnCreated warns of a column that unknown_fields: create added to the table, or would add in a dry run.
const ruleColumnCreated = "column_created"

// addColumns makes the columns that rows name and the table does not have, where unknown_fields: create asks for it, and coerces
// the rows for the table as it then is. A request of which nothing will be written makes none; a dry run only imagines them.
func (w *write) addColumns(ctx context.Context, plan planned, options bitable.Options) (planned, error) {
	unknown := plan.UnknownColumns()
	switch {
	case len(unknown) == 0 || options.UnknownFields != bitable.PolicyCreate || w.isRefused(plan):
		return plan, nil
	case tool.IsTrue(w.options.DryRun):
		imagined := slices.Clone(plan.known.Fields)
		var names []string
		for _, column := range bitable.Infer(unknown) {
			imagined = append(imagined, column.Field)
			names = append(names, column.Field.Name)
		}
		coerced := bitable.NewSchema(imagined).Coerce(plan.given, options)
		return planned{Plan: coerced, given: plan.given, known: plan.known, created: columnsCreated(names)}, nil
	}
	names, err := w.Columns.Create(ctx, plan.known, unknown)
	if err != nil {
		return planned{}, err
	}
	w.Tables.Forget(plan.known.Ref)
	fresh, err := w.Tables.Table(ctx, plan.known.Ref)
	if err != nil {
		return planned{}, err
	}
	return planned{Plan: fresh.Schema.Coerce(plan.given, options), given: plan.given, known: fresh, created: columnsCreated(names)}, nil
}

func columnsCreated(names []string) []bitable.Warning {
	warnings := make([]bitable.Warning, 0, len(names))
	for _, name := range names {
		warnings = append(warnings, bitable.Warning{Rule: ruleColumnCreated, Field: name, Count: 1})
	}
	return warnings
}
